#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""shellcheck on shell, pyflakes on Python, xmllint on XML."""

import importlib.util
import subprocess
import sys

import lint
from lint import Fixture

XML = (".xml", ".policy", ".svg", ".ui", ".xml.in", ".policy.in")


def said_by(command, paths):
    """What the tool complained about, as one problem."""
    if not paths:
        return []
    done = subprocess.run(
        [*command, *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return [done.stdout or f"{command[0]}: exit status {done.returncode}"] if done.returncode else []


def check(tree):
    if importlib.util.find_spec("pyflakes") is None:
        raise lint.Skip("pyflakes is not installed for this Python")
    return (
        said_by([lint.tool("shellcheck"), "-x", "-P", "SCRIPTDIR", "-P", tree],
                lint.shell_files(tree))
        + said_by([sys.executable, "-m", "pyflakes"], lint.python_files(tree))
        + said_by([lint.tool("xmllint"), "--noout", "--nonet"], lint.files(tree, *XML))
    )


FIXTURES = [
    Fixture(
        "good files pass",
        {
            "a.sh": '#!/bin/sh\necho "$1"\n',
            "b": "#!/usr/bin/python3\nprint(1)\n",
            "c.xml": "<a/>\n",
        },
        None,
    ),
    Fixture("an unquoted variable", {"a.sh": "#!/bin/sh\nrm $1\n"}, "SC2086"),
    Fixture("a shell script by its first line", {"a": "#!/bin/bash\nrm $1\n"}, "SC2086"),
    Fixture("an unknown name in Python", {"a.py": "print(x)\n"}, "undefined name 'x'"),
    Fixture("broken Python", {"a.py": "if:\n"}, "a.py:1"),
    Fixture("broken XML", {"a.policy": "<a>\n"}, "a.policy:"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
