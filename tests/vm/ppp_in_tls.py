#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small VPN server that speaks as much of SSTP ([MS-SSTP]) or of Fortinet's SSL VPN (as openfortivpn does) as a
client needs to carry PPP inside TLS; PPP's own end is pppd. Runs in the virtual machine.
Usage: ppp_in_tls.py sstp|fortinet ADDRESS CERTIFICATE KEY PPPD-OPTION..."""

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading

_PORT = 443
_FLAG, _ESCAPE = 0x7E, 0x7D
_ADDRESS_AND_CONTROL = b"\xff\x03"
_TOO_LONG = 4096
# [MS-SSTP] 2.2: control messages, and what the acknowledgement says: a nonce, and that SHA-1 and SHA-256 will do
_CONNECT_REQUEST, _CONNECT_ACK, _ECHO_REQUEST, _ECHO_RESPONSE = 1, 2, 8, 9
_CRYPTO_BINDING_REQUEST = 4
_HASHES = 3
_FORTINET_MAGIC = 0x5050
_SESSION = "SVPNCOOKIE=kinds"


def _row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0x8408 if value & 1 else 0)
    return value


_TABLE = [_row(byte) for byte in range(256)]


def _check(data: bytes) -> bytes:
    """RFC 1662, C.2"""
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return struct.pack("<H", value ^ 0xFFFF)


def _pack(frame: bytes) -> bytes:
    """As on a serial line, RFC 1662: what pppd reads."""
    packed = bytearray([_FLAG])
    for byte in frame + _check(frame):
        packed += bytes([_ESCAPE, byte ^ 0x20]) if byte < 0x20 or byte in (_FLAG, _ESCAPE) else bytes([byte])
    return bytes(packed) + bytes([_FLAG])


def _unpack(packed: bytes) -> bytes:
    frame, escaped = bytearray(), False
    for byte in packed:
        if byte == _ESCAPE:
            escaped = True
        else:
            frame.append(byte ^ 0x20 if escaped else byte)
            escaped = False
    return bytes(frame[:-2])


class Peer:
    """One client's connection."""

    def __init__(self, connection: ssl.SSLSocket, options: list[str]):
        self._connection = connection
        self._options = options
        self._lock = threading.Lock()
        self._waiting = b""

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size:
            data = self._connection.recv(65536)
            if not data:
                raise EOFError
            self._waiting += data
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def read_head(self) -> tuple[str, str]:
        """Of a request by HTTP: its first line and all of it; its body is read and forgotten."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.read(1)
            if len(head) > _TOO_LONG:
                raise EOFError
        text = head.decode("latin-1")
        lengths = [line.split(":")[1] for line in text.lower().splitlines() if line.startswith("content-length:")]
        if lengths and 0 < int(lengths[0]) < _TOO_LONG:
            self.read(int(lengths[0]))
        return text.splitlines()[0], text

    def send(self, data: bytes) -> None:
        with self._lock:
            self._connection.sendall(data)

    def answer(self, body: str, more: str = "") -> None:
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}".encode())

    def start_pppd(self, wrap) -> None:
        self._pppd = subprocess.Popen(["pppd", "notty", *self._options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self._from_pppd, args=[wrap], daemon=True).start()

    def _from_pppd(self, wrap) -> None:
        waiting = b""
        while data := os.read(self._pppd.stdout.fileno(), 65536):
            *packed, waiting = (waiting + data).split(bytes([_FLAG]))
            for each in packed:
                if len(each) > 4:
                    self.send(wrap(_unpack(each)))

    def to_pppd(self, frame: bytes) -> None:
        os.write(self._pppd.stdin.fileno(), _pack(frame))

    def close(self) -> None:
        if hasattr(self, "_pppd"):
            self._pppd.terminate()
            self._pppd.wait()
        self._connection.close()


def _sstp_control(kind: int, attributes: bytes = b"", count: int = 0) -> bytes:
    return struct.pack("!BBHHH", 0x10, 1, 8 + len(attributes), kind, count) + attributes


def serve_sstp(peer: Peer) -> None:
    line, _ = peer.read_head()
    if not line.startswith("SSTP_DUPLEX_POST "):
        return
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nServer: kinds\r\n\r\n")
    while True:
        _, is_control, length = struct.unpack("!BBH", peer.read(4))
        body = peer.read((length & 0xFFF) - 4)
        if not is_control & 1:
            peer.to_pppd(body)
            continue
        kind = struct.unpack("!H", body[:2])[0]
        print("sstp message", kind, flush=True)
        if kind == _CONNECT_REQUEST:
            binding = struct.pack("!BBH3xB", 0, _CRYPTO_BINDING_REQUEST, 40, _HASHES) + os.urandom(32)
            peer.send(_sstp_control(_CONNECT_ACK, binding, 1))
            peer.start_pppd(lambda frame: struct.pack("!BBH", 0x10, 0, 4 + len(frame)) + frame)
        elif kind == _ECHO_REQUEST:
            peer.send(_sstp_control(_ECHO_RESPONSE))


def _fortinet_packet(frame: bytes) -> bytes:
    """Without HDLC's address and control."""
    data = frame.removeprefix(_ADDRESS_AND_CONTROL)
    return struct.pack("!HHH", 6 + len(data), _FORTINET_MAGIC, len(data)) + data


def serve_fortinet(peer: Peer) -> None:
    while True:
        line, _ = peer.read_head()
        print("asked", line, flush=True)
        path = line.split()[1]
        if path.startswith("/remote/sslvpn-tunnel"):
            break
        if path.startswith("/remote/logincheck"):
            peer.answer("ret=1,redir=/remote/index", f"Set-Cookie: {_SESSION}; path=/; secure; httponly\r\n")
        elif path.startswith("/remote/fortisslvpn_xml"):
            peer.answer("<?xml version='1.0'?><sslvpn-tunnel ver='2'><ipv4><assigned-addr ipv4='198.51.100.50' /></ipv4></sslvpn-tunnel>")
        else:
            peer.answer("<html></html>")
    peer.start_pppd(_fortinet_packet)
    while True:
        _, _, size = struct.unpack("!HHH", peer.read(6))
        peer.to_pppd(_ADDRESS_AND_CONTROL + peer.read(size))


_SERVE = {"sstp": serve_sstp, "fortinet": serve_fortinet}


def _serve(plain: socket.socket, context: ssl.SSLContext, kind: str, options: list[str]) -> None:
    try:
        peer = Peer(context.wrap_socket(plain, server_side=True), options)
    except OSError as error:
        print("no TLS:", error, flush=True)
        return
    try:
        _SERVE[kind](peer)
    except (EOFError, OSError) as error:
        print("gone:", error, flush=True)
    finally:
        peer.close()


def main() -> None:
    kind, address, certificate, key, *options = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server((address, _PORT)) as listening:
        while True:
            plain, _ = listening.accept()
            threading.Thread(target=_serve, args=[plain, context, kind, options], daemon=True).start()


if __name__ == "__main__":
    main()
