#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job, shown: installs what is missing (Debian, Ubuntu), builds, and plays the leak test of
# every kill switch guide with a real NetworkManager and a real VPN in a sandbox of its own. The
# machine's own network is not touched. Exit status: 0 everything as promised, 1 something was not,
# 130 after Ctrl-C.
#
#     sudo tests/demo.sh

set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

case ${1:-} in
'') ;;
--help | -h)
    sed -n '4,9s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    echo "Usage: sudo tests/demo.sh" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -ne 0 ]; then
    echo 'The demonstration makes network namespaces, which needs root: sudo tests/demo.sh' >&2
    exit 1
fi

# shellcheck source=tests/lib/dependencies.sh
. "$top/tests/lib/dependencies.sh"
# shellcheck source=tests/lib/build.sh
. "$top/tests/lib/build.sh"

install_dependencies demo || exit 1
# a build that is already there can be shown as it is
if [ -z "${KS_BUILD:-}" ]; then
    export KS_BUILD=$top/build-tests/demo
    echo 'Building nm-killswitch ...'
    mkdir -p "$top/build-tests"
    build_product "$KS_BUILD" || exit 1
    give_to_invoker "$top/build-tests"
fi

export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
exec /usr/bin/python3 "$top/tests/world/sandbox.py" -- /usr/bin/python3 "$top/tests/world/demo.py"
