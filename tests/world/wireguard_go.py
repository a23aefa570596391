# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard as a program (wireguard-go), started by wg-quick as guides do it, and its server."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import addresses as a
from . import questions
from .waiting import wait_until

NEEDED = ("wireguard-tools", "wireguard-go")
NAME = "quick0"
FLOW = (17, a.WIREGUARD_PORT)
SERVER = f"{a.SERVER[4]}:{a.WIREGUARD_PORT}/udp"
SERVER_LINK = "wgserver0"
_CLIENT = {4: "198.51.100.114", 6: "2001:db8:100:9::2"}
CONFIG = Path("/etc/wireguard")


def _key() -> str:
    return subprocess.run(["wg", "genkey"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _public(key: str) -> str:
    return subprocess.run(["wg", "pubkey"], check=True, input=key, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_config() -> tuple[str, str]:
    """The client's, for wg-quick, and the server's, for wg."""
    client, server = _key(), _key()
    ours = (
        f"[Interface]\nPrivateKey = {client}\nAddress = {_CLIENT[4]}/32, {_CLIENT[6]}/128\n"
        f"[Peer]\nPublicKey = {_public(server)}\nEndpoint = {a.SERVER[4]}:{a.WIREGUARD_PORT}\nAllowedIPs = 0.0.0.0/0, ::/0\n"
    )
    theirs = (
        f"[Interface]\nPrivateKey = {server}\nListenPort = {a.WIREGUARD_PORT}\n"
        f"[Peer]\nPublicKey = {_public(client)}\nAllowedIPs = {_CLIENT[4]}/32, {_CLIENT[6]}/128\n"
    )
    return ours, theirs


@contextmanager
def serving(outside, config: str):
    """`outside`: the namespace of the router and the internet."""
    control = Path(f"/run/wireguard/{SERVER_LINK}.sock")
    control.unlink(missing_ok=True)  # of one that was killed
    program = outside.daemon("wireguard-go", ["wireguard-go", "--foreground", SERVER_LINK])
    try:
        wait_until(control.is_socket, "the server's wireguard-go")
        outside.run(["wg", "setconf", SERVER_LINK, "/dev/stdin"], input=config)
        routes = [f"route add {address} dev {SERVER_LINK}" for address in _CLIENT.values()]
        outside.ip(f"link set {SERVER_LINK} up", *routes)
        yield
    finally:
        program.kill()
        program.wait(10)
        wait_until(lambda: not outside.has_link(SERVER_LINK), "the server's tun to be gone")


class Quick:
    """The client's end."""

    def __init__(self, client, config: str):
        self._client = client
        CONFIG.mkdir(mode=0o700, exist_ok=True)
        (CONFIG / f"{NAME}.conf").write_text(config)
        (CONFIG / f"{NAME}.conf").chmod(0o600)

    def up(self) -> None:
        self._client.run(["wg-quick", "up", NAME], env=os.environ | {"WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go"})

    def down(self) -> None:
        self._client.run(["wg-quick", "down", NAME])

    def die(self) -> None:
        """Its program is killed; where the kernel has WireGuard, wg-quick took that, and its link is deleted."""
        if self._client.processes("wireguard-go"):
            self._client.kill("wireguard-go")
        else:
            self._client.ip(f"link del {NAME}")

    def forget(self) -> None:
        """What wg-quick then finds, and makes only once."""
        for family in a.FAMILIES:
            for rule in (f"table {a.WIREGUARD_PORT}", "table main suppress_prefixlength 0"):
                self._client.run(["ip", f"-{family}", "rule", "del", *rule.split()])

    def must_carry(self) -> None:
        for family, address in _CLIENT.items():
            assert questions.my_address(self._client, family) == address
