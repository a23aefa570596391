#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every language of po/LINGUAS says all that the program says, and says it in the same form."""

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


def problems_of(tree, language, pot, folder):
    source = tree / "po" / f"{language}.po"
    form = run(lint.tool("msgfmt"), "--check", "--check-accelerators=_", "--output-file=/dev/null", str(source))
    if form.returncode:
        return form.stderr.replace(f"{tree}/", "").splitlines()

    merged = Path(folder) / f"{language}.po"
    run(
        lint.tool("msgmerge"), "--quiet", "--no-fuzzy-matching", f"--output-file={merged}", str(source), str(pot)
    ).check_returncode()
    name = source.relative_to(tree)
    found = [f"{name}: not translated: {text}" for text in texts(merged, "--untranslated")]
    found += [f"{name}: fuzzy: {text}" for text in texts(merged, "--only-fuzzy")]
    if len(found) > SHOWN:
        found[SHOWN:] = [f"{name}: and {len(found) - SHOWN} more"]
    return found


def check(tree):
    named = lines(tree / LANGUAGES)
    problems = []
    if named != sorted(set(named)):
        problems.append(f"{LANGUAGES}: is not sorted, or names a language twice")
    there = {path.stem for path in (tree / "po").glob("*.po")}
    problems += [f"{LANGUAGES}: lacks {name}" for name in sorted(there - set(named))]
    problems += [f"{LANGUAGES}: there is no po/{name}.po" for name in sorted(set(named) - there)]
    with tempfile.TemporaryDirectory() as folder:
        pot = template(tree, folder)
        for language in sorted(there):
            problems += problems_of(tree, language, pot, folder)
    return problems


HEAD = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: xx\\n"\n'
    '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)
SOURCE = 'void f(void) { g(_("Lock %s")); }\n'
DONE = HEAD + '#, c-format\nmsgid "Lock %s"\nmsgstr "Zu %s"\n'


def tree_with(po, linguas="xx\n", source=SOURCE):
    return {LANGUAGES: linguas, FILES: "a.c\n", "a.c": source, "po/xx.po": po}


FIXTURES = [
    Fixture("a complete language passes", tree_with(DONE), None),
    Fixture("a new text", tree_with(DONE, source=SOURCE + 'void h(void) { g(_("Open")); }\n'), "not translated: Open"),
    Fixture("an empty translation", tree_with(DONE.replace("Zu %s", "")), "not translated: Lock"),
    Fixture("a guess", tree_with(DONE.replace("#, c-format", "#, fuzzy, c-format")), "fuzzy: Lock"),
    Fixture("another form", tree_with(DONE.replace("Zu %s", "Zu %d")), "po/xx.po"),
    Fixture("a language that is not named", tree_with(DONE, linguas=""), "lacks xx"),
    Fixture("a language that is not there", tree_with(DONE, linguas="xx\nyy\n"), "no po/yy.po"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
