#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts single test cases in what a test tool wrote.

    count.py meson STATUS BASE     BASE.json and BASE.junit.xml of `meson test --logbase`;
                                   what the failed programs said goes to BASE.failed
    count.py pytest STATUS FILE    FILE of `pytest --junitxml`; FILE.again, if it is there, of the
                                   cases that ran once more
    count.py late FILE             the cases that deserve to, as pytest names them

STATUS is the tool's exit status. Prints "PASSED FAILED SKIPPED" on the first line, then one line
"FAIL name: why", "SKIP name: why" or "LATE name: why" (passed when it ran once more) for each case
that did not simply pass. Nothing gets lost: a program that fails without a failing case, a tool
that fails without a failing program, and a run in which no case passed or failed each count as one
failure.
"""

import json
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree

# A wait that ended in vain says that the machine was slow, or that something never comes. Run once
# more, only the second fails again. A test that saw something wrong gets no second look, nor does one
# that only quotes such a wait, or waited for the product itself (ProductTooSlow).
_BEGIN = r'(failed on (setup|teardown) with ")?([\w.]+\.)?'
_LATE = re.compile(_BEGIN + "(WaitedTooLong: waited|TimeoutExpired: Command) ")
_LATE_MOST = 3  # more at once are no accident


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.late = []

    def add_case(self, name, case, passed_again=False):
        """One <testcase> of a JUnit file."""
        bad = faults(case)
        skip = case.find("skipped")
        if bad and passed_again:
            self.passed += 1
            self.late.append((name, reason(bad[0])))
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
        elif status and not self.failed and not (status == 1 and self.late):
            self.failed.append(("the suite", f"ended with exit status {status}"))
        elif not self.passed and not self.failed:
            self.failed.append(("the suite", "ran no test"))

    def print(self):
        print(self.passed, len(self.failed), len(self.skipped))
        for word, cases in (("FAIL", self.failed), ("SKIP", self.skipped), ("LATE", self.late)):
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
    again = {case_name(case) for case in cases_of(path + ".again") if passed(case)}
    for case in cases:
        count.add_case(case_name(case), case, is_late(case) and case_name(case) in again)


def case_name(case):
    return f"{case.get('classname')}.{case.get('name')}"


def passed(case):
    return not faults(case) and case.find("skipped") is None


def is_late(case):
    bad = faults(case)
    return bool(bad) and all(_LATE.match(reason(fault)) for fault in bad)


def print_late(path):
    late = [case for case in cases_of(path) if is_late(case)]
    for case in late if len(late) <= _LATE_MOST else []:
        print(f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}")


def main():
    if sys.argv[1:2] == ["late"] and len(sys.argv) == 3:
        print_late(sys.argv[2])
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
