#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the suite has seen, release by release, and the pages that say it: run alone, this program
writes data/doc/tried.md, and README.md's table of it, from the records of the last runs. What was not tried
again keeps its line, with its day; what was tried and not passed says so."""

import json
import re
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fresh import roots  # noqa: E402

PAGE = roots.REPOSITORY / "data/doc/tried.md"
README = roots.REPOSITORY / "README.md"
NOT_PASSED = "not passed"
RECORDS = roots.CACHE / "records"
_PROGRAMS = {
    "systemd": "systemd", "network-manager": "NetworkManager", "openvpn": "OpenVPN", "nftables": "nft",
    "polkitd": "polkit", "gcc": "gcc",
}
_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Tried on

Written by `tests/fresh/tried.py` from runs of `sudo tests/run.sh fresh`: a bare system of each release,
a clean clone, the commands of the README. The kernel is the one of the machine that ran the tests.

"""
# README.md's table: a column, and how the lines of the page begin that it stands for
_COLUMNS = {
    "`demo.sh`": ("tests/demo.sh",),
    "`run.sh`": ("tests/run.sh ",),
    "`install.sh`": ("data/install.sh", "locked, rebooted", "upgraded while locked", "removed"),
    "packages": ("apt install ", "the guide's six steps", "apt's, locked, rebooted", "apt purge"),
    "GNOME's tile": ("GNOME Shell on Wayland: the tile",),
}
_SHOWN = ("NetworkManager", "OpenVPN", "nft", "systemd")
_TABLE = re.compile(r"(?<=<!-- written by tests/fresh/tried\.py -->\n).*?(?=<!-- end -->)", re.DOTALL)


class Record:
    """One line of a release's, on the disk after each step. What an earlier run has seen stays, with its day,
    until it is tried again."""

    def __init__(self, release: roots.Release, what: str):
        self._what = what
        self._path = RECORDS / f"{release.name}.json"
        old = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._seen: dict[str, list[str]] = old.get("seen", {})
        self._versions: dict[str, str] = old.get("versions", {})

    def trying(self) -> None:
        """Until note() says more: a run that is cut short has not passed."""
        self.note(NOT_PASSED)

    def note(self, seen: str) -> None:
        self._seen[self._what] = [seen, date.today().isoformat()]
        self._save()

    def versions(self, listed: str) -> None:
        """Lines "package version", as dpkg-query prints them."""
        for line in listed.splitlines():
            package, _, version = line.partition(" ")
            if package in _PROGRAMS and version:
                self._versions[_PROGRAMS[package]] = version
        self._save()

    def _save(self) -> None:
        RECORDS.mkdir(parents=True, exist_ok=True)
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


def _sections(page: str) -> dict[str, str]:
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in page.split("\n## ")[1:]}


def _cell(rows: dict[str, list[str]], begins: tuple[str, ...]) -> str:
    """The first day of several; what was not tried is not passed either, but nobody has seen it fail."""
    found = [[row for what, row in rows.items() if what.startswith(begin)] for begin in begins]
    days = [day for each in found for seen, day in each]
    if any(seen == NOT_PASSED for each in found for seen, _ in each):
        return NOT_PASSED
    return min(days) if all(found) else "not tried"


def table(page: str) -> str:
    """README.md's, of the page as it is."""
    lines = [f"| system | with | {' | '.join(_COLUMNS)} |", "|---" * (2 + len(_COLUMNS)) + "|"]
    for title, section in _sections(page).items():
        versions = dict(re.findall(r"([A-Za-z]+) (?:\d+:)?([0-9.]+[0-9])", section.splitlines()[2]))
        shown = ", ".join(f"{name} {versions[name]}" for name in _SHOWN if name in versions)
        cells = [_cell(_rows(section), begins) for begins in _COLUMNS.values()]
        lines.append(f"| {title} | {shown} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(readme: str, page: str) -> str:
    written, count = _TABLE.subn(lambda _: table(page), readme)
    if count != 1:
        raise SystemExit("README.md has no place for the table")
    return written


def page(before: str, last: dict[str, dict]) -> str:
    """`last`: records() of the last runs, by the release's name."""
    sections = _sections(before)
    for release in roots.RELEASES:
        record = last.get(release.name, {"seen": {}})
        if record["seen"]:
            old = sections.get(release.title, "## \n\n\n")
            sections[release.title] = _section(release, record | {"seen": _rows(old) | record["seen"]}, old)
    return _HEAD + "\n".join(sections[release.title] for release in roots.RELEASES if release.title in sections)


def records() -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in RECORDS.glob("*.json")}


def write() -> None:
    written = page(PAGE.read_text() if PAGE.exists() else "", records())
    PAGE.write_text(written)
    README.write_text(with_table(README.read_text(), written))


if __name__ == "__main__":
    write()
