#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/fresh/tried.py: what it says of runs that passed, failed, were cut short, or were not made."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fresh import roots, tried  # noqa: E402

RELEASE = roots.RELEASES[0]
OTHER = roots.RELEASES[1]
SEEN = {
    "tests/demo.sh": ["18 of 18 promises", "2026-01-03"],
    "data/install.sh": ["installed", "2026-01-02"],
    "locked, rebooted": ["nothing out", "2026-01-01"],
    "upgraded while locked": ["nothing out", "2026-01-02"],
    "removed": ["nothing left", "2026-01-02"],
    "apt install ./*.deb": ["installed", "2026-01-02"],
}


def page_of(seen, before="", release=RELEASE):
    return tried.page(before, {release.name: {"kernel": "6.1", "versions": {"gcc": "4:12.2.0-3", "nft": "1.0.6-2"}, "seen": seen}})


def row_of(page, release=RELEASE):
    """README's, by its columns."""
    lines = [line.strip("|").split("|") for line in tried.table(page).splitlines()]
    [row] = [line for line in lines if line[0].strip() == release.title]
    return dict(zip(map(str.strip, lines[0]), map(str.strip, row)))


def test_the_table_of_the_readme_is_that_of_the_page():
    page = tried.PAGE.read_text()
    assert len(tried.table(page).splitlines()) == 2 + len(roots.RELEASES), tried.table(page)
    assert tried.with_table(tried.README.read_text(), page) == tried.README.read_text(), "run tests/fresh/tried.py"


def test_the_first_of_several_days_and_what_is_missing():
    row = row_of(page_of(SEEN))
    assert row["with"] == "nft 1.0.6" and row["`demo.sh`"] == "2026-01-03" and row["`install.sh`"] == "2026-01-01", row
    assert row["packages"] == row["`run.sh`"] == "not tried", row


def test_what_fails_loses_its_older_line():
    after = page_of({"removed": [tried.NOT_PASSED, "2026-02-01"]}, page_of(SEEN))
    assert "| removed | not passed | 2026-02-01 |" in after and "nothing left" not in after, after
    assert row_of(after)["`install.sh`"] == "not passed", after


def test_what_is_not_tried_again_keeps_its_line():
    after = page_of({"tests/demo.sh": ["17 of 17 promises", "2026-02-01"]}, page_of(SEEN))
    assert "17 of 17" in after and "18 of 18" not in after and "| removed | nothing left | 2026-01-02 |" in after, after
    other = page_of(SEEN, after, OTHER)
    assert row_of(other)["`demo.sh`"] == "2026-02-01" and row_of(other, OTHER)["`demo.sh`"] == "2026-01-03", other


def test_a_run_that_is_cut_short_has_not_passed():
    with tempfile.TemporaryDirectory() as folder:
        tried.RECORDS = Path(folder)
        tried.Record(RELEASE, "removed").note("nothing left")
        tried.Record(RELEASE, "removed").trying()
        tried.Record(RELEASE, "removed").versions("gcc 1.2\nbash 5\n")
        page = tried.page("", tried.records())
        assert "| removed | not passed |" in page and "gcc 1.2." in page and "bash" not in page, page
        tried.Record(RELEASE, "removed").note("nothing left")
        assert tried.NOT_PASSED not in tried.page("", tried.records())


def main() -> int:
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}")
        except AssertionError as error:
            failed += 1
            print(f"not ok {number} - {test.__name__}")
            print("\n".join(f"# {line}" for line in str(error).splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
