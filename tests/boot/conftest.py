# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox of tests/world, and the disks that the tests boot from.

    raw ── installed (by data/install.sh, switched off) ── locked (the same, locked)
Each test boots a layer of its own above one of these, and never changes them.
"""

import itertools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import world.conftest  # noqa: E402
from world import sandbox  # noqa: E402
from world.network import log_of  # noqa: E402

from . import image, shared, tree  # noqa: E402
from .machine import Disk, Machine  # noqa: E402
from .outside import Outside  # noqa: E402
from .report import Report  # noqa: E402

# Other people's programs with all that they need from the archive, and figures alone; two to four minutes each.
ONLY_IN_FULL = ("test_containers.py", "test_costs.py", "test_docker.py", "test_libvirt.py")

# What another machine beside them would disturb: they measure.
ALONE = ("test_costs.py", "test_life.py", "test_units.py")

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    shared.between_workers(config)
    world.conftest.pytest_configure(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    world.conftest.leave_out(config, items, ONLY_IN_FULL)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    with world.conftest.beside_others(item, ALONE):
        yield


@dataclass
class Installed:
    disk: Disk
    before: dict[str, str]  # the files that the installation could have changed, before it
    said: str  # by data/install.sh
    seconds: float


@pytest.fixture(scope="session")
def outside():
    sandbox.require_sandbox()
    started = Outside()
    try:
        started.start()
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def report():
    written = Report(sandbox.reports_dir() / f"boot{os.environ.get('PYTEST_XDIST_WORKER', '')}.md")
    yield written
    written.write()


@pytest.fixture(scope="session")
def raw_disk():
    disk = Disk("raw")
    image.prepare(disk)
    return disk


@pytest.fixture(scope="session")
def installed(outside, raw_disk, report):
    """Installed on the running machine, by the script that people use."""
    with shared.turn("installed") as made:
        if made.is_there:
            disk, facts = made.take(raw_disk)
            return Installed(disk, **facts)
        disk = Disk("installed", raw_disk)
        with Machine(disk, outside) as machine:
            machine.wait_uplink()
            before = tree.system(machine)
            run = image.install(machine)
            report.line(f"data/install.sh, building included: {run.seconds:.0f} s")
            machine.power_off()
        facts = {"before": before, "said": run.said, "seconds": run.seconds}
        made.give(disk, facts)
        return Installed(disk, **facts)


@pytest.fixture(scope="session")
def locked_disk(outside, installed):
    disk = Disk("locked", installed.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.ctl("lock")
        machine.power_off()
    return disk


@pytest.fixture
def copy_of():
    """A disk with what another one holds, to be written on."""
    made = []

    def copy(disk: Disk) -> Disk:
        made.append(Disk(f"copy-{next(_numbers)}", disk))
        return made[-1]

    yield copy
    for disk in made:
        disk.close()


@pytest.fixture
def machine(outside, installed, copy_of):
    """Installed, unlocked, booted, connected to the network."""
    with Machine(copy_of(installed.disk), outside) as booted:
        booted.wait_uplink()
        yield booted


@pytest.fixture
def locked(outside, locked_disk, copy_of):
    """The same, locked when it was switched off."""
    with Machine(copy_of(locked_disk), outside) as booted:
        booted.wait_uplink()
        yield booted


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure is read on the machine's console and in its journal, which go with it."""
    report = (yield).get_result()
    if not report.failed:
        return
    if log_of("console").exists():
        report.sections.append(("the end of the console", Machine.console()[-3000:]))
    for name in ("machine", "locked"):
        machine = getattr(item, "funcargs", {}).get(name)
        if report.when == "call" and machine is not None and machine.is_on:
            said = machine.journal("--lines=60").replace("\r", "")
            report.sections.append((f"the end of the journal of {name}", said))


def full_run() -> bool:
    return os.environ.get("KS_FULL") == "1"


def some(cases: Iterable, by_default: int) -> list:
    """The first ones; with KS_FULL=1 all. Each is a boot or more."""
    return list(cases) if full_run() else list(cases)[:by_default]
