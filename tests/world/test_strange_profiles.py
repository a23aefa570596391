# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles of people without rights: what they may not do, whatever they write into them. ivan is in no group,
and his session is not the active one."""

import ipaddress
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import addresses as a
from . import heard, profiles
from .people import BUS_NAME, INTERFACE, OBJECT, PROPERTIES
from .plugins import offer
from .strangers import FILL, Stranger, plugin, profile
from .test_advice import do, steps
from .waiting import wait_product, wait_until

UUID = "aaaaaaaa-0000-0000-0000-000000000001"
_PLUGIN = Path("/run/world/bin/ipsec_plugin.py")
_KINDS = ("libreswan", "ssh")
_POLICY = ["src", "192.0.2.1/32", "dst", "0.0.0.0/0", "dir", "out"]


@pytest.fixture(scope="module")
def guarded(world):
    for kind in _KINDS:
        offer(kind)
    heard.listen()
    world.product.install()
    world.product.start_guard()
    return world


@pytest.fixture(autouse=True)
def closed(guarded):
    guarded.product.ctl("lock")
    guarded.product.wait_state("blocked")
    yield
    guarded.manager.all_down()


def _open_servers(world) -> str:
    listed = ""
    for name in ("servers4", "protocols4"):
        listed += world.client.run(["nft", "list", "map", "inet", "nm_killswitch", name]).stdout
    return listed


def _is_active(world, name: str) -> bool:
    return world.manager.state_of(name) == "activated"


_VPN_SETTINGS = {
    "libreswan": plugin("libreswan", right=a.WEB[4]),
    "openconnect": plugin("openconnect", gateway=f"{a.WEB[4]}:80", protocol="anyconnect"),
}
_LINKS = {
    "bridge": {"bridge": {"stp": False}},
    "802-3-ethernet": {"802-3-ethernet": {}},
}


@pytest.mark.parametrize("service", _VPN_SETTINGS)
@pytest.mark.parametrize("kind", _LINKS)
def test_a_profile_that_is_no_vpn_opens_nothing(guarded, people, kind, service):
    """Any profile may have a "vpn" setting in it."""
    ivan = Stranger(people.ivan)
    by_hand = [{"address": "192.0.2.177", "prefix": 32}]  # a bridge without ports gets no others
    addresses = {"ipv4": {"method": "manual", "address-data": by_hand}, "ipv6": {"method": "disabled"}}
    if kind != "bridge":  # which NetworkManager makes itself
        guarded.client.ip("link add stray0 type veth peer name stray1", "link set stray1 up", "link set stray0 up")
    wrong = profile("ivan", UUID, "My VPN", kind, connection={"interface-name": "stray0"}, vpn=_VPN_SETTINGS[service], **_LINKS[kind], **addresses)
    path = ivan.add(wrong)
    try:
        wait_until(lambda: ivan.activate(path).ok, "NetworkManager to know the link")
        wait_until(lambda: _is_active(guarded, "My VPN"), "NetworkManager to call it activated", 20)
        guarded.product.ctl("lock")  # an answer of the guard's after what it heard
        status = guarded.product.wait_state("blocked")
        assert status["verified"] and not status["tunnels"]
        assert UUID not in {vpn["uuid"] for vpn in status["vpns"]}
        assert a.WEB[4] not in _open_servers(guarded)
    finally:
        ivan.delete(path)
        guarded.client.run(["ip", "link", "del", "stray0"], check=False)
    # a real one is shown, and its server is open
    guarded.manager.up("full")
    assert {t["name"] for t in guarded.product.wait_state("protected")["tunnels"]} == {"full"}
    assert a.SERVER[4] in _open_servers(guarded)


@contextmanager
def _program(guarded, kind):
    """Which says that it is connected."""
    _PLUGIN.parent.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name(_PLUGIN.name), _PLUGIN)
    guarded.client.run(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"])
    started = guarded.client.daemon("ipsec_plugin", ["/usr/bin/python3", str(_PLUGIN), kind])
    try:
        yield started
    finally:
        started.kill()
        started.wait(10)


@pytest.fixture
def libreswan(guarded):
    with _program(guarded, "libreswan"):
        yield


@pytest.fixture
def ssh(guarded):
    with _program(guarded, "ssh") as started:
        yield started


def _failure(guarded, name):
    return next(vpn["failure"] for vpn in guarded.product.status()["vpns"] if vpn["name"] == name)


def test_a_vpn_that_has_no_interface(guarded, ssh):
    """SSH that only forwards ports."""
    profiles.write("ports", profiles.vpn("ports", {"remote": a.DEAD_SERVER}).replace("openvpn", "ssh"))
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.nmcli("--wait", "20", "connection", "up", "ports")
        assert _is_active(guarded, "ports")
        status = guarded.product.wait_reason("no-interface")
        assert (status["state"], status["reason_vpn"], status["tunnels"]) == ("blocked", "ports", [])
        connect = steps(guarded)[0]
        assert connect == "nmcli connection up NAME"  # another one: this one is connected
        do(guarded, connect.replace("NAME", "full"))
        assert [tunnel["name"] for tunnel in guarded.product.wait_state("protected")["tunnels"]] == ["full"]
        ssh.send_signal(signal.SIGUSR1)
        wait_until(lambda: _failure(guarded, "ports") == "service-failed", "an end without a reason to be told as one")
    finally:
        guarded.manager.nmcli("connection", "delete", "ports")


def test_ipsec_that_the_kernel_does_not_know_protects_nothing(guarded, libreswan):
    """NetworkManager says that it is up: so it does when its daemon has died, or has lied."""
    template = ["tmpl", "src", "192.0.2.1", "dst", a.DEAD_SERVER, "proto", "esp", "mode", "tunnel"]
    text = profiles.vpn("office", {"right": a.DEAD_SERVER}, never_default=True).replace("openvpn", "libreswan")
    profiles.write("office", text)
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.nmcli("--wait", "20", "connection", "up", "office")
        assert _is_active(guarded, "office")
        status = guarded.product.status()
        assert (status["state"], status["tunnels"]) == ("blocked", [])
        elsewhere = [word if word != a.DEAD_SERVER else a.WEB[4] for word in template]
        guarded.client.run(["ip", "xfrm", "policy", "add", *_POLICY, *elsewhere])
        assert guarded.product.status()["state"] == "blocked"
        guarded.client.run(["ip", "xfrm", "policy", "update", *_POLICY, *template])
        assert [t["name"] for t in guarded.product.wait_state("protected", 3)["tunnels"]] == ["office"]
        guarded.client.run(["ip", "xfrm", "policy", "flush"])
        guarded.product.wait_state("blocked", 3)
        assert _is_active(guarded, "office")
    finally:
        guarded.client.run(["ip", "xfrm", "policy", "flush"])
        guarded.manager.nmcli("connection", "delete", "office", check=False)


@pytest.fixture()
def by_hand(guarded):
    """A VPN that NetworkManager does not run; its UUID, which anybody can read."""
    guarded.product.ctl("vpn", "add", "Home", "--interface", "home0", "--server", f"{a.DEAD_SERVER}:5000/udp")
    try:
        with guarded.client.tun("home0"):
            guarded.client.ip("link set home0 up")
            guarded.product.wait_state("protected")
            yield next(vpn["uuid"] for vpn in guarded.product.status()["vpns"] if vpn["name"] == "Home")
    finally:
        guarded.product.ctl("vpn", "remove", "Home")


def test_a_vpn_set_up_by_hand_is_not_closed_by_a_profile_with_its_uuid(guarded, people, by_hand):
    ivan = Stranger(people.ivan)
    path = ivan.add(profile("ivan", by_hand, "plain", "bridge", connection={"interface-name": "br8"}, ipv4={"method": "link-local"}))
    assert ivan.activate(path).ok
    wait_until(lambda: guarded.client.has_link("br8"), "its bridge")
    assert ivan.delete(path).ok
    wait_until(lambda: not guarded.client.has_link("br8"), "its bridge to go")
    heard.wait_heard("br8", "down")
    assert guarded.product.status()["state"] == "protected"
    guarded.product.ctl("lock")  # it looks again
    assert [t["name"] for t in guarded.product.status()["tunnels"]] == ["Home"]
    guarded.client.ip("link set home0 down")  # the test can see it close
    guarded.product.wait_state("blocked")
    guarded.client.ip("link set home0 up")
    guarded.product.wait_state("protected")


def test_a_vpn_set_up_by_hand_stands_beside_a_vpn_with_its_uuid(guarded, by_hand):
    text = profiles.vpn("clash", profiles.tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"), never_default=True)
    profiles.write("clash", text.replace(profiles.uuid_of("clash"), by_hand))
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.up("clash")
        both = wait_product(lambda: len(guarded.product.status()["tunnels"]) == 2 and guarded.product.status(), "both tunnels")
        assert {t["name"] for t in both["tunnels"]} == {"Home", "clash"}
        guarded.manager.down("clash")
        wait_product(lambda: [t["name"] for t in guarded.product.status()["tunnels"]] == ["Home"], "the one by hand to stay")
    finally:
        guarded.manager.nmcli("connection", "delete", "clash", check=False)


_OWN_SERVER = "198.51.100.177"  # which nobody else names, and which does not answer


def _alices(server: str, port: int = 4321) -> dict:
    data = {key.replace("-", "_"): text for key, text in profiles.tls(f"{server}:{port}:udp").items()}
    return profile("alice", "aaaaaaaa-0000-0000-0000-00000000000a", "alices own", "vpn", vpn=plugin("openvpn", **data))


@pytest.fixture()
def alices(guarded, people):
    """A VPN of alice's own that is connecting: its server does not answer."""
    alice = Stranger(people.alice)
    path = alice.add(_alices(_OWN_SERVER))
    assert alice.activate(path).ok
    wait_until(lambda: guarded.manager.state_of("alices own") == "activating", "it to be connecting")
    wait_until(lambda: "4321" in _open_servers(guarded), "its server to be open")
    yield path
    guarded.manager.nmcli("connection", "delete", "alices own")  # its path is another if NetworkManager was killed


# the rules say the server also as a number
_OF_ALICE = (
    "alices own",
    "aaaaaaaa-0000-0000-0000-00000000000a",
    "4321",
    _OWN_SERVER,
    f"0x{int(ipaddress.ip_address(_OWN_SERVER)):x}",
)


def _seen(people, who: str) -> set[str]:
    """What this person finds out about alice's profile, by everything that can be asked."""
    person = people.all[who]
    status = person.call("GetStatus")
    rules = person.call("GetRules")
    everything = person.call("GetAll", f"('{INTERFACE}',)", interface=PROPERTIES)
    assert status.ok and rules.ok and everything.ok
    assert _OF_ALICE[0] not in str(everything.value) and _OF_ALICE[1] not in str(everything.value), "no property holds it"
    told = str(status.value) + str(rules.value) + str(everything.value)
    return {word for word in _OF_ALICE if word in told}


def test_a_private_profile_is_told_to_its_user_and_to_root(guarded, people, alices):
    assert _seen(people, "root") == set(_OF_ALICE)
    assert _seen(people, "active") == set(_OF_ALICE)
    assert _seen(people, "inactive") == set()
    assert _seen(people, "sessionless") == set()
    guarded.product.ctl("unlock")  # nothing of it is in the rules then, all of it in the status
    assert _seen(people, "sessionless") == set()
    assert _OF_ALICE[0] in _seen(people, "active")


def _lan_networks(person) -> list[str]:
    return person.call("GetStatus").value[0]["lan_networks"]


def test_a_private_network_with_lan_access_is_told_to_its_user_and_to_root(guarded, people):
    """The others are told that there is one, and what they say of LAN access changes nothing about it."""
    alice = Stranger(people.alice)
    uuid = "aaaaaaaa-0000-0000-0000-00000000000b"
    other = guarded.manager.nmcli("-g", "connection.uuid", "connection", "show", "uplink").stdout.strip()
    path = alice.add(profile("alice", uuid, "alices bridge", "bridge", bridge={"stp": False}, connection={"interface-name": "alices9"}))
    try:
        assert people.root.call("SetLanAccess", f"(true, ['{uuid}', '{other}'])").ok
        assert _lan_networks(people.alice) == _lan_networks(people.root) == [uuid, other]
        assert _lan_networks(people.ivan) == _lan_networks(people.nora) == people.nora.get("LanNetworks") == ["", other]
        assert people.root.call("SetLanAccess", "(true, [''])").ok
        assert _lan_networks(people.root) == [uuid] and people.nora.get("LanNetworks") == [""]
        alice.delete(path)
        # then it would be for all networks
        assert people.root.call("SetLanAccess", f"(true, ['{other}'])").ok
        assert people.root.call("SetLanAccess", "(true, [''])").error.endswith("InvalidArguments")
        assert _lan_networks(people.root) == [other]
    finally:
        people.root.call("SetLanAccess", "(false, @as [])")


def test_who_may_configure_sees_private_profiles(guarded, people, alices):
    """A rule of the administrator's lets ivan configure without being asked."""
    rule = Path("/etc/polkit-1/rules.d/00-world-ivan.rules")
    rule.parent.mkdir(parents=True, exist_ok=True)
    rule.write_text(
        'polkit.addRule(function(action, subject) { if (action.id == "io.github.nmkillswitch.configure" && '
        'subject.user == "ivan") return polkit.Result.YES; });'
    )
    rule.parent.chmod(0o755)
    try:
        people.restart_polkitd()
        wait_until(lambda: _seen(people, "inactive") == set(_OF_ALICE), "the rule to count")
        assert _seen(people, "sessionless") == set()
    finally:
        rule.unlink()
        people.restart_polkitd()


def test_signals_hold_nothing_of_private_profiles(guarded, people):
    rule = "type='signal',path='/io/github/nmkillswitch'"
    heard = Path("/run/world/log/signals")
    with open(heard, "wb") as file:
        listener = guarded.client.popen(["dbus-monitor", "--system", rule], stdout=file)
    try:
        wait_until(lambda: b"NameAcquired" in heard.read_bytes(), "the listener to listen")
        alice = Stranger(people.alice)
        path = alice.add(_alices(_OWN_SERVER))
        assert alice.activate(path).ok
        # that there is something is said, and that is all
        wait_until(lambda: b'string "Servers"' in heard.read_bytes(), "the hint")
        wait_until(lambda: "4321" in _open_servers(guarded), "its server to be open")
        guarded.product.ctl("unlock")
        wait_until(lambda: b'"unlocked"' in heard.read_bytes(), "a signal that says something")
        alice.delete(path)
    finally:
        listener.kill()
        listener.wait()
    said = heard.read_text()
    assert not [word for word in _OF_ALICE if word in said]


def test_a_private_server_goes_with_the_word_that_opened_it(guarded, alices):
    guarded.manager.stop(signal.SIGKILL)
    wait_until(lambda: "4321" not in _open_servers(guarded), "its server to be closed")
    assert a.SERVER[4] in _open_servers(guarded)  # that of a profile for everybody stays
    try:
        guarded.product.stop_guard(signal.SIGKILL)
        for family in ("inet", "netdev"):  # the power is cut
            guarded.client.run(["nft", "delete", "table", family, "nm_killswitch"], check=False)
        shutil.rmtree("/run/nm-killswitch", ignore_errors=True)
        guarded.product.start_guard()
        held = _open_servers(guarded)
        assert a.SERVER[4] in held and "4321" not in held
    finally:
        guarded.client.end("openvpn")
        guarded.manager.start()
        guarded.manager.wait_uplink()


_NO_HOSTS = ("255.255.255.255", "240.0.0.1", "254.1.2.3", "224.0.0.1", "239.1.2.3", "192.0.2.255", "192.0.2.0")


def test_a_server_is_one_other_machine(guarded, people):
    """Neither everybody on the wire nor what is no address of a host."""
    alice = Stranger(people.alice)
    remotes = ",".join(f"{address}:4321:udp" for address in (*_NO_HOSTS, _OWN_SERVER))
    settings = _alices(_OWN_SERVER)
    settings["vpn"] = plugin("openvpn", **{**{k.replace("-", "_"): v for k, v in profiles.tls("").items()}, "remote": remotes})
    path = alice.add(settings)
    try:
        assert alice.activate(path).ok
        wait_until(lambda: f"{_OWN_SERVER} . udp . 4321" in _open_servers(guarded), "the one that is a host")
        held = _open_servers(guarded)
        assert not [address for address in _NO_HOSTS if f"{address} . udp" in held]
        status = people.alice.call("GetStatus").value[0]
        why = {server["address"]: server["not_let_out"] for server in status["servers"]}
        assert [why[address] for address in (_OWN_SERVER, *_NO_HOSTS[5:])] == ["", "broadcast-address", "broadcast-address"]
        warned = str(status)
        assert "all machines of the local network" in warned
        assert all(f'"{address}" of this VPN is not the address of one other machine' in warned for address in _NO_HOSTS[:5])
    finally:
        alice.delete(path)


def test_names_of_a_private_profile_are_bounded(guarded, people):
    alice = Stranger(people.alice)
    settings = _alices("n0.example")
    many = ",".join(f"n{number}.alice.example:4321:udp" for number in range(1024))
    settings["vpn"] = plugin("openvpn", **{**{k.replace("-", "_"): v for k, v in profiles.tls("").items()}, "remote": many})
    path = alice.add(settings)
    try:
        assert alice.activate(path).ok
        wait_until(lambda: guarded.manager.state_of("alices own") == "activating", "it to be connecting")
        names = wait_until(
            lambda: {s["host"] for s in people.alice.call("GetStatus").value[0]["servers"] if "alice.example" in s["host"]}, "its servers"
        )
        assert len(names) == 64
        assert "left out: alices own" in str(people.alice.call("GetStatus").value)
        assert "alice" not in str(people.nora.call("GetStatus").value)
    finally:
        alice.delete(path)


_PROFILES = 70  # of 1,024 servers each: these ended the guard


def _kilobytes(world, what: str) -> int:
    text = Path(f"/proc/{world.client.processes('nm-killswitchd')[0]}/status").read_text()
    return int(text.split(f"{what}:")[1].split()[0])


def _milliseconds(world, person) -> float:
    """Of the guard's own time for one GetStatus: the clock on the wall tells how busy the machine is."""
    tasks = Path(f"/proc/{world.client.processes('nm-killswitchd')[0]}/task")

    def used() -> float:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e6

    call = ["busctl", "call", BUS_NAME, OBJECT, INTERFACE, "GetStatus"]
    begun = used()
    for _ in range(10):
        subprocess.run(call, preexec_fn=person.become, check=True, stdout=subprocess.DEVNULL)
    return (used() - begun) / 10


def test_a_megabyte_of_private_profiles_costs_their_user_alone(guarded, people):
    before = _kilobytes(guarded, "VmHWM")
    subprocess.run(
        ["/usr/bin/python3", "-c", FILL, "alice", str(_PROFILES), "1024"], preexec_fn=people.alice.become, check=True, timeout=120
    )
    try:
        status = wait_until(
            lambda: "own profiles" in str(people.root.call("GetStatus").value) and people.root.call("GetStatus").value[0], "it to be said"
        )
        assert len([vpn for vpn in status["vpns"] if vpn["name"].startswith("x")]) == _PROFILES
        assert len([s for s in status["servers"] if s["name"].startswith("x")]) == 1024
        assert "x0" not in str(people.nora.call("GetStatus").value)
        took = [_milliseconds(guarded, person) for person in (people.nora, people.root)]
        memory = _kilobytes(guarded, "VmHWM")
        print(f"GetStatus: {took[0]:.1f} ms, root's {took[1]:.1f} ms; at most {memory} kB resident, {before} kB before")
        assert max(took) < 50
        assert memory < 2 * before
        # a VPN for everybody, and one of somebody else's
        guarded.manager.up("full")
        assert {t["name"] for t in guarded.product.wait_state("protected")["tunnels"]} == {"full"}
        assert a.SERVER[4] in _open_servers(guarded)
    finally:
        uuids = ["bbbbbbbb-0000-0000-0000-%012d" % number for number in range(_PROFILES)]
        guarded.manager.nmcli("connection", "delete", *uuids, check=False)
