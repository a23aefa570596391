#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every language of po/LINGUAS can be read, and says what it says in the same form. What it does not
say yet is told and fails nothing, so that a new text needs no translator; a release wants it all:

    translations.py --release
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import lint
from lint import Fixture

LANGUAGES = "po/LINGUAS"
FILES = "po/POTFILES"
# As meson's i18n.gettext(preset: 'glib') calls it; what is missing here is missing in every language.
KEYWORDS = (
    "_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3",
    "ngettext:1,2",
)
SHOWN = 5 # problems of one language; the rest is a number


def lines(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


def template(tree, folder):
    """All texts of the program, as a .pot file."""
    pot = Path(folder) / "all.pot"
    run(
        lint.tool("xgettext"), f"--directory={tree}", "--from-code=UTF-8", "--add-comments",
        "--flag=g_strdup_printf:1:c-format", "--flag=g_dngettext:2:pass-c-format",
        *(f"--keyword={keyword}" for keyword in KEYWORDS), f"--output={pot}", *lines(tree / FILES),
    ).check_returncode()
    return pot


def texts(po, *which):
    """The first lines of the texts of one kind: --untranslated, --only-fuzzy."""
    said = run(lint.tool("msgattrib"), "--no-obsolete", "--no-wrap", *which, str(po)).stdout
    return [text for text in re.findall(r'^msgid "(.+)"$', said, re.M)]


def sources(tree):
    return sorted((tree / "po").glob("*.po"))


def unreadable(tree, source):
    """What keeps a program from being translated by this file at all, or rightly."""
    form = run(lint.tool("msgfmt"), "--check", "--check-accelerators=_", "--output-file=/dev/null", str(source))
    return form.stderr.replace(f"{tree}/", "").splitlines() if form.returncode else []


def missing(tree):
    """The texts that each language lacks."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        pot = template(tree, folder)
        for source in sources(tree):
            merged = Path(folder) / source.name
            run(
                lint.tool("msgmerge"), "--quiet", "--no-fuzzy-matching", f"--output-file={merged}", str(source),
                str(pot),
            ).check_returncode()
            name = source.relative_to(tree)
            found = [f"{name}: not translated: {text}" for text in texts(merged, "--untranslated")]
            found += [f"{name}: fuzzy: {text}" for text in texts(merged, "--only-fuzzy")]
            if len(found) > SHOWN:
                found[SHOWN:] = [f"{name}: and {len(found) - SHOWN} more"]
            problems += found
    return problems


def check(tree):
    named = lines(tree / LANGUAGES)
    problems = []
    if named != sorted(set(named)):
        problems.append(f"{LANGUAGES}: is not sorted, or names a language twice")
    there = {path.stem for path in (tree / "po").glob("*.po")}
    problems += [f"{LANGUAGES}: lacks {name}" for name in sorted(there - set(named))]
    problems += [f"{LANGUAGES}: there is no po/{name}.po" for name in sorted(set(named) - there)]
    for source in sources(tree):
        problems += unreadable(tree, source)
    return problems


def check_release(tree):
    return check(tree) + missing(tree)


HEAD = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: xx\\n"\n'
    '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)
SOURCE = 'void f(void) { g(_("Lock %s")); }\n'
DONE = HEAD + '#, c-format\nmsgid "Lock %s"\nmsgstr "Zu %s"\n'


def tree_with(po, linguas="xx\n", source=SOURCE):
    return {LANGUAGES: linguas, FILES: "a.c\n", "a.c": source, "po/xx.po": po}


NEW_TEXT = tree_with(DONE, source=SOURCE + 'void h(void) { g(_("Open")); }\n')
EMPTY = tree_with(DONE.replace("Zu %s", ""))
GUESS = tree_with(DONE.replace("#, c-format", "#, fuzzy, c-format"))

FIXTURES = [
    Fixture("a complete language passes", tree_with(DONE), None),
    Fixture("so does one that lacks a text", NEW_TEXT, None),
    Fixture("another form", tree_with(DONE.replace("Zu %s", "Zu %d")), "po/xx.po"),
    Fixture("a language that is not named", tree_with(DONE, linguas=""), "lacks xx"),
    Fixture("a language that is not there", tree_with(DONE, linguas="xx\nyy\n"), "no po/yy.po"),
]
RELEASE_FIXTURES = [
    Fixture("a complete language may be released", tree_with(DONE), None),
    Fixture("a new text", NEW_TEXT, "not translated: Open"),
    Fixture("an empty translation", EMPTY, "not translated: Lock"),
    Fixture("a guess", GUESS, "fuzzy: Lock"),
]

if __name__ == "__main__":
    if sys.argv[1:] == ["--release"]:
        sys.exit(lint.run(check_release, RELEASE_FIXTURES))
    sys.exit(lint.run(check, FIXTURES, missing))
