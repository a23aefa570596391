#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A VPN that nobody knows: a plugin for NetworkManager on libnm's VpnServicePlugin, and its server. Packets go
through a tun and, each in one UDP datagram with its bits turned, to the server; nothing of it is secret.

    newcomer.py [--bus-name NAME]          the plugin, as NetworkManager starts it
    newcomer.py server TUN ADDRESS PORT    the server; prints "ready" once it hears
"""

import contextlib
import fcntl
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable

SERVICE = "org.freedesktop.NetworkManager.newcomer"
LINK = "new0"
SERVER_LINK = "new1"
OWN = {4: "198.51.100.115", 6: "2001:db8:100:9::2"}
HELLO = b"newcomer: are you there"
SILENT_AFTER = 3  # seconds
_PACKET = 65535
_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN_NO_PI = 0x1001
_TURNED = bytes(byte ^ 0xFF for byte in range(256))


def _open_tun(name: str) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    return tun


def serve(name: str, address: str, port: str) -> None:
    tun = _open_tun(name)
    client = None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((address, int(port)))
        print("ready", flush=True)
        while True:
            heard = select.select([tun, wire], [], [])[0]
            if tun in heard and client:
                wire.sendto(os.read(tun, _PACKET).translate(_TURNED), client)
            if wire in heard:
                packet, client = wire.recvfrom(_PACKET)
                if packet == HELLO:
                    wire.sendto(HELLO, client)
                else:
                    with contextlib.suppress(OSError):  # anything may come here
                        os.write(tun, packet.translate(_TURNED))


def run_plugin() -> None:
    import gi

    gi.require_version("NM", "1.0")
    from gi.repository import NM, GLib

    loop = GLib.MainLoop()

    def variant(**items: tuple) -> GLib.Variant:
        return GLib.Variant("a{sv}", {key: GLib.Variant(*value) for key, value in items.items()})

    class Newcomer(NM.VpnServicePlugin):
        def __init__(self) -> None:
            super().__init__(service_name=SERVICE)
            self.watches: list[int] = []
            self.tun = self.wire = None
            self.heard = 0.0

        def do_connect(self, connection) -> bool:
            data = connection.get_setting_vpn()
            try:
                self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.wire.connect((data.get_data_item("host"), int(data.get_data_item("port"))))
            except OSError as error:
                print(f"newcomer: {error}", flush=True)
                GLib.idle_add(self.give_up)
                return True
            self.tun = _open_tun(LINK)
            self.heard = 0
            self.began = time.monotonic()
            self.watches = [
                GLib.io_add_watch(self.wire.fileno(), GLib.IO_IN | GLib.IO_ERR, self.from_wire),
                GLib.io_add_watch(self.tun, GLib.IO_IN, self.from_tun),
                GLib.timeout_add(500, self.ask),
            ]
            self.ask()
            return True

        def do_disconnect(self) -> bool:
            self.close()
            return True

        def close(self) -> None:
            for watch in self.watches:
                GLib.source_remove(watch)
            self.watches = []
            if self.tun is not None:
                os.close(self.tun)
                self.wire.close()
            self.tun = None

        def give_up(self) -> bool:
            self.close()
            self.failure(NM.VpnPluginFailure.CONNECT_FAILED)
            with contextlib.suppress(GLib.Error):  # NetworkManager may have done so by now
                self.disconnect()
            return False

        def pass_on(self, take: Callable, give: Callable) -> bytes:
            """What one side had, turned round for the other; the lock, or a link that is down, may refuse it."""
            packet = b""
            try:
                packet = take(_PACKET)
                give(packet.translate(_TURNED))
            except OSError as error:
                print(f"newcomer: {error}", flush=True)
            return packet

        def ask(self) -> bool:
            if time.monotonic() - (self.heard or self.began) > SILENT_AFTER:
                self.watches.pop()  # this one
                return self.give_up()
            self.pass_on(lambda _: HELLO.translate(_TURNED), self.wire.send)
            return True

        def from_tun(self, *_: object) -> bool:
            self.pass_on(lambda size: os.read(self.tun, size), self.wire.send)
            return True

        def from_wire(self, *_: object) -> bool:
            if self.pass_on(self.wire.recv, self.to_tun):
                self.heard = time.monotonic()
            return True

        def to_tun(self, packet: bytes) -> None:
            if packet != HELLO.translate(_TURNED):
                os.write(self.tun, packet)
            elif not self.heard:
                self.say_connected()

        def say_connected(self) -> None:
            (server,) = struct.unpack("=I", socket.inet_aton(self.wire.getpeername()[0]))
            (own,) = struct.unpack("=I", socket.inet_aton(OWN[4]))
            own6 = socket.inet_pton(socket.AF_INET6, OWN[6])
            yes = ("b", True)
            self.set_config(variant(gateway=("u", server), tundev=("s", LINK), **{"has-ip4": yes, "has-ip6": yes}))
            self.set_ip4_config(variant(address=("u", own), prefix=("u", 32)))
            self.set_ip6_config(variant(address=("ay", own6), prefix=("u", 128)))

    plugin = Newcomer()
    plugin.init(None)
    plugin.connect("quit", lambda *_: loop.quit())
    loop.run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["server"]:
        serve(*sys.argv[2:])
    else:
        run_plugin()
