#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each unit that has an [Install] section is named wherever units are enabled: a list without one leaves it off."""

import sys

import lint
from lint import Fixture

UNITS = "data/units"
PACKAGING = "data/packaging"
# who enables units, and how a name stands there
LISTS = {
    f"{UNITS}/90-nm-killswitch.preset": "enable {name}.{kind}\n",
    "data/install.sh": "{name}.{kind}",
    f"{PACKAGING}/debian/nm-killswitch.postinst": "={name}.{kind}\n",
    f"{PACKAGING}/debian/nm-killswitch.prerm": "={name}.{kind}\n",
    f"{PACKAGING}/debian/tests/boot": "{name}.{kind}",
    f"{PACKAGING}/fedora/nm-killswitch.spec": "%{{_unitdir}}/{name}.{kind}\n",
    f"{PACKAGING}/arch/nm-killswitch.install": "{name}.{kind}",
    f"{PACKAGING}/nix/module.nix": "systemd.{kind}s.{name}",  # NixOS does not look at [Install]
}


def check(tree):
    paths = sorted((tree / UNITS).iterdir())
    units = [path.name.removesuffix(".in") for path in paths if "\n[Install]\n" in path.read_text(encoding="utf-8")]
    if not units:
        return [f"{UNITS}: no unit has an [Install] section"]
    problems = []
    for place, form in LISTS.items():
        text = (tree / place).read_text(encoding="utf-8")
        for unit in units:
            name, _, kind = unit.rpartition(".")
            if form.format(name=name, kind=kind) not in text:
                problems.append(f"{place}: does not name {unit}")
    return problems


GOOD = {
    f"{UNITS}/a.service.in": "[Unit]\n[Install]\nWantedBy=x.target\n",
    f"{UNITS}/on-demand.service.in": "[Unit]\n",
    **{place: form.format(name="a", kind="service") + "\n" for place, form in LISTS.items()},
}
FIXTURES = [
    Fixture("a unit that all name passes", GOOD, None),
    *(Fixture(f"{place} without it", {**GOOD, place: "nothing\n"}, f"{place}: does not name a.service") for place in LISTS),
    Fixture("no unit at all", {**GOOD, f"{UNITS}/a.service.in": "[Unit]\n"}, "no unit has an [Install]"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
