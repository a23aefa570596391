# SPDX-License-Identifier: GPL-2.0-or-later
"""A program of a person without rights, who adds, changes, connects and deletes private profiles of every type
with whatever in each field. Runs by itself, on the client:

    hostile.py USER SEED UUIDS DATA storm CHANGES RATE    so many changes, so many a second
    hostile.py USER SEED UUIDS DATA steps                 one change for each line that it reads

Says each change and what came of it, in a line; then "done", how many were accepted and how many of them
connected. UUIDS are others' profiles', with commas, which it takes for its own; DATA is vpn.data, as JSON, with
which an OpenVPN profile connects if it has a server. Two things it leaves out, because NetworkManager lets everybody do them:
to connect a profile of its own on a card or link that another one uses, and to route to where the VPN goes."""

import json
import random
import sys
import time

from gi.repository import Gio, GLib

NM = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
KEPT = 40  # at most so many of its own at a time
MARK = "hostile"  # in what only its profiles say

PLUGINS = {
    "openvpn": ("remote", "port", "proto-tcp", "connection-type", "dev", "dev-type", "proxy-type", "proxy-server", "ca"),
    "openconnect": ("gateway", "protocol", "proxy", "reported_os"),
    "vpnc": ("IPSec gateway", "NAT Traversal Mode", "Local Port"),
    "strongswan": ("address", "server-port", "encap", "method"),
    "libreswan": ("right", "left", "leftprotoport", "vendor"),
    "l2tp": ("gateway", "ipsec-enabled", "ipsec-forceencaps"),
    "pptp": ("gateway",),
    "iodine": ("topdomain", "nameserver"),
    "fortisslvpn": ("gateway",),
    "ssh": ("remote", "port"),
    "no such": ("remote", "gateway"),
}
TEXTS = [
    "", " ", "\n", "\t\x01", "-x", "--help", "../../etc/passwd", "%s%n%x", "a" * 4096, "\u202egnirts", "\ufeff", "'\"`$(id)",
    "full", "0", "1", "-1", "65536", "4294967296", "yes", "no", "true", "udp", "tcp", "static-key", "tls", "socks", "http",
    "0.0.0.0", "0.0.0.0/0", "255.255.255.255", "127.0.0.1", "224.0.0.1", "240.0.0.1", "192.0.2.255", "198.18.66.1", "::", "::1",
    "ff02::1", "fe80::1", "::ffff:198.18.66.2", "2001:db8:66::1", "198.18.66.3:53:udp", "198.18.66.4:853:tcp", "198.18.66.5:0",
    "198.18.66.6:443:tcp", "198.18.66.7:1194:udp", "[2001:db8:66::2]:1194", "[::]:1", f"{MARK}.example", "a." * 126, "..", "a..b",
    ",".join(f"198.18.{n >> 8}.{n & 255}:{1000 + n}:udp" for n in range(1, 300)), ",".join(f"n{n}.{MARK}.example" for n in range(99)),
]  # fmt: skip
REMOTES = [text for text in TEXTS if text.startswith(("198.18.", "[2001"))]
LINKS = (*(f"h{number}" for number in range(20)), "", ".", "a/b", "x" * 15, "x" * 64, "h 3", "tun9", "ppp0", "wg0", "\u00e4")
KINDS = (
    "vpn", "vpn", "vpn", "wireguard", "bridge", "dummy", "802-3-ethernet", "vlan", "bond", "team", "tun", "macvlan", "veth",
    "ip-tunnel", "vxlan", "vrf", "generic", "gsm", "pppoe", "802-11-wireless", "infiniband", "macsec", "6lowpan", "wpan",
    "ovs-bridge", "hsr", "loopback", "adsl", "bluetooth", "no such",
)  # fmt: skip


OF_CARDS = ("802-3-ethernet", "pppoe", "generic", "loopback", "802-11-wireless", "infiniband", "wpan", "bluetooth")


class Hostile:
    def __init__(self, user: str, seed: int, uuids: list[str], connects: dict[str, str]):
        self._connects = connects
        self._user = user
        self._any = random.Random(seed)
        self._uuids = uuids
        self._bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
        self._own: list[str] = []
        self.accepted = 0
        self.connected = 0

    # -- what is in a profile

    def _text(self) -> str:
        return self._any.choice(TEXTS)

    def _vpn(self) -> dict:
        plugin = self._any.choice(list(PLUGINS))
        data = {key: self._text() for key in PLUGINS[plugin] if self._any.random() < 0.8}
        if self._any.random() < 0.5:
            plugin, data = "openvpn", {**self._connects, "remote": self._any.choice(REMOTES)}
        data = {key: text for key, text in data.items() if text}  # NetworkManager takes no empty ones
        return {
            "service-type": GLib.Variant("s", f"{NM}.{plugin}"),
            "data": GLib.Variant("a{ss}", data),
            "user-name": GLib.Variant("s", self._text()),
            "persistent": GLib.Variant("b", self._any.random() < 0.2),
        }

    def _wireguard(self) -> dict:
        peer = {"public-key": GLib.Variant("s", "A" * 42 + "0="), "endpoint": GLib.Variant("s", self._text())}
        return {"private-key": GLib.Variant("s", "A" * 42 + "0="), "peers": GLib.Variant("aa{sv}", [peer] * self._any.randrange(3))}

    def _of_kind(self, kind: str) -> dict:
        made = {
            "wireguard": self._wireguard,
            "vpn": self._vpn,
            "vlan": lambda: {"parent": GLib.Variant("s", "uplink0"), "id": GLib.Variant("u", self._any.randrange(5000))},
            "macvlan": lambda: {"parent": GLib.Variant("s", "uplink0"), "mode": GLib.Variant("u", self._any.randrange(6))},
            "tun": lambda: {"mode": GLib.Variant("u", self._any.randrange(3))},
            "ip-tunnel": lambda: {"mode": GLib.Variant("u", self._any.randrange(10)), "remote": GLib.Variant("s", self._text())},
            "vxlan": lambda: {"id": GLib.Variant("u", 7), "remote": GLib.Variant("s", self._text())},
            "vrf": lambda: {"table": GLib.Variant("u", 4711)},
        }
        return made[kind]() if kind in made else {}

    def _settings(self) -> GLib.Variant:
        kind = self._any.choice(KINDS)
        uuid = self._any.choice(self._uuids) if self._any.random() < 0.1 else "bbbbbbbb-0000-0000-0000-%012d" % self._any.randrange(60)
        link = "no-card0" if kind in OF_CARDS else self._any.choice(LINKS)
        permissions = [f"user:{self._user}:"] + ([f"user:{self._text()}:"] if self._any.random() < 0.1 else [])
        name = self._any.choice((f"{MARK} {kind}", f"{MARK} {self._text()}", "full"))
        settings = {
            "connection": {
                "id": GLib.Variant("s", name), "uuid": GLib.Variant("s", uuid), "type": GLib.Variant("s", kind),
                "autoconnect": GLib.Variant("b", False), "permissions": GLib.Variant("as", permissions),
                **({"interface-name": GLib.Variant("s", link)} if kind in OF_CARDS or (kind not in ("vpn", "gsm", "adsl") and self._any.random() < 0.9) else {}),
            },
            kind: self._of_kind(kind),
            "ipv4": {"method": GLib.Variant("s", self._any.choice(("disabled", "link-local"))), "never-default": GLib.Variant("b", True)},
            "ipv6": {"method": GLib.Variant("s", self._any.choice(("disabled", "link-local", "ignore")))},
        }  # fmt: skip
        if kind == "vpn":
            settings["ipv4"] = {"method": GLib.Variant("s", "auto"), "never-default": GLib.Variant("b", self._any.random() < 0.5)}
            settings["ipv6"] = {"method": GLib.Variant("s", "auto")}
        elif self._any.random() < 0.4:
            settings["vpn"] = self._vpn()  # any profile may have one
        return GLib.Variant("a{sa{sv}}", settings)

    # -- what is done with it

    def _call(self, path: str, interface: str, method: str, arguments: GLib.Variant | None) -> GLib.Variant | None:
        try:
            answer = self._bus.call_sync(NM, path, interface, method, arguments, None, 0, 20000, None)
        except GLib.Error as error:
            self.said = Gio.DBusError.get_remote_error(error) or str(error.code)
            return None
        self.accepted += 1
        self.said = "accepted"
        return answer

    def _add(self) -> None:
        if len(self._own) >= KEPT:
            self._delete()
            return
        arguments = GLib.Variant.new_tuple(self._settings(), GLib.Variant("u", 2), GLib.Variant("a{sv}", {}))  # in memory
        answer = self._call(f"{ROOT}/Settings", f"{NM}.Settings", "AddConnection2", arguments)
        if answer:
            self._own.append(answer.unpack()[0])

    def _change(self) -> None:
        arguments = GLib.Variant.new_tuple(self._settings(), GLib.Variant("u", 2), GLib.Variant("a{sv}", {}))
        self._call(self._any.choice(self._own), f"{NM}.Settings.Connection", "Update2", arguments)

    def _connect(self) -> None:
        arguments = GLib.Variant("(ooo)", (self._any.choice(self._own), "/", "/"))
        self.connected += self._call(ROOT, NM, "ActivateConnection", arguments) is not None

    def _delete(self) -> None:
        self._call(self._own.pop(self._any.randrange(len(self._own))), f"{NM}.Settings.Connection", "Delete", None)

    def change(self) -> None:
        ways = [self._add] * 8
        if self._own:
            ways += [self._change] * 5 + [self._connect] * 5 + [self._delete] * 2
        way = self._any.choice(ways)
        self.said = ""
        way()
        print(way.__name__.strip("_"), self.said, flush=True)

    def delete_all(self) -> None:
        while self._own:
            self._delete()


def main() -> None:
    user, seed, uuids, data, form, *more = sys.argv[1:]
    hostile = Hostile(user, int(seed), uuids.split(","), json.loads(data))
    if form == "steps":
        for _ in sys.stdin:
            hostile.change()
    else:
        changes, rate = map(int, more)
        begun = time.monotonic()
        for number in range(changes):
            hostile.change()
            time.sleep(max(0, begun + number / rate - time.monotonic()))
        print("seconds", round(time.monotonic() - begun), flush=True)
    accepted = hostile.accepted
    hostile.delete_all()
    print("done", accepted, hostile.connected, flush=True)


if __name__ == "__main__":
    main()
