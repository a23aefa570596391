# SPDX-License-Identifier: GPL-2.0-or-later
"""Bluetooth's personal area network between two simulated radios of one machine (BlueZ's btvirt): one is a phone that
shares its connection, whose end goes to the namespace `far`; the other's is this machine's card bnep0. Runs in there and
prints a line once they are connected; both ends go with it."""

import fcntl
import socket
import struct
import subprocess
import time

_HCI, _BNEP = 1, 4  # protocols
_UP, _INFO, _SCAN = 0x400448C9, 0x800448D3, 0x400448DD  # HCIDEVUP, HCIGETDEVINFO, HCISETSCAN
_PAGE_SCAN = 2
_CONNECT = 0x400442C8  # BNEPCONNADD
_SOL_L2CAP, _L2CAP_OPTIONS = 6, 1
_PSM, _MTU = 15, 1691
_PANU, _NAP = 0x1115, 0x1116  # the machine, and the phone


def _radio(control: socket.socket, number: int) -> str:
    """Switches it on. Returns its address."""
    try:
        fcntl.ioctl(control, _UP, number)
    except OSError as error:
        if error.errno != 114:  # EALREADY
            raise
    fcntl.ioctl(control, _SCAN, struct.pack("=HxxI", number, _PAGE_SCAN))
    info = bytearray(struct.pack("=H", number) + bytes(256))
    fcntl.ioctl(control, _INFO, info)
    return ":".join(f"{byte:02X}" for byte in reversed(info[10:16]))


def _l2cap(address: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_SEQPACKET, socket.BTPROTO_L2CAP)
    opened.bind((address, port))
    options = bytearray(opened.getsockopt(_SOL_L2CAP, _L2CAP_OPTIONS, 12))
    options[:4] = struct.pack("=HH", _MTU, _MTU)
    opened.setsockopt(_SOL_L2CAP, _L2CAP_OPTIONS, bytes(options))
    return opened


def _interface(channel: socket.socket, role: int, name: str) -> None:
    with socket.socket(socket.AF_BLUETOOTH, socket.SOCK_RAW, _BNEP) as control:
        fcntl.ioctl(control, _CONNECT, struct.pack("=iIH16s2x", channel.fileno(), 0, role, name.encode()))


def main() -> None:
    control = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_RAW, _HCI)
    here, phone = (_radio(control, number) for number in (0, 1))
    listening = _l2cap(phone, _PSM)
    listening.listen(1)
    client = _l2cap(here, 0)
    client.settimeout(60)
    client.connect((phone, _PSM))
    server, _ = listening.accept()
    client.send(struct.pack("!BBBHH", 1, 1, 2, _NAP, _PANU))  # the question to be connected, and the answer
    server.recv(_MTU)
    server.send(struct.pack("!BBH", 1, 2, 0))
    client.recv(_MTU)
    _interface(server, _NAP, "phone0")
    _interface(client, _PANU, "bnep0")
    subprocess.run(["ip", "link", "set", "phone0", "netns", "far", "name", "clear0"], check=True)
    print("connected", flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main()
