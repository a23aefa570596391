# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of `nm-killswitch export` on a client where nm-killswitch is not, held to the same leak
matrix: the guide's methods 1 and 2, with a VPN that openvpn brings up by hand.

Each variant goes through its states in the order below, in one world. The third variant,
iptables-legacy, only with KS_FULL=1; that its tables take the scripts is looked at always.
"""

import os
import re
import socket
from pathlib import Path

import pytest

from . import addresses as a
from . import exported, questions
from .by_hand import ByHand
from .exported import VARIANTS, Script
from .guests import LINK, Guest
from .kernel import set_thread_fsuid
from .matrix import Matrix
from .probes import all_kinds, seen, send
from .raw_probes import kernels_own
from .sandbox import REPOSITORY
from .waiting import wait_until

_SNAPSHOTS = sorted((REPOSITORY / "tests/unit/export").glob("*.sh"))
_UNIT = Path("/etc/systemd/system/vpn-killswitch.service")
_PERSON = 1000


# ---- what is exported ----

_AS_PERSON = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--"]


def test_what_is_exported(world):
    """By a person over the bus, by root, and by root without a guard what was set up by hand."""
    product = world.product
    product.install()
    product.start_guard()
    product.ctl("vpn", "add", "By hand", "--interface", "wg7", "--server", "203.0.113.50:51820/udp")
    words = ["export", "--format", "nft", "--vpn", "By hand"]
    made = product.ctl(*words).stdout
    assert made.startswith("#!/bin/sh\n") and 'oifname "wg7" accept' in made and "203.0.113.50" in made
    assert world.client.run([*_AS_PERSON, str(product.command), *words]).stdout == made
    refused = product.ctl("export", "--format", "nft", check=False)
    assert refused.returncode == 1 and "“full”" in refused.stdout and "“By hand”" in refused.stdout
    unknown = product.ctl("export", "--format", "nft", "--vpn", "full", check=False)
    assert unknown.returncode == 1 and "--interface" in unknown.stdout
    world.manager.up("full")
    assert f'oifname "{a.TUNNEL}" accept' in product.ctl("export", "--format", "nft").stdout, "the one that is up"
    world.manager.down("full")
    product.stop_guard()
    assert product.ctl(*words).stdout == made
    assert product.ctl("export", "--format", "nft", "--vpn", "full", check=False).returncode == 1
    for wrong in (["--format", "ufw"], []):
        assert product.ctl("export", *wrong, check=False).returncode == 2
    product.start_guard()
    product.ctl("unlock")
    product.stop_guard()
    product.remove()


# ---- the scripts ----


@pytest.fixture(scope="module")
def scripts(world):
    world.manager.wait_uplink()
    return exported.export(world)


_TRIED = VARIANTS if os.environ.get("KS_FULL") else ("nft", "iptables-nft")


@pytest.fixture(scope="module", params=_TRIED)
def script(request, world, scripts):
    made = Script(world, request.param, scripts[VARIANTS[request.param][0]])
    yield made
    made.run("disable")


@pytest.fixture(scope="module")
def matrix(world, script):
    found = Matrix(world)
    yield found
    found.close_probes()


@pytest.fixture(scope="module")
def vpn(world, script):
    tunnel = ByHand(world)
    yield tunnel
    tunnel.kill()


@pytest.fixture
def enabled(script):
    """Whatever the test before left."""
    script.run("enable")
    return script


def _connect(vpn: ByHand) -> None:
    if not vpn.is_running:
        vpn.start()
    vpn.wait_up()


# ---- the leak matrix ----


def test_unlocked_control(script, matrix):
    assert not script.is_enabled
    matrix.require_unlocked(matrix.measure("unlocked (control)", locked=False))


def test_enabled_without_the_vpn(world, enabled, matrix):
    assert enabled.is_enabled
    matrix.require_closed(matrix.measure("enabled, no tunnel", locked=True))
    matrix.require_unreachable()
    world.capture.require_neighbours()


def test_the_vpn_comes_up(enabled, matrix, vpn):
    _connect(vpn)
    matrix.require_closed(matrix.measure("tunnel up", locked=True, connected=True))
    matrix.require_tunnel()


def test_the_vpn_is_killed(world, enabled, matrix, vpn):
    _connect(vpn)
    vpn.kill()
    matrix.require_closed(matrix.measure("tunnel killed", locked=True))
    matrix.require_unreachable()


def test_the_vpn_comes_back(enabled, matrix, vpn):
    _connect(vpn)
    matrix.require_tunnel()
    vpn.kill()


def test_the_tunnel_is_set_down(world, enabled, matrix, vpn):
    """The guide's step 5."""
    _connect(vpn)
    world.client.ip(f"link set {a.TUNNEL} down")
    matrix.require_closed(matrix.measure("its link set down", locked=True))
    vpn.kill()


def test_somebody_lets_all_out_before_it(world, enabled, matrix):
    """As Docker and others put their rules first. What other tables and chains accept is not final."""
    enabled.run("enable")
    for tool in ("iptables", "ip6tables"):
        for chain in ("OUTPUT", "INPUT", "FORWARD"):
            enabled.tool(tool, "-w", "-I", chain, "1", "-j", "ACCEPT")
    try:
        matrix.require_closed(matrix.measure("let out by others", locked=True))
    finally:
        for tool in ("iptables", "ip6tables"):
            for chain in ("OUTPUT", "INPUT", "FORWARD"):
                enabled.tool(tool, "-w", "-D", chain, "-j", "ACCEPT")


def test_closed_by_the_unit_that_persist_writes(world, script, matrix):
    """Its command, as it stands there; there is no systemd in this world (tests/boot has one)."""
    script.run("disable")
    world.client.run(["mount", "-t", "tmpfs", "tmpfs", "/usr/local/sbin"])
    os.makedirs("/run/systemd/system", exist_ok=True)
    os.makedirs(_UNIT.parent, exist_ok=True)
    try:
        said = script.run("persist").stdout
        assert "at every boot" in said and not script.is_enabled
        assert script.systemctl_log.read_text() == "daemon-reload\nenable vpn-killswitch.service\n"
        program, command = re.search(r"^ExecStart=(.*)$", _UNIT.read_text(), re.M).group(1).split()
        assert os.stat(program).st_mode & 0o7777 == 0o700
        world.client.run(["systemd-analyze", "verify", str(_UNIT)])
        world.client.run([program, command], env=script.environment)
        matrix.was_open()
        matrix.require_closed(matrix.measure("closed by the unit", locked=True))
        script.run("persist", program=program)  # onto itself
        script.run("unpersist")
        assert not [f for f in (_UNIT, Path(program)) if f.exists()]
        assert not list(_UNIT.parent.glob("nftables.service.d/*"))
        assert script.is_enabled
    finally:
        world.client.run(["umount", "/usr/local/sbin"])
        os.rmdir("/run/systemd/system")


def test_containers_do_not_get_out(world, enabled):
    """What is forwarded from a guest, with the script and, as the control, without it."""
    world.client.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
    with Guest(world) as guest:
        world.client.ip(f"link add guest0 type veth peer name {LINK} netns {guest.namespace.name}")
        world.client.ip("link set guest0 up", "addr add 10.9.0.1/24 dev guest0", "addr add fd99::1/64 dev guest0 nodad")
        guest.namespace.ip(
            f"link set {LINK} up", f"addr add 10.9.0.2/24 dev {LINK}", f"addr add fd99::2/64 dev {LINK} nodad",
            "route add default via 10.9.0.1", "route add default via fd99::1",
        )
        kinds = [kind for kind in all_kinds() if not kind.bound]

        def found() -> int:
            mark = world.capture.fence()
            sent = send(guest.namespace, kinds)
            end = world.capture.fence()
            for probe in sent:
                probe.close()
            return len(seen(sent, world.capture.since(mark, end)))

        assert found() == 0
        enabled.run("disable")
        wait_until(lambda: found() > 0, "the control's probes to be forwarded")
    world.client.sysctl(ipv4__ip_forward=0, ipv6__conf__all__forwarding=0)


def test_disabled_control(script, matrix):
    script.run("disable")
    matrix.require_unlocked(matrix.measure("disabled (control)", locked=False))


# ---- the server's port is the VPN's alone ----


def _send(uid: int, port: int) -> bytes:
    canary = b"canary" + os.urandom(8).hex().encode()
    set_thread_fsuid(uid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(canary, (a.SERVER[4], port))
        except PermissionError:
            pass  # judged outside
    return canary


@pytest.mark.parametrize("locked", [False, True])
def test_a_person_cannot_use_the_servers_port(world, script, locked):
    script.run("enable" if locked else "disable")
    attempts = [(0, a.SERVER_PORT, True), (_PERSON, a.SERVER_PORT, False), (100000, a.SERVER_PORT, False), (0, 1196, False)]
    mark = world.capture.fence()
    canaries = [world.client.call(_send, uid, port) for uid, port, _ in attempts]
    frames = [frame.data for frame in world.capture.since(mark, world.capture.fence())]
    for canary, (uid, port, allowed) in zip(canaries, attempts):
        assert any(canary in data for data in frames) == (allowed or not locked), f"uid {uid} to port {port}"
    assert (kernels_own(world) == 0) == locked, "a socket of nobody's"


# ---- other people's rules ----

_FOREIGN_NFT = """
table inet theirs {
    set blocked { type ipv4_addr; elements = { 203.0.113.66 } }
    chain out { type filter hook output priority 10; policy accept; ip daddr @blocked drop; }
}
"""
_FOREIGN = """*filter
:THEIRS - [0:0]
-A OUTPUT -p tcp --dport 6666 -j THEIRS
-A FORWARD -j THEIRS
-A THEIRS -j DROP
COMMIT
*mangle
:THEIRS - [0:0]
-A POSTROUTING -p tcp --dport 6666 -j THEIRS
-A INPUT -p tcp --dport 6666 -j THEIRS
-A THEIRS -j MARK --set-mark 7
COMMIT
*nat
-A POSTROUTING -p tcp --dport 6666 -j MASQUERADE
COMMIT
"""


def _all_rules(script: Script) -> str:
    text = script.tool("nft", "-s", "list", "ruleset")
    for tool in ("iptables-save", "ip6tables-save"):
        text += script.tool(tool)
    return "\n".join(line for line in re.sub(r"\[\d+:\d+\]", "", text).splitlines() if not line.startswith("#"))


@pytest.fixture
def foreign(world, script):
    """Rules of others, in every table that a script uses, and in one that it does not."""
    script.run("disable")
    world.client.run(["nft", "-f", "-"], input=_FOREIGN_NFT)
    tools = ("iptables", "ip6tables")
    for tool in tools:
        world.client.run([f"{tool}-restore", "-w", "--noflush"], input=_FOREIGN, env=script.environment)
    yield
    world.client.run(["nft", "delete", "table", "inet", "theirs"])
    for tool in tools:
        for table in ("filter", "mangle", "nat"):
            script.tool(tool, "-w", "-t", table, "-F")
            script.tool(tool, "-w", "-t", table, "-X")


def test_the_rules_of_others_are_untouched(script, foreign):
    before = _all_rules(script)
    script.run("enable")
    between = _all_rules(script)
    script.run("enable")
    assert _all_rules(script) == between, "a second time changes nothing"
    assert between != before
    assert set(before.splitlines()) <= set(between.splitlines())
    script.run("disable")
    assert _all_rules(script) == before
    script.run("disable")
    assert _all_rules(script) == before, "a second time changes nothing"


def test_what_others_refuse_stays_refused(world, enabled):
    """It accepts nothing for the rules of others: they come after its own."""
    for tool in ("iptables", "ip6tables"):
        enabled.tool(tool, "-w", "-A", "OUTPUT", "-o", "lo", "-p", "tcp", "--dport", "7777", "-j", "REJECT")

    def refused() -> bool:
        with world.client.socket(socket.AF_INET, socket.SOCK_STREAM) as tried, world.client.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.bind(("127.0.0.1", 7777))
            server.listen()
            tried.settimeout(5)
            return tried.connect_ex(("127.0.0.1", 7777)) != 0

    assert refused()
    for tool in ("iptables", "ip6tables"):
        enabled.tool(tool, "-w", "-D", "OUTPUT", "-o", "lo", "-p", "tcp", "--dport", "7777", "-j", "REJECT")
    assert not refused()


# ---- what it says of itself ----


def test_what_was_changed_is_told_and_put_back(script):
    script.run("enable")
    if VARIANTS[script.path.stem][0] == "nft":
        script.tool("nft", "insert", "rule", "inet", "vpn_killswitch", "output", "accept")
    else:
        script.tool("ip6tables", "-w", "-D", "OUTPUT", "-j", "KS-OUT")
    told = script.run("status", check=False)
    assert told.returncode == 1 and "Changed" in told.stdout
    script.run("enable")
    assert script.is_enabled


def test_wrong_words_change_nothing(world, script):
    script.run("disable")
    for command in ("on", "", "enable now"):
        told = world.client.run(["sh", str(script.path), *command.split()], check=False, env=script.environment)
        assert told.returncode == 2 and "Usage:" in told.stdout
    assert not script.is_enabled


@pytest.mark.parametrize("snapshot", _SNAPSHOTS, ids=lambda path: path.stem)
def test_every_expected_script_loads(world, snapshot):
    """LAN access, WireGuard, both families, no ports: what is expected is taken by the tools."""
    for variant, (name, _) in VARIANTS.items():
        if not snapshot.stem.endswith(name):
            continue
        made = Script(world, variant, snapshot.read_text())
        made.run("enable")
        assert made.is_enabled
        made.run("disable")
        assert not made.is_enabled
    assert questions.my_address(world.client, 4)
