# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages on a machine that runs: installed, locked, switched off and on, upgraded, removed, purged."""

from boot import tree
from boot.machine import Machine
from packages import build, steps
from world.sandbox import REPOSITORY


def test_installed_it_is_ready_and_open(packaged, machine):
    assert "error" not in packaged.said.lower() and "nm-killswitch:" not in packaged.said, packaged.said
    steps.require_whole(machine, build.VERSION)
    assert machine.status()["state"] == "unlocked"
    assert machine.run("systemctl", "--failed", "--no-legend").stdout.strip() == ""
    steps.require_open(machine)


def test_locked_it_outlasts_a_reboot_and_an_upgrade_without_a_packet(outside, packaged, copy_of, report):
    disk = copy_of(packaged.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.ctl("lock")
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        steps.require_closed(machine)
        machine.connect("full")
        machine.wait_state("protected")
        guard = machine.guard_pid()
        with steps.untouched(machine), steps.conversation(machine) as talk:
            said = steps.apt(machine, "install", *steps.NEXT)
            machine.wait_state("protected")
        assert "nm-killswitch:" not in said, said
        assert talk.asked > 20 and talk.lost == 0, talk
        assert machine.guard_pid() not in (0, guard), "the new guard"
        steps.require_whole(machine, build.NEXT_VERSION)
        report.line(f"apt, upgrade while locked and connected: nothing leaked, {talk.asked} packets asked in the tunnel, 0 lost")
        # and back, and once more the same
        with steps.untouched(machine):
            steps.dpkg(machine, "--install", *steps.PACKAGES)
            steps.dpkg(machine, "--install", *steps.PACKAGES)
        steps.require_whole(machine, build.VERSION)


def test_removing_opens_and_says_so_and_forgets_when_purged(outside, packaged, raw_disk, copy_of):
    disk = copy_of(packaged.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("sh", "-c", "echo '# mine' >>/etc/nm-killswitch/nm-killswitch.conf")
        machine.ctl("lock")
        steps.require_closed(machine, machine.capture.fence())
        manager = machine.show(steps.MANAGER, "MainPID")
        said = steps.apt(machine, "remove", *build.NAMES)
        assert "Opening the lock" in said, said
        steps.require_open(machine)
        assert machine.show(steps.MANAGER, "MainPID") == manager, "NetworkManager goes on"
        assert machine.run("ls", "/var/lib/nm-killswitch").stdout.strip(), "the settings stay"
        names = tree.names(disk)
        left = tree.without_dpkgs(tree.differences(tree.files(raw_disk, names), tree.files(disk, names)))
        assert [line for line in left if not line.startswith(("etc/nm-killswitch", "etc/xdg", "var/lib/nm-killswitch"))] == []
        # nothing is missing that NetworkManager would ask for
        machine.run("systemctl", "restart", steps.MANAGER)
        machine.wait_uplink()

        steps.apt(machine, "install", *steps.PACKAGES)
        steps.require_whole(machine, build.VERSION)
        assert machine.status()["state"] == "unlocked", "the removal opened it"
        assert "# mine" in machine.run("cat", "/etc/nm-killswitch/nm-killswitch.conf").stdout
        machine.ctl("lock")
        said = steps.apt(machine, "purge", *build.NAMES)
        assert "Opening the lock" in said, said
        steps.require_open(machine)
        names |= tree.names(disk)
        assert tree.without_dpkgs(tree.differences(tree.files(raw_disk, names), tree.files(disk, names))) == []
        assert steps.state(machine)[0] == "not-installed"
        assert tree.differences(packaged.before, tree.system(machine)) == []


def test_what_the_administrator_has_disabled_stays_disabled(machine):
    machine.run("systemctl", "disable", "--now", *steps.UNITS[:2])
    steps.dpkg(machine, "--install", *steps.NEXT)
    for unit in steps.UNITS[:2]:
        assert machine.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "disabled"
        assert machine.show(unit, "ActiveState") == "inactive"


_INNER = """mkdir -p /run/inner/upper /run/inner/work /run/inner/root
mount -t overlay -o lowerdir=/,upperdir=/run/inner/upper,workdir=/run/inner/work overlay /run/inner/root
mount --bind /run /run/inner/root/run
mount -t proc proc /run/inner/root/proc
"""


def test_in_a_chroot_it_leaves_the_machine_alone(outside, packaged, copy_of):
    """Where an image is made, with the machine's own network: the lock is the machine's."""
    disk = copy_of(packaged.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.ctl("lock")
        machine.run("sh", "-ec", _INNER)
        guard = machine.guard_pid()
        with steps.untouched(machine):
            said = machine.run("chroot", "/run/inner/root", "dpkg", "--remove", *build.NAMES).stdout
            assert "Removing nm-killswitch " in said and "Opening" not in said, said
        assert machine.guard_pid() == guard and machine.status()["verified"]


_REBOOT = "#!/bin/sh\necho \"$1\" >/var/tmp/mark\n"


def test_the_packages_own_test_passes(outside, packaged, copy_of):
    """debian/tests/boot, with a stand-in for what autopkgtest does around it."""
    disk = copy_of(packaged.disk)
    disk.write("/opt/boot", (REPOSITORY / "data/packaging/debian/tests/boot").read_text(), 0o755)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("sh", "-c", f"printf '%s' '{_REBOOT}' >/tmp/autopkgtest-reboot; chmod 755 /tmp/autopkgtest-reboot")
        machine.run("/opt/boot")
        assert machine.run("cat", "/var/tmp/mark").stdout.strip() == "locked"
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        steps.require_closed(machine)
        said = machine.run("env", "AUTOPKGTEST_REBOOT_MARK=locked", "/opt/boot").stdout
        assert "locked over a reboot, unlocked" in said
