#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' hand in the virtual machine: runs what comes over the serial port, as whom it says, and
sends back what it said. One JSON object a line, both ways. Killed with the machine."""

import base64
import glob
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback


def _run(call: dict) -> dict:
    data = base64.b64decode(call.get("input", ""))
    who = {"user": call["uid"], "group": call["uid"], "extra_groups": []} if call.get("uid") else {}
    try:
        done = subprocess.run(
            call["run"], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
            timeout=call.get("timeout", 60), **who,
        )
    except subprocess.TimeoutExpired as error:
        return {"status": 124, "said": (error.stdout or b"").decode(errors="replace") + "\n(took too long)"}
    except OSError as error:
        return {"status": 127, "said": str(error)}
    return {"status": done.returncode, "said": done.stdout.decode(errors="replace")}


def _in_the_child(call: dict, output: int) -> None:
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        if call["uid"]:
            os.setgroups([])
            os.setresgid(*[call["uid"]] * 3)
            os.setresuid(*[call["uid"]] * 3)
        sys.argv = ["-c", *call["run"]]
        sys.stdin = io.StringIO(base64.b64decode(call["input"]).decode())
        exec(call["python"], {"__name__": "__main__"})
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run_python(call: dict) -> dict:
    """A short program in a child of ours: an interpreter's start takes a second here."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _in_the_child(call, output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {"status": os.waitstatus_to_exitcode(status), "said": output.read().decode(errors="replace")}


def _port() -> str:
    while not (found := glob.glob("/dev/vport*")):
        time.sleep(0.05)
    return found[0]


def main() -> None:
    importlib.import_module("socket")  # once, not by each child
    with open(_port(), "r+b", buffering=0) as port:
        port.write(b'{"hello": true}\n')
        waiting = b""
        while True:
            data = port.read(65536)
            if not data:
                time.sleep(0.02)  # nobody is at the other end
                continue
            waiting += data
            *lines, waiting = waiting.split(b"\n")
            for line in lines:
                call = json.loads(line)
                said = (_run_python if "python" in call else _run)(call)
                answer = memoryview(json.dumps(said | {"number": call.get("number")}).encode() + b"\n")
                while answer:
                    answer = answer[port.write(answer):]


if __name__ == "__main__":
    main()
