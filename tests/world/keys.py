# SPDX-License-Identifier: GPL-2.0-or-later
"""Throw-away keys for the VPN: a certificate authority, a server, a client, and one static key."""

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

FOLDER = Path("/run/world/keys")


def make_keys() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o700)
    make_certificate("ca", None, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n")
    make_certificate("server", "ca", "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    make_certificate("client", "ca", "keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n")
    subprocess.run(["openvpn", "--genkey", "secret", str(FOLDER / "static.key")], check=True)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_certificate(name: str, issuer: str | None, extensions: str) -> None:
    """`name`.crt and `name`.key in FOLDER; without an issuer it signs itself."""
    (FOLDER / f"{name}.ext").write_text(extensions)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
    _openssl("req", "-new", *new_key, "-subj", f"/CN={name}", "-out", f"{name}.csr")
    signer = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
    if issuer is None:
        signer = ["-signkey", f"{name}.key"]
    _openssl("x509", "-req", "-in", f"{name}.csr", "-days", "2", "-extfile", f"{name}.ext", *signer, "-out", f"{name}.crt")


def make_certificate_of_tomorrow(name: str) -> None:
    """A server's, valid in twelve hours: not by an option of `openssl x509` before OpenSSL 3.4."""
    (FOLDER / f"{name}.ext").write_text("keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    (FOLDER / "tomorrow.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=tomorrow.srl\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    (FOLDER / "index.txt").write_text("")
    (FOLDER / "tomorrow.srl").write_text("1000\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
    _openssl("req", "-new", *new_key, "-subj", f"/CN={name}", "-out", f"{name}.csr")
    now = datetime.now(timezone.utc)
    begin, end = ((now + timedelta(hours=hours)).strftime("%Y%m%d%H%M%SZ") for hours in (12, 36))
    signer = ["-cert", "ca.crt", "-keyfile", "ca.key", "-startdate", begin, "-enddate", end]
    _openssl("ca", "-batch", "-config", "tomorrow.cnf", *signer, "-extfile", f"{name}.ext", "-notext", "-in", f"{name}.csr", "-out", f"{name}.crt")
