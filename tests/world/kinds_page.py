#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes data/doc/vpn-types.md from what test_kinds.py and tests/vm/test_by_ppp.py have seen (KS_REPORTS, or
reports/ of KS_BUILD). What was not run again keeps its section, with its day."""

import json
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import kinds, sandbox  # noqa: E402

PAGE = sandbox.REPOSITORY / "data/doc/vpn-types.md"
_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Kinds of VPN, connected for real

Written by `tests/world/kinds_page.py` from runs of tests/world/test_kinds.py and, for what pppd carries,
tests/vm/test_by_ppp.py with KS_FULL=1: NetworkManager's own plugin against a real server. Each kind takes the same
walk: it locks by itself; it connects by address, and by name while locked; client and server agree on new keys; it
is disconnected; its program is killed; its server dies; LAN access goes on and off. A capture outside the machine
sees nothing in clear while other programs send all the time, and sees them unlocked. No server of Fortinet's
or SSTP's is packaged in Debian 12: a small one of the tests stands in for each.

nm-killswitch knows other types, too: what they send was only read, in their source, and `vpn list` says so.
"""
_ROWS = {
    "interface": "interface",
    "program": "program that carries it",
    "sockets": "its sockets",
    "wire": "on the wire, to the server",
    "keys": "new keys while locked",
    "let out": "let out to the server",
    "people": "of it, also for people's programs",
    "remains": "who else can use the opening",
    "events": "events of the first connection",
    "shown": "status",
}


def _cell(value: str | list | dict) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{step}: {said}" for step, said in value.items())
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return value


def _section(name: str, record: dict) -> str:
    versions = ", ".join(f"{package} {version}" for package, version in record["packages"].items())
    lines = [f"## {name}", "", f"{record['day']}, Linux {record['kernel']}, {versions}.", "", "| | |", "|---|---|"]
    lines += [f"| {said} | {_cell(record[key])} |" for key, said in _ROWS.items()]
    return "\n".join(lines) + "\n"


def _not_run(missing: list[str]) -> str:
    rows = {name: "not yet" for name in missing} | kinds.NOT_RUN
    return "\n".join(["## Not run", "", "| what | why |", "|---|---|", *(f"| {what} | {why} |" for what, why in rows.items())]) + "\n"


def _old_sections() -> dict[str, str]:
    parts = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def write() -> None:
    sections = _old_sections()
    names = [*(kind.name for kind in kinds.KINDS), *kinds.IN_VM]
    for name in names:
        record = sandbox.reports_dir() / "vpn-types" / f"{name}.json"
        if record.exists():
            sections[name] = _section(name, json.loads(record.read_text()))
    known = [sections[name] for name in names if name in sections]
    missing = [name for name in names if name not in sections]
    PAGE.write_text("\n".join([_HEAD, *known, _not_run(missing)]))


if __name__ == "__main__":
    write()
