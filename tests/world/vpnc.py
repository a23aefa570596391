# SPDX-License-Identifier: GPL-2.0-or-later
"""vpnc, Cisco's IPsec with a group's secret and a person's password (IKEv1, aggressive mode, XAuth), against
strongSwan, which encrypts by itself here: so its ESP is always inside UDP."""

import os
from functools import partial
from pathlib import Path

from . import addresses as a
from .kind import UDP, Kind
from .network import log_of, wait_for_more
from .waiting import wait_until
from .world import World

_FOLDER = Path("/run/world/charon")
_VICI = f"unix://{_FOLDER}/vici"
_LINK = "ipsec0"  # kernel-libipsec's
_GROUP, _GROUP_SECRET = "people", "not a secret of the group"
_USER, _PASSWORD = "alice", "not a secret"
_IKE, _NATT = 500, 4500
_PLUGINS = "random nonce openssl hmac vici kernel-libipsec kernel-netlink socket-default xauth-generic updown"
_CHILD = "all"
_SERVER = ("strongswan-charon", "strongswan-swanctl", "libcharon-extra-plugins", "libcharon-extauth-plugins")

_DAEMON = f"""charon {{
    load = {_PLUGINS}
    install_routes = no
    i_dont_care_about_security_and_use_aggressive_mode_psk = yes
    plugins {{
        vici {{
            socket = {_VICI}
        }}
    }}
    filelog {{
        stderr {{
            default = 1
        }}
    }}
}}
"""
_CONNECTION = f"""connections {{
    cisco {{
        version = 1
        aggressive = yes
        local_addrs = {a.SERVER[4]}
        pools = people
        encap = yes
        proposals = aes256-sha1-modp1024
        local {{
            auth = psk
        }}
        remote {{
            auth = psk
        }}
        remote-xauth {{
            auth = xauth
        }}
        children {{
            {_CHILD} {{
                local_ts = 0.0.0.0/0
                esp_proposals = aes256-sha1
            }}
        }}
    }}
}}
pools {{
    people {{
        addrs = {a.KIND_NET[4]}
    }}
}}
secrets {{
    ike-group {{
        secret = "{_GROUP_SECRET}"
    }}
    xauth-person {{
        id = {_USER}
        secret = "{_PASSWORD}"
    }}
}}
"""


def _swanctl(world: World, *arguments: str) -> str:
    return world.outside.run(["swanctl", *arguments, "--uri", _VICI]).stdout


def _start(world: World) -> None:
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / "daemon.conf").write_text(_DAEMON)
    (_FOLDER / "connection.conf").write_text(_CONNECTION)
    log = log_of("charon")
    log.unlink(missing_ok=True)
    Path("/run/charon.pid").unlink(missing_ok=True)
    world.outside.daemon("charon", ["/usr/lib/ipsec/charon"], env=os.environ | {"STRONGSWAN_CONF": str(_FOLDER / "daemon.conf")})
    wait_until(lambda: (_FOLDER / "vici").is_socket() and world.outside.has_link(_LINK), "charon to listen")
    _swanctl(world, "--load-all", "--noprompt", "--file", str(_FOLDER / "connection.conf"))
    world.outside.ip(f"link set {_LINK} up", f"route add {a.KIND_NET[4]} dev {_LINK}")


def _stop(world: World) -> None:
    world.outside.end("charon")
    (_FOLDER / "vici").unlink(missing_ok=True)
    wait_until(lambda: not world.outside.has_link(_LINK), "the server's tun to be gone")


def _rekey(world: World) -> None:
    """The server's nonce has another length than vpnc's: the keys they make of them then differ."""
    begin = partial(_swanctl, world, "--rekey", "--child", _CHILD)
    wait_for_more("charon", f"CHILD_SA {_CHILD}{{".encode(), "new keys", 20, begin)


def _data(mode: str, host: str) -> dict[str, str]:
    return {
        "IPSec gateway": host,
        "IPSec ID": _GROUP,
        "Xauth username": _USER,
        "NAT Traversal Mode": mode,
        "IPSec secret-flags": "2",
        "Xauth password-flags": "2",
    }


def _secrets(_world: World, _host: str) -> dict[str, str]:
    return {"IPSec secret": _GROUP_SECRET, "Xauth password": _PASSWORD}


def _kind(mode: str) -> Kind:
    return Kind(
        name=f"vpnc-{mode}",
        type="vpnc",
        packages=("network-manager-vpnc", "vpnc", *_SERVER),
        program="vpnc",
        start=_start,
        stop=_stop,
        data=partial(_data, mode),
        secrets=_secrets,
        rekey=_rekey,
        outlives_new_keys=False,
        wire=frozenset({(UDP, _IKE), (UDP, _NATT)}),
        families=(4,),
    )


KINDS = (_kind("natt"), _kind("force-natt"))
