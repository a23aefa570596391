# SPDX-License-Identifier: GPL-2.0-or-later
"""A program without any right opens every kind of socket that this kernel has for it, or loads a
module for, and sends by each in every way that it knows. Runs by itself, on the client:

    sockets.py LINK MAC CANARY ADDRESS PORT [ADDRESS PORT]...

The canary begins with CANARY and ends with family, type and protocol. Says "FAMILY TYPE PROTOCOL" of each
kind that could be opened, in lines, and "io_uring" if the kernel lets this program have one."""

import ctypes
import itertools
import mmap
import os
import random
import signal
import socket
import struct
import sys
import time

_LIBC = ctypes.CDLL(None, use_errno=True)
_FAMILIES = range(1, 64)
_TYPES = (1, 2, 3, 4, 5, 6, 10)  # stream, datagram, raw, RDM, seqpacket, DCCP, packet
_PROTOCOLS = (*range(34), 41, 47, 50, 51, 58, 97, 103, 108, 115, 132, 136, 137, 143, 255, 256, 262, 0x0300, 0x888E)
_UNIX, _INET, _INET6 = 1, 2, 10
_NONBLOCK, _CLOEXEC = socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC
_DONTWAIT, _NOSIGNAL, _FASTOPEN = 0x40, 0x4000, 0x20000000
_RXRPC, _USER_CALL = 272, 1
_EACH_SECONDS = 60  # for one family, whatever its sockets do; an emulated machine is slow

# of PPPoE, PPTP, RxRPC, TIPC: struct sockaddr_pppox, sockaddr_rxrpc, sockaddr_tipc
_PPPOX, _PPPOX_KINDS = 24, (0, 1, 2)
_RXRPC_FAMILY = 33


def _inet(family: int, address: str, port: int) -> bytes:
    """As of this family, whatever the address is of."""
    if ":" in address:
        return struct.pack("=H", family) + struct.pack("!HI", port, 0) + socket.inet_pton(socket.AF_INET6, address) + bytes(4)
    return struct.pack("=H", family) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)


def _rxrpc(address: str, port: int) -> bytes:
    inner = _inet(_INET6 if ":" in address else _INET, address, port)
    whole = struct.pack("=HHHH", _RXRPC_FAMILY, 1, 2, len(inner)) + inner
    return whole.ljust(36, b"\0")  # net/rxrpc/af_rxrpc.c refuses what is shorter than room for IPv6


def _pppox(kind: int, link: str, mac: bytes, address: str) -> bytes:
    if kind == 2 and ":" not in address:
        return struct.pack("=HI", _PPPOX, kind) + struct.pack("=H2x", 7) + socket.inet_aton(address)
    return struct.pack("=HI", _PPPOX, kind) + struct.pack("!H", 0x1234) + mac + link.encode().ljust(16, b"\0")


def _addresses(family: int, link: str, mac: bytes, places: list[tuple[str, int]]) -> list[bytes]:
    index = socket.if_nametoindex(link)
    made = [_inet(as_, *place) for place in places for as_ in {family, _INET6 if ":" in place[0] else _INET}]
    made += [_rxrpc(*place) for place in places]
    made += [_pppox(kind, link, mac, place[0]) for kind in _PPPOX_KINDS for place in places]
    made += [
        struct.pack("=H", family) + struct.pack("!H", 0x0800) + struct.pack("=iHBB", index, 1, 0, 6) + mac + bytes(2),
        struct.pack("=HHI", family, 0, index) + mac.ljust(8, b"\0"),
        struct.pack("=HBBIII", family, 2, 2, 4711, 1, 0),  # TIPC: a service, and a range of them for all
        struct.pack("=HBBIII", family, 1, 2, 4711, 0, 0xFFFFFFFF),
        struct.pack("=HHII", family, 0, 0xFFFFFFFF, 0xFFFFFFFF),
        struct.pack("=HHII", family, 0, 4711, 2),
        struct.pack("=H", family) + bytes(26),
    ]
    chance = random.Random(family)
    made += [struct.pack("=H", family) + chance.randbytes(size) for size in (6, 14, 26, 62, 126)]
    return made


class _Message(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("name_size", ctypes.c_uint), ("parts", ctypes.c_void_p), ("part_count", ctypes.c_size_t),
        ("control", ctypes.c_char_p), ("control_size", ctypes.c_size_t), ("flags", ctypes.c_int),
    ]  # fmt: skip


class _Part(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


def _message(data: bytes, to: bytes, control: bytes = b"") -> tuple[_Message, _Part]:
    part = _Part(data, len(data))
    return _Message(to or None, len(to), ctypes.addressof(part), 1, control or None, len(control), 0), part


def _send_all_ways(fd: int, data: bytes, to: bytes) -> None:
    """Each may fail: what matters is what is seen outside."""
    call = struct.pack("=QiiQ", 24, _RXRPC, _USER_CALL, random.getrandbits(32))
    flags = _DONTWAIT | _NOSIGNAL
    _LIBC.sendto(fd, data, len(data), flags, to, len(to))
    _LIBC.sendto(fd, data, len(data), flags | _FASTOPEN, to, len(to))
    message, _part = _message(data, to, call)
    _LIBC.sendmsg(fd, ctypes.byref(message), flags)
    _LIBC.connect(fd, to, len(to))
    _LIBC.send(fd, data, len(data), flags)
    _LIBC.write(fd, data, len(data))


def _fuzz(family: int, canary: str, link: str, mac: bytes, places: list[tuple[str, int]]) -> None:
    opened: set[tuple[int, int]] = set()
    known = [kind for kind in _TYPES if _can_open(family, kind, 0)[1] not in (97,)]  # EAFNOSUPPORT
    for kind, protocol in itertools.product(known, _PROTOCOLS):
        fd, _ = _can_open(family, kind, protocol)
        if fd < 0:
            continue
        os.close(fd)
        opened.add((kind, protocol))
        print(family, kind, protocol, flush=True)
        data = f"{canary}-{family}-{kind}-{protocol}-".encode().ljust(120, b".")
        for to, bound in itertools.product(_addresses(family, link, mac, places), (False, True)):
            fd, _ = _can_open(family, kind, protocol)
            if fd < 0:
                break
            if bound:
                name = link.encode() + b"\0"
                _LIBC.setsockopt(fd, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name, len(name))
            _send_all_ways(fd, data, to)
            os.close(fd)


def _can_open(family: int, kind: int, protocol: int) -> tuple[int, int]:
    ctypes.set_errno(0)
    fd = _LIBC.socket(family, kind | _NONBLOCK | _CLOEXEC, protocol)
    return fd, ctypes.get_errno()


# -- io_uring: the same sends, by the kernel's hand (io_uring(7), linux/io_uring.h)

_SETUP, _ENTER = 425, 426
_PARAMETERS = 120
_SQPOLL = 2
_OPERATIONS = {"sendmsg": 9, "connect": 16, "send": 26, "sendmsg_zc": 48}
_ENTRIES = 8


class _Ring:
    """One submission at a time."""

    def __init__(self, flags: int):
        parameters = ctypes.create_string_buffer(struct.pack("=IIIII", 0, 0, flags, 0, 1).ljust(_PARAMETERS, b"\0"), _PARAMETERS)
        self.fd = _LIBC.syscall(_SETUP, _ENTRIES, parameters)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring")
        self._polled = bool(flags & _SQPOLL)
        at = struct.unpack_from("=IIIIIII", parameters.raw, 40)  # head, tail, mask, entries, flags, dropped, array
        self._tail, self._mask, self._array = at[1], at[2], at[6]
        self._ring = mmap.mmap(self.fd, at[6] + 4 * 2 * _ENTRIES + 4096, offset=0)
        self._entries = mmap.mmap(self.fd, 64 * _ENTRIES, offset=0x10000000)

    def submit(self, operation: int, fd: int, address: int, size: int, offset: int = 0) -> None:
        (tail,) = struct.unpack_from("=I", self._ring, self._tail)
        (mask,) = struct.unpack_from("=I", self._ring, self._mask)
        slot = tail & mask
        entry = struct.pack("=BBHiQQII", operation, 0, 0, fd, offset, address, size, _DONTWAIT | _NOSIGNAL)
        self._entries[64 * slot : 64 * slot + 64] = entry.ljust(64, b"\0")
        struct.pack_into("=I", self._ring, self._array + 4 * slot, slot)
        struct.pack_into("=I", self._ring, self._tail, tail + 1)
        # one that is polled for is woken up: IORING_ENTER_SQ_WAKEUP
        _LIBC.syscall(_ENTER, self.fd, 0 if self._polled else 1, 0, 2 if self._polled else 0, None, 0)


def _fuzz_ring(canary: str, places: list[tuple[str, int]]) -> None:
    kept = []  # what the kernel may still read
    for flags in (0, _SQPOLL):
        try:
            ring = _Ring(flags)
        except (OSError, ValueError):
            continue
        print("io_uring", "polled" if flags else "plain", flush=True)
        for (address, port), kind in itertools.product(places, (1, 2)):
            family = _INET6 if ":" in address else _INET
            data = f"{canary}-ring{flags}-{family}-{kind}-".encode().ljust(120, b".")
            to = ctypes.create_string_buffer(_inet(family, address, port))
            size = len(to) - 1
            text = ctypes.create_string_buffer(data)
            for name in _OPERATIONS:
                fd, _ = _can_open(family, kind, 0)
                message, part = _message(data, to.raw[:size])
                kept += [to, text, message, part, fd]
                if name.startswith("sendmsg"):
                    ring.submit(_OPERATIONS[name], fd, ctypes.addressof(message), 1)
                else:
                    ring.submit(_OPERATIONS["connect"], fd, ctypes.addressof(to), 0, size)
                    ring.submit(_OPERATIONS["send"], fd, ctypes.addressof(text), len(data))
    time.sleep(0.3)  # the kernel's thread polls


def main() -> None:
    link, mac, canary, *rest = sys.argv[1:]
    places = [(address, int(port)) for address, port in zip(rest[::2], rest[1::2])]
    hardware = bytes.fromhex(mac.replace(":", ""))
    jobs = [(_fuzz, family, canary, link, hardware, places) for family in _FAMILIES if family != _UNIX]
    jobs.append((_fuzz_ring, canary, places))
    for job, *arguments in jobs:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_EACH_SECONDS * (5 if arguments[0] in (_INET, _INET6) else 1))
            job(*arguments)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if status:
            print("ended", arguments[0], status, flush=True)


def heard(frames: list, canary: str, destinations: set[str]) -> set[str]:
    """For a test: FAMILY-TYPE-PROTOCOL of what was heard outside, and whatever else may not leave."""
    found = set()
    for frame in frames:
        if canary.encode() in frame.data:
            found.add(frame.data.split(canary.encode(), 1)[1].split(b"-.")[0].strip(b"-").decode())
        elif frame.packet and frame.packet.destination in destinations:
            found.add(f"protocol {frame.packet.protocol}")
        elif frame.purpose.startswith("plain"):
            found.add(frame.purpose)
    return found


if __name__ == "__main__":
    main()
