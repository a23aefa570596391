# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How each suite of tests/run.sh runs. A suite is a function suite_NAME: it runs its tools by `job`,
# tells `count` what they wrote, and adds no output of its own. To add one, write its function here
# and its row in tests/run.sh.
#
# In: top, verbose, only, wanted, named. Out: passed, failed, skipped, failures, skips, agains.

# shellcheck disable=SC2154 # the variables above belong to tests/run.sh

prepare_suites() {
    builds=$top/build-tests
    scratch=$(mktemp -d) || exit 1
    child=
    child_signal=TERM
    broken=
    beside=
    mkdir -p "$builds" || exit 1
    trap 'finish' EXIT
    trap 'stop 130' INT
    trap 'stop 143' TERM
    trap 'stop 129' HUP

    cd "$top" || exit 1
    export LC_ALL=C.UTF-8 TZ=UTC
    export PYTHONDONTWRITEBYTECODE=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
    unset G_MESSAGES_DEBUG G_DEBUG MESON_TESTTHREADS DESTDIR
}

finish() {
    rm -rf "$scratch"
    give_to_invoker "$builds"
}

# A signal to us: the running tool gets the signal on which it cleans up what it made, and time for
# it; then its whole process group goes.
stop() {
    local status=$1 i

    trap '' INT TERM HUP
    printf '\nStopping ...\n'
    if [ -n "$beside" ]; then
        kill -s TERM "$beside" 2>/dev/null
        wait "$beside"
    fi
    if [ -n "$child" ]; then
        kill -s "$child_signal" "$child" 2>/dev/null
        for ((i = 0; i < 150; i++)); do
            kill -0 -- "-$child" 2>/dev/null || break
            sleep 0.1
        done
        kill -s KILL -- "-$child" 2>/dev/null
    fi
    exit "$status"
}

# The seat belt: as root no test ever runs in the network namespace it was started in, whatever it
# does or forgets. An ordinary user cannot change the machine's network anyway. Sets `words`.
in_own_network() {
    words=("$@")
    # shellcheck disable=SC2016
    [ "$(id -u)" -ne 0 ] ||
        words=(unshare --net -- sh -c 'ip link set lo up && exec "$@"' sh "$@")
}

# job SIGNAL COMMAND...: runs it in a process group of its own, without stdin; SIGNAL is the one on
# which it cleans up, sent when the suite's time is over. Its output goes to $scratch/log.
job() {
    local status words

    child_signal=$1
    shift
    in_own_network "$@"
    # --foreground: the signal goes to the command alone, which ends what it started in order
    set -m
    timeout --foreground --signal="$child_signal" --kill-after=30 "${minutes}m" \
        "${words[@]}" >>"$scratch/log" 2>&1 </dev/null &
    child=$!
    set +m
    if [ -n "$verbose" ]; then
        tail -s 0.1 -n +"$(($(wc -l <"$scratch/log") + 1))" --pid="$child" -f "$scratch/log" &
    fi
    wait "$child"
    status=$?
    kill -s KILL -- "-$child" 2>/dev/null # what it left behind
    child=
    [ -z "$verbose" ] || wait
    return $status
}

# One case that has no tool to count it.
pass() {
    passed=$((passed + 1))
}

fail() { # NAME WHY
    failed=$((failed + 1))
    failures+=("$suite $1: $2")
}

# Adds what tests/lib/count.py prints, or writes as it does, from standard input.
tally() {
    local words word name

    read -r -a words
    while read -r word name; do
        case $word in
        FAIL) failures+=("$suite $name") ;;
        SKIP) skips+=("$suite $name") ;;
        AGAIN) agains+=("$suite $name") ;;
        esac
    done
    passed=$((passed + ${words[0]:-0}))
    failed=$((failed + ${words[1]:-1}))
    skipped=$((skipped + ${words[2]:-0}))
}

# count meson|pytest STATUS FILE: see tests/lib/count.py
count() {
    tally <<<"$(/usr/bin/python3 "$top/tests/lib/count.py" "$@")"
}

run_suite() { # NAME
    local before_passed=$passed before_failed=$failed before_skipped=$skipped begun=$SECONDS
    local said

    suite=$1
    minutes=$(suite_field "$1" 4) # for each of its jobs
    [ -z "${KS_FULL:-}" ] || minutes=$((minutes * 6)) # one test of world's alone takes an hour
    printf '== %s: %s\n' "$1" "$(suite_field "$1" 6)"
    : >"$scratch/log"
    if [ "$(suite_field "$1" 3)" = root ] && [ "$(id -u)" -ne 0 ]; then
        fail 'the suite' 'needs root: sudo tests/run.sh'
    else
        "suite_$suite"
    fi
    if [ "$failed" -ne "$before_failed" ] && [ -z "$verbose" ]; then
        cat "$scratch/log"
    fi
    said="$((passed - before_passed)) passed"
    [ "$failed" -eq "$before_failed" ] || said="$said, $((failed - before_failed)) FAILED"
    [ "$skipped" -eq "$before_skipped" ] || said="$said, $((skipped - before_skipped)) skipped"
    echo "   $said in $((SECONDS - begun)) s"
}

# Which suites run in turn here, and which beside them. Beside nothing they run in turn, too.
sort_suites() {
    local name roots=

    in_turn=() idle=()
    for name in "${wanted[@]}"; do
        [ "$(suite_field "$name" 3)" != root ] || roots=yes
    done
    for name in "${wanted[@]}"; do
        if [ -n "$roots" ] && [ "$(suite_field "$name" 3)" = idle ]; then
            idle+=("$name")
        else
            in_turn+=("$name")
        fi
    done
}

# The suites of `idle` as a run of their own, beside what comes next.
start_beside() {
    if [ -n "$beside" ] || [ ${#idle[@]} -eq 0 ]; then
        return
    fi
    chrt --idle 0 "$top/tests/run.sh" ${verbose:+--verbose} ${only:+--only "$only"} "${idle[@]}" \
        >"$scratch/beside" 2>&1 </dev/null &
    beside=$!
}

join_beside() {
    [ -n "$beside" ] || return
    # nothing is left that it makes way for
    chrt --all-tasks --other --pid 0 "$beside" 2>/dev/null
    wait "$beside"
    beside=
    idle=()
    sed -e '$d' -e '/^All of it took/d' "$scratch/beside"
    suite=beside
    tally < <(awk '
        sub(/^FAILED: /, "") { words = words "FAIL " $0 "\n" }
        sub(/^skipped: /, "") { words = words "SKIP " $0 "\n" }
        { last = $0 }
        END {
            if (last !~ /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/) {
                last = "0 1 0"
                words = "FAIL the run: ended without its last line\n"
            }
            gsub(/[a-z,]+ ?/, "", last)
            printf "%s\n%s", last, words
        }' "$scratch/beside")
}

# built NAME [meson options]: compiles build-tests/NAME (the compiler from CC) and sets `build`; on
# failure the suite has failed, and its function returns.
built() {
    build=$builds/$1
    if [[ " $broken " = *" $1 "* ]]; then
        fail build "build-tests/$1 could not be built, see above"
        return 1
    fi
    # two suites may want the same one at the same time
    # shellcheck disable=SC2016
    job TERM flock "$build.lock" bash -c '. "$0" && build_product "$@"' \
        "$top/tests/lib/build.sh" "$build" "${@:2}"
    case $? in
    0) return 0 ;;
    124 | 137) fail build "build-tests/$1 was not done in $minutes minutes" ;;
    *) fail build "build-tests/$1 does not compile" ;;
    esac
    broken="$broken $1"
    return 1
}

meson_test() { # arguments of `meson test`
    local base=$build/meson-logs/$suite name names=()

    rm -f "$base".*
    if [ -n "$only" ]; then
        while read -r name; do
            name=${name##* / } # "project:suite / program"
            [[ $name != *"$only"* ]] || names+=("$name")
        done <<<"$(meson test -C "$build" --no-rebuild --list "$@" 2>/dev/null)"
        if [ ${#names[@]} -eq 0 ]; then
            fail 'the suite' "has no test program whose name contains $only"
            return
        fi
    fi
    job TERM meson test -C "$build" --no-rebuild --logbase "$suite" ${verbose:+--verbose} \
        "$@" "${names[@]}"
    count meson $? "$base"
    [ ! -e "$base.failed" ] || cp "$base.failed" "$scratch/log"
}

# As distributions compile it, but no warning passes.
compiles() { # COMPILER
    CC=$1 built "$1" --buildtype=plain --werror \
        -Dc_args='-g -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2' && pass
}

suite_gcc() {
    compiles gcc || return
    if job TERM env DESTDIR="$scratch/installed" meson install -C "$build" --no-rebuild; then
        pass
    else
        fail install 'meson install into an empty folder'
    fi
}

suite_clang() {
    compiles clang
}

# A test that hangs has an end; on a machine with other work it is not taken for one.
patience=(--timeout-multiplier 3)

suite_lint() {
    built plain && meson_test --suite lint "${patience[@]}"
}

suite_unit() {
    built plain && meson_test --suite unit "${patience[@]}"
}

# In CI and with KS_FULL=1 also with what other releases of nft(8) say of the rules.
suite_kernel() {
    local nfts=

    built plain || return
    if [ -n "${CI:-}${KS_FULL:-}" ] && ! nfts=$(tests/lib/nfts.sh "$builds/nfts" 2>"$scratch/log"); then
        fail nfts 'fetching other releases of nft'
        return
    fi
    KS_NFTS=$nfts meson_test --suite kernel "${patience[@]}"
}

sanitizers=('-Db_sanitize=address,undefined' -Db_lundef=false)
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

suite_sanitize() {
    CC=clang built sanitize "${sanitizers[@]}" &&
        meson_test --suite unit --suite kernel --timeout-multiplier 8
}

suite_fuzz() {
    CC=clang built fuzz -Dfuzz=true || return
    : >"$scratch/log"
    job INT /usr/bin/python3 "$top/tests/fuzz/run.py" "$build" "$scratch/fuzz" "$only"
    if [ -e "$scratch/fuzz" ]; then
        tally <"$scratch/fuzz"
    else
        fail 'the suite' 'took too long, or was ended'
    fi
}

# pytest_counted REPORT [NAME=VALUE...] [OPTION...]: the tests of the suite by pytest, in this
# environment. Of those that failed, count.py says which run twice more, by themselves.
pytest_counted() {
    local report=$1 status words again=() time

    shift
    words=(env)
    while [[ ${1:-} = *=* ]]; do
        words+=("$1")
        shift
    done
    words+=(/usr/bin/python3 -m pytest -p no:cacheprovider -ra "$@")
    rm -f "$report" "$report".[12]
    job INT "${words[@]}" --junitxml="$report" ${only:+-k "$only"} "$top/tests/$suite"
    status=$?
    [ "$status" -ne 1 ] || lines_of again /usr/bin/python3 "$top/tests/lib/count.py" again "$report"
    for time in 1 2; do
        [ ${#again[@]} -eq 0 ] || job INT "${words[@]}" --junitxml="$report.$time" "${again[@]}"
    done
    count pytest "$status" "$report"
}

# Two processes with a world each: a world waits most of the time. The tests of a file share one.
in_two_worlds() { # [NAME=VALUE...]
    pytest_counted "$build/meson-logs/$suite.junit.xml" KS_BUILD="$build" "$@" \
        -p xdist -n 2 --dist loadfile
}

suite_world() {
    built plain && in_two_worlds
}

suite_boot() { # the product it compiles by itself, as data/install.sh does
    local results=$builds/boot

    built plain || return # the flood
    mkdir -p "$results/reports"
    # with the network: from the package archive
    if ! /usr/bin/python3 "$top/tests/boot/packages.py" >>"$scratch/log" 2>&1 </dev/null; then
        fail packages 'the packages of other firewalls could not be fetched, see above'
        return
    fi
    in_two_worlds KS_REPORTS="${KS_REPORTS:-$results/reports}"
}

suite_packages() {
    local results=$builds/packages-results

    built plain || return # the flood
    mkdir -p "$results"
    if ! job TERM nice /usr/bin/python3 "$top/tests/packages/build.py"; then
        fail build 'the Debian packages could not be built, see above'
        return
    fi
    pytest_counted "$results/packages.junit.xml" KS_BUILD="$build" KS_REPORTS="${KS_REPORTS:-$results}"
}

suite_ui() {
    built plain && in_two_worlds KS_REPORTS="$builds/reports"
}

suite_vm() {
    local release releases=()

    built vm --prefix=/usr -Dtests=false -Dapplet=false || return
    mkdir -p "$build/meson-logs"
    if ! lines_of releases /usr/bin/python3 "$top/tests/vm/releases.py" 2>>"$scratch/log"; then
        fail releases 'there is no virtual machine for this release, see above'
        return
    fi
    for release in "${releases[@]}"; do
        echo "   $release"
        # with the network: from the package archive; its scripts have no right to change it
        if ! KS_VM=$release nice /usr/bin/python3 "$top/tests/vm/image.py" >>"$scratch/log" 2>&1 </dev/null; then
            fail "$release" 'the virtual machine could not be made, see above'
            continue
        fi
        pytest_counted "$build/meson-logs/vm-$release.junit.xml" KS_VM="$release" KS_BUILD="$build"
    done
}

suite_fresh() {
    local results=$builds/fresh release releases=()

    mkdir -p "$results"
    # with the network: from the package archives; what runs there has no right to change it
    if ! lines_of releases /usr/bin/python3 "$top/tests/fresh/prepare.py" 2>>"$scratch/log" </dev/null; then
        fail roots 'the bare systems could not be made, see above'
        return
    fi
    for release in "${releases[@]}"; do
        echo "   $release"
        pytest_counted "$results/$release.junit.xml" KS_FRESH="$release" \
            KS_REPORTS="${KS_REPORTS:-$builds/reports}"
    done
}

# Whole when it is named, and with KS_PAGE=1 onto the page of figures; else in few rounds, whose figures say
# nothing: to see that each still measures.
suite_bench() {
    local rounds=(--quick)

    built bench --buildtype=release || return
    [ -z "$named" ] || rounds=(${KS_PAGE:+--page})
    : >"$scratch/log"
    if job INT env KS_BUILD="$build" /usr/bin/python3 "$top/tests/bench/run.py" "${rounds[@]}"; then
        pass
        [ -z "$named" ] || [ -n "$verbose" ] || cat "$scratch/log" # its figures are what it is run for
    else
        fail 'the suite' 'something could not be measured, see above'
    fi
}
