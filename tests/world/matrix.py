# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak matrix: every kind of probe in every state, judged outside."""

import html
import json
import subprocess
import time
from dataclasses import dataclass, field

from . import addresses as a
from . import probes, questions
from .frames import Frame
from .matrix_ways import Way
from .network import Namespace
from .probes import Kind, Probe
from .waiting import wait_until
from .world import World

_ROUTER_DNS = "DNS to the router"


@dataclass
class State:
    """A column: what was found in one state."""

    name: str
    locked: bool
    connected: bool
    sent: list[Probe]
    outside: list[Probe]
    in_tunnel: list[Probe]
    plain: list[Frame]  # everything that the lock should have stopped, probe or not, since the last state
    server_frames: int
    seconds: float
    others: dict[str, tuple[int, int]]  # row of another sender: seen outside, sent

    def cell(self, kind: Kind) -> str:
        sent = [p for p in self.sent if p.kind == kind]
        out = sum(p in self.outside for p in sent)
        tunnelled = sum(p in self.in_tunnel for p in sent)
        text = f"{out}/{len(sent)}"
        return f"{text} (t{tunnelled})" if self.connected and tunnelled else text

    @property
    def untested(self) -> list[Probe]:
        """Probes that were no packets, for want of a route: they say nothing about a lock."""
        return [p for p in self.sent if p.went_nowhere]


@dataclass
class Matrix:
    """Asks the questions. Raises AssertionError where an answer is not as promised."""

    world: World
    states: list[State] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    container: Namespace | None = None  # a guest of the client's

    def __post_init__(self) -> None:
        self._open: list[Probe] = []
        self._judged: int | None = None  # while locked: how far; the way to a state counts as well

    # -- what is looked at

    def was_open(self) -> None:
        """What left since the last state was not locked in: it is not judged."""
        self._judged = None

    def _begin_leak_test(self) -> subprocess.Popen:
        """`nm-killswitch test`, at the same time."""
        self.world.product.running_leak_test()
        return self.world.client.popen([str(self.world.product.command), "test", "--json"], stdout=subprocess.PIPE)

    @staticmethod
    def _judge_leak_test(name: str, said: bytes, frames: list[Frame]) -> None:
        """While locked, it says of each of its rows what was seen outside: nothing, and raises no false alarm."""
        found = json.loads(said)
        marks = [(probe, bytes.fromhex(probe["mark"])) for probe in found["probes"] if probe["mark"]]
        outside = [probe for probe, mark in marks if any(mark in frame.data for frame in frames)]
        left = [probe for probe in found["probes"] if probe["fate"] == "left"]
        assert (left, outside) == ([], []), f"{name}: the leak test says {left}, the capture {outside}"
        assert found["verdict"] in ("closed", "unjudged"), f"{name}: {found['verdict']}"

    def measure(self, name: str, locked: bool, connected: bool = False, paused: bool = False) -> State:
        began = time.monotonic()
        world = self.world
        mark = world.capture.fence()
        if self._judged is None:
            self._judged = mark
        # a pause opens the second layer for IP and ARP, not for every kind of frame
        others = {} if paused else self._measure_others(locked)
        # other locks than ours have no guard whom it could ask
        leak_test = self._begin_leak_test() if locked and world.product.guard_is_running else None
        with world.tunnel_capture() as tunnel:
            sent = probes.send(world.client, probes.all_kinds())
            self._open += sent  # TCP's stay open: a SYN is repeated in the states that follow
            if not locked:
                wait_until(
                    lambda: len(probes.seen(sent, world.capture.since(mark))) == len(sent),
                    "every probe of the unlocked control to be seen outside",
                    5,
                )
            if connected:
                through = [p for p in sent if _belongs_in_tunnel(p.kind)]
                wait_until(
                    lambda: len([p for p in through if tunnel.saw(p)]) == len(through),
                    "every unbound probe to come out of the tunnel at the VPN server",
                    5,
                )
            said = leak_test.communicate(timeout=60)[0] if leak_test else None
            end = world.capture.fence()
            if said is not None:
                self._judge_leak_test(name, said, world.capture.since(mark, end))
            probes.collect_errors(sent)
            for probe in sent:
                if not probe.port:  # a SYN is repeated, a datagram is not
                    probe.close()
            in_tunnel = [p for p in sent if tunnel.saw(p)]
        plain = world.capture.plain(self._judged, end) if locked else []
        self._judged = end if locked else None
        state = State(
            name,
            locked,
            connected,
            sent,
            outside=probes.seen(*((self._open, plain) if locked else (sent, world.capture.since(mark, end)))),
            in_tunnel=in_tunnel,
            plain=plain,
            server_frames=sum(f.purpose == "server" for f in world.capture.since(mark, end)),
            seconds=time.monotonic() - began,
            others=others,
        )
        self.states.append(state)
        return state

    def _measure_others(self, locked: bool) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for way in self.ways:
            mark = way.capture.fence()
            sent = way.send()
            seen = probes.seen(sent, way.capture.since(mark, way.capture.fence()))
            missing = [way.row_of(probe) for probe in sent if probe not in seen]
            assert locked or not missing, f"the control did not see: {missing}"
            for probe in sent:
                row = way.row_of(probe)
                out, tried = found.get(row, (0, 0))
                found[row] = (out + (probe in seen), tried + 1)
                if isinstance(probe, Probe):
                    probe.close()
        return found

    def let_out(self) -> None:
        """What left until now was asked for by the test; it judges from here on."""
        self._judged = self.world.capture.fence()

    def close_probes(self) -> None:
        for probe in self._open:
            probe.close()
        self._open.clear()

    # -- what is promised

    def require_unlocked(self, state: State) -> None:
        missing = [p for p in state.sent if p not in state.outside]
        assert not missing, f"the control did not see: {_names(missing)}"
        for family in a.FAMILIES:
            found = questions.my_address(self.world.client, family)
            assert found in self.world.client.addresses(a.UPLINK), f"the peer saw {found}"

    def require_closed(self, state: State) -> None:
        assert not state.untested, f"{state.name}: no route for {_names(state.untested)}: nothing was tested"
        leaks = [f"{p.sender}: {p.kind}" for p in state.outside]
        assert not leaks, f"{state.name}: LEAKED outside: {leaks}"
        plain = sorted({f.purpose for f in state.plain})
        assert not plain, f"{state.name}: {len(state.plain)} frames outside that are no upkeep and no VPN: {plain}"
        others = [row for row, (out, _) in state.others.items() if out]
        assert not others, f"{state.name}: LEAKED outside: {others}"

    def _address_seen(self, family: int) -> str | None:
        try:
            return questions.my_address(self.world.client, family)
        except questions.NoAnswer:
            return None

    def require_tunnel(self) -> None:
        """The internet works and the peer sees the VPN's address, never ours."""
        for family in a.FAMILIES:
            found = wait_until(lambda: self._address_seen(family), f"the web by IPv{family}", 10)
            assert found in self.world.client.addresses(a.TUNNEL), f"the peer saw {found}, not the VPN's address"
            questions.name_is_answered(self.world.client, a.PUBLIC_DNS[family])

    def require_unreachable(self) -> None:
        """To a program on the client the internet is away, for both families, names included."""
        for family in a.FAMILIES:
            for question in (
                lambda: questions.my_address(self.world.client, family, 1),
                lambda: questions.name_is_answered(self.world.client, a.PUBLIC_DNS[family], 1),
                lambda: questions.name_is_answered(self.world.client, a.ROUTER[family], 1),
            ):
                try:
                    answer = question()
                except questions.NoAnswer:
                    continue
                raise AssertionError(f"IPv{family} got an answer ({answer}) in spite of the lock")

    # -- what is written down

    def report(self, title: str) -> str:
        lines = [f"# {title}", "", "States:", ""]
        for number, state in enumerate(self.states, 1):
            kind = "locked" if state.locked else "unlocked control"
            lines.append(f"{number}. {state.name} ({kind}; {state.seconds:.1f} s)")
        lines += [
            "",
            "Each cell: probes seen outside in clear / probes sent (as root and as a desktop user).",
            "Locked: the first number must be 0; unlocked control: both must be equal.",
            "(tN): N of them came out of the tunnel at the VPN server instead.",
            "",
            "| probe | " + " | ".join(str(n) for n in range(1, len(self.states) + 1)) + " |",
            "|---" * (len(self.states) + 1) + "|",
        ]
        for kind in probes.all_kinds():
            lines.append(f"| {kind} | " + " | ".join(state.cell(kind) for state in self.states) + " |")
        for way in self.ways:
            for row in (f"{way.name}: {name}" for name in way.rows):
                cells = [state.others.get(row) for state in self.states]
                shown = " | ".join(f"{cell[0]}/{cell[1]}" if cell else "–" for cell in cells)
                lines.append(f"| {row} | {shown} |")
        other = " | ".join(str(len(state.plain)) if state.locked else "–" for state in self.states)
        lines.append(f"| any frame that is no link upkeep and no VPN | {other} |")
        return "\n".join(lines) + "\n"


def as_html(markdown: str) -> str:
    """The report's own Markdown: headings, numbered lists, one table, paragraphs."""
    body, rows = [], []
    for line in [*markdown.splitlines(), ""]:
        text = html.escape(line)
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            cell = "td" if rows else "th"
            cells = text.strip("| ").split(" | ")
            rows.append("<tr>" + "".join(f"<{cell}>{one}</{cell}>" for one in cells) + "</tr>")
            continue
        if rows:
            body.append("<table>" + "\n".join(rows) + "</table>")
            rows = []
        body.append(f"<h1>{text[2:]}</h1>" if line.startswith("# ") else f"<p>{text}</p>" if line else "")
    style = "body{font-family:sans-serif}table{border-collapse:collapse}td,th{border:1px solid #999;padding:2px 6px}"
    title = html.escape(markdown.splitlines()[0].lstrip("# "))
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>" + "\n".join(body) + "</body></html>\n"


def _belongs_in_tunnel(kind: Kind) -> bool:
    return not kind.bound and kind.what != _ROUTER_DNS


def _names(some: list[Probe]) -> str:
    return "; ".join(f"{p.sender}: {p.kind} {p.error_name}".strip() for p in some)
