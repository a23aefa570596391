# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN by what the world's own profiles do not use: TCP, proxies, tap, and a server that has IPv6 alone. By tap
NetworkManager's plugin names no gateway for IPv6, so the server would have to answer for all its neighbours."""

import ipaddress
import subprocess
from functools import partial
from pathlib import Path

from . import addresses as a
from . import keys, profiles
from .kind import TCP, UDP, Kind, Server
from .network import log_of, wait_for_more
from .waiting import wait_until
from .world import World

_PACKAGES = ("network-manager-openvpn", "openvpn")
_PORT = 1443
_NEW_KEYS = 5  # seconds
_HTTP_PORT, _SOCKS_PORT = 8081, 1080
_started: list[subprocess.Popen] = []


def _start_proxy(world: World, name: str, address: str, port: int) -> None:
    log_of(name).unlink(missing_ok=True)
    program = str(Path(__file__).with_name("proxy.py"))
    _started.append(world.outside.daemon(name, ["/usr/bin/python3", program, address, str(port)]))
    wait_until(lambda: b"ready" in log_of(name).read_bytes(), f"{name} to listen")


def _start(device: str, protocol: str, address: str, world: World) -> None:
    log_of("openvpn-kind").unlink(missing_ok=True)
    net4 = ipaddress.ip_network(a.KIND_NET[4])
    program = ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "kinds0", "--dev-type", device]
    program += ["--server", str(net4.network_address), str(net4.netmask), "--server-ipv6", a.KIND_NET[6], "--disable-dco"]
    program += ["--local", address, "--port", str(_PORT), "--proto", protocol, "--duplicate-cn", "--dh", "none", "--verb", "3"]
    program += ["--reneg-sec", str(_NEW_KEYS)]
    program += ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
    _started.append(world.outside.daemon("openvpn-kind", program))
    wait_until(lambda: b"Initialization Sequence Completed" in log_of("openvpn-kind").read_bytes(), "it to listen")


def _rekey(_world: World) -> None:
    """By the server's clock."""
    wait_for_more("openvpn-kind", b"Control Channel: TLS", "new keys", 4 * _NEW_KEYS)


def _start_behind(port: int, world: World) -> None:
    _start("tun", "tcp4-server", a.SERVER[4], world)
    _start_proxy(world, f"proxy-{port}", a.SERVER[4], port)


def _stop(_world: World) -> None:
    while _started:
        program = _started.pop()
        program.kill()
        program.wait(10)


def _data(protocol: str, more: dict[str, str], host: str) -> dict[str, str]:
    written = f"[{host}]" if ":" in host else host
    return profiles.tls(f"{written}:{_PORT}:{protocol}") | {"connect-timeout": "20"} | more


def _behind(kind: str, port: int, host: str) -> dict[str, str]:
    """The proxy is what the lock has to let out; the VPN's server is elsewhere, and is called by address."""
    through = {"proxy-type": kind, "proxy-server": host, "proxy-port": str(port)}
    return _data("tcp4", through, a.SERVER[4])


def _kind(name: str, wire: tuple[int, int], start: Server, data, **more) -> Kind:
    return Kind(
        name=f"openvpn-{name}",
        type="openvpn",
        packages=_PACKAGES,
        program="openvpn",
        start=start,
        stop=_stop,
        data=data,
        rekey=_rekey,
        wire=frozenset({wire}),
        **more,
    )


KINDS = (
    _kind("tcp", (TCP, _PORT), partial(_start, "tun", "tcp4-server", a.SERVER[4]), partial(_data, "tcp4", {})),
    _kind("http-proxy", (TCP, _HTTP_PORT), partial(_start_behind, _HTTP_PORT), partial(_behind, "http", _HTTP_PORT)),
    _kind("socks-proxy", (TCP, _SOCKS_PORT), partial(_start_behind, _SOCKS_PORT), partial(_behind, "socks", _SOCKS_PORT)),
    _kind("tap", (UDP, _PORT), partial(_start, "tap", "udp4", a.SERVER[4]), partial(_data, "udp4", {"dev-type": "tap"}), families=(4,)),
    _kind("ipv6", (UDP, _PORT), partial(_start, "tun", "udp6", a.SERVER[6]), partial(_data, "udp6", {}), address=a.SERVER[6]),
)
