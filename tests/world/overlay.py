# SPDX-License-Identifier: GPL-2.0-or-later
"""An overlay network's program, in small (Tailscale, ZeroTier): what it is given on its interface goes on as
UDP to another machine. The echo server stands for that: its answers tell as whom they came.

    overlay.py INTERFACE ADDRESS PORT
"""

import fcntl
import itertools
import os
import signal
import socket
import struct
import sys
from contextlib import contextmanager
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import addresses as a  # noqa: E402
from world.waiting import wait_until  # noqa: E402

NAME = "tailscale0"
NET = "100.64.0.0/10"
OWN = "100.101.102.103"
PEER = ("100.101.1.2", 9)
MARK = b"overlay canary "
_TUNSETIFF = 0x400454CA
_TUN_NO_INFO = 0x1001
_numbers = itertools.count()  # the log has those of all before
_INNER = 28  # IPv4's and UDP's headers


def main(name: str, address: str, port: str) -> None:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", name.encode(), _TUN_NO_INFO))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(10)
        while True:
            packet = os.read(tun, 65535)
            if MARK not in packet:
                continue  # router solicitations of its own interface
            try:
                out.sendto(packet[_INNER:], (address, int(port)))
                print(out.recv(65535).decode(), flush=True)
            except OSError as error:
                print(f"{error.strerror or 'no answer'}: {packet[_INNER:].decode()}", flush=True)


class Overlay:
    """It runs on the client; what it says is read from its log."""

    def __init__(self, world, log):
        self._world = world
        self._log = log

    def send(self) -> bytes:
        """As a program here does to another machine of the overlay. Raises what the lock answers."""
        text = MARK + b"%d." % next(_numbers)
        with self._world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(text, PEER)
        return text

    def answer(self, text: bytes) -> str:
        """What it heard of what it had sent on, before the text: an address, or why not."""
        line = wait_until(lambda: [at for at in self._log.read_text().splitlines() if at.endswith(text.decode())], "its answer")[0]
        return line[: -len(text)].strip(": ")


@contextmanager
def running(world, log_of, full: bool = False):
    """`full`: as with an exit node, all traffic is routed into it."""
    program = world.client.daemon("overlay", ["/usr/bin/python3", __file__, NAME, a.WEB[4], str(a.ECHO_PORT)])
    try:
        wait_until(lambda: world.client.has_link(NAME), "its interface")
        routes = ["0.0.0.0/1", "128.0.0.0/1"] if full else [NET]
        world.client.ip(f"addr add {OWN}/32 dev {NAME}", f"link set {NAME} up", *(f"route add {net} dev {NAME}" for net in routes))
        yield Overlay(world, log_of("overlay"))
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait(10)
        wait_until(lambda: not world.client.has_link(NAME), "its interface to be gone")


if __name__ == "__main__":
    main(*sys.argv[1:])
