#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which room may include which room, and which library's headers (data/doc/map.md, Arrows)."""

import re
import sys
from pathlib import Path

import lint
from lint import Fixture

# room: (rooms it may use besides itself, libraries besides the C library and the kernel's headers)
ROOMS = {
    "dispatcher/model": ("", "glib"),
    "dispatcher/hook": ("model", ""),
    "dispatcher/rules": ("model", "glib libnftnl libmnl"),
    "dispatcher/kernel": ("model rules", "glib libnftnl libmnl"),
    "dispatcher/network": ("model", "glib libnm c-ares systemd"),
    "polkit": ("model", "glib polkit"),
    "dispatcher/policy": ("model", "glib"),
    "dispatcher/files": ("model policy", "glib"),
    "dispatcher/guard": ("model policy files rules kernel network", "glib"),
    "dispatcher/early": ("model guard", ""),
    "dispatcher/service": ("model policy files network guard polkit", "glib systemd"),
    "dispatcher/leaktest": ("model files kernel polkit", "glib"),
    "dispatcher/refused": ("model files kernel polkit", "glib"),
    "dispatcher/online": ("model", "glib curl"),
    # root's rescue works when no guard answers: it reads and shows the same state and kernel as the guard
    # would
    "dispatcher/ctl": ("model policy files rules kernel", "glib json-glib"),
    # of network only what its library network-shared holds: the system bus, what a profile says,
    # and to connect it
    "applet": ("model network", "glib libnm gtk"),
}

# These rooms must not reach other libraries through a header of another room either.
LEAN = {"dispatcher/hook": "its program starts in a millisecond and links the C library only"}

LIBRARIES = [
    ("json-glib", r"json-glib/.*"),
    ("glib", r"(glib|gio|gmodule|gobject)(/.*|\.h|-.*\.h|unix/.*)|glib-unix\.h"),
    ("libnftnl", r"libnftnl/.*"),
    ("libmnl", r"libmnl/.*"),
    ("c-ares", r"ares(_.*)?\.h"),
    ("libnm", r"NetworkManager\.h|nm-.*\.h|libnm/.*"),
    ("curl", r"curl/.*"),
    ("polkit", r"polkit(agent)?/.*"),
    ("systemd", r"systemd/.*"),
    ("gtk", r"(gtk|gdk|pango|cairo|libayatana-appindicator|libappindicator).*"),
    # the C library and the kernel
    ("", r"(sys|net|netinet|arpa|linux|asm)/[a-z0-9_/-]+\.h"),
    ("", r"(assert|ctype|dirent|endian|errno|fcntl|features|fnmatch|getopt|glob|grp|ifaddrs|"
         r"inttypes|libintl|limits|locale|malloc|math|netdb|paths|poll|pthread|pwd|resolv|sched|setjmp|"
         r"signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|"
         r"strings|syslog|termios|threads|time|unistd|wchar|wctype)\.h"),
]

GENERATED = re.compile(r"config\.h|.*-generated\.h|.*-resources\.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def library(header):
    """The library a <header> belongs to: "" for the C library, None if it is not in the table."""
    for name, pattern in LIBRARIES:
        if re.fullmatch(pattern, header):
            return name
    return None


def room_of(path):
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def resolve(tree, includer, name):
    """The project file behind #include "name", as path below the tree; None: there is none."""
    for folder in (includer.parent, tree / "dispatcher", tree):
        path = folder / name
        if path.is_file():
            return str(path.resolve().relative_to(tree.resolve()))
    return None


def includes(path):
    """(line number, quoted name or None, angled name or None)"""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_file(tree, path):
    name = str(path.relative_to(tree))
    room = room_of(name)
    if name.startswith("tests/"):
        return
    if room is None:
        yield f"{name}: stands in no room; the rooms are {', '.join(ROOMS)}"
        return
    rooms, libraries = (words.split() for words in ROOMS[room])

    for number, quoted, angled in includes(path):
        where = f"{name}:{number}"
        if angled:
            owner = library(angled)
            if owner is None:
                yield f"{where}: <{angled}> belongs to no library in the table of this check"
            elif owner and owner not in libraries:
                yield f"{where}: {room} must not use {owner} (<{angled}>)"
            continue
        if GENERATED.fullmatch(Path(quoted).name):
            continue
        target = resolve(tree, path, quoted)
        if target is None:
            yield f'{where}: "{quoted}" is not in the project; libraries are included by <>'
            continue
        other = room_of(target)
        if target.endswith(".c"):
            yield f'{where}: "{quoted}" is no header'
        if other != room and (other is None or Path(other).name not in rooms):
            yield f"{where}: {room} must not include {other or target} (\"{quoted}\")"


def reached(tree, path, seen):
    """(file, library) of every library header that `path` includes, however deep."""
    if path in seen:
        return
    seen.add(path)
    for _, quoted, angled in includes(path):
        if angled and library(angled):
            yield path, library(angled)
        target = quoted and resolve(tree, path, quoted)
        if target:
            yield from reached(tree, tree / target, seen)


def check_lean(tree, path):
    name = str(path.relative_to(tree))
    room = room_of(name)
    if room not in LEAN:
        return
    for through, owner in reached(tree, path, set()):
        if through != path and owner not in ROOMS[room][1].split():
            yield f"{name}: reaches {owner} through {through.relative_to(tree)}; {LEAN[room]}"


def check(tree):
    problems = []
    for path in lint.c_files(tree):
        problems += check_file(tree, path)
        problems += check_lean(tree, path)
    return problems


FIXTURES = [
    Fixture(
        "what is allowed passes",
        {
            "dispatcher/model/lock.h": "#include <glib.h>\n",
            "dispatcher/model/event.h": "#include <stdint.h>\n#include <net/if.h>\n",
            "dispatcher/hook/main.c": '#include "config.h"\n#include "model/event.h"\n',
            "dispatcher/rules/table.c": '#include "model/lock.h"\n#include <libnftnl/table.h>\n',
            "polkit/ask.h": "#include <polkit/polkit.h>\n",
            "dispatcher/service/guard-bus.c": '#include "polkit/ask.h"\n#include <gio/gio.h>\n',
            "tests/unit/test.c": '#include "rules/table.c"\n',
        },
        None,
    ),
    Fixture(
        "an arrow the wrong way",
        {
            "dispatcher/policy/engine.h": "",
            "dispatcher/model/lock.c": '#include "policy/engine.h"\n',
        },
        "dispatcher/model must not include dispatcher/policy",
    ),
    Fixture(
        "the guard calls those who ask it",
        {"dispatcher/service/guard-bus.h": "", "dispatcher/guard/follow.c": '#include "service/guard-bus.h"\n'},
        "dispatcher/guard must not include dispatcher/service",
    ),
    Fixture(
        "what should be, by what is on disk",
        {"dispatcher/files/store.h": "", "dispatcher/policy/engine.c": '#include "files/store.h"\n'},
        "dispatcher/policy must not include dispatcher/files",
    ),
    Fixture(
        "the applet looks into the engine",
        {"dispatcher/policy/engine.h": "", "applet/menu.c": '#include "policy/engine.h"\n'},
        "applet must not include dispatcher/policy",
    ),
    Fixture(
        "libnftnl outside rules and kernel",
        {"dispatcher/policy/engine.c": "#include <libnftnl/rule.h>\n"},
        "dispatcher/policy must not use libnftnl",
    ),
    Fixture(
        "polkit outside its room",
        {"dispatcher/guard/orders.c": "#include <polkit/polkit.h>\n"},
        "dispatcher/guard must not use polkit",
    ),
    Fixture(
        "libnm beside the engine",
        {"dispatcher/policy/engine.c": "#include <NetworkManager.h>\n"},
        "dispatcher/policy must not use libnm",
    ),
    Fixture(
        "GTK in the command line",
        {"dispatcher/ctl/main.c": "#include <gtk/gtk.h>\n"},
        "dispatcher/ctl must not use gtk",
    ),
    Fixture(
        "GLib in the hook, through a header of the model",
        {
            "dispatcher/model/lock.h": "#include <glib.h>\n",
            "dispatcher/model/event.h": '#include "model/lock.h"\n',
            "dispatcher/hook/main.c": '#include "model/event.h"\n',
        },
        "reaches glib through dispatcher/model/lock.h",
    ),
    Fixture(
        "a library nobody decided on",
        {"dispatcher/ctl/main.c": "#include <nobody/nothing.h>\n"},
        "belongs to no library",
    ),
    Fixture(
        "a file in no room",
        {"dispatcher/common.c": "\n"},
        "stands in no room",
    ),
    Fixture(
        "a library in quotes",
        {"dispatcher/ctl/main.c": '#include "glib.h"\n'},
        "is not in the project",
    ),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
