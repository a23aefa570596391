# SPDX-License-Identifier: GPL-2.0-or-later
"""The outside: the client's router (DHCP, RA, DNS), the VPN servers, the public internet."""

import ipaddress
import select
import subprocess
from pathlib import Path

from . import addresses as a
from . import keys, versions
from .network import Namespace, log_of
from .waiting import wait_until

# dnsmasq's shortest lease is two minutes; T1 makes the client renew after a few seconds of it,
# so that a renewal happens while a test is looking
LEASE = "2m"
RENEW_AFTER = "10"


def configure_links(outside: Namespace) -> None:
    outside.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1, ipv6__conf__default__accept_dad=0)
    outside.sysctl(**{f"ipv6__conf__{a.ROUTER_END}__accept_dad": 0})
    commands = [
        f"addr add {a.ROUTER[4]}/24 dev {a.ROUTER_END}",
        f"addr add {a.ROUTER[6]}/64 dev {a.ROUTER_END} nodad",
        f"addr add {a.PRIVATE_ROUTER[4]}/24 dev {a.ROUTER_END}",
        f"addr add {a.PRIVATE_ROUTER[6]}/64 dev {a.ROUTER_END} nodad",
        f"link set {a.ROUTER_END} up",
        # an address that swallows: not even an ICMP error comes back
        f"route add blackhole {a.DEAD_SERVER}/32",
    ]
    for hosts in (a.WEB, a.PUBLIC_DNS, a.SERVER):
        commands += [f"addr add {hosts[4]}/32 dev lo", f"addr add {hosts[6]}/128 dev lo nodad"]
    outside.ip(*commands)


VPN_HOSTS = "/run/world/vpn-hosts"  # what the DNS says of names; everything else is the web


def say_names(*lines: str) -> None:
    """From now on the DNS answers so: lines of a hosts file."""
    Path(VPN_HOSTS).write_text("".join(f"{line}\n" for line in lines))


DHCP_OPTIONS = "/run/world/dhcp-options"  # what a lease carries besides addresses


def say_options(*lines: str, renew_after: str = RENEW_AFTER) -> None:
    """From now on leases carry these, as after dnsmasq's --dhcp-option (SIGHUP makes it read them)."""
    Path(DHCP_OPTIONS).write_text("".join(f"{line}\n" for line in (f"option:T1,{renew_after}", *lines)))


def start_dnsmasq(outside: Namespace) -> None:
    config = Path("/run/world/dnsmasq.conf")
    say_names()
    say_options()
    config.write_text(
        f"""
keep-in-foreground
no-resolv
no-hosts
no-ping
bind-interfaces
interface={a.ROUTER_END}
except-interface=lo
user=root
log-dhcp
log-facility=-
leasefile-ro
addn-hosts={VPN_HOSTS}
local=/{a.ONLY_KNOWN_NAMES}/
address=/#/{a.WEB[4]}
address=/#/{a.WEB[6]}
dhcp-authoritative
dhcp-rapid-commit
dhcp-range={a.DHCP_RANGE[4][0]},{a.DHCP_RANGE[4][1]},255.255.255.0,{LEASE}
dhcp-option=option:router,{a.ROUTER[4]}
dhcp-option=option:dns-server,{a.ROUTER[4]}
dhcp-optsfile={DHCP_OPTIONS}
enable-ra
ra-param={a.ROUTER_END},10,1800
dhcp-range={a.DHCP_RANGE[6][0]},{a.DHCP_RANGE[6][1]},slaac,64,{LEASE}
dhcp-option=option6:dns-server,[{a.ROUTER[6]}]
"""
    )
    outside.daemon("dnsmasq", ["dnsmasq", f"--conf-file={config}"])


def _start_vpn_server(outside: Namespace, name: str, link: str, port: int, *more: str) -> None:
    outside.daemon(
        name,
        ["openvpn", "--dev", link, "--dev-type", "tun", "--disable-dco", "--verb", "3"]
        + ["--local", a.SERVER[4], "--port", str(port), "--proto", "udp", *more],
    )


def _wait_to_be_said(name: str, words: bytes) -> None:
    wait_until(lambda: words in log_of(name).read_bytes(), f"{name} to be up")


def start_vpn_servers(outside: Namespace) -> None:
    """One carries IPv4 and IPv6; the second IPv4 alone, and its one client always has the same address."""
    tls = ["--mode", "server", "--tls-server", "--topology", "subnet"]
    tls += ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt"]
    tls += ["--key", f"{keys.FOLDER}/server.key", "--dh", "none"]
    tls += ["--ping", "10"]  # a client that hears nothing for two minutes starts again
    net4 = ipaddress.ip_network(a.TUNNEL_NET[4])
    _start_vpn_server(
        outside, "openvpn-server", a.SERVER_TUNNEL, a.SERVER_PORT, *tls,
        *("--server", str(net4.network_address), str(net4.netmask), "--server-ipv6", a.TUNNEL_NET[6]),
        *("--push", f"dhcp-option DNS {a.PUBLIC_DNS[4]}", "--duplicate-cn"),
    )
    mask = str(ipaddress.ip_network(a.SECOND_NET).netmask)
    _start_vpn_server(
        outside, "openvpn-second-server", a.SECOND_TUNNEL, a.SECOND_SERVER_PORT, *tls,
        *("--ifconfig", a.SECOND_SERVER, mask, "--ifconfig-pool", a.SECOND_CLIENT, a.SECOND_POOL_END, mask),
        *("--push", "topology subnet", "--push", f"route-gateway {a.SECOND_SERVER}"),
    )


def start_static_server(outside: Namespace) -> None:
    """Without TLS, by one key for both ends: the mode that OpenVPN 2.7 has to be talked into."""
    _start_vpn_server(
        outside, "openvpn-static-server", a.STATIC_TUNNEL, a.STATIC_SERVER_PORT,
        *("--ifconfig", a.STATIC_SERVER, a.STATIC_CLIENT, "--cipher", "AES-256-CBC", "--float"),
        *(*versions.openvpn().static_key_option, "--secret", f"{keys.FOLDER}/static.key"),
    )
    _wait_to_be_said("openvpn-static-server", b"UDPv4 link remote")


def start_internet(outside: Namespace) -> subprocess.Popen:
    with open(log_of("internet"), "ab") as log:
        return outside.popen(
            ["/usr/bin/python3", str(Path(__file__).with_name("internet.py"))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def wait_for_outside(outside: Namespace, internet: subprocess.Popen) -> None:
    if not select.select([internet.stdout], [], [], 60)[0] or internet.stdout.readline() != b"ready\n":
        raise RuntimeError(f"the internet did not start: {log_of('internet').read_text()}")
    for name in ("openvpn-server", "openvpn-second-server"):
        _wait_to_be_said(name, b"Initialization Sequence Completed")
    _wait_to_be_said("dnsmasq", b"started")
