# SPDX-License-Identifier: GPL-2.0-or-later
"""Asleep by the kernel itself (suspend to memory, as qemu's machine has it), behind systemd's back: its unit
that ends a pause before sleep does not run. The kernel's count of the pause stands still."""

import time

from . import setting

_NAP = 30  # seconds
_LEFT = """
nft -j list set inet nm_killswitch pause | python3 -c 'import json, sys
for one in json.load(sys.stdin)["nftables"]:
    for element in one.get("set", {}).get("elem", []):
        print(element["elem"]["expires"])' | sort -n | tail -1
"""


def _sleep(machine, seconds: int) -> float:
    """By the machine's real-time clock, which wakes it up. How long it slept, by the clock that goes on."""
    program = "import time; print(time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())"
    before = float(machine.run("python3", "-c", program).stdout)
    machine.sh(
        "echo 0 >/sys/class/rtc/rtc0/wakealarm;"
        f"echo $(($(cat /sys/class/rtc/rtc0/since_epoch) + {seconds})) >/sys/class/rtc/rtc0/wakealarm;"
        "echo mem >/sys/power/state",
        timeout=seconds + 120,
    )
    return float(machine.run("python3", "-c", program).stdout) - before


def test_a_pause_ends_with_the_nap(unlocked, report):
    unlocked.ctl("lock")
    unlocked.ctl("pause", "1h")
    setting.must_leak(unlocked)
    # the control: without the guard, nothing of the pause has passed in sleep
    unlocked.run("systemctl", "kill", "--signal=STOP", "nm-killswitch.service")
    left = int(unlocked.sh(_LEFT))
    slept = _sleep(unlocked, _NAP)
    still_left = int(unlocked.sh(_LEFT))
    assert slept > _NAP / 2, "the kernel has slept"
    assert left - still_left < slept + 1, "else the kernel counts by itself now, and we need not"
    setting.must_leak(unlocked)
    unlocked.run("systemctl", "kill", "--signal=CONT", "nm-killswitch.service")
    began = time.monotonic()
    status = unlocked.wait_state("blocked")
    report.line(f"asleep for {slept:.0f} s in a pause: {left - still_left} s of it counted by the kernel, "
                f"closed and told {time.monotonic() - began:.1f} s after the guard went on")
    assert status["verified"] and status["paused_until"] is None
    setting.must_hold(unlocked)
    unlocked.ctl("pause", "1h")
    assert _sleep(unlocked, _NAP) > _NAP / 2
    assert unlocked.wait_state("blocked")["verified"]
    setting.must_hold(unlocked)
