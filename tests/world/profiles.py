# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's connection profiles, as NetworkManager's key files."""

import uuid
from pathlib import Path

from . import addresses as a
from . import keys

_FOLDER = Path("/etc/NetworkManager/system-connections")

VPNS = ("full", "split", "second", "dead", "static")


def uuid_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.nm-killswitch.test"))


def write(name: str, text: str) -> None:
    path = _FOLDER / f"{name}.nmconnection"
    path.write_text(text)
    path.chmod(0o600)  # NetworkManager ignores key files that others may read


def _uplink() -> str:
    return f"""[connection]
id=uplink
uuid={uuid_of("uplink")}
type=ethernet
interface-name={a.UPLINK}

[ipv4]
method=auto
may-fail=false
address1={a.PRIVATE_CLIENT[4]}/24

[ipv6]
method=auto
may-fail=false
addr-gen-mode=eui64
ip6-privacy=0
address1={a.PRIVATE_CLIENT[6]}/64
"""


def vpn(name: str, data: dict[str, str], never_default: bool = False, service: str = "openvpn") -> str:
    lines = "\n".join(f"{key}={value}" for key, value in data.items())
    split = "never-default=true\n" if never_default else ""
    return f"""[connection]
id={name}
uuid={uuid_of(name)}
type=vpn
autoconnect=false

[vpn]
service-type=org.freedesktop.NetworkManager.{service}
{lines}

[ipv4]
method=auto
{split}
[ipv6]
method=auto
addr-gen-mode=default
{split}"""


def tls(remote: str) -> dict[str, str]:
    return {
        "connection-type": "tls",
        "remote": remote,
        "ca": f"{keys.FOLDER}/ca.crt",
        "cert": f"{keys.FOLDER}/client.crt",
        "key": f"{keys.FOLDER}/client.key",
        "remote-cert-tls": "server",
        "dev-type": "tun",
    }


def write_all() -> None:
    live = f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"
    write("uplink", _uplink())
    write("full", vpn("full", tls(live)))
    write("split", vpn("split", tls(live), never_default=True))
    write("second", vpn("second", tls(f"{a.SERVER[4]}:{a.SECOND_SERVER_PORT}:udp")))
    write("dead", vpn("dead", tls(f"{a.DEAD_SERVER}:{a.SERVER_PORT}:udp")))
    static = {
        "connection-type": "static-key",
        "remote": f"{a.SERVER[4]}:{a.STATIC_SERVER_PORT}:udp",
        "static-key": f"{keys.FOLDER}/static.key",
        "local-ip": a.STATIC_CLIENT,
        "remote-ip": a.STATIC_SERVER,
        "cipher": "AES-256-CBC",
        "dev-type": "tun",
    }
    write("static", vpn("static", static))
