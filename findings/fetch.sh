# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scripts beside it; source it, then
#
#     fetch SUITE PACKAGE=VERSION...    unpacks these versions from Debian's archive into $scratch/SUITE
#     fetch_nft SUITE NFTABLES LIBNFTNL the same for nft(8) of these versions and what it links to
#     run SUITE PROGRAM [argument...]   runs a program of them with their own loader and libraries
#     expect WHAT WANTED SEEN           ends the script unless the two texts are equal
#     in_own_network "$0" "$@"          goes on in a network namespace of its own
#
# $scratch is a temporary folder that goes when the script ends.

set -eu

if [ -z "${scratch:-}" ]; then
    scratch=$(mktemp -d)
    export scratch
    trap 'rm -rf "$scratch"' EXIT
fi

# what nft(8) links to beside its own
nft_libraries=(libc6 libjansson4 libgmp10 libedit2 libmnl0 libxtables12 libbsd0 libmd0 libtinfo6)

fetch() {
    local suite=$1 folder=$scratch/$1 list
    local -a options

    shift
    mkdir -p "$folder"/{etc/preferences.d,lists/partial,cache/archives/partial,debs}
    : >"$folder/status"
    list=$folder/etc/sources.list
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "http://deb.debian.org/debian $suite main" >"$list"
    options=(-q -o "Dir::Etc=$folder/etc" -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=-
        -o "Dir::State=$folder" -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status"
        -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
    if ! apt-get "${options[@]}" update >"$folder/log" 2>&1 ||
        ! (cd "$folder/debs" && apt-get "${options[@]}" download "$@" >>"$folder/log" 2>&1); then
        cat "$folder/log" >&2
        echo "cannot fetch from Debian's $suite: $*" >&2
        exit 2
    fi
    for list in "$folder"/debs/*.deb; do
        dpkg-deb -x "$list" "$folder"
    done
}

fetch_nft() {
    fetch "$1" "nftables=$2" "libnftables1=$2" "libnftnl11=$3" "${nft_libraries[@]}"
}

run() {
    local folder=$scratch/$1 program=$2 loader

    shift 2
    loader=$folder/usr/lib64/ld-linux-x86-64.so.2
    [ -e "$loader" ] || loader=$folder/lib64/ld-linux-x86-64.so.2 # Debian 12
    "$loader" --library-path \
        "$folder/usr/lib/x86_64-linux-gnu:$folder/lib/x86_64-linux-gnu" "$program" "$@"
}

expect() {
    if [ "$2" != "$3" ]; then
        printf 'not as it was: %s\n--- expected\n%s\n--- seen\n%s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
    printf 'as it was: %s\n' "$1"
}

in_own_network() {
    [ -z "${in_own_network:-}" ] || return 0
    in_own_network=yes unshare --net -- bash "$@"
    exit
}
