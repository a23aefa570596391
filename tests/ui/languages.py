# SPDX-License-Identifier: GPL-2.0-or-later
"""Languages that nobody speaks, made of the texts themselves: a long one, and one from right to left.

Every text that is shown in English in them was not marked for translation."""

import re
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[2]
_DOMAIN = "nm-killswitch"
# what must stay as it is: what printf and strftime replace, mnemonics
_KEPT = re.compile(r"(%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[a-zA-Z%]|_(?=\w))")
_ACCENTS = str.maketrans("aeiouyAEIOUYcnszCNSZ", "äéîöüÿÄÉÎÖÜŸçñšžÇÑŠŽ")
_HEBREW = str.maketrans({letter: "אבגדהוזחטיכלמנסעפצקרשתאבגד"[at] for at, letter in enumerate("abcdefghijklmnopqrstuvwxyz")})

# a language of GTK's own catalogues for each, so that dates and directions come along
LONG, RIGHT_TO_LEFT = "de", "he"


def _lengthened(text: str) -> str:
    """A third longer, as German and Russian are; short texts more."""
    extra = max(2, len(text) * (6 if len(text) < 12 else 4) // 10)
    return f"[{text.translate(_ACCENTS)}{' ·' * (extra // 2)}]"


def _mirrored(text: str) -> str:
    return text.lower().translate(_HEBREW)


def _change(text: str, how) -> str:
    if re.fullmatch(r"(%[A-Z]|\W)+", text):  # a format of strftime's
        return text
    parts = _KEPT.split(text)
    if how is _lengthened and len(parts) > 1:
        whole = "".join(part if at % 2 else part.translate(_ACCENTS) for at, part in enumerate(parts))
        return f"[{whole}{' ·' * (len(text) // 5)}]"
    return "".join(part if at % 2 else how(part) if part.strip() else part for at, part in enumerate(parts))


def _read_mo(data: bytes) -> list[tuple[bytes, bytes]]:
    _, _, count, originals, translations = struct.unpack_from("<5I", data)

    def at(table: int, number: int) -> bytes:
        length, offset = struct.unpack_from("<2I", data, table + 8 * number)
        return data[offset : offset + length]

    return [(at(originals, number), at(translations, number)) for number in range(count)]


def _write_mo(entries: list[tuple[bytes, bytes]]) -> bytes:
    entries = sorted(entries)
    start = 28 + 16 * len(entries)
    tables: list[list[tuple[int, int]]] = [[], []]
    strings = b""
    for which in (0, 1):
        for entry in entries:
            tables[which].append((len(entry[which]), start + len(strings)))
            strings += entry[which] + b"\0"
    packed = b"".join(struct.pack("<2I", *row) for table in tables for row in table)
    return struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0) + packed + strings


def make(folder: Path) -> None:
    """Writes both languages' catalogues below the folder, as below share/locale."""
    folder.mkdir(parents=True, exist_ok=True)
    template, catalogue = folder / "all.pot", folder / "all.mo"
    keywords = ["_", "N_", "C_:1c,2", "NC_:1c,2", "ngettext:1,2", "g_dngettext:2,3"]
    subprocess.run(
        ["xgettext", "--files-from=po/POTFILES", "--from-code=UTF-8", f"--output={template}",
         *(f"--keyword={keyword}" for keyword in keywords)],
        cwd=_SOURCE, check=True, capture_output=True,
    )
    english = subprocess.run(["msgen", str(template)], check=True, capture_output=True).stdout
    subprocess.run(["msgfmt", "-o", str(catalogue), "-"], input=english, check=True, capture_output=True)
    entries = _read_mo(catalogue.read_bytes())
    for language, how in ((LONG, _lengthened), (RIGHT_TO_LEFT, _mirrored)):
        changed = [
            (original, b"\0".join(_change(form.decode(), how).encode() for form in translation.split(b"\0")) if original
             else b"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n")
            for original, translation in entries
        ]
        target = folder / language / "LC_MESSAGES" / f"{_DOMAIN}.mo"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_write_mo(changed))
