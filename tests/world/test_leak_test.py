# SPDX-License-Identifier: GPL-2.0-or-later
"""`nm-killswitch test` says what a capture on the other side of the wire says, row by row: no false alarm while the
lock holds, and of locks that leak exactly the rows that do."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from . import kernel, reference_lock
from .network import Namespace
from .sandbox import build_dir
from .waiting import wait_end, wait_product, wait_until

CLOSED, LEAKED, UNJUDGED = 0, 6, 7
NOT_AUTHORISED = 3
WITHIN = 15  # seconds
NAME, PATH, INTERFACE = "io.github.nmkillswitch.LeakTest", "/io/github/nmkillswitch/LeakTest", "io.github.nmkillswitch.LeakTest1"

BOTH = (4, 6)
WHATS = ("tcp", "udp", "icmp", "dns-network", "dns-public")
WAYS = ("", a.UPLINK)
SENDERS = ("root", "user")
FRAMES = {("frame", family, a.UPLINK, "root") for family in BOTH}


def _rows(whats=WHATS, families=BOTH, senders=SENDERS, ways=WAYS) -> set:
    return {(what, family, way, sender) for what in whats for family in families for way in ways for sender in senders}


ALL = _rows() | FRAMES

# What these let out. A frame made by hand passes every lock that stands in an output chain.
LEAKS = {
    "IPv6 is not looked at": _rows(families=(6,)),
    "DNS is let through": _rows(("dns-network", "dns-public")),
    "the router is let through": _rows(("dns-network",), (4,)),
    "root is let through": _rows(senders=("root",)),
    "ping is let through": _rows(("icmp",), (4,)),
    "": set(),
}


@pytest.fixture
def tester(world, guarded):
    return world.product.running_leak_test()


@pytest.fixture(autouse=True)
def unlocked(world, tester):
    yield
    world.manager.all_down()
    world.product.ctl("unlock")


def _row(probe: dict) -> tuple:
    return probe["what"], probe["family"], probe["interface"], probe["sender"]


def _test(world) -> tuple[int, dict, set]:
    """Exit status, what it found, and the rows that it says have left; the wire must say the same."""
    world.product.running_leak_test()
    mark = world.capture.fence()
    began = time.monotonic()
    done = world.client.run([str(world.product.command), "test", "--json"], check=False)
    assert time.monotonic() - began < WITHIN
    assert done.returncode in (CLOSED, LEAKED, UNJUDGED), done.stdout
    frames = world.capture.since(mark, world.capture.fence())
    found = json.loads(done.stdout)
    left = {_row(probe) for probe in found["probes"] if probe["fate"] == "left"}
    marks = {_row(probe): bytes.fromhex(probe["mark"]) for probe in found["probes"] if probe["mark"]}
    assert len(set(marks.values())) == len(marks) >= len(ALL)
    outside = {row for row, bytes_ in marks.items() if any(bytes_ in frame.data for frame in frames)}
    assert left == outside
    assert done.returncode == (LEAKED if left else UNJUDGED if found["doubt"] else CLOSED)
    assert all(card["control"] and not card["lost"] for card in found["cards"]) or found["doubt"]
    return done.returncode, found, left


def _rows_by_vpn(found: dict) -> set:
    return {_row(probe) for probe in found["probes"] if probe["fate"] == "vpn"}


def test_unlocked_everything_leaves_and_it_says_so(world):
    _, found, left = _test(world)
    assert (found["verdict"], found["state"], left) == ("leaked", "unlocked", ALL)
    said = world.client.run([str(world.product.command), "test"], check=False)
    assert said.returncode == LEAKED and "The lock is open, and 42 of 42 attempts" in said.stdout


@pytest.mark.parametrize("lan", ["off", "on"])
def test_blocked_nothing_leaves(world, lan):
    world.product.ctl("lock")
    world.product.ctl("lan", lan)
    status, found, left = _test(world)
    world.product.ctl("lan", "off")
    assert (status, found["state"], found["doubt"], left) == (CLOSED, "blocked", "", set())
    assert (found["resolver"], found["server"]) == ("unknown", "unknown")


@pytest.mark.parametrize("lan", ["off", "on"])
def test_protected_nothing_leaves_and_what_must_work_does(world, lan):
    world.product.ctl("lan", lan)
    world.manager.up("full")
    world.product.wait_state("protected")
    status, found, left = _test(world)
    world.product.ctl("lan", "off")
    assert (status, found["state"], left) == (CLOSED, "protected", set())
    assert (found["resolver"], found["server"]) == ("answers", "reached")
    assert _rows_by_vpn(found) >= _rows(("tcp", "udp", "icmp", "dns-public"), ways=("",))
    assert not _rows_by_vpn(found) & _rows(ways=(a.UPLINK,))


def test_what_stands_on_a_card_is_tried_too(world):
    """A macvlan that leads out: programs bind to it, and what they send leaves by the card below."""
    world.client.ip(
        f"link add link {a.UPLINK} name mac7 type macvlan mode bridge",
        "link set mac7 up",
        "addr add 10.7.0.2/24 dev mac7",
        "neigh add 10.7.0.1 lladdr 02:00:00:00:00:07 dev mac7",
        "route add default via 10.7.0.1 dev mac7 metric 5000",
    )
    by_it = _rows(families=(4,), ways=("mac7",)) - _rows(("dns-network",), ways=("mac7",))
    try:
        _, _, left = _test(world)
        assert left >= ALL | by_it | {("frame", 4, "mac7", "root")}
        world.product.ctl("lock")
        assert _test(world)[0] == CLOSED
    finally:
        world.client.ip("link del mac7")
        # it answered for the card's address, too: the router would go on sending to it
        world.outside.ip("neigh flush all")


def test_a_bridge_by_which_it_is_connected(world):
    """Its port looks like a container's, but NetworkManager has a lease there, for good and without a route."""
    elsewhere = Namespace("elsewhere")
    options = ("ipv4.never-default", "yes", "ipv4.ignore-auto-dns", "yes", "ipv6.method", "disabled")
    lends = ["--conf-file=/dev/null", "--keep-in-foreground", "--port=0", "--user=root", "--bind-interfaces", "--leasefile-ro"]
    try:
        world.client.ip("link add port7 type veth peer name far7 netns elsewhere", "link set port7 up")
        elsewhere.ip("link set far7 up", "addr add 10.7.0.1/24 dev far7")
        elsewhere.daemon("dnsmasq-elsewhere", ["dnsmasq", *lends, "--interface=far7", "--no-ping", "--dhcp-range=10.7.0.9,10.7.0.9,infinite"])
        world.manager.nmcli("connection", "add", "type", "bridge", "con-name", "bridged", "ifname", "br7", "bridge.stp", "no", *options)
        wait_until(lambda: Path("/sys/class/net/br7").exists(), "the bridge")
        world.client.ip("link set port7 master br7")
        wait_until(lambda: "(connected)" in world.manager.nmcli("-g", "GENERAL.STATE", "device", "show", "br7").stdout, "the lease")
        world.product.ctl("lock")
        status, found, _ = _test(world)
        assert status == CLOSED and "port7" in {card["interface"] for card in found["cards"]}
    finally:
        world.manager.nmcli("connection", "delete", "bridged", check=False)
        world.client.ip("link del port7")
        elsewhere.close()


def test_a_vpn_without_the_lock_leaks_what_is_bound(world):
    world.product.ctl("auto", "off")
    world.manager.up("full")
    _, found, left = _test(world)
    world.product.ctl("auto", "on")
    assert left >= _rows(ways=(a.UPLINK,)) | FRAMES
    assert not left & _rows(("tcp", "udp", "icmp", "dns-public"), ways=("",))


def test_paused_everything_leaves(world):
    world.product.ctl("lock")
    world.product.ctl("pause", "60")
    world.product.wait_state("paused")
    _, found, left = _test(world)
    assert (found["state"], left) == ("paused", ALL)


@pytest.mark.parametrize("leak", LEAKS)
def test_locks_that_leak(world, leak):
    """Written by hand, see reference_lock.py; row by row what each of them lets out."""
    reference_lock.lock(world.client, leak)
    try:
        status, _, left = _test(world)
    finally:
        reference_lock.unlock(world.client)
    assert (status, left) == (LEAKED, LEAKS[leak] | FRAMES)


def _drop_arp(world) -> None:
    hook = f"type filter hook egress device {a.UPLINK} priority 0"
    world.client.run(["nft", "-f", "-"], input=f"table netdev deaf {{\nchain out {{\n{hook}\nether type arp drop\n}}\n}}\n")


def test_what_is_not_seen_to_leave_proves_nothing(world):
    """Another firewall keeps back what may leave: then nobody knows that the card is watched well."""
    world.product.ctl("lock")
    _drop_arp(world)
    try:
        done = world.client.run([str(world.product.command), "test", "--json"], check=False)
    finally:
        world.client.run(["nft", "delete", "table", "netdev", "deaf"])
    assert (done.returncode, json.loads(done.stdout)["doubt"]) == (UNJUDGED, "no-control")


def _open_files(tester) -> list[str]:
    """What kinds of files it has open, as far as they do not go away while we look."""
    folder = Path("/proc", str(tester.pid), "fd")
    found = []
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(folder / name).partition(":")[0])
    return sorted(found)


def _is_watching(tester) -> bool:
    return len(_open_files(tester)) > 20


def test_ctrl_c_leaves_nothing_behind(world, tester):
    before = _open_files(tester)
    assert not _is_watching(tester)
    program = world.client.popen([str(world.product.command), "test"])
    wait_until(lambda: _is_watching(tester), "the test to begin")
    program.send_signal(signal.SIGINT)
    assert wait_end(program, "the command to end") == -signal.SIGINT
    wait_product(lambda: _open_files(tester) == before, "all of its sockets to be closed")
    assert _test(world)[0] == LEAKED, "the next one works"


def test_watch(world):
    """A line for the state as it is, and one for each change."""
    told = world.client.popen([str(world.product.command), "test", "--watch", "--json"], stdout=subprocess.PIPE, text=True)
    try:
        first = json.loads(told.stdout.readline())
        assert (first["verdict"], first["state"]) == ("leaked", "unlocked") and first["time"]
        world.product.ctl("lock")
        second = json.loads(told.stdout.readline())
        assert (second["verdict"], second["state"]) == ("closed", "blocked")
    finally:
        told.send_signal(signal.SIGINT)
        assert wait_end(told, "the command to end") == -signal.SIGINT


def _index(world) -> str:
    return world.client.run(["cat", "/sys/class/net/tun0/ifindex"], check=False).stdout.strip()


def test_over_a_drop(world, tester):
    """The tunnel is deleted, nothing leaves meanwhile, and the VPN is connected again: when somebody ends it, too.
    It stays if the lock opens meanwhile."""
    drop = [str(world.product.command), "test", "--drop", "--yes"]
    said = world.client.run(drop, check=False)
    assert said.returncode == UNJUDGED and "The lock is open" in said.stdout
    world.product.ctl("lock")
    said = world.client.run(drop, check=False)
    assert said.returncode == UNJUDGED and "no VPN connected" in said.stdout
    world.manager.up("full")
    world.product.wait_state("protected")
    before = _index(world)
    said = world.client.run(drop, check=False)
    assert (said.returncode, said.stdout.count("Nothing leaks")) == (CLOSED, 3), said.stdout
    assert "With “full” connected again:" in said.stdout
    after = _index(world)
    assert before and after and before != after, "no other tunnel: nothing was taken away"

    # what an exception lets out is no leak, and the interface does not stay for it
    world.product.ctl("allow", "add", "probes", "--to", "203.0.113.0/24", "--protocol", "udp", "--port", "443")
    try:
        world.product.running_leak_test()
        program = world.client.popen(drop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until(lambda: _index(world) != after, "the tunnel to be taken away", 20)
        program.stdout.close()
        for number in (signal.SIGTSTP, signal.SIGQUIT):
            program.send_signal(number)
        assert wait_end(program, "the command to end", 90) == 130
        world.product.wait_state("protected")
    finally:
        world.product.ctl("allow", "remove", "probes")
    again = _index(world)
    assert again not in ("", after)

    running = world.product.running_leak_test()
    program = world.client.popen(drop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: _is_watching(running), "the first test to begin", 20)
    world.product.ctl("pause", "1m")
    said = program.communicate(timeout=60)[0]
    assert "The interface tun0 stays." in said and program.returncode in (LEAKED, UNJUDGED), said
    assert _index(world) == again, "taken away while the lock was open"
    world.product.ctl("resume")


@contextlib.contextmanager
def _in_place(program: Path):
    """Where the command line looks for it; afterwards the folder is the machine's again."""
    folder = Path(re.search(r'KS_LIBEXECDIR "(.*)"', (build_dir() / "config.h").read_text())[1])
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    copy = Path("/run/world/libexec")
    shutil.copytree(folder, copy, symlinks=True)
    shutil.copy(program, copy)
    kernel.mount(str(copy), str(folder), "", kernel.MS_BIND)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(copy)
        if made:
            folder.rmdir()


def _ask(world, url: str, *words: str, user: int = 0) -> tuple[int, dict]:
    """Exit status, and what was told."""
    who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    done = world.client.run([*who, str(world.product.command), "test", "--online", url, "--json", *words], check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}


def _answers(found: dict) -> dict:
    return {(way["interface"], way["family"]): way["answer"] if way["reached"] else None for way in found["ways"]}


def _own_addresses(world, interface: str) -> set:
    told = json.loads(world.client.run(["ip", "-json", "address", "show", "dev", interface, "scope", "global"]).stdout)
    return {address["local"] for address in told[0]["addr_info"] if address}


def test_a_service_says_how_it_sees_this_machine(world):
    """It answers with the address of who asks. By the network card it answers as long as the lock is open."""
    by_card, by_vpn = [(a.UPLINK, family) for family in BOTH], [(a.TUNNEL, family) for family in BOTH]
    url = "http://service.example/"
    with _in_place(world.product.online):
        status, found = _ask(world, url)
        answers = _answers(found)
        assert (status, found["verdict"], found["state"], found["seen"]) == (LEAKED, "leaked", "unlocked", "")
        assert {answers[way] for way in by_card} <= _own_addresses(world, a.UPLINK)
        assert [answers["", family] for family in BOTH] == [answers[way] for way in by_card]
        assert _ask(world, f"http://{a.PRIVATE_ROUTER[4]}/")[1]["doubt"] == "not-public"
        # it speaks no TLS, but there was a connection
        assert _ask(world, f"https://{a.WEB[4]}:{a.ECHO_PORT}/")[0] == LEAKED
        assert _ask(world, "file:///etc/passwd") == (2, {})

        web = bytes(map(int, a.WEB[4].split(".")))
        world.product.ctl("auto", "off")
        world.manager.up("full")
        mark = world.capture.fence()
        status, found = _ask(world, url)
        world.product.ctl("auto", "on")
        assert any(web in frame.data for frame in world.capture.since(mark, world.capture.fence()))
        answers = _answers(found)
        assert (status, found["seen"]) == (LEAKED, "different")
        hidden = {answers[way] for way in by_vpn}
        assert hidden <= _own_addresses(world, a.TUNNEL) and not hidden & {answers[way] for way in by_card}

        world.product.ctl("lock")
        mark = world.capture.fence()
        status, found = _ask(world, url, user=1000)
        frames = world.capture.since(mark, world.capture.fence())
        answers = _answers(found)
        assert (status, found["verdict"], found["state"]) == (CLOSED, "closed", "protected"), found
        assert {answers["", family] for family in BOTH} == {answers[way] for way in by_vpn} == hidden
        assert [answers[way] for way in by_card] == [None, None]
        assert not any(web in frame.data for frame in frames)
        world.product.ctl("allow", "add", "service", "--to", a.WEB[4], "--protocol", "tcp", "--port", "80")
        status, found = _ask(world, url)
        world.product.ctl("allow", "remove", "service")
        assert (status, found["doubt"]) == (UNJUDGED, "exception")
        assert _answers(found)[a.UPLINK, 4] in _own_addresses(world, a.UPLINK) and not _answers(found)[a.UPLINK, 6]

        world.manager.all_down()
        assert _ask(world, url)[0] == _ask(world, f"http://{a.WEB[4]}/")[0] == UNJUDGED
        said = world.client.run([str(world.product.command), "test", "--online", url, "--drop"], check=False)
        assert said.returncode == 2
    said = world.client.run([str(world.product.command), "test", "--online", url], check=False)
    assert said.returncode == 1


def test_who_may_and_how_often(world, tester, people):
    """Free at the screen, for others with a password; one call a caller, one test at a time, and a rest between."""
    run = {"interface": INTERFACE, "name": NAME, "path": PATH}
    crowd = [people.alice.another_caller() for _ in range(6)]  # takes longer than a test on a slow machine
    begun = time.monotonic()
    first = people.alice.caller.begin("Run", **run)
    assert people.alice.call("Run", **run).error == "org.freedesktop.DBus.Error.LimitsExceeded"
    # a user with many connections has no more than a few, so that others come to their turn
    asked = [(caller, caller.begin("Run", **run)) for caller in crowd]
    wait_until(lambda: sum(caller.has_answer(number) for caller, number in asked) >= 3, "three of them to be refused")
    answers = [caller.end(number).error for caller, number in asked if caller.has_answer(number)]
    assert answers == ["org.freedesktop.DBus.Error.LimitsExceeded"] * 3
    for caller in crowd:
        caller.quit()
    second = people.root.caller.begin("Run", **run)
    for person in (people.ivan, people.nora):
        assert person.call("Run", **run).error == "io.github.nmkillswitch.Error.NotAuthorised"
    found = people.alice.caller.end(first)
    assert found.ok and found.value[0]["user"] == people.alice.uid
    assert people.root.caller.end(second).ok
    assert time.monotonic() - begun > 2.4 + 2 + 2.4, "they were made at once"
    assert people.alice.call("Run", "('x',)", **run).error == "org.freedesktop.DBus.Error.InvalidArgs"
    assert people.alice.call("Run", **run).ok, "and it lives"


def test_without_its_program(world, tester):
    tester.terminate()
    assert wait_end(tester, "the leak test to end", 5) == 0
    done = world.client.run([str(world.product.command), "test"], check=False)
    assert done.returncode == 1 and "journalctl -u nm-killswitch-leak-test.service" in " ".join(done.stdout.split())


def test_without_a_card_nothing_is_judged(world):
    """The last test: the capture outside goes down with the wire."""
    world.product.ctl("lock")
    world.outside.ip(f"link set {a.ROUTER_END} down")
    try:
        done = world.client.run([str(world.product.command), "test", "--json"], check=False)
    finally:
        world.outside.ip(f"link set {a.ROUTER_END} up")
        world.manager.wait_uplink()
    assert (done.returncode, json.loads(done.stdout)["doubt"]) == (UNJUDGED, "no-card")
