# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever comes in — from NetworkManager's dispatcher, the socket, profiles, the disk, the kernel —
the guard says so clearly, goes on, and opens nothing."""

import ctypes
import errno
import os
import platform
import random
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from .kernel import CLONE_NEWNET, setns
from .matrix import Matrix
from .network import log_of
from .profiles import uuid_of
from .seeds import run_seed
from .waiting import wait_end, wait_product, wait_until

_SOCKET = "/run/nm-killswitch/guard.sock"
_STATE = Path("/var/lib/nm-killswitch/state")
_CORRUPT = Path("/var/lib/nm-killswitch/state.corrupt")

# model/message.h
_MAGIC, _VERSION, _MAX = 0x6B73, 1, 16384
_EVENT, _CALL, _REPLY = 1, 2, 3
_HEADER = struct.Struct("=HBBiB7x")
_RECORD = struct.Struct("=B41s16s6x")
_VPN_UP = 5  # KsAction

_UNLOCKED = "[lock]\nversion=1\nlocked=false\nauto-lock=false\nlan=false\n"


@pytest.fixture
def locked(guarded):
    """Locked, no VPN; afterwards the same guard must still hold the same lock."""
    before = _guard_pids(guarded)
    guarded.product.ctl("lock")
    assert guarded.product.status()["state"] == "blocked"
    matrix = Matrix(guarded)
    matrix.measure("before", locked=True)
    yield guarded
    assert _guard_pids(guarded) == before, "the guard must not have ended"
    status = guarded.product.status()
    assert status["state"] == "blocked" and status["verified"], status
    state = matrix.measure("after", locked=True)
    state.plain = [frame for frame in state.plain if _question(frame) not in _names_of_servers]
    matrix.require_closed(state)
    matrix.close_probes()


# What the profiles of these tests call their servers, however absurd: their addresses may be asked for.
_names_of_servers: set[str] = set()


def _question(frame):
    """The name that a DNS question over UDP asks for, or None."""
    packet = frame.packet
    if packet is None or packet.protocol != socket.IPPROTO_UDP or packet.destination_port != 53:
        return None
    labels, at = [], 20  # behind the headers of UDP and DNS
    while at < len(packet.payload) and packet.payload[at]:
        labels.append(packet.payload[at + 1 : at + 1 + packet.payload[at]].decode(errors="replace").lower())
        at += 1 + packet.payload[at]
    return ".".join(labels)


def _guard_pids(world):
    return world.client.processes("nm-killswitchd")


def _memory(world):
    """Bytes that the guard has of its own."""
    text = Path(f"/proc/{_guard_pids(world)[0]}/smaps_rollup").read_text()
    lines = [line.split() for line in text.splitlines() if line.startswith("Private_Dirty")]
    return int(lines[0][1]) * 1024


# ---- the hook ----

_LONG = "x" * 10_000
_ODD = ["", " ", ".", "..", "/", "../../etc/passwd", "a b", "a\nb", "\x01\x02", "\x1b[2J", "\x7f", "%s%n%x", "$(id)",
        "`id`", ";reboot", "tun0\n", "tun0 ", "-1", "\u00fcplink", "\u202e0nut", _LONG, "x" * 16, "x" * 41]


def _environments():
    good = {"CONNECTION_UUID": uuid_of("full"), "VPN_IP_IFACE": "tun0", "DEVICE_IP_IFACE": a.UPLINK}
    for name in good:
        for value in _ODD:
            yield good | {name: value}
        yield {key: value for key, value in good.items() if key != name}
    yield {}
    yield {"CONNECTION_UUID": uuid_of("full")}
    yield good | {"VPN_IP_IFACE": a.UPLINK}  # the uplink as the tunnel
    yield good | {"VPN_IP_IFACE": "lo"}
    yield good | {"CONNECTION_UUID": uuid_of("uplink"), "VPN_IP_IFACE": a.UPLINK}
    yield good | {f"V{number}": _LONG for number in range(100)}
    yield good | {"G_MESSAGES_DEBUG": "all", "G_DEBUG": "fatal-warnings", "LISTEN_FDS": "9", "LANG": _LONG}


def _run_hook(world, arguments, environment):
    began = time.monotonic()
    done = subprocess.run(
        ["nsenter", f"--net={world.client.path}", "--", str(world.product.hook), *arguments],
        env=environment, capture_output=True, timeout=20,
    )
    assert done.returncode in (0, 1), (arguments, environment, done)
    assert time.monotonic() - began < 10, "bounded"
    for byte in done.stderr:
        assert byte >= 0x20 or byte == 0x0A, f"nothing foreign on a terminal: {done.stderr!r}"
    assert len(done.stderr) < 2000
    return done


@pytest.mark.parametrize("action", ["vpn-up", "vpn-pre-up", "vpn-down", "up", "dhcp4-change"])
def test_hostile_environments(locked, action):
    for environment in _environments():
        _run_hook(locked, [a.UPLINK, action], environment)


def test_hostile_arguments(locked):
    for action in _ODD + ["vpn-up ", "VPN-UP", "vpn-up\n", "unlock"]:
        assert _run_hook(locked, ["tun0", action], {}).stdout == b""
    for arguments in ([], ["tun0"], ["", ""], [_LONG, _LONG], ["tun0", "vpn-up", *["x"] * 5000]):
        _run_hook(locked, arguments, {})


def test_what_is_no_event_of_ours_is_quiet(locked):
    for action in ("hostname", "connectivity", "pre-vpn", "x" * 200):
        done = _run_hook(locked, ["none", action], {"CONNECTION_UUID": _LONG})
        assert done.returncode == 0 and done.stderr == b""


# ---- the socket ----


def _header(kind=_EVENT, magic=_MAGIC, version=_VERSION, result=0, more=0):
    return _HEADER.pack(magic, version, kind, result, more)


def _event(action=_VPN_UP, uuid=b"", interface=b""):
    return _header() + _RECORD.pack(action, uuid, interface)


def _connect():
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 10, 0))
    client.connect(_SOCKET)  # waits while many others do, unlike one with a timeout of Python's
    client.settimeout(10)
    return client


def _ask(record):
    """What the guard answers to one record: its result; None if it hung up."""
    with _connect() as client:
        try:
            client.send(record)
            answer = client.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            return None
        if len(answer) < _HEADER.size:
            assert answer == b""
            return None
        magic, version, kind, result, _more = _HEADER.unpack(answer[: _HEADER.size])
        assert (magic, version, kind) == (_MAGIC, _VERSION, _REPLY)
        return result


def test_a_good_event_is_answered(locked):
    """The control: what follows is refused for what it is, not because nobody listens."""
    assert _ask(_event()) == 0
    assert _ask(_event(uuid=uuid_of("full").encode(), interface=b"tun0")) == 0


def test_ten_thousand_records_of_noise(locked):
    seed = run_seed()
    dice = random.Random(seed)
    print(f"KS_SEED={seed}")
    memory = _memory(locked)
    good = _event(uuid=uuid_of("full").encode(), interface=b"tun0")
    for number in range(10_000):
        if number % 3 == 0:
            record = dice.randbytes(dice.randrange(1, 200))
        elif number % 3 == 1:
            record = _header(kind=dice.choice([_EVENT, _CALL])) + dice.randbytes(dice.randrange(0, 300))
        else:
            damaged = bytearray(good)
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
            record = bytes(damaged)
        result = _ask(record)
        assert result is None or result <= 0, (seed, number, record)
    assert _memory(locked) - memory < 2 << 20, "it forgets who talked to it"


def test_records_cut_short_and_too_long(locked):
    good = _event(uuid=uuid_of("full").encode(), interface=b"tun0")
    for length in range(1, len(good)):
        assert _ask(good[:length]) in (None, -errno.EBADMSG), length
    for length in (len(good) + 1, _MAX - 1, _MAX, _MAX + 1, 65_536, 150_000):
        assert _ask(good + bytes(length - len(good))) in (None, -errno.EBADMSG), length


def test_headers_that_are_not_ours(locked):
    for header in (
        _header(magic=0x736B), _header(kind=0), _header(kind=_REPLY), _header(kind=255), _header(result=-1),
        _header(more=1), _header()[:-1] + b"\1",
    ):
        assert _ask(header + _event()[_HEADER.size:]) in (None, -errno.EBADMSG), header
    for version in (0, _VERSION + 1, 255):
        assert _ask(_header(version=version) + _event()[_HEADER.size:]) in (-errno.EPROTONOSUPPORT, -errno.EBADMSG)


def test_calls_that_make_no_sense(locked):
    # a serialised "(sv)": the method's name with its zero, the value, a zero, its type, and an offset
    def call(method, value=b"", kind=b"()"):
        name = method + b"\0"
        padding = bytes(-len(name) % 8)
        return _header(kind=_CALL) + name + padding + value + b"\0" + kind + bytes([len(name)])

    for payload in (
        _header(kind=_CALL), call(b""), call(b"Lock", b"\1" * 64, b"ay"), call(b"Unlock", b"", b"a{sv}"),
        call(b"SetLanAccess", b"\2", b"b"), call(b"Unlock\0Lock"), call(b"Pause", b"\xff" * 8, b"t"),
        call(b"../Unlock"), call(b"x" * 250), call(b"GetStatus", b"", b"(" * 100),
        call(b"\xff\xfe"), call(b"Unlock", bytes(10_000), b"ay"), _header(kind=_CALL) + bytes(16_000),
    ):
        result = _ask(payload)
        assert result is None or result < 0, payload


def test_clients_that_say_nothing(locked):
    """As many as there may be hold their line; the next one is not told anything wrong, and when they
    go, everything is as before."""
    silent = [_connect() for _ in range(80)]
    try:
        time_was = time.monotonic()
        for client in silent[:20]:
            client.close()
        wait_until(lambda: _ask(_event()) == 0, "an answer once there is room", 10)
        assert time.monotonic() - time_was < 10
    finally:
        for client in silent:
            client.close()
    assert _ask(_event()) == 0


def test_clients_that_do_not_listen(locked):
    """They ask for more than a socket holds and read none of it: the guard goes on without them."""
    deaf = [_connect() for _ in range(4)]
    try:
        for client in deaf:
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            for _ in range(2000):
                try:
                    client.send(_event())
                except OSError:
                    break
        assert _ask(_event()) == 0
    finally:
        for client in deaf:
            client.close()


def test_nobody_but_root_is_heard(locked):
    os.chmod(_SOCKET, 0o777)
    os.chmod("/run/nm-killswitch", 0o755)
    try:
        child = os.fork()
        if child == 0:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            try:
                answer = _ask(_event())
            except OSError:
                answer = None
            os._exit(0 if answer is None else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        os.chmod(_SOCKET, 0o600)


# ---- profiles ----

_ABSURD_REMOTES = [
    "0.0.0.0", "255.255.255.255", "127.0.0.1:1194:udp", "224.0.0.1:1194", "::", "::1", "ff02::1", "fe80::1%uplink0",
    "::ffff:192.0.2.1", "0.0.0.0/0", "192.0.2.0/24", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:1194:icmp",
    "1.2.3", "0x7f.1", "127.1", "*", "@server", "{ 0.0.0.0/0 }", "192.0.2.9; accept", "a" * 300, "a." * 200, ":::::::",
    "[", "[]", "[::", "%s%s%s%n", "vpn.example:port", "-1.example", "192.0.2.1:1194:udp:extra", "\u0430pple.example",
]


@pytest.fixture
def profile(guarded):
    made = []

    def add(name, remote):
        guarded.manager.nmcli(
            "connection", "add", "type", "vpn", "con-name", name, "ifname", "--", "vpn-type", "openvpn", "vpn.data",
            f"connection-type=static-key,static-key=/nowhere,remote={remote}", check=False,
        )
        made.append(name)

    yield add
    for name in made:
        guarded.manager.nmcli("connection", "delete", name, check=False)


def test_profiles_with_absurd_remotes(locked, profile):
    before = locked.product.status()["servers"]
    for number, remote in enumerate(_ABSURD_REMOTES):
        profile(f"absurd-{number}", remote.replace(",", "\\,"))
    wait_product(lambda: any("absurd" in warning for warning in locked.product.status()["warnings"]), "to be warned of them")
    taken = set(locked.manager.nmcli("-g", "NAME", "connection").stdout.split())
    names = {f"absurd-{number}" for number in range(len(_ABSURD_REMOTES))} & taken
    wait_product(lambda: names <= {vpn["name"] for vpn in locked.product.status()["vpns"]}, "all of them to be known")
    status = locked.product.status()
    known = [server for server in status["servers"] if server not in before]
    for server in known:
        _names_of_servers.add(server["host"].lower().rstrip("."))
        answers = (None, a.WEB[4], a.WEB[6])  # the world's DNS has an answer for every name
        assert server["address"] in answers, f"no absurd remote is an address: {server}"
    rules = locked.product.ctl("rules").stdout
    for address in ("0.0.0.0", "127.0.0.1", "224.0.0.1 .", "::1 .", "ff02::1 ."):
        assert f"\t\t{address}" not in rules and f"{{ {address}" not in rules, rules
    for warning in status["warnings"]:
        assert warning.isprintable(), repr(warning)


def test_a_profile_with_ten_thousand_remotes(locked, profile):
    """No more of them are let in than a profile may bring, and the guard stays quick."""
    remotes = [f"198.51.{number // 250 % 250}.{number % 250 + 1}:{1194 + number // 62500}" for number in range(5000)]
    profile("many", " ".join(remotes))
    # NetworkManager may refuse it; what it takes is bounded
    began = time.monotonic()
    status = locked.product.status()
    assert time.monotonic() - began < 2
    mine = [server for server in status["servers"] if server["name"] == "many"]
    assert len(mine) <= 1024


# ---- the disk ----


def _restart_with(world, state):
    world.product.stop_guard()
    world.client.run(["nft", "delete", "table", "inet", "nm_killswitch"], check=False)
    _CORRUPT.unlink(missing_ok=True)
    _STATE.unlink(missing_ok=True)
    if isinstance(state, bytes):
        _STATE.write_bytes(state)
    else:
        state()
    world.product.start_guard()


def _huge():
    with _STATE.open("w") as file:
        file.write(_UNLOCKED)
        file.truncate(1 << 40)


def _is_folder():
    _STATE.mkdir()


def _is_endless():
    _STATE.symlink_to("/dev/zero")


def _is_pipe():
    os.mkfifo(_STATE)


@pytest.mark.parametrize(
    "state",
    [
        b"", b"garbage", b"\0" * 100, random.Random(1).randbytes(2000) + b"\x1f", _UNLOCKED[:20].encode(), _UNLOCKED[:-12].encode(),
        _UNLOCKED.replace("false", "maybe").encode(), b"\xff" + _UNLOCKED.encode(), _huge, _is_folder, _is_endless, _is_pipe,
    ],
    ids=["empty", "garbage", "zeroes", "random", "cut", "cut late", "no booleans", "not text", "huge", "a folder",
         "/dev/zero", "a pipe"],
)
def test_a_state_that_cannot_be_read_is_closed(guarded, state):
    guarded.product.ctl("unlock")
    _restart_with(guarded, state)
    status = guarded.product.status()
    assert status["state"] == "blocked" and status["verified"], status
    assert not status["lan"] and status["auto_lock"]
    assert any(str(_STATE) in warning for warning in status["warnings"]), status["warnings"]
    assert _CORRUPT.exists() or _CORRUPT.is_symlink(), "what it was is kept"
    if _CORRUPT.is_dir():
        _CORRUPT.rmdir()

    # a person decides, and that is the end of it
    guarded.product.ctl("unlock")
    status = guarded.product.status()
    assert status["state"] == "unlocked"
    assert not any(str(_STATE) in warning for warning in status["warnings"]), status["warnings"]


def test_the_control_a_good_state_is_believed(guarded):
    _restart_with(guarded, _UNLOCKED.encode())
    status = guarded.product.status()
    assert status["state"] == "unlocked" and not status["auto_lock"], status
    _restart_with(guarded, _UNLOCKED.replace("locked=false", "locked=true").encode())
    assert guarded.product.status()["state"] == "blocked"


def test_a_corrupt_state_does_not_open_a_lock_in_the_kernel(guarded):
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    _STATE.write_bytes(b"\0garbage")
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "blocked"


# ---- the kernel ----

_SECCOMP_MODE_FILTER, _PR_SET_SECCOMP = 2, 22
_PR_CAPBSET_DROP, _CAP_NET_ADMIN = 24, 12
_NETLINK_NETFILTER = 12
_SYSTEM_CALL_SOCKET = {"x86_64": 41, "aarch64": 198}
_RET_ALLOW, _RET_ERRNO = 0x7FFF0000, 0x00050000


def _prctl(*arguments):
    if ctypes.CDLL(None, use_errno=True).prctl(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _without_nf_tables():
    """socket(AF_NETLINK, ..., NETLINK_NETFILTER) fails, as where the kernel has no nf_tables."""
    load, equal, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 0), (equal, 0, 5, _SYSTEM_CALL_SOCKET[platform.machine()]),
        (load, 0, 0, 16), (equal, 0, 3, socket.AF_NETLINK),
        (load, 0, 0, 32), (equal, 0, 1, _NETLINK_NETFILTER),
        (give, 0, 0, _RET_ERRNO | errno.EPROTONOSUPPORT), (give, 0, 0, _RET_ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    head = struct.pack("=H6xQ", len(program), ctypes.addressof(buffer))
    program_of = ctypes.create_string_buffer(head)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program_of))


def _without_rights():
    """Root without CAP_NET_ADMIN, as in a container that gives less."""
    _prctl(_PR_CAPBSET_DROP, _CAP_NET_ADMIN)


@pytest.fixture
def crippled(guarded):
    """A guard that was started without something; `log` is what it has said since."""
    log = log_of("crippled")
    started = []

    def start(without, state):
        guarded.product.stop_guard()
        guarded.client.run(["nft", "delete", "table", "inet", "nm_killswitch"], check=False)
        _STATE.write_text(state)
        log.unlink(missing_ok=True)

        def enter_without():
            with open(guarded.client.path) as handle:
                setns(handle.fileno(), CLONE_NEWNET)
            without()

        with log.open("wb") as output:
            guard = subprocess.Popen([str(guarded.product.guard)], preexec_fn=enter_without, stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=output)
        started.append(guard)
        wait_until(guarded.product.guard_answers, "the guard to answer")
        return guard, log

    yield start
    for guard in started:
        guard.terminate()
        assert wait_end(guard, "the guard to end") == 0, "it ends in order, too"
    _STATE.write_text(_UNLOCKED)
    guarded.product.start_guard()


@pytest.mark.parametrize(
    ("without", "words"), [(_without_nf_tables, "nf_tables"), (_without_rights, "kernel")], ids=["nf_tables", "rights"]
)
def test_a_kernel_that_cannot_lock(guarded, crippled, without, words):
    guard, log = crippled(without, _UNLOCKED)
    status = guarded.product.status()
    assert status["state"] == "broken" and not status["verified"] and not status["locked"], status
    assert any(words in warning for warning in status["warnings"]), status["warnings"]

    # nobody is told that it is locked when it is not
    asked = guarded.product.ctl("lock", check=False)
    assert asked.returncode == 1, asked
    assert words in asked.stdout, asked.stdout
    assert guarded.product.ctl("status", "--check", check=False).returncode == 5
    assert guarded.product.status()["state"] == "broken"

    done = _run_hook(guarded, ["tun0", "vpn-up"], {"CONNECTION_UUID": uuid_of("full"), "VPN_IP_IFACE": "tun0"})
    assert done.returncode == 1 and b"nm-killswitch" in done.stderr, "NetworkManager's log has it, too"
    guarded.manager.up("full")  # and nobody's VPN breaks for it
    guarded.manager.down("full")
    assert guard.poll() is None
    assert words in log.read_text(errors="replace")


def test_a_kernel_that_cannot_lock_does_not_forget(guarded, crippled):
    """It should be locked and cannot be: said, kept on disk, and done when the kernel lets it."""
    guard, _log = crippled(_without_nf_tables, _UNLOCKED.replace("locked=false", "locked=true"))
    assert guarded.product.status()["state"] == "broken"
    guard.terminate()
    wait_end(guard, "the guard to end")
    assert "locked=true" in _STATE.read_text()
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "blocked"
    guarded.product.stop_guard()
