#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#     nfts.sh FOLDER
#
# Other releases' nft(8), unpacked into FOLDER and kept there: each runs by its own loader, whatever
# this system has. Prints a command a line. Debian's archive is asked, and by its own keyring, so on
# other distributions there are none.

set -eu

folder=$1
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
packages=(nftables libnftables1 libnftnl11 libmnl0 libjansson4 libgmp10 libxtables12 libedit2 libbsd0
    libmd0 libtinfo6 libc6)

fetch() {
    local there=$1 suite=$2 list=$1/etc/sources.list deb
    local -a options=(-q -o "Dir::Etc=$there/etc" -o "Dir::Etc::sourcelist=$list"
        -o Dir::Etc::sourceparts=- -o "Dir::State=$there" -o "Dir::State::lists=$there/lists"
        -o "Dir::State::status=$there/status" -o "Dir::Cache=$there/cache"
        -o "APT::Sandbox::User=$(id -un)")

    mkdir -p "$there"/{etc/preferences.d,lists/partial,cache/archives/partial,debs}
    : >"$there/status"
    echo "deb [signed-by=$keyring] http://deb.debian.org/debian $suite main" >"$list"
    apt-get "${options[@]}" update
    (cd "$there/debs" && apt-get "${options[@]}" download "${packages[@]}")
    for deb in "$there"/debs/*.deb; do
        dpkg-deb -x "$deb" "$there"
    done
    rm -rf "$there"/{debs,lists,cache}
    cat >"$there/nft" <<EOF
#!/bin/sh
exec "$there/usr/lib64/ld-linux-x86-64.so.2" --library-path "$there/usr/lib/x86_64-linux-gnu" \\
    "$there/usr/sbin/nft" "\$@"
EOF
    chmod +x "$there/nft"
    "$there/nft" --version
}

[ -e "$keyring" ] && [ "$(uname -m)" = x86_64 ] || exit 0
mkdir -p "$folder"
for suite in trixie forky; do
    there=$(realpath "$folder")/$suite
    if ! [ -x "$there/nft" ]; then
        rm -rf "$there"
        fetch "$there" "$suite" >"$folder/$suite.log" 2>&1 || {
            cat "$folder/$suite.log" >&2
            exit 1
        }
    fi
    echo "$there/nft"
done
