# SPDX-License-Identifier: GPL-2.0-or-later
"""Why no VPN is up, and what status then says to do: done as it is written, until a VPN is up
(tests/advice.md). What only a journal tells is in tests/boot."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from . import addresses as a
from . import keys, profiles, router
from .network import log_of
from .test_advice import do, steps
from .waiting import wait_until

_PORT = 1203
_VERIFIER = Path("/run/world/verifier")
_NAME = f"vpn.{a.ONLY_KNOWN_NAMES}"


@pytest.fixture(scope="module")
def locked(world):
    # only this password, and only by a file: the environment has none in this mode
    _VERIFIER.write_text('#!/bin/sh\n[ "$(tail -n 1 "$1")" = right ]\n')
    _VERIFIER.chmod(0o755)
    world.outside.daemon(
        "openvpn-password",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "vpn8", "--dev-type", "tun"]
        + ["--disable-dco", "--local", a.SERVER[4], "--port", str(_PORT), "--proto", "udp", "--verb", "3"]
        + ["--server", "198.18.8.0", "255.255.255.0", "--push", "redirect-gateway def1", "--dh", "none"]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
        + ["--script-security", "2", "--auth-user-pass-verify", str(_VERIFIER), "via-file"]
        + ["--verify-client-cert", "none"],
    )
    wait_until(lambda: b"Initialization Sequence Completed" in log_of("openvpn-password").read_bytes(), "the server")
    remote = f"{a.SERVER[4]}:{_PORT}:udp"
    asks = {"connection-type": "password", "remote": remote, "ca": f"{keys.FOLDER}/ca.crt", "username": "ann"}
    profiles.write("asked", profiles.vpn("asked", asks | {"password-flags": "2"}))
    router.say_names(f"{a.SERVER[4]} {_NAME}")
    world.outside.kill("dnsmasq", signal.SIGHUP)
    profiles.write("named", profiles.vpn("named", profiles.tls(f"{_NAME}:{a.SERVER_PORT}:udp")))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("lock")
    return world


@pytest.fixture(autouse=True)
def nothing_is_up(locked):
    yield
    for name in ("full", "dead", "asked", "named"):
        if locked.manager.state_of(name):
            locked.manager.down(name)


def _type(world, command: str, answer: str) -> None:
    """As a person does on a terminal, who answers what is asked."""
    mine, its = pty.openpty()
    words = command.split()
    shown = b""
    with world.client.popen([words[0], "--wait", "40", *words[1:]], stdin=its, stdout=its, stderr=its) as program:
        os.close(its)
        try:
            while b"assword" not in shown:
                shown += os.read(mine, 1024)
            os.write(mine, f"{answer}\n".encode())
            while more := os.read(mine, 1024):
                shown += more
        except OSError:
            pass  # it has ended
        finally:
            os.close(mine)
    assert program.returncode == 0, shown.decode()


def test_a_password(locked):
    locked.manager.nmcli("--wait", "30", "connection", "up", "asked", check=False)
    assert locked.product.wait_reason("no-secrets", 20)["reason_vpn"] == "asked"
    assert steps(locked)[0] == "nmcli --ask connection up asked"
    _type(locked, steps(locked)[0], "right")
    assert locked.product.wait_state("protected")["tunnels"][0]["name"] == "asked"


def test_a_vpn_that_is_connecting(locked):
    locked.manager.begin("dead")
    locked.product.wait_reason("connecting")
    assert steps(locked)[0] == "nm-killswitch status --watch"
    watch = [str(locked.product.command), "status", "--watch"]
    with locked.client.popen(watch, stdout=subprocess.PIPE, text=True) as program:
        assert "connecting" in program.stdout.readline() + program.stdout.readline()
        locked.manager.nmcli("connection", "down", "dead")
        wait_until(lambda: "no VPN is connected" in program.stdout.readline(), "it to say so")
        program.terminate()


def test_a_program_that_fails(locked):
    locked.manager.begin("dead")
    locked.client.kill("nm-openvpn-service")
    locked.product.wait_reason("service-failed", 20)
    connect = steps(locked)[1]
    assert connect == "nmcli connection up dead"
    do(locked, connect.replace("dead", "full"))  # "or another one"
    locked.product.wait_state("protected")


def test_a_name_without_a_network(locked):
    others = [name for name in profiles.VPNS if name != "named"] + ["asked"]
    locked.manager.nmcli("connection", "delete", *others)
    locked.manager.nmcli("device", "disconnect", a.UPLINK)
    locked.product.stop_guard()
    Path("/var/lib/nm-killswitch/names").unlink(missing_ok=True)
    locked.product.start_guard()
    try:
        assert locked.product.wait_reason("name-unresolved")["reason_vpn"] == "named"
        look, connect = steps(locked)[:2]
        shown = do(locked, look).stdout
        assert [line.split()[2] for line in shown.splitlines() if line.split()[0] == a.UPLINK] == ["disconnected"]
    finally:
        locked.manager.nmcli("connection", "up", "uplink")
    locked.manager.wait_uplink()
    do(locked, connect)
    locked.product.wait_state("protected")
