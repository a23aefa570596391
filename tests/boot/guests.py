# SPDX-License-Identifier: GPL-2.0-or-later
"""What the containers of the tests do, no matter who runs them, and what is seen of it."""

from world import addresses as a
from world.waiting import wait_until

from .machine import Machine
from .outside import Outside

# busybox's wget needs a C library beside it; this asks the web as well, and prints the last line: who asked
ASK = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox timeout 5 busybox nc {a.WEB[4]} {a.HTTP_PORT} 2>/dev/null | busybox tail -n 1"


class Chatter:
    """A container's program that talks to the internet all the time."""

    def __init__(self, name: str, tries: str = "/tries"):
        """It writes into `tries` how often it has tried."""
        self._canary = f"{name}-canary".encode()
        # busybox's nc waits for the other end for ever: what the lock or a dropped tunnel has cut off is not told
        # so while it has nothing to send
        talk = f"echo {name}-canary | busybox timeout 2 busybox nc {a.WEB[4]} {a.ECHO_PORT}"
        self.command = f"while n=$((n + 1)); do echo $n >{tries}; {talk}; done"

    def seen(self, machine: Machine, since: int) -> int:
        """How often on the uplink, outside."""
        return sum(self._canary in frame.data for frame in machine.capture.since(since))

    def wait_seen(self, machine: Machine, since: int) -> None:
        wait_until(lambda: self.seen(machine, since), "the container that talks to be seen outside")

    def wait_in_tunnel(self, outside: Outside) -> None:
        with outside.tunnel() as tunnel:
            tunnel.wait_for(self._canary)

    def wait_blocked(self, machine: Machine) -> int:
        """It tries, in vain. How many packets were."""
        before = blocked(machine)
        wait_until(lambda: blocked(machine) > before + 3, "the container to try")
        return blocked(machine)


def blocked(machine: Machine) -> int:
    """How many forwarded packets were refused."""
    said = machine.client.run(["nft", "list", "counter", "inet", "nm_killswitch", "blocked_forward"]).stdout
    return int(said.split("packets ")[1].split()[0])
