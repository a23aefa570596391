#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Translates between IPv6 and IPv4 (RFC 7915) behind a tun, as tayga does: a network's NAT64, or, with one
fixed pair of addresses, the translator of a machine on such a network (464XLAT's CLAT).

    translator.py TUN PREFIX POOL          NAT64: each IPv6 host gets an IPv4 address of the pool
    translator.py TUN PREFIX IPV4=IPV6     CLAT

PREFIX is a /96. UDP, TCP and echo; no fragments. Prints "ready" once the tun is there.
"""

import fcntl
import ipaddress
import os
import struct
import sys

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN_NO_PI = 0x1001
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_CHECKSUM_AT = {_TCP: 16, _UDP: 6, _ICMP: 2, _ICMP6: 2}
_PROTOCOLS = {_TCP: _TCP, _UDP: _UDP, _ICMP: _ICMP6}  # IPv4's, and IPv6's for the same
_ECHO = {8: 128, 0: 129}


def _sum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _with_checksum(protocol: int, source: bytes, destination: bytes, payload: bytes) -> bytes:
    at = _CHECKSUM_AT[protocol]
    pseudo = b"" if protocol == _ICMP else source + destination + struct.pack("!II", len(payload), protocol)
    blank = payload[:at] + b"\0\0" + payload[at + 2 :]
    return payload[:at] + struct.pack("!H", _sum(pseudo + blank)) + payload[at + 2 :]


class Translator:
    def __init__(self, prefix: str, pool: str):
        self._prefix = ipaddress.IPv6Network(prefix).network_address.packed[:12]
        self._of6: dict[bytes, bytes] = {}
        self._of4: dict[bytes, bytes] = {}
        self._free = iter(())
        if "=" in pool:
            ours4, ours6 = (ipaddress.ip_address(text).packed for text in pool.split("="))
            self._know(ours4, ours6)
        else:
            self._free = ipaddress.IPv4Network(pool).hosts()

    def _know(self, address4: bytes, address6: bytes) -> None:
        self._of6[address6], self._of4[address4] = address4, address6

    def _to4(self, address: bytes) -> bytes | None:
        if address[:12] == self._prefix:
            return address[12:]
        if address not in self._of6:
            new = next(self._free, None)
            if new is None:
                return None
            self._know(new.packed, address)
        return self._of6[address]

    def _to6(self, address: bytes) -> bytes:
        return self._of4.get(address, self._prefix + address)

    def _from6(self, packet: bytes) -> bytes | None:
        protocol = next((four for four, six in _PROTOCOLS.items() if six == packet[6]), None)
        source, destination, payload = self._to4(packet[8:24]), self._to4(packet[24:40]), packet[40:]
        if protocol is None or source is None or destination is None or packet[7] < 2:
            return None
        if protocol == _ICMP:
            kind = next((four for four, six in _ECHO.items() if six == payload[0]), None)
            if kind is None:
                return None
            payload = bytes([kind]) + payload[1:]
        payload = _with_checksum(protocol, source, destination, payload)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, packet[7] - 1, protocol, 0)
        head += source + destination
        return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + payload

    def _from4(self, packet: bytes) -> bytes | None:
        start = (packet[0] & 15) * 4
        protocol, payload = _PROTOCOLS.get(packet[9]), packet[start:]
        source, destination = self._to6(packet[12:16]), self._to6(packet[16:20])
        if protocol is None or packet[8] < 2 or int.from_bytes(packet[6:8], "big") & 0x3FFF:
            return None
        if protocol == _ICMP6:
            if payload[0] not in _ECHO:
                return None
            payload = bytes([_ECHO[payload[0]]]) + payload[1:]
        payload = _with_checksum(protocol, source, destination, payload)
        head = struct.pack("!IHBB", 0x60000000, len(payload), protocol, packet[8] - 1)
        return head + source + destination + payload

    def translate(self, packet: bytes) -> bytes | None:
        version = packet[0] >> 4 if packet else 0
        if version == 6 and len(packet) > 40:
            return self._from6(packet)
        return self._from4(packet) if version == 4 and len(packet) > 20 else None


def main() -> None:
    name, prefix, pool = sys.argv[1:]
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    translator = Translator(prefix, pool)
    print("ready", flush=True)
    while True:
        answer = translator.translate(os.read(handle, 65535))
        if answer:
            try:
                os.write(handle, answer)
            except OSError:
                continue  # the link is down


if __name__ == "__main__":
    main()
