#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the suite has seen, release by release, and the page that says it: run alone, this program
writes data/doc/tried.md from the records of the last runs. What was not tried again keeps its line, with
its day."""

import json
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fresh import roots  # noqa: E402

PAGE = roots.REPOSITORY / "data/doc/tried.md"
_RECORDS = roots.CACHE / "records"
_PROGRAMS = {
    "systemd": "systemd", "network-manager": "NetworkManager", "openvpn": "OpenVPN", "nftables": "nft",
    "polkitd": "polkit", "gcc": "gcc",
}
_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Tried on

Written by `tests/fresh/tried.py` from runs of `sudo tests/run.sh fresh`: a bare system of each release,
a clean clone, the commands of the README. The kernel is the one of the machine that ran the tests.

"""


class Record:
    """Of one release. What an earlier run has seen stays, with its day, until it is tried again."""

    def __init__(self, release: roots.Release):
        self._path = _RECORDS / f"{release.name}.json"
        old = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._seen: dict[str, list[str]] = old.get("seen", {})
        self._versions: dict[str, str] = old.get("versions", {})

    def trying(self, what: str) -> None:
        self._seen.pop(what, None)

    def note(self, what: str, seen: str) -> None:
        self._seen[what] = [seen, date.today().isoformat()]

    def versions(self, listed: str) -> None:
        """Lines "package version", as dpkg-query prints them."""
        for line in listed.splitlines():
            package, _, version = line.partition(" ")
            if package in _PROGRAMS and version:
                self._versions[_PROGRAMS[package]] = version

    def save(self) -> None:
        _RECORDS.mkdir(parents=True, exist_ok=True)
        kernel = Path("/proc/sys/kernel/osrelease").read_text().split("-")[0]
        record = {"kernel": kernel, "versions": self._versions, "seen": self._seen}
        self._path.write_text(json.dumps(record, indent=1))


def programs() -> tuple[str, ...]:
    return tuple(_PROGRAMS)


def _rows(section: str) -> dict[str, list[str]]:
    """What the page says already."""
    cells = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ") and "---" not in line]
    return {what.strip(): [seen.strip(), day.strip()] for what, seen, day in cells if what.strip() != "what"}


def _section(release: roots.Release, record: dict, before: str) -> str:
    """`before`: the one that the page has."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    programs = f"Linux {record['kernel']}, {versions}." if versions else before.splitlines()[2]
    lines = [f"## {release.title}", "", programs, ""]
    lines += ["| what | seen | day |", "|---|---|---|"]
    lines += [f"| {what} | {seen} | {day} |" for what, (seen, day) in record["seen"].items()]
    return "\n".join(lines) + "\n"


def _old_sections() -> dict[str, str]:
    parts = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def write() -> None:
    sections = _old_sections()
    for release in roots.RELEASES:
        record = _RECORDS / f"{release.name}.json"
        if record.exists() and json.loads(record.read_text())["seen"]:
            seen = json.loads(record.read_text())
            before = sections.get(release.title, "## \n\n\n")
            seen["seen"] = _rows(before) | seen["seen"]
            sections[release.title] = _section(release, seen, before)
    known = [sections[release.title] for release in roots.RELEASES if release.title in sections]
    PAGE.write_text(_HEAD + "\n".join(known))


if __name__ == "__main__":
    write()
