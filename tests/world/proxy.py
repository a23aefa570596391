#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP proxy that only knows CONNECT, as firms have it for OpenVPN: proxy.py ADDRESS PORT.

Prints "ready" once it listens, and then a line for each connection that it made for somebody.
"""

import asyncio
import sys

_HEADER_MAX = 4096


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        header = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = header[:_HEADER_MAX].split(b"\r\n", 1)[0].decode("ascii").split(" ")
        if method != "CONNECT":
            raise ValueError(method)
        host, _, port = target.rpartition(":")
        there, to_there = await asyncio.open_connection(host, int(port))
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        writer.write(f"HTTP/1.0 502 {type(error).__name__}\r\n\r\n".encode())
        writer.close()
        return
    print(f"connected to {target}", flush=True)
    writer.write(b"HTTP/1.0 200 Connection established\r\n\r\n")
    await asyncio.gather(pass_on(reader, to_there), pass_on(there, writer))


async def _main(address: str, port: int) -> None:
    server = await asyncio.start_server(_serve, address, port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
