#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Says again what the router advertises on a link, with the prefix of its NAT64 in it (PREF64, RFC 8781), which
dnsmasq cannot say.

    pref64.py LINK PREFIX

PREFIX is a /96. Prints "ready" once it listens.
"""

import ipaddress
import socket
import struct
import sys

_OUTGOING = 4  # PACKET_OUTGOING
_IPV6, _ICMP6, _ADVERTISEMENT = 0x86DD, 58, 134
_PREF64 = 38
_LIFETIME = 600  # seconds; in units of 8, the low three bits say how long the prefix is (0: 96)


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_prefix(frame: bytes, prefix: str) -> bytes | None:
    """None: it is no advertisement, or one of ours."""
    head, message = frame[:54], frame[54:]
    if len(message) < 16 or frame[20] != _ICMP6 or message[0] != _ADVERTISEMENT:
        return None
    option = struct.pack("!BBH", _PREF64, 2, _LIFETIME // 8 << 3)
    option += ipaddress.IPv6Network(prefix).network_address.packed[:12]
    if message.endswith(option):
        return None
    message = message[:2] + b"\0\0" + message[4:] + option
    pseudo = head[22:54] + struct.pack("!II", len(message), _ICMP6)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    return head[:18] + struct.pack("!H", len(message)) + head[20:] + message


def main() -> None:
    link, prefix = sys.argv[1:]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL: what is sent, too
    wire.bind((link, 3))
    print("ready", flush=True)
    while True:
        frame, (_, kind, direction, *_) = wire.recvfrom(65535)
        again = with_prefix(frame, prefix) if kind == _IPV6 and direction == _OUTGOING else None
        if again:
            wire.send(again)


if __name__ == "__main__":
    main()
