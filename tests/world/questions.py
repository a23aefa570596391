# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person would do to see whether the internet works: fetch a page, look up a name."""

import socket

from . import addresses as a
from .network import Namespace
from .probes import dns_question

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class NoAnswer(Exception):
    """The internet could not be reached; the text is the reason a program would be given."""


def my_address(client: Namespace, family: int, timeout: float = 20.0) -> str:
    """The address under which the web server sees the client (GET http://…/). A busy machine has time to answer; who
    expects no answer says for how long."""
    with client.socket(_FAMILY[family], socket.SOCK_STREAM) as web:
        web.settimeout(timeout)
        try:
            web.connect((a.WEB[family], a.HTTP_PORT))
            web.sendall(b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n")
            answer = b""
            while data := web.recv(4096):
                answer += data
        except OSError as error:
            raise NoAnswer(error.strerror or str(error)) from error
    return answer.partition(b"\r\n\r\n")[2].decode().strip()


def name_is_answered(client: Namespace, server: str, timeout: float = 20.0) -> None:
    """Asks `server` for a name; raises NoAnswer."""
    family = 6 if ":" in server else 4
    with client.socket(_FAMILY[family], socket.SOCK_DGRAM) as resolver:
        resolver.settimeout(timeout)
        try:
            resolver.connect((server, a.DNS_PORT))
            resolver.send(dns_question(b"www", family))
            resolver.recv(4096)
        except OSError as error:
            raise NoAnswer(error.strerror or str(error)) from error
