# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenConnect against ocserv: by password and by certificate, with DTLS and without. The login is a person's
(`openconnect --authenticate`); what carries the VPN afterwards is the plugin's, as its own user."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

from . import addresses as a
from . import keys
from .kind import TCP, UDP, Kind
from .network import log_of, wait_for_more
from .probes import SENDERS
from .waiting import wait_until
from .world import World

_FOLDER = Path("/run/world/ocserv")
_PERSONS = Path("/run/world/login")  # what the person's program may read
_PORT = 443
CLUSTER = a.PUBLIC_DNS[4]  # a host that leads to the server
_NEW_KEYS = 10  # seconds
_USER, _PASSWORD = "alice", "not a secret"
# To what openconnect asks on a terminal. nmcli 1.42 does not tell it the profile's certificate authority.
ANSWERS = {b"sername:": _USER, b"assword:": _PASSWORD, b"'yes' to accept": "yes"}
_PACKAGES = ("network-manager-openconnect", "openconnect", "ocserv")


def _write_files(auth: str, udp: bool, names: str) -> None:
    for folder in (_FOLDER, _PERSONS):
        folder.mkdir(exist_ok=True)
    if not (_FOLDER / "passwd").exists():
        twice = f"{_PASSWORD}\n{_PASSWORD}\n"
        subprocess.run(["ocpasswd", "-c", str(_FOLDER / "passwd"), _USER], input=twice, text=True, check=True)
    keys.make_certificate("ocserv", "ca", f"subjectAltName={names}\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    for name in ("ca.crt", "client.crt", "client.key"):
        shutil.copy(f"{keys.FOLDER}/{name}", _PERSONS / name)
        shutil.chown(_PERSONS / name, SENDERS["user"])
    (_FOLDER / "conf").write_text(f"""
auth = "{auth}"
listen-host = {a.SERVER[4]}
tcp-port = {_PORT}
{f"udp-port = {_PORT}" if udp else ""}
run-as-user = ocserv
run-as-group = ocserv
socket-file = {_FOLDER}/socket
isolate-workers = false
max-clients = 16
max-same-clients = 0
max-ban-score = 0
server-cert = {keys.FOLDER}/ocserv.crt
server-key = {keys.FOLDER}/ocserv.key
ca-cert = {keys.FOLDER}/ca.crt
cert-user-oid = 2.5.4.3
dpd = 10
cookie-timeout = 300
device = kinds
ipv4-network = {a.KIND_NET[4]}
ipv6-network = {a.KIND_NET[6]}
ipv6-subnet-prefix = 128
dns = {a.PUBLIC_DNS[4]}
route = default
cisco-client-compat = true
ping-leases = false
use-occtl = false
rekey-time = {_NEW_KEYS}
rekey-method = new-tunnel
log-level = 3
""")


def _start(auth: str, udp: bool, world: World) -> None:
    names = ",".join([f"IP:{a.SERVER[4]}", f"IP:{CLUSTER}", *(f"DNS:{kind.host}" for kind in KINDS)])
    _write_files(auth, udp, names)
    log = log_of("ocserv")
    log.unlink(missing_ok=True)
    world.outside.daemon("ocserv", ["ocserv", "--foreground", "--config", str(_FOLDER / "conf"), "--pid-file", str(_FOLDER / "pid")])
    wait_until(lambda: b"initialized ocserv" in log.read_bytes(), "ocserv to listen")


def start_cluster(world: World) -> None:
    """The login begins elsewhere; ocserv runs already."""
    program = str(Path(__file__).with_name("redirect.py"))
    files = [f"{keys.FOLDER}/ocserv.crt", f"{keys.FOLDER}/ocserv.key"]
    world.outside.daemon("redirect", ["/usr/bin/python3", program, CLUSTER, *files, a.SERVER[4]])
    wait_until(lambda: b"ready" in log_of("redirect").read_bytes(), "the cluster's first host to listen")


def _stop(world: World) -> None:
    world.outside.end("ocserv-main", "ocserv", "ocserv-sm", "ocserv-worker")


def _rekey(_world: World) -> None:
    """By the server's clock. For new keys the client calls it again: the harder way of the two."""
    wait_for_more("ocserv", b" TLS handshake completed", "new keys", 4 * _NEW_KEYS)


def _login(arguments: tuple[str, ...], world: World, host: str) -> dict[str, str]:
    """What NetworkManager's own agents do: they call the server as the person, and hand the cookie on."""
    user = str(SENDERS["user"])
    as_person = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "env", "HOME=/tmp"]
    program = ["openconnect", "--authenticate", "--non-inter", f"--cafile={_PERSONS}/ca.crt", *arguments, f"https://{host}"]
    said = world.client.run([*as_person, *program], input=f"{_PASSWORD}\n").stdout
    found = dict(line.split("=", 1) for line in said.splitlines() if line.partition("=")[0] in ("COOKIE", "CONNECT_URL", "FINGERPRINT", "RESOLVE"))
    values = {name: value.strip("'") for name, value in found.items()}
    return {"cookie": values["COOKIE"], "gateway": values["CONNECT_URL"], "gwcert": values["FINGERPRINT"], "resolve": values["RESOLVE"]}


def _data(more: dict[str, str], host: str) -> dict[str, str]:
    flags = {f"{name}-flags": "2" for name in ("cookie", "gateway", "gwcert", "resolve")}
    return {"gateway": host, "protocol": "anyconnect", "cacert": f"{_PERSONS}/ca.crt"} | flags | more


_BY_PASSWORD = (f"--user={_USER}", "--passwd-on-stdin")
_BY_CERTIFICATE = (f"--certificate={_PERSONS}/client.crt", f"--sslkey={_PERSONS}/client.key")
_IN_FILES = f"plain[passwd={_FOLDER}/passwd]"


def _kind(name: str, auth: str, login: tuple[str, ...], udp: bool, more: dict[str, str]) -> Kind:
    flows = {(TCP, _PORT), (UDP, _PORT)} if udp else {(TCP, _PORT)}
    return Kind(
        name=f"openconnect-{name}",
        type="openconnect",
        packages=_PACKAGES,
        program="openconnect",
        start=partial(_start, auth, udp),
        stop=_stop,
        data=partial(_data, more),
        rekey=_rekey,
        wire=frozenset(flows),
        secrets=partial(_login, login),
        people=frozenset({(TCP, _PORT)}),
        remains="Any program of a person can call the server's TCP port: the login is such a program.",
    )


KINDS = (
    _kind("password", _IN_FILES, _BY_PASSWORD, udp=True, more={}),
    _kind("certificate", "certificate", _BY_CERTIFICATE, udp=True, more={"usercert": f"{_PERSONS}/client.crt", "userkey": f"{_PERSONS}/client.key"}),
    _kind("tcp-only", _IN_FILES, _BY_PASSWORD, udp=False, more={"disable_udp": "yes"}),
)
