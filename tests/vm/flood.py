# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbered canaries, as many as the machine can send, bound to its network card: runs in there."""

import socket
import sys
import time

address, port, link = sys.argv[1:4]


def opened() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    return made


number = 0
talker = opened()
while True:
    number += 1
    try:
        talker.sendto(b"flood%09d." % number, (address, int(port)))
    except PermissionError:
        pass
    except OSError:  # the card is away
        time.sleep(0.01)
        try:
            talker = opened()
        except OSError:
            pass
