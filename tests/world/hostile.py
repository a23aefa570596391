# SPDX-License-Identifier: GPL-2.0-or-later
"""A program of a person without rights, who adds, changes, connects and deletes private profiles of every type
with whatever in each field. Runs by itself, on the client:

    hostile.py USER SEED UUIDS DATA storm CHANGES RATE    so many changes, so many a second
    hostile.py USER SEED UUIDS DATA steps                 one change for each line that it reads
    hostile.py USER SEED UUIDS DATA keep PROFILES         so many profiles, until its input ends

The settings' types and fields are libnm's own, with more of what VPNs say. Says each change and what came of it, in a line; then "done", how many were accepted and how many of them
connected. UUIDS are others' profiles', with commas, which it takes for its own; DATA is vpn.data, as JSON, with
which an OpenVPN profile connects if it has a server. Two things it leaves out, because NetworkManager lets everybody do them:
to connect a profile of its own on a card or link that another one uses, and to route to where the VPN goes."""

import json
import random
import subprocess
import sys
import time
import typing
import warnings

import gi

gi.require_version("NM", "1.0")

from gi.repository import Gio, GLib, GObject  # noqa: E402
from gi.repository import NM as libnm  # noqa: E402

if typing.TYPE_CHECKING:
    from .people import Person

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
    "ovs-bridge", "ovs-port", "ovs-interface", "hsr", "loopback", "adsl", "bluetooth", "cdma", "wifi-p2p", "802-11-olpc-mesh",
    "user", "no such",
)  # fmt: skip


# what would take another's card or link, or a way past the VPN: everybody may, by NetworkManager
NOT_HOSTILE = {
    "connection": ("id", "uuid", "interface-name", "type", "permissions", "autoconnect", "secondaries", "master", "slave-type", "controller", "port-type"),
    "ipv4": ("method", "addresses", "routes", "gateway", "never-default"),
    "ipv6": ("method", "addresses", "routes", "gateway", "never-default"),
    "match": ("interface-name",),
}  # fmt: skip
LETTERS = {"gboolean": "b", "gint": "i", "guint": "u", "gint64": "x", "guint64": "t", "gchararray": "s", "GStrv": "as", "GBytes": "ay"}


def fields_of_libnm() -> dict[str, list[GObject.ParamSpec]]:
    """What libnm knows of each setting: its fields, those that have a plain type."""
    found = {}
    warnings.simplefilter("ignore")  # some are old
    for name in dir(libnm):
        kind = getattr(libnm, name)
        if name.startswith("Setting") and isinstance(kind, type) and issubclass(kind, libnm.Setting) and hasattr(kind, "new"):
            setting = kind.new().get_name()
            left_out = NOT_HOSTILE.get(setting, ())
            found[setting] = [field for field in kind.list_properties() if field.name != "name" and field.name not in left_out]
    assert len(found) > 40 and any(field.name == "peer" for field in found["veth"]), "libnm told nothing"
    return found


_PRIVATE, _PASSTHRU = 3, 4  # NMSettingMacvlanMode
OF_CARDS = ("802-3-ethernet", "pppoe", "generic", "loopback", "802-11-wireless", "infiniband", "wpan", "bluetooth")


class Hostile:
    def __init__(self, user: str, seed: int, uuids: list[str], connects: dict[str, str]):
        self._connects = connects
        self._user = user
        self._any = random.Random(seed)
        self._uuids = uuids
        self._bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
        self._own: list[str] = []
        self._fields = fields_of_libnm()
        self.accepted = 0
        self.connected = 0

    # -- what is in a profile

    def _value(self, field: GObject.ParamSpec) -> GLib.Variant | None:
        """Of the type that the field has on the bus, mostly in its bounds."""
        kind = field.value_type
        if kind.is_a(GObject.TYPE_ENUM):
            return GLib.Variant("i", self._any.randrange(-1, 2))
        if kind.is_a(GObject.TYPE_FLAGS):
            return GLib.Variant("u", self._any.randrange(9))
        letters = "ay" if "mac-address" in field.name and kind == GObject.TYPE_STRING else LETTERS.get(kind.name)
        if letters == "b":
            value = self._any.random() < 0.5
        elif letters == "s":
            value = self._text()
        elif letters == "as":
            value = [self._text() for _ in range(self._any.randrange(4))]
        elif letters == "ay":
            value = self._any.randbytes(self._any.choice((0, 6, 6, 32, 2000)))
        elif letters:
            ends = [field.minimum, field.maximum, field.default_value]
            value = self._any.choice([*ends, *(min(max(n, field.minimum), field.maximum) for n in (self._any.randrange(1 << 16), 1, 2))])
        else:
            return None  # a table or a list of its own kind
        return GLib.Variant(letters, value)

    def _more(self, settings: dict) -> None:
        """Some fields of some settings, those that are there and others."""
        for _ in range(self._any.randrange(1, 5)):
            name = self._any.choice([*settings] * 3 + [*self._fields])
            fields = self._fields.get(name)
            field = self._any.choice(fields) if fields else None
            value = self._value(field) if field else None
            if value is not None:
                settings.setdefault(name, {}).setdefault(field.name, value)

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

    def _macvlan_mode(self) -> int:
        """None that takes the card away from all others, which NetworkManager lets anybody do: what they send is lost."""
        mode = self._any.randrange(6)
        return _PRIVATE if mode == _PASSTHRU else mode

    def _of_kind(self, kind: str) -> dict:
        made = {
            "wireguard": self._wireguard,
            "vpn": self._vpn,
            "vlan": lambda: {"parent": GLib.Variant("s", "uplink0"), "id": GLib.Variant("u", self._any.randrange(5000))},
            "macvlan": lambda: {"parent": GLib.Variant("s", "uplink0"), "mode": GLib.Variant("u", self._macvlan_mode())},
            "tun": lambda: {"mode": GLib.Variant("u", self._any.randrange(3))},
            "ip-tunnel": lambda: {"mode": GLib.Variant("u", self._any.randrange(10)), "remote": GLib.Variant("s", self._text())},
            "vxlan": lambda: {"id": GLib.Variant("u", 7), "remote": GLib.Variant("s", self._text())},
            "veth": lambda: {"peer": GLib.Variant("s", self._any.choice(LINKS))},
            "adsl": lambda: {"username": GLib.Variant("s", self._text()), "protocol": GLib.Variant("s", "pppoa")},
            "pppoe": lambda: {"username": GLib.Variant("s", self._text())},
            "cdma": lambda: {"number": GLib.Variant("s", self._text())},
            "wifi-p2p": lambda: {"peer": GLib.Variant("s", "02:00:00:00:00:09")},
            "vrf": lambda: {"table": GLib.Variant("u", 4711)},
        }
        return made[kind]() if kind in made else {}

    def _settings(self) -> GLib.Variant:
        kind = self._any.choice(KINDS)
        uuid = self._any.choice(self._uuids) if self._any.random() < 0.1 else "bbbbbbbb-0000-0000-0000-%012d" % self._any.randrange(200)
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
        if self._any.random() < 0.4:
            self._more(settings)
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

    def _addition(self) -> GLib.Variant:
        in_memory = GLib.Variant("u", 2)
        return GLib.Variant.new_tuple(self._settings(), in_memory, GLib.Variant("a{sv}", {}))

    def _add(self) -> None:
        if len(self._own) >= KEPT:
            self._delete()
            return
        self.add()

    def _change(self) -> None:
        self._call(self._any.choice(self._own), f"{NM}.Settings.Connection", "Update2", self._addition())

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

    def add(self) -> None:
        """However many there are."""
        answer = self._call(f"{ROOT}/Settings", f"{NM}.Settings", "AddConnection2", self._addition())
        if answer:
            self._own.append(answer.unpack()[0])

    def delete_all(self) -> None:
        while self._own:
            self._delete()


def begin(person: "Person", seed: int, uuids: str, connects: dict[str, str], *form: object) -> subprocess.Popen:
    """The program, as this person's."""
    with open(__file__) as file:
        source = file.read()
    command = ["/usr/bin/python3", "-c", source, person.user, str(seed), uuids, json.dumps(connects), *map(str, form)]
    return subprocess.Popen(command, stdin=-1, stdout=-1, text=True, preexec_fn=person.become)


def main() -> None:
    user, seed, uuids, data, form, *more = sys.argv[1:]
    hostile = Hostile(user, int(seed), uuids.split(","), json.loads(data))
    if form == "steps":
        for _ in sys.stdin:
            hostile.change()
    elif form == "keep":
        while hostile.accepted < int(more[0]):
            hostile.add()
        print("kept", flush=True)
        sys.stdin.read()
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
