#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The public internet, as far as the probes need it. Runs in the outside namespace.

Port 80/tcp answers any HTTP request with the caller's address ("what is my address"), 7/udp and
7/tcp send back what came, with the sender's address before it; port 53/udp and /tcp on the DNS
addresses answers every question for A and AAAA with the web server's address.
Prints "ready" once everything listens.
"""

import asyncio
import ipaddress
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import addresses  # noqa: E402
from world.proxy import pass_on  # noqa: E402

_TYPES = {1: 4, 28: 6}  # A, AAAA


def dns_answer(question: bytes) -> bytes:
    """The answer to a DNS question with one entry: one address, or none for other types."""
    end = 12
    while end < len(question) and question[end]:
        end += question[end] + 1
    asked = question[12 : end + 5]
    if len(asked) < 5:
        return b""
    family = _TYPES.get(int.from_bytes(asked[-4:-2], "big"))
    records = b""
    if family:
        data = ipaddress.ip_address(addresses.WEB[family]).packed
        records = b"\xc0\x0c" + asked[-4:] + (60).to_bytes(4, "big") + len(data).to_bytes(2, "big") + data
    counts = b"\x00\x01" + (b"\x00\x01" if records else b"\x00\x00") + b"\x00\x00\x00\x00"
    return question[:2] + b"\x81\x80" + counts + asked + records


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, sender: tuple) -> None:
        self.transport.sendto(sender[0].encode() + b" " + data, sender)


class Names(Echo):
    def datagram_received(self, data: bytes, sender: tuple) -> None:
        answer = dns_answer(data)
        if answer:
            self.transport.sendto(answer, sender)


async def tell_address(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        body = writer.get_extra_info("peername")[0].encode() + b"\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def names_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            answer = dns_answer(await reader.readexactly(size))
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    for family in addresses.FAMILIES:
        web, dns = addresses.WEB[family], addresses.PUBLIC_DNS[family]
        await asyncio.start_server(tell_address, web, addresses.HTTP_PORT)
        await asyncio.start_server(pass_on, web, addresses.ECHO_PORT)
        await loop.create_datagram_endpoint(Echo, (web, addresses.ECHO_PORT))
        await asyncio.start_server(names_stream, dns, addresses.DNS_PORT)
        await loop.create_datagram_endpoint(Names, (dns, addresses.DNS_PORT))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
