# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: what it says and with which exit status, as root and as a user, with a guard, with
one that hangs, and with none: then root still gets out."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from . import fake_guard
from .network import log_of
from .sandbox import build_dir
from .waiting import wait_end, wait_listens, wait_until

DONE, FAILED, USAGE, NOT_AUTHORISED, NO_GUARD, NOT_LOCKED = range(6)
INTERRUPTED = 130
COLUMNS = 80
USER = 65534
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]
STATE = Path("/var/lib/nm-killswitch/state")
PLAIN_TABLE = "table inet nm_killswitch { chain output { type filter hook output priority 0; policy drop; }; }"
TABLE = ["nft", "list", "table", "inet", "nm_killswitch"]
COMMANDS = ["status", "lock", "unlock", "pause", "resume", "lan", "auto", "test", "report", "refused", "rules", "export", "allow list", "allow add", "allow remove", "vpn list", "vpn add", "vpn remove", "vpn set"]
CHANGES = [["lock"], ["unlock"], ["pause", "5m"], ["resume"], ["lan", "on"], ["lan", "off"], ["auto", "off"]]
LOOKS = [["status"], ["status", "--json"], ["rules"], ["vpn", "list"]]


class Said:
    """What a run of the program said, and that it said it as it should."""

    def __init__(self, status: int, out: str, err: str):
        self.status = status
        self.out = out
        self.err = err
        both = out + err
        assert "GDBus" not in both and "org.freedesktop" not in both, both
        assert "CRITICAL" not in both and "AddressSanitizer" not in both, both
        # only what it says to people: rules and JSON are as wide as they are
        if not out.startswith(("{", "table")):
            for line in both.splitlines():
                assert len(line) <= COLUMNS, line

    def __repr__(self) -> str:
        return f"[{self.status}] {self.out!r} {self.err!r}"


class CommandLine:
    """nm-killswitch as a user or as root, on the world's bus or on another."""

    def __init__(self, world, bus: str | None = None):
        self.world = world
        self._environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
        if bus:
            self._environment["DBUS_SYSTEM_BUS_ADDRESS"] = bus

    def words(self, arguments: tuple, user: bool) -> list[str]:
        return [*(AS_USER if user else []), str(self.world.product.command), *arguments]

    def _run(self, arguments: tuple, user: bool) -> Said:
        done = self.world.client.run(self.words(arguments, user), check=False, stdin=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, env=self._environment)
        return Said(done.returncode, done.stdout, done.stderr)

    def root(self, *arguments: str) -> Said:
        return self._run(arguments, False)

    def user(self, *arguments: str) -> Said:
        return self._run(arguments, True)

    def begin(self, *arguments: str, **options) -> subprocess.Popen:
        """As a user, in the background."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True} | options
        return self.world.client.popen(self.words(arguments, True), env=self._environment, **options)


@pytest.fixture
def ctl(guarded):
    """With a guard, unlocked, as after installation."""
    if not guarded.product.guard_is_running:
        guarded.product.start_guard()
    for words in (["auto", "on"], ["lan", "off"], ["unlock"]):
        guarded.product.ctl(*words)
    return CommandLine(guarded)


def table_is_there(world) -> bool:
    return world.client.run(TABLE, check=False).returncode == 0


# ---- the command line itself


@pytest.mark.parametrize(("words", "says"), [
    ([], "A command is missing"),
    (["stauts"], "Did you mean “status”?"),
    (["frobnicate"], "There is no command “frobnicate”."),
    (["help"], "Did you mean “--help”?"),
    (["vpn"], "must be followed by: “list”"),
    (["vpn", "lsit"], "not by “lsit”: “list”"),
    (["lan"], "must be followed by: on|off"),
    (["lan", "maybe"], "by “on” or “off”, not by “maybe”"),
    (["lan", "off", "--only-here"], "goes with “lan on” only"),
    (["auto", "on", "off"], "what to do with “off”"),
    (["lock", "--only-here"], "“lock” has no option “--only-here”"),
    (["lock", "--jsn"], "Did you mean “--json”?"),
    (["lock", "-x"], "There is no option “-x”"),
    (["lock", "--", "--json"], "what to do with “--json”"),
    (["pause"], "must be followed by: DURATION"),
    (["pause", "5x"], "“5x” is no duration"),
    (["pause", "-5"], "There is no option “-5”"),
    (["pause", "--", "-5"], "“-5” is no duration"),
    (["pause", "0"], "at least a second"),
    (["pause", "99999999999h"], "too long for a pause"),
    (["status", "--check", "--watch"], "do not go together"),
    (["test", "--drop", "--json"], "no other option"),
    (["test", "--drop"], "needs --yes"),
    (["lock\x1b[2Jclear"], "There is no command “lock\ufffd[2Jclear”."),
])
def test_wrong_usage(ctl, words, says):
    said = ctl.user(*words)
    assert said.status == USAGE, said
    assert says in said.err.replace("\n", " "), said
    assert said.out == "", said


def test_only_root_takes_an_interface_away(ctl):
    said = ctl.user("test", "--drop", "--yes")
    assert said.status == NOT_AUTHORISED and "sudo nm-killswitch test --drop" in said.err.replace("\n", " "), said


def test_help_names_every_command(ctl):
    said = ctl.user("--help")
    assert said.status == DONE and not said.err
    named = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: on\|off| [A-Z]+(?:\|[A-Z]+)?)? {2,}", said.out, re.M)
    assert [name.removesuffix(" on") for name in named] == COMMANDS, named
    assert ctl.user("-h").out == said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(ctl, command):
    for words in ([*command.split(), "--help"], ["--help", *command.split()]):
        said = ctl.user(*words)
        assert said.status == DONE and not said.err, said
        assert said.out.startswith(f"Usage: nm-killswitch {command}"), said
        assert "--help" in said.out


def test_version(ctl):
    assert re.fullmatch(r"nm-killswitch \d+\.\d+\.\d+\n", ctl.user("--version").out)


def test_what_cannot_be_written_is_a_failure(ctl):
    with open("/dev/full", "w") as full:
        done = subprocess.run(ctl.words(("--help",), True), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FAILED
    assert "could not be written" in done.stderr


def test_without_a_locale_it_is_still_readable(ctl):
    done = ctl.world.client.run(ctl.words(("lan", "maybe"), True), check=False, env={"LC_ALL": "C"})
    assert '"lan" must be followed by "on" or "off"' in done.stdout


# ---- as root, with a guard


@pytest.mark.parametrize(("words", "status", "says"), [
    (["status"], DONE, "Unlocked: traffic leaves"),
    (["status", "--check"], NOT_LOCKED, "Unlocked"),
    (["lock"], DONE, "Blocked: nothing leaves"),
    (["--json", "lock"], DONE, '"state" : "blocked"'),
    (["unlock"], DONE, "Unlocked: traffic leaves"),
    (["unlock", "--json", "--no-ask-password"], DONE, '"locked" : false'),
    (["pause", "1m"], FAILED, "nothing to pause"),
    (["resume"], DONE, "Unlocked"),
    (["lan", "on"], DONE, "LAN access  on: the local network"),
    (["lan", "on", "--only-here"], DONE, "LAN access  on, only on “uplink”"),
    (["lan", "off", "--json"], DONE, '"lan" : false'),
    (["auto", "off"], DONE, "Mode        off: only you"),
    (["auto", "on", "--json"], DONE, '"auto_lock" : true'),
    (["rules"], DONE, ""),
    (["vpn", "list"], DONE, "full (openvpn), not connected"),
    (["vpn", "list", "--json"], DONE, '"vpns" : ['),
])
def test_commands(ctl, words, status, says):
    said = ctl.root(*words)
    assert said.status == status, said
    assert says in said.out + said.err, said
    if "--json" in words:
        assert json.loads(said.out) and not said.err, said


def test_status_and_pause_while_locked(ctl):
    ctl.root("lock")
    assert ctl.root("status", "--check").status == DONE
    assert ctl.root("rules").out.startswith("table"), ctl.root("rules")
    said = ctl.root("pause", "90s")
    assert said.status == DONE and re.search(r"^Paused until \d\d:\d\d:\d\d: ", said.out), said
    assert re.search(r"In 1 min (30|29) s the kernel", said.out), said
    until = json.loads(ctl.root("status", "--json").out)["paused_until"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", until), until
    assert "Blocked" in ctl.root("resume").out
    assert json.loads(ctl.root("status", "--json").out)["paused_until"] is None


def test_a_vpn_that_is_connected_is_named(ctl):
    ctl.world.manager.up("full")
    said = ctl.root("status")
    assert "except through “full”" in said.out and "“full” (openvpn) on tun0" in said.out, said
    vpns = {vpn["name"]: vpn for vpn in json.loads(ctl.user("vpn", "list", "--json").out)["vpns"]}
    assert vpns["full"]["interface"] == "tun0" and vpns["split"]["interface"] is None
    ctl.world.manager.down("full")


# ---- as a user, with a guard


@pytest.mark.parametrize("words", LOOKS)
def test_anybody_may_look(ctl, words):
    ctl.root("lock")
    said = ctl.user(*words)
    assert said.status == DONE and said.out, said


@pytest.mark.parametrize("words", [words for words in CHANGES if words not in (["lan", "off"], ["resume"], ["pause", "5m"])])
def test_a_user_without_a_password_is_refused(ctl, words):
    if words == ["unlock"]:
        ctl.root("lock")
    before = json.loads(ctl.root("status", "--json").out)
    said = ctl.user(*words)
    assert said.status == NOT_AUTHORISED and said.out == "", said
    assert "Not authorised" in said.err and "sudo" in said.err, said
    after = json.loads(ctl.root("status", "--json").out)
    assert after["state"] == before["state"] and after["lan"] == before["lan"], after


def test_a_user_whom_polkit_allows(ctl):
    rule = Path("/etc/polkit-1/rules.d/00-test.rules")
    rule.write_text('polkit.addRule(function(a) { if (a.id.indexOf("io.github.nmkillswitch.") == 0) return "yes"; });\n')
    rule.chmod(0o644)
    try:
        wait_until(lambda: ctl.user("lock").status == DONE, "polkit to read its rules")
        assert "Paused" in ctl.user("pause", "5m").out
        assert "Blocked" in ctl.user("resume").out
        assert "only on “uplink”" in ctl.user("lan", "on", "--only-here").out
        assert json.loads(ctl.user("unlock", "--json").out)["state"] == "unlocked"
    finally:
        rule.unlink()


def _type_into(ctl, words: list[str], answer: bytes) -> tuple[int, str]:
    """Runs it on a terminal of its own and types `answer` when it asks for a password."""
    pid, terminal = pty.fork()
    if pid == 0:
        for name in ("XDG_SESSION_ID", "DISPLAY", "WAYLAND_DISPLAY"):
            os.environ.pop(name, None)
        os.environ["LC_ALL"] = "C.UTF-8"
        os.execvp("nsenter", ["nsenter", f"--net={ctl.world.client.path}", "--", *ctl.words(tuple(words), True)])
    said = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.3)[0]:
            try:
                said += os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
        elif said.rstrip().endswith(b"Password:"):
            # what was typed before the echo was off is thrown away: only now, and again if need be
            os.write(terminal, answer)
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode(errors="replace")


@pytest.fixture
def password(ctl):
    """root's, in the world's own /etc; only root is asked for one."""
    rule = Path("/etc/polkit-1/rules.d/00-admin.rules")
    rule.write_text('polkit.addAdminRule(function() { return ["unix-user:0"]; });\n')
    rule.chmod(0o644)
    subprocess.run(["chpasswd", "-c", "SHA256"], input="root:open sesame\n", text=True, check=True)
    yield "open sesame"
    rule.unlink()


def test_on_a_terminal_polkit_asks_for_the_password(ctl, password):
    ctl.root("lock")
    status, said = _type_into(ctl, ["unlock"], password.encode() + b"\n")
    assert status == DONE and "Unlocked" in said, said
    assert "Authentication is required to unlock" in said, said


def test_a_wrong_password_changes_nothing(ctl, password):
    ctl.root("lock")
    status, said = _type_into(ctl, ["unlock"], b"wrong\n")
    assert status == NOT_AUTHORISED and "Password:" in said and "Not authorised" in said, said
    assert json.loads(ctl.root("status", "--json").out)["locked"]


def test_nobody_is_asked_with_no_ask_password(ctl, password):
    ctl.root("lock")
    status, said = _type_into(ctl, ["unlock", "--no-ask-password"], b"")
    assert status == NOT_AUTHORISED and "Password" not in said, said


# ---- following


class Follower:
    """nm-killswitch status --watch, and what it has printed."""

    def __init__(self, ctl: CommandLine, *options: str):
        self.program = ctl.begin("status", "--watch", *options)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.program.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, text: str, times: int = 1) -> None:
        def seen() -> bool:
            return sum(text in line for line in self.lines) >= times

        wait_until(seen, f"“{text}” to be printed {times} times; there is {self.lines}", 15)

    def end(self, number: int = signal.SIGINT) -> int:
        self.program.send_signal(number)
        status = wait_end(self.program, "the command to end")
        self._reader.join()
        return status


def test_watch(ctl):
    follower = Follower(ctl)
    follower.wait_for("Unlocked")
    ctl.root("lock")
    follower.wait_for("Blocked")
    ctl.root("lock")  # nothing changes
    ctl.root("lan", "on")
    follower.wait_for("LAN access is on.")
    ctl.root("pause", "2s")
    follower.wait_for("Paused until")
    follower.wait_for("Blocked", 2)
    ctl.world.product.stop_guard()
    follower.wait_for("The guard is not running. What was locked stays locked.")
    ctl.world.product.start_guard()
    follower.wait_for("Blocked", 3)
    assert follower.end() == INTERRUPTED
    first = [line[10:].split()[0] for line in follower.lines if line[0].isdigit()]
    assert first == ["Unlocked:", "Blocked:", "LAN", "Paused", "Blocked:", "The", "Blocked:"], follower.lines
    for line in follower.lines:
        assert re.match(r"\d\d:\d\d:\d\d  \S| {10}\S", line) and len(line) <= COLUMNS, line


def test_watch_as_json(ctl):
    follower = Follower(ctl, "--json")
    follower.wait_for('"unlocked"')
    ctl.root("lock")
    follower.wait_for('"state":"blocked"')  # two changes at once would be told as one
    ctl.root("unlock")
    follower.wait_for('"state":"unlocked"', 2)
    assert follower.end() == INTERRUPTED
    lines = [json.loads(line) for line in follower.lines]
    states = [line["state"] for line in lines]
    # other members may change on the way; the state is printed in order
    assert [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s] == ["unlocked", "blocked", "unlocked"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"]) for line in lines)


def test_watch_ends_when_nobody_reads(ctl):
    program = ctl.begin("status", "--watch", stderr=subprocess.PIPE)
    assert "Unlocked" in program.stdout.readline()
    program.stdout.close()
    assert wait_end(program, "the command to end") == DONE
    assert program.stderr.read() == ""


# ---- as a user, with a guard that says what the test wants


class Elsewhere:
    """A bus of its own with a fake guard on it."""

    def __init__(self, world):
        self.folder = Path("/run/world/elsewhere")
        self.folder.mkdir(exist_ok=True)
        self.address = f"unix:path={self.folder}/bus"
        config = self.folder / "bus.conf"
        config.write_text(
            '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
            '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig>'
            f"<listen>{self.address}</listen><auth>EXTERNAL</auth><policy context='default'>"
            "<allow user='*'/><allow own='*'/><allow send_destination='*'/><allow eavesdrop='false'/>"
            "</policy></busconfig>"
        )
        self._world = world
        self._config = config
        self.ctl = CommandLine(world, self.address)
        self.bus: subprocess.Popen | None = None
        self.guard: subprocess.Popen | None = None

    def start_bus(self) -> None:
        (self.folder / "bus").unlink(missing_ok=True)
        self.bus = self._world.client.daemon("other-bus", ["dbus-daemon", f"--config-file={self._config}", "--nofork"])
        wait_listens(self.folder / "bus", "the other bus")

    def start_guard(self) -> None:
        self.guard = self._world.client.popen(
            ["/usr/bin/python3", fake_guard.__file__, self.address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.guard.stdout.readline() == "done\n"

    def order(self, **order: object) -> None:
        self.guard.stdin.write(json.dumps(order) + "\n")
        self.guard.stdin.flush()
        assert self.guard.stdout.readline() == "done\n"

    def stop(self) -> None:
        for program in (self.guard, self.bus):
            if program:
                program.kill()
                program.wait()


@pytest.fixture
def elsewhere(guarded):
    made = Elsewhere(guarded)
    made.start_bus()
    made.start_guard()
    yield made
    made.stop()


_ERROR = "io.github.nmkillswitch.Error."
_BUS_ERROR = "org.freedesktop.DBus.Error."


@pytest.mark.parametrize(("name", "status", "says"), [
    (f"{_ERROR}NotAuthorised", NOT_AUTHORISED, "It was so. Root needs no permission"),
    (f"{_ERROR}Forbidden", NOT_AUTHORISED, "It was so."),
    (f"{_ERROR}Failed", FAILED, "It was so."),
    (f"{_ERROR}InvalidArguments", FAILED, "It was so."),
    (f"{_ERROR}Kernel", FAILED, "It was so."),
    (f"{_ERROR}State", FAILED, "It was so."),
    (f"{_ERROR}OfTheFuture", FAILED, "It was so."),
    (f"{_BUS_ERROR}AccessDenied", NOT_AUTHORISED, "does not let you talk"),
    (f"{_BUS_ERROR}InteractiveAuthorizationRequired", NOT_AUTHORISED, "needs a password"),
    (f"{_BUS_ERROR}NoReply", NO_GUARD, "ended before it answered"),
    (f"{_BUS_ERROR}ServiceUnknown", NO_GUARD, "not running"),
    (f"{_BUS_ERROR}Spawn.ChildExited", NO_GUARD, "could not be started"),
    ("org.freedesktop.systemd1.UnitMasked", NO_GUARD, "could not be started"),
    (f"{_BUS_ERROR}UnknownMethod", FAILED, "another version"),
    (f"{_BUS_ERROR}LimitsExceeded", FAILED, "Too much is asked"),
    ("com.example.Unheard", FAILED, "It was so."),
])
def test_errors_of_the_bus(elsewhere, name, status, says):
    elsewhere.order(error=[name, "It was so."])
    said = elsewhere.ctl.user("lock")
    assert said.status == status and said.out == "", said
    assert says in said.err.replace("\n", " "), said


@pytest.mark.parametrize(("reason", "says", "next_step"), [
    ("no-vpn", "Only VPN servers can be reached", "nmcli connection up Work"),
    ("connecting", "“Work” is connecting", "nm-killswitch status --watch"),
    ("tunnel-gone", "it has no tunnel", "nmcli connection down Work"),
    ("tunnel-dead", "nothing is behind it", "nmcli connection up Work"),
    ("server-silent", "its server does not answer", "nmcli device"),
    ("no-interface", "it protects nothing", "nmcli connection up NAME"),
    ("overlay-only", "“Work” is an overlay network", "nmcli connection up Work"),
    ("login-failed", "refused the login", "nmcli --ask connection up Work"),
    ("no-secrets", "a password is missing", "nmcli --ask connection up Work"),
    ("server-unreachable", "did not answer", "nmcli device"),
    ("name-unresolved", "address of its server", "nmcli device"),
    ("service-failed", "program that runs it has failed", "journalctl -b -e -u NetworkManager"),
    ("manager-away", "NetworkManager is not running", "systemctl start NetworkManager"),
    ("no-servers", "No VPN with a known server is set up", "nmcli connection import"),
    ("of-the-future", "no VPN is connected", "nmcli connection up Work"),
])
def test_blocked_says_why_and_what_next(elsewhere, reason, says, next_step):
    server = {"uuid": "1", "name": "Work", "type": "openvpn", "host": "192.0.2.1", "address": "192.0.2.1",
              "protocol": "udp", "port": 1194, "source": "profile"}
    elsewhere.order(status={"state": "blocked", "locked": True, "reason": reason, "servers": [server],
                            "reason_vpn": "" if reason in ("no-vpn", "of-the-future") else "Work"})
    said = elsewhere.ctl.user("status")
    assert said.status == DONE and said.out.startswith("Blocked: "), said
    assert says in said.out.replace("\n", " "), said
    assert f"      {next_step}\n" in said.out + "\n" or f"      {next_step} " in said.out, said
    assert "      nm-killswitch unlock\n" in said.out, said


def test_locked_by_hand_without_any_vpn(elsewhere):
    elsewhere.order(status={"state": "blocked", "locked": True, "reason": "no-vpn"})
    assert "No VPN with a known server is set up in NetworkManager" in elsewhere.ctl.user("lock").out


_COMPLETION = build_dir() / "data/completions/nm-killswitch"
_COMPLETE = """. "$1"; shift; COMP_WORDS=(nm-killswitch "$@"); COMP_CWORD=$#
_nm_killswitch && printf '%s\\n' "${COMPREPLY[@]}" """
_VPNS = [("Home", True), ("My Home's VPN", False), ("$(reboot)", False), ("a:b", True), ("-x", False), ("a\nb", False)]


def complete(said_by: CommandLine, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    command = [*AS_USER, "env", f"PATH={said_by.world.product.folder_of_command}:{os.environ['PATH']}", "bash", "-c", _COMPLETE, "bash"]
    run = said_by.world.client.run([*command, str(_COMPLETION), *words], stderr=subprocess.PIPE, env=said_by._environment)
    return {line for line in run.stdout.splitlines() if line}


@pytest.mark.parametrize(("words", "offered"), [
    (["vpn", "set", ""], {"Home", "My\\ Home\\'s\\ VPN", "\\$\\(reboot\\)", "uuid-3", "uuid-4", "uuid-5"}),
    (["vpn", "set", "My\\ H"], {"My\\ Home\\'s\\ VPN"}),
    (["vpn", "set", '"H'], {"Home"}),
    (["vpn", "set", '"$'], set()),
    (["vpn", "set", "Home", "--l"], {"--locks"}),
    (["vpn", "set", "Home", "--locks", "y"], {"yes"}),
    (["vpn", "remove", ""], {"Home", "uuid-3"}),
    (["export", "--vpn", "H"], {"Home"}),
    (["export", "--format", "n"], {"nft"}),
    (["vpn", "re"], {"remove"}),
    (["allow", "add", "NAS", "--on", ""], {"Office", "here"}),
    (["always-on", "Home", "--on", ""], {"Office", "Cabin", "here"}),
    (["always-on", "Home", "--on", "Ca"], {"Cabin"}),
])
def test_completion_offers_vpns(elsewhere, words, offered):
    vpns = [{"uuid": f"uuid-{number}", "name": name, "type": "openvpn", "manual": manual, "interface": "", "override": False,
             "locks": "auto"} for number, (name, manual) in enumerate(_VPNS)]
    here = {"uuid": "n1", "name": "Office", "interface": "eth0", "external": False, "shared": False}
    known = [{"uuid": f"n{number}", "name": name, "connected": name == "Office", "lan": False, "vpn": "", "exceptions": 0}
             for number, name in enumerate(("Office", "Cabin"))]
    elsewhere.order(status={"vpns": vpns, "networks": [here], "known_networks": known})
    assert complete(elsewhere.ctl, *words) == offered


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;x\x07", "a\u202egnp.exe", "x" * 5000, "a\nUnlocked: all is well", "$(reboot)", "-x"],
                         ids=["escapes", "direction", "long", "lines", "shell", "option"])
def test_hostile_names_steer_nothing(elsewhere, hostile):
    tunnel = {"interface": "tun0", "uuid": "1", "name": hostile, "type": "openvpn"}
    elsewhere.order(status={"state": "blocked", "locked": True, "reason": "login-failed", "reason_vpn": hostile,
                            "tunnels": [tunnel], "warnings": [hostile]})
    said = elsewhere.ctl.user("status")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said.out), said
    assert not re.search("^Unlocked", said.out, re.M) and len(said.out) < 3000, said
    command = re.search("nmcli --ask connection up (.*)", said.out).group(1)
    assert command in ("NAME", "'$(reboot)'", "id '-x'"), command
    assert json.loads(elsewhere.ctl.user("status", "--json").out)["reason_vpn"] == hostile


def test_a_guard_that_hangs_is_not_waited_for(elsewhere):
    elsewhere.order(hang=True)
    began = time.monotonic()
    said = elsewhere.ctl.user("status")
    assert said.status == NO_GUARD and "does not answer" in said.err, said
    assert time.monotonic() - began < 15


def test_a_bus_that_hangs_is_not_waited_for(elsewhere):
    elsewhere.bus.send_signal(signal.SIGSTOP)
    said = elsewhere.ctl.user("lock")
    assert said.status == NO_GUARD and "bus does not answer" in said.err, said
    assert "Nothing was changed" in said.err


def test_watch_survives_the_bus(elsewhere):
    follower = Follower(elsewhere.ctl)
    follower.wait_for("Unlocked")
    elsewhere.stop()
    follower.wait_for("The system bus is gone")
    elsewhere.start_bus()
    follower.wait_for("The guard is not running")
    elsewhere.start_guard()
    follower.wait_for("Unlocked", 2)
    elsewhere.order(status={"state": "protected", "locked": True})
    follower.wait_for("Protected")
    elsewhere.order(status={"state": "protected", "locked": True})  # signalled, and nothing new
    elsewhere.order(status={"state": "blocked", "locked": True})
    follower.wait_for("Blocked")
    assert follower.end() == INTERRUPTED
    assert sum("Protected" in line for line in follower.lines) == 1, follower.lines


# ---- without a guard


@pytest.fixture
def alone(ctl):
    """Locked, and the guard was killed."""
    ctl.root("lock")
    ctl.world.product.stop_guard(signal.SIGKILL)
    return ctl


@pytest.mark.parametrize("words", [*LOOKS, *CHANGES, ["status", "--check"]])
def test_a_user_without_a_guard(alone, words):
    said = alone.user(*words)
    assert said.status == NO_GUARD and said.out == "", said
    assert "The guard is not running." in said.err and "systemctl start nm-killswitch" in said.err, said
    assert ("sudo nm-killswitch" in said.err) == (words[0] in ("status", "unlock", "resume", "rules")), said


@pytest.mark.parametrize("words", [w for w in CHANGES if w not in (["unlock"], ["resume"])])
def test_only_the_guard_changes_anything_else(alone, words):
    said = alone.root(*words)
    assert said.status == NO_GUARD and "The guard is not running." in said.err, said
    assert table_is_there(alone.world)


def _rescue(ctl: CommandLine) -> None:
    """Root looks and gets out; a guard that comes back leaves it open."""
    said = ctl.root("status")
    assert said.status == DONE and "The guard does not answer" in said.out, said
    assert json.loads(ctl.root("status", "--json").out)["locked"]
    assert ctl.root("status", "--check").status == DONE
    assert ctl.root("rules").out.startswith("table"), ctl.root("rules")

    said = ctl.root("unlock")
    assert said.status == DONE and "Unlocked" in said.out, said
    assert not table_is_there(ctl.world)
    assert json.loads(ctl.root("status", "--json").out)["state"] == "unlocked"
    ctl.world.product.start_guard()
    assert ctl.world.product.status()["state"] == "unlocked"
    assert not table_is_there(ctl.world)


def test_rescue_without_a_guard(alone):
    _rescue(alone)


def test_rescue_as_json(alone):
    said = alone.root("unlock", "--json")
    assert said.status == DONE and json.loads(said.out)["state"] == "unlocked", said


def test_rescue_with_a_guard_that_hangs(ctl):
    ctl.root("lock")
    ctl.world.client.kill("nm-killswitchd", signal.SIGSTOP)
    _rescue(ctl)


def test_lock_waits_once_for_a_guard_that_hangs(ctl):
    """Five seconds: who comes by no SSH need not be asked, and so the guard is not either."""
    ctl.world.client.kill("nm-killswitchd", signal.SIGSTOP)
    begun = time.monotonic()
    try:
        said = ctl.root("lock")
    finally:
        ctl.world.client.kill("nm-killswitchd", signal.SIGCONT)
    assert said.status == NO_GUARD and "5 seconds" in said.err, said
    assert time.monotonic() - begun < 8


def test_rescue_with_a_guard_that_hangs_and_lost_its_lock_file(ctl):
    ctl.root("lock")
    ctl.world.client.kill("nm-killswitchd", signal.SIGSTOP)
    Path("/run/nm-killswitch/guard.lock").unlink()
    said = ctl.root("unlock")
    assert said.status == DONE and not table_is_there(ctl.world), said


def test_rescue_from_a_plain_table(alone):
    """As kernels before 6.9 have it: no owner, no persistence."""
    alone.world.client.run(["nft", "delete", *TABLE[2:]])
    alone.world.client.run(["nft", "-f", "-"], input=PLAIN_TABLE)
    said = alone.root("status")
    assert said.status == DONE and "Broken: the lock in the kernel" in said.out, said
    assert alone.root("status", "--check").status == NOT_LOCKED
    said = alone.root("unlock")
    assert said.status == DONE and not table_is_there(alone.world), said


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff garbage", b"[lock]\nlocked=maybe\n", b"x" * 100000])
def test_rescue_with_a_state_that_is_garbage(alone, garbage):
    STATE.write_bytes(garbage)
    _rescue(alone)
    assert STATE.with_name("state.corrupt").read_bytes() == garbage


def test_two_rescues_at_once(ctl):
    ctl.root("lock")
    ctl.world.client.kill("nm-killswitchd", signal.SIGSTOP)
    runs = [ctl.world.client.popen(ctl.words(("unlock",), False), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert run.returncode == DONE and "Unlocked" in out, (out, err)
    assert not table_is_there(ctl.world)


def test_rescue_on_a_read_only_disk(alone):
    """What cannot be saved is open until the reboot, and said to close then."""
    subprocess.run(["mount", "--bind", STATE.parent, STATE.parent], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", STATE.parent], check=True)
    try:
        said = alone.root("unlock")
        assert said.status == FAILED and not table_is_there(alone.world), said
        assert "could not be saved" in said.err and "next reboot" in " ".join(said.err.split()), said
    finally:
        subprocess.run(["umount", STATE.parent], check=True)


def test_rescue_while_guards_come_and_go(ctl):
    """No matter who wins, root is out in the end, and stays out."""
    guard = [str(ctl.world.product.guard)]
    for delay in (0, 0.005, 0.02, 0.05, 0.1, 0.3):
        if not ctl.world.client.processes("nm-killswitchd"):
            ctl.world.product.start_guard()
        ctl.root("lock")
        ctl.world.client.kill("nm-killswitchd")
        ctl.world.client.daemon("nm-killswitchd", guard)
        time.sleep(delay)  # not waiting for anything: where the guard is by then is what is tried
        said = ctl.root("unlock")
        assert said.status == DONE and "Unlocked" in said.out, (delay, said)
        wait_until(lambda: not table_is_there(ctl.world), "the table to be gone")
        assert "locked=false" in STATE.read_text(), delay
    for pid in ctl.world.client.processes("nm-killswitchd"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not ctl.world.client.processes("nm-killswitchd"), "the guards to be gone")
    ctl.world.product.start_guard()
    assert ctl.world.product.status()["state"] == "unlocked"


def test_rescue_with_nothing_left(alone):
    """No bus, no NetworkManager, no guard. The last test: the world is not put right again."""
    alone.world.manager.stop(signal.SIGKILL)
    alone.world.client.kill("dbus-daemon")
    said = alone.user("status")
    assert said.status == NO_GUARD and "bus cannot be reached" in said.err, said
    assert alone.root("status").status == DONE
    assert alone.root("rules").out.startswith("table")
    said = alone.root("unlock")
    assert said.status == DONE and not table_is_there(alone.world), (said, log_of("nm-killswitchd").read_text())
