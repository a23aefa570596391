# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sits at the other end of an SSH connection is told before the lock cuts it: asked on a terminal, and
warned in status. Its variable is as sshd(8) sets it; sudo takes that away."""

import os
import pty
import select
import time

import pytest

from . import addresses as a


@pytest.fixture(scope="module")
def guarded(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    return world


@pytest.fixture
def unlocked(guarded):
    guarded.product.ctl("unlock")
    yield guarded
    guarded.product.ctl("unlock")


def _uplink(world, family: int = 4) -> str:
    prefix = {4: "192.0.2.", 6: "2001:db8:2:"}[family]
    return next(address for address in world.client.addresses(a.UPLINK) if address.startswith(prefix))


def _session(world, own: str | None = None, client: str = a.WEB[4]) -> str:
    return f"SSH_CONNECTION={client} 50022 {own or _uplink(world)} 22"


def _on_a_terminal(world, session: str, answer: bytes, *words: str, by_sudo: bool = False) -> tuple[int, str]:
    """What it says there, and its exit status; a question is answered."""
    program = [str(world.product.command), *words]
    if by_sudo:
        program = ["sh", "-c", 'env --unset=SSH_CONNECTION "$@"; exit $?', "sh", *program]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["LC_ALL"] = "C.UTF-8"
        os.execvp("nsenter", ["nsenter", f"--net={world.client.path}", "--", "env", session, *program])
    said, answered = b"", False
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                said += os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
        elif said.rstrip().endswith(b"[y/N]") and not answered:
            os.write(terminal, answer)
            answered = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode(errors="replace")


@pytest.mark.parametrize("by_sudo", [False, True], ids=["itself", "sudo"])
@pytest.mark.parametrize("family", a.FAMILIES)
def test_it_is_asked(unlocked, family, by_sudo):
    session = _session(unlocked, _uplink(unlocked, family), a.WEB[family])
    status, said = _on_a_terminal(unlocked, session, b"n\n", "lock", by_sudo=by_sudo)
    assert status == 1 and f"SSH from {a.WEB[family]}" in said and "still open" in said, said
    assert unlocked.product.status()["state"] == "unlocked"
    status, said = _on_a_terminal(unlocked, session, b"\n", "lock", by_sudo=by_sudo)
    assert status == 1 and unlocked.product.status()["state"] == "unlocked", said
    status, said = _on_a_terminal(unlocked, session, b"y\n", "lock", by_sudo=by_sudo)
    assert status == 0 and unlocked.product.status()["state"] == "blocked", said
    status, said = _on_a_terminal(unlocked, session, b"", "lock", by_sudo=by_sudo)  # locked: nothing is cut any more
    assert status == 0 and "[y/N]" not in said, said


def test_nobody_else_is_asked(unlocked):
    world = unlocked
    world.manager.up("full")
    through_vpn = next(address for address in world.client.addresses(a.TUNNEL) if ":" not in address)
    sessions = [_session(world, through_vpn), _session(world, "127.0.0.1", "127.0.0.1"), _session(world, a.WEB[4])]
    sessions += ["SSH_CONNECTION=nonsense", "SSH_CONNECTION=1 2 3 4 5", "NOTHING=1"]
    for session in sessions:
        world.product.ctl("unlock")
        status, said = _on_a_terminal(world, session, b"", "lock")
        assert status == 0 and "[y/N]" not in said, (session, said)
    world.manager.nmcli("connection", "down", "full")


def test_a_neighbour_with_lan_access_is_not_asked(unlocked):
    session = _session(unlocked, a.PRIVATE_CLIENT[4], a.PRIVATE_ROUTER[4])
    status, said = _on_a_terminal(unlocked, session, b"n\n", "lock")
    assert status == 1 and "[y/N]" in said, said  # the control
    unlocked.product.ctl("lan", "on")
    try:
        status, said = _on_a_terminal(unlocked, session, b"", "lock")
        assert status == 0 and "[y/N]" not in said, said
    finally:
        unlocked.product.ctl("lan", "off")


def test_programs_are_not_asked_and_status_warns(unlocked):
    world = unlocked

    def run(*words: str) -> str:
        return world.client.run(["env", _session(world), str(world.product.command), *words], stdin=-3).stdout

    assert "by SSH from" in " ".join(run("status").split())
    assert "by SSH from" in run("status", "--json")
    assert "by SSH from" not in world.product.ctl("status").stdout  # the control: no session
    assert "Blocked" in run("lock")
    assert "by SSH from" not in run("status")
