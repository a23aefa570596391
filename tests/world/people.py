# SPDX-License-Identifier: GPL-2.0-or-later
"""People who use the client: users with and without a session, at the screen and not, with and
without an agent that asks for their password.

Real: dbus-daemon, polkitd, libsystemd's way of finding the session of a process (its control group,
then logind's files), pkttyagent on a terminal, polkit's setuid helper, PAM with pam_unix, users with
passwords. Stood in for: logind itself. Its files in /run/systemd and the control groups that it and
systemd would make are written here, in their words, because it does not run without systemd.
"""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import kernel
from .network import Namespace
from .waiting import wait_until

_CGROUPS = Path("/sys/fs/cgroup")
_LOGIN = Path("/run/systemd")
_POLKITD = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd")
PASSWORD = "correct horse"

BUS_NAME = "io.github.nmkillswitch"
OBJECT = "/io/github/nmkillswitch"
INTERFACE = "io.github.nmkillswitch.Guard1"
PROPERTIES = "org.freedesktop.DBus.Properties"
ERROR = "io.github.nmkillswitch.Error."


@dataclass(frozen=True)
class Answer:
    value: Any = None
    error: str = ""  # the error's name; "": none
    message: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


@dataclass
class Caller:
    """A program of a person, with one connection to the bus."""

    program: subprocess.Popen
    name: str = ""
    _answers: dict[int, Answer] = field(default_factory=dict)
    _numbers: int = 0

    def start(self) -> "Caller":
        self.name = json.loads(self.program.stdout.readline())["unique"]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        for line in self.program.stdout:
            said = json.loads(line)
            number = said.pop("number")
            self._answers[number] = Answer(**said)

    def begin(
        self,
        method: str,
        arguments: str = "()",
        interactive: bool = False,
        interface: str = INTERFACE,
        name: str = BUS_NAME,
        path: str = OBJECT,
        timeout: float = 20,
    ) -> int:
        """Calls without waiting for the answer. The arguments are a tuple in GVariant's words."""
        self._numbers += 1
        call = {
            "number": self._numbers, "name": name, "path": path, "interface": interface, "method": method,
            "arguments": arguments, "interactive": interactive, "timeout": int(timeout * 1000),
        }
        self.program.stdin.write(json.dumps(call) + "\n")
        self.program.stdin.flush()
        return self._numbers

    def has_answer(self, number: int) -> bool:
        return number in self._answers

    def end(self, number: int, timeout: float = 25) -> Answer:
        wait_until(lambda: number in self._answers, f"{self.name} to get its answer", timeout)
        return self._answers.pop(number)

    def call(self, *arguments: Any, **options: Any) -> Answer:
        return self.end(self.begin(*arguments, **options))

    def get(self, name: str) -> Any:
        answer = self.call("Get", f"('{INTERFACE}', '{name}')", interface=PROPERTIES)
        if not answer.ok:
            raise AssertionError(answer)
        return answer.value[0]

    def quit(self) -> None:
        """Leaves the bus the hard way."""
        self.program.kill()
        self.program.wait()


class Agent:
    """polkit's own text agent on a terminal of its own, for one caller's process."""

    def __init__(self, person: "Person", caller: Caller):
        ready, told = os.pipe()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            try:
                os.set_inheritable(told, True)
                person.become()
                os.execvp("pkttyagent", ["pkttyagent", f"--notify-fd={told}", f"--process={caller.program.pid}"])
            finally:
                os._exit(127)
        os.close(told)
        os.read(ready, 1)  # its end closes when polkit knows the agent
        os.close(ready)
        self._said = ""

    def _hear(self, timeout: float) -> None:
        if select.select([self._terminal], [], [], timeout)[0]:
            try:
                self._said += os.read(self._terminal, 4096).decode(errors="replace")
            except OSError:
                pass  # it ended

    def wait_for(self, words: str, timeout: float = 10) -> str:
        """Returns what it said up to the words, and forgets it."""

        def heard() -> bool:
            self._hear(0.02)
            return words in self._said

        wait_until(heard, f"{words!r} on the agent's terminal", timeout)
        before, _, self._said = self._said.partition(words)
        return before

    def has_said(self, words: str) -> bool:
        self._hear(0)
        return words in self._said

    def type(self, text: str) -> None:
        """What is asked for. What is typed before the agent has turned the echo off, it throws away."""
        wait_until(lambda: not termios.tcgetattr(self._terminal)[3] & termios.ECHO, "the agent to listen")
        os.write(self._terminal, text.encode() + b"\n")

    def give_password(self, password: str = PASSWORD) -> str:
        said = self.wait_for("Password:")
        self.type(password)
        return said

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


class Person:
    def __init__(self, people: "People", user: str, uid: int, cgroup: str = "", sandbox: bool = False):
        self.people = people
        self.user = user
        self.uid = uid
        self._cgroup = people.cgroup(cgroup) if cgroup else None
        self._sandbox = sandbox
        self._agents: list[Agent] = []
        self._callers: list[Caller] = []
        self.caller = self.another_caller()

    def become(self) -> None:
        """In a child: turns it into a program of this person."""
        with open(self.people.client.path) as namespace:
            kernel.setns(namespace.fileno(), kernel.CLONE_NEWNET)
        if self._cgroup:
            (self._cgroup / "cgroup.procs").write_text(str(os.getpid()))
        os.initgroups(self.user, self.uid)
        os.setgid(self.uid)
        os.setuid(self.uid)

    def another_caller(self) -> Caller:
        inside = ["unshare", "--user", "--map-current-user", "--net", "--ipc", "--uts"] if self._sandbox else []
        program = subprocess.Popen(
            [*inside, "/usr/bin/python3", "/run/world/bin/caller.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=self.become,
        )
        caller = Caller(program).start()
        self._callers.append(caller)
        return caller

    def call(self, *arguments: Any, **options: Any) -> Answer:
        return self.caller.call(*arguments, **options)

    def get(self, name: str) -> Any:
        return self.caller.get(name)

    def agent(self, caller: Caller | None = None) -> Agent:
        agent = Agent(self, caller or self.caller)
        self._agents.append(agent)
        return agent

    def forget_passwords(self) -> None:
        """Ends the agents, and what auth_admin_keep keeps."""
        if not self._agents:
            return
        while self._agents:
            self._agents.pop().close()
        self.people.restart_polkitd()

    def close(self) -> None:
        self.forget_passwords()
        for caller in self._callers:
            caller.quit()


class People:
    """root; alice, active at the screen; app, a sandboxed program of hers; ivan, whose session is
    inactive; nora, who has none (a service, cron)."""

    def __init__(self, client: Namespace):
        self.client = client
        self._made: list[Path] = []
        kernel.mount("cgroup2", str(_CGROUPS), "cgroup2")
        _remove_stale_cgroups()
        self._top = f"ksworld{os.getpid()}x{os.stat('/proc/self/ns/pid').st_ino}.slice"
        Path("/run/world/bin").mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("caller.py"), "/run/world/bin/caller.py")
        for name, uid in (("alice", 1001), ("ivan", 1002), ("nora", 1003)):
            _add_user(name, uid)
        self._write_sessions()
        self.restart_polkitd()
        self.root = Person(self, "root", 0)
        self.alice = Person(self, "alice", 1001, "user.slice/user-1001.slice/session-c1.scope")
        # as systemd starts a sandboxed program for the desktop: below the user's manager
        app = "user.slice/user-1001.slice/user@1001.service/app.slice/app-flatpak-org.example.App-4711.scope"
        self.app = Person(self, "alice", 1001, app, sandbox=True)
        self.ivan = Person(self, "ivan", 1002, "user.slice/user-1002.slice/session-c2.scope")
        self.nora = Person(self, "nora", 1003)

    @property
    def all(self) -> dict[str, Person]:
        return {"root": self.root, "active": self.alice, "sandboxed": self.app, "inactive": self.ivan, "sessionless": self.nora}

    def cgroup(self, path: str) -> Path:
        folder = _CGROUPS / self._top
        for part in ("", *path.split("/")):
            folder = folder / part
            if not folder.exists():
                folder.mkdir()
                self._made.append(folder)
        return folder

    def _write_sessions(self) -> None:
        for name in ("sessions", "seats", "users", "machines"):
            (_LOGIN / name).mkdir(parents=True, exist_ok=True)
        for session, user, uid, active in (("c1", "alice", 1001, 1), ("c2", "ivan", 1002, 0)):
            state = "active" if active else "online"
            (_LOGIN / f"sessions/{session}").write_text(
                f"UID={uid}\nUSER={user}\nACTIVE={active}\nIS_DISPLAY=1\nSTATE={state}\nREMOTE=0\n"
                f"TYPE=wayland\nCLASS=user\nSCOPE=session-{session}.scope\nSEAT=seat0\nSERVICE=gdm-password\n"
            )
            (_LOGIN / f"users/{uid}").write_text(
                f"NAME={user}\nSTATE={state}\nDISPLAY={session}\nSESSIONS={session}\nSEATS=seat0\n"
                f"ACTIVE_SESSIONS={session if active else ''}\nONLINE_SESSIONS={session}\n"
            )
        (_LOGIN / "seats/seat0").write_text("IS_SEAT0=1\nACTIVE=c1\nACTIVE_UID=1001\nSESSIONS=c1 c2\nUIDS=1001 1002\n")

    def stop_polkitd(self) -> None:
        self.client.kill("polkitd")

    def start_polkitd(self) -> None:
        program = next(p for p in _POLKITD if os.path.exists(p))
        self.client.daemon("polkitd", [program, "--no-debug"])
        action = ["pkaction", "--action-id", f"{BUS_NAME}.lock"]
        wait_until(lambda: self.client.run(action, check=False).returncode == 0, "polkit to answer")

    def restart_polkitd(self) -> None:
        """It looks for logind's files when it starts, and has then forgotten all passwords."""
        self.stop_polkitd()
        self.start_polkitd()

    def close(self) -> None:
        for person in self.all.values():
            person.close()
        for folder in reversed(self._made):
            wait_until(lambda: not (folder / "cgroup.procs").read_text(), f"{folder} to be empty")
            folder.rmdir()
        subprocess.run(["umount", str(_CGROUPS)], check=True)


def _remove_stale_cgroups() -> None:
    """Of worlds that were killed; those of worlds that live are not empty."""
    for top in _CGROUPS.glob("ksworld*.slice"):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                break


def _add_user(name: str, uid: int) -> None:
    """With a password; alice is the one administrator, as Debian has it: a member of sudo."""
    password = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, text=True, capture_output=True).stdout.strip()
    lines = {
        "/etc/passwd": f"{name}:x:{uid}:{uid}:{name}:/tmp:/bin/sh\n",
        "/etc/group": f"{name}:x:{uid}:\n",
        "/etc/shadow": f"{name}:{password}:19000:0:99999:7:::\n",
    }
    for path, line in lines.items():
        text = Path(path).read_text()
        if not any(known.startswith(f"{name}:") for known in text.splitlines()):
            Path(path).write_text(text + line)
    group = Path("/etc/group").read_text().splitlines()
    if not any(line.startswith("sudo:") for line in group):
        group.append("sudo:x:27:")
    for number, line in enumerate(group):
        if name == "alice" and line.startswith("sudo:") and name not in line.split(":")[3].split(","):
            group[number] = line.rstrip(",") + ("" if line.endswith(":") else ",") + name
    Path("/etc/group").write_text("\n".join(group) + "\n")
