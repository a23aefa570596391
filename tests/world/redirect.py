#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The first host of a cluster, which sends everyone on to another: redirect.py ADDRESS CERTIFICATE KEY TARGET, by
HTTPS on port 443. Prints "ready" once it listens."""

import asyncio
import ssl
import sys


async def _main(address: str, certificate: str, key: str, target: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: https://{target}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(serve, address, 443, ssl=context)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
