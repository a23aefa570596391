#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""data/doc/contract.md says what the sources say: exit statuses, fields of status, reasons, units, actions,
bus methods and errors. The states are those that nm-killswitch(7) explains, too."""

import re
import sys

import lint
from lint import Fixture

CONTRACT = "data/doc/contract.md"
EXIT_STATUS = "dispatcher/ctl/exit-status.h"
INTERFACE = "data/io.github.nmkillswitch.Guard1.xml"
POLICY = "polkit/io.github.nmkillswitch.policy.in"
REASONS = "applet/guard-state.c"
AWAY = "dispatcher/ctl/rescue.h"  # one that no guard gives
ERRORS = "dispatcher/service/bus-errors.c"
UNITS = "data/units"
STATES = "dispatcher/ctl/explain.c"
MANUAL = "data/man/nm-killswitch.7"

QUOTED = re.compile(r"`([^`]+)`")


def read(tree, name):
    return (tree / name).read_text()


def rows(contract, head):
    """The first cells of the table whose head row begins so."""
    lines = iter(contract.splitlines())
    for line in lines:
        if line.startswith(head):
            next(lines)  # the rule under it
            break
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def words(cells):
    return {word for cell in cells for word in QUOTED.findall(cell)}


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def exit_statuses(tree, contract):
    told = {row[0] for row in rows(contract, "| exit status |")} | set(re.findall(r"exit status (\d+)", contract))
    return told, set(re.findall(r"KS_EXIT_\w+ = (\d+)", read(tree, EXIT_STATUS)))


def fields(tree, contract):
    """Of status --json: the interface's properties."""
    properties = re.findall(r'<property name="(\w+)"', read(tree, INTERFACE))
    return words(row[0] for row in rows(contract, "| field |")), {snake(name) for name in properties}


def reasons(tree, contract):
    told = next((row[2] for row in rows(contract, "| field |") if row[0] == "`reason`"), "")
    known = re.findall(r'\[KS_REASON_\w+\] = "([a-z-]+)"', read(tree, REASONS))
    known += re.findall(r'KS_REASON_\w+ "([a-z-]+)"', read(tree, AWAY))
    return words([told]) - {"blocked", "broken", "protected"}, set(known)


def states(tree, contract):
    told = next((row[2] for row in rows(contract, "| field |") if row[0] == "`state`"), "")
    return words([told]), set(re.findall(r'\{ "([a-z]+)", explain_\w+ \}', read(tree, STATES)))


def explained_states(tree, contract):
    """The manual page's list of them."""
    told = next((row[2] for row in rows(contract, "| field |") if row[0] == "`state`"), "")
    section = re.search(r"^\.Ss States$(.*?)^\.Ss ", read(tree, MANUAL), re.M | re.S)
    return words([told]), set(re.findall(r"^\.It ([a-z]+)$", section.group(1), re.M)) if section else set()


def units(tree, contract):
    there = {path.name.removesuffix(".in") for path in (tree / UNITS).iterdir()}
    return words(row[0] for row in rows(contract, "| unit |")), {name for name in there if not name.endswith(".preset")}


def actions(tree, contract):
    told = re.search(r"actions (.*?)\.\s*Every", contract, re.S)
    named = words([told.group(1)]) if told else set()
    return (
        {name.rpartition(".")[2] for name in named},
        {name.rpartition(".")[2] for name in re.findall(r'<action id="([^"]+)"', read(tree, POLICY))},
    )


def methods(tree, contract):
    """Those that the contract names are there; the interface documents all."""
    told = {name.partition("(")[0] for name in words(row[0] for row in rows(contract, "| method of VPNs"))}
    return told, told & set(re.findall(r'<method name="(\w+)"', read(tree, INTERFACE)))


def errors(tree, contract):
    told = set(re.findall(r"`\.Error\.(\w+)`", contract))
    return told, told & set(re.findall(r'KS_BUS_ERROR\("(\w+)"\)', read(tree, ERRORS)))


CHECKS = {
    "exit statuses": exit_statuses,
    "fields of status --json": fields,
    "reasons": reasons,
    "states": states,
    "states of the manual page": explained_states,
    "units": units,
    "actions": actions,
    "methods": methods,
    "errors": errors,
}


def problems(tree):
    contract = read(tree, CONTRACT)
    for what, compare in CHECKS.items():
        told, there = compare(tree, contract)
        if not told:
            yield f"{CONTRACT}: no {what} found: has the table changed?"
        for name in sorted(told - there):
            yield f"{CONTRACT}: {what}: {name} is told, and is not there"
        for name in sorted(there - told):
            yield f"{CONTRACT}: {what}: {name} is there, and not told"


PROPERTIES = '<property name="Lan"/><property name="Reason"/><property name="State"/>'


def check(tree):
    return list(problems(tree))


def tree_with(**changes):
    """A small project that agrees with its contract, but for what is changed."""
    contract = """
| exit status | meaning |
|---|---|
| 0 | done |

| field | type | meaning |
|---|---|---|
| `lan` | boolean | |
| `reason` | string | why it is `blocked`: `no-vpn` |
| `state` | string | `blocked`, `paused` |

| unit | |
|---|---|
| `a.service` | |

interface; actions `x.lock`, `.unlock`. Every member

| method of VPNs (action) | |
|---|---|
| `AddVpn(s name)` | |

Errors: `.Error.NoSuchVpn`
"""
    files = {
        CONTRACT: contract,
        EXIT_STATUS: "KS_EXIT_DONE = 0,",
        INTERFACE: f'{PROPERTIES}<method name="AddVpn"/>',
        POLICY: '<action id="x.lock"><action id="x.unlock">',
        REASONS: '[KS_REASON_NO_VPN] = "no-vpn"',
        AWAY: "",
        ERRORS: 'KS_BUS_ERROR("NoSuchVpn")',
        STATES: '{ "blocked", explain_blocked }, { "paused", explain_paused }',
        MANUAL: ".Ss States\n.It blocked\n.It paused\n.Ss When\n",
        f"{UNITS}/a.service.in": "",
    }
    return files | changes


FIXTURES = [
    Fixture("a contract that is kept passes", tree_with(), None),
    Fixture(
        "an exit status more",
        tree_with(**{EXIT_STATUS: "KS_EXIT_DONE = 0, KS_EXIT_NEW = 6,"}),
        "exit statuses: 6 is there, and not told",
    ),
    Fixture(
        "a property more",
        tree_with(**{INTERFACE: f'{PROPERTIES}<property name="PauseMax"/><method name="AddVpn"/>'}),
        "fields of status --json: pause_max is there",
    ),
    Fixture("a state less", tree_with(**{STATES: '{ "blocked", explain_blocked }'}), "states: paused is told"),
    Fixture("a state that the page lacks", tree_with(**{MANUAL: ".Ss States\n.It blocked\n.Ss When\n"}),
            "states of the manual page: paused is told"),
    Fixture("a unit more", tree_with(**{f"{UNITS}/b.service.in": ""}), "units: b.service is there"),
    Fixture("a reason that has gone", tree_with(**{REASONS: ""}), "reasons: no-vpn is told, and is not there"),
    Fixture("an action that has gone", tree_with(**{POLICY: '<action id="x.lock">'}), "actions: unlock is told"),
    Fixture("a method that has gone", tree_with(**{INTERFACE: PROPERTIES}), "methods: AddVpn is told"),
    Fixture("an error that has gone", tree_with(**{ERRORS: ""}), "errors: NoSuchVpn is told"),
    Fixture("a table that has gone", tree_with(**{CONTRACT: ""}), "no units found"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
