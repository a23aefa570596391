#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts single test cases in what a test tool wrote.

    count.py meson STATUS BASE     BASE.json and BASE.junit.xml of `meson test --logbase`;
                                   what the failed programs said goes to BASE.failed
    count.py pytest STATUS FILE    FILE of `pytest --junitxml`

STATUS is the tool's exit status. Prints "PASSED FAILED SKIPPED" on the first line, then one line
"FAIL name: why" or "SKIP name: why" for each case that did not pass. Nothing gets lost: a program
that fails without a failing case, a tool that fails without a failing program, and a run in which
no case passed or failed each count as one failure.
"""

import json
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_case(self, name, case):
        """One <testcase> of a JUnit file."""
        bad = [child for child in case if child.tag in ("failure", "error")]
        skip = case.find("skipped")
        if bad:
            self.failed.append((name, reason(bad[0]) or "failed"))
        elif skip is not None:
            said = skip.get("message") or skip.text or case.findtext("system-out")
            self.skipped.append((name, said or "no reason given"))
        else:
            self.passed += 1

    def close(self, status):
        if status in (124, 137):
            self.failed.append(("the suite", "took too long and was ended"))
        elif status and not self.failed:
            self.failed.append(("the suite", f"ended with exit status {status}"))
        elif not self.passed and not self.failed:
            self.failed.append(("the suite", "ran no test"))

    def print(self):
        print(self.passed, len(self.failed), len(self.skipped))
        for word, cases in (("FAIL", self.failed), ("SKIP", self.skipped)):
            for name, why in cases:
                print(f"{word} {name}: {' '.join(why.split())[:300]}")


def reason(element):
    return element.get("message") or (element.text or "").strip().partition("\n")[0]


def cases_of(path):
    try:
        return list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return []


def count_meson(count, base):
    """One program is one line of the JSON log. The programs that speak TAP have their cases in the
    JUnit file, with "project.program" as class; in that file alone timeouts and broken plans would
    look like success."""
    cases = {}
    for case in cases_of(base + ".junit.xml"):
        cases.setdefault(case.get("classname"), []).append(case)

    try:
        with open(base + ".json", encoding="utf-8") as log:
            programs = [json.loads(line) for line in log]
    except (OSError, ValueError):
        programs = []

    for program in programs:
        # name: "project:suite / program", from meson 1.9 on "suite - project:program"
        name, result = program["name"], program["result"]
        program_name = re.split(" / |:", name)[-1]
        subtests = [
            case
            for group, members in cases.items()
            if (group or "").partition(".")[2] == name
            for case in members
        ]
        failed_before = len(count.failed)
        for case in subtests:
            count.add_case(f"{program_name} {case.get('name')}", case)
        if result in ("OK", "EXPECTEDFAIL"):
            if not subtests:
                count.passed += 1
        elif result == "SKIP":
            if not subtests and program["returncode"] == 0 and "1..0" not in program["stdout"]:
                count.failed.append((program_name, "speaks TAP and ran no case"))
            elif not subtests:
                count.skipped.append((program_name, skip_reason(program)))
        elif len(count.failed) == failed_before:
            count.failed.append((program_name, f"{result}, exit status {program['returncode']}"))
        if len(count.failed) > failed_before:
            keep_output(base + ".failed", program_name, program)


def keep_output(path, name, program):
    """meson's own report leaves out what a TAP program said about a failure."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"---- {name}: {shlex.join(program['command'])}\n")
        for stream in ("stdout", "stderr"):
            file.write(program.get(stream, ""))


def skip_reason(program):
    lines = (program.get("stdout", "") + program.get("stderr", "")).strip().splitlines()
    return lines[-1] if lines else "no reason given"


def count_pytest(count, path, status):
    cases = cases_of(path)
    if status in (2, 124) and cases and not len(cases[-1]):
        cases.pop()  # interrupted: pytest writes the case that was running like one that passed
    for case in cases:
        count.add_case(f"{case.get('classname')}.{case.get('name')}", case)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("meson", "pytest"):
        print(__doc__, file=sys.stderr)
        return 2
    count, status, path = Count(), int(sys.argv[2]), sys.argv[3]
    if sys.argv[1] == "meson":
        count_meson(count, path)
    else:
        count_pytest(count, path, status)
    count.close(status)
    count.print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
