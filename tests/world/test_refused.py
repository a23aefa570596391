# SPDX-License-Identifier: GPL-2.0-or-later
"""`nm-killswitch refused` names the program of each packet that the lock refuses, or says that it is not known; and
the kernel tells of it only while somebody looks."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from . import addresses as a
from .flooding import SATURATING, Part
from .guests import LINK
from .network import Namespace, log_of
from .people import Person
from .sandbox import build_dir
from .waiting import wait_end, wait_product, wait_until

NAME, PATH, INTERFACE = "io.github.nmkillswitch.Refused", "/io/github/nmkillswitch/Refused", "io.github.nmkillswitch.Refused1"
LOOK = {"interface": INTERFACE, "name": NAME, "path": PATH}
CANARIES = Path("/run/world/canaries")
NO_PACKET_LOG = build_dir() / "tests/world/libno-packet-log.so"
HOSTILE = "evil\x1b[2J\u202e"  # it would clear a terminal, and turn what follows

# What a program of each kind tries, and stays until its standard input ends: one that has ended cannot be found.
TRY = """
import socket, sys
def quietly(make, *addresses):
    made = make()
    try:
        made.settimeout(4)
        for send in addresses:
            send(made)
    except OSError:
        pass
    return made
four, six = sys.argv[1:3]
S = socket
kept = [
    quietly(lambda: S.socket(S.AF_INET, S.SOCK_STREAM), lambda s: s.connect((four, 8443))),
    quietly(lambda: S.socket(S.AF_INET6, S.SOCK_STREAM), lambda s: s.connect((six, 8443))),
    quietly(lambda: S.socket(S.AF_INET, S.SOCK_DGRAM), lambda s: s.sendto(b"x", (four, 8444))),
    quietly(lambda: S.socket(S.AF_INET6, S.SOCK_DGRAM), lambda s: s.sendto(b"x", (six, 8444))),
    quietly(lambda: S.socket(S.AF_INET6, S.SOCK_DGRAM), lambda s: s.sendto(b"x", ("::ffff:" + four, 8445))),
    quietly(lambda: S.socket(S.AF_INET, S.SOCK_DGRAM), lambda s: s.sendto(b"x", (four, 53))),
    quietly(lambda: S.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP), lambda s: s.sendto(bytes([8, 0, 0, 0, 0, 0, 0, 1]), (four, 0))),
]
sys.stdin.read()
"""
# of each program: protocol, IP version, port, rule
TRIED = {
    ("tcp", 4, 8443, "outside"), ("tcp", 6, 8443, "outside"), ("udp", 4, 8444, "outside"), ("udp", 6, 8444, "outside"),
    ("udp", 4, 8445, "outside"), ("udp", 4, 53, "dns"), ("icmp", 4, 0, "outside"),
}


class Looker:
    """A program of the helper, as the bus would start it."""

    def __init__(self, world):
        self.program = world.product.start_refused()
        self._world = world

    def tells(self) -> bool:
        """Both layers, or neither: they are changed one after the other."""
        return wait_product(self._telling, "both layers to tell, or neither") == "both"

    def _telling(self) -> str | None:
        count = self._world.client.run(["nft", "list", "ruleset"]).stdout.count("log group 27507")
        return {0: "neither", 2: "both"}.get(count)


@pytest.fixture(scope="module")
def looker(world, guarded):
    world.client.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"])
    CANARIES.mkdir(parents=True, exist_ok=True)
    world.product.ctl("lock")
    return Looker(world)


@pytest.fixture(autouse=True)
def nobody_looks(people, looker):
    yield
    for person in (people.root, people.alice):
        assert person.call("Stop", **LOOK).ok


def _canary(name: str) -> str:
    path = CANARIES / name
    if not path.exists():
        shutil.copy("/usr/bin/python3", path)
    return str(path)


def _begin(world, program: str, person: Person | None = None) -> subprocess.Popen:
    arguments = [_canary(program), "-c", TRY, a.WEB[4], a.WEB[6]]
    if not person:
        return world.client.popen(arguments, stdin=subprocess.PIPE)
    return subprocess.Popen(arguments, preexec_fn=person.become, stdin=subprocess.PIPE)


def _look(caller) -> dict:
    answer = caller.call("Look", **LOOK)
    assert answer.ok, answer
    return answer.value[0]


def _of(told: dict, program: str) -> set:
    return {
        (entry["protocol"], 6 if ":" in entry["destination"] else 4, entry["port"], entry["rule"])
        for entry in told["entries"] if entry["program"] == program
    }


def test_who_may_and_how_often(world, looker, people):
    """Those who look and stop all the time have the guard change its rules once."""
    said = lambda: log_of("nm-killswitchd").read_text().count("somebody looks at what is refused")  # noqa: E731
    for person in (people.ivan, people.nora):
        for asked in (("Look",), ("Keep", "(uint32 60,)")):
            assert person.call(*asked, **LOOK).error == "io.github.nmkillswitch.Error.NotAuthorised"
    assert people.alice.call("Keep", "(uint32 3601,)", **LOOK).error == "org.freedesktop.DBus.Error.LimitsExceeded"
    assert not looker.tells()
    before = said()
    for _ in range(30):
        _look(people.alice.caller)
        assert people.alice.call("Stop", **LOOK).ok
    assert said() == before + 1 and looker.tells()
    wait_until(lambda: not looker.tells(), "the kernel to be quiet")


def test_a_session_that_is_no_more_at_the_screen(looker, people):
    agent = people.ivan.agent()
    call = people.ivan.caller.begin("Look", interactive=True, **LOOK)
    agent.give_password()
    assert people.ivan.caller.end(call).ok
    _look(people.alice.caller)
    user = Path(f"/run/systemd/users/{people.alice.uid}")  # what polkit reads of a session: its user's state
    active = user.read_text()
    user.write_text(active.replace("STATE=active", "STATE=online").replace("ACTIVE_SESSIONS=c1", "ACTIVE_SESSIONS="))
    try:
        refused = lambda: people.alice.call("Look", **LOOK).error == "io.github.nmkillswitch.Error.NotAuthorised"  # noqa: E731
        wait_until(refused, "what was allowed to end")
        assert _look(people.ivan.caller)["state"] == "on", "a password is for all of one look"
    finally:
        user.write_text(active)
    _look(people.alice.caller)
    assert people.ivan.call("Stop", **LOOK).ok
    assert people.ivan.call("Look", **LOOK).error == "io.github.nmkillswitch.Error.NotAuthorised"
    people.ivan.forget_passwords()


def test_each_is_named_and_another_users_is_not_shown(world, looker, people):
    assert _look(people.root.caller)["state"] == "on"
    assert looker.tells()
    assert _look(people.alice.caller)["entries"] == []
    started = [_begin(world, "canary-root"), _begin(world, "canary-alice", people.alice)]
    seen = lambda: _look(people.root.caller)  # noqa: E731
    wait_until(lambda: all(_of(seen(), name) == TRIED for name in ("canary-root", "canary-alice")), "all to be named")
    told = seen()
    for entry in told["entries"]:
        if entry["program"] == "canary-alice":
            assert (entry["path"], entry["uid"], entry["user"]) == (_canary("canary-alice"), people.alice.uid, "alice")
    own = _look(people.alice.caller)
    assert _of(own, "canary-alice") == TRIED and not _of(own, "canary-root")
    assert {entry["uid"] for entry in own["entries"]} == {people.alice.uid} and own["hidden"] >= len(TRIED)
    for program in started:
        program.communicate()


# Both have the same port, as those who hear multicast DNS; the first one sends.
SHARED = """
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 5353))
print("bound", flush=True)
if sys.stdin.readline():
    try:
        s.sendto(b"x", (sys.argv[1], 8446))
    except OSError:
        pass
    sys.stdin.readline()
"""
# A user's program makes a socket, and root's has it.
HANDED = """
import os, socket, sys, time
ours, theirs = socket.socketpair()
if os.fork() == 0:
    os.setuid(int(sys.argv[2]))
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    socket.send_fds(theirs, [b"x"], [made.fileno()])
    os._exit(0)
handed = socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])
os.wait()
try:
    handed.sendto(b"x", (sys.argv[1], 8447))
except OSError:
    pass
sys.stdin.read()
"""


def test_anothers_program_at_the_same_socket(world, looker, people):
    _look(people.root.caller)
    _look(people.alice.caller)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    arguments = ["-c", SHARED, a.WEB[6]]
    programs = [subprocess.Popen([_canary("canary-alice"), *arguments], preexec_fn=people.alice.become, **pipes)]
    assert programs[0].stdout.readline() == "bound\n"
    programs.append(world.client.popen([_canary("canary-root"), *arguments], **pipes))
    assert programs[1].stdout.readline() == "bound\n"
    programs[0].stdin.write("go\n")
    programs[0].stdin.flush()
    handing = [_canary("canary-root"), "-c", HANDED, a.WEB[6], str(people.alice.uid)]
    handed = world.client.popen(handing, stdin=subprocess.PIPE)

    def seen(caller) -> dict:
        entries = [entry for entry in _look(caller)["entries"] if entry["port"] in (8446, 8447)]
        assert all(entry["uid"] == people.alice.uid for entry in entries)
        return {entry["port"]: entry["program"] for entry in entries}

    wait_until(lambda: len(seen(people.root.caller)) == 2, "both to be told")
    assert seen(people.root.caller)[8447] == "canary-root", "who has it, for root"
    own = seen(people.alice.caller)
    assert own[8446] in ("", "canary-alice") and own[8447] == ""
    for program in programs:
        program.communicate()
    handed.communicate()


ONCE = """
import socket, sys
s = socket.socket()
s.settimeout(float(sys.argv[2]))
try:
    s.connect((sys.argv[1], 8448))
except OSError:
    pass
"""


def test_each_try_counts_once(world, looker, people):
    """One that ends before the second try, and one that is reset by it."""
    _look(people.root.caller)
    listing = ["nft", "-j", "list", "counter", "inet", "nm_killswitch", "blocked_out"]
    counted = lambda: json.loads(world.client.run(listing).stdout)["nftables"][1]["counter"]["packets"]  # noqa: E731
    before = counted()
    for seconds in ("0.3", "4"):
        world.client.run([_canary("canary-root"), "-c", ONCE, a.WEB[4], seconds])
    assert counted() == before + 2


FRAME = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("%s", 0))
try:
    s.send(bytes.fromhex("02000000000702000000000888b5") + bytes(46))
except OSError:
    pass
"""


def test_what_has_no_program_here(world, looker, people):
    """A guest's packet, and a frame by hand."""
    world.client.sysctl(ipv4__ip_forward=1)
    guest = Namespace("guest")
    world.client.ip(
        f"link add port9 type veth peer name {LINK} netns guest", "addr add 10.98.0.1/24 dev port9", "link set port9 up"
    )
    guest.ip(f"link set {LINK} up", f"addr add 10.98.0.2/24 dev {LINK}", "route add default via 10.98.0.1")
    try:
        guest.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"])
        _look(people.root.caller)
        guest.run(["/usr/bin/python3", "-c", TRY, a.WEB[4], a.WEB[6]], stdin=subprocess.DEVNULL)
        world.client.run([_canary("canary-root"), "-c", FRAME % a.UPLINK])
        wanted = {("tcp", 8443), ("udp", 8444), ("icmp", 0), ("0x88b5", 0)}
        told: list[dict] = []

        def all_told() -> bool:
            told[:] = _look(people.root.caller)["entries"]
            mine = [entry for entry in told if entry["source"] == "10.98.0.2" or entry["protocol"] == "0x88b5"]
            return wanted <= {(entry["protocol"], entry["port"]) for entry in mine}

        wait_product(all_told, f"{wanted} to be told")
        forwarded = [entry for entry in told if entry["source"] == "10.98.0.2"]
        for entry in forwarded:
            known = entry["way"], entry["from"], entry["program"], entry["uid"], entry["rule"]
            assert known == ("forwarded", "port9", "", -1, "forwarded")
        frames = [entry for entry in told if entry["protocol"] == "0x88b5"]
        assert [(entry["way"], entry["destination"], entry["rule"]) for entry in frames] == [("frame", "", "frame")]
    finally:
        guest.close()


def _ctl(world, *arguments: str) -> str:
    return world.client.run([str(world.product.command), "refused", *arguments]).stdout


def test_the_command(world, looker):
    """Once and as it goes; names cannot steer a terminal; JSON is as it is."""
    watching = world.client.popen([str(world.product.command), "refused", "--watch", "--json"], stdout=subprocess.PIPE, text=True)
    wait_until(looker.tells, "the kernel to tell")
    program = _begin(world, HOSTILE)
    line = json.loads(watching.stdout.readline())
    assert line["time"] and line["destination"] in a.WEB.values() and "\x1b" not in line["program"]
    shown = _ctl(world)
    assert "8443" in shown and not set(shown) & {"\x1b", "\u202e"} and "evil" in shown
    program.communicate()
    watching.send_signal(signal.SIGINT)
    wait_end(watching, "the command to end")
    assert "Nothing was refused" in _ctl(world), "and all is forgotten"


def test_killed_or_without_a_guard_nothing_tells(world, looker, people, tmp_path):
    _look(people.root.caller)
    assert looker.tells()
    looker.program.kill()
    looker.program.wait()
    wait_until(lambda: not looker.tells(), "the kernel to be quiet")
    looker.program = world.product.start_refused()
    _look(people.root.caller)
    said = tmp_path / "said"
    with open(said, "w") as file:
        watching = world.client.popen([str(world.product.command), "refused", "--watch", "--json"], stdout=file)
    programs = [_begin(world, "canary-root")]
    wait_until(lambda: '"canary-root"' in said.read_text(), "the command to see it")
    assert _keep(people.root, 600)["state"] == "on" and not _look(people.root.caller)["lost"]
    world.product.stop_guard(signal.SIGKILL)
    assert looker.tells(), "as the guard left it"
    assert _look(people.root.caller)["state"] == "no-guard"
    kept = _keep(people.root, 60)
    assert kept["state"] == "no-guard" and kept["kept_until"] - time.time() > 500, "what was asked before goes on"
    world.product.start_guard()
    wait_until(lambda: _look(people.root.caller)["state"] == "on" and looker.tells(), "the next one to be asked")
    assert _look(people.root.caller)["lost"], "what came while no guard was there"
    assert world.product.status()["verified"]
    assert _keep(people.root, 0)["kept_until"] == 0
    programs.append(_begin(world, "canary-later"))
    wait_until(lambda: '"canary-later"' in said.read_text(), "the command to have outlived the guard")
    for program in programs:
        program.communicate()
    watching.send_signal(signal.SIGINT)
    wait_end(watching, "the command to end")


def test_a_kernel_that_cannot_tell_any_more(world, looker, people, tmp_path):
    """The lock comes first, and those who look hear of it."""
    without = tmp_path / "no-packet-log"
    world.product.stop_guard()
    world.product.start_guard(environment={"LD_PRELOAD": str(NO_PACKET_LOG), "KS_NO_PACKET_LOG": str(without)})
    try:
        wait_until(lambda: _look(people.root.caller)["state"] == "on" and looker.tells(), "the guard to be asked")
        without.touch()
        world.product.ctl("unlock")
        world.product.ctl("lock")
        status = world.product.status()
        assert status["locked"] and status["verified"] and not looker.tells()
        wait_until(lambda: _look(people.root.caller)["state"] == "no-guard", "it to let its lookers go")
        wait_until(lambda: _look(people.root.caller)["state"] == "no-kernel", "it to be asked again")
    finally:
        world.product.stop_guard()
        world.product.start_guard()


KEPT = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(b"x", (sys.argv[1], 8449))
except OSError:
    pass
print("sent", flush=True)
sys.stdin.readline()
"""


def _keep(person: Person, seconds: int) -> dict:
    return person.call("Keep", f"(uint32 {seconds},)", **LOOK).value[0]


def _told(person: Person) -> set:
    return {entry["program"] for entry in _look(person.caller)["entries"]}


@contextmanager
def _sent(world, people) -> Iterator[None]:
    """By root, then by alice; they stay: one that has ended cannot be found."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as programs:
        for name, begin in (
            ("canary-root", world.client.popen),
            ("canary-alice", partial(subprocess.Popen, preexec_fn=people.alice.become)),
        ):
            program = programs.enter_context(begin([_canary(name), "-c", KEPT, a.WEB[4]], **pipes))
            assert program.stdout.readline() == "sent\n"
        yield


def test_kept_though_nobody_looks(world, looker, people):
    """What the one who asked may see and nothing else, as long as was asked; by the command, too."""
    keep, told = _keep, _told
    sent = partial(_sent, world, people)

    def command_tells() -> set[str]:
        began = time.monotonic()
        entries = json.loads(_ctl(world, "--json"))["entries"]
        assert time.monotonic() - began < 10, "without looking for ten seconds"
        return {entry["program"] for entry in entries}

    logged = lambda: log_of("nm-killswitch-refused").read_text().count("has what is refused kept")  # noqa: E731
    wait_until(lambda: not looker.tells(), "the kernel to be quiet")
    before = logged()
    for seconds in (300, 600):
        kept = keep(people.alice, seconds)
    assert kept["state"] == "on" and abs(kept["kept_until"] - time.time() - 600) < 20 and looker.tells()
    assert logged() == before + 1, "that somebody begins"
    with sent():
        wait_until(lambda: told(people.alice), "it to be told")
    assert told(people.alice) == {"canary-alice"}
    assert told(people.root) == {"canary-alice"}, "root's own was not kept: alice may not see it"
    with sent():
        wait_until(lambda: told(people.root) == {"canary-alice", "canary-root"}, "both to be told")
    for person in (people.root, people.alice):
        assert person.call("Stop", **LOOK).ok
    assert told(people.root) == {"canary-alice"}, "and what root looked at is forgotten"
    assert people.root.call("Stop", **LOOK).ok
    assert keep(people.alice, 0)["kept_until"] == 0 and told(people.alice) == set()
    assert people.alice.call("Stop", **LOOK).ok

    assert "is kept in memory until" in _ctl(world, "--keep", "10m")
    with sent():
        wait_until(lambda: command_tells() == {"canary-alice", "canary-root"}, "the command to tell both")
    _ctl(world, "--keep", "1s")
    wait_until(lambda: not looker.tells(), "it to end by itself", 20)
    assert told(people.root) == set()


def test_forgotten_though_another_looks(world, looker, people):
    """At off, and at the end: what the other one may see stays."""
    hidden = lambda: _look(people.alice.caller)["hidden"]  # noqa: E731
    for seconds in (600, 10):
        assert _keep(people.root, seconds)["state"] == "on" and hidden() == 0
        with _sent(world, people):
            wait_until(lambda: hidden() == 1 and _told(people.alice) == {"canary-alice"}, "both to be kept")
        if seconds == 600:
            assert _keep(people.root, 0)["kept_until"] == 0
        wait_until(lambda: hidden() == 0, "root's to be forgotten")
        assert _told(people.alice) == {"canary-alice"}
    assert _told(people.root) == {"canary-alice"}


# A new socket for each of many destinations: no limit of the kernel's rules has room for them.
EVERYWHERE = """
import socket, sys
for port in range(10000, 13000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        try:
            made.sendto(b"x", (sys.argv[1], port))
        except OSError:
            pass
"""


def test_more_than_can_be_told(world, looker, people):
    """Who looks hears that some are missing; a program that says the same all the time has none missing."""
    assert not _look(people.root.caller)["lost"]
    world.client.run(["/usr/bin/python3", "-c", EVERYWHERE.replace("(sys.argv[1], port)", "(sys.argv[1], 9)"), a.WEB[4]])
    wait_until(lambda: 9 in [entry["port"] for entry in _look(people.root.caller)["entries"]], "it to be told")
    assert not _look(people.root.caller)["lost"]
    world.client.run(["/usr/bin/python3", "-c", EVERYWHERE, a.WEB[4]])
    wait_until(lambda: _look(people.root.caller)["lost"], "it to be said")
    assert len(_look(people.root.caller)["entries"]) > 20, "as many as there is room for"


def _cpu(pid: int) -> float:
    """Seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_flood(world, looker, people, record_property):
    """As much as two programs can send, and the kernel tells of 100 packets a second: the guard has nothing to do. The
    first has a processor for itself; the second takes its turns with the guard, and has it run."""
    _look(people.root.caller)
    pids = {"guard": world.product.guard_pid, "helper": looker.program.pid}
    began, before = time.monotonic(), {name: _cpu(pid) for name, pid in pids.items()}
    where = (a.UPLINK, a.WEB[4], a.WEB[6], a.PRIVATE_ROUTER[4], a.PRIVATE_ROUTER[6])
    floods = [Part(world.client, "send", SATURATING, *where) for _ in range(2)]
    alone = floods[0].go_first()
    time.sleep(3)
    counted = [dict(line.split()[:2] for line in flood.stop()) for flood in floods]
    took = time.monotonic() - began
    used = {name: (_cpu(pid) - before[name]) / took for name, pid in pids.items()}
    told = sum(entry["count"] for entry in _look(people.root.caller)["entries"] if entry["program"] == "flood")
    rate = sum(int(each["tried"]) * 1000 / int(each["milliseconds"]) for each in counted)
    record_property("flood", f"{rate:.0f} refused packets a second, {told} told in {took:.1f} s; of a processor: {used}")
    print(f"{rate:.0f} refused packets a second, {told} told in {took:.1f} s; of a processor: {used}")
    assert rate > (200000 if alone else 20000) and 50 < told < 2 * 100 * (took + 2), "the kernel's limit, and some are told"
    assert used["guard"] < 0.01
    assert used["helper"] < 0.25
