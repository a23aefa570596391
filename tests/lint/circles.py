#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No file uses one that uses it, however far around: neither by what it calls or names (the linker's view, without a
build), nor, for a header with its source, by what it includes. What goes up goes by a function that was handed down."""

import re
import sys

import lint
from includes import includes, resolve
from lint import Fixture

SIDE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
# a function's or a table's beginning that others can name: it stands at the line's beginning, and is not static
DEFINED = re.compile(r"^(?!static\b|typedef\b|extern\b)\w[\w \t*]*?\b(\w+)(?:\([^;{}]*\)\n\{|(?:\[[^\]\n]*\])*\s*=)", re.M)
NAMED = re.compile(r"(?<![.>\w])[a-z_]\w+")
OF_EACH_PROGRAM = {"main"}


def sources(tree):
    for path in lint.c_files(tree):
        name = str(path.relative_to(tree))
        if not name.startswith("tests/"):
            yield name, path


def calls(tree):
    """file: {file whose functions or tables it names: one of them}"""
    texts = {name: SIDE.sub(" ", path.read_text(errors="replace")) for name, path in sources(tree) if name.endswith(".c")}
    homes = {}
    for name, text in texts.items():
        for word in set(DEFINED.findall(text)) - OF_EACH_PROGRAM:
            homes.setdefault(word, set()).add(name)
    return {
        name: {
            home: word
            for word in sorted(set(NAMED.findall(text)))
            for home in homes.get(word, ())
            if name not in homes[word]
        }
        for name, text in texts.items()
    }


def pair(name):
    """A header and its source are one, and so is what a header says to several sources of one thing."""
    return name[:-2].removesuffix("-private")


def pairs(tree):
    """The same by what they include."""
    graph = {}
    for name, path in sources(tree):
        uses = graph.setdefault(pair(name), {})
        for _, quoted, _ in includes(path):
            target = quoted and resolve(tree, path, quoted)
            if target and pair(target) != pair(name):
                uses[pair(target)] = quoted
                graph.setdefault(pair(target), {})
    return graph


def circle(graph):
    """One way round, as files, or []."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return way[way.index(name):]
        if name in done:
            return []
        way.append(name)
        for used in sorted(graph.get(name, ())):
            if found := visit(used):
                return found
        done.add(way.pop())
        return []

    return next((found for name in sorted(graph) if (found := visit(name))), [])


def tell(graph, what):
    if found := circle(graph):
        steps = [f"{name} {what} {graph[name][used]} of {used}" for name, used in zip(found, found[1:] + found[:1])]
        yield f"{found[0]}: stands in a circle: {'; '.join(steps)}"


def check(tree):
    return [*tell(calls(tree), "uses"), *tell(pairs(tree), "includes")]


A = "dispatcher/model/a"
B = "dispatcher/model/b"
FIXTURES = [
    Fixture(
        "down alone",
        {A + ".c": '#include "model/b.h"\nint ks_a(void)\n{\n    return ks_b();\n}\n',
         B + ".c": "/* ks_a() */\nint ks_b(void)\n{\n    return puts(\"ks_a\");\n}\n",
         B + ".h": "int ks_b(void);\n"},
        None,
    ),
    Fixture(
        "one calls the other, and that one names it",
        {A + ".c": "int ks_a(void)\n{\n    return ks_b();\n}\n",
         B + ".c": "int ks_b(int c,\n         int d)\n{\n    return later(ks_a);\n}\n"},
        f"{A}.c uses ks_b of {B}.c; {B}.c uses ks_a of {A}.c",
    ),
    Fixture(
        "by a table, over a third",
        {A + ".c": "const KsRow ks_rows[] = { { ks_b } };\n", B + ".c": "void ks_b(void)\n{\n    ks_c();\n}\n",
         "applet/c.c": "void ks_c(void)\n{\n    show(&ks_rows[0]);\n}\n"},
        "stands in a circle",
    ),
    Fixture(
        "by headers",
        {A + ".h": "", A + ".c": '#include "model/b.h"\n', B + ".h": '#include "model/a.h"\n'},
        f"{A} includes model/b.h of {B}; {B} includes model/a.h of {A}",
    ),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
