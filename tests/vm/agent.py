#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' hand in the virtual machine: runs what comes over the serial port, as whom it says, and
sends back what it said. One JSON object a line, both ways. Killed with the machine."""

import base64
import glob
import json
import subprocess
import time


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


def _port() -> str:
    while not (found := glob.glob("/dev/vport*")):
        time.sleep(0.05)
    return found[0]


def main() -> None:
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
                answer = memoryview(json.dumps(_run(json.loads(line))).encode() + b"\n")
                while answer:
                    answer = answer[port.write(answer):]


if __name__ == "__main__":
    main()
