# SPDX-License-Identifier: GPL-2.0-or-later
"""SSH with a tun device (ssh -w) against sshd, by NetworkManager's plugin for it. The server's end of the tunnel is
there before: what the plugin runs at the server to set it up needs net-tools there."""

import subprocess
from pathlib import Path

from . import addresses as a
from .kind import TCP, Kind
from .network import log_of, wait_for_more
from .waiting import wait_until
from .world import World

_FOLDER = Path("/run/world/ssh")
_PORT = 22
_NEW_KEYS = 5  # seconds
_DEVICE = "100"
_LINK = f"tun{_DEVICE}"
_SERVER, _CLIENT = "198.51.100.113", "198.51.100.114"
_SERVER6, _CLIENT6 = "2001:db8:100:9::1", "2001:db8:100:9::2"
_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")


def _write_files() -> None:
    if _FOLDER.exists():
        return
    _FOLDER.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(_FOLDER / name)], check=True)
    _KNOWN_HOSTS.write_text(f"* {(_FOLDER / 'host.pub').read_text()}")
    (_FOLDER / "config").write_text(f"""
Port {_PORT}
ListenAddress {a.SERVER[4]}
HostKey {_FOLDER}/host
AuthorizedKeysFile {_FOLDER}/user.pub
PermitRootLogin prohibit-password
PermitTunnel point-to-point
ForceCommand sleep infinity
StrictModes no
UsePAM no
PidFile none
LogLevel DEBUG
RekeyLimit default {_NEW_KEYS}
""")


def _start(world: World) -> None:
    _write_files()
    Path("/run/sshd").mkdir(exist_ok=True)
    world.outside.ip(
        f"tuntap add {_LINK} mode tun",
        f"addr add {_SERVER} peer {_CLIENT} dev {_LINK}",
        f"addr add {_SERVER6}/128 dev {_LINK} nodad",
        f"link set {_LINK} up",
        f"route add {_CLIENT6}/128 dev {_LINK}",
    )
    log = log_of("sshd")
    log.unlink(missing_ok=True)
    world.outside.daemon("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", str(_FOLDER / "config")])
    wait_until(lambda: b"Server listening" in log.read_bytes(), "sshd to listen")


def _stop(world: World) -> None:
    world.outside.end("sshd")
    world.outside.ip(f"link del {_LINK}")  # its addresses are the next kind's, too


def _is_free(world: World) -> bool:
    """sshd takes no second client for the same device, and may hear late that the first has gone."""
    shown = world.outside.run(["ip", "link", "show", _LINK], check=False)
    return shown.returncode != 0 or "NO-CARRIER" in shown.stdout


def _rekey(_world: World) -> None:
    """By the server's clock, and once something passes."""
    wait_for_more("sshd", b"rekeying out", "new keys", 4 * _NEW_KEYS)


def _data(host: str) -> dict[str, str]:
    return {
        "remote": host,
        "remote-username": "root",
        "auth-type": "key",
        "key-file": str(_FOLDER / "user"),
        "remote-dev": _DEVICE,
        "remote-ip": _SERVER,
        "local-ip": _CLIENT,
        "netmask": "255.255.255.255",
        "ip-6": "yes",
        "remote-ip-6": _SERVER6,
        "local-ip-6": _CLIENT6,
        "netmask-6": "128",
    }


KINDS = (
    Kind(
        name="ssh-key",
        type="ssh",
        packages=("network-manager-ssh", "openssh-client", "openssh-server"),
        program="ssh",
        start=_start,
        stop=_stop,
        data=_data,
        rekey=_rekey,
        is_free=_is_free,
        wire=frozenset({(TCP, _PORT)}),
    ),
)
