# SPDX-License-Identifier: GPL-2.0-or-later
"""What one of pytest's workers makes, the other takes: to install the product takes two minutes of both processors."""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from world import sandbox

from .machine import Disk

_FOLDER = "KS_BOOT_SHARED"  # seen from all sandboxes; unset without workers


def between_workers(config: pytest.Config) -> None:
    """For the process that starts them."""
    if sandbox.is_inside() or not config.getoption("tx", None):
        return
    folder = tempfile.mkdtemp(prefix="shared-", dir=sandbox.build_dir())
    os.environ[_FOLDER] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


class Made:
    """A disk's own layer, and what was found when it was made."""

    def __init__(self, name: str, folder: Path | None):
        self._name = name
        self._layer = folder / f"{name}.tar" if folder else None
        self._facts = folder / f"{name}.json" if folder else None

    @property
    def is_there(self) -> bool:
        return bool(self._facts and self._facts.exists())

    def take(self, below: Disk) -> tuple[Disk, dict[str, Any]]:
        return Disk(self._name, below, saved=self._layer), json.loads(self._facts.read_text())

    def give(self, disk: Disk, facts: dict[str, Any]) -> None:
        if self._facts:
            disk.save(self._layer)
            self._facts.write_text(json.dumps(facts))


@contextlib.contextmanager
def turn(name: str) -> Iterator[Made]:
    """One worker after the other."""
    folder = Path(os.environ[_FOLDER]) if _FOLDER in os.environ else None
    if not folder:
        yield Made(name, None)
        return
    with open(folder / f"{name}.turn", "wb") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield Made(name, folder)
