#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/boot/another.py: the lines that it makes another version of stand in the sources, each once. A boot would
say so half an hour later."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests"))

from boot import another  # noqa: E402

print(f"1..{len(another.EDITS)}")
failed = False
for number, edit in enumerate(another.EDITS, 1):
    stands = (SOURCE / edit.file).read_text(encoding="utf-8").count(edit.anchor) == 1
    failed |= not stands
    print("ok" if stands else "not ok", number, "-", edit.file, edit.anchor.strip().replace("#", ""))
sys.exit(failed)
