# SPDX-License-Identifier: GPL-2.0-or-later
"""Every method x everybody x what can come of it, with the real bus and the real polkitd (people.py
says what is real and what is stood in for)."""

import shutil
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from . import addresses as a
from . import hostile, strangers
from .people import ERROR, INTERFACE, PROPERTIES
from .profiles import uuid_of
from .sandbox import REPOSITORY
from .seeds import run_seed
from .waiting import wait_until

NOT_AUTHORISED = f"{ERROR}NotAuthorised"
TWICE = {**dict.fromkeys(("AddException", "AddService", "AddExceptionOn", "AddServiceOn"), f"{ERROR}ExceptionExists"), "RemoveException": f"{ERROR}NoSuchException", "Disconnect": f"{ERROR}Failed", "AddOverlay": f"{ERROR}VpnExists", "AddVpn": f"{ERROR}VpnExists", "RemoveVpn": f"{ERROR}NoSuchVpn"}
WRONG_TYPE = "org.freedesktop.DBus.Error.InvalidArgs"
OUT_OF_BOUNDS = f"{ERROR}InvalidArguments"
RULES = Path("/etc/polkit-1/rules.d")
XML = REPOSITORY / "data/io.github.nmkillswitch.Guard1.xml"
NETWORK = "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"


@dataclass(frozen=True)
class Row:
    """A call that does something. `free`: it protects, so an active session needs no password."""

    method: str
    arguments: str
    free: bool
    before: tuple[tuple[str, str], ...]  # root's calls that lead to where it changes something
    is_done: Callable[[dict], bool]
    lasts: bool = True  # over a guard's restart, and asking again is "already so"

    def __str__(self) -> str:
        return f"{self.method}{self.arguments}"


OPEN = (("SetMode", "('vpn',)"), ("Unlock", "()"), ("SetLanAccess", "(false, @as [])"))
CLOSED = (*OPEN, ("Lock", "()"))
SERVER = "[('203.0.113.50', 'udp', uint16 51820)]"
HOME = ("AddVpn", f"('Home', 'wg0', 'wireguard', {SERVER})")
BESIDE = ("AddOverlay", "('Home', 'tailscale0', '', @a(ssq) [])")
AWAY = ("RemoveVpn", "('Home',)")
STAYS, MOVED = (("SetServers", f"('Home', {s})") for s in (SERVER, "[('192.0.2.77', 'tcp', uint16 443)]"))
AUTO, NEVER = (("SetVpnLocks", f"('Home', '{word}')") for word in ("auto", "no"))
MODES = {word: ("SetMode", f"('{word}',)") for word in ("always", "vpn", "drops", "off")}
NAS = ("AddException", "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 443, uint32 0, false)")
SSH = ("AddService", "('NAS', '192.0.2.0/24', 'tcp', uint16 22, uint16 22, uint32 0, false)")
NAS_ON = ("AddExceptionOn", f"('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 443, uint32 0, false, '{uuid_of('uplink')}')")
SSH_ON = ("AddServiceOn", f"('NAS', '192.0.2.0/24', 'tcp', uint16 22, uint16 22, uint32 0, false, '{uuid_of('uplink')}')")
NO_NAS = ("RemoveException", "('NAS',)")
SWITCH = ("SetAlwaysOn", f"(['{uuid_of('full')}'],)")
HERE = ("SetAlwaysOnHere", f"('full', ['{uuid_of('uplink')}'])")
NOT_HERE = ("SetAlwaysOnHere", f"('', ['{uuid_of('uplink')}'])")
SHARE = ("SetSharing", f"(['{a.UPLINK}'],)")
SO_ALREADY = {**dict.fromkeys(("AddException", "AddService", "AddExceptionOn", "AddServiceOn"), f"{ERROR}ExceptionExists"), "RemoveException": f"{ERROR}NoSuchException", "AddOverlay": f"{ERROR}VpnExists", "AddVpn": f"{ERROR}VpnExists", "RemoveVpn": f"{ERROR}NoSuchVpn"}


def names(found: dict) -> set[str]:
    return {vpn["name"] for vpn in found["vpns"]}


ROWS = (
    Row("Lock", "()", True, OPEN, lambda s: s["locked"]),
    Row("Lock", "()", True, (*CLOSED, ("Pause", "(uint32 300,)")), lambda s: not s["paused_until"]),
    Row("Unlock", "()", False, CLOSED, lambda s: not s["locked"]),
    Row("SetLanAccess", "(true, @as [])", False, CLOSED, lambda s: s["lan"]),
    Row("SetLanAccess", f"(true, ['{NETWORK}'])", False, CLOSED, lambda s: s["lan_networks"] == [NETWORK]),
    Row("SetLanAccess", "(false, @as [])", True, (*CLOSED, ("SetLanAccess", "(true, @as [])")), lambda s: not s["lan"]),
    Row("SetAutoLock", "(true,)", True, (*CLOSED, ("SetAutoLock", "(false,)")), lambda s: s["auto_lock"]),
    Row("SetAutoLock", "(false,)", False, CLOSED, lambda s: not s["auto_lock"]),
    *(Row(*MODES[word], False, CLOSED, lambda s, word=word: s["mode"] == word) for word in ("always", "drops", "off")),
    Row(*MODES["vpn"], False, (*CLOSED, MODES["off"]), lambda s: s["mode"] == "vpn"),
    Row("Disconnect", "('',)", False, (*CLOSED, MODES["drops"]), lambda s: not s["locked"], lasts=False),
    Row(*HOME, False, (*CLOSED, AWAY), lambda s: "Home" in names(s), lasts=False),
    Row(*BESIDE, False, (*CLOSED, AWAY), lambda s: "Home" in names(s), lasts=False),
    Row(*AWAY, False, (*CLOSED, HOME), lambda s: "Home" not in names(s), lasts=False),
    Row(*MOVED, False, (*CLOSED, HOME, STAYS), lambda s: "192.0.2.77" in str(s["servers"]), lasts=False),
    Row(*NEVER, False, (*CLOSED, HOME, AUTO), lambda s: "'locks': 'no'" in str(s["vpns"]), lasts=False),
    Row(*SWITCH, False, (*CLOSED, ("SetAlwaysOn", "(@as [],)")), lambda s: s["always_on"]["vpns"], lasts=False),
    Row("SetAlwaysOn", "(@as [],)", False, (*CLOSED, SWITCH), lambda s: not s["always_on"]["vpns"], lasts=False),
    Row(*HERE, False, (*CLOSED, NOT_HERE), lambda s: s["always_on"]["here"], lasts=False),
    Row(*NOT_HERE, False, (*CLOSED, HERE), lambda s: not s["always_on"]["here"], lasts=False),
    Row(*NAS, False, (*CLOSED, NO_NAS), lambda s: s["exceptions"], lasts=False),
    Row(*SSH, False, (*CLOSED, NO_NAS), lambda s: s["exceptions"], lasts=False),
    Row(*NAS_ON, False, (*CLOSED, NO_NAS), lambda s: s["exceptions"], lasts=False),
    Row(*SSH_ON, False, (*CLOSED, NO_NAS), lambda s: s["exceptions"], lasts=False),
    Row(*NO_NAS, False, (*CLOSED, NAS), lambda s: not s["exceptions"], lasts=False),
    Row(*SHARE, False, (*CLOSED, ("SetSharing", "(@as [],)")), lambda s: s["sharing"], lasts=False),
    Row("SetSharing", "(@as [],)", True, (*CLOSED, SHARE), lambda s: not s["sharing"], lasts=False),
    Row("Pause", "(uint32 300,)", False, CLOSED, lambda s: s["paused_until"], lasts=False),
    Row("Resume", "()", True, (*CLOSED, ("Pause", "(uint32 300,)")), lambda s: not s["paused_until"]),
)
PUBLIC = ("GetStatus", "GetRules")
PEOPLE = ("root", "active", "sandboxed", "inactive", "sessionless")
# what no password is needed for; "sandboxed" runs in alice's active session, and the bus tells
# polkit no more than that (a sandbox that filters the bus, as Flatpak's does, lets nothing here)
MAY = {"root": lambda row: True, "active": lambda row: row.free, "sandboxed": lambda row: row.free}

MALFORMED = (
    *((row.method, "('a', 1)", WRONG_TYPE) for row in {row.method: row for row in ROWS}.values()),
    *((method, "(1,)", WRONG_TYPE) for method in PUBLIC),
    ("SetLanAccess", "(true,)", WRONG_TYPE),
    ("SetLanAccess", "(true, ['not a uuid'])", OUT_OF_BOUNDS),
    ("SetLanAccess", "(true, ['" + "a" * 100000 + "'])", "org.freedesktop.DBus.Error.LimitsExceeded"),
    ("SetLanAccess", f"(true, [{', '.join([repr(NETWORK)] * 257)}])", OUT_OF_BOUNDS),
    ("SetVpnLocks", "('Home', 'maybe')", OUT_OF_BOUNDS),
    ("AddException", "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 443, uint32 2592001, false)", OUT_OF_BOUNDS),
    ("AddException", "('NAS', '0.0.0.0/0', 'tcp', uint16 443, uint16 443, uint32 0, true)", OUT_OF_BOUNDS),
    ("AddExceptionOn", f"('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 443, uint32 0, true, '{uuid_of('nobody')}')", OUT_OF_BOUNDS),
    ("AddServiceOn", "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 443, uint32 0, true, 'uplink')", OUT_OF_BOUNDS),
    ("AddService", "('NAS', '0.0.0.0/0', 'tcp', uint16 0, uint16 0, uint32 0, true)", OUT_OF_BOUNDS),
    ("SetMode", "('Always',)", OUT_OF_BOUNDS),
    ("SetMode", "('',)", OUT_OF_BOUNDS),
    ("SetAlwaysOn", f"([{', '.join([repr(NETWORK)] * 9)}],)", OUT_OF_BOUNDS),
    ("SetAlwaysOnHere", "('full', @as [])", OUT_OF_BOUNDS),
    ("SetAlwaysOnHere", "('full', ['uplink'])", OUT_OF_BOUNDS),
    ("SetAlwaysOnHere", f"('full', [{', '.join([repr(NETWORK)] * 2)}])", OUT_OF_BOUNDS),
    ("SetAlwaysOnHere", f"('full', [{', '.join([repr(NETWORK)] * 257)}])", OUT_OF_BOUNDS),
    ("SetSharing", "(['eth/1'],)", OUT_OF_BOUNDS),
    ("SetSharing", f"(['{a.UPLINK}', '{a.UPLINK}'],)", OUT_OF_BOUNDS),
    ("SetSharing", f"([{', '.join(repr(f'eth{i}') for i in range(17))}],)", OUT_OF_BOUNDS),
    ("SetSharing", "(['nobody0'],)", OUT_OF_BOUNDS),
    ("Pause", "(uint32 0,)", OUT_OF_BOUNDS),
    ("Pause", "(uint32 4294967295,)", OUT_OF_BOUNDS),
    ("Pause", "(int64 60,)", WRONG_TYPE),
    ("Unlocked", "()", "org.freedesktop.DBus.Error.UnknownMethod"),
)


@pytest.fixture(autouse=True)
def no_passwords(people):
    yield
    for person in people.all.values():
        person.forget_passwords()


def status(people):
    answer = people.root.call("GetStatus")
    assert answer.ok, answer
    return answer.value[0]


def state(people):
    """What calls change, and nothing that changes by itself."""
    seen = status(people)
    return {key: seen[key] for key in ("locked", "lan", "lan_networks", "auto_lock", "mode", "verified", "vpns", "servers", "exceptions", "sharing")} | {"paused": bool(seen["paused_until"])}


def begin(people, row):
    for method, arguments in row.before:
        answer = people.root.call(method, arguments)
        assert answer.ok or answer.error == SO_ALREADY.get(method), (method, answer)
    found = status(people)
    assert not row.is_done(found), found
    return state(people)


def restart_guard(world, people):
    world.product.stop_guard()
    world.product.start_guard()
    wait_until(lambda: people.root.call("GetStatus").ok, "the guard to be on the bus")


def test_every_method_and_property_of_the_contract_is_there(people):
    contract = ElementTree.parse(XML).getroot().find("interface")
    methods = {m.get("name") for m in contract.findall("method")}
    assert methods == {row.method for row in ROWS} | set(PUBLIC), "a method without a row in this matrix"
    for method in methods:
        wrong = people.root.call(method, "('a', 1, 2)")
        assert wrong.error == WRONG_TYPE, (method, wrong)
    values = people.nora.call("GetAll", f"('{INTERFACE}',)", interface=PROPERTIES).value[0]
    properties = {p.get("name") for p in contract.findall("property")}
    assert set(values) == properties, "a property without a value"
    for name in properties:
        people.nora.get(name)
        written = people.root.call("Set", f"('{INTERFACE}', '{name}', <true>)", interface=PROPERTIES)
        assert not written.ok, f"{name} can be written"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_without_a_password(people, row, who):
    before = begin(people, row)
    answer = people.all[who].call(row.method, row.arguments)
    if MAY.get(who, lambda row: False)(row):
        assert answer.ok, answer
        assert row.is_done(status(people))
    else:
        assert answer.error == NOT_AUTHORISED, answer
        assert state(people) == before


@pytest.mark.parametrize("who", ["active", "sandboxed", "inactive", "sessionless"])
@pytest.mark.parametrize("row", [row for row in ROWS if not row.free], ids=str)
def test_with_nobody_to_ask(people, row, who):
    """Interaction is allowed, but there is no agent."""
    before = begin(people, row)
    answer = people.all[who].call(row.method, row.arguments, interactive=True)
    assert answer.error == NOT_AUTHORISED, answer
    assert state(people) == before


@pytest.mark.parametrize("who", ["active", "sandboxed", "inactive", "sessionless"])
@pytest.mark.parametrize("row", [row for row in ROWS if not row.free], ids=str)
def test_with_the_right_password(people, row, who):
    person = people.all[who]
    agent = person.agent()
    before = begin(people, row)
    call = person.caller.begin(row.method, row.arguments, interactive=True)
    agent.wait_for("Password:")
    assert state(people) == before, "it was done before the password was given"
    agent.type("correct horse")
    answer = person.caller.end(call)
    assert answer.ok, answer
    assert row.is_done(status(people))


# PAM waits two seconds each time: once for each method, as what is not free of it is one action
@pytest.mark.parametrize("row", {row.method: row for row in ROWS if not row.free}.values(), ids=str)
def test_with_a_wrong_password(people, row):
    agent = people.alice.agent()
    before = begin(people, row)
    call = people.alice.caller.begin(row.method, row.arguments, interactive=True)
    agent.give_password("battery staple")
    answer = people.alice.caller.end(call)
    assert answer.error == NOT_AUTHORISED, answer
    assert state(people) == before


@pytest.mark.parametrize("row", [row for row in ROWS if not row.free], ids=str)
def test_an_agent_is_not_asked_unless_the_caller_allows_it(people, row):
    agent = people.alice.agent()
    before = begin(people, row)
    answer = people.alice.call(row.method, row.arguments)
    assert answer.error == NOT_AUTHORISED, answer
    assert not agent.has_said("Password")
    assert state(people) == before


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", [row for row in ROWS if row.lasts], ids=str)
def test_already_so_needs_nobody(people, row, who):
    begin(people, row)
    assert people.root.call(row.method, row.arguments).ok
    before = state(people)
    agent = people.all[who].agent() if who not in ("root", "sandboxed") else None
    answer = people.all[who].call(row.method, row.arguments, interactive=True)
    assert answer.ok, answer
    assert state(people) == before
    assert not agent or not agent.has_said("Password")


@pytest.mark.parametrize("who", PEOPLE)
def test_malformed(people, who):
    for begun in (OPEN, CLOSED):
        for method, arguments in begun:
            assert people.root.call(method, arguments).ok
        before = state(people)
        for method, arguments, error in MALFORMED:
            answer = people.all[who].call(method, arguments)
            assert answer.error == error, (method, arguments[:60], answer)
        assert state(people) == before


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("method", PUBLIC)
def test_looking_is_free(people, method, who):
    answer = people.all[who].call(method)
    assert answer.ok and len(answer.value) == 1, answer


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_guard_is_restarted_in_between(guarded, people, row):
    """What was done holds, and a restart opens nothing and does nothing twice."""
    begin(people, row)
    assert people.root.call(row.method, row.arguments).ok
    before = state(people)
    restart_guard(guarded, people)
    assert state(people) == before
    answer = people.nora.call(row.method, row.arguments)
    # what cannot be done twice is said before polkit is asked
    assert answer.ok if row.lasts else answer.error == TWICE.get(row.method, NOT_AUTHORISED), answer
    assert state(people) == before


@pytest.mark.parametrize("row", [row for row in ROWS if not row.free], ids=str)
def test_the_guard_is_restarted_while_polkit_asks(guarded, people, row):
    agent = people.alice.agent()
    before = begin(people, row)
    call = people.alice.caller.begin(row.method, row.arguments, interactive=True)
    agent.wait_for("Password:")
    restart_guard(guarded, people)
    answer = people.alice.caller.end(call)
    assert not answer.ok, answer
    agent.type("correct horse")
    wait_until(lambda: people.alice.call("GetStatus").ok, "the guard to answer")
    assert state(people) == before


HIDDEN = "aaaaaaaa-1111-2222-3333-444444444444"
UNKNOWN = "99999999-1111-2222-3333-444444444444"
OWNER = "inactive"
SEES = ("root", OWNER)
HOSTILE_PROFILES = 40
ANSWERS_WITHIN = 2.0  # seconds; milliseconds on a quiet machine
GROWS = 8.0  # MB
ABOUT = (  # what a method that names VPNs may say of one that the caller does not see
    ("AddVpn", "('{name}', 'wg7', 'wireguard', %s)" % SERVER),
    ("AddOverlay", "('{name}', 'wg7', '', @a(ssq) [])"),
    *(("RemoveVpn", f"('{{{key}}}',)") for key in ("name", "uuid")),
    *(("SetServers", f"('{{{key}}}', {SERVER})") for key in ("name", "uuid")),
    *(("SetVpnLocks", f"('{{{key}}}', 'no')") for key in ("name", "uuid")),
    *(("SetAlwaysOn", f"(['{{{key}}}'],)") for key in ("name", "uuid")),
)


@pytest.fixture
def hostile_owner(people):
    """A user with private profiles that hold whatever in each field, and one that others would like to know of."""
    owner = people.all[OWNER]
    own = strangers.Stranger(owner)
    data = strangers.plugin("openvpn", remote="203.0.113.99:1194:udp", connection_type="tls")
    path = own.add(strangers.profile(owner.user, HIDDEN, f"{hostile.MARK} secret", "vpn", vpn=data))
    seed = run_seed()
    print(f"seed {seed}")
    program = hostile.begin(owner, seed, HIDDEN, {}, "keep", HOSTILE_PROFILES)
    assert program.stdout.readline().strip() == "kept"
    wait_until(lambda: hostile.MARK in str(status(people)), "the guard to know them")
    yield owner
    program.communicate()
    assert own.delete(path).ok
    wait_until(lambda: hostile.MARK not in str(status(people)), "the guard to forget them")


def test_every_method_beside_a_hostile_owner(guarded, people, hostile_owner):
    """Nobody is told of another's private profiles, by no answer and no refusal; each answers, and nothing grows."""
    pid, before = guarded.product.guard_pid, guarded.product.memory()
    looks = [(method, "()", INTERFACE) for method in PUBLIC] + [("GetAll", f"('{INTERFACE}',)", PROPERTIES)]
    changes = {(row.method, row.arguments) for row in ROWS if row.method not in ("Unlock", "Pause")}
    wrong = [(method, arguments) for method, arguments, _ in MALFORMED]
    for who, person in people.all.items():
        for method, arguments, interface in (*looks, *((*call, INTERFACE) for call in (*sorted(changes), *wrong))):
            begun = time.monotonic()
            answer = person.call(method, arguments, interface=interface)
            took = time.monotonic() - begun
            assert took < ANSWERS_WITHIN, (who, method, took)
            told = any(text in str(answer) for text in (hostile.MARK, HIDDEN, "203.0.113.99"))
            assert told == (who in SEES and method == "GetStatus" and answer.ok), (who, method, answer)
    for (who, person), (method, arguments) in product(people.all.items(), ABOUT):
        if who in SEES:
            continue
        of_hidden = person.call(method, arguments.format(name=f"{hostile.MARK} secret", uuid=HIDDEN))
        of_none = person.call(method, arguments.format(name="no such VPN", uuid=UNKNOWN))
        assert of_hidden == of_none, (who, method, of_hidden, of_none)
        assert of_hidden.error == NOT_AUTHORISED, (who, method, of_hidden)
    assert hostile_owner.call("SetVpnLocks", f"('{UNKNOWN}', 'no')").error == f"{ERROR}NoSuchVpn", "who sees all is told at once"
    assert guarded.product.guard_pid == pid and guarded.product.guard_is_running
    grown = guarded.product.memory() - before
    print(f"the guard grew by {grown:.1f} MB")
    assert grown < GROWS, grown


@pytest.fixture
def rules(people):
    """Puts sample rules in place, as an administrator would."""
    placed = []

    def place(name):
        placed.append(RULES / name)
        shutil.copy(REPOSITORY / "polkit/rules" / name, RULES)
        people.restart_polkitd()

    yield place
    for path in placed:
        path.unlink()
    people.restart_polkitd()


def test_sample_rule_for_a_group(people, rules):
    with open("/etc/group", "a") as groups:
        groups.write("lan-access:x:1900:alice,ivan,nora\n")
    rules("50-nm-killswitch-lan-group.rules")
    begin(people, ROWS[3])
    for who in ("inactive", "sessionless"):
        assert people.all[who].call("SetLanAccess", "(true, @as [])").error == NOT_AUTHORISED
    # one started since, as after the next login: polkit 127 asks for the groups that the caller has
    since = people.alice.another_caller()
    assert since.call("SetLanAccess", "(true, @as [])").ok
    assert status(people)["lan"]
    assert since.call("Unlock").error == NOT_AUTHORISED


def test_sample_rule_that_nobody_unlocks(people, rules):
    rules("50-nm-killswitch-never-unlock.rules")
    agent = people.alice.agent()
    for row in ROWS:
        if not row.free:
            before = begin(people, row)
            assert people.alice.call(row.method, row.arguments, interactive=True).error == NOT_AUTHORISED
            assert state(people) == before
    assert not agent.has_said("Password")
    assert people.root.call("Unlock").ok
    assert people.alice.call("Lock").ok
