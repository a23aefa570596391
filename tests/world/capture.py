# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge: records every frame that the client puts on the wire, at the other end of it.

Nothing the client does can stop or falsify it. It proves itself with a fence(): a question to
the client whose answer belongs to link upkeep, so it must be seen in every state, locked or not.
A capture whose fence was not answered saw nothing and proves nothing: that raises.
"""

import errno
import itertools
import select
import socket
import struct
import threading
import time
from collections.abc import Callable

from . import addresses as a
from . import second_try
from .frames import Frame, Packet, parse_packet
from .network import Namespace, packet_socket
from .probes import Probe
from .waiting import patient

_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_PACKET_OUTGOING = 4  # sent by the router itself
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_MOST = 1 << 30  # bytes of frames that are kept: some hundred times what a test sends
_QUIET = 0.12  # after the fence: time for a packet that another processor still holds


class Capture:
    """Everything the client sent since open(). Positions in it are plain numbers, see mark()."""

    def __init__(
        self,
        outside: Namespace,
        client: Namespace,
        link: str = a.ROUTER_END,
        uplink: str = a.UPLINK,
        fence_net: str = a.FENCE_NET,
    ):
        self._uplink = uplink
        self._fence_net = fence_net
        self._outside = outside
        self._client = client
        self._link = link
        self._frames: list[Frame] = []
        self._bytes = 0  # of all frames; above _MOST they are counted only, and the capture judges nothing
        self._news = threading.Condition()
        self.hosts = itertools.cycle(a.FENCE_HOSTS)  # that nobody has
        self._stop = threading.Event()
        self._socket = outside.call(self._open)
        self._sender = outside.call(self._open)
        self._thread = threading.Thread(target=self._record, daemon=True)
        self._thread.start()

    def _open(self) -> socket.socket:
        opened = packet_socket(self._link)
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        return opened

    def _record(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            try:
                data, extra, _, sender = self._socket.recvmsg(65535, 128)
            except OSError as error:
                if error.errno == errno.ENETDOWN:  # somebody pulled the plug; fence() will tell
                    continue
                raise
            if sender[2] == _PACKET_OUTGOING:
                continue
            when = time.time()
            for _, kind, value in extra:
                if kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", value[:16])
                    when = seconds + nanoseconds / 1e9
            with self._news:
                self._bytes += len(data)
                if self._bytes <= _MOST:
                    self._frames.append(Frame(when, data))
                self._news.notify_all()

    def mark(self) -> int:
        with self._news:
            return len(self._frames)

    def since(self, mark: int = 0, until: int | None = None) -> list[Frame]:
        second_try.refuse()
        with self._news:
            return self._frames[mark:until]

    def wait_for(self, wanted: Callable[[Frame], bool], what: str, since: int = 0, timeout: float = 20) -> Frame:
        """The first frame since the mark that is wanted; raises if none comes in time."""
        timeout = patient(timeout)
        end = time.monotonic() + timeout
        with self._news:
            while True:
                for frame in self._frames[since:]:
                    if wanted(frame):
                        return frame
                since = len(self._frames)
                if not self._news.wait(max(0, end - time.monotonic())) and time.monotonic() >= end:
                    raise AssertionError(f"outside, nobody saw {what} within {timeout:g} s")

    def fence(self) -> int:
        """Returns a mark that is behind everything the client sent before the call.

        The router asks for the client's hardware address in the name of a host that nobody has;
        the answer goes through the same wire as a leak would.
        """
        start = self.mark()
        asker = f"{self._fence_net}{next(self.hosts)}"
        client = self._client_address(self._fence_net)
        mac = self._socket.getsockname()[4]
        question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
        question += mac + socket.inet_aton(asker) + bytes(6) + socket.inet_aton(client)
        try:
            self._sender.send(b"\xff" * 6 + mac + struct.pack("!H", 0x0806) + question)
        except OSError as error:
            raise AssertionError(f"the wire is dead, the capture can see nothing: {error}") from error
        self.wait_for(lambda frame: frame.arp_target == asker, f"the client's ARP answer to {asker}", start)
        time.sleep(_QUIET)
        self._require_complete()
        return self.mark()

    def _client_address(self, prefix: str) -> str:
        for address in self._client.addresses(self._uplink):
            if address.startswith(prefix):
                return address
        raise AssertionError(f"the client has no address in {prefix} on its uplink")

    def _require_complete(self) -> None:
        _, lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        if lost:
            raise AssertionError(f"the capture lost {lost} frames: it can judge nothing")
        if self._bytes > _MOST:
            raise AssertionError(f"{self._bytes >> 20} MB came: the capture keeps {_MOST >> 20} and can judge nothing")

    def require_neighbours(self) -> None:
        """Both sides forget each other's IPv6 hardware address and find it again."""
        client = self._client_address(a.LAN_NET[6].split("::")[0] + ":")
        start = self.mark()
        self._client.run(["ip", "-6", "neigh", "flush", "dev", a.UPLINK])
        self._outside.run(["ip", "-6", "neigh", "flush", "dev", a.ROUTER_END])
        with self._outside.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asker:
            asker.sendto(b"are you there", (client, 9))
        self.wait_for(lambda frame: frame.is_neighbour_advertisement, "a neighbour advertisement", start)

    def plain(self, since: int, until: int | None = None) -> list[Frame]:
        """The frames that no lock may let out: neither link upkeep nor to a VPN server."""
        return [frame for frame in self.since(since, until) if frame.purpose.startswith("plain")]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._sender.close()


class TunnelCapture:
    """What comes out of the tunnel at the VPN server: the proof that the probes went that way."""

    def __init__(self, outside: Namespace, link: str):
        self._link = link
        self._packets: list[Packet] = []
        self._socket = outside.call(self._open)

    def _open(self) -> socket.socket:
        opened = packet_socket(self._link, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
        opened.setblocking(False)
        return opened

    def _read(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(65535)
            except BlockingIOError:
                return
            packet = parse_packet(sender[1], data)
            if packet and sender[2] != _PACKET_OUTGOING:
                self._packets.append(packet)

    def saw(self, probe: Probe) -> bool:
        self._read()
        return any(probe.is_in_packet(packet) for packet in self._packets)

    def __enter__(self) -> "TunnelCapture":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
