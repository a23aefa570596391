#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A VPN program for NetworkManager that says that it is connected, whatever the kernel does: what is left of
an IPsec VPN whose daemon has died; or, called with "ssh", SSH that forwards ports and has neither an interface
nor an address. Runs as root on the client; ends when its name is lost. SIGUSR1: it stops being connected."""

import ipaddress
import signal
import sys

from gi.repository import Gio, GLib

_PATH = "/org/freedesktop/NetworkManager/VPN/Plugin"
_INTERFACE = "org.freedesktop.NetworkManager.VPN.Plugin"
_STARTING, _STARTED, _STOPPED = 3, 4, 6
_XML = f"""<node><interface name="{_INTERFACE}">
<method name="Connect"><arg type="a{{sa{{sv}}}}" direction="in"/></method>
<method name="ConnectInteractive"><arg type="a{{sa{{sv}}}}" direction="in"/><arg type="a{{sv}}" direction="in"/></method>
<method name="NeedSecrets"><arg type="a{{sa{{sv}}}}" direction="in"/><arg type="s" direction="out"/></method>
<method name="Disconnect"/>
<method name="SetConfig"><arg type="a{{sv}}" direction="in"/></method>
<method name="SetIp4Config"><arg type="a{{sv}}" direction="in"/></method>
<method name="SetFailure"><arg type="s" direction="in"/></method>
<method name="NewSecrets"><arg type="a{{sa{{sv}}}}" direction="in"/></method>
<property name="State" type="u" access="read"/>
<signal name="StateChanged"><arg type="u"/></signal>
<signal name="Config"><arg type="a{{sv}}"/></signal>
<signal name="Ip4Config"><arg type="a{{sv}}"/></signal>
</interface></node>"""


def _number(text: str) -> int:
    return int.from_bytes(ipaddress.IPv4Address(text).packed, sys.byteorder)


class Plugin:
    def __init__(self, bus: Gio.DBusConnection, is_bare: bool):
        self._bus = bus
        self._is_bare = is_bare
        self._state = _STOPPED
        info = Gio.DBusNodeInfo.new_for_xml(_XML).interfaces[0]
        bus.register_object(_PATH, info, self._call, lambda *_: GLib.Variant("u", self._state), None)

    def _tell(self, name: str, value: GLib.Variant) -> None:
        self._bus.emit_signal(None, _PATH, _INTERFACE, name, GLib.Variant.new_tuple(value))

    def _become(self, state: int) -> None:
        self._state = state
        self._tell("StateChanged", GLib.Variant("u", state))

    def _connect(self, profile: dict) -> None:
        data = profile["vpn"]["data"]
        server = _number(data["remote" if self._is_bare else "right"])
        address = {"address": _number("10.99.0.2"), "prefix": 32, "gateway": server}
        self._become(_STARTING)
        self._tell("Config", GLib.Variant("a{sv}", {"gateway": GLib.Variant("u", server), "has-ip4": GLib.Variant("b", not self._is_bare)}))
        if not self._is_bare:
            self._tell("Ip4Config", GLib.Variant("a{sv}", {key: GLib.Variant("u", value) for key, value in address.items()}))
        self._become(_STARTED)

    def stop(self) -> bool:
        """Without a word, as a plugin does whose program was killed."""
        self._become(_STOPPED)
        return GLib.SOURCE_CONTINUE

    def _call(self, _bus, _sender, _path, _interface, method, arguments, invocation) -> None:
        invocation.return_value(GLib.Variant("(s)", ("",)) if method == "NeedSecrets" else None)
        if method in ("Connect", "ConnectInteractive"):
            self._connect(arguments.unpack()[0])
        elif method == "Disconnect":
            self._become(_STOPPED)


def main() -> None:
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    kind = sys.argv[1]
    plugin = Plugin(bus, kind == "ssh")
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, plugin.stop)
    Gio.bus_own_name_on_connection(bus, f"org.freedesktop.NetworkManager.{kind}", 0, lambda *_: print(f"ready {bool(plugin)}", flush=True), None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
