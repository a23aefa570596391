# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that never stop talking: what a browser or a sync client does while a VPN drops.

The probes look at a state once it has come about; the chatter also looks at the way there.
"""

import socket
import threading

from . import addresses as a
from .network import Namespace
from .probes import SENDERS
from .kernel import set_thread_fsuid
from .waiting import wait_until

_PAUSE = 0.005
_CANARY = b"chatter-canary"


class Chatter:
    """UDP over both families, bound to the uplink and unbound, every few milliseconds; and TCP
    connections that were made through a tunnel and go on when it is gone."""

    def __init__(self, client: Namespace):
        self._client = client
        self._stop = threading.Event()
        self._connections: list[socket.socket] = []
        self._tried = 0
        self._thread = threading.Thread(target=lambda: client.call(self._talk), daemon=True)

    def __enter__(self) -> "Chatter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()

    @property
    def tried(self) -> int:
        return self._tried

    def _connected(self, family: int) -> socket.socket | None:
        """Each attempt has a socket of its own: one that began before the tunnel had its address keeps the uplink's."""
        connection = self._client.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        connection.settimeout(4)  # a busy machine loses a SYN or two
        try:
            connection.connect((a.WEB[family], a.ECHO_PORT))
        except TimeoutError:
            connection.close()
            return None
        return connection

    def connect(self, family: int) -> None:
        """A TCP connection to the echo service that is written to from now on."""
        connection = wait_until(lambda: self._connected(family), f"a connection by IPv{family}", 20)
        connection.setblocking(False)
        self._connections.append(connection)

    def _open(self) -> list[tuple[socket.socket, str]]:
        opened = []
        for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            for bound in (False, True):
                talker = socket.socket(kind, socket.SOCK_DGRAM)
                talker.setblocking(False)
                if bound:
                    talker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
                opened.append((talker, a.WEB[family]))
        return opened

    def _talk(self) -> None:
        set_thread_fsuid(SENDERS["user"])
        talkers = self._open()
        while not self._stop.wait(_PAUSE):
            for talker, address in talkers:
                self._tried += 1
                try:
                    talker.sendto(_CANARY, (address, a.ECHO_PORT))
                except OSError:
                    pass  # refused, or no route just now: it tries again
            for connection in list(self._connections):
                try:
                    connection.send(_CANARY)
                except OSError:
                    pass
        for talker, _ in talkers:
            talker.close()
