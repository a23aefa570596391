#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts single test cases in what a test tool wrote.

    count.py meson STATUS BASE     BASE.json and BASE.junit.xml of `meson test --logbase`;
                                   what the failed programs said goes to BASE.failed
    count.py pytest STATUS FILE    FILE of `pytest --junitxml`; FILE.1 and FILE.2, if they are there, of
                                   the cases that ran twice more
    count.py again FILE            the cases that may, as pytest names them

STATUS is the tool's exit status. Prints "PASSED FAILED SKIPPED" on the first line, then one line
"FAIL name: why", "SKIP name: why" or "AGAIN name: why" (passed when it ran twice more) for each case
that did not simply pass. Nothing gets lost: a program that fails without a failing case, a tool
that fails without a failing program, and a run in which no case passed or failed each count as one
failure.
"""

import json
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree

# With thousands of tests on a machine that is slow for a moment, one reads a value too early in most runs. Such
# a test runs twice more, by itself, and has to pass both times. A leak may come once in a thousand times: a test
# that looked at what left the machine gets no second try (world/second_try.py says which), unless all that it says
# is that something else never came. Nor does one that waited for the product in vain.
_BEGIN = r'(failed on (setup|teardown) with ")?([\w.]+\.)?'
_WAITED = re.compile(_BEGIN + "(WaitedTooLong: waited|TimeoutExpired: Command) ")
_FOR_PRODUCT = re.compile(_BEGIN + "ProductTooSlow: ")
_FINAL = "properties/property[@name='final']"
_MOST = 3  # more at once are no accident
_TIMES = 2


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.again = []

    def add_case(self, name, case, passed_again=False):
        """One <testcase> of a JUnit file."""
        bad = faults(case)
        skip = case.find("skipped")
        if bad and passed_again:
            self.passed += 1
            self.again.append((name, reason(bad[0])))
        elif bad:
            self.failed.append((name, reason(bad[0]) or "failed"))
        elif skip is not None:
            said = skip.get("message") or skip.text or case.findtext("system-out")
            self.skipped.append((name, said or "no reason given"))
        else:
            self.passed += 1

    def close(self, status):
        if status in (124, 137):
            self.failed.append(("the suite", "took too long and was ended"))
        elif status and not self.failed and not (status == 1 and self.again):
            self.failed.append(("the suite", f"ended with exit status {status}"))
        elif not self.passed and not self.failed:
            self.failed.append(("the suite", "ran no test"))

    def print(self):
        print(self.passed, len(self.failed), len(self.skipped))
        for word, cases in (("FAIL", self.failed), ("SKIP", self.skipped), ("AGAIN", self.again)):
            for name, why in cases:
                print(f"{word} {name}: {' '.join(why.split())[:300]}")


def faults(case):
    return [child for child in case if child.tag in ("failure", "error")]


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
    again = [{case_name(case) for case in cases_of(f"{path}.{time + 1}") if passed(case)} for time in range(_TIMES)]
    for case in cases:
        count.add_case(case_name(case), case, may_run_again(case) and all(case_name(case) in names for names in again))


def case_name(case):
    return f"{case.get('classname')}.{case.get('name')}"


def passed(case):
    return not faults(case) and case.find("skipped") is None


def may_run_again(case):
    reasons = [reason(fault) for fault in faults(case)]
    if case.find(_FINAL) is not None:
        return bool(reasons) and all(_WAITED.match(each) for each in reasons)
    return bool(reasons) and not any(_FOR_PRODUCT.match(each) for each in reasons)


def print_again(path):
    again = [case for case in cases_of(path) if may_run_again(case)]
    for case in again if len(again) <= _MOST else []:
        print(f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}")


def main():
    if sys.argv[1:2] == ["again"] and len(sys.argv) == 3:
        print_again(sys.argv[2])
        return 0
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
