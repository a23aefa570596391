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
# dpkg-buildpackage wants debian/ at the top, where this project has none; so it works on what is in the
# tarball. The same tree gives the same bytes, wherever and whenever it is built.

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

"$top/data/packaging/tarball.sh" "$work"
tar -C "$work" -xf "$work/$source.tar.xz"
mv "$work/$source.tar.xz" "$work/nm-killswitch_$upstream.orig.tar.xz"
cp -a "$work/$source/data/packaging/debian" "$work/$source/debian"

(cd "$work/$source" && LC_ALL=C.UTF-8 dpkg-buildpackage --no-sign)
find "$work" -maxdepth 1 -type f -exec mv -t "$target" {} +
