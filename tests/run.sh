#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what the tests need, builds, and runs them; `tests/run.sh --help` says the rest.
# The suites are functions in tests/lib/suites.sh; the table below is all that this file knows.

set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# name | default: run when no suite is named | root: needs root; idle: needs none, and runs beside
# the first that does, with the processor time it leaves | minutes each of its jobs may take, six times as many
# with KS_FULL=1 | packages: as much of tests/lib/dependencies.sh as it needs | what
suites='
gcc      | default | -    | 15 | demo | gcc compiles everything without a warning, optimised
clang    | default | -    | 15 | test | clang compiles everything without a warning, optimised
lint     | default | idle | 45 | test | house rules: includes, linked libraries, format, scripts, folders
unit     | default | -    | 15 | demo | the pure parts; no root, no bus, no kernel
kernel   | default | -    | 15 | demo | the rules and netlink parts against a kernel, in namespaces
sanitize | default | idle | 30 | test | unit and kernel again under ASan and UBSan
fuzz     | default | idle | 20 | test | every parser of foreign input, for KS_FUZZ_SECONDS each (20)
world    | default | root | 40 | test | real NetworkManager, real VPN, leaks captured outside
boot     | default | root | 25 | test | installed by data/install.sh and booted by a real systemd; the same judge
packages | -       | root | 15 | test | Debian packages: built twice alike, upgraded and interrupted while locked
ui       | default | root | 20 | test | the applet on real desktops: clicked, read, looked at
vm       | default | root | 30 | test | virtual machines with the kernels of Debian and of its next release
fresh    | -       | root | 60 | test | the README on bare systems of other releases; one, another every day
bench    | default | root | 20 | test | speed and size, each against its yardstick; whole only when named
'

usage() {
    cat <<'END'
Usage: sudo tests/run.sh [-v] [suite...]

Installs what is missing (Debian, Ubuntu), builds in build-tests/, runs the named suites or, without
names, all default ones. Nothing runs in the machine's own network namespace.

  --list          the suites
  --only TEXT     only what has TEXT in its name: test programs, fuzz targets, world tests (as -k)
  -v, --verbose   show the output of suites that pass, too
  --help          this text

The last line is "N passed, N failed, N skipped", single test cases over all suites. The exit status
is 0 only if nothing failed; with CI=true a skipped test fails as well. 2: wrong usage.
END
}

suite_field() { # NAME COLUMN
    echo "$suites" | awk -F' *[|] *' -v name="$1" -v column="$2" \
        '{ sub(/ +$/, "", $1) } $1 == name { print $column }'
}

suite_names() { # all|default
    echo "$suites" | awk -F' *[|] *' -v which="$1" 'NF > 1 && (which == "all" || $2 == which) { print $1 }'
}

list_suites() {
    local name mark

    for name in $(suite_names all); do
        mark=
        [ "$(suite_field "$name" 2)" = default ] || mark=' (only when named)'
        [ "$(suite_field "$name" 3)" != root ] || mark="$mark (root)"
        printf '%-9s %s%s\n' "$name" "$(suite_field "$name" 6)" "$mark"
    done
}

verbose=
only=
wanted=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --list) list_suites && exit 0 ;;
    --verbose | -v) verbose=yes ;;
    --only)
        only=${2:-}
        [ -n "$only" ] || { usage >&2 && exit 2; }
        shift
        ;;
    -*)
        echo "unknown option: $1" >&2
        usage >&2
        exit 2
        ;;
    *)
        [ -n "$(suite_field "$1" 1)" ] || {
            echo "unknown suite: $1; there are:" >&2
            list_suites >&2
            exit 2
        }
        wanted+=("$1")
        ;;
    esac
    shift
done

# shellcheck source=tests/lib/dependencies.sh
. "$top/tests/lib/dependencies.sh"
# shellcheck source=tests/lib/build.sh
. "$top/tests/lib/build.sh"
# shellcheck source=tests/lib/suites.sh
. "$top/tests/lib/suites.sh"

named=yes
[ ${#wanted[@]} -gt 0 ] || { named='' && lines_of wanted suite_names default; }
needed='demo'
for suite in "${wanted[@]}"; do
    [ "$(suite_field "$suite" 5)" = demo ] || needed='test'
done
install_dependencies "$needed" || exit 1
prepare_suites

passed=0 failed=0 skipped=0
failures=() skips=() agains=()
started=$SECONDS
sort_suites
for suite in "${in_turn[@]}"; do
    # the first that needs root waits most of the time, and the others use that; those after it
    # have machines of their own, and count what a busy one loses
    [ "$(suite_field "$suite" 3)" != root ] || start_beside
    run_suite "$suite"
    join_beside
done

printf '\n'
[ ${#skips[@]} -eq 0 ] || printf 'skipped: %s\n' "${skips[@]}"
[ ${#agains[@]} -eq 0 ] || printf 'failed once, then passed twice: %s\n' "${agains[@]}"
[ ${#failures[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failures[@]}"
status=0
[ "$failed" -eq 0 ] || status=1
if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
    echo 'CI=true: a skipped test is a failure here.'
    status=1
fi
echo "All of it took $((SECONDS - started)) s."
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
