#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a build holds and what it is linked with, as SPDX 2.3 in JSON, on standard output:

    data/packaging/sbom.py BUILD >nm-killswitch.spdx.json

BUILD is a meson build folder that is compiled. It asks meson what is installed and which libraries were
found. The same build gives the same bytes; the time is SOURCE_DATE_EPOCH, else that of the last commit.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

LICENCE = "GPL-2.0-or-later"
MAINTAINER = "Organization: The nm-killswitch developers"
HOME = "https://github.com/nmkillswitch/nm-killswitch"
DOCUMENT = "SPDXRef-DOCUMENT"
ROOT = "SPDXRef-Package-nm-killswitch"
NOTHING = "NOASSERTION"
# what meson lists beside libraries: it only runs or asks them
_NO_LIBRARY = ("threads",)
_OTHER_LICENCES = {"io.github.nmkillswitch.metainfo.xml": "FSFAP"}
_TYPES = {".xml": "TEXT", ".desktop": "TEXT", ".service": "TEXT", ".socket": "TEXT", ".conf": "TEXT", ".svg": "IMAGE",
          ".png": "IMAGE"}


def _introspect(build: Path, what: str):
    run = subprocess.run(["meson", "introspect", str(build), f"--{what}"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def _identifier(kind: str, name: str) -> str:
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def _moment(source: Path) -> int:
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    git = ["git", "-c", f"safe.directory={source}", "-C", str(source), "log", "-1", "--format=%ct"]
    run = subprocess.run(git, capture_output=True, text=True, check=False)
    return int(run.stdout) if run.returncode == 0 else int((source / "NEWS.md").stat().st_mtime)


def _sums(path: Path) -> list[dict]:
    data = path.read_bytes()
    return [{"algorithm": name.upper(), "checksumValue": hashlib.new(name, data).hexdigest()} for name in ("sha1", "sha256")]


def _files(build: Path) -> list[dict]:
    """Links are no files of their own: they lead to one of these."""
    made = []
    for source, target in sorted(_introspect(build, "installed").items(), key=lambda pair: pair[1]):
        path = Path(source)
        if path.is_symlink() or not path.is_file():
            continue
        kind = "BINARY" if path.read_bytes()[:4] == b"\x7fELF" else _TYPES.get(path.suffix, "OTHER")
        licence = _OTHER_LICENCES.get(path.name, LICENCE)
        made.append({
            "fileName": f".{target}", "SPDXID": _identifier("File", target.lstrip("/")), "fileTypes": [kind],
            "checksums": _sums(path), "licenseConcluded": licence, "licenseInfoInFiles": [NOTHING], "copyrightText": NOTHING,
        })
    return made


def _libraries(build: Path) -> list[dict]:
    found = {entry["name"]: entry for entry in _introspect(build, "dependencies")}
    return [
        {
            "name": name, "SPDXID": _identifier("Package", name), "versionInfo": found[name].get("version") or NOTHING,
            "downloadLocation": NOTHING, "filesAnalyzed": False, "licenseConcluded": NOTHING, "licenseDeclared": NOTHING,
            "copyrightText": NOTHING, "supplier": NOTHING,
        }
        for name in sorted(found)
        if name not in _NO_LIBRARY and found[name].get("link_args")
    ]


def _verification(files: list[dict]) -> str:
    """As SPDX has it: the SHA1 of all SHA1s in order."""
    sums = sorted(file["checksums"][0]["checksumValue"] for file in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def document(build: Path) -> dict:
    project = _introspect(build, "projectinfo")
    source = Path(next(iter(_introspect(build, "buildsystem-files")))).parent
    files, libraries = _files(build), _libraries(build)
    verification = _verification(files)
    product = {
        "name": project["descriptive_name"], "SPDXID": ROOT, "versionInfo": project["version"], "supplier": MAINTAINER,
        "downloadLocation": HOME, "homepage": HOME, "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification},
        "licenseConcluded": LICENCE, "licenseDeclared": LICENCE, "licenseInfoFromFiles": [LICENCE],
        "copyrightText": "The nm-killswitch developers", "primaryPackagePurpose": "APPLICATION",
    }
    links = [(DOCUMENT, "DESCRIBES", ROOT)]
    links += [(ROOT, "CONTAINS", file["SPDXID"]) for file in files]
    links += [(ROOT, "DYNAMIC_LINK", library["SPDXID"]) for library in libraries]
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": DOCUMENT,
        "name": f"nm-killswitch-{project['version']}",
        "documentNamespace": f"{HOME}/spdx/{project['version']}-{verification}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_moment(source))),
            "creators": [MAINTAINER, "Tool: nm-killswitch-sbom"],
        },
        "packages": [product, *libraries],
        "files": files,
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in links
        ],
    }


def main() -> int:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "build.ninja").exists():
        print(__doc__, file=sys.stderr)
        return 2
    json.dump(document(Path(sys.argv[1]).resolve()), sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
