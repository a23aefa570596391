# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles that people without any rights add, by themselves and for themselves."""

from dataclasses import dataclass

from .people import Answer, Person

NM = "org.freedesktop.NetworkManager"
_NM_PATH = "/org/freedesktop/NetworkManager"
_SETTINGS = f"{_NM_PATH}/Settings"


def words(value: object) -> str:
    """In GVariant's words; a dict is one of variants, a tuple of texts pairs of texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"uint32 {value}"
    if isinstance(value, str):
        return "'" + "".join(c if c.isascii() and c.isprintable() and c not in "'\\" else f"\\u{ord(c):04x}" for c in value) + "'"
    if isinstance(value, tuple):  # a{ss}
        return "@a{ss} {" + ", ".join(f"{words(key)}: {words(text)}" for key, text in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(words(one) for one in value) + "]"
    assert isinstance(value, dict)
    return "@a{sv} {" + ", ".join(f"{words(key)}: <{words(one)}>" for key, one in value.items()) + "}"


def profile(user: str, uuid: str, name: str, kind: str, **settings: dict) -> dict:
    """A private one; `settings` by their names, with "_" for "-"."""
    connection = {"id": name, "uuid": uuid, "type": kind, "autoconnect": False, "permissions": [f"user:{user}:"]}
    more = {key.replace("_", "-"): value for key, value in settings.items()}
    return {"connection": {**connection, **more.pop("connection", {})}, **more}


def plugin(service: str, **data: str) -> dict:
    return {"service-type": f"{NM}.{service}", "data": tuple((key.replace("_", "-"), text) for key, text in data.items())}


def settings_text(settings: dict) -> str:
    return "{" + ", ".join(f"{words(name)}: {words(setting)}" for name, setting in settings.items()) + "}"


@dataclass
class Stranger:
    """What a person does with NetworkManager."""

    person: Person

    def add(self, settings: dict) -> str:
        """Its path."""
        answer = self.person.call("AddConnection", f"({settings_text(settings)},)", interface=f"{NM}.Settings", name=NM, path=_SETTINGS)
        assert answer.ok, answer
        return answer.value[0]

    def change(self, path: str, settings: dict) -> Answer:
        return self.person.call("UpdateUnsaved", f"({settings_text(settings)},)", interface=f"{NM}.Settings.Connection", name=NM, path=path)

    def activate(self, path: str) -> Answer:
        none = "objectpath '/'"
        return self.person.call("ActivateConnection", f"(objectpath '{path}', {none}, {none})", interface=NM, name=NM, path=_NM_PATH)

    def delete(self, path: str) -> Answer:
        return self.person.call("Delete", interface=f"{NM}.Settings.Connection", name=NM, path=path)


# Adds profiles from a program of the person's own: faster than one call each.
FILL = r"""
import sys
from gi.repository import Gio, GLib
v = GLib.Variant
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
NM = "org.freedesktop.NetworkManager"
for n in range(int(sys.argv[2])):
    remotes = ",".join("203.%d.%d.%d:%d" % (n & 255, i >> 8 & 255, i & 255 or 1, 1000 + n // 256) for i in range(int(sys.argv[3])))
    settings = {
        "connection": {"id": v("s", "x%d" % n), "uuid": v("s", "bbbbbbbb-0000-0000-0000-%012d" % n), "type": v("s", "vpn"),
                       "autoconnect": v("b", False), "permissions": v("as", ["user:%s:" % sys.argv[1]])},
        "vpn": {"service-type": v("s", NM + ".openvpn"), "data": v("a{ss}", {"remote": remotes, "connection-type": "tls"})},
    }
    bus.call_sync(NM, "/org/freedesktop/NetworkManager/Settings", NM + ".Settings", "AddConnectionUnsaved",
                  v("(a{sa{sv}})", (settings,)), None, 0, 20000, None)
"""
