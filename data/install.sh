#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs nm-killswitch on this machine, or takes it away again.
#
#     sudo data/install.sh                    build, install, start, show the status
#     sudo data/install.sh --remove           unlock, stop, remove what was installed
#     sudo data/install.sh --remove --purge   the same, and forget settings and configuration
#     data/install.sh --dry-run               say what would be done, and do nothing; also with --remove
#
# Installing leaves the lock open: the first VPN that carries all traffic closes it. Installing again
# is an upgrade: a closed lock stays closed meanwhile. Everything goes to /usr, because NetworkManager
# and systemd look there; what was installed is written to /usr/share/nm-killswitch/installed.
# What it was tried on is in data/doc/tried.md. On Fedora and Arch and their relatives it asks dnf or
# pacman for the packages that it builds with; that is untested.

set -u
umask 022

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build_dir=$top/build-install
prefix=/usr
command=$prefix/bin/nm-killswitch
manifest=$prefix/share/nm-killswitch/installed
early=nm-killswitch-early.service
units=(nm-killswitch.service nm-killswitch.socket nm-killswitch-sleep.service "$early")
options=(--prefix="$prefix" --buildtype=plain -Dtests=false -Db_pie=true
    -Dc_args='-g -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2'
    -Dc_link_args='-Wl,-z,relro,-z,now')
# where Debian's zsh looks
[ ! -e /etc/debian_version ] || options+=(-Dzsh_completions="$prefix/share/zsh/vendor-completions")
state=/var/lib/nm-killswitch
runtime=/run/nm-killswitch
configuration=/etc/nm-killswitch

# shellcheck source=tests/lib/dependencies.sh
. "$top/tests/lib/dependencies.sh"
# shellcheck source=tests/lib/build.sh
. "$top/tests/lib/build.sh"

die() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

usage() {
    sed -n '4,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

check_machine() {
    [ -d /run/systemd/system ] || die 'systemd does not run here; nm-killswitch is started by it.'
    PATH=$PATH:/usr/sbin:/sbin command -v NetworkManager >/dev/null ||
        die 'NetworkManager is not installed; nm-killswitch guards the VPNs that it runs.' \
            'Its package is called network-manager, networkmanager or NetworkManager.'
    if [ ! -e "$manifest" ] && command -v dpkg-query >/dev/null &&
        dpkg-query -S "$command" >/dev/null 2>&1; then
        die "$command belongs to a package; upgrade or remove that package instead."
    fi
}

# Prints what the last "meson install" brought: files first, then the folders it made.
installed_now() {
    grep '^/' "$build_dir/meson-logs/install-log.txt"
}

# Removes the paths that come in; folders only if they are empty. Nothing outside of /usr
# but the autostart entry and, where it made them, its folders.
remove_paths() {
    local path

    while IFS= read -r path; do
        case $path in
        *..*) ;;
        "$prefix"/* | /etc/xdg | /etc/xdg/autostart | /etc/xdg/autostart/io.github.nmkillswitch.desktop)
            if [ -d "$path" ] && [ ! -L "$path" ]; then
                rmdir --ignore-fail-on-non-empty "$path"
            else
                rm -f "$path"
            fi
            ;;
        esac
    done
}

# The new manifest: what came now, and the folders of the old one (they exist already, so this time
# nobody made them). What the old version had and this one has not is removed.
write_manifest() {
    local new=$manifest.new path

    mkdir -p "${manifest%/*}" || return 1
    {
        installed_now
        if [ -e "$manifest" ]; then
            while IFS= read -r path; do
                [ ! -d "$path" ] || [ -L "$path" ] || echo "$path"
            done <"$manifest"
        fi
    } | awk '!seen[$0]++' >"$new" || return 1
    if [ -e "$manifest" ]; then
        grep -vxFf "$new" "$manifest" | remove_paths
    fi
    sync -f "$new" && mv "$new" "$manifest"
}

# meson overwrites what it installs. The configuration belongs to the administrator once it is there.
keep_configuration() {
    [ ! -e "$configuration/nm-killswitch.conf" ] ||
        cp -a "$configuration/nm-killswitch.conf" "$configuration/nm-killswitch.conf.kept"
}

restore_configuration() {
    [ ! -e "$configuration/nm-killswitch.conf.kept" ] ||
        mv "$configuration/nm-killswitch.conf.kept" "$configuration/nm-killswitch.conf"
}

# Where the files go, as meson says it, without compiling them.
would_install() {
    local scratch status

    scratch=$(mktemp -d) || return 1
    meson setup "$scratch/build" "$top" "${options[@]}" >"$scratch/log" 2>&1 </dev/null &&
        meson introspect --installed "$scratch/build" >"$scratch/list" && {
        python3 -c 'import json, sys; print(*json.load(sys.stdin).values(), sep="\n")' <"$scratch/list"
        # meson knows links by their last word, which these share
        printf "$prefix/lib/NetworkManager/dispatcher.d/%s90-nm-killswitch\n" '' pre-up.d/ pre-down.d/
    } | sort -u | sed 's/^/    /'
    status=${PIPESTATUS[0]}
    rm -rf "$scratch"
    return "$status"
}

say_installation() {
    local packages=()

    check_machine
    if command -v apt-get >/dev/null; then
        lines_of packages missing_packages build
        packages=("${packages[@]%%|*}")
    elif [ -n "$(missing_programs build)" ]; then
        lines_of packages missing_programs build
    fi
    if [ ${#packages[@]} -gt 0 ]; then
        echo "Packages that would be installed first, with what they need: ${packages[*]}"
        echo 'Which files come then is known when meson is there.'
    else
        echo "Would be compiled in $build_dir, and installed:"
        would_install || die 'meson could not be asked'
        echo "and written to $manifest."
    fi
    echo "Would be enabled and started: ${units[*]}"
}

say_removal() {
    if [ ! -e "$manifest" ]; then
        echo 'nm-killswitch was not installed by this script: nothing would be removed.'
    else
        echo "Would be stopped and disabled: ${units[*]}"
        echo 'The lock would be opened, and these removed:'
        sed 's/^/    /' "$manifest"
        printf '    %s\n' "$manifest" "$runtime"
    fi
    [ -z "$purge" ] || printf '    %s\n' "$state" "$configuration"
}

install_it() {
    check_machine
    install_dependencies build || exit 1

    echo 'Building ...'
    build_product "$build_dir" "${options[@]}" || exit 1

    echo 'Installing ...'
    keep_configuration || die "cannot copy $configuration/nm-killswitch.conf"
    env -u DESTDIR meson install -C "$build_dir" --no-rebuild --quiet >/dev/null ||
        die "meson could not install; see $build_dir/meson-logs"
    restore_configuration || die "cannot write $configuration/nm-killswitch.conf"
    write_manifest || die "cannot write $manifest"
    give_to_invoker "$build_dir"
    if command -v restorecon >/dev/null; then
        restorecon -F -f "$manifest" >/dev/null 2>&1 # SELinux labels
    fi

    systemctl daemon-reload || die 'systemd did not take the units.'
    systemctl --quiet enable "${units[@]}" || die 'the units could not be enabled.'
    # Never restarted: NetworkManager requires it and would be restarted along. Started, because a later
    # start of NetworkManager would anyway.
    systemctl start "$early" || die "the lock cannot be closed here; see: journalctl -u $early"
    # the guard of before, if there was one, ends here; the lock is in the kernel and stays
    systemctl restart nm-killswitch.service ||
        die 'the guard does not start; see: journalctl -u nm-killswitch.service'
    if ! systemctl --quiet is-enabled NetworkManager-dispatcher.service 2>/dev/null; then
        echo 'Note: NetworkManager-dispatcher.service is not enabled, so NetworkManager does not wait'
        echo 'for the lock before it calls a VPN connected. Enable it:'
        echo '    systemctl enable NetworkManager-dispatcher.service'
    fi
    printf 'Installed. To remove it: sudo data/install.sh --remove\n\n'
    "$command" status
}

# What the desktop made of files that are gone now.
refresh_caches() {
    if command -v glib-compile-schemas >/dev/null; then
        glib-compile-schemas "$prefix/share/glib-2.0/schemas" 2>/dev/null
    fi
    if command -v gtk-update-icon-cache >/dev/null; then
        gtk-update-icon-cache -qtf "$prefix/share/icons/hicolor" 2>/dev/null
    fi
}

remove_it() {
    if [ ! -e "$manifest" ]; then
        echo 'nm-killswitch was not installed by this script: nothing to remove.'
    else
        # The guard first, or it would watch its table go. A lock that stays behind belongs to nobody,
        # so root may open it.
        # Disabled before it is stopped: from then on no NetworkManager goes down with the early unit.
        systemctl --quiet disable "${units[@]}" 2>/dev/null
        systemctl stop "${units[@]}" 2>/dev/null
        if [ -x "$command" ]; then
            echo 'Opening the lock: from now on traffic leaves this machine freely, with or without a VPN.'
            "$command" unlock >/dev/null ||
                die 'the lock could not be opened, so nothing was removed. To have the guard back:' \
                    "systemctl enable --now ${units[*]}"
        fi
        remove_paths <"$manifest"
        rm -f "$manifest"
        rmdir --ignore-fail-on-non-empty "${manifest%/*}"
        rm -rf "$runtime"
        refresh_caches
        systemctl daemon-reload
        systemctl --quiet reset-failed "${units[@]}" 2>/dev/null
        echo 'Removed.'
    fi
    enable_units_again
    if [ -n "$purge" ]; then
        rm -rf "$state" "$configuration"
        echo 'The saved settings and the configuration are gone, too.'
    elif [ -d "$state" ] || [ -d "$configuration" ]; then
        echo "The saved settings stay in $state, the configuration in $configuration;"
        echo '--remove --purge removes them.'
    fi
}

remove="" purge="" dry=""
for argument in "$@"; do
    case $argument in
    --remove) remove=yes ;;
    --purge) purge=yes ;;
    --dry-run) dry=yes ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
if [ -n "$purge" ] && [ -z "$remove" ]; then
    usage >&2
    exit 2
fi
if [ -n "$dry" ]; then
    if [ -n "$remove" ]; then say_removal; else say_installation; fi
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    die "this changes the machine, which needs root: sudo data/install.sh $*"
fi
{ exec 8>/run/nm-killswitch-install.lock && flock -n 8; } || die 'it is running already.'
trap 'rm -f /run/nm-killswitch-install.lock' EXIT
if [ -n "$remove" ]; then
    remove_it
else
    install_it
fi
