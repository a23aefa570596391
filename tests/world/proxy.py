#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy as firms have it for OpenVPN: HTTP's CONNECT, or SOCKS 5 without a password, to a name or an address in its place, whatever it hears:
proxy.py ADDRESS PORT.

Prints "ready" once it listens, and then a line for each connection that it made for somebody.
"""

import asyncio
import sys

_HEADER_MAX = 4096
_SOCKS_DONE = b"\x05\x00\x00\x01" + bytes(6)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _by_http(first: bytes, reader: asyncio.StreamReader) -> tuple[str, int]:
    header = first + await reader.readuntil(b"\r\n\r\n")
    method, target, _ = header[:_HEADER_MAX].split(b"\r\n", 1)[0].decode("ascii").split(" ")
    if method != "CONNECT":
        raise ValueError(method)
    host, _, port = target.rpartition(":")
    return host, int(port)


async def _by_socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """RFC 1928."""
    await reader.readexactly((await reader.readexactly(1))[0])
    writer.write(b"\x05\x00")
    request = await reader.readexactly(5)
    if request[:4] != b"\x05\x01\x00\x03":
        raise ValueError(request.hex())
    host = await reader.readexactly(request[4])
    return host.decode("ascii"), int.from_bytes(await reader.readexactly(2), "big")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        first = await reader.readexactly(1)
        is_socks = first == b"\x05"
        host, port = await (_by_socks(reader, writer) if is_socks else _by_http(first, reader))
        there, to_there = await asyncio.open_connection(host, port)
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        writer.write(f"HTTP/1.0 502 {type(error).__name__}\r\n\r\n".encode())
        writer.close()
        return
    print(f"connected to {host}:{port}", flush=True)
    writer.write(_SOCKS_DONE if is_socks else b"HTTP/1.0 200 Connection established\r\n\r\n")
    await asyncio.gather(pass_on(reader, to_there), pass_on(there, writer))


async def _main(address: str, port: int) -> None:
    server = await asyncio.start_server(_serve, address, port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
