#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which shared libraries the built programs ask for (readelf -d, NEEDED). Uses KS_BUILD."""

import fnmatch
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import lint

C_LIBRARY = "libc.so.* ld-linux*.so.*"
GLIB = "libglib-2.0.so.* libgobject-2.0.so.* libgio-2.0.so.*"
NETLINK = "libnftnl.so.* libmnl.so.*"

# Every program that the build makes, with all that it may need. All must have been built.
PROGRAMS = {
    "dispatcher/hook/nm-killswitch-dispatcher": C_LIBRARY,
    "dispatcher/early/nm-killswitch-early": f"{C_LIBRARY} libglib-2.0.so.* {NETLINK}",
    "dispatcher/service/nm-killswitchd": f"{C_LIBRARY} {GLIB} {NETLINK} libnm.so.* libsystemd.so.*"
    " libjson-glib-1.0.so.* libcares.so.*",
    "dispatcher/leaktest/nm-killswitch-leak-test": f"{C_LIBRARY} {GLIB} {NETLINK}",
    "dispatcher/refused/nm-killswitch-refused": f"{C_LIBRARY} {GLIB} {NETLINK}",
    "dispatcher/online/nm-killswitch-online": f"{C_LIBRARY} {GLIB} libcurl*.so.*",
    "dispatcher/ctl/nm-killswitch": f"{C_LIBRARY} {GLIB} {NETLINK} libjson-glib-1.0.so.*",
    "applet/nm-killswitch-applet": f"{C_LIBRARY} {GLIB} libnm.so.* libgtk-3.so.* libgdk-3.so.*"
    " libatk-1.0.so.* libpango-1.0.so.* libayatana-appindicator3.so.*",
}

FOLDERS = ("dispatcher", "polkit", "applet")


def dynamic_section(path):
    """(NEEDED names, whether it has a run path), or None if it is no program."""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return None
    said = subprocess.run(
        [lint.tool("readelf"), "-hdW", path], capture_output=True, text=True, check=False
    ).stdout
    if not re.search(r"Type: +(EXEC|DYN)", said):
        return None
    return re.findall(r"\(NEEDED\).*\[(.*)\]", said), "RUNPATH" in said or "RPATH" in said


def check_build(build):
    for name in PROGRAMS:
        if not (build / name).is_file():
            yield f"{name}: was not built"

    for folder in FOLDERS:
        for path in sorted((build / folder).rglob("*")):
            if not path.is_file() or not path.stat().st_mode & 0o100:
                continue
            section = dynamic_section(path)
            if section is None:
                continue
            name = str(path.relative_to(build))
            allowed = PROGRAMS.get(name)
            if allowed is None:
                yield f"{name}: has no row in the table of this check"
                continue
            needed, run_path = section
            for library in needed:
                if not any(fnmatch.fnmatch(library, pattern) for pattern in allowed.split()):
                    yield f"{name}: must not link {library}"
            if run_path:
                yield f"{name}: has a run path"


def check(tree):
    """For the project its build folder, for a fixture C text at the place of each program."""
    if tree == lint.ROOT:
        return list(check_build(lint.build_folder()))
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder)
        for path in lint.files(tree):
            target = build / path.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [lint.tool("cc"), "-x", "c", path, "-o", target, "-Wl,--no-as-needed"]
                + path.read_text().partition("link:")[2].split("*")[0].split(),
                check=True,
            )
        return list(check_build(build))


EMPTY = "int main(void) { return 0; }\n"
GOOD = {name: EMPTY for name in PROGRAMS}
HOOK = "dispatcher/hook/nm-killswitch-dispatcher"

FIXTURES = [
    lint.Fixture("programs that need the C library pass", GOOD, None),
    lint.Fixture(
        "a hook that links more",
        {**GOOD, HOOK: "/* link: -lm */\n" + EMPTY},
        f"{HOOK}: must not link libm.so",
    ),
    lint.Fixture(
        "a program with a run path",
        {**GOOD, HOOK: "/* link: -Wl,-rpath,/tmp */\n" + EMPTY},
        f"{HOOK}: has a run path",
    ),
    lint.Fixture("a program that is missing", {HOOK: EMPTY}, "nm-killswitchd: was not built"),
    lint.Fixture(
        "a program nobody decided on",
        {**GOOD, "dispatcher/guard/helper": EMPTY},
        "dispatcher/guard/helper: has no row",
    ),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
