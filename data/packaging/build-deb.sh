#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the Debian packages of this tree.
#
#     data/packaging/build-deb.sh FOLDER      what dpkg-buildpackage makes is in FOLDER then
#     DEB_BUILD_OPTIONS=nocheck ...           without the unit tests
#
# It needs dpkg-dev and what data/packaging/debian/control names in Build-Depends:
#
#     apt-get build-dep ./data/packaging      (installs it)
#
# dpkg-buildpackage wants debian/ at the top, where this project has none; so it works on a copy. The
# copy holds what git knows of the tree or, in a tarball, everything but build folders. The same tree
# gives the same bytes, wherever and whenever it is built.

set -euo pipefail
umask 022

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
debian=$top/data/packaging/debian

if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    sed -n '4,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    [ "${1:-}" = --help ] && exit 0
    exit 2
fi
for program in dpkg-buildpackage dh; do
    command -v $program >/dev/null || {
        echo "error: $program is missing: apt-get install dpkg-dev debhelper" >&2
        exit 1
    }
done
mkdir -p "$1"
target=$(cd "$1" && pwd -P)

version=$(dpkg-parsechangelog -l "$debian/changelog" -S Version)
upstream=${version%-*}
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$debian/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH
source=nm-killswitch-$upstream

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
tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --format=gnu -cf - "$source" | xz -T1 >"$work/nm-killswitch_$upstream.orig.tar.xz"
cp -a "$work/$source/data/packaging/debian" "$work/$source/debian"

(cd "$work/$source" && LC_ALL=C.UTF-8 dpkg-buildpackage --no-sign)
find "$work" -maxdepth 1 -type f -exec mv -t "$target" {} +
