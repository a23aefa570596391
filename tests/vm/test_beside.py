# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside what others bring, on Debian's kernel: systemd-networkd's own WireGuard, and profiles as Proton's app makes
them, whose dummy interfaces take the default routes. Only with KS_FULL=1."""

import pytest

from world import addresses as a
from world.profiles import uuid_of
from world.waiting import wait_until

from . import setting
from .setting import PERSON

_NETWORKD = "networkd0"
_SERVER = f"{a.KERNEL_SERVER}:{a.WIREGUARD_PORT}/udp"
_TABLE = 51820
_FILES = {
    f"/etc/systemd/network/{_NETWORKD}.netdev": """[NetDev]
Name={name}
Kind=wireguard
[WireGuard]
PrivateKey={client}
FirewallMark={table}
[WireGuardPeer]
PublicKey={server}
Endpoint={address}:{port}
AllowedIPs=0.0.0.0/0
AllowedIPs=::/0
""",
    f"/etc/systemd/network/{_NETWORKD}.network": """[Match]
Name={name}
[Network]
Address={own}/28
[Route]
Destination=0.0.0.0/0
Table={table}
[RoutingPolicyRule]
FirewallMark={table}
InvertRule=yes
Table={table}
Priority=10
""",
}
_UNMANAGED = "/etc/NetworkManager/conf.d/zz-networkd.conf"


@pytest.fixture
def networkd(unlocked):
    """Its WireGuard carries all IPv4, by the rules that its own manual gives."""
    client, server = unlocked.sh("cat /etc/wireguard/client.key /etc/wireguard/server.pub").split()
    words = {"name": _NETWORKD, "client": client, "server": server, "table": _TABLE}
    words |= {"address": a.KERNEL_SERVER, "port": a.WIREGUARD_PORT, "own": a.KERNEL_TUNNEL_CLIENT}
    for path, text in _FILES.items():
        unlocked.write(path, text.format(**words))
    unlocked.write(_UNMANAGED, f"[keyfile]\nunmanaged-devices=interface-name:server0;interface-name:{_NETWORKD}\n")
    unlocked.run("nmcli", "general", "reload", "conf")
    unlocked.ctl("vpn", "set", setting.PROFILE, "--server", f"{a.DEAD_SERVER}:{a.WIREGUARD_PORT}/udp")
    yield unlocked
    unlocked.sh(f"systemctl stop systemd-networkd.service; ip rule del priority 10 || true; ip link del {_NETWORKD} || true")
    unlocked.run("rm", "-f", *_FILES, _UNMANAGED)
    unlocked.run("nmcli", "general", "reload", "conf")
    unlocked.ctl("vpn", "remove", "networkd", check=False)
    unlocked.ctl("vpn", "set", setting.PROFILE, "--clear")


def test_networkds_wireguard(networkd, report):
    setting.must_leak(networkd)
    networkd.ctl("lock")
    networkd.wait_state("blocked")
    since = networkd.capture.fence()
    networkd.run("systemctl", "start", "systemd-networkd.service", timeout=120)
    wait_until(lambda: networkd.addresses(_NETWORKD), "networkd's interface", 60)
    assert setting.my_address(networkd, PERSON) != a.KERNEL_TUNNEL_CLIENT
    setting.must_hold(networkd, since)
    assert not [frame for frame in networkd.capture.since(since) if frame.purpose == "server"], "not told yet"

    networkd.ctl("vpn", "add", "networkd", "--interface", _NETWORKD, "--server", _SERVER)
    assert networkd.wait_state("protected", 60)["verified"]
    setting.must_tunnel(networkd, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(networkd, since)
    networkd.run("ip", "link", "del", _NETWORKD)
    assert networkd.wait_state("blocked", 60)["verified"]
    setting.must_hold(networkd, since)
    report.line("systemd-networkd's WireGuard: closed until it was set up, carried, its link deleted: 0 frames in clear")


_KILL_SWITCH = f"""[connection]
id=pvpn-killswitch
uuid={uuid_of("pvpn-killswitch")}
type=dummy
interface-name=pvpnksintrf0
autoconnect=false
[ipv4]
method=manual
address1=100.85.0.1/24,100.85.0.1
dns=0.0.0.0;
dns-priority=-1500
ignore-auto-dns=true
route-metric=98
[ipv6]
method=manual
address1=fdeb:446c:912d:8da::/64,fdeb:446c:912d:8da::1
dns=::1;
dns-priority=-1500
ignore-auto-dns=true
route-metric=98
"""


@pytest.fixture
def proton(unlocked):
    """Its server is reached past the dummy, as the app does it."""
    setting.add_profile(unlocked, "pvpn-killswitch", _KILL_SWITCH)
    text = setting.wireguard(unlocked, "Proton NL#1", a.KERNEL_SERVER).replace(f"interface-name={setting.WIREGUARD}", "interface-name=proton0")
    setting.add_profile(unlocked, "proton", text.replace("[ipv6]", "dns-priority=-1500\ndns-search=~\n[ipv6]"))
    unlocked.run("ip", "route", "add", f"{a.KERNEL_SERVER}/32", "via", a.ROUTER[4], "dev", a.UPLINK)
    yield unlocked
    for name in ("Proton NL#1", "pvpn-killswitch"):
        unlocked.run("nmcli", "connection", "delete", name, check=False)
    unlocked.run("ip", "route", "del", f"{a.KERNEL_SERVER}/32", check=False)


def _up(machine, name: str) -> None:
    machine.run("nmcli", "--wait", "60", "connection", "up", name, timeout=90)


def test_beside_protons_profiles(proton, report):
    """The dummy is no VPN, whatever its routes: what is shown is true, and it neither locks nor lets out."""
    setting.must_leak(proton)
    _up(proton, "pvpn-killswitch")
    status = proton.status()
    assert (status["state"], status["tunnels"]) == ("unlocked", [])
    _up(proton, "Proton NL#1")
    status = proton.wait_state("protected", 60)
    assert status["verified"] and [tunnel["interface"] for tunnel in status["tunnels"]] == ["proton0"]
    since = proton.capture.fence()
    setting.must_tunnel(proton, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(proton, since)

    proton.run("nmcli", "connection", "down", "Proton NL#1")
    status = proton.wait_state("blocked", 60)
    assert status["verified"] and status["tunnels"] == []
    setting.must_hold(proton, since)
    proton.run("nmcli", "connection", "down", "pvpn-killswitch")
    assert proton.wait_state("blocked", 60)["verified"]
    setting.must_hold(proton, since)
    _up(proton, "pvpn-killswitch")
    assert proton.status()["state"] == "blocked"
    _up(proton, "Proton NL#1")
    proton.wait_state("protected", 60)
    setting.must_tunnel(proton, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(proton, since)
    report.line("profiles as Proton's app makes them: up, down, with and without its dummy interface: 0 frames in clear")
