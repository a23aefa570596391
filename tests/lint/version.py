#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One version, that of meson.build: what cannot read it there says the same. Releases stand in order."""

import re
import sys

import lint
from lint import Fixture

PLACE = "meson.build"
NEWS = "NEWS.md"
METAINFO = "data/applet/io.github.nmkillswitch.metainfo.xml.in"
PACKAGING = "data/packaging"
# who says it again: file, and a pattern whose first group is the version
OTHERS = (
    (NEWS, r"^## ([^ \n]+)"),
    ("README.md", r"^Version (\S+) is"),
    (METAINFO, r'<release version="([^"]+)"'),
    (f"{PACKAGING}/debian/changelog", r"^nm-killswitch \(([^-\n]+)-[^)\n]+\)"),
    (f"{PACKAGING}/fedora/nm-killswitch.spec", r"^Version: +(\S+)$"),
    (f"{PACKAGING}/fedora/nm-killswitch.spec", r"^\* .* - ([^-\n]+)-\d+$"),
    (f"{PACKAGING}/arch/PKGBUILD", r"^pkgver=(\S+)$"),
)
HEADING = re.compile(r"^## (.*)$", re.M)
GOOD_HEADING = re.compile(r"(\d+\.\d+\.\d+) \((unreleased|\d{4}-\d\d-\d\d)\)")


def read(tree, name):
    path = tree / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def news(tree):
    versions, dates = [], []
    for heading in HEADING.findall(read(tree, NEWS)):
        match = GOOD_HEADING.fullmatch(heading)
        if not match:
            yield f"{NEWS}: “## {heading}” is not “## VERSION (unreleased|YYYY-MM-DD)”"
            continue
        versions.append(numbers(match.group(1)))
        dates.append(match.group(2))
    if versions != sorted(set(versions), reverse=True):
        yield f"{NEWS}: the newest version must stand first, each once"
    if "unreleased" in dates[1:]:
        yield f"{NEWS}: only the first version can be unreleased"
    released = [date for date in dates if date != "unreleased"]
    if released != sorted(released, reverse=True):
        yield f"{NEWS}: the dates are not in order"
    if dates and dates[0] != "unreleased":
        told = re.search(r'<release version="[^"]+" date="([^"]+)"', read(tree, METAINFO))
        if not told or told.group(1) != dates[0]:
            yield f"{METAINFO}: the date of the first release is not that of {NEWS}, {dates[0]}"


def check(tree):
    match = re.search(r"^ +version: '([^']+)',$", read(tree, PLACE), re.M)
    if not match:
        return [f"{PLACE}: names no version"]
    version = match.group(1)
    problems = []
    for name, pattern in OTHERS:
        said = re.search(pattern, read(tree, name), re.M)
        if not said:
            problems.append(f"{name}: names no version")
        elif said.group(1) != version:
            problems.append(f"{name}: says {said.group(1)}, {PLACE} says {version}")
    return problems + list(news(tree))


GOOD = {
    PLACE: "project('x', 'c',\n    version: '1.2.3',\n)\n",
    NEWS: "# News\n\n## 1.2.3 (2026-03-01)\n\n## 1.2.2 (2026-01-01)\n",
    "README.md": "Version 1.2.3 is out\n",
    METAINFO: '<release version="1.2.3" date="2026-03-01"/>\n',
    f"{PACKAGING}/debian/changelog": "nm-killswitch (1.2.3-1) unstable; urgency=low\n",
    f"{PACKAGING}/fedora/nm-killswitch.spec": "Version:        1.2.3\n%changelog\n* Mon Jan 05 2026 A <a@b> - 1.2.3-1\n",
    f"{PACKAGING}/arch/PKGBUILD": "pkgver=1.2.3\n",
}


def with_fault(name, old, new):
    return {**GOOD, name: GOOD[name].replace(old, new)}


FIXTURES = [
    Fixture("one version everywhere passes", GOOD, None),
    Fixture("an unreleased one passes", with_fault(NEWS, "2026-03-01", "unreleased"), None),
    *(Fixture(f"another one in {name}", with_fault(name, "1.2.3", "1.2.4"), f"{name}: says 1.2.4") for name in GOOD if name != PLACE),
    Fixture("another one in a changelog", with_fault(f"{PACKAGING}/fedora/nm-killswitch.spec", "- 1.2.3", "- 1.2.2"), "says 1.2.2"),
    Fixture("no version in the build file", with_fault(PLACE, "version", "versions"), "names no version"),
    Fixture("old news first", with_fault(NEWS, "1.2.2", "1.3.0"), "the newest version must stand first"),
    Fixture("an old one that is unreleased", with_fault(NEWS, "2026-01-01", "unreleased"), "only the first"),
    Fixture("dates that go back", with_fault(NEWS, "2026-01-01", "2026-04-01"), "not in order"),
    Fixture("a heading of another kind", with_fault(NEWS, "(2026-01-01)", "2026"), "is not “## VERSION"),
    Fixture("another date", with_fault(METAINFO, "2026-03-01", "2026-03-02"), "the date of the first release"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
