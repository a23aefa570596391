# SPDX-License-Identifier: GPL-2.0-or-later
"""What a hostile local user tries over the bus: lies, floods, and leaving at the wrong moment."""

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from .people import ERROR, INTERFACE, PROPERTIES
from .waiting import wait_until

NOT_AUTHORISED = f"{ERROR}NotAuthorised"
LIMITS = "org.freedesktop.DBus.Error.LimitsExceeded"
MEMORY_MAX = 32.0  # MB: an idle guard has 4, and floods that were answered leave some 6 behind (12 to 24 measured)
TASKS_MAX = 16  # threads; its unit allows 64
PATIENCE = 3.0  # seconds that anybody else has to wait at most
NM = "org.freedesktop.NetworkManager"
NM_PATH = "/org/freedesktop/NetworkManager"


@pytest.fixture(autouse=True)
def locked(guarded, people):
    assert people.root.call("Lock").ok
    yield
    assert people.root.get("Locked") and people.root.get("State") == "blocked", "something opened the lock"
    for person in people.all.values():
        person.forget_passwords()


class Watch:
    """While something goes on: the guard's private memory, and how long others wait."""

    def __init__(self, world, others):
        (self._pid,) = world.client.processes("nm-killswitchd")
        self._product = world.product
        self._others = others
        self._end = threading.Event()
        self.memory = 0.0
        self.tasks = 0
        self._measure_once()
        print(f"before: {self.memory:.1f} MB")
        self.waited = {name: 0.0 for name in (*others, "socket")}
        self.failures = []

    def _measure_once(self):
        lines = [line.split() for line in Path(f"/proc/{self._pid}/smaps_rollup").read_text().splitlines()[1:]]
        self.memory = max(self.memory, sum(int(f[1]) for f in lines if f[0].startswith("Private_")) / 1000)
        self.tasks = max(self.tasks, len(list(Path(f"/proc/{self._pid}/task").iterdir())))

    def _measure_memory(self):
        while not self._end.is_set():
            self._measure_once()
            time.sleep(0.02)

    def _ask(self, name, question):
        while not self._end.is_set():
            begun = time.monotonic()
            try:
                question()
            except Exception as error:
                self.failures.append((name, error))
            self.waited[name] = max(self.waited[name], time.monotonic() - begun)

    def __enter__(self):
        def over_the_bus(person):
            answer = person.call("GetStatus")
            assert answer.ok, answer

        jobs = [(self._measure_memory, ()), (self._ask, ("socket", self._product.status))]
        jobs += [(self._ask, (name, lambda person=person: over_the_bus(person))) for name, person in self._others.items()]
        self._threads = [threading.Thread(target=job, args=arguments) for job, arguments in jobs]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()
        print(f"guard's private memory at most {self.memory:.1f} MB, {self.tasks} threads; others waited {self.waited}")

    def check(self):
        assert not self.failures, self.failures[:3]
        assert self.memory < MEMORY_MAX and self.tasks <= TASKS_MAX, (self.memory, self.tasks)
        assert all(waited < PATIENCE for waited in self.waited.values()), self.waited


def flood(person, method, arguments, connections, calls):
    """Begins it; .communicate() for what became of it."""
    program = Path("/run/world/bin/flooder.py")
    program.write_bytes(Path(__file__).with_name("flooder.py").read_bytes())
    command = ["/usr/bin/python3", str(program), method, arguments, str(connections), str(calls)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=person.become)


def outcome(flooding):
    told = json.loads(flooding.communicate(timeout=120)[0])
    print(told)
    return told


@pytest.mark.parametrize(
    "method, arguments, allowed",
    [
        ("GetStatus", "()", {"", LIMITS}),
        ("Unlock", "()", {NOT_AUTHORISED, LIMITS}),
        ("Pause", "(uint32 300,)", {NOT_AUTHORISED, LIMITS}),
        ("SetLanAccess", "(false, @as [])", {"", LIMITS}),  # already so
        ("Pause", "(uint32 0,)", {f"{ERROR}InvalidArguments", LIMITS}),
    ],
)
def test_ten_thousand_calls(guarded, people, method, arguments, allowed):
    with Watch(guarded, {"root": people.root, "active": people.alice}) as watch:
        told = outcome(flood(people.nora, method, arguments, 1, 10_000))
    assert 100 < sum(told["answers"].values()) <= 10_000, told
    assert set(told["answers"]) <= allowed, told
    watch.check()


@pytest.mark.parametrize("method, allowed", [("GetStatus", {"", LIMITS}), ("Unlock", {NOT_AUTHORISED, LIMITS})])
def test_a_thousand_connections(guarded, people, method, allowed):
    """The bus gives one user fewer, each with twenty calls at once."""
    with Watch(guarded, {"root": people.root, "active": people.alice}) as watch:
        told = outcome(flood(people.nora, method, "()", 1000, 20))
    assert told["connections"] > 100, told
    assert sum(told["answers"].values()) >= told["connections"], told
    assert set(told["answers"]) <= allowed, told
    watch.check()


def test_questions_of_one_user_are_bounded(guarded, people):
    """Ten programs of one user that wait for a password leave room for everybody else."""
    callers = [people.ivan.another_caller() for _ in range(10)]
    agents = [people.ivan.agent(caller) for caller in callers]
    calls = [caller.begin("Unlock", interactive=True) for caller in callers]
    wait_until(lambda: sum(a.has_said("Password") for a in agents) == 8, "eight questions")
    answers = [c.end(n) for c, n in zip(callers, calls) if c.has_answer(n)]
    assert [answer.error for answer in answers] == [LIMITS, LIMITS], answers
    assert people.nora.call("Unlock").error == NOT_AUTHORISED
    assert people.ivan.call("GetStatus").ok
    for caller in callers:
        caller.quit()
    wait_until(lambda: people.ivan.call("Unlock").error == NOT_AUTHORISED, "the places to be free again")


def test_a_caller_that_leaves_while_polkit_asks(guarded, people):
    caller = people.alice.another_caller()
    agent = people.alice.agent(caller)
    wanted = "type='method_call',interface='org.freedesktop.PolicyKit1.Authority',member='CancelCheckAuthorization'"
    monitor = guarded.client.popen(["dbus-monitor", "--system", wanted], stdout=subprocess.PIPE, text=True)
    assert "NameAcquired" in next(line for line in monitor.stdout if "member=" in line)
    caller.begin("Unlock", interactive=True)
    agent.wait_for("Password:")
    caller.quit()
    # pkttyagent only hears of it after its line was read, so what the guard says is looked at
    assert any("CancelCheckAuthorization" in line for line in monitor.stdout)
    monitor.terminate()
    agent.type("correct horse")
    assert people.root.get("Locked")


def test_the_world_changes_while_polkit_asks(guarded, people):
    """What is done meanwhile by another is not done again."""
    agent = people.alice.agent()
    call = people.alice.caller.begin("SetLanAccess", "(true, @as [])", interactive=True)
    agent.wait_for("Password:")
    assert people.root.call("SetLanAccess", "(true, @as [])").ok
    agent.type("correct horse")
    assert people.alice.caller.end(call).ok
    assert people.root.call("SetLanAccess", "(false, @as [])").ok


def test_spoofed_signals(guarded, people):
    before = people.root.call("GetStatus").value[0]
    (guard,) = [people.root.call("GetNameOwner", "('io.github.nmkillswitch',)", name="org.freedesktop.DBus", path="/org/freedesktop/DBus", interface="org.freedesktop.DBus").value]
    lies = [
        (NM_PATH, PROPERTIES, "PropertiesChanged", f"('{NM}', {{'ActiveConnections': <@ao []>, 'State': <uint32 70>}}, @as [])"),
        (NM_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", f"(objectpath '{NM_PATH}/Settings/1', ['{NM}.Settings.Connection'])"),
        ("/org/freedesktop", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", f"(objectpath '{NM_PATH}/ActiveConnection/99', {{'{NM}.Connection.Active': {{'Vpn': <true>, 'State': <uint32 2>, 'Default': <true>}}}})"),
        ("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", f"('{NM}', ':1.1', '')"),
        ("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority", "Changed", "()"),
        ("/io/github/nmkillswitch", PROPERTIES, "PropertiesChanged", f"('{INTERFACE}', {{'Locked': <false>}}, @as [])"),
    ]
    script = Path("/run/world/bin/liar.py")
    script.write_text(
        "import sys, json, gi\nfrom gi.repository import Gio, GLib\n"
        "bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
        "for to in (None, sys.argv[1]):\n"
        "    for path, interface, name, arguments in json.loads(sys.argv[2]):\n"
        "        bus.emit_signal(to, path, interface, name, GLib.Variant.parse(None, arguments, None, None))\n"
        "bus.flush_sync()\n"
    )
    subprocess.run(["/usr/bin/python3", str(script), guard[0], json.dumps(lies)], preexec_fn=people.nora.become, check=True)
    # the guard has read them by the time it answers
    after = people.root.call("GetStatus").value[0]
    del before["blocked"], after["blocked"]
    assert after == before


def test_nobody_else_gets_the_name(guarded, people):
    bus = {"name": "org.freedesktop.DBus", "path": "/org/freedesktop/DBus", "interface": "org.freedesktop.DBus"}
    for who in ("active", "inactive", "sessionless"):
        answer = people.all[who].call("RequestName", "('io.github.nmkillswitch', uint32 7)", **bus)
        assert answer.error == "org.freedesktop.DBus.Error.AccessDenied", (who, answer)


def test_without_polkit_the_bus_is_refused_and_the_socket_is_not(guarded, people):
    service = Path("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service")
    text = service.read_text()
    service.unlink()
    bus = {"name": "org.freedesktop.DBus", "path": "/org/freedesktop/DBus", "interface": "org.freedesktop.DBus"}
    assert people.root.call("ReloadConfig", **bus).ok
    people.stop_polkitd()
    try:
        for person in people.all.values():
            answer = person.call("Unlock", interactive=True)
            assert answer.error == NOT_AUTHORISED and "polkit could not be asked" in answer.message, answer
            assert person.call("GetStatus").ok and person.call("Lock").ok  # already so
        guarded.product.ctl("unlock")
        answer = people.alice.call("Lock")
        assert answer.error == NOT_AUTHORISED, answer
        guarded.product.ctl("lock")
    finally:
        service.write_text(text)
        assert people.root.call("ReloadConfig", **bus).ok
        people.start_polkitd()


def test_polkit_hangs(guarded, people):
    """Stopped in the middle of it: the caller is refused, and others are answered meanwhile."""
    import signal

    guarded.client.kill("polkitd", signal.SIGSTOP)
    try:
        call = people.nora.caller.begin("Unlock")
        assert people.ivan.call("GetStatus").ok
        answer = people.nora.caller.end(call)
        assert answer.error == NOT_AUTHORISED, answer
    finally:
        guarded.client.kill("polkitd", signal.SIGCONT)
