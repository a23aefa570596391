# SPDX-License-Identifier: GPL-2.0-or-later
"""nm-killswitch from a build folder, put in place as a package would."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from .network import Namespace, log_of
from .sandbox import REPOSITORY, build_dir
from .waiting import PATIENCE_WITH_PRODUCT, ProductTooSlow, product_ends, wait_product, wait_until

_HOOK_NAME = "90-nm-killswitch"
_DISPATCHER = Path("/etc/NetworkManager/dispatcher.d")
_STATE = Path("/var/lib/nm-killswitch")
_SOCKET = Path("/run/nm-killswitch/guard.sock")
_BUS_POLICY = Path("/etc/dbus-1/system.d/io.github.nmkillswitch.conf")
UNIT_ENVIRONMENT = {"G_SLICE": "always-malloc"}  # of the guard's unit, as far as it takes memory
_ACTIONS = Path("/usr/share/polkit-1/actions/io.github.nmkillswitch.policy")


def private_bytes(pid: int) -> int:
    """What nobody else has mapped as well: also the unchanged pages of files, which the kernel can drop."""
    fields = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    return sum(int(field[1]) for field in fields if field[0].startswith("Private_")) * 1024


class Product:
    def __init__(self, client: Namespace):
        self._client = client
        self._guard: subprocess.Popen | None = None
        self._leak_test: subprocess.Popen | None = None
        build = build_dir() / "dispatcher"
        self.hook = build / "hook/nm-killswitch-dispatcher"
        self.guard = build / "service/nm-killswitchd"
        self.early = build / "early/nm-killswitch-early"
        self.command = build / "ctl/nm-killswitch"
        self.leak_test = build / "leaktest/nm-killswitch-leak-test"
        self.refused = build / "refused/nm-killswitch-refused"
        self.online = build / "online/nm-killswitch-online"
        self.actions = build_dir() / "polkit" / _ACTIONS.name

    @property
    def folder_of_command(self) -> Path:
        return self.command.parent

    def is_built(self) -> bool:
        return all(program.exists() for program in (self.hook, self.guard, self.command, self.leak_test, self.refused))

    def install(self) -> None:
        """The hook where NetworkManager's dispatcher looks for it, and an empty state."""
        if not self.is_built():
            raise RuntimeError(f"nm-killswitch is not built in {build_dir()} (meson setup build && ninja -C build)")
        self.remove()
        _STATE.mkdir(mode=0o700)
        hook = _DISPATCHER / _HOOK_NAME
        shutil.copy(self.hook, hook)
        os.chown(hook, 0, 0)
        hook.chmod(0o755)
        for folder in ("pre-up.d", "pre-down.d"):
            (_DISPATCHER / folder / _HOOK_NAME).symlink_to(f"../{_HOOK_NAME}")
        shutil.copy(REPOSITORY / "data/dbus" / _BUS_POLICY.name, _BUS_POLICY)
        shutil.copy(self.actions, _ACTIONS)
        bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        self._client.run(["busctl", "call", *bus, "ReloadConfig"])
        action = ["pkaction", "--action-id", f"{_ACTIONS.stem}.lock"]
        wait_until(lambda: self._client.run(action, check=False).returncode == 0, "polkit to read its new actions")

    @staticmethod
    def remove() -> None:
        for folder in (".", "pre-up.d", "pre-down.d"):
            (_DISPATCHER / folder / _HOOK_NAME).unlink(missing_ok=True)
        for file in (_BUS_POLICY, _ACTIONS):
            file.unlink(missing_ok=True)
        for folder in (_STATE, _SOCKET.parent):
            shutil.rmtree(folder, ignore_errors=True)

    def start_guard(self, *arguments: str, environment: dict[str, str] | None = None, slept: int = 0) -> None:
        """Starts it plainly, as in a world without systemd (but with its unit's Nice=), and waits until it answers.
        `slept`: by its clock (a time namespace's), the machine has slept so many seconds since others looked."""
        known = self._socket_identity()
        elsewhere = ["unshare", "--time", f"--boottime={slept}"] if slept else []
        program = [*elsewhere, "nice", "--10", "env", *(f"{key}={value}" for key, value in (environment or {}).items()), str(self.guard), *arguments]
        self._guard = self._client.daemon("nm-killswitchd", program)

        def answers() -> bool:
            if self._guard.poll() is not None:
                raise RuntimeError(f"the guard ended ({self._guard.returncode}): {log_of('nm-killswitchd').read_text()}")
            return self._socket_identity() not in (None, known) and self.guard_answers()

        wait_product(answers, "the guard to answer")

    def start_leak_test(self) -> subprocess.Popen:
        """What the bus would start; with no other rights than its unit grants."""
        return self._start_helper(self.leak_test, "LeakTest", "-all,+net_raw,+setuid")

    def running_leak_test(self) -> subprocess.Popen:
        """It ends when nobody has asked for half a minute, and no bus of the world starts it again."""
        if self._leak_test is None or not self._is_on_bus("LeakTest"):
            self._leak_test = self.start_leak_test()
        return self._leak_test

    def start_refused(self) -> subprocess.Popen:
        """The same of what tells what was refused."""
        return self._start_helper(self.refused, "Refused", "-all,+net_admin,+sys_ptrace,+dac_read_search")

    def _start_helper(self, path: Path, name: str, rights: str) -> subprocess.Popen:
        program = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", str(path)]
        started = self._client.daemon(path.name, program)
        wait_product(lambda: self._is_on_bus(name), f"{path.name} to be on the bus")
        return started

    def _is_on_bus(self, name: str) -> bool:
        bus = ["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner"]
        return "true" in self._client.run([*bus, "s", f"io.github.nmkillswitch.{name}"]).stdout

    def guard_answers(self) -> bool:
        """Before it does, root is told what the kernel holds."""
        said = self._run("status", "--json", check=False, stderr=None)
        return said.returncode == 0 and json.loads(said.stdout)["reason"] != "guard-away"

    @staticmethod
    def _socket_identity() -> tuple | None:
        try:
            found = _SOCKET.stat()
            return (found.st_ino, found.st_ctime_ns)
        except FileNotFoundError:
            return None

    @property
    def guard_is_running(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    @property
    def guard_pid(self) -> int:
        return self._guard.pid

    def memory(self) -> float:
        """The guard's own, in MB."""
        return private_bytes(self.guard_pid) / 1e6

    def stop_guard(self, number: int = signal.SIGTERM) -> None:
        self._guard.send_signal(number)
        self.wait_guard()

    def wait_guard(self) -> int:
        """Its exit status, as of subprocess.Popen."""
        with product_ends("the guard to end"):
            return self._guard.wait(PATIENCE_WITH_PRODUCT * 10)

    def _run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess:
        with product_ends(f"the command {' '.join(arguments)}"):
            return self._client.run([str(self.command), *arguments], timeout=PATIENCE_WITH_PRODUCT * 60, **options)

    def ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return self._run(*arguments, check=check)

    def status(self) -> dict:
        return json.loads(self._run("status", "--json", stderr=None).stdout)

    def wait_state(self, state: str, timeout: float = 10) -> dict:
        """The status once it shows this state (unlocked, protected, blocked, paused, broken)."""
        return self._wait_status("state", state, timeout)

    def wait_reason(self, reason: str, timeout: float = 10) -> dict:
        return self._wait_status("reason", reason, timeout)

    def _wait_status(self, key: str, value: str, timeout: float) -> dict:
        seen = []

        def look() -> dict | None:
            seen[:] = [self.status()]
            return seen[0] if seen[0][key] == value else None

        try:
            return wait_product(look, f"the {key} {value}", timeout)
        except ProductTooSlow as error:
            raise ProductTooSlow(f"{error}; the last status: {seen[0]}") from None

    def tables(self) -> list[str]:
        """What the kernel holds of ours, as nft tells it, without what changes by itself: counters, whether
        an owner lives, notes of flows, and the order of all but rules; and without comments. For comparing."""
        blocks = []
        for family in ("inet", "netdev"):
            listed = self._client.run(["nft", "list", "table", family, "nm_killswitch"]).stdout
            listed = re.sub(r'(?m)packets \d+ bytes \d+|^\tflags .*$|comment ".*?"', "", listed.partition("\n")[2])
            for block in re.split(r"(?m)^\t}$", listed):
                words = block.split()
                if words[:1] == ["set"] and words[1].startswith("flows") and "elements" in words:
                    words = words[: words.index("elements")]
                ordered = words if words[:1] == ["chain"] else sorted(word.strip(",") for word in words)
                blocks.append(" ".join([family, *ordered]))
        return sorted(blocks)
