# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a VPN does not connect, as its own program says it in a real journal. NetworkManager calls all of
these a timeout."""

import time
from pathlib import Path

import pytest

from world import addresses as a
from world import keys, profiles
from world.network import log_of
from world.waiting import wait_until

from .machine import Machine

_FUTURE_PORT = 1201
_NOBODYS_PORT = 1202
_PASSWORD_PORT = 1203
_PAGE_PORT = 1204
_GIVES_UP_AFTER = 12  # seconds

_CA = f"{keys.FOLDER}/ca.crt"
_PASSWORD = {"connection-type": "password", "remote": f"{a.SERVER[4]}:{_PASSWORD_PORT}:udp", "ca": _CA,
             "username": "ann", "password-flags": "0"}  # fmt: skip
_PAGE_LOGIN = _PASSWORD | {"remote": f"{a.SERVER[4]}:{_PAGE_PORT}:udp"}
_ABSENT = "org.freedesktop.NetworkManager.absent"
# A plugin whose program is not there, in the words of vpnc's; the real one mostly ends before it has said them.
_ABSENT_PLUGIN = f"""#!/usr/bin/python3
import gi
gi.require_version("NM", "1.0")
from gi.repository import NM, GLib
class Plugin(NM.VpnServicePlugin):
    def do_connect(self, connection):
        raise GLib.Error.new_literal(NM.VpnPluginError.quark(), "Could not find vpnc binary.", NM.VpnPluginError.LAUNCHFAILED)
    def do_disconnect(self):
        return True
plugin = Plugin(service_name="{_ABSENT}")
plugin.init(None)
GLib.MainLoop().run()
"""
_ABSENT_FILES = {
    "/usr/local/libexec/nm-absent-service": _ABSENT_PLUGIN,
    "/etc/NetworkManager/VPN/nm-absent-service.name":
        f"[VPN Connection]\nname=absent\nservice={_ABSENT}\nprogram=/usr/local/libexec/nm-absent-service\n",
    "/etc/dbus-1/system.d/absent.conf":
        f'<busconfig><policy user="root"><allow own="{_ABSENT}"/><allow send_destination="{_ABSENT}"/></policy></busconfig>',
}  # fmt: skip
# It sends everybody to a page, until it wants none any more: the file is there.
_VERIFIER_BY_PAGE = """#!/bin/sh
[ -e /run/world/no-page ] && exit 0
printf '20\\nwebauth\\nWEB_AUTH::https://login.example' >"$auth_pending_file"
exit 2
"""

# Programs of NetworkManager's that are no VPN's, and say what others on the network are called, or what became of a
# mobile broadband's login.
_TALKERS = {
    "dnsmasq": "DHCPACK(hotspot0) 10.42.0.5 02:00:00:00:00:05 AUTH_FAILED",
    "dhcpcd": "eth0: offered 192.0.2.7 from AUTH_FAILED",
    "pppd": "CHAP authentication failed",
}
_TALKER_FOLDER = "/usr/local/libexec"
_TALKER_FILES = {
    **{f"{_TALKER_FOLDER}/{name}": f"#!/bin/sh\nwhile sleep 1; do echo '{text}'; done\n" for name, text in _TALKERS.items()},
    "/etc/systemd/system/NetworkManager.service.d/talker.conf":
        "[Service]\n" + "".join(f"ExecStartPost=/bin/sh -c 'systemd-cat {_TALKER_FOLDER}/{name} &'\n" for name in _TALKERS),
}  # fmt: skip
# So long the guard, which comes before NetworkManager, does not know whose words in the journal are; and two more.
_UNKNOWN_FOR = 12  # seconds

# the profile, what is the reason, what status says, what it must not say
_ROWS = {
    "future": (profiles.tls(f"{a.SERVER[4]}:{_FUTURE_PORT}:udp"), "certificate-date", "clock", "nmcli device"),
    "refused": (profiles.tls(f"{a.SERVER[4]}:{_NOBODYS_PORT}:tcp"), "server-refused", "vpn list", "clock"),
    "nameless": (profiles.tls(f"nowhere.known.test:{a.SERVER_PORT}:udp"), "name-unresolved", "address of its server", "clock"),
    "silent": (profiles.tls(f"{a.DEAD_SERVER}:{a.SERVER_PORT}:udp"), "server-unreachable", "did not answer", "not installed"),
    # of a server whose certificate another authority has signed
    "distrusted": (profiles.tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp") | {"ca": f"{keys.FOLDER}/client.crt"},
                   "certificate", "certificate,", "clock"),
    "page": (_PAGE_LOGIN, "login-needed", "wants a new login", "clock"),
    "password": (_PASSWORD, "login-failed", "refused the login", "clock"),
}  # fmt: skip


def _start_server(outside, name: str, link: str, port: int, net: str, certificate: str, *more: str) -> None:
    outside.namespace.daemon(
        name,
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", link, "--dev-type", "tun"]
        + ["--disable-dco", "--local", a.SERVER[4], "--port", str(port), "--proto", "udp", "--verb", "3"]
        + ["--server", net, "255.255.255.0", "--dh", "none", "--duplicate-cn", "--ca", _CA]
        + ["--cert", f"{keys.FOLDER}/{certificate}.crt", "--key", f"{keys.FOLDER}/{certificate}.key", *more],
    )
    wait_until(lambda: b"Initialization Sequence Completed" in log_of(name).read_bytes(), "the server")


@pytest.fixture(scope="module")
def servers(outside):
    keys.make_certificate_of_tomorrow("future")
    _start_server(outside, "openvpn-future", "vpn9", _FUTURE_PORT, "198.18.7.0", "future")
    verifier = Path("/run/world/verifier")
    verifier.write_text('#!/bin/sh\n[ "$(tail -n 1 "$1")" = right ]\n')
    verifier.chmod(0o755)
    by_page = Path("/run/world/by-page")
    by_page.write_text(_VERIFIER_BY_PAGE)
    by_page.chmod(0o755)
    _start_server(outside, "openvpn-page", "vpn10", _PAGE_PORT, "198.18.10.0", "server", "--script-security", "2",
                  "--auth-user-pass-verify", str(by_page), "via-file", "--verify-client-cert", "none")  # fmt: skip
    _start_server(outside, "openvpn-password", "vpn8", _PASSWORD_PORT, "198.18.8.0", "server", "--script-security", "2",
                  "--auth-user-pass-verify", str(verifier), "via-file", "--verify-client-cert", "none",
                  "--push", "redirect-gateway def1")  # fmt: skip


@pytest.fixture
def machine(outside, servers, locked_disk, copy_of):
    disk = copy_of(locked_disk)
    for name, (data, *_) in _ROWS.items():
        text = profiles.vpn(name, data | {"connect-timeout": "4"})
        text = text.replace("[vpn]\n", f"[vpn]\ntimeout={_GIVES_UP_AFTER}\n")
        text += "\n[vpn-secrets]\npassword=wrong\n" if "username" in data else ""
        disk.write(f"/etc/NetworkManager/system-connections/{name}.nmconnection", text, 0o600)
    text = profiles.vpn("absent", {"host": a.DEAD_SERVER}).replace(".openvpn", ".absent")
    disk.write("/etc/NetworkManager/system-connections/absent.nmconnection", text, 0o600)
    for path, text in (_ABSENT_FILES | _TALKER_FILES).items():
        disk.write(path, text, 0o755)
    with Machine(disk, outside) as booted:
        booted.wait_uplink()
        yield booted


# what the first step of some of them shows
_SHOWN = {
    "future": "20",  # the year
    "refused": f" {_NOBODYS_PORT}/tcp",
    "silent": "SIGUSR1",
    "distrusted": "VERIFY ERROR",
}


def _steps(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("      ") and line[6:7] != " "]


def _follow(machine, name: str, text: str) -> None:
    if name in _SHOWN:
        shown = machine.run(*_steps(text)[0].replace(" -e ", " --no-pager ").split()).stdout
        assert _SHOWN[name] in shown, f"{name}: {_steps(text)[0]} shows {shown[-2000:]}"


def _correct_the_password(machine) -> None:
    """The saved one, for which nmcli does not ask."""
    again, edit = _steps(machine.ctl("status").stdout)[:2]
    assert (again, edit) == ("nmcli --ask connection up password", "nmcli connection edit password")
    machine.run(*edit.split(), stdin=None, input="set vpn.secrets password=right\nsave\nquit\n")
    machine.run(*again.split(), timeout=90)
    assert machine.wait_state("protected")["tunnels"][0]["name"] == "password"


def _login_by_password_is_allowed(machine) -> None:
    """A page to log in at is more than NetworkManager's OpenVPN can: its program says so."""
    again, look = _steps(machine.ctl("status").stdout)[:2]
    assert again == "nmcli --ask connection up page"
    assert "pending auth method" in machine.run(*look.replace(" -e ", " --no-pager ").split()).stdout
    Path("/run/world/no-page").touch()
    machine.run(*again.split(), timeout=90)
    assert machine.wait_state("protected")["tunnels"][0]["name"] == "page"
    machine.run("nmcli", "connection", "down", "page")
    machine.wait_state("blocked")


def _find_its_program(machine) -> None:
    """NetworkManager's plugin is there, and what it starts is not."""
    machine.run("nmcli", "--wait", "60", "connection", "up", "absent", check=False, timeout=90)
    wait_until(lambda: machine.status()["reason"] == "program-missing", "the missing program to be told", 15)
    look, another = _steps(machine.ctl("status").stdout)[:2]
    shown = machine.run(*look.replace(" -e ", " --no-pager ").split()).stdout
    assert "Could not find vpnc binary" in shown, shown[-2000:]
    assert another == "nmcli connection up NAME"
    machine.run(*another.replace("NAME", "full").split(), timeout=90)
    assert machine.wait_state("protected")["tunnels"][0]["name"] == "full"
    machine.run("nmcli", "connection", "down", "full")
    machine.wait_state("blocked")


def _guard_knows_whose_words(machine) -> bool:
    since = machine.run("systemctl", "show", "--value", "--property=ActiveEnterTimestampMonotonic", "NetworkManager").stdout
    return time.monotonic() - int(since) / 1_000_000 > _UNKNOWN_FOR


def test_the_reason_is_the_programs(machine):
    for name, text in _TALKERS.items():
        talk = ("--unit=NetworkManager", f"_COMM={name}")
        wait_until(lambda talk=talk, text=text: text in machine.journal(*talk), f"{name}'s words to be in the journal", 10)
    wait_until(lambda: _guard_knows_whose_words(machine), "the guard to have been there for long enough", 2 * _UNKNOWN_FOR)
    _find_its_program(machine)
    for name, (_, reason, said, unsaid) in _ROWS.items():
        machine.run("nmcli", "--wait", "60", "connection", "up", name, check=False, timeout=90)
        machine_says = []

        def is_said(wanted: str = reason, vpn: str = name) -> bool:
            machine_says[:] = [machine.status()]
            return (machine_says[0]["reason"], machine_says[0]["reason_vpn"]) == (wanted, vpn)

        try:
            wait_until(is_said, f"{name} to be told as {reason}", 10)
        except AssertionError as error:
            lines = machine.journal("--unit=NetworkManager", "--lines=25")
            raise AssertionError(f"{error}: {machine_says[0]['reason']} of {machine_says[0]['reason_vpn']}\n{lines}") from None
        text = machine.ctl("status").stdout
        assert said in text and unsaid not in text, text
        assert machine.wait_state("blocked")["verified"]
        _follow(machine, name, text)
        if name == "page":
            _login_by_password_is_allowed(machine)
    _correct_the_password(machine)
