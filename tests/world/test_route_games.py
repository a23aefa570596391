# SPDX-License-Identifier: GPL-2.0-or-later
"""What the network says of routes, and what NetworkManager makes of it: nothing of it is a way out.

Each game is played with real parts, and begins while the client is locked and its VPN up. When its
routes are in the kernel every probe is sent: none may be seen outside. Then the lock is opened: the
same probes must be seen, past the VPN that is still up (that is the attack, and the control). Then
it is locked again and the VPN goes down.

TunnelVision (CVE-2024-3661): DHCP options 121, 249 and 33. TunnelCrack's LocalNet (CVE-2023-35838):
a public range that is called local, with LAN access on. Its ServerIP (CVE-2023-36673): a name of
the server that leads to a web server.
"""

import socket
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from . import addresses as a
from . import networks, portal, probes, profiles, questions, versions
from .capture import Capture
from .chatter import Chatter
from .frames import Frame
from .network import log_of
from .networks import TARGETS, Dhcp, RogueRouter, SecondNetwork, route_goes_by
from .router import say_names
from .waiting import WaitedTooLong, wait_product, wait_until

_PATIENCE = 30.0


def _kinds(families: Iterable[int]) -> list[probes.Kind]:
    return [kind for kind in probes.all_kinds() if kind.family in families]


def _require_leak(world, capture: Capture, kinds: Iterable[probes.Kind]) -> None:
    """The control: what is sent comes out in clear, as root and as a person."""
    mark = capture.mark()
    sent = probes.send(world.client, kinds)
    missing = sent
    try:

        def all_seen() -> bool:
            nonlocal missing
            seen = probes.seen(missing, capture.since(mark))
            missing = [probe for probe in missing if probe not in seen]
            return not missing

        wait_until(all_seen, "the control: every probe seen outside")
    except WaitedTooLong as error:
        names = [f"{p.sender}: {p.kind} {p.error_name}" for p in missing]
        raise AssertionError(f"without the lock the game must work, but nobody saw {names}") from error
    finally:
        for probe in sent:
            probe.close()


class Judge:
    """From here on nothing may leave but upkeep and the VPN, by any of these wires."""

    def __init__(self, world, *captures: Capture, fine: Callable[[Frame], bool] = lambda frame: False):
        self._world = world
        self._captures = [(capture, capture.fence()) for capture in captures]
        self._fine = fine

    def require_nothing(self, when: str) -> None:
        sent = probes.send(self._world.client, probes.all_kinds())
        try:
            for capture, mark in self._captures:
                found = capture.since(mark, capture.fence())
                leaks = [f"{p.sender}: {p.kind}" for p in probes.seen(sent, found)]
                plain = sorted({f.purpose for f in found if f.purpose.startswith("plain") and not self._fine(f)})
                assert not leaks and not plain, f"{when}: LEAKED outside: {leaks} {plain}"
        finally:
            for probe in sent:
                probe.close()


@pytest.fixture(scope="module")
def ready(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    return world


@pytest.fixture(scope="module")
def dhcp(ready):
    found = Dhcp(ready.outside)
    found.say()
    return found


@pytest.fixture(scope="module", autouse=True)
def chatter(ready):
    with Chatter(ready.client) as talking:
        yield talking


@pytest.fixture
def locked(ready):
    """Locked, a full VPN up."""
    ready.product.ctl("lock")
    _vpn_up(ready, "full")
    yield ready
    ready.product.ctl("lan", "off")
    ready.product.ctl("unlock")


def _vpn_up(world, profile: str) -> None:
    if world.manager.state_of(profile) != "activated":
        world.manager.all_down()
        world.manager.up(profile)
    world.product.wait_state("protected")


def _play(
    world, kinds: Iterable[probes.Kind], lured: Callable[[], bool], *captures: Capture, vpn: str = "full", **judge
):
    """The rest of a game whose first move is made; `kinds`: what it lures out; `lured`: its routes are in
    the kernel."""
    judged = Judge(world, *captures, **judge)
    wait_until(lured, "the game's routes to be in the kernel", _PATIENCE)
    assert world.manager.state_of(vpn) == "activated", "the VPN must be up: that is what the game gets around"
    judged.require_nothing("locked, VPN up")
    assert lured(), "the game's routes were gone before it was judged"

    world.product.ctl("unlock")
    _require_leak(world, captures[0], kinds)
    world.product.ctl("lock")

    judged = Judge(world, *captures, **judge)
    world.manager.down(vpn)
    judged.require_nothing("locked, VPN down")


def _tricks(world) -> list[str]:
    """What status says of networks that steer past the VPN."""
    return [warning for warning in world.product.status()["warnings"] if "public addresses" in warning]


def _wait_for_trick(world, words: str) -> None:
    wait_until(lambda: any(words in warning for warning in _tricks(world)), f"status to say: {words}")


@pytest.mark.parametrize(
    ("option", "routes"),
    [
        (121, f"0.0.0.0/1,{a.ROUTER[4]},128.0.0.0/1,{a.ROUTER[4]},0.0.0.0/0,{a.ROUTER[4]}"),
        (249, f"{TARGETS[4]},{a.ROUTER[4]},0.0.0.0/0,{a.ROUTER[4]}"),
        (33, f"{a.WEB[4]},{a.ROUTER[4]}"),
    ],
)
def test_dhcp_routes(locked, dhcp, option, routes):
    """TunnelVision: a renewed lease carries routes that are better than the VPN's."""
    assert not route_goes_by(locked.client, 4, a.UPLINK) and not _tricks(locked)
    dhcp.say(f"{option},{routes}")
    try:
        _wait_for_trick(locked, 'The network "uplink" steers public addresses past the VPN by DHCP: ')
        _play(locked, _kinds([4]), lambda: route_goes_by(locked.client, 4, a.UPLINK), locked.capture)
    finally:
        dhcp.say()
    _vpn_up(locked, "full")
    wait_until(lambda: not route_goes_by(locked.client, 4, a.UPLINK), "the next lease to be honest", _PATIENCE)
    wait_until(lambda: not _tricks(locked), "status to say nothing of it any more")


def test_routes_are_not_taken(locked, dhcp):
    """What status recommends: the network's other routes stay out, and its way out stays."""
    dhcp.say(f"121,{TARGETS[4]},{a.ROUTER[4]},0.0.0.0/0,{a.ROUTER[4]}")
    _wait_for_trick(locked, f'ipv4.ignore-auto-routes yes ipv4.routes "0.0.0.0/0 {a.ROUTER[4]}"')
    modify = ("connection", "modify", "uplink", "ipv4.ignore-auto-routes")
    locked.manager.nmcli(*modify, "yes", "ipv4.routes", f"0.0.0.0/0 {a.ROUTER[4]}")
    try:
        locked.manager.all_down()
        locked.manager.up("uplink")
        _vpn_up(locked, "full")
        assert not _tricks(locked) and not route_goes_by(locked.client, 4, a.UPLINK)
    finally:
        dhcp.say()
        locked.manager.nmcli(*modify, "no", "ipv4.routes", "")
        locked.manager.up("uplink")


def test_an_exception_goes_where_the_network_leads(locked, dhcp):
    """What it lets out leaves in clear while a full VPN is up, and status says so; all else stays."""
    dhcp.say(f"249,{TARGETS[4]},{a.ROUTER[4]},0.0.0.0/0,{a.ROUTER[4]}")
    canary = b"canary of an exception that is led past"
    there = (a.WEB[4], 9)

    def send() -> None:
        with suppress(PermissionError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(canary, there)

    def is_it(frame: Frame) -> bool:
        return canary in frame.data

    try:
        _wait_for_trick(locked, "The lock refuses what goes there: nothing leaks")
        wait_until(lambda: route_goes_by(locked.client, 4, a.UPLINK), "the routes", _PATIENCE)
        mark = locked.capture.fence()
        locked.client.call(send)
        assert not any(is_it(frame) for frame in locked.capture.since(mark, locked.capture.fence()))
        locked.product.ctl("allow", "add", "web", "--to", there[0], "--protocol", "udp", "--port", str(there[1]))
        judged = Judge(locked, locked.capture)
        judged.require_nothing("locked, VPN up, beside the exception")
        _wait_for_trick(locked, 'What the exception "web" allows leaves in clear there, past the VPN.')
        mark = locked.capture.mark()
        locked.client.call(send)
        locked.capture.wait_for(is_it, "what the exception lets out", mark)
    finally:
        locked.product.ctl("allow", "remove", "web", check=False)
        dhcp.say()
    wait_until(lambda: not route_goes_by(locked.client, 4, a.UPLINK), "the next lease to be honest", _PATIENCE)
    wait_until(lambda: not _tricks(locked), "status to say nothing of it any more")


def test_public_addresses_that_are_called_local(locked):
    """No packet goes there; status says what the range would do."""
    assert not _tricks(locked)
    locked.client.ip(f"addr add 5.6.7.8/24 dev {a.UPLINK}")
    try:
        _wait_for_trick(locked, "calls public addresses its own local network: 5.6.7.0/24")
    finally:
        locked.client.ip(f"addr del 5.6.7.8/24 dev {a.UPLINK}")
    wait_until(lambda: not _tricks(locked), "status to say nothing of it any more")


@pytest.fixture
def rogue(locked):
    found = RogueRouter(locked.outside)
    yield found
    found.close()


def test_route_information(locked, rogue):
    """A router advertisement with a route (RFC 4191) that is better than the VPN's default."""
    assert not route_goes_by(locked.client, 6, a.UPLINK)
    assert not _tricks(locked)
    rogue.advertise(f"AdvDefaultLifetime 0; route {TARGETS[6]} {{ AdvRoutePreference high; }};")
    _wait_for_trick(locked, f'A router of the network "uplink" steers public addresses past the VPN: {TARGETS[6]}')
    _play(locked, _kinds([6]), lambda: route_goes_by(locked.client, 6, a.UPLINK), locked.capture)


def test_rogue_default_router(locked, rogue):
    """A VPN without IPv6, and a router of high preference that nobody asked for."""
    _vpn_up(locked, "second")
    rogue.advertise("AdvDefaultLifetime 1800; AdvDefaultPreference high;")
    address = rogue.address()

    def lured() -> bool:  # the kernel makes one route of both routers, and a packet's addresses choose
        return f"via {address} " in locked.client.run(["ip", "-6", "route", "show", "default"]).stdout

    _play(locked, _kinds([6]), lured, locked.capture, vpn="second")


def _reapply(world, *settings: str) -> None:
    world.manager.nmcli("connection", "modify", "uplink", *settings)
    world.manager.nmcli("device", "reapply", a.UPLINK)


_POLICY = (
    *("ipv4.routing-rules", "priority 10 from 0.0.0.0/0 table 99"),
    *("ipv4.routes", f"{TARGETS[4]} {a.ROUTER[4]} table=99"),
    *("ipv6.routing-rules", "priority 10 from ::/0 table 99"),
    *("ipv6.routes", f"{TARGETS[6]} {a.ROUTER[6]} table=99"),
)
_NO_POLICY = ("ipv4.routing-rules", "", "ipv4.routes", "", "ipv6.routing-rules", "", "ipv6.routes", "")


@pytest.mark.parametrize(
    ("on", "off"),
    [
        (_POLICY, _NO_POLICY),
        (("ipv4.route-metric", "1", "ipv6.route-metric", "1"), ("ipv4.route-metric", "-1", "ipv6.route-metric", "-1")),
    ],
    ids=["policy rules", "a metric below the VPN's"],
)
def test_profile_routes(locked, on, off):
    """What a profile may say: rules that ask another table first, a metric that wins."""

    def lured() -> bool:
        return all(route_goes_by(locked.client, family, a.UPLINK) for family in a.FAMILIES)

    assert not lured()
    _reapply(locked, *on)
    try:
        _play(locked, _kinds(a.FAMILIES), lured, locked.capture)
    finally:
        _reapply(locked, *off)


_TO_PUBLIC_DNS = [kind for kind in _kinds([4]) if kind.what == "DNS to a public server" and not kind.bound]
_ROUTED_DNS = "20053"  # NetworkManager's table, and its rule's priority


def _route_dns(world) -> None:
    """A name server of the uplink's that is somewhere else, and by the uplink whatever the VPN's routes say."""
    if versions.network_manager().routed_dns:
        world.manager.nmcli("connection", "modify", "uplink", "ipv4.dns", a.PUBLIC_DNS[4], "ipv4.routed-dns", "yes")
        world.manager.all_down()
        world.manager.up("uplink")
        _vpn_up(world, "full")
    else:  # the same by hand
        world.client.ip(
            f"route add {a.PUBLIC_DNS[4]} via {a.ROUTER[4]} dev {a.UPLINK} table {_ROUTED_DNS}",
            f"rule add not fwmark 0x4e55 lookup {_ROUTED_DNS} priority {_ROUTED_DNS}",
        )


def _unroute_dns(world) -> None:
    if versions.network_manager().routed_dns:
        world.manager.nmcli("connection", "modify", "uplink", "ipv4.dns", "", "ipv4.routed-dns", "-1")
        world.manager.up("uplink")
    else:
        world.client.ip(f"rule del lookup {_ROUTED_DNS}", f"route flush table {_ROUTED_DNS}")


def test_routed_name_servers(locked):
    """ipv4.routed-dns: names are asked for past the VPN, by a rule before its routes."""
    _route_dns(locked)
    try:

        def lured() -> bool:
            route = locked.client.run(["ip", "route", "get", a.PUBLIC_DNS[4]], check=False).stdout
            return f"dev {a.UPLINK} " in route

        _play(locked, _TO_PUBLIC_DNS, lured, locked.capture)
    finally:
        _unroute_dns(locked)


_UNBOUND = [kind for kind in probes.all_kinds() if not kind.bound and kind.what != "DNS to the router"]
_RENEWAL = ("203.0.113.1", 68, 67)


def _upkeep_there(frame: Frame) -> bool:
    """frames.py knows the upkeep of the first wire only."""
    packet = frame.packet
    if packet is None:
        return False
    if (packet.destination, packet.source_port, packet.destination_port) == _RENEWAL:
        return True
    # neighbours are asked and answered at the addresses that they have
    return packet.family == 6 and packet.icmp_type in (135, 136) and packet.destination.startswith("2001:db8:113::")


@pytest.fixture
def second(locked):
    found = SecondNetwork(locked)
    yield found
    found.close()


@pytest.mark.parametrize("lan", ["on", "off"])
def test_a_second_network_that_calls_the_internet_local(locked, second, lan):
    """LocalNet: LAN access is on, and a new network's own range is where the web is. With a metric
    that makes it the default route besides; it comes while locked."""
    locked.product.ctl("lan", lan)
    second.connect(metric=1)

    def lured() -> bool:
        return all(route_goes_by(locked.client, family, second.UPLINK) for family in a.FAMILIES)

    judge = Judge(locked, second.capture, locked.capture, fine=_upkeep_there)
    wait_until(lured, "the second network's routes", _PATIENCE)
    judge.require_nothing(f"locked, VPN up, LAN access {lan}")

    locked.product.ctl("unlock")
    _require_leak(locked, second.capture, _UNBOUND)
    locked.product.ctl("lock")

    judge = Judge(locked, second.capture, locked.capture, fine=_upkeep_there)
    locked.manager.down("full")
    judge.require_nothing(f"locked, VPN down, LAN access {lan}")
    # the first network goes, the second is all there is; and comes back
    locked.client.ip(f"link set {a.UPLINK} down")
    judge = Judge(locked, second.capture, fine=_upkeep_there)
    judge.require_nothing("locked, one network left")
    locked.client.ip(f"link set {a.UPLINK} up")
    locked.manager.wait_uplink()
    wait_until(lambda: len(locked.client.addresses(a.UPLINK)) >= 4, "the first network to be back", _PATIENCE)


_CHECK = Path("/etc/NetworkManager/conf.d/connectivity.conf")


def _asks_the_web(frame: Frame) -> bool:
    packet = frame.packet
    return packet is not None and (packet.destination, packet.destination_port) == (a.WEB[4], a.HTTP_PORT)


@pytest.mark.parametrize("vpn", ["up", "down"])
def test_connectivity_check(locked, vpn):
    """NetworkManager asks by each card, bound to it, past the VPN."""
    if vpn == "down":
        locked.manager.all_down()
    _CHECK.write_text(f"[connectivity]\nenabled=true\nuri=http://{a.WEB[4]}/\nresponse=\ninterval=60\n")
    locked.manager.nmcli("general", "reload")
    try:
        judge = Judge(locked, locked.capture)
        wait_until(lambda: _connectivity(locked) in ("limited", "none", "full"), "a check of the connectivity")
        judge.require_nothing("locked, connectivity checked")

        locked.product.ctl("unlock")
        mark = locked.capture.mark()
        _connectivity(locked)
        locked.capture.wait_for(_asks_the_web, "the check, with the lock open", mark)
    finally:
        _CHECK.unlink()
        locked.manager.nmcli("general", "reload")


def _connectivity(world) -> str:
    return world.manager.nmcli("networking", "connectivity", "check").stdout.strip()


_ONLINE = "203.0.113.80"


@contextmanager
def _behind_a_portal(world):
    """Each step is undone, also if a later one fails."""

    def end() -> None:
        program.terminate()
        program.wait(10)

    with ExitStack() as undo:
        world.outside.ip(f"addr add {_ONLINE}/32 dev lo")
        undo.callback(world.outside.ip, f"addr del {_ONLINE}/32 dev lo")
        undo.callback(log_of("portal").unlink, missing_ok=True)
        program = world.outside.daemon("portal", ["/usr/bin/python3", portal.__file__, _ONLINE])
        undo.callback(end)
        wait_until(lambda: b"ready" in log_of("portal").read_bytes(), "the portal")
        world.outside.run(["nft", "-f", "-"], input=portal.GATE)
        undo.callback(world.outside.run, ["nft", "delete", "table", "inet", "portal"], check=False)  # the login does, too
        undo.callback(world.manager.nmcli, "general", "reload")
        undo.callback(_CHECK.unlink, missing_ok=True)
        _CHECK.write_text(
            f"[connectivity]\nenabled=true\nuri=http://{_ONLINE}/\nresponse={portal.ONLINE}\ninterval=60\n"
        )
        world.manager.nmcli("general", "reload")
        yield


def _browse(world, address: str, form: bytes | None = None) -> tuple[str, str]:
    """Where it leads, and what is there."""

    def ask() -> tuple[str, str]:
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with browser.open(address, form, timeout=3) as page:
            return page.url, page.read().decode()

    return world.client.call(ask)


_PAUSE = "nm-killswitch pause 5m"


def _said_of_login(product) -> str:
    return " ".join(text for text in product.status()["warnings"] if "a login in a browser" in text)


@pytest.mark.parametrize(("opened", "closed"), [("pause 5m", "resume"), ("unlock", "lock")])
def test_a_network_that_wants_a_login(locked, opened, closed):
    """As in a hotel. Nobody hears of it while locked: a VPN fails as behind any dead network, and status says what
    that may be. Opened, as it says, it is told, and after the login the VPN that is always on comes up by itself."""
    manager, product = locked.manager, locked.product
    manager.all_down()
    text = profiles.vpn("hotel", profiles.tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"))
    profiles.write("hotel", text.replace("[vpn]\n", "[vpn]\ntimeout=4\n"))
    manager.nmcli("connection", "reload")
    try:
        with _behind_a_portal(locked):
            judge = Judge(locked, locked.capture)
            product.ctl("always-on", "hotel")
            assert product.wait_reason("server-unreachable", 20)["reason_vpn"] == "hotel"
            assert _connectivity(locked) in ("limited", "none")
            with pytest.raises(OSError):
                _browse(locked, f"http://{a.WEB[4]}/")
            judge.require_nothing("locked, behind a portal")
            assert f"To open the lock for it: {_PAUSE}" in _said_of_login(product)

            product.ctl(*opened.split())
            assert _connectivity(locked) == "portal"
            wait_product(lambda: product.status()["always_on"]["reason"] == "portal", "the page to be waited for", 20)
            assert "wants a login in a browser" in product.ctl("status").stdout

            # without a VPN that is always on; and it is remembered while NetworkManager cannot see it
            product.ctl("always-on", "off")
            wait_product(lambda: "and no VPN can connect before" in _said_of_login(product), "the login to be told")
            product.ctl(closed)
            assert _connectivity(locked) in ("limited", "none")
            assert product.wait_state("blocked")
            assert f"no page can be opened while locked. To open the lock for it: {_PAUSE}" in _said_of_login(product)
            product.ctl(*opened.split())
            assert _connectivity(locked) == "portal"
            product.ctl("always-on", "hotel")
            login, page = _browse(locked, f"http://{a.WEB[4]}/")
            assert page == portal.PAGE
            _browse(locked, login, b"room=7")
            assert _connectivity(locked) == "full"
            wait_product(lambda: not _said_of_login(product), "the login to be forgotten")
            wait_product(lambda: product.status()["always_on"]["state"] == "up", "the VPN to be connected", 20)
            product.ctl(closed)
            product.wait_state("protected")
            assert questions.my_address(locked.client, 4) in locked.client.addresses(a.TUNNEL)
    finally:
        product.ctl("always-on", "off")
        manager.nmcli("connection", "delete", "hotel")


_NAME = "vpn.serverip.test"
_QUESTION = b"\x03vpn\x08serverip\x04test"


def _is_vpn(frame: Frame) -> bool:
    """Its own packets, and the question for its own name."""
    packet = frame.packet
    if packet is None:
        return False
    if packet.destination_port == a.DNS_PORT:
        return _QUESTION in packet.payload.lower()
    return (packet.destination, packet.destination_port) == (a.WEB[4], a.SERVER_PORT)


def test_a_name_that_leads_to_the_web(locked):
    """ServerIP: the DNS says that the VPN's server is where the web is (and passes the VPN's own
    packets on). The VPN excludes that address from the tunnel; the lock opens its port alone."""
    with ExitStack() as undo:
        say_names(f"{a.WEB[4]} {_NAME}")
        locked.outside.kill("dnsmasq", 1)
        server = networks.second_server(locked.outside, a.WEB[4])
        undo.callback(server.wait, 10)
        undo.callback(server.terminate)
        profiles.write("lured", profiles.vpn("lured", profiles.tls(f"{_NAME}:{a.SERVER_PORT}:udp4")))
        undo.callback(locked.manager.nmcli, "connection", "delete", "lured")
        locked.manager.all_down()
        locked.manager.nmcli("connection", "reload")
        wait_until(lambda: a.WEB[4] in _addresses(locked), "the lie to be believed: it is a public address", _PATIENCE)
        locked.manager.up("lured", 60)

        def lured() -> bool:
            return route_goes_by(locked.client, 4, a.UPLINK)

        judge = Judge(locked, locked.capture, fine=_is_vpn)
        wait_until(lured, "the web to be reached past the tunnel")
        judge.require_nothing("locked, VPN up")
        with pytest.raises(questions.NoAnswer):
            questions.my_address(locked.client, 4, 1)
        locked.product.ctl("unlock")
        mark = locked.capture.mark()
        assert questions.my_address(locked.client, 4) in locked.client.addresses(a.UPLINK), "the control"
        locked.capture.wait_for(_asks_the_web, "the control: the web asked in clear", mark)
        locked.product.ctl("lock")
        judge = Judge(locked, locked.capture, fine=_is_vpn)
        locked.manager.down("lured")
        judge.require_nothing("locked, VPN down")


def _addresses(world) -> set[str]:
    return {server["address"] for server in world.product.status()["servers"] if server["host"] == _NAME}


def test_the_chatter_never_fell_silent(chatter):
    assert chatter.tried > 1000
