# SPDX-License-Identifier: GPL-2.0-or-later
"""data/install.sh on a machine that runs: once, again, and away with it."""

import pytest

from world.waiting import wait_until

from . import image, people, tree
from .machine import Machine

SLEEP = "nm-killswitch-sleep.service"  # before each sleep, and only then
UNITS = ("nm-killswitch.service", "nm-killswitch.socket", "nm-killswitch-early.service", SLEEP)
LINKS = "/usr/lib/NetworkManager/dispatcher.d"


def test_it_says_what_it_did(installed):
    assert "\nInstalled. To remove it:" in installed.said
    assert "\nUnlocked: traffic leaves this machine freely.\n" in installed.said
    assert "error" not in installed.said.lower() and "warning" not in installed.said.lower()


def test_a_dry_run_says_what_there_is_and_changes_nothing(machine):
    names, system = tree.names(machine.disk), tree.system(machine)
    files = tree.files(machine.disk, names)
    manifest = machine.run("cat", "/usr/share/nm-killswitch/installed").stdout.split()
    installing = image.install(machine, "--dry-run").said.split()
    assert [path for path in manifest if path not in installing and not machine.disk.path(path).is_dir()] == []
    assert set(manifest) <= set(image.install(machine, "--remove", "--dry-run").said.split())
    names |= tree.names(machine.disk)
    assert tree.differences(files, tree.files(machine.disk, names)) == []
    assert tree.differences(system, tree.system(machine)) == []


def test_its_units_start_with_the_machine(machine):
    for unit in UNITS:
        assert machine.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled"
        expected = "inactive" if unit == SLEEP else "active"
        assert machine.run("systemctl", "is-active", unit, check=False).stdout.strip() == expected
    assert machine.run("systemctl", "--failed", "--no-legend").stdout.strip() == ""
    assert machine.status()["state"] == "unlocked" and not machine.has_table()


@pytest.mark.parametrize("linked", [True, False])
def test_the_dispatcher_runs_the_hook_and_the_hook_starts_the_guard(machine, linked):
    """Only the hook calls the socket here; without its links the guard stays away."""
    machine.run("systemctl", "stop", "nm-killswitch.service")
    assert machine.guard_pid() == 0
    assert machine.show("nm-killswitch.socket", "ActiveState") == "active"
    if not linked:
        machine.run("sh", "-c", f"rm {LINKS}/90-nm-killswitch {LINKS}/*/90-nm-killswitch")
    machine.connect("full")
    if linked:
        wait_until(machine.guard_pid, "the guard to be started by the hook")
        assert machine.wait_state("protected")["locked"], "the VPN that came up locks"
    else:
        wait_until(lambda: "req:" in machine.journal("-u", "NetworkManager-dispatcher")
                   or machine.show("NetworkManager-dispatcher.service", "ActiveState") == "active", "the dispatcher")
        assert machine.guard_pid() == 0 and not machine.has_table()


def test_the_bus_starts_the_guard_for_a_person_with_a_session(machine):
    machine.run("systemctl", "stop", *UNITS[:2])
    assert machine.guard_pid() == 0
    done = people.call(machine, "Lock", session=True)
    assert done.returncode == 0, done.stdout
    assert machine.guard_pid() and machine.has_table()
    assert machine.status()["state"] == "blocked"
    refused = people.call(machine, "Unlock", session=True)
    assert refused.returncode != 0 and "authori" in refused.stdout.lower(), refused.stdout
    assert machine.has_table()


def test_a_person_without_a_session_is_asked_for_a_password(machine):
    refused = people.call(machine, "Lock", session=False)
    assert refused.returncode != 0 and "authori" in refused.stdout.lower(), refused.stdout
    assert not machine.has_table()


def test_again_while_locked_is_harmless(locked, report):
    """An upgrade to the same version: no frame gets out meanwhile, and nothing is different after."""
    own = "# mine\n[guard]\n"
    locked.run("sh", "-c", f"printf '%s' '{own}' >/etc/nm-killswitch/nm-killswitch.conf")
    names = tree.names(locked.disk)
    before, system = tree.files(locked.disk, names), tree.system(locked)
    tried = locked.canaries_tried()
    run = image.install(locked)
    report.line(f"data/install.sh again, nothing to compile: {run.seconds:.1f} s")
    assert "\nInstalled." in run.said and "\nBlocked:" in run.said
    locked.capture.fence()
    assert locked.canaries_tried() > tried + 50, "the canary must have tried"
    assert locked.capture.plain(0) == []
    assert locked.status()["verified"]
    names |= tree.names(locked.disk)
    assert tree.differences(before, tree.files(locked.disk, names)) == []
    assert tree.differences(system, tree.system(locked)) == []


def _remove(machine: Machine, *arguments: str) -> str:
    said = image.install(machine, "--remove", *arguments).said
    assert "\nRemoved.\n" in said
    return said


# made again from what is there, with times of their own in them
_CACHES = ("usr/share/icons/hicolor/icon-theme.cache", "usr/share/glib-2.0/schemas/gschemas.compiled")


def test_removing_restores_the_machine(locked, raw_disk, installed):
    """Locked and connected, even: all is as before the installation, only the settings stay."""
    locked.connect("full")
    locked.wait_state("protected")
    names = tree.names(locked.disk)
    assert len(tree.differences(tree.files(raw_disk, names), tree.files(locked.disk, names))) > 20, "it was installed"
    start = locked.capture.fence()
    said = _remove(locked)
    assert "Opening the lock" in said and "The saved settings stay" in said
    names |= tree.names(locked.disk)
    left = tree.differences(tree.files(raw_disk, names), tree.files(locked.disk, names))
    kept = ("var/lib/nm-killswitch", "etc/nm-killswitch", *_CACHES)
    assert [line for line in left if not line.startswith(kept)] == []
    after = tree.system(locked)
    tunnels = ("tun0", "kernel switches")  # the VPN is still up, with switches of its own interface
    assert [line for line in tree.differences(installed.before, after) if not line.startswith(tunnels)] == []
    locked.run("nmcli", "connection", "down", "full")
    locked.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary after removal", start)


def test_purging_leaves_nothing(machine, raw_disk, installed):
    _remove(machine, "--purge")
    names = tree.names(machine.disk)
    left = tree.differences(tree.files(raw_disk, names), tree.files(machine.disk, names))
    assert [line for line in left if not line.startswith(_CACHES)] == []
    assert tree.differences(installed.before, tree.system(machine)) == []
    again = image.install(machine, "--remove").said
    assert "nothing to remove" in again
