# SPDX-License-Identifier: GPL-2.0-or-later
"""The outside: the client's router (DHCP, RA, DNS), the VPN servers, the public internet."""

import ipaddress
import select
import subprocess
from pathlib import Path

from . import addresses as a
from . import keys
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


def start_vpn_servers(outside: Namespace) -> None:
    """The TLS server (IPv4 and IPv6 in the tunnel) and the static-key one (IPv4 only: that mode
    of NetworkManager's plugin hands openvpn no --ifconfig-ipv6)."""
    net4 = ipaddress.ip_network(a.TUNNEL_NET[4])
    outside.daemon(
        "openvpn-server",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet"]
        + ["--dev", a.SERVER_TUNNEL, "--dev-type", "tun", "--disable-dco"]
        + ["--local", a.SERVER[4], "--port", str(a.SERVER_PORT), "--proto", "udp"]
        + ["--server", str(net4.network_address), str(net4.netmask)]
        + ["--server-ipv6", a.TUNNEL_NET[6]]
        + ["--push", f"dhcp-option DNS {a.PUBLIC_DNS[4]}"]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt"]
        + ["--key", f"{keys.FOLDER}/server.key", "--dh", "none", "--duplicate-cn", "--verb", "3"]
        # a client that hears nothing for two minutes starts anew
        + ["--ping", "10"],
    )
    outside.daemon(
        "openvpn-static-server",
        ["openvpn", "--dev", a.STATIC_TUNNEL, "--dev-type", "tun", "--disable-dco"]
        + ["--local", a.SERVER[4], "--port", str(a.STATIC_SERVER_PORT), "--proto", "udp", "--float"]
        + ["--ifconfig", a.STATIC_SERVER, a.STATIC_CLIENT, "--cipher", "AES-256-CBC"]
        + ["--secret", f"{keys.FOLDER}/static.key", "--verb", "3"],
    )


def start_internet(outside: Namespace) -> subprocess.Popen:
    with open(log_of("internet"), "ab") as log:
        return outside.popen(
            ["/usr/bin/python3", str(Path(__file__).with_name("internet.py"))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def wait_for_outside(outside: Namespace, internet: subprocess.Popen) -> None:
    if not select.select([internet.stdout], [], [], 10)[0] or internet.stdout.readline() != b"ready\n":
        raise RuntimeError(f"the internet did not start: {log_of('internet').read_text()}")
    for name in ("openvpn-server", "openvpn-static-server"):
        wait_until(lambda: b"UDPv4 link remote" in log_of(name).read_bytes(), f"{name} to listen")
    wait_until(lambda: b"started" in log_of("dnsmasq").read_bytes(), "dnsmasq to start")
