# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Source it, then
#
#     build_product DIR [meson options]        (the compiler from CC, else the system's cc)
#     give_to_invoker DIR                      (after sudo: DIR belongs to who called it again)
#
# build_product configures DIR if it has to and compiles. It says nothing unless it fails; then it
# prints what the tools said and returns 1. The same DIR, options and compiler again: only what
# changed is compiled. Another set of options, or a moved tree: DIR is made again.

KS_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# Only folders that build_product made: under sudo this is root working in a user's folder.
give_to_invoker() {
    if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_UID:-}" ] && [ -e "$1" ]; then
        chown -R --no-dereference --from=0 "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$1"
    fi
}

build_product() (
    build=$1
    shift
    case $build in /*) ;; *) build=$PWD/$build ;; esac
    stamp=$build/.build-product
    made_with="$KS_SOURCE ${CC:-cc} $*"

    tools=(env LC_ALL=C.UTF-8)
    # root's compilation must not leave files in the invoking user's compiler cache
    [ -z "${SUDO_UID:-}" ] || tools+=(CCACHE_DISABLE=1)

    if [ -e "$build" ] && [ ! -e "$stamp" ]; then
        echo "error: $build was not made by the tests; it is left alone" >&2
        exit 1
    fi
    if [ "$(cat "$stamp" 2>/dev/null)" != "$made_with" ] || [ ! -e "$build/build.ninja" ]; then
        rm -rf "$build"
        mkdir -p "$build" || exit 1
        : >"$stamp"
    fi
    log=$build/.build-product.log
    if [ ! -e "$build/build.ninja" ] &&
        ! "${tools[@]}" meson setup "$build" "$KS_SOURCE" "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        echo "error: meson could not configure $build" >&2
        give_to_invoker "$build"
        exit 1
    fi
    printf '%s\n' "$made_with" >"$stamp"
    if ! "${tools[@]}" ninja -C "$build" >"$log" 2>&1 </dev/null; then
        # without the lines of what went well
        grep -Ev '^\[[0-9]+/[0-9]+\]|^ninja: Entering' "$log" >&2
        echo "error: $build does not compile" >&2
        give_to_invoker "$build"
        exit 1
    fi
    give_to_invoker "$build"
)
