# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a boot our units take, directive by directive, beside nftables.service: figures for ADR 46, which fail nothing.

Each variant is a unit of its own with the early unit's or the guard's [Service] section, changed in one thing. All of
them are started in turns on one booted machine, as at a boot: no lock in the kernel before the early unit, no guard
before the guard. A directive has two figures: the unit without it, and the bare unit with it alone."""

from statistics import median, quantiles

import pytest

from .machine import Machine

EARLY, GUARD, YARDSTICK = "nm-killswitch-early.service", "nm-killswitch.service", "nftables.service"
ROUNDS = 20
_UNITS = "/etc/systemd/system"
# of [Service]; what else stands there makes the program run, not the sandbox
_WORK = ("Type", "RemainAfterExit", "ExecStart", "Environment", "RuntimeDirectory", "RuntimeDirectoryMode",
         "RuntimeDirectoryPreserve", "StandardInput", "StandardOutput", "StandardError", "User")
# of the guard: that a guard comes again by itself would be in the way
_NEVER = ("Restart", "RestartSec", "WatchdogSec", "ExecReload")
_SECCOMP = ("LockPersonality", "MemoryDenyWriteExecute", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
            "RestrictSUIDSGID", "SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter", "ProtectClock",
            "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "PrivateDevices")
_MOUNTS = ("InaccessiblePaths", "PrivateDevices", "PrivateMounts", "PrivateTmp", "ProcSubset", "ProtectControlGroups",
           "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
           "ProtectProc", "ProtectSystem", "ReadWritePaths")
_GROUPS = {"every seccomp filter": _SECCOMP, "every mount": _MOUNTS, "both": _SECCOMP + _MOUNTS}

# One line a start: its number, and microseconds from its beginning until it was ready
_LOOP = """
while read -r number kind; do
    nft delete table inet nm_killswitch 2>/dev/null
    nft delete table netdev nm_killswitch 2>/dev/null
    [ "$kind" != guard ] || systemctl start nm-killswitch-early-again.service
    systemctl start "cost-$number.service" || exit 1
    systemctl show -P InactiveExitTimestampMonotonic -P ActiveEnterTimestampMonotonic "cost-$number.service" |
        { read -r begun; read -r ready; echo "$number $((ready - begun))"; }
    systemctl stop "cost-$number.service"
    [ "$kind" != guard ] || systemctl stop nm-killswitch-early-again.service
done <"$1"
"""

Lines = list[tuple[str, str]]


def _service(machine: Machine, unit: str) -> Lines:
    """Its [Service] section as it is delivered."""
    found: Lines = []
    inside = False
    for line in machine.disk.path(f"/usr/lib/systemd/system/{unit}").read_text().splitlines():
        line = line.strip()
        if line.startswith("["):
            inside = line == "[Service]"
        elif inside and line and line[0] not in "#;":
            key, _, value = line.partition("=")
            if key not in _NEVER:
                found.append((key, value))
    return found


def _without(lines: Lines, *keys: str) -> Lines:
    return [line for line in lines if line[0] not in keys]


def _only(lines: Lines, *keys: str) -> Lines:
    return [line for line in lines if line[0] in (*_WORK, *keys)]


def _variants(name: str, lines: Lines) -> dict[str, Lines]:
    keys = list(dict.fromkeys(key for key, _ in lines if key not in _WORK))
    found = {f"{name}, as delivered": lines, f"{name}, bare": _only(lines)}
    for key in keys:
        found[f"{name}, without {key}"] = _without(lines, key)
        found[f"{name}, {key} alone"] = _only(lines, key)
    for group, members in _GROUPS.items():
        found[f"{name}, without {group}"] = _without(lines, *members)
        found[f"{name}, {group} alone"] = _only(lines, *members)
    return found


def _as_true(lines: Lines) -> Lines:
    return [*_without(lines, "ExecStart", "ExecStartPre"), ("ExecStart", "/bin/true")]


def _write(machine: Machine, unit: str, lines: Lines) -> None:
    text = "\n".join(f"{key}={value}" for key, value in lines)
    machine.disk.write(f"{_UNITS}/{unit}", f"[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n[Service]\n{text}\n")


def _measure(machine: Machine, variants: dict[str, Lines], rounds: int) -> dict[str, list[float]]:
    names = list(variants)
    for number, name in enumerate(names):
        _write(machine, f"cost-{number}.service", variants[name])
    _write(machine, "nm-killswitch-early-again.service", _only(_service(machine, EARLY)))
    machine.run("systemctl", "daemon-reload")
    order = []
    for turn in range(rounds):
        first = turn * 7 % len(names)
        for number in [*range(first, len(names)), *range(first)]:
            order.append(f"{number} {'guard' if names[number].startswith('guard') else 'other'}")
    machine.disk.write("/run-order", "\n".join(order) + "\n")
    machine.disk.write("/loop.sh", _LOOP)
    said = machine.run("sh", "/loop.sh", "/run-order", timeout=1800).stdout
    times: dict[str, list[float]] = {name: [] for name in names}
    for line in said.splitlines():
        number, microseconds = line.split()
        times[names[int(number)]].append(int(microseconds) / 1000)
    assert all(len(found) == rounds for found in times.values()), said[-2000:]
    return times


@pytest.mark.parametrize("unit", [EARLY, GUARD])
def test_what_each_directive_costs(locked, report, unit):
    lines = _service(locked, unit)
    variants = {YARDSTICK: _service(locked, YARDSTICK), "/bin/true, bare": _as_true(_only(_service(locked, EARLY)))}
    if unit == EARLY:
        variants |= {"/bin/true in the early unit's sandbox": _as_true(lines)}
    variants |= _variants("early unit" if unit == EARLY else "guard", lines)
    locked.run("systemctl", "mask", "--now", "nm-killswitch.socket", GUARD, "NetworkManager.service", check=False)
    locked.run("systemctl", "stop", EARLY)
    for name, times in _measure(locked, variants, ROUNDS).items():
        low, *_, high = quantiles(times, n=10)
        report.line(f"{name}: {median(times):.1f} ms ({low:.1f} to {high:.1f}, n={len(times)})")
