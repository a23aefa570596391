#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that wants a login in a browser first, run by the router.

    portal.py ADDRESS

Every page is moved to that of the login, until somebody has sent its form: then the router's table `portal` (GATE)
goes. What NetworkManager asks for to see whether it is online is at ADDRESS. Prints "ready" once it listens.
"""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import addresses as a  # noqa: E402

_PORT = 8080
_LOGIN = f"http://{a.ROUTER[4]}:{_PORT}/login"
ONLINE = "this is the internet"
PAGE = "Room number?"
# names and leases go on
GATE = f"""table inet portal {{
    chain pages {{
        type nat hook prerouting priority -100;
        iifname {a.ROUTER_END} tcp dport {a.HTTP_PORT} redirect to :{_PORT}
    }}
    chain others {{
        type filter hook input priority 0;
        iifname {a.ROUTER_END} tcp dport != {{ {a.DNS_PORT}, {_PORT} }} drop
        iifname {a.ROUTER_END} udp dport != {{ {a.DNS_PORT}, 67, 547 }} drop
    }}
}}
"""


class _Pages(BaseHTTPRequestHandler):
    def _say(self, status: int, text: str, *header: str) -> None:
        self.send_response(status)
        if header:
            self.send_header(*header)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class _Login(_Pages):
    def do_GET(self) -> None:
        if self.path == "/login":
            self._say(200, PAGE)
        else:
            self._say(302, "", "Location", _LOGIN)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        subprocess.run(["nft", "delete", "table", "inet", "portal"], check=True)
        self._say(200, "Welcome")


class _Online(_Pages):
    def do_GET(self) -> None:
        self._say(200, ONLINE)


def main() -> None:
    online = ThreadingHTTPServer((sys.argv[1], a.HTTP_PORT), _Online)
    threading.Thread(target=online.serve_forever, daemon=True).start()
    login = ThreadingHTTPServer(("", _PORT), _Login)
    print("ready", flush=True)
    login.serve_forever()


if __name__ == "__main__":
    main()
