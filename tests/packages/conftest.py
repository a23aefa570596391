# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox of tests/world, with the machines of tests/boot. The packages are there already.

    raw ── packaged (installed by apt, switched off) ── kept (the same, locked)
    raw ── trapped (the version with traps, locked, switched off)
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import boot.conftest  # noqa: E402
import world.conftest  # noqa: E402
from boot import tree  # noqa: E402
from boot.machine import Disk, Machine  # noqa: E402
from boot.report import Report  # noqa: E402
from packages import build, steps  # noqa: E402
from world import sandbox  # noqa: E402

outside = boot.conftest.outside
raw_disk = boot.conftest.raw_disk
copy_of = boot.conftest.copy_of
pytest_runtest_makereport = boot.conftest.pytest_runtest_makereport



# it compiles once more
ONLY_IN_FULL = ("test_rpm.py",)


def pytest_configure(config: pytest.Config) -> None:
    if not sandbox.is_inside() and os.geteuid() == 0:
        build.make()
    world.conftest.pytest_configure(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    world.conftest.leave_out(config, items, ONLY_IN_FULL)


@pytest.fixture(scope="session")
def report():
    written = Report(sandbox.reports_dir() / "packages.md", "Packages")
    yield written
    written.write()


class Packaged:
    def __init__(self, disk: Disk, before: dict[str, str], said: str):
        self.disk = disk
        self.before = before  # what is no file, before the installation
        self.said = said  # by apt


@pytest.fixture(scope="session")
def packaged(outside, raw_disk):
    """Installed by apt on a machine that runs."""
    disk = Disk("packaged", raw_disk)
    steps.put(disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        before = tree.system(machine)
        said = steps.apt(machine, "install", *steps.PACKAGES)
        machine.power_off()
    return Packaged(disk, before, said)


@pytest.fixture(scope="session")
def trapped_disk(outside, raw_disk):
    disk = Disk("trapped", raw_disk)
    steps.put(disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        steps.dpkg(machine, "--install", steps.TRAPPED_THIS)
        machine.ctl("lock")
        machine.power_off()
    return disk


@pytest.fixture
def machine(outside, packaged, copy_of):
    """Installed by apt, unlocked, booted, connected to the network."""
    with Machine(copy_of(packaged.disk), outside) as booted:
        booted.wait_uplink()
        yield booted
