# SPDX-License-Identifier: GPL-2.0-or-later
"""IPsec's other end (strongSwan in the server's namespace), a profile for NetworkManager's strongSwan,
and policies and keys set by hand."""

from typing import TYPE_CHECKING

from world import addresses as a
from world import keys
from world.profiles import uuid_of
from world.waiting import wait_until

if TYPE_CHECKING:
    from vm.machine import Machine

PROFILE = "strongswan"
_FOLDER = "/etc/swanctl"

_SERVER = f"""connections {{
    tests {{
        version = 2
        local_addrs = {a.KERNEL_SERVER}
        pools = tests
        encap = no
        local {{
            auth = pubkey
            certs = vpn.crt
            id = {a.KERNEL_SERVER}
        }}
        remote {{
            auth = eap-md5
            eap_id = %any
        }}
        children {{
            all {{
                local_ts = 0.0.0.0/0
            }}
        }}
    }}
}}
pools {{
    tests {{
        addrs = {a.KERNEL_IPSEC_CLIENT}/32
    }}
}}
secrets {{
    eap-joe {{
        id = joe
        secret = secret
    }}
}}
"""


def _profile(encapsulated: bool) -> str:
    return f"""[connection]
id={PROFILE}
uuid={uuid_of(PROFILE)}
type=vpn
autoconnect=false
[vpn]
service-type=org.freedesktop.NetworkManager.strongswan
address={a.KERNEL_SERVER}
certificate={_FOLDER}/x509ca/ca.crt
method=eap
user=joe
virtual=yes
encap={"yes" if encapsulated else "no"}
password-flags=0
[vpn-secrets]
password=secret
[ipv4]
method=auto
[ipv6]
method=auto
"""


# NetworkManager needs no plugin to know it, and the lock no connection to open its server
L2TP = f"""[connection]
id=l2tp
uuid={uuid_of("l2tp")}
type=vpn
autoconnect=false
[vpn]
service-type=org.freedesktop.NetworkManager.l2tp
gateway={a.KERNEL_SERVER}
ipsec-enabled=yes
[ipv4]
method=auto
[ipv6]
method=auto
"""


def add_profile(machine: "Machine", encapsulated: bool) -> None:
    from vm import setting

    setting.add_profile(machine, PROFILE, _profile(encapsulated))


def raise_server(machine: "Machine") -> None:
    keys.make_certificate("vpn", "ca", f"subjectAltName=IP:{a.KERNEL_SERVER}\n")
    for name in ("x509/vpn.crt", "x509ca/ca.crt", "private/vpn.key"):
        machine.write(f"{_FOLDER}/{name}", (keys.FOLDER / name.rpartition("/")[2]).read_text(), "600")
    machine.write(f"{_FOLDER}/conf.d/tests.conf", _SERVER)
    inside = "--property=NetworkNamespacePath=/run/netns/server"
    machine.run("systemd-run", "--quiet", "--collect", "--unit=charon", inside, "/usr/lib/ipsec/charon")
    load = ["swanctl", "--load-all", "--noprompt"]
    wait_until(lambda: machine.run(*load, check=False).returncode == 0, "the server to take its configuration", 60)


def end_server(machine: "Machine") -> None:
    machine.run("systemctl", "stop", "charon.service", check=False)
    # the plugin's service ends three minutes after its last connection, and keeps a tun of its own until then
    machine.run("sh", "-c", "kill $(pidof charon-nm)", check=False)
    wait_until(lambda: not machine.has_link("tun0"), "charon-nm's tun to be gone", 30)
    forget(machine, "ip netns exec server ")
    forget(machine)


def forget(machine: "Machine", prefix: str = "") -> None:
    machine.run("sh", "-c", f"{prefix}ip xfrm policy flush; {prefix}ip xfrm state flush", check=False)


# -- by hand

_SECRETS = "enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth-trunc 'hmac(sha256)' 0x{auth} 128".format(
    auth=bytes(range(32)).hex()
)
INTERFACE = "ipsec0"
_NUMBER = 42
# Looked up before the main one and strongSwan's own: 220, or, where it has an interface (6.1), 210, which takes all but
# what it marks itself: the encrypted packets of others, too.
_TABLE = 205


def _states(client: str, way: str, mode: str) -> list[str]:
    more = " encap espinudp 4500 4500 0.0.0.0" if way == "tunnel in UDP" else ""
    more += f" if_id {_NUMBER}" if way == "xfrm interface" else ""
    pairs = ((client, a.KERNEL_SERVER, "0x1001"), (a.KERNEL_SERVER, client, "0x1002"))
    return [
        f"state add src {one} dst {other} proto esp spi {spi} reqid 7 mode {mode} {_SECRETS}{more}"
        for one, other, spi in pairs
    ]


def _policy(there: str, back: str, ends: tuple[str, str], mode: str, number: str = "") -> list[str]:
    template = f"tmpl src {ends[0]} dst {ends[1]} proto esp reqid 7 mode {mode}"
    backwards = f"tmpl src {ends[1]} dst {ends[0]} proto esp reqid 7 mode {mode}"
    return [
        f"policy add {there} dir out {template}{number}",
        f"policy add {back} dir in {backwards}{number}",
        f"policy add {back} dir fwd {backwards}{number}",
    ]


def _apply(machine: "Machine", client: list[str], server: list[str]) -> None:
    machine.run("ip", "-force", "-batch", "-", given=("\n".join(client) + "\n").encode())
    machine.run("ip", "-n", "server", "-batch", "-", given=("\n".join(server) + "\n").encode())


def _xfrm(commands: list[str]) -> list[str]:
    return [f"xfrm {command}" for command in commands]


def raise_tunnel(machine: "Machine", way: str) -> None:
    """What goes to the web server gets this client's address in the tunnel, and is encrypted."""
    me = machine.uplink_address()
    out = f"src {a.KERNEL_XFRM_CLIENT}/32 dst 0.0.0.0/0"
    back = f"src 0.0.0.0/0 dst {a.KERNEL_XFRM_CLIENT}/32"
    number = f" if_id {_NUMBER}" if way == "xfrm interface" else ""
    server = _xfrm([command.replace(number, "") for command in _states(me, way, "tunnel")])
    server += _xfrm(_policy(back, out, (a.KERNEL_SERVER, me), "tunnel"))
    client = _xfrm(_states(me, way, "tunnel") + _policy(out, back, (me, a.KERNEL_SERVER), "tunnel", number))
    if way == "xfrm interface":
        client += [f"link add {INTERFACE} type xfrm dev {a.UPLINK} if_id {_NUMBER}"]
        client += [f"addr add {a.KERNEL_XFRM_CLIENT}/32 dev {INTERFACE}", f"link set {INTERFACE} up"]
        client += [f"route add {a.WEB[4]}/32 dev {INTERFACE} src {a.KERNEL_XFRM_CLIENT}"]
    else:
        client += [f"addr add {a.KERNEL_XFRM_CLIENT}/32 dev {a.UPLINK}"]
        route = f"{a.WEB[4]}/32 via {a.ROUTER[4]} dev {a.UPLINK} src {a.KERNEL_XFRM_CLIENT}"
        there = f"{a.KERNEL_SERVER}/32 via {a.ROUTER[4]} dev {a.UPLINK}"
        client += [f"route add {route} table {_TABLE}", f"route add {there} table {_TABLE}", f"rule add priority {_TABLE} lookup {_TABLE}"]
    _apply(machine, client, server)
    if way == "tunnel in UDP":
        machine.run("systemd-run", "--quiet", "--collect", "--unit=udp4500", "/usr/bin/python3", "-c", _TAKE_OUT_OF_UDP)
        wait_until(lambda: ":4500" in machine.run("ss", "-Hlun", "sport = :4500").stdout, "UDP 4500", 30)


# the kernel takes ESP out of UDP for a socket that asks for it; at the other end strongSwan has one
_TAKE_OUT_OF_UDP = """
import signal, socket
taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taker.bind(("0.0.0.0", 4500))
taker.setsockopt(socket.IPPROTO_UDP, 100, 2)  # UDP_ENCAP, UDP_ENCAP_ESPINUDP
signal.pause()
"""


def raise_transport(machine: "Machine") -> None:
    """L2TP's: what goes to the server's port 1701 is encrypted."""
    me = machine.uplink_address()
    out = f"src {me}/32 dst {a.KERNEL_SERVER}/32 proto 17 dport 1701"
    back = f"src {a.KERNEL_SERVER}/32 dst {me}/32 proto 17 sport 1701"
    states = _xfrm(_states(me, "", "transport"))
    client = states + _xfrm(_policy(out, back, (me, a.KERNEL_SERVER), "transport"))
    _apply(machine, client, states + _xfrm(_policy(back, out, (a.KERNEL_SERVER, me), "transport")))


def lower(machine: "Machine") -> None:
    machine.sh("systemctl --quiet stop udp4500 || true", check=False)
    forget(machine, "ip netns exec server ")
    forget(machine)
    machine.sh(
        f"ip link del {INTERFACE} || true; ip route flush table {_TABLE} || true; ip route del {a.WEB[4]}/32 || true; "
        f"ip rule del priority {_TABLE} || true; "
        f"ip addr del {a.KERNEL_XFRM_CLIENT}/32 dev {a.UPLINK} || true"
    )
