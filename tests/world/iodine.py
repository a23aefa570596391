# SPDX-License-Identifier: GPL-2.0-or-later
"""iodine, a tunnel in DNS questions, against iodined: at its own address, where it needs no questions once it is
connected, and through somebody's resolver, by questions alone."""

from . import addresses as a
from .kind import UDP, Kind
from .network import log_of
from .waiting import wait_until
from .world import World

_RESOLVER = "203.0.113.54"
_NAME = "iodine"
_DOMAIN = f"{_NAME}.example"
_PASSWORD = "not a secret"
_LINK = "dns9"
_PLUGIN = "nm-iodine-service"
_SERVER = "198.51.100.113"


def _start(world: World) -> None:
    log = log_of("iodined")
    log.unlink(missing_ok=True)
    command = ["iodined", "-f", "-c", "-P", _PASSWORD, "-l", a.SERVER[4], "-d", _LINK, f"{_SERVER}/28", _DOMAIN]
    world.outside.daemon("iodined", command)
    wait_until(lambda: b"Listening to dns" in log.read_bytes(), "iodined to listen")
    if world.outside.run(["ip", "addr", "show", "to", _RESOLVER]).stdout:
        return
    world.outside.ip(f"addr add {_RESOLVER}/32 dev lo")
    resolver = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file"]
    resolver += [f"--listen-address={_RESOLVER}", "--bind-interfaces", "--log-facility=-", f"--server=/{_DOMAIN}/{a.SERVER[4]}"]
    world.outside.daemon("resolver", resolver)
    wait_until(lambda: b"started" in log_of("resolver").read_bytes(), "the resolver to listen")


def _stop(world: World) -> None:
    world.outside.end("iodined")
    wait_until(lambda: not world.outside.has_link(_LINK), "the server's tun to be gone")


def _data(host: str) -> dict[str, str]:
    """By address the server itself; "by name" a resolver, which alone is let out, so that iodine's own way past it is
    not: what it tries first for ten seconds. Connected before the lock closes it would stay with that way."""
    return {"nameserver": a.SERVER[4] if host == a.SERVER[4] else _RESOLVER, "topdomain": _DOMAIN, "password-flags": "2"}


def _secrets(world: World, _host: str) -> dict[str, str]:
    """Each time for a new process of the plugin: the same one does not connect again."""
    world.client.end(_PLUGIN)
    return {"password": _PASSWORD}


KINDS = (
    Kind(
        name=_NAME,
        type="iodine",
        packages=("network-manager-iodine", "iodine"),
        program="iodine",
        start=_start,
        stop=_stop,
        data=_data,
        secrets=_secrets,
        wire=frozenset({(UDP, a.DNS_PORT)}),
        families=(4,),
        remains="While it is connected or connecting, daemons can ask that name server anything.",
    ),
)
