#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shell offers for nm-killswitch's command line, asked of the real shell. Speaks TAP.

    test-completion.py bash|zsh|fish PROGRAM FOLDER

PROGRAM: the built nm-killswitch, whose --help must be offered whole. FOLDER: the built completions.
"""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

SHELL, PROGRAM, FOLDER = sys.argv[1], os.path.realpath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
FAR = 30  # seconds after which a shell is taken to hang
END = "(that was all)"

BASH = """
. "$0/bash-completion"
while IFS= read -r line; do
    eval "COMP_WORDS=($line)"
    [[ $line != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _nm_killswitch
    printf '%s\\n' "${COMPREPLY[@]}" END
done
"""
FISH = """
set fish_complete_path $argv[1]
while read -l line
    complete -C $line
    echo END
end
"""
# compadd is what every function of zsh's completion ends in: -A has it tell what fits instead of offering it
ZSH = """
PS1= PS2= RPS1=
unset zle_bracketed_paste
unsetopt beep
LISTMAX=100000
exec 9>$SAID
fpath=($HOME $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a fits
    if [[ ${@[1,(i)(-|--)]} != *-[OAD]* ]]; then
        builtin compadd -A fits "$@"
        print -rl -u 9 -- $fits
        return $(( $#fits == 0 ))
    fi
    builtin compadd "$@"
}
ask() {
    zle complete-word
    print -r -u 9 END
    BUFFER=
    zle redisplay
}
zle -N ask
bindkey '^I' ask
print -u 9 END
"""


class Shell:
    """A shell that is asked what it offers at the end of a line."""

    def __init__(self, home: str):
        self.home = pathlib.Path(home)
        self._begun = b""
        environment = {"HOME": home, "PATH": f"{home}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TERM": "dumb",
                       "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
        if SHELL == "zsh":
            self._begin_zsh(environment)
            return
        text = (BASH if SHELL == "bash" else FISH).replace("END", f"'{END}'")
        self.program = subprocess.Popen(
            [SHELL, "-c", text, home], env=environment, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._writes, self._reads = self.program.stdin.fileno(), self.program.stdout.fileno()

    def _begin_zsh(self, environment: dict):
        said = self.home / "said"
        os.mkfifo(said)
        self._reads = os.open(said, os.O_RDONLY | os.O_NONBLOCK)
        script = self.home / ".zshrc"
        script.write_text(ZSH.replace("END", f"'{END}'"))
        self._writes, theirs = pty.openpty()
        self.program = subprocess.Popen(
            ["zsh", "-i", "-o", "no_global_rcs"], cwd=self.home, env={**environment, "ZDOTDIR": self.home, "SAID": said},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self._read()

    def _read(self) -> set[str]:
        """Up to END, what the terminal shows thrown away."""
        ends = time.monotonic() + FAR
        while f"{END}\n".encode() not in self._begun:
            ready = select.select([self._reads, self._writes] if SHELL == "zsh" else [self._reads], [], [], 1)[0]
            if self._writes in ready:
                os.read(self._writes, 65536)
            if self._reads in ready:
                self._begun += os.read(self._reads, 65536)
            assert time.monotonic() < ends and self.program.poll() is None, f"{SHELL} hangs or ended: {self._begun}"
        said, _, self._begun = self._begun.partition(f"{END}\n".encode())
        return {line.partition("\t")[0].strip() for line in said.decode().splitlines()} - {""}

    def offers(self, line: str) -> set[str]:
        line = f"nm-killswitch {line}"
        os.write(self._writes, line.encode() + (b"\t" if SHELL == "zsh" else b"\n"))
        return self._read()

    def end(self):
        self.program.kill()
        self.program.wait()


def help_of(*words: str) -> str:
    said = subprocess.run([PROGRAM, *words, "--help"], env={"LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True)
    return said.stdout


def listed_commands() -> list[str]:
    commands = re.findall(r"^  ([a-z-]+(?: [a-z]+(?= ))?)", help_of().partition("Options:")[0], re.MULTILINE)
    assert {"status", "vpn list", "lan", "mode", "disconnect"} <= set(commands), commands
    return commands


def listed_options(*words: str) -> dict[str, bool]:
    """Each with whether a value must follow it, which is in capitals or a choice."""
    found = re.findall(r"^  (--[a-z-]+)( [A-Z|]+(?:\|off)? | [a-z]+\|[a-z|]+ )?", help_of(*words), re.MULTILINE)
    assert {name for name, _ in found} >= {"--help", "--version", "--no-ask-password"}, found
    return {name: bool(value) for name, value in found}


def test_all_commands(shell):
    commands = listed_commands()
    assert shell.offers("") >= {name.split()[0] for name in commands}, shell.offers("")
    assert shell.offers("vpn ") == {name.split()[1] for name in commands if name.startswith("vpn ")}, shell.offers("vpn ")
    assert shell.offers("sta") == {"status"}
    assert shell.offers("--no-ask-password sta") == {"status"}


def test_all_options(shell):
    expected = {"": listed_options()}
    for command in listed_commands():
        expected[command] = listed_options(*command.split())
    assert sum(map(len, expected.values())) > 90
    for command, options in expected.items():
        offered = shell.offers(f"{command} -".lstrip())
        assert offered == set(options), (command, offered ^ set(options))


def test_what_follows_an_option_is_its_value(shell):
    """It is no command, and not what follows one."""
    values = {option for command in listed_commands() for option, has in listed_options(*command.split()).items() if has}
    assert {"--vpn", "--format", "--output"} <= values
    for option in values:
        assert "always" in shell.offers(f"{option} x mode "), option
        assert "status" not in shell.offers(f"{option} "), option
    assert shell.offers("export --format ") == {"nft", "iptables"}
    assert "30m" in shell.offers("refused --keep ")
    assert shell.offers("vpn set Home --locks y") == {"yes"}


def test_what_follows_a_command(shell):
    for command in ("lan", "auto"):
        assert shell.offers(f"{command} ") >= {"on", "off"}, command
    assert shell.offers("pause ") >= {"5m", "10m", "15m", "30m", "1h"}, "what the tray offers"
    choices = re.search(r"mode \[([a-z|]+)\]", help_of("mode")).group(1)
    assert shell.offers("mode ") >= set(choices.split("|"))
    assert "--json" not in shell.offers("mode -- --"), "an option behind the end of options"


VPNS = [("Home", True), ("My Home's VPN", False), ("$(reboot)", False), ("a:b", True), ("-x", False), ("a\nb", False),
        ("a\u202eb", False)]


def test_names_of_vpns(shell):
    """Those that a shell would take apart, or that would steer a terminal, by their UUID."""
    plain = lambda line: {re.sub(r"\\(.)", r"\1", name) for name in shell.offers(line)}  # noqa: E731
    safe = {"Home", "My Home's VPN", "$(reboot)", "uuid-3", "uuid-4", "uuid-5", "uuid-6"}
    assert plain("vpn set ") == safe, plain("vpn set ")
    assert plain("export --vpn ") == safe
    assert plain("disconnect ") == safe
    assert plain("always-on ") == safe | {"off"}
    assert plain("vpn remove ") == {"Home", "uuid-3"}
    assert plain("vpn set H") == {"Home"}


NETWORKS = ["Wired connection 1", "$(reboot)", "a:b"]


def test_names_of_networks(shell):
    """Those that are connected, as of VPNs."""
    offered = {re.sub(r"\\(.)", r"\1", name) for name in shell.offers("allow add x --to 192.0.2.1 --on ")}
    assert offered == {"Wired connection 1", "$(reboot)", "net-2", "here"}, offered


# Of interfaces, as the kernel takes them: neither a blank nor a slash.
LINKS = ["lo", "wg0", "$(touch${IFS}y)", "`>y`", "a;b", "a'b"]


def test_names_of_interfaces(shell):
    """They are chosen by others, too, and never run."""
    offered = {re.sub(r"\\(.)", r"\1", name) for name in shell.offers("export --interface ")}
    assert offered == set(LINKS), offered
    assert shell.offers("vpn add x --interface wg") == {"wg0"}
    assert shell.offers("share w") == shell.offers("share lo w") == {"wg0"}
    assert "off" in shell.offers("share ") and "off" not in shell.offers("share lo ")
    assert not (shell.home / "y").exists()


def test_on_a_slow_machine(shell):
    """For the guard it does not wait for long; what --help prints may take its time."""
    over = shell.home / "bin/timeout.over"
    over.touch()
    assert shell.offers("sta") == {"status"}
    assert shell.offers("vpn a") == {"add"}
    assert "--json" in shell.offers("status --")
    assert shell.offers("vpn remove ") == set()
    over.unlink()


# As it prints it, of VPNs that nobody has.
STAND_IN = """#!/bin/sh
case "$*" in
"status --json"*) cat "$0.json" ;;
*) exec PROGRAM "$@" ;;
esac
"""
# As if all that is asked took longer, while there is a file.
TIMEOUT = """#!/bin/sh
[ ! -e "$0.over" ] || exit 124
exec /usr/bin/timeout "$@"
"""


def prepare(home: pathlib.Path):
    (home / "bin").mkdir()
    for name, text in (("nm-killswitch", STAND_IN.replace("PROGRAM", f"'{PROGRAM}'")), ("timeout", TIMEOUT)):
        stand_in = home / "bin" / name
        stand_in.write_text(text)
        stand_in.chmod(0o755)
    vpns = ",\n".join(
        f'    {{\n      "uuid" : "uuid-{number}",\n      "name" : {json.dumps(name, ensure_ascii=False)},\n'
        f'      "manual" : {json.dumps(manual)}\n    }}' for number, (name, manual) in enumerate(VPNS)
    )
    networks = ",\n".join(
        f'    {{\n      "uuid" : "net-{number}",\n      "name" : {json.dumps(name)},\n      "interface" : "eth0"\n    }}'
        for number, name in enumerate(NETWORKS)
    )
    (home / "bin/nm-killswitch.json").write_text(
        f'{{\n  "state" : "blocked",\n  "networks" : [\n{networks}\n  ],\n  "vpns" : [\n{vpns}\n  ]\n}}\n'
    )
    for built, name in (("nm-killswitch", "bash-completion"), ("_nm-killswitch", "_nm-killswitch"),
                        ("nm-killswitch.fish", "nm-killswitch.fish")):
        text = (FOLDER / built).read_text()
        assert "/sys/class/net" in text
        (home / name).write_text(text.replace("/sys/class/net", str(home / "links")))
    (home / "links").mkdir()
    for link in LINKS:
        (home / "links" / link).touch()


def main() -> int:
    if not shutil.which(SHELL):
        print(f"1..0 # SKIP {SHELL} is not installed")
        return 0
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        prepare(pathlib.Path(home))
        shell = Shell(home)
        for number, test in enumerate(tests, 1):
            try:
                test(shell)
                print(f"ok {number} - {test.__name__}")
            except AssertionError as error:
                failed += 1
                print(f"not ok {number} - {test.__name__}")
                print("\n".join(f"# {line}" for line in str(error).splitlines()))
        shell.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
