#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the source tarball of this tree, from which the packages are built.
#
#     data/packaging/tarball.sh FOLDER      nm-killswitch-VERSION.tar.xz is in FOLDER then
#
# It holds what git knows of the tree or, in a tarball, everything but build folders. Unlike `meson dist` it
# needs neither a compiler nor a library. The same tree and SOURCE_DATE_EPOCH give the same bytes.

set -euo pipefail
umask 022

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    sed -n '4,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    [ "${1:-}" = --help ] && exit 0
    exit 2
fi
mkdir -p "$1"
target=$(cd "$1" && pwd -P)

source=nm-killswitch-$(sed -n "s/^    version: '\([^']*\)',$/\1/p" "$top/meson.build")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Paths below the tree, each ended by NUL.
files() {
    # as root in a folder of somebody else git would refuse; nothing of it is run here
    if [ -e "$top/.git" ] && command -v git >/dev/null; then
        git -c safe.directory="$top" -C "$top" ls-files -z --cached --others --exclude-standard
    else
        (cd "$top" && find . \( -path './build*' -o -name __pycache__ -o -path ./.git \) -prune -o \
            ! -type d -printf '%P\0')
    fi
}

mkdir "$work/$source"
files | LC_ALL=C sort -z | while IFS= read -r -d '' name; do
    # what was deleted and not committed yet
    [ ! -e "$top/$name" ] && [ ! -L "$top/$name" ] || printf '%s\0' "$name"
done | tar -C "$top" --null --no-recursion --verbatim-files-from -T - -cf - | tar -C "$work/$source" -xf -
# 644 or 755, whatever umask the tree was checked out with
chmod -R u=rwX,go=rX "$work/$source"
tar -C "$work" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$(date +%s)}" --owner=0 --group=0 --numeric-owner \
    --format=gnu -cf - "$source" | xz -T1 >"$target/$source.tar.xz"
