#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#     nfts.sh FOLDER
#
# Other releases' nft(8), unpacked into FOLDER and kept there: each runs by its own loader, whatever
# this system has. Prints a command a line. Debian's archive is asked, and by its own keyring, so on
# other distributions there are none.

set -eu

[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] && [ "$(uname -m)" = x86_64 ] || exit 0
mkdir -p "$1"
scratch=$(realpath "$1")
export scratch
fetcher=$(realpath "$(dirname "$0")/../../findings/fetch.sh")
# shellcheck source=findings/fetch.sh
. "$fetcher"
for suite in trixie forky; do
    command=$scratch/nft-$suite
    if ! [ -x "$command" ]; then
        fetch "$suite" nftables libnftables1 libnftnl11 "${nft_libraries[@]}"
        printf '#!/bin/bash\nscratch=%q\n. %q\nrun %q %q "$@"\n' "$scratch" "$fetcher" "$suite" \
            "$scratch/$suite/usr/sbin/nft" >"$command"
        chmod +x "$command"
        "$command" --version >&2
    fi
    echo "$command"
done
