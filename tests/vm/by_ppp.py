# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of test_by_ppp.py: NetworkManager's plugins whose VPNs pppd carries, and a server for each in the
machine's other namespace."""

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from world import addresses as a
from world import keys, profiles
from world.kind import GRE, TCP, UDP, Flow
from world.waiting import wait_until

from . import setting

if TYPE_CHECKING:
    from vm.machine import Machine

CLIENT_END = a.KERNEL_IPSEC_CLIENT
_SERVER_END = "198.51.100.49"
_FORTINET_END = "169.254.2.1"  # openfortivpn takes no other
_FOLDER = "/etc/kinds"
_OPTIONS, _OPEN = f"{_FOLDER}/options", f"{_FOLDER}/open"
_L2TP = 1701
_COMMON = "nodetach\nnoipv6\nnodefaultroute\nnoccp\nnovj\nname server\nmtu 1300\n"
_LOGIN = "auth\nrefuse-pap\nrefuse-chap\nrefuse-mschap\nrequire-mschap-v2\n"
_FILES = {
    "/etc/ppp/chap-secrets": "joe * secret *\n",
    _OPTIONS: _COMMON + _LOGIN,
    _OPEN: _COMMON + "noauth\n",
    f"{_FOLDER}/pptpd.conf": f"option {_OPTIONS}\nlocalip {_SERVER_END}\nremoteip {CLIENT_END}\nlisten {a.KERNEL_SERVER}\n",
    f"{_FOLDER}/xl2tpd.conf": f"[global]\nlisten-addr = {a.KERNEL_SERVER}\nauth file = /dev/null\n[lns default]\n"
    f"ip range = {CLIENT_END}-{CLIENT_END}\nlocal ip = {_SERVER_END}\nrequire authentication = yes\nrefuse pap = yes\npppoptfile = {_OPTIONS}\n",
}


@dataclass(frozen=True)
class Kind:
    name: str
    type: str  # as `status` calls it, and the end of the plugin's service name
    packages: tuple[str, ...]
    server: str  # the command; it stays
    listens: str  # for ss(8)
    program: str  # that carries the VPN on this side; its processes' names begin so
    wire: frozenset[Flow]  # all that a locked client sends to the server
    data: dict[str, str]
    more: Callable[[], dict[str, str]] = dict  # of data, known only once the keys are made
    people: frozenset[Flow] = frozenset()  # a person's program reaches the server there
    remains: str = "Nobody but the system's daemons."

    @property
    def hosts(self) -> dict[str, str]:
        """The profiles, and the server as each of them calls it."""
        return {f"{self.name}-address": a.KERNEL_SERVER, f"{self.name}-name": setting.NAME}


def _in_tls(name: str, options: str, end: str) -> str:
    files = f"{_FOLDER}/vpn.crt {_FOLDER}/vpn.key file {options}"
    return f"/usr/bin/python3 {_FOLDER}/ppp_in_tls.py {name} {a.KERNEL_SERVER} {files} {end}:{CLIENT_END}"


def _fingerprint() -> dict[str, str]:
    certificate = ssl.PEM_cert_to_DER_cert((keys.FOLDER / "kinds.crt").read_text())
    return {"trusted-cert": hashlib.sha256(certificate).hexdigest()}


_LOGIN_DATA = {"gateway": a.KERNEL_SERVER, "user": "joe", "password-flags": "0"}
_XL2TPD = f"/usr/sbin/xl2tpd -D -c {_FOLDER}/xl2tpd.conf -p /run/kinds.pid -C /run/kinds.control"
KINDS = (
    Kind(
        "sstp", "sstp", ("network-manager-sstp", "sstp-client", "ppp"),
        _in_tls("sstp", _OPTIONS, _SERVER_END), "sport = :443", "sstpc", frozenset({(TCP, 443)}), _LOGIN_DATA | {"connection-type": "password", "ignore-cert-warn": "yes"},
    ),
    Kind(
        "fortisslvpn", "fortisslvpn", ("network-manager-fortisslvpn", "openfortivpn", "ppp"),
        _in_tls("fortinet", _OPEN, _FORTINET_END), "sport = :443", "openfortivpn", frozenset({(TCP, 443)}), _LOGIN_DATA, _fingerprint,
    ),
    Kind(
        "l2tp", "l2tp", ("network-manager-l2tp", "xl2tpd", "ppp"),
        _XL2TPD, f"sport = :{_L2TP}", "xl2tpd", frozenset({(UDP, _L2TP)}), _LOGIN_DATA, people=frozenset({(UDP, _L2TP)}),
        remains="Any program of a person can send to the server's UDP port 1701: the kernel sends the VPN's data with the user id of the program whose data they hold.",
    ),
    Kind(
        "pptp", "pptp", ("network-manager-pptp", "pptp-linux", "ppp", "pptpd"),
        f"/usr/sbin/pptpd --fg --conf {_FOLDER}/pptpd.conf", "sport = :1723", "pptp", frozenset({(TCP, 1723), (GRE, 0)}), _LOGIN_DATA,
    ),
)  # fmt: skip


def write_files(machine: "Machine") -> None:
    for path, text in _FILES.items():
        machine.write(path, text, "600")
    if not (keys.FOLDER / "kinds.crt").exists():
        keys.make_certificate("kinds", "ca", f"subjectAltName=IP:{a.KERNEL_SERVER},DNS:{setting.NAME}\n")
    for end in ("crt", "key"):
        machine.write(f"{_FOLDER}/vpn.{end}", (keys.FOLDER / f"kinds.{end}").read_text(), "600")
    machine.write(f"{_FOLDER}/ppp_in_tls.py", Path(__file__).with_name("ppp_in_tls.py").read_text())


def add_profiles(machine: "Machine", kind: Kind) -> None:
    for name, host in kind.hosts.items():
        text = profiles.vpn(name, kind.data | kind.more() | {"gateway": host}, service=kind.type)
        setting.add_profile(machine, name, text.replace("\n[ipv4]", "\n[vpn-secrets]\npassword=secret\n\n[ipv4]"))


_INSIDE = "--property=NetworkNamespacePath=/run/netns/server"


def start(machine: "Machine", kind: Kind) -> None:
    """The server. It may have been killed before."""
    machine.sh("systemctl stop kinds || true", check=False)
    machine.run("systemd-run", "--quiet", "--collect", "--unit=kinds", _INSIDE, *kind.server.split())
    listens = ("ip", "netns", "exec", "server", "ss", "-Hlntu", kind.listens)
    wait_until(lambda: machine.run(*listens, check=False).stdout.strip(), f"the {kind.name} server to listen", 60)


def kill(machine: "Machine") -> None:
    """The server, and all that belongs to it, without a word."""
    machine.run("systemctl", "kill", "--signal=KILL", "kinds")


def kill_program(machine: "Machine", kind: Kind) -> None:
    """The client's, not one of the same name in the server's namespace."""
    machine.sh(
        f"here=$(readlink /proc/1/ns/net); for pid in $(pgrep '^{kind.program}'); do\n"
        '[ "$(readlink /proc/$pid/ns/net)" != "$here" ] || { kill -KILL $pid; killed=yes; }\ndone; [ "$killed" = yes ]'
    )


def end(machine: "Machine", kind: Kind) -> None:
    machine.sh("systemctl stop kinds || true", check=False)
    for name in kind.hosts:
        machine.run("nmcli", "connection", "delete", name, check=False)
