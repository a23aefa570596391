# SPDX-License-Identifier: GPL-2.0-or-later
"""Real containers: podman from the distribution with its own bridge and translation (netavark),
rootless networking (slirp4netns), and a libvirt-style bridge whose guests ask dnsmasq for
their addresses and names. They work through the tunnel; when it drops nothing of theirs gets out.

podman runs in the world itself, without systemd-nspawn around it: its image, bridge and rules are
the same, and its control groups are switched off (the world has none of its own).
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from . import probes, tiny_image
from .network import Namespace
from .tiny_image import BUSYBOX
from .waiting import wait_until

_FOLDER = Path("/run/world/podman")
_PODMAN = ["podman", f"--root={_FOLDER}/root", f"--runroot={_FOLDER}/run", f"--tmpdir={_FOLDER}/tmp"]
_PODMAN += ["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=file", "--runtime=crun"]
_PERSON = 1000
# busybox's wget needs a C library beside it; this asks the web as well, and prints the last line
_ASK = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | {BUSYBOX} nc -w 5 {a.WEB[4]} {a.HTTP_PORT} | {BUSYBOX} tail -n 1"
# Bounded by its own clock: busybox's nc waits for the other end for ever, and what a lock has cut off between
# its last packet and the answer is never told so, as it has nothing more to send.
_CHATTER = f"while :; do echo container-canary | {BUSYBOX} timeout 2 {BUSYBOX} nc {a.WEB[4]} {a.ECHO_PORT}; done"


class Borrowed(Namespace):
    """A namespace that somebody else made: for programs and sockets of ours in it."""

    def __init__(self, path: str):
        self.name, self.path = path, path
        self._programs = []
        self._inode = os.stat(path).st_ino


def _image() -> str:
    tiny_image.fill(_FOLDER / "rootfs")
    archive = f"{_FOLDER}/rootfs.tar"
    subprocess.run(["tar", "-C", f"{_FOLDER}/rootfs", "-cf", archive, "."], check=True)
    return archive


class Podman:
    def __init__(self, world):
        self._world = world
        shutil.rmtree(_FOLDER, ignore_errors=True)
        self.run("import", _image(), "tiny")
        where = ["--name=c", f"--dns={a.PUBLIC_DNS[4]}", "--cgroups=disabled"]
        self.run("run", "--detach", *where, "tiny", "/bin/sleep", "100000")
        pid = self.run("inspect", "c", "--format={{.State.Pid}}").split()[-1]
        self.namespace = Borrowed(f"/proc/{pid}/ns/net")

    def run(self, *arguments: str, check: bool = True) -> str:
        return self._world.client.run([*_PODMAN, *arguments], check=check, stdin=subprocess.DEVNULL).stdout

    def my_address(self) -> str:
        """What the web says, to a program in the container; its error if it cannot be reached."""
        return self.run("exec", "c", "/bin/sh", "-c", _ASK, check=False).strip()

    def talk(self) -> subprocess.Popen:
        """A program in the container's network that never gives up."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return self.namespace.popen([BUSYBOX, "sh", "-c", _CHATTER], start_new_session=True, **options)

    def close(self) -> None:
        self.run("rm", "--force", "--time=0", "c", check=False)


@pytest.fixture(scope="module")
def host(world):
    subprocess.run(["mount", "-t", "cgroup2", "-o", "ro", "none", "/sys/fs/cgroup"], check=False)
    world.client.sysctl(ipv4__ip_forward=1)
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    yield world
    world.manager.all_down()
    subprocess.run(["umount", "/sys/fs/cgroup"], check=False)


@pytest.fixture(scope="module")
def podman(host):
    made = Podman(host)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def open_again(host):
    yield
    host.manager.all_down()
    host.product.ctl("unlock")


def _lock_with_vpn(host) -> None:
    host.product.ctl("lock")
    host.manager.up("full")
    host.product.wait_state("protected")


def _canaries(frames, canary: bytes = b"container-canary") -> int:
    return sum(canary in frame.data for frame in frames)


def test_a_container_works_through_the_tunnel(host, podman):
    uplink = host.client.addresses(a.UPLINK)
    assert podman.my_address() in uplink, "the control: without a lock it is translated to the uplink's address"
    _lock_with_vpn(host)
    mark = host.capture.fence()
    assert podman.my_address() in host.client.addresses(a.TUNNEL)
    assert a.WEB[4] in podman.run("exec", "c", "/bin/nslookup", "www.example", a.PUBLIC_DNS[4])
    assert host.capture.plain(mark, host.capture.fence()) == []


def test_nothing_of_a_container_leaves_when_the_tunnel_drops(host, podman):
    """It talks all the time; and every kind of packet is tried besides."""
    mark = host.capture.fence()
    talking = podman.talk()
    try:
        wait_until(lambda: _canaries(host.capture.since(mark)), "the control: the container is seen outside")
        _lock_with_vpn(host)
        mark = host.capture.fence()
        host.client.kill("openvpn")
        wait_until(lambda: not host.client.has_link(a.TUNNEL), "the tunnel to be gone")
        host.product.wait_state("blocked")
        sent = probes.send(podman.namespace, [k for k in probes.all_kinds() if k.family == 4 and not k.bound])
        time.sleep(1.5)  # a second of its talk in this state
        end = host.capture.fence()
        assert probes.seen(sent, host.capture.since(mark, end)) == []
        assert host.capture.plain(mark, end) == []
        assert podman.my_address() not in host.client.addresses(a.UPLINK)

        host.product.ctl("unlock")
        mark = host.capture.mark()
        wait_until(lambda: _canaries(host.capture.since(mark)), "the container to be seen again: it never stopped")
        assert talking.poll() is None
        for probe in sent:
            probe.close()
    finally:
        os.killpg(talking.pid, signal.SIGKILL)
        talking.wait()


_AS_PERSON = ["setpriv", f"--reuid={_PERSON}", f"--regid={_PERSON}", "--clear-groups", "--"]
_ASKING = [BUSYBOX, "sh", "-c", _ASK]


def _by_slirp4netns(client: Namespace) -> str:
    """As rootless podman does it: a user namespace with a network of its own, and a program beside it."""
    inside = client.popen([*_AS_PERSON, "unshare", "--user", "--map-root-user", "--net", "sleep", "60"])
    enter = ["nsenter", f"--target={inside.pid}", "--user", "--net", "--preserve-credentials", "--"]
    try:
        # unshare has become what it was told to: before, nobody but root may look at its namespaces
        program = Path(f"/proc/{inside.pid}/comm")
        wait_until(lambda: program.read_text() == "sleep\n", "its namespace")
        slirp = client.popen([*_AS_PERSON, "slirp4netns", "--configure", str(inside.pid), "tap0"])
        try:
            shown = [*enter, "ip", "route", "show", "default"]
            wait_until(lambda: "tap0" in subprocess.run(shown, capture_output=True, text=True).stdout, "slirp4netns")
            return subprocess.run([*enter, *_ASKING], capture_output=True, text=True).stdout
        finally:
            slirp.kill()
            slirp.wait()
    finally:
        inside.kill()
        inside.wait()


def test_a_rootless_network(host):
    """A network that no root made: its packets are those of a program of a person's."""

    def told() -> set[str]:
        return set(_by_slirp4netns(host.client).split())

    found = wait_until(told, "an answer: the control")
    assert found <= set(host.client.addresses(a.UPLINK)), f"the control: {found}"
    _lock_with_vpn(host)
    mark = host.capture.fence()
    found = wait_until(told, "an answer")
    assert found <= set(host.client.addresses(a.TUNNEL)), found
    host.manager.down("full")
    host.product.wait_state("blocked")
    assert not told() & set(host.client.addresses(a.UPLINK))
    assert host.capture.plain(mark, host.capture.fence()) == []


_VIRBR = "virbr0"
_LEASE_SCRIPT = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/24" dev eth0
ip route add default via "$router" dev eth0
echo "$dns" > /run/world/guest-dns
"""


@pytest.fixture
def libvirt(host):
    """What libvirt's default network is: a bridge, dnsmasq on it, and a translation in nftables."""
    host.client.ip(f"link add {_VIRBR} type bridge", f"addr add 10.122.0.1/24 dev {_VIRBR}", f"link set {_VIRBR} up")
    rule = f'oifname != "{_VIRBR}" ip saddr 10.122.0.0/24 masquerade'
    chain = f"chain guest_nat {{\ntype nat hook postrouting priority srcnat\n{rule}\n}}"
    host.client.run(["nft", "-f", "-"], input=f"table ip libvirt {{\n{chain}\n}}\n")
    dnsmasq = ["dnsmasq", "--keep-in-foreground", "--no-hosts", "--bind-interfaces", f"--interface={_VIRBR}"]
    dnsmasq += ["--except-interface=lo", "--user=root", "--leasefile-ro", "--no-ping", "--dhcp-authoritative"]
    dnsmasq += ["--dhcp-range=10.122.0.50,10.122.0.60,2m", "--no-resolv", f"--server={a.PUBLIC_DNS[4]}"]
    serving = host.client.daemon("virbr-dnsmasq", dnsmasq)
    guest = Namespace("vm")
    host.client.ip(
        f"link add vnet0 type veth peer name eth0 netns {guest.name}",
        f"link set vnet0 master {_VIRBR}",
        "link set vnet0 up",
    )
    guest.ip("link set eth0 up")
    yield guest
    guest.close()
    serving.terminate()
    serving.wait(10)
    host.client.ip(f"link del {_VIRBR}")
    host.client.run(["nft", "delete", "table", "ip", "libvirt"])


def test_a_libvirt_network_lives_on(host, libvirt):
    """Its guests get addresses and names from this machine, also while locked; the rest is the VPN's."""
    _lock_with_vpn(host)
    mark = host.capture.fence()
    script = Path("/run/world/lease.sh")
    script.write_text(_LEASE_SCRIPT)
    script.chmod(0o755)
    libvirt.run([BUSYBOX, "udhcpc", "-i", "eth0", "-t", "10", "-n", "-q", "-f", "-s", str(script)])
    assert Path("/run/world/guest-dns").read_text().strip() == "10.122.0.1"
    answer = libvirt.run([BUSYBOX, "nslookup", "www.example", "10.122.0.1"]).stdout
    assert a.WEB[4] in answer, answer
    asked = libvirt.run(_ASKING).stdout.strip()
    assert asked in host.client.addresses(a.TUNNEL)

    host.manager.down("full")
    host.product.wait_state("blocked")
    sent = probes.send(libvirt, [k for k in probes.all_kinds() if k.family == 4 and not k.bound])
    end = host.capture.fence()
    assert probes.seen(sent, host.capture.since(mark, end)) == [] and host.capture.plain(mark, end) == []
    libvirt.run([BUSYBOX, "udhcpc", "-i", "eth0", "-t", "10", "-n", "-q", "-f", "-s", "/bin/true"])  # still served

    host.product.ctl("unlock")
    mark = host.capture.fence()
    sent += probes.send(libvirt, [k for k in probes.all_kinds() if k.family == 4 and k.what == "UDP" and not k.bound])
    wait_until(lambda: probes.seen(sent[-2:], host.capture.since(mark)) == sent[-2:], "the control to be seen")
    for probe in sent:
        probe.close()
