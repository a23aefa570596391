# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd itself thinks of the units, and what they cost a boot."""

import json
import re

from . import people
from .image import PERSON_ID
from .machine import Machine

GUARD, EARLY, SLEEP = "nm-killswitch.service", "nm-killswitch-early.service", "nm-killswitch-sleep.service"
LEAK_TEST = "nm-killswitch-leak-test.service"
REFUSED = "nm-killswitch-refused.service"
UNITS = (GUARD, EARLY, SLEEP, LEAK_TEST, REFUSED, "nm-killswitch.socket")
# systemd counts directives. What those do that a boot has no time for, others do: test_their_sandbox_holds
EXPOSURE_MAX = {EARLY: 3.0, GUARD: 2.5, SLEEP: 2.0, LEAK_TEST: 2.4, REFUSED: 2.4}
READY_WITHIN = 1.0  # seconds after its start; some 0.1 s on a quiet machine
# also with a bus that takes calls and gives no answer, for which the guard would wait 2 s
READY_WITHOUT_ANSWER = READY_WITHIN
BESIDE = ("NetworkManager.service", "systemd-logind.service", "dbus.service", "systemd-journald.service")

# A bus that takes connections and says nothing, as one that has only begun to start
_SILENT_PROGRAM = """
import os, select, socket, subprocess, time
os.makedirs("/run/dbus", exist_ok=True)
bus = socket.socket(socket.AF_UNIX)
bus.bind("/run/dbus/system_bus_socket")
bus.listen(100)
subprocess.run(["systemd-notify", "--ready"], check=True)
select.select([bus], [], [])
open("/run/somebody-called", "w").close()
time.sleep(1000)
"""
_SILENT_BUS = """[Unit]
DefaultDependencies=no
Before=nm-killswitch.service
[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/python3 /opt/silent-bus.py
"""


def _took(machine: Machine, unit: str) -> float:
    """From the start of its program until it was ready."""
    return machine.moment(unit, "ActiveEnter") - machine.moment(unit, "InactiveExit")


def _exposure(machine: Machine, unit: str) -> float:
    said = machine.run("systemd-analyze", "security", "--no-pager", unit).stdout
    return float(re.search(r"Overall exposure level for .*: ([0-9.]+)", said).group(1))


def test_systemd_finds_nothing_to_complain_of(machine):
    files = [machine.show(unit, "FragmentPath") for unit in UNITS]
    assert all(file.startswith(("/usr/lib/systemd/system/", "/lib/systemd/system/")) for file in files)
    said = machine.run("systemd-analyze", "verify", "--man=no", *files, check=False)
    assert (said.returncode, said.stdout.strip()) == (0, "")
    machine.disk.write("/etc/systemd/system/wrong.service", "[Service]\nExecStart=/nowhere\nNonsense=1\n")
    wrong = machine.run("systemd-analyze", "verify", "/etc/systemd/system/wrong.service", check=False)
    assert wrong.returncode != 0 and "Nonsense" in wrong.stdout, "the control: it does find what is wrong"
    # a mount that is taken away at the power-off would take the guard along, before nftables.service flushes
    assert all(path.startswith("/run/") for path in machine.show(GUARD, "RequiresMountsFor").split())
    assert "/var/tmp" in machine.show(LEAK_TEST, "RequiresMountsFor"), "the control: PrivateTmp= needs it"


def test_they_are_hardly_exposed(machine, report):
    found = {unit: _exposure(machine, unit) for unit in EXPOSURE_MAX}
    for unit, exposure in found.items():
        report.line(f"systemd-analyze security {unit}: exposure {exposure} (at most {EXPOSURE_MAX[unit]})")
    assert [unit for unit, exposure in found.items() if exposure > EXPOSURE_MAX[unit]] == [], found
    manager = _exposure(machine, "NetworkManager.service")
    report.line(f"the same for NetworkManager: {manager}")
    assert manager > max(EXPOSURE_MAX.values()), "the control: it does tell programs apart"


# What a program that has been taken over would try as root. What is in no list of systemd's directives here is held
# by others of them (ADR 46).
# Each takes back what it did, for the other tests of this machine.
_TRIES = {
    "write a sysctl": "read was </proc/sys/net/ipv4/ip_default_ttl; echo $was >/proc/sys/net/ipv4/ip_default_ttl",
    "make a control group": "for each in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $each/tried && rmdir $each/tried && exit; done; exit 1",
    "write where programs are": "touch /usr/tried && rm /usr/tried",
    "write into /etc": "touch /etc/tried && rm /etc/tried",
    "see what others have in /tmp": "ls /tmp/of-others",
    "look at root's files": "ls /root/",
    "make a device": "mknod /dev/tried c 1 7 && rm /dev/tried",
    "open another device": "exec 3</dev/console",
    "mount": "mount -t tmpfs tmpfs /mnt && umount /mnt",
    "read the kernel's log": "dmesg",
    "send a packet": "ping -c 1 -W 1 127.0.0.1",
}


def _try_all(machine: Machine, unit: str, confined: bool) -> dict[str, bool]:
    """As that unit's program, in its sandbox or without: whether each was done."""
    lines = []
    section = machine.disk.path(f"/usr/lib/systemd/system/{unit}").read_text().partition("[Service]")[2].partition("[Install]")[0]
    for line in section.splitlines():
        key = line.partition("=")[0]
        if confined and key and not key.startswith(("#", "Type", "Exec", "Restart", "Watchdog", "Standard", "Remain")):
            lines.append(line)
    body = "".join(f"( {command} ) >/dev/null 2>&1 && echo {number}\n" for number, command in enumerate(_TRIES.values()))
    machine.disk.write("/opt/tries.sh", f"{body}echo all\n")
    text = "\n".join([*lines, "Type=oneshot", "ExecStart=/bin/sh /opt/tries.sh", "StandardOutput=truncate:/run/tried"])
    machine.disk.write("/etc/systemd/system/tries.service", f"[Unit]\nDefaultDependencies=no\n[Service]\n{text}\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "tries.service")
    done = machine.run("cat", "/run/tried").stdout.split()
    machine.run("rm", "/run/tried", "/opt/tries.sh", "/etc/systemd/system/tries.service")
    machine.run("systemctl", "daemon-reload")
    assert done.pop() == "all"
    return {name: str(number) in done for number, name in enumerate(_TRIES)}


def test_their_sandbox_holds(machine):
    """What systemd-analyze counts are directives. This is what a program can do inside them."""
    machine.run("touch", "/tmp/of-others")
    for unit in (EARLY, GUARD):
        done = _try_all(machine, unit, True)
        assert not any(done.values()), (unit, done)
    control = _try_all(machine, GUARD, False)
    machine.run("rm", "/tmp/of-others")
    # a container's root cannot read the kernel's log either, and the host may forbid it to make devices
    assert {name for name, done in control.items() if not done} <= {"make a device", "read the kernel's log"}, control


def test_the_leak_test_works_in_its_sandbox(locked):
    """The bus starts it, and it may do all that it needs: no attempt fails for want of a right."""
    assert locked.show(LEAK_TEST, "ActiveState") == "inactive"
    said = locked.run("nm-killswitch", "test", "--json", check=False)
    found = json.loads(said.stdout)
    assert (said.returncode, found["verdict"], found["state"]) == (0, "closed", "blocked"), said.stdout
    assert {probe["fate"] for probe in found["probes"]} <= {"refused", "held"}
    assert len(found["probes"]) == 42 and found["cards"][0]["control"]
    locked.run("nm-killswitch", "unlock")
    said = locked.run("nm-killswitch", "test", "--json", check=False)
    locked.run("nm-killswitch", "lock")
    fates = {probe["fate"] for probe in json.loads(said.stdout)["probes"]}
    assert (said.returncode, fates) == (6, {"left"}), "the control: what is refused above is refused by the lock"
    assert locked.show(LEAK_TEST, "ActiveState") == "active"


def _talker(port: int) -> tuple[str, ...]:
    program = "import socket,time; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    program += f"while True:\n try: s.sendto(b'x', ('203.0.113.9', {port}))\n except OSError: pass\n time.sleep(0.5)"
    return "/usr/bin/python3", "-c", program


def test_what_is_refused_is_named_in_its_sandbox(locked):
    """The bus starts it, and it finds other programs' processes, their path and unit: a service's, and that of an
    application which a person's own systemd runs, as desktops start them."""
    assert locked.show(REFUSED, "ActiveState") == "inactive"
    locked.run("systemd-run", "--quiet", "--unit=refused-canary", *_talker(8444))
    locked.run("systemctl", "start", f"user@{PERSON_ID}.service")
    application = "app-org.example.Browser@1.service"
    command = ["env", f"XDG_RUNTIME_DIR=/run/user/{PERSON_ID}", "systemd-run", "--user", "--quiet", f"--unit={application}"]
    begun = people.as_person(locked, *command, *_talker(8445), session=False)
    assert begun.returncode == 0, begun.stdout
    said = locked.run("nm-killswitch", "refused", "--json", check=False)
    found = {entry["port"]: entry for entry in json.loads(said.stdout)["entries"] if entry["port"] in (8444, 8445)}
    who = {port: (entry["unit"], entry["app"], entry["uid"]) for port, entry in found.items()}
    assert who == {8444: ("refused-canary.service", "", 0), 8445: (application, "org.example.Browser", PERSON_ID)}, said.stdout
    assert all("/python3" in entry["path"] for entry in found.values())


def test_it_costs_a_boot_little(locked, report):
    """The locked boot is the dearer one: the rules are made."""
    blame = locked.run("systemd-analyze", "blame", "--no-pager").stdout.splitlines()
    report.line("systemd-analyze blame: " + "; ".join(
        line.strip() for line in blame if line.split()[-1] in (GUARD, EARLY, *BESIDE)))
    report.line(locked.run("systemd-analyze", "time").stdout.strip().replace("\n", " "))
    for unit in (EARLY, GUARD):
        took = _took(locked, unit)
        report.line(f"{unit} was ready {took * 1000:.0f} ms after its start, in a locked boot")
        assert 0 < took <= READY_WITHIN


def test_no_ordering_cycle(locked):
    """systemd breaks a cycle by dropping a job, and says so."""
    said = locked.journal("_PID=1")
    assert "ordering cycle" not in said.lower()
    order = locked.run("systemctl", "show", "--property=After", "--value", "network-pre.target").stdout.split()
    assert EARLY in order
    order = locked.run("systemctl", "show", "--property=After", "--value", "NetworkManager.service").stdout.split()
    assert {"network-pre.target", EARLY, GUARD} <= set(order)
    assert EARLY in locked.show("NetworkManager.service", "Requires").split()


def test_a_bus_that_says_nothing_does_not_delay_a_boot(outside, locked_disk, copy_of, report):
    disk = copy_of(locked_disk)
    disk.write("/opt/silent-bus.py", _SILENT_PROGRAM)
    disk.write("/etc/systemd/system/silent-bus.service", _SILENT_BUS)
    wants = disk.path("/etc/systemd/system/sysinit.target.wants/silent-bus.service")
    wants.symlink_to("../silent-bus.service")
    # the real one takes the place of the silent one
    disk.write("/etc/systemd/system/dbus.socket.d/late.conf", f"[Unit]\nAfter={GUARD}\n")
    with Machine(disk, outside) as machine:
        silent = machine.moment("silent-bus.service", "ActiveEnter")
        assert 0 < silent < machine.moment(GUARD, "InactiveExit"), "the silent bus must have been there first"
        assert machine.run("cat", "/run/somebody-called").returncode == 0, "the guard must have called it"
        took = _took(machine, GUARD)
        report.line(f"the guard was ready {took * 1000:.0f} ms after its start, with a bus that does not answer")
        machine.wait_uplink()
        assert machine.wait_state("blocked")["verified"], "it found the real bus later"
        assert took <= READY_WITHOUT_ANSWER
