# SPDX-License-Identifier: GPL-2.0-or-later
"""Bare systems of other releases, each made once from its own packages and cached, and copies of
them (overlays) in which things are installed and which are removed afterwards.

Everything in here that talks to the network does so as apt in a root of its own, without the right
to change a rule or an address. What is run later in the copies has a network namespace without a
way out: all packages were fetched before."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from world import kernel

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build-tests/fresh"
KEYRINGS = Path("/usr/share/keyrings")


@dataclass(frozen=True)
class Release:
    name: str  # as its archive calls it, and mmdebstrap
    title: str
    vendor: str


RELEASES = (
    Release("bookworm", "Debian 12", "debian"),
    Release("trixie", "Debian 13", "debian"),
    Release("forky", "Debian testing", "debian"),
    Release("noble", "Ubuntu 24.04", "ubuntu"),
    Release("resolute", "Ubuntu 26.04", "ubuntu"),
    Release("stonking", "Ubuntu 26.10", "ubuntu"),
)
# Where the keys of the others' archives are: Debian 12 has no package of Ubuntu's, later ones do.
_KEYS = {
    "debian": ("debian-archive-keyring.gpg", "debian-archive-keyring"),
    "ubuntu": ("ubuntu-archive-keyring.gpg", "ubuntu-keyring"),
}
_ARCHIVE = "http://deb.debian.org/debian"
_UBUNTU = "http://archive.ubuntu.com/ubuntu"  # mmdebstrap finds it for releases that are older than its own data alone
_KEYS_FROM = "trixie"  # whose packages bring both
# What a root lacks to be switched on by systemd-nspawn; the rest comes with the product's own needs.
TO_BOOT = ("systemd-sysv", "libpam-systemd")
# What GNOME Shell needs to be looked at, beside what compiles the product.
SHELL = ("gnome-shell", "gnome-shell-extension-appindicator", "gjs", "dbus", "libgl1-mesa-dri", "adwaita-icon-theme")
_NO_NETWORK_RIGHTS = ("setpriv", "--bounding-set=-net_admin,-net_raw")
# No test reads the packages' documentation. In a file: mmdebstrap would filter by itself, and slowly.
_LEAN = "path-exclude=/usr/share/doc/*\\npath-exclude=/usr/share/locale/*\\nforce-unsafe-io\\n"
_LEAN_HOOK = f"--customize-hook=printf '{_LEAN}' >$1/etc/dpkg/dpkg.cfg.d/tests"


def chosen() -> list[Release]:
    """All with KS_FULL=1, those that KS_FRESH names, else one: another one every day."""
    asked = os.environ.get("KS_FRESH", "").split()
    unknown = set(asked) - {release.name for release in RELEASES}
    if unknown:
        raise SystemExit(f"KS_FRESH: no such release: {' '.join(sorted(unknown))}")
    if asked:
        return [release for release in RELEASES if release.name in asked]
    if os.environ.get("KS_FULL"):
        return list(RELEASES)
    return [RELEASES[date.today().toordinal() % len(RELEASES)]]


def named(name: str) -> Release:
    return next(release for release in RELEASES if release.name == name)


def _run(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(["nice", *_NO_NETWORK_RIGHTS, *arguments], check=True, stdin=subprocess.DEVNULL, **options)


def apt_settings() -> list[str]:
    """How this machine's apt reaches its archive, and how old that may be (a snapshot is), holds for theirs."""
    names = ("Acquire::Check-Valid-Until ", "Acquire::Check-Date ", "Acquire::http::Proxy ", "Acquire::https::Proxy ")
    dumped = subprocess.run(["apt-config", "dump"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return ['Acquire::Languages "none"', *(line for line in dumped.splitlines() if line.startswith(names))]


def debian_archive() -> str:
    """Where this machine's own packages come from, for which it need not be Debian 12; Debian's own archive for others."""
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout
    return next((line.split()[1] for line in listed.splitlines() if line.startswith("Debian ")), _ARCHIVE)


def keyring(vendor: str) -> Path:
    """This machine's own, or the one out of a package that Debian signed."""
    name, package = _KEYS[vendor]
    if (KEYRINGS / name).exists():
        return KEYRINGS / name
    kept = CACHE / "keyrings" / name
    if not kept.exists():
        folder = CACHE / "keyrings/apt"
        shutil.rmtree(folder, ignore_errors=True)
        for each in ("state/lists/partial", "cache/archives/partial", "unpacked"):
            (folder / each).mkdir(parents=True)
        (folder / "list").write_text(f"deb [signed-by={KEYRINGS}/{_KEYS['debian'][0]}] {debian_archive()} {_KEYS_FROM} main\n")
        apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", f"Dir::State={folder}/state"]
        apt += ["-o", f"Dir::Cache={folder}/cache", "-o", f"Dir::Etc::sourcelist={folder}/list", "-o", "Dir::Etc::sourceparts=-"]
        _run(*apt, "update", stdout=subprocess.DEVNULL)
        _run(*apt, "download", package, stdout=subprocess.DEVNULL, cwd=folder)
        [deb] = folder.glob("*.deb")
        _run("dpkg-deb", "--extract", str(deb), str(folder / "unpacked"))
        shutil.copyfile(folder / "unpacked/usr/share/keyrings" / name, kept)
        shutil.rmtree(folder)
    return kept


def bare(release: Release) -> Path:
    """Its essential packages, apt, and the certificates that its archive may need; nothing else."""
    # Ubuntu does not count apt among what is required
    recipe = ["--mode=root", "--variant=minbase", "--include=apt,ca-certificates"]
    archives = []
    if release.vendor == "ubuntu":  # as it installs itself
        suites = [release.name + pocket for pocket in ("", "-updates", "-security")]
        archives = [f"deb {_UBUNTU} {suite} main restricted universe multiverse" for suite in suites]
    recipe += [*(f"--aptopt={line}" for line in apt_settings()), "--dpkgopt=force-unsafe-io", _LEAN_HOOK]
    key = hashlib.sha256(repr([release, recipe, archives]).encode()).hexdigest()[:16]
    wanted = CACHE / "roots" / f"{release.name}-{key}"
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with open(wanted.parent / f"{release.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            for old in wanted.parent.glob(f"{release.name}-*"):
                shutil.rmtree(old)
            unfinished = wanted.parent / f"{release.name}-{key}.new"
            # in a mount namespace of its own: what mmdebstrap mounts goes with it
            made = ["unshare", "--mount", "mmdebstrap", *recipe, f"--keyring={keyring(release.vendor)}"]
            _run(*made, release.name, str(unfinished), *archives)
            unfinished.rename(wanted)
    return wanted


class Copy:
    """What is written to it lies in a folder of its own, above the layers below, uppermost first."""

    def __init__(self, name: str, *below: Path, kept: Path | None = None):
        self._folder = CACHE / "copies" / name
        self._is_kept = kept is not None
        self.written = kept or self._folder / "written"
        self.root = self._folder / "root"
        self.layers = [self.written, *below]

    def __enter__(self) -> "Copy":
        shutil.rmtree(self._folder, ignore_errors=True)
        work = self.written.with_name(f"{self.written.name}.work")
        for folder in (self.written, self.root, work):
            folder.mkdir(parents=True, exist_ok=True)
        lower = ":".join(map(str, self.layers[1:]))
        options = f"lowerdir={lower},upperdir={self.written},workdir={work},redirect_dir=off,metacopy=off,index=off"
        kernel.mount("overlay", str(self.root), "overlay", options=options)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.root)], check=True)
        shutil.rmtree(self._folder)
        shutil.rmtree(self.written.with_name(f"{self.written.name}.work"), ignore_errors=True)

    def apt(self, *arguments: str) -> None:
        """With this machine's network, as it is: apt may read from it and change nothing of it."""
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        _run("chroot", str(self.root), "apt-get", *arguments, stdout=subprocess.DEVNULL)

    def chroot(self, *command: str) -> str:
        """Reads something in there."""
        return _run("chroot", str(self.root), *command, stdout=subprocess.PIPE, text=True).stdout

    def run(self, *command: str, timeout: float) -> subprocess.CompletedProcess:
        """A command in there, with a network namespace, processes, devices and files of its own."""
        entered = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "sh"]
        with subprocess.Popen(
            [*entered, str(self.root), *command], text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:
            try:
                said, _ = process.communicate(timeout=timeout)
            except BaseException:
                _end(process)
                raise
            return subprocess.CompletedProcess(process.args, process.returncode, said)


def _end(process: subprocess.Popen) -> None:
    """unshare comes back when the kernel has ended all in its namespace, so that nobody writes into a copy while it is
    removed."""
    if process.poll() is None:
        inside = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for each in inside or [process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)
        process.wait()


def clone(target: Path) -> None:
    """A clean clone; of what is not committed nothing comes along."""
    if (REPOSITORY / ".git").exists() and shutil.which("git"):
        subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{REPOSITORY}", str(target)], check=True)
    else:
        shutil.copytree(REPOSITORY, target, ignore=shutil.ignore_patterns("build*", "__pycache__"), symlinks=True)


def stocked(release: Release) -> Copy:
    """The layer with what apt has fetched; it is kept, and brought up to date by every run."""
    root = bare(release)
    return Copy(f"stock-{release.name}", root, kept=CACHE / "stock" / root.name)


_ENTER = """
set -e
root=$1
shift
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
cd "$root/dev"
mkdir net shm pts
mknod -m 666 null c 1 3
mknod -m 666 zero c 1 5
mknod -m 666 full c 1 7
mknod -m 666 random c 1 8
mknod -m 666 urandom c 1 9
mknod -m 666 tty c 5 0
mknod -m 666 net/tun c 10 200
mount -t devpts -o newinstance,ptmxmode=666 devpts pts
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
cd /
ip link set lo up
exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
"""
