#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the virtual machine's disk from a release's packages, once: prints the folder with disk, kernel
and initrd. For another release than this machine's it also builds the product there, each time, in
`product` beside them. Needs root, mmdebstrap and the package archive, so it runs before the sandbox
is entered; the packages' scripts run without any right to the machine's network."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fresh import prepare, roots  # noqa: E402
from vm import releases  # noqa: E402
from world import kernel  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build-tests/vm-disk"

_PACKAGES = """
initramfs-tools systemd-sysv udev dbus kmod procps
network-manager network-manager-openvpn openvpn nftables iproute2 python3 wireguard-tools
strongswan-nm strongswan-charon strongswan-swanctl libstrongswan-standard-plugins libcharon-extra-plugins
libjson-glib-1.0-0 libnftnl11 libmnl0 libnm0 libsystemd0
""".split()
_KERNEL = "linux-image-cloud-amd64"
# With Wi-Fi (mac80211_hwsim) and PPPoE in it, ten times as large: for all of the tests only.
_KERNEL_IN_FULL = "linux-image-amd64"
_WIFI = "wpasupplicant iw wireless-regdb dnsmasq-base busybox".split()
_PPPOE = "ppp pppoe".split()
_UPLINKS = "libteam-utils bluez-test-tools".split()
_SIZE = "2G"
# what the initial RAM disk holds besides udev: the machine's own hardware, its network card included.
# All of the kernel's drivers would take minutes to pack and to unpack. It is made once, with the kernel.
_INITRD_MODULES = "virtio_pci virtio_blk virtio_net ext4"
_INITRD_HOOK = f"""folder=$1/etc/initramfs-tools
mkdir -p $folder/conf.d $1/usr/share/initramfs-tools/modules.d
echo MODULES=list >$folder/conf.d/tests
echo update_initramfs=no >$folder/update-initramfs.conf
printf '%s\\n' {_INITRD_MODULES} >$1/usr/share/initramfs-tools/modules.d/tests"""
_FILES = {
    "/etc/hostname": "client\n",
    "/etc/fstab": "",
    "/etc/systemd/network/10-uplink.link": "[Match]\nMACAddress=02:00:00:00:00:02\n[Link]\nName=uplink0\n",
    "/etc/systemd/network/10-server.link": "[Match]\nMACAddress=02:00:00:00:00:03\n[Link]\nName=server0\n",
    "/etc/systemd/system/agent.service": """[Unit]
Description=the tests' hand in this machine
DefaultDependencies=no
After=systemd-udev-trigger.service systemd-tmpfiles-setup-dev.service
[Service]
ExecStart=/usr/bin/python3 /opt/agent.py
Restart=always
[Install]
WantedBy=sysinit.target
""",
    # from network-manager-strongswan, whose windows would bring two versions of GTK
    "/usr/lib/NetworkManager/VPN/nm-strongswan-service.name": "[VPN Connection]\nname=strongswan\n"
    "service=org.freedesktop.NetworkManager.strongswan\nprogram=/usr/lib/ipsec/charon-nm\n",
    "/etc/NetworkManager/conf.d/tests.conf": "[main]\nno-auto-default=*\n"
    "[keyfile]\nunmanaged-devices=interface-name:server0\n",
}
# what no test looks at: a boot takes its time without hardware's help
_MASKED = """
apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
systemd-timesyncd.service bluetooth.service strongswan.service strongswan-starter.service getty@tty1.service serial-getty@ttyS0.service
systemd-logind.service systemd-binfmt.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
systemd-pstore.service modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service
modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service dev-hugepages.mount dev-mqueue.mount
sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount
proc-sys-fs-binfmt_misc.automount NetworkManager-wait-online.service pptpd.service xl2tpd.service
""".split()


def _own_sources() -> list[str]:
    """This machine's own archives: what is built here runs there."""
    form = "$(REPO_URI) $(CODENAME) $(ORIGIN)"
    asked = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    listed = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = []
    for line in listed.splitlines():
        uri, suite, *origin = line.split()
        entry = f"deb {uri} {suite} main"
        if origin == ["Debian"] and entry not in lines:
            lines.append(entry)
    return lines


def _recipe(release: releases.Release) -> list[str]:
    """What mmdebstrap is told besides the packages."""
    if release == releases.own():
        return []
    return [f"--keyring={roots.keyring('debian')}", *(f"--aptopt={line}" for line in roots.apt_settings())]


def _sources(release: releases.Release) -> list[str]:
    return _own_sources() if release == releases.own() else [f"deb {roots.debian_archive()} {release.name} main"]


def _packages(release: releases.Release) -> list[str]:
    more = [_KERNEL_IN_FULL, *_WIFI, *_PPPOE, *_UPLINKS, *release.by_ppp] if os.environ.get("KS_FULL") else [_KERNEL]
    return [*_PACKAGES, *release.packages, *more]


def _key(release: releases.Release) -> str:
    text = repr([_sources(release), _packages(release)])
    for name in ("image.py", "agent.py"):
        text += Path(__file__).with_name(name).read_text()
    return f"{release.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _write_files(root: Path) -> None:
    for name, text in _FILES.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    shutil.copy(Path(__file__).with_name("agent.py"), root / "opt/agent.py")
    for name in _MASKED:
        path = root / "etc/systemd/system" / name
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/null")
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "agent.service").symlink_to("../agent.service")
    with open(root / "etc/passwd", "a") as passwd, open(root / "etc/group", "a") as group:
        passwd.write("ina:x:1000:1000::/tmp:/bin/sh\n")
        group.write("ina:x:1000:\n")
    (root / "etc/NetworkManager/dispatcher.d/01-ifupdown").unlink(missing_ok=True)  # there is no ifupdown
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("# NetworkManager writes it\n")
    (root / "etc/machine-id").write_text("0000000000000000000000000000a11e\n")


def _build(release: releases.Release, folder: Path) -> None:
    root = folder / "root"
    # a script of a package can do what it likes to the folder, and nothing to this machine's network
    chained = ["setpriv", "--bounding-set=-net_admin,-net_raw", "unshare", "--mount", "mmdebstrap"]
    options = ["--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(_packages(release))}"]
    options += _recipe(release)
    options += ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]
    options += ["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=force-unsafe-io", "--dpkgopt=force-confold"]
    options += ['--aptopt=Acquire::Languages "none"', f"--essential-hook={_INITRD_HOOK}"]
    subprocess.run([*chained, *options, release.name, str(root), *_sources(release)], check=True, stdin=subprocess.DEVNULL)
    _write_files(root)
    for name, pattern in (("vmlinuz", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        shutil.copy(sorted((root / "boot").glob(pattern))[-1], folder / name)
    make = ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=1", "-d", str(root)]
    subprocess.run([*make, str(folder / "disk"), _SIZE], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root)


_COMPILE = """set -e
cd /root/source
. tests/lib/dependencies.sh
install_dependencies build
meson setup build --prefix=/usr --buildtype=debugoptimized -Dtests=false -Dapplet=false
meson install -C build --quiet --destdir /root/product
"""
_PARTS = ("dispatcher", "polkit", "data", "po", "meson.build", "meson_options.txt")


def _source() -> str:
    """A word for what is to be built: files as they are, committed or not."""
    known = hashlib.sha256()
    parts = [REPOSITORY / part for part in _PARTS]
    for path in sorted(path for part in parts for path in (part, *part.rglob("*")) if path.is_file()):
        known.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    return known.hexdigest()


def _compile(release: releases.Release, folder: Path) -> None:
    """By the release's own compiler, against its own libraries."""
    product, built_from = folder / "product", folder / "built-from"
    if product.exists() and built_from.read_text() == _source():
        return
    root = roots.named(release.name)
    prepare.stock(root, "build")
    with roots.Copy(f"vm-{release.name}", *roots.stocked(root).layers) as copy:
        ignored = shutil.ignore_patterns("build*", ".git", "__pycache__")
        shutil.copytree(REPOSITORY, copy.root / "root/source", ignore=ignored, symlinks=True)
        built = copy.run("bash", "-c", _COMPILE, timeout=1200)
        if built.returncode != 0:
            raise SystemExit(built.stdout)
        shutil.rmtree(product, ignore_errors=True)
        shutil.copytree(copy.root / "root/product", product, symlinks=True)
    built_from.write_text(_source())


def _disk(release: releases.Release) -> Path:
    """The folder, from the cache if nothing of the recipe has changed."""
    wanted = CACHE / _key(release)
    if wanted.exists():
        return wanted
    if os.geteuid() != 0:
        raise SystemExit("making the virtual machine's disk needs root: sudo tests/run.sh vm")
    for old in CACHE.glob(f"{release.name}-*"):
        shutil.rmtree(old)
    unfinished = CACHE / f"{wanted.name}.new"
    unfinished.mkdir()
    _build(release, unfinished)
    unfinished.rename(wanted)
    return wanted


def make(release: releases.Release) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = _disk(release)
        if release != releases.own():
            _compile(release, folder)
        return folder


if __name__ == "__main__":
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    print(make(releases.chosen()))
    sys.exit(0)
