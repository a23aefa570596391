#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell in the world, or one command.

    sudo tests/world/shell.py                          an interactive shell on the client
    sudo tests/world/shell.py --up full                the same, with the VPN connected
    sudo tests/world/shell.py --product                with nm-killswitch put in place (guard running)
    sudo tests/world/shell.py -- nmcli connection      one command, its exit status is ours

Inside, `outside COMMAND...` runs a command on the other side of the wire; logs are in
/run/world/log. Nothing of it touches the machine, and it is gone when the shell ends.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import sandbox  # noqa: E402

_OUTSIDE = '#!/bin/sh\nexec nsenter --net=/run/netns/outside -- "$@"\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--up", metavar="PROFILE", action="append", default=[], help="connect: full, split, second, dead")
    parser.add_argument("--product", action="store_true", help="put nm-killswitch from $KS_BUILD in place")
    parser.add_argument("--quiet", action="store_true", help="say nothing about the start")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if not sandbox.is_inside():
        sandbox.enter(["/usr/bin/python3", str(Path(__file__).resolve()), *sys.argv[1:]])

    from world.world import World

    begin = time.monotonic()
    with World() as world:
        started = time.monotonic() - begin
        if options.product:
            world.product.install()
            world.product.start_guard()
        for profile in options.up:
            world.manager.up(profile)
        helper = Path("/run/world/bin/outside")
        helper.parent.mkdir(exist_ok=True)
        helper.write_text(_OUTSIDE)
        helper.chmod(0o755)
        path = [str(helper.parent), os.environ["PATH"]]
        if options.product:
            path.insert(1, str(world.product.folder_of_command))
        environment = os.environ | {"PATH": ":".join(path), "PS1": "client# ", "debian_chroot": "world"}
        if not options.quiet:
            print(f"the world is up ({started:.1f} s)", file=sys.stderr)
        command = options.command or ["bash", "--norc"]
        return world.client.popen(command, env=environment).wait()


if __name__ == "__main__":
    sys.exit(main())
