# SPDX-License-Identifier: GPL-2.0-or-later
"""The early unit: the lock is there before NetworkManager, or NetworkManager is not."""

import time

import pytest

from world import addresses as a
from world.waiting import wait_until

from . import image
from .machine import Machine

EARLY = "nm-killswitch-early.service"
GUARD = "nm-killswitch.service"
MANAGER = "NetworkManager.service"

# neither early unit nor guard reaches nf_tables: as on a kernel without it
_NO_NETLINK = "[Service]\nRestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX\n"
_DROP_INS = [f"/etc/systemd/system/{unit}.d/no-netlink.conf" for unit in (EARLY, GUARD)]


def _break(disk) -> None:
    for name in _DROP_INS:
        disk.write(name, _NO_NETLINK)


def _plain(machine: Machine, since: int = 0) -> list[str]:
    if machine.moment(MANAGER, "ExecMainStart"):
        machine.capture.fence()
    else:
        time.sleep(0.5)  # without an address there is nobody to fence: for a frame that is on its way
    return [frame.purpose for frame in machine.capture.plain(since)]


def _console_since(start: int) -> str:
    return Machine.console()[start:].replace("\r", "")


@pytest.mark.parametrize("mended", [False, True])
def test_no_lock_no_network(outside, locked_disk, copy_of, mended):
    """It says why on the console, nothing leaves, and both ways out work."""
    disk = copy_of(locked_disk)
    _break(disk)
    start = len(Machine.console())
    with Machine(disk, outside) as machine:
        assert machine.show(EARLY, "Result") == "exit-code"
        assert machine.show(MANAGER, "ActiveState") == "inactive"
        assert machine.moment(MANAGER, "ExecMainStart") == 0, "it must not even have begun"
        said = _console_since(start)
        for words in ("nf_tables", "NetworkManager is not started", "nm-killswitch unlock", "nmkillswitch=off"):
            assert words in said, said[-3000:]
        tried = machine.canaries_tried()
        wait_until(lambda: machine.canaries_tried() > tried + 20, "the canary to try")
        assert _plain(machine) == []

        if mended:  # the module is there now, say
            machine.run("rm", *_DROP_INS)
            machine.run("systemctl", "daemon-reload")
            machine.run("systemctl", "restart", GUARD)
            machine.run("systemctl", "start", MANAGER)
            machine.wait_uplink()
            assert machine.wait_state("blocked")["verified"]
            assert _plain(machine) == []
        else:
            machine.ctl("unlock")
            machine.run("systemctl", "start", MANAGER)
            machine.wait_uplink()
            machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary of an open machine", 0)


_STATIC = f"ip link set {a.UPLINK} up; ip addr add 192.0.2.77/24 dev {a.UPLINK}; ip route add default via {a.ROUTER[4]}"
_STAND_IN = f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -ec '{_STATIC}'\n"
_UNITS = "/etc/systemd/system"

# Who has the card instead of NetworkManager: its unit, and the files that it needs. Only systemd's is
# the real one; the others' units order themselves as theirs do.
_OTHERS = {
    "networkd": ("systemd-networkd.service", {
        "/etc/systemd/network/uplink.network": f"[Match]\nName={a.UPLINK}\n[Network]\nAddress=192.0.2.77/24\nGateway={a.ROUTER[4]}\n",
    }),
    "ifupdown": ("networking.service", {
        f"{_UNITS}/networking.service": f"[Unit]\nDefaultDependencies=no\nAfter=local-fs.target network-pre.target\n{_STAND_IN}",
    }),
    "hotplug": (f"ifup@{a.UPLINK}.service", {
        f"{_UNITS}/ifup@.service": f"[Unit]\nAfter=local-fs.target network-pre.target\n{_STAND_IN}",
    }),
    "dhcpcd": ("dhcpcd.service", {
        f"{_UNITS}/dhcpcd.service": f"[Unit]\nWants=network.target\nBefore=network.target\n{_STAND_IN}",
    }),
}


def _give_card_to(disk, unit: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        disk.write(name, text)
    disk.write("/etc/NetworkManager/conf.d/unmanaged.conf", f"[keyfile]\nunmanaged-devices=interface-name:{a.UPLINK}\n")
    disk.write(f"{_UNITS}/start.service", f"[Unit]\nWants={unit}\n[Service]\nType=oneshot\nExecStart=/bin/true\n")
    disk.path(f"{_UNITS}/multi-user.target.wants").mkdir(exist_ok=True)
    disk.path(f"{_UNITS}/multi-user.target.wants/start.service").symlink_to(f"{_UNITS}/start.service")


@pytest.mark.parametrize("name", _OTHERS)
def test_no_lock_no_network_by_others(outside, locked_disk, copy_of, name):
    """They are held back as NetworkManager is; the control: with the lock in place they are not."""
    unit, files = _OTHERS[name]
    disk = copy_of(locked_disk)
    _give_card_to(disk, unit, files)
    with Machine(copy_of(disk), outside) as machine:
        wait_until(lambda: "192.0.2.77" in machine.client.addresses(a.UPLINK), "the card to have its address", 30)
        assert machine.show(unit, "ActiveState") == "active" and machine.has_table()
        assert _plain(machine) == []
    _break(disk)
    with Machine(disk, outside) as machine:
        assert machine.show(EARLY, "Result") == "exit-code"
        tried = machine.canaries_tried()
        wait_until(lambda: machine.canaries_tried() > tried + 20, "the canary to try")
        assert machine.show(unit, "ActiveState") in ("inactive", "failed")
        assert machine.client.addresses(a.UPLINK) == []
        time.sleep(0.5)
        assert machine.capture.plain(0) == []


def test_an_unlocked_boot_needs_no_kernel(outside, installed, copy_of):
    """What cannot be locked, but is not, holds nothing up."""
    disk = copy_of(installed.disk)
    _break(disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show(EARLY, "ActiveState") == "active"


def test_the_servers_of_the_boot_before_are_open_first(outside, locked_disk, copy_of):
    """Without the guard, too: nobody but the early unit put them there."""
    disk = copy_of(locked_disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        saved = machine.run("cat", "/var/lib/nm-killswitch/servers").stdout
        assert "servers4 " in saved
        machine.run("systemctl", "mask", GUARD, "nm-killswitch.socket")
        machine.power_off()
    with Machine(disk, outside) as machine:
        before_manager = machine.run("cat", image.PRESENCE).stdout
        assert "table inet nm_killswitch {" in before_manager
        assert a.SERVER[4] in before_manager, before_manager
    disk.path("/var/lib/nm-killswitch/servers").write_text(saved.replace("servers4", "servers6", 1))
    with Machine(disk, outside) as machine:
        before_manager = machine.run("cat", image.PRESENCE).stdout
        assert "table inet nm_killswitch {" in before_manager
        assert a.SERVER[4] not in before_manager, "a file that somebody changed is no file"


def test_a_firewall_that_flushes_at_boot_goes_first(outside, locked_disk, copy_of):
    """Debian's /etc/nftables.conf begins with "flush ruleset"; the lock is an orphan at that time."""
    disk = copy_of(locked_disk)
    disk.write("/etc/nftables.conf", "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {}\n", 0o755)
    image.enable_nftables(disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show("nftables.service", "Result") == "success"
        assert 0 < machine.moment("nftables.service", "ActiveEnter") < machine.moment(EARLY, "InactiveExit")
        before_manager = machine.run("cat", image.PRESENCE).stdout
        assert "table inet nm_killswitch {" in before_manager
        assert machine.wait_state("blocked")["verified"]
        assert _plain(machine) == []


def test_a_firewall_that_was_saved_with_the_lock_comes_back(outside, locked_disk, copy_of):
    """`nft list ruleset > /etc/nftables.conf`, as distributions tell people, while it is locked."""
    disk = copy_of(locked_disk)
    own = "table inet filter { chain input { type filter hook input priority 0; tcp dport 8080 drop; }; }"
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("nft", own)
        saved = machine.run("nft", "list", "ruleset").stdout
        assert "table inet nm_killswitch" in saved and "tcp dport 8080 drop" in saved
    disk.write("/etc/nftables.conf", f"#!/usr/sbin/nft -f\nflush ruleset\n{saved}", 0o755)
    image.enable_nftables(disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show("nftables.service", "Result") == "success"
        assert "tcp dport 8080 drop" in machine.run("nft", "list", "ruleset").stdout
        status = machine.wait_state("blocked")
        assert status["verified"]
        line = saved.splitlines().index(next(s for s in saved.splitlines() if "nm_killswitch" in s)) + 3
        assert any(f"/etc/nftables.conf holds a copy of the lock, from line {line}." in w for w in status["warnings"])
        assert _plain(machine) == []


_LATE = "late-firewall.service"
_LATE_UNIT = f"""[Unit]
DefaultDependencies=no
After=local-fs.target {EARLY} AFTER
Before=BEFORE
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
[Install]
WantedBy=sysinit.target
"""
_OWN_RULE = "tcp dport 8080 drop"
_OWN_TABLE = f"table inet filter {{ chain input {{ type filter hook input priority 0; {_OWN_RULE}; }}; }}"


def _enable(disk, unit: str, text: str) -> None:
    disk.write(f"{_UNITS}/{unit}", text)
    disk.path(f"{_UNITS}/sysinit.target.wants").mkdir(exist_ok=True)
    disk.path(f"{_UNITS}/sysinit.target.wants/{unit}").symlink_to(f"{_UNITS}/{unit}")


@pytest.mark.parametrize("before_the_guard", [True, False])
def test_a_copy_of_the_lock_that_is_loaded_behind_it_is_told(outside, locked_disk, copy_of, before_the_guard):
    """A unit of somebody's own, in the other order. Before the guard nobody owns the table, and the file loads;
    behind it the kernel refuses the file, as with `systemctl restart nftables`. Status and journal say what to do."""
    disk = copy_of(locked_disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        saved = machine.run("nft", "list", "ruleset").stdout
        assert "table inet nm_killswitch" in saved
    disk.write("/etc/nftables.conf", f"#!/usr/sbin/nft -f\nflush ruleset\n{_OWN_TABLE}\n{saved}", 0o755)
    order = ("", f"{GUARD} {MANAGER}") if before_the_guard else (GUARD, MANAGER)
    _enable(disk, _LATE, _LATE_UNIT.replace("AFTER", order[0]).replace("BEFORE", order[1]))
    disk.path(f"{_UNITS}/nftables.service").unlink(missing_ok=True)
    says = "/etc/nftables.conf holds a copy of the lock, from line 4."
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.moment(EARLY, "ActiveEnter") <= machine.moment(_LATE, "InactiveExit")
        assert machine.show(_LATE, "Result") == ("success" if before_the_guard else "exit-code")
        assert (_OWN_RULE in machine.run("nft", "list", "ruleset").stdout) == before_the_guard
        status = machine.wait_state("blocked")
        assert status["verified"] and any(says in warning for warning in status["warnings"]), status["warnings"]
        assert machine.journal("--unit", GUARD).count(says) == 1
        assert machine.run("systemctl", "restart", "nftables", check=False).returncode != 0
        assert machine.wait_state("blocked")["verified"]
        # what status says, done
        machine.run("sed", "-i", "4,$d", "/etc/nftables.conf")
        for unit in (_LATE, "nftables"):
            machine.run("systemctl", "restart", unit)
            assert _OWN_RULE in machine.run("nft", "list", "ruleset").stdout
        status = machine.wait_state("blocked")
        assert status["verified"] and not any(says in warning for warning in status["warnings"])
        assert _plain(machine) == []


_SAVE = "/var/lib/nftables/rules-save"
_LOAD_UNIT = f"""[Unit]
DefaultDependencies=no
After=local-fs.target
Wants=network-pre.target
Before=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'sleep 0.5; /usr/sbin/nft -f {_SAVE}'
"""
# it saves while the guard lives: nft 1.0.6 cannot load what it lists of one that has ended (ADR 27)
_STORE_UNIT = f"""[Unit]
DefaultDependencies=no
After={GUARD}
Conflicts=shutdown.target
Before=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c '/usr/sbin/nft list ruleset >{_SAVE}'
"""


def test_what_is_saved_at_power_off_comes_back(outside, locked_disk, copy_of):
    """As Gentoo and Flatcar do: a unit writes all rules when the machine is switched off, one loads them at boot.
    An exception for a while is over then, whatever was saved of it."""
    disk = copy_of(locked_disk)
    disk.write(_SAVE, "")
    _enable(disk, "nftables-load.service", _LOAD_UNIT)
    _enable(disk, "nftables-store.service", _STORE_UNIT)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("nft", _OWN_TABLE)
        machine.ctl("allow", "add", "lasting", "--to", "192.0.2.77", "--protocol", "tcp", "--port", "443")
        machine.ctl("allow", "add", "a while", "--to", "192.0.2.78", "--protocol", "tcp", "--port", "443", "--for", "1h")
        machine.power_off()
    saved = disk.path(_SAVE).read_text()
    assert "table inet nm_killswitch" in saved and "192.0.2.78 . tcp . 443" in saved
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show("nftables-load.service", "Result") == "success"
        assert machine.moment("nftables-load.service", "ActiveEnter") <= machine.moment(EARLY, "InactiveExit")
        assert _OWN_RULE in machine.run("nft", "list", "ruleset").stdout
        status = machine.wait_state("blocked")
        assert status["verified"] and any(f"{_SAVE} holds a copy" in warning for warning in status["warnings"])
        assert [exception["name"] for exception in status["exceptions"]] == ["lasting"]
        held = machine.ctl("rules").stdout
        assert "192.0.2.77" in held and "192.0.2.78" not in held
        assert _plain(machine) == []


def test_the_guard_takes_over_what_is_there(locked):
    """The early unit ends before the guard begins, and the table needs no repair."""
    ended, began = locked.moment(EARLY, "ExecMainExit"), locked.moment(GUARD, "InactiveExit")
    assert 0 < ended <= began
    said = locked.journal("--unit", GUARD)
    assert "putting it right" not in said
