#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guide's leak test, played in the world and told in plain words. Run it by tests/demo.sh."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import addresses as a  # noqa: E402
from world import probes, questions, sandbox  # noqa: E402
from world.chatter import Chatter  # noqa: E402
from world.frames import Frame  # noqa: E402
from world.matrix import Matrix, State  # noqa: E402
from world.waiting import wait_until  # noqa: E402
from world.world import World  # noqa: E402

_INTRODUCTION = f"""
nm-killswitch, the leak test
============================
This builds a small world inside this computer: a client with a real NetworkManager and a real
OpenVPN, and everything outside it: a router, a VPN server, an internet with a web server. It is
cut off from this computer's own network, which is not touched.

Leaks are judged outside: a capture on the router's end of the client's network cable records
every packet that comes out, with the time. In each step the client tries to get out in
{len(probes.all_kinds())} ways, each as root and as a user: TCP, UDP, ping, DNS to the router and DNS to a public server,
over IPv4 and IPv6, the normal way and tied to the network card (past the VPN's routes).
"""


def _clock(when: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(when)) + f".{int(when % 1 * 1000):03d}"


class Demo:
    def __init__(self, world: World):
        self._world = world
        self._matrix = Matrix(world)
        self._kept = 0
        self._broken: list[str] = []
        self._step = ""

    # -- telling

    def step(self, title: str) -> None:
        self._step = title
        print(f"\n{title}\n{'-' * len(title)}")

    def say(self, text: str, when: float | None = None) -> None:
        print(f"  {_clock(when or time.time())}  {text}", flush=True)

    def promise(self, kept: bool, text: str) -> None:
        if kept:
            self._kept += 1
        else:
            self._broken.append(f"{self._step}: {text}")
        print(f"  {'  [ok]  ' if kept else '[NOT SO]'}      {text}", flush=True)

    def command(self, shown: str, run: Callable[[], object]) -> bool:
        self.say(f"$ {shown}")
        began = time.monotonic()
        try:
            run()
        except Exception as error:
            self.promise(False, f"{shown}: {error}")
            return False
        self.say(f"  done in {time.monotonic() - began:.2f} s")
        return True

    def show_status(self) -> None:
        self.say("$ nm-killswitch status")
        for line in self._world.product.ctl("status", check=False).stdout.rstrip().splitlines():
            print(f"                  | {line}")

    # -- looking

    def _ask(self, what: str, question: Callable[[], str]) -> str | None:
        began = time.monotonic()
        try:
            answer = question()
        except questions.NoAnswer as error:
            self.say(f"{what}: fails after {time.monotonic() - began:.2f} s ({error})")
            return None
        self.say(f"{what}: {answer}")
        return answer

    def _page(self, family: int) -> str | None:
        def fetch() -> str:
            return questions.my_address(self._world.client, family, 2)

        seen_as = self._ask(f'web page "what is my address" over IPv{family}', fetch)
        return seen_as

    def _name(self, server: str, whose: str) -> bool:
        def look_up() -> str:
            questions.name_is_answered(self._world.client, server, 2)
            return "answered"

        return self._ask(f"name lookup at {whose} ({server})", look_up) is not None

    def _names(self) -> list[bool]:
        return [
            self._name(servers[family], whose)
            for whose, servers in (("the router", a.ROUTER), ("a public DNS server", a.PUBLIC_DNS))
            for family in a.FAMILIES
        ]

    def _outside(self, mark: int, state: State) -> None:
        frames = self._world.capture.since(mark)
        self._frames("in clear", [f for f in frames if f.purpose.startswith("plain")])
        self._frames(f"encrypted, to the VPN server {a.SERVER[4]}", [f for f in frames if f.purpose == "server"])
        self._frames("link upkeep (ARP, DHCP, neighbours)", [f for f in frames if f.purpose.startswith("upkeep")])

    def _frames(self, kind: str, frames: list[Frame]) -> None:
        text = f"outside saw {len(frames)} packets {kind}"
        if not frames:
            self.say(text)
            return
        self.say(f"{text}, the first at {_clock(frames[0].time)}, the last at {_clock(frames[-1].time)}")
        if frames[0].purpose.startswith("plain"):
            kinds: dict[str, Frame] = {}
            for frame in frames:
                kinds.setdefault(frame.purpose.removeprefix("plain: "), frame)
            for text, frame in list(kinds.items())[:4]:
                print(f"                  | {_clock(frame.time)}  {text}")
            if len(kinds) > 4:
                print(f"                  | … and {len(kinds) - 4} other kinds")

    def _seen(self, state: State) -> str:
        return f"{sum(p in state.outside for p in state.sent)} of {len(state.sent)} attempts were seen outside in clear"

    # -- the steps

    def control(self) -> None:
        self.step("Before: no lock, no VPN (so that you see that the attempts do get out)")
        mark = self._world.capture.mark()
        pages = [self._page(family) for family in a.FAMILIES]
        names = self._names()
        state = self._matrix.measure("control", locked=False)
        self._outside(mark, state)
        own = self._world.client.addresses(a.UPLINK)
        self.promise(all(p in own for p in pages) and all(names), "the internet works and sees your own address")
        self.promise(len(state.outside) == len(state.sent), self._seen(state))

    def lock(self) -> None:
        self.step("Step 1: close the lock, without a VPN")
        self.command("nm-killswitch lock", lambda: self._world.product.ctl("lock"))
        self.show_status()
        self.promise(self._world.product.status()["locked"], "the lock is closed")

    def fails(self, step: str) -> None:
        self.step(step)
        mark = self._world.capture.mark()
        state = self._matrix.measure(step, locked=True)
        answers = [self._page(family) is not None for family in a.FAMILIES] + self._names()
        self._world.capture.fence()
        self._outside(mark, state)
        self.promise(not any(answers), "no page and no name over IPv4 or IPv6: the internet is out of reach")
        self._nothing_in_clear(state)

    def _nothing_in_clear(self, state: State) -> None:
        self.promise(not state.untested, "every attempt had a way to go and only the lock in it")
        leaked = self._world.capture.plain(self._locked_at)
        self.promise(not state.outside and not leaked, f"{self._seen(state)}; nor did anything else since step 1")

    def connect(self) -> None:
        self.step("Step 3: connect the VPN")
        mark = self._world.capture.mark()
        self.command("nmcli connection up full", lambda: self._world.manager.up("full"))
        self._frames(f"encrypted, to the VPN server {a.SERVER[4]}", [
            f for f in self._world.capture.since(mark) if f.purpose == "server"
        ])
        self.promise(self._world.manager.state_of("full") == "activated", "the VPN connects through the closed lock")

    def works(self, chatter: Chatter) -> None:
        self.step("Step 4: the internet works, through the VPN only")
        try:
            self._world.product.wait_state("protected")
        except AssertionError as error:
            self.promise(False, str(error))
        self.show_status()
        mark = self._world.capture.mark()
        state = self._measure_connected()
        pages = [self._page(family) for family in a.FAMILIES]
        public = [self._name(a.PUBLIC_DNS[family], "a public DNS server") for family in a.FAMILIES]
        router = [self._name(a.ROUTER[family], "the router, past the VPN") for family in a.FAMILIES]
        for family in a.FAMILIES:
            self._hold_connection(chatter, family)
        self._outside(mark, state)
        vpn = self._world.client.addresses(a.TUNNEL)
        self.promise(all(p in vpn for p in pages), "the web server sees the VPN's addresses, over IPv4 and IPv6")
        self.promise(all(public), "names are answered, through the VPN")
        self.promise(not any(router), "the router hears no question")
        through = [p for p in state.sent if p in state.in_tunnel]
        self.promise(bool(through), f"{len(through)} attempts came out of the tunnel at the VPN server")
        self._nothing_in_clear(state)

    def _measure_connected(self) -> State:
        try:
            return self._matrix.measure("connected", locked=True, connected=True)
        except AssertionError as error:
            self.promise(False, str(error))
            return self._matrix.measure("connected", locked=True)

    def _hold_connection(self, chatter: Chatter, family: int) -> None:
        try:
            chatter.connect(family)
        except OSError as error:
            self.promise(False, f"a connection over IPv{family}: {error}")

    def kill(self) -> None:
        self.step("Step 5: the tunnel dies")
        self.say("two downloads are running through the VPN, other programs send all the time")

        def end() -> None:
            self._world.client.kill("openvpn")
            wait_until(lambda: not self._world.client.has_link(a.TUNNEL), "the tunnel to be gone")

        self.command("kill -9 openvpn", end)
        self.promise(self._world.product.wait_state("blocked")["locked"], "the tunnel is gone and the lock is closed")
        self.show_status()

    def play(self) -> bool:
        self.control()
        with Chatter(self._world.client) as chatter:
            self.lock()
            self._locked_at = self._world.capture.fence()
            self.fails("Step 2: the internet must fail")
            self.connect()
            self.works(chatter)
            self.kill()
            self.fails("Step 6: the internet must fail again")
            tried = chatter.tried
        leaked = len(self._world.capture.plain(self._locked_at))
        self.step("Altogether")
        self.promise(leaked == 0, f"{leaked} of {tried} packets of the programs that sent all the time came out in clear")
        return self._summary()

    def _summary(self) -> bool:
        self._matrix.close_probes()
        print()
        for text in self._broken:
            print(f"NOT AS PROMISED: {text}")
        total = self._kept + len(self._broken)
        print(f"{self._kept} of {total} promises kept.", "Nothing leaked." if not self._broken else "")
        return not self._broken


def main() -> int:
    sandbox.require_sandbox()
    print(_INTRODUCTION)
    began = time.monotonic()
    try:
        with World() as world:
            world.product.install()
            world.product.start_guard()
            print(f"  The world is up after {time.monotonic() - began:.1f} s.")
            return 0 if Demo(world).play() else 1
    except KeyboardInterrupt:
        print("\nStopped. Everything that was made for this is gone.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
