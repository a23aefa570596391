# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks that lie: what a DHCP server, a router and a second network card can do to the routes.

Real parts only: dnsmasq and radvd say it, NetworkManager's own DHCP client and its neighbour
discovery hear it. `Rogue` is a second wire with a network of its own behind it.
"""

import signal
import subprocess
from pathlib import Path

from . import addresses as a
from . import profiles, router
from .capture import Capture
from .network import Namespace, wire
from .waiting import wait_until
from .world import World

# where the web and the public DNS are: anyone who has these has all that the probes ask for
TARGETS = {4: "203.0.113.0/24", 6: "2001:db8:113::/48"}

RENEW_AFTER = "4"  # seconds: a renewed lease is how a network changes its mind


def route_goes_by(client: Namespace, family: int, link: str) -> bool:
    shown = client.run(["ip", f"-{family}", "route", "get", a.WEB[family]], check=False)
    return f"dev {link} " in shown.stdout


class Dhcp:
    """The router's dnsmasq, with more to say than before."""

    def __init__(self, outside: Namespace):
        self._outside = outside

    def say(self, *options: str) -> None:
        """In the next lease, and every one after it, until it is told otherwise."""
        router.say_options(*options, renew_after=RENEW_AFTER)
        self._outside.kill("dnsmasq", signal.SIGHUP)


class Advertiser:
    """radvd on a link, for as long as it is open."""

    def __init__(self, where: Namespace, link: str, body: str):
        self._where = where
        config = Path(f"/run/world/radvd-{link}.conf")
        timing = "AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"
        config.write_text(f"interface {link} {{ {timing} {body} }};\n")
        arguments = ["radvd", "-n", "-C", str(config), "-p", f"/run/world/radvd-{link}.pid", "-m", "stderr"]
        self._program = where.daemon(f"radvd-{link}", arguments)

    def close(self) -> None:
        """Says goodbye: its routes are withdrawn."""
        self._program.terminate()
        self._program.wait(10)


class RogueRouter:
    """Another router on the client's own wire: another hardware address, another promise."""

    LINK = "rogue0"

    def __init__(self, outside: Namespace):
        self.namespace = Namespace("rogue")
        outside.ip(f"link add {self.LINK} link {a.ROUTER_END} type macvlan mode bridge")
        outside.ip(f"link set {self.LINK} netns {self.namespace.name}")
        self.namespace.sysctl(ipv6__conf__all__forwarding=1)
        self.namespace.ip(f"link set {self.LINK} up")
        self._advertiser: Advertiser | None = None

    def address(self) -> str:
        """By which its neighbours know it."""
        shown = self.namespace.run(["ip", "-6", "-o", "addr", "show", "scope", "link", "dev", self.LINK]).stdout
        return shown.split()[3].split("/")[0]

    def advertise(self, body: str) -> None:
        self._advertiser = Advertiser(self.namespace, self.LINK, body)

    def close(self) -> None:
        if self._advertiser:
            self._advertiser.close()
        self.namespace.close()


class SecondNetwork:
    """A wire of its own to a second network card: an access point that calls the internet local.

    The client's addresses there are public ones, next to the web server and the DNS server.
    """

    UPLINK = "uplink1"
    END = "lan1"
    PROFILE = "other"  # of NetworkManager

    def __init__(self, world: World):
        self._world = world
        self.namespace = Namespace("second")
        wire(world.client, self.UPLINK, self.namespace, self.END)
        world.client.ip(f"link set {self.UPLINK} up")
        self.namespace.sysctl(ipv6__conf__all__forwarding=1, ipv4__ip_forward=1)
        self.namespace.ip(
            f"addr add 203.0.113.1/24 dev {self.END}",
            f"addr add 2001:db8:113::1/64 dev {self.END} nodad",
            f"link set {self.END} up",
            *(f"addr add {hosts[4]}/32 dev {self.END}" for hosts in (a.WEB, a.PUBLIC_DNS)),
            *(f"addr add {hosts[6]}/128 dev {self.END} nodad" for hosts in (a.WEB, a.PUBLIC_DNS)),
        )
        config = Path("/run/world/dnsmasq-second.conf")
        config.write_text(
            f"""
keep-in-foreground
no-resolv
no-hosts
no-ping
port=0
bind-interfaces
interface={self.END}
user=root
log-facility=-
leasefile-ro
dhcp-authoritative
dhcp-range=203.0.113.100,203.0.113.199,255.255.255.0,2m
enable-ra
ra-param={self.END},3,1800
dhcp-range=2001:db8:113::5000,2001:db8:113::5fff,slaac,64,2m
"""
        )
        self.namespace.daemon("dnsmasq-second", ["dnsmasq", f"--conf-file={config}"])
        self.capture = Capture(self.namespace, world.client, self.END, self.UPLINK, "203.0.113.")

    def connect(self, metric: int) -> None:
        profiles.write(
            self.PROFILE,
            f"""[connection]
id={self.PROFILE}
uuid={profiles.uuid_of(self.PROFILE)}
type=ethernet
interface-name={self.UPLINK}
autoconnect=false

[ipv4]
method=auto
may-fail=false
route-metric={metric}

[ipv6]
method=auto
may-fail=false
addr-gen-mode=eui64
route-metric={metric}
""",
        )
        self._world.manager.nmcli("connection", "reload")
        self._world.manager.up(self.PROFILE, 60)
        wait_until(lambda: len(self._world.client.addresses(self.UPLINK)) >= 2, "addresses of the second network")

    def close(self) -> None:
        self._world.manager.nmcli("connection", "delete", self.PROFILE, check=False)
        self.capture.close()
        self.namespace.close()


def second_server(outside: Namespace, address: str) -> subprocess.Popen:
    """A VPN server at any address of the outside's, with the keys of the real one."""
    from . import keys

    return outside.daemon(
        "openvpn-elsewhere",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet"]
        + ["--dev", "vpn2", "--dev-type", "tun", "--disable-dco"]
        + ["--local", address, "--port", str(a.SERVER_PORT), "--proto", "udp"]
        + ["--server", "198.18.0.0", "255.255.255.0"]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt"]
        + ["--key", f"{keys.FOLDER}/server.key", "--dh", "none", "--duplicate-cn", "--verb", "3"],
    )
