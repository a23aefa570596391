# SPDX-License-Identifier: GPL-2.0-or-later
"""Chaos under a storm: what happens to a lock when everything happens to a client, in any order.

The order comes from a seed: step number N of a seed is always the same step with the same
parameters, whatever came of the steps before it. What each step may do to the lock is known from
the answers (a lock is closed from the answer to "lock" until the question to "unlock"), so a frame
that was handed to the kernel and seen outside between two such times is judged by them.

Between the two a frame passed the lock, and nobody knows when: a program may be held up behind its look
at the clock, and a frame on the wire, for as long as the machine is busy. So a frame counts against a
lock only if that was closed from the one time to the other.
"""

import bisect
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from . import addresses as a
from . import router, storm
from .frames import Frame
from .networks import TARGETS, route_goes_by
from .network import Namespace, log_of, wire
from .raw_probes import mac_of
from .waiting import WaitedTooLong, wait_product, wait_until
from .world import World

_SECOND_CARD, _SECOND_END = "uplink1", "chaos1"
_FOLDER = Path("/run/world/chaos")
_LOCAL = [ip_network(net) for net in ("192.168.0.0/16", "fc00::/7", "fe80::/10", "ff02::/16", "224.0.0.0/24")]

_MS = 10**6
_PAUSE_SLACK = 100 * _MS  # the kernel ends a pause at its next tick
_UNTIMED = 1000 * _MS  # how long a frame that is not the storm's may have been under way
_TUNNEL_MARGIN = 300 * _MS  # what is under way when a tunnel is pulled down may be lost


class Windows:
    """Spans of time, the last of them perhaps still going on."""

    def __init__(self) -> None:
        self._spans: list[list[float]] = []

    @property
    def is_open(self) -> bool:
        return bool(self._spans) and self._spans[-1][1] == float("inf")

    def begin(self) -> None:
        if not self.is_open:
            self._spans.append([time.time_ns(), float("inf")])

    def end(self) -> None:
        if self.is_open:
            self._spans[-1][1] = time.time_ns()

    def overlap(self, begin: float, end: float) -> bool:
        return any(first <= end and begin <= last for first, last in self._spans)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter((first, last) for first, last in self._spans)

    def seconds(self, since: int, until: int) -> float:
        return sum(max(0, min(last, until) - max(first, since)) for first, last in self._spans) / 1e9


class Part:
    """One of storm.py's parts at work."""

    def __init__(self, where: Namespace, *arguments: str):
        program = ["/usr/bin/python3", str(Path(storm.__file__)), *arguments]
        with open(log_of("storm"), "ab") as log:
            self._program = where.popen(program, stdout=subprocess.PIPE, stderr=log, text=True)
        if self._program.stdout.readline() != "ready\n":
            raise RuntimeError(f"storm {arguments[0]} did not start: {log_of('storm').read_text()}")

    def stop(self) -> str:
        assert self._program.poll() is None, f"a part of the storm ended: {log_of('storm').read_text()}"
        self._program.terminate()
        said = self._program.communicate(timeout=60)[0]
        assert self._program.returncode == 0, log_of("storm").read_text()
        return said


class _Syns:
    """When which SYN was sent. Source ports come again, after a while."""

    def __init__(self, file: Path):
        self._sent: dict[tuple[int, int], list[int]] = {}
        for port, flow, when in storm.SYN.iter_unpack(file.read_bytes()):
            self._sent.setdefault((port, flow), []).append(when)

    def sent(self, port: int, flow: int, seen: int) -> int:
        times = self._sent.get((port, flow), [])
        before = bisect.bisect_right(times, seen)
        assert before, f"a SYN of port {port} that nobody sent before it was seen"
        return times[before - 1]


class Seen(NamedTuple):
    what: str
    sent: float
    seen: float
    step: str

    def __str__(self) -> str:
        return f"{self.what}, seen {(self.seen - self.sent) / 1e6:.1f} ms after it was sent, in step {self.step}"


@dataclass
class Verdict:
    frames: int = 0
    canaries: int = 0
    control: set[str] = field(default_factory=set)  # flows that were seen while the lock was open
    leaks: list[Seen] = field(default_factory=list)
    uncovered: list[Seen] = field(default_factory=list)  # frames by a card that has just come (SECURITY.md)
    talked: int = 0  # while the tunnel was up and nobody touched it
    lost: list[str] = field(default_factory=list)
    closed_seconds: float = 0
    tunnel_seconds: float = 0


Step = Callable[["Chaos", random.Random], None]
STEPS: dict[str, tuple[int, bool, Step]] = {}  # name: weight, costs the tunnel, what to do


def step(name: str, weight: int, costs_tunnel: bool = False) -> Callable[[Step], Step]:
    def add(function: Step) -> Step:
        STEPS[name] = (weight, costs_tunnel, function)
        return function

    return add


class Chaos:
    """A storm, and steps through it. `open`: when things may leave, `lan`: when to the local network,
    `tunnel`: when nothing in the tunnel may be lost."""

    def __init__(self, world: World, seed: int, table: str = "inet nm_killswitch"):
        self.world = world
        self.table = table
        self.seed = seed
        self.open, self.lan, self.tunnel = Windows(), Windows(), Windows()
        self.uncovered = Windows()  # a card that the second layer has not reached: it came or has a new name
        self.pauses: list[list[int]] = []
        self.log: list[tuple[int, str]] = []
        self.wants_lock = False
        self.sleeper: subprocess.Popen | None = None
        self._watches: list[tuple[Part, Path]] = []
        self._lost = 0

    # -- begin and end

    def start(self) -> None:
        world = self.world
        _FOLDER.mkdir(exist_ok=True)
        for file in _FOLDER.iterdir():
            file.unlink()
        world.capture.close()  # storm.py watches, in a process of its own
        world.capture = None
        blackholes = [f"route replace blackhole {public}" for public in storm.PUBLIC.values()]
        world.outside.ip(*blackholes)
        router6 = world.client.run(["ip", "-6", "route", "show", "default", "dev", a.UPLINK]).stdout.split("via ")[1]
        routes = ("ipv4.routes", f"{storm.PUBLIC[4]}/32 {a.ROUTER[4]}")
        routes += ("ipv6.routes", f"{storm.PUBLIC[6]}/128 {router6.split()[0]}")
        world.manager.nmcli("connection", "modify", "uplink", *routes)
        world.manager.nmcli("device", "reapply", a.UPLINK)
        self.open.begin()
        self.start_sleeper()
        self.watch(a.ROUTER_END)
        self.plug_second_card()
        self._listen = Part(world.outside, "listen", str(_FOLDER / "heard"))
        self._talk = Part(world.client, "talk", str(_FOLDER / "talked"))
        self._storm = Part(world.client, "send", mac_of(world.outside, a.ROUTER_END).hex(), str(_FOLDER / "syns"))

    def start_sleeper(self) -> None:
        program = ["/usr/bin/python3", str(Path(__file__).with_name("sleeper.py"))]
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.sleeper = self.world.client.popen(program, **options)
        assert self.sleeper.stdout.readline() == "ready\n"

    def tell_sleep(self, word: str) -> None:
        self.sleeper.stdin.write(f"{word}\n")
        self.sleeper.stdin.flush()
        assert self.sleeper.stdout.readline() == "done\n"

    def watch(self, link: str) -> None:
        file = _FOLDER / f"frames-{len(self._watches)}"
        self._watches.append((Part(self.world.outside, "watch", link, str(file)), file))

    def plug_second_card(self) -> None:
        """A second card, on the router as well; nothing is configured on it, what is tied to it goes out."""
        self.uncovered.begin()
        wire(self.world.client, _SECOND_CARD, self.world.outside, _SECOND_END)
        self.watch(_SECOND_END)
        self.world.outside.ip(f"addr add 198.18.1.1/24 dev {_SECOND_END}", f"link set {_SECOND_END} up")
        commands = [f"link set {_SECOND_CARD} up", f"addr add 198.18.1.2/24 dev {_SECOND_CARD}"]
        commands += [f"route add {storm.PUBLIC[4]}/32 via 198.18.1.1 dev {_SECOND_CARD} metric 900"]
        self.world.client.run(["ip", "-force", "-batch", "-"], input="\n".join(commands) + "\n", check=False)

    # -- steps

    def run(self, count: int, names: list[str] | None = None) -> None:
        table = {name: row for name, row in STEPS.items() if names is None or name in names}
        weights = [weight if names is None else 1 for weight, _, _ in table.values()]
        for number in range(count):
            dice = random.Random(f"{self.seed}/{number}")
            name = dice.choices(list(table), weights)[0]
            _, costs_tunnel, function = table[name]
            self.log.append((time.time_ns(), f"{number} ({name})"))
            if costs_tunnel:
                self.tunnel.end()
            function(self, dice)
            time.sleep(dice.uniform(0, 0.15))
            self.look()

    def look(self) -> None:
        """What the kernel says must be what the answers said; and is the tunnel there?"""
        world = self.world
        if not world.product.guard_is_running:
            if not self.open.is_open:
                tables = world.client.run(["nft", "list", "tables"]).stdout
                assert self.table in tables, f"{self.where()}: the guard is dead and the lock is gone"
            return
        status = world.product.status()
        assert status["locked"] == self.wants_lock, f"{self.where()}: {status}"
        if status["layers"]["egress"] and status["verified"]:
            self.uncovered.end()
        up = status["state"] in ("protected", "unlocked") and world.manager.state_of("full") == "activated"
        if up and not self.tunnel.is_open and route_goes_by(world.client, 4, a.TUNNEL):
            self.tunnel.begin()

    def where(self) -> str:
        return f"seed {self.seed}, step {self.log[-1][1] if self.log else '-'}"

    def patiently(self, look: Callable[[], object], what: str, timeout: float = 15) -> None:
        """Not every step can come to its end in every state; the next one shows."""
        with suppress(WaitedTooLong):
            wait_until(look, what, timeout)

    def ctl(self, *arguments: str) -> bool:
        return self.world.product.ctl(*arguments, check=False).returncode == 0

    def close_lock(self) -> None:
        if self.ctl("lock"):
            self.wants_lock = True
            self.open.end()

    def wait_uplink(self) -> None:
        manager = self.world.manager
        self.patiently(lambda: manager.state_of("uplink") == "activated", "the uplink")

    def let_storm(self, rounds: int) -> None:
        """Until every flow was sent so many times, however long that takes."""
        syns = _FOLDER / "syns"
        tcp = sum(way == "tcp" for _, way, *_ in storm.FLOWS)
        # one for each, and with two cards, those that are bound to a card are sent by both
        wanted = syns.stat().st_size + (rounds + 1) * 2 * tcp * storm.SYN.size
        wait_until(lambda: syns.stat().st_size >= wanted, "the storm to go on", 30)

    # -- the verdict

    def stop(self) -> Verdict:
        self.tunnel.end()
        end = time.time_ns()
        self._storm.stop()
        self._talk.stop()
        time.sleep(0.5)
        self._listen.stop()
        found = Verdict(tunnel_seconds=self.tunnel.seconds(0, end))
        begin = self.log[0][0] if self.log else end
        found.closed_seconds = (end - begin) / 1e9 - self.open.seconds(begin, end)
        syns = _Syns(_FOLDER / "syns")
        for part, file in self._watches:
            said = part.stop()
            assert said == "lost 0\n", f"a watch overlooked frames and can judge nothing: {said}"
            self._judge(file, syns, found)
        self._judge_tunnel(found)
        self.sleeper.stdin.close()
        self.sleeper.wait(10)
        return found

    def _step_at(self, when: float) -> str:
        at = bisect.bisect_right(self.log, (when, "~")) - 1
        return self.log[at][1] if at >= 0 else "before the first"

    def _judge(self, file: Path, syns: "_Syns", found: Verdict) -> None:
        data = file.read_bytes()
        at = 0
        while at + storm.RECORD.size <= len(data):
            seen, size = storm.RECORD.unpack_from(data, at)
            at += storm.RECORD.size
            frame = Frame(seen / 1e9, data[at : at + size])
            at += size
            found.frames += 1
            if frame.purpose.startswith("plain"):
                self._judge_plain(frame, seen, syns, found)

    def _judge_plain(self, frame: Frame, seen: int, syns: "_Syns", found: Verdict) -> None:
        what, sent = frame.purpose, seen - _UNTIMED
        place = frame.data.find(storm.MAGIC)
        packet = frame.packet
        if 0 <= place <= len(frame.data) - storm.CANARY.size:
            _, flow, sent = storm.CANARY.unpack_from(frame.data, place)
            what = storm.FLOWS[flow][0]
        elif packet and packet.destination in storm.PUBLIC.values() and packet.destination_port >= storm.SYN_PORTS:
            flow = packet.destination_port - storm.SYN_PORTS
            what, sent = storm.FLOWS[flow][0], syns.sent(packet.source_port, flow, seen)
        found.canaries += what != frame.purpose
        if self.open.overlap(sent, seen) or any(first <= seen and sent <= last for first, last in self.pauses):
            found.control.add(what)
        elif not (self.lan.overlap(sent, seen) and _is_local(packet)):
            is_known = " frame" in what and self.uncovered.overlap(sent, seen)
            (found.uncovered if is_known else found.leaks).append(Seen(what, sent, seen, self._step_at(sent)))

    def _judge_tunnel(self, found: Verdict) -> None:
        heard = (_FOLDER / "heard").read_bytes()
        arrived = {int.from_bytes(heard[i : i + 4], "little") for i in range(0, len(heard), 4)}
        talked = (_FOLDER / "talked").read_bytes()
        calm = [(first + _TUNNEL_MARGIN, last - _TUNNEL_MARGIN) for first, last in self.tunnel]
        for at in range(0, len(talked), 12):
            sent, number = int.from_bytes(talked[at : at + 8], "little"), int.from_bytes(talked[at + 8 : at + 12], "little")
            if any(first <= sent <= last for first, last in calm):
                found.talked += 1
                if number not in arrived:
                    found.lost.append(f"datagram {number}, in step {self._step_at(sent)}")


def _is_local(packet) -> bool:
    if packet is None or packet.destination_port in (53, 853):
        return False
    return any(ip_address(packet.destination) in net for net in _LOCAL)


# ---- what can happen ----


@step("lock", 8)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.close_lock()


@step("unlock, and lock again", 4)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.open.begin()
    if chaos.ctl("unlock"):
        chaos.wants_lock = False
    time.sleep(dice.uniform(0, 0.2))
    chaos.close_lock()


@step("pause", 5)
def _(chaos: Chaos, dice: random.Random) -> None:
    seconds = dice.choice((1, 2))
    begin = time.time_ns()
    chaos.ctl("pause", str(seconds))  # whatever it answers: the kernel may have it
    chaos.pauses.append([begin, time.time_ns() + seconds * 10**9 + _PAUSE_SLACK])


@step("resume", 4)
def _(chaos: Chaos, dice: random.Random) -> None:
    if chaos.ctl("resume") and chaos.pauses:
        chaos.pauses[-1][1] = min(chaos.pauses[-1][1], time.time_ns())


@step("LAN access on", 4)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.lan.begin()
    chaos.ctl("lan", "on")  # whatever it answers, it is closed when "lan off" says so


@step("LAN access off", 6)
def _(chaos: Chaos, dice: random.Random) -> None:
    if chaos.ctl("lan", "off"):
        chaos.lan.end()


@step("guard killed", 4)
def _(chaos: Chaos, dice: random.Random) -> None:
    if chaos.world.product.guard_is_running:
        chaos.world.product.stop_guard(dice.choice((9, 15)))
    if dice.random() < 0.5:
        start_guard(chaos)


@step("guard started", 14)
def _(chaos: Chaos, dice: random.Random) -> None:
    start_guard(chaos)


def start_guard(chaos: Chaos) -> None:
    product = chaos.world.product
    if product.guard_is_running:
        return
    product.start_guard()
    if chaos.wants_lock:
        wait_product(lambda: (now := product.status())["locked"] and now["verified"], "the new guard to hold the lock")
        chaos.open.end()


_TAMPERING = (
    "flush ruleset",
    "delete table inet nm_killswitch",
    "delete table netdev nm_killswitch",
    "flush table inet nm_killswitch",
    "add table inet foreign; add chain inet foreign out { type filter hook output priority -200; }; "
    "add rule inet foreign out accept",
)


@step("tamper", 6)
def _(chaos: Chaos, dice: random.Random) -> None:
    """With a guard the kernel lets nobody else at its tables (Linux 6.9); without one root may."""
    if not chaos.world.product.guard_is_running:
        chaos.open.begin()
        chaos.uncovered.begin()
    chaos.world.client.run(["nft", dice.choice(_TAMPERING)], check=False)


@step("VPN up", 20)
def _(chaos: Chaos, dice: random.Random) -> None:
    if chaos.world.manager.state_of("full") == "activated" and chaos.world.client.has_link(a.TUNNEL):
        return
    chaos.tunnel.end()
    chaos.world.manager.nmcli("--wait", "12", "connection", "up", "full", check=False)
    if chaos.world.product.guard_is_running:
        chaos.patiently(lambda: chaos.world.product.status()["state"] != "blocked", "the tunnel's part of the lock", 3)


@step("a second VPN up or down", 3, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    """Without the default route; costs the first one a moment if the plugin takes it for its own."""
    if chaos.world.manager.state_of("split"):
        chaos.world.manager.nmcli("--wait", "10", "connection", "down", "split", check=False)
    else:
        chaos.world.manager.nmcli("--wait", "12", "connection", "up", "split", check=False)


@step("VPN down", 3, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.world.manager.nmcli("--wait", "10", "connection", "down", "full", check=False)


@step("openvpn killed", 4, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    with suppress(AssertionError):
        chaos.world.client.kill("openvpn")


@step("tunnel's link deleted, set down or renamed", 4, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    change = dice.choice(("link del tun0", "link set tun0 down", "link set tun0 name tunnel9"))
    chaos.world.client.run(["ip", *change.split()], check=False)
    chaos.world.client.run(["ip", "link", "del", "tunnel9"], check=False)


@step("wire pulled and put back", 4, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.world.client.run(["ip", "link", "set", a.UPLINK, "down"])
    time.sleep(dice.uniform(0, 0.3))
    chaos.world.client.run(["ip", "link", "set", a.UPLINK, "up"])
    chaos.wait_uplink()


@step("card renamed and back", 3, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.uncovered.begin()
    for old, new in ((a.UPLINK, "wan0"), ("wan0", a.UPLINK)):
        commands = (f"link set {old} down", f"link set {old} name {new}", f"link set {new} up")
        chaos.world.client.ip(*commands)
        time.sleep(dice.uniform(0, 0.5))
    chaos.wait_uplink()


@step("second card unplugged and another plugged in", 5)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.world.client.run(["ip", "link", "del", _SECOND_CARD], check=False)
    time.sleep(dice.uniform(0, 0.2))
    chaos.plug_second_card()


@step("lease renewed", 5)
def _(chaos: Chaos, dice: random.Random) -> None:
    router.say_options(renew_after="4")
    chaos.world.outside.kill("dnsmasq", 1)


@step("lease with other routes", 2, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    option = dice.choice((121, 249))
    router.say_options(f"{option},{TARGETS[4]},{a.ROUTER[4]},0.0.0.0/0,{a.ROUTER[4]}", renew_after="4")
    chaos.world.outside.kill("dnsmasq", 1)
    chaos.patiently(lambda: route_goes_by(chaos.world.client, 4, a.UPLINK), "the lease", 6)
    router.say_options(renew_after="4")
    chaos.world.outside.kill("dnsmasq", 1)
    honest = [f"{TARGETS[4]}"]
    shown = ["ip", "route", "show", *honest]
    chaos.patiently(lambda: not chaos.world.client.run(shown).stdout.strip(), "the next lease", 6)


@step("suspended and woken (logind)", 3, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    chaos.tell_sleep("sleep")
    time.sleep(dice.uniform(0, 0.5))
    chaos.tell_sleep("wake")
    chaos.wait_uplink()


@step("networking off and on", 2, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    for word in ("off", "on"):
        chaos.world.manager.nmcli("networking", word, check=False)
        time.sleep(dice.uniform(0, 0.3))
    chaos.wait_uplink()


@step("NetworkManager restarted", 3, costs_tunnel=True)
def _(chaos: Chaos, dice: random.Random) -> None:
    manager = chaos.world.manager
    manager.stop(dice.choice((9, 15)))
    manager.start()
    chaos.wait_uplink()
