# SPDX-License-Identifier: GPL-2.0-or-later
"""The few system calls that Python 3.11 lacks (os.unshare and os.setns came with 3.12)."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

PR_SET_PDEATHSIG = 1

_SYS_PIDFD_GETFD = 438  # on every architecture

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Moves the calling thread only (for network namespaces)."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    arguments = [a.encode() for a in (source, target, kind)]
    _check(
        _libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None),
        f"mount {kind or 'bind'} on {target}",
    )


def set_parent_death_signal(number: int) -> None:
    _check(_libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0), "prctl")


def set_thread_fsuid(uid: int) -> None:
    """Sockets made by this thread from now on belong to `uid`, as nf_tables' `meta skuid` sees it.

    Capabilities for networking stay: only the file-system ones follow the fsuid.
    """
    _libc.setfsuid(ctypes.c_uint(uid))
    # setfsuid() reports no error; asking again with an impossible uid returns the present one
    if _libc.setfsuid(ctypes.c_uint(0xFFFFFFFF)) != uid:
        raise PermissionError(f"setfsuid to {uid} was refused")


def borrow_descriptor(pid: int, number: int) -> int:
    """A descriptor of ours for what another program has open, as if it had been handed over."""
    program = os.pidfd_open(pid)
    try:
        found = _libc.syscall(_SYS_PIDFD_GETFD, program, number, 0)
    finally:
        os.close(program)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"descriptor {number} of process {pid}")
    return found
