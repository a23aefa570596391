# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What this project needs from the distribution, and how it gets there. Source it, then
#
#     install_dependencies build|demo|test
#
# build: to compile; demo: and to run the product in a sandbox; test: and to run every test.
# Returns 0 when everything is there. Installs only what is missing (a second run needs neither
# network nor root). No service is started by it and none is enabled at boot: NetworkManager, openvpn
# and the like are wanted inside the tests' own namespaces, never on the machine itself. What it left
# disabled it says, and remembers until
#
#     enable_units_again

# "a|b|c": the first that the distribution has (names differ by release), and any of them that is
# already there will do; "|-" at the end: do without if it has none of them. desktop-file-utils: what
# meson runs after an installation it looks for before it compiles. libpolkit-gobject-1-dev: gettext's
# rules for polkit's policies, which only Debian 12 has in polkitd. netbase: the names of protocols,
# which Debian 12's nft has not by itself.
DEPENDENCY_BUILD='gcc libc6-dev binutils meson ninja-build pkgconf|pkg-config gettext
desktop-file-utils libpolkit-gobject-1-dev
libglib2.0-dev libnm-dev libnftnl-dev libmnl-dev libsystemd-dev systemd-dev|systemd
libc-ares-dev libcurl4-gnutls-dev|libcurl4-openssl-dev libjson-glib-dev polkitd|policykit-1 libgtk-3-dev libayatana-appindicator3-dev'
DEPENDENCY_DEMO='network-manager network-manager-openvpn openvpn dnsmasq-base dbus
nftables netbase iproute2 iputils-ping util-linux procps openssl
python3 python3-gi'
# What a release does not have ("|-"): tests/world/installed.py tells what was not run for want of it.
DEPENDENCY_TEST='clang iptables iperf3 strace valgrind python3-pytest python3-pytest-xdist python3-pyflakes
shellcheck zsh fish
dpkg-dev debhelper lintian rpm rpmlint
radvd isc-dhcp-client|- dhcpcd-base podman crun netavark aardvark-dns slirp4netns busybox-static
network-manager-openconnect|- openconnect|- ocserv|-
network-manager-ssh|- openssh-server network-manager-iodine|- iodine|-
network-manager-vpnc|- vpnc|- strongswan-charon|- strongswan-swanctl|- libstrongswan-standard-plugins|-
libcharon-extra-plugins|- libcharon-extauth-plugins|-
wireguard-tools|- wireguard-go|-
systemd-container libpam-systemd qemu-system-x86 e2fsprogs
mmdebstrap git debian-archive-keyring ubuntu-keyring|-
xvfb xdotool x11-utils imagemagick dbus-x11 at-spi2-core gir1.2-atspi-2.0 adwaita-icon-theme librsvg2-common
appstream xfwm4 xfconf xfce4-panel xfce4-notifyd mate-panel gnome-shell gjs
network-manager-applet|network-manager-gnome
gnome-shell-extension-appindicator
libxml2-utils clang-format-14|clang-format clang-tidy-14|clang-tidy
libclang-rt-dev|libclang-rt-14-dev|libclang-common-14-dev|-'

dependency_packages() {
    case $1 in
    build) echo "$DEPENDENCY_BUILD" ;;
    demo) echo "$DEPENDENCY_BUILD $DEPENDENCY_DEMO" ;;
    test) echo "$DEPENDENCY_BUILD $DEPENDENCY_DEMO $DEPENDENCY_TEST" ;;
    esac
}

# The same for people whose distribution has no apt: programs, then pkg-config modules.
DEPENDENCY_PROGRAMS='cc meson ninja pkg-config msgfmt readelf gdbus-codegen
glib-compile-resources update-desktop-database'
dependency_programs() {
    case $1 in
    build) echo "$DEPENDENCY_PROGRAMS" ;;
    demo)
        dependency_programs build
        echo NetworkManager nmcli openvpn openssl dnsmasq dbus-daemon nft ip ping unshare python3
        ;;
    test)
        dependency_programs demo
        echo clang systemd-nspawn qemu-system-x86_64 mmdebstrap iptables iperf3 strace valgrind \
            shellcheck zsh fish xmllint clang-format clang-tidy
        echo Xvfb xdotool import xfwm4 xfce4-panel gnome-shell
        ;;
    esac
}
DEPENDENCY_MODULES='glib-2.0 gio-unix-2.0 libnm libnftnl libmnl libcares libcurl libsystemd
json-glib-1.0 gtk+-3.0 ayatana-appindicator3-0.1'

# To compile, where there is no apt. Fedora's packages name the pkg-config modules that they bring
# (and polkit's has the rules by which its policies are translated); Arch does not split its
# libraries, except glib2. Neither was tried: only which command is run, with stand-ins.
DEPENDENCY_DNF='gcc binutils meson ninja-build pkgconf-pkg-config gettext
desktop-file-utils gtk-update-icon-cache
pkgconfig(polkit-gobject-1)'
DEPENDENCY_PACMAN='gcc binutils meson ninja pkgconf gettext glib2 glib2-devel libnm libnftnl libmnl
desktop-file-utils gtk-update-icon-cache
c-ares curl systemd-libs json-glib polkit gtk3 libayatana-appindicator'

# Units that a package of ours brings and that its installation would enable at boot.
DEPENDENCY_UNITS='NetworkManager.service NetworkManager-dispatcher.service
NetworkManager-wait-online.service openvpn.service nftables.service iperf3.service
radvd.service ocserv.service ocserv.socket ssh.service ssh.socket iodined.service strongswan-starter.service podman.service podman.socket podman-auto-update.timer
podman-auto-update.service podman-restart.service
machines.target'
DEPENDENCY_DISABLED=/var/lib/misc/nm-killswitch-disabled-units
DEPENDENCY_LOCK=/run/nm-killswitch-dependencies.lock

POLICY_FILE=/usr/sbin/policy-rc.d
POLICY_MARK='# made by nm-killswitch tests/lib/dependencies.sh for one installation'

# lines_of NAME COMMAND...: what it prints, a line an element of the array NAME. Not by <(COMMAND): that
# needs /dev/fd, and where there is none bash goes on without a line, as if nothing were missing.
lines_of() {
    local -n lines_=$1
    local text_

    text_=$("${@:2}") || return
    # shellcheck disable=SC2034 # the caller's array, by reference
    lines_=()
    # shellcheck disable=SC2034
    [ -z "$text_" ] || mapfile -t lines_ <<<"$text_"
}

# By its own name, or as what another one provides.
package_is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
        dpkg-query -W -f='${db:Status-Status}, ${Provides},\n' 2>/dev/null |
        grep -q "^installed,.* $1[ ,]"
}

# Prints the package that brings this name: itself, or for a virtual one the first that provides it.
package_for() {
    if apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'; then
        echo "$1"
    else
        apt-cache showpkg "$1" 2>/dev/null |
            awk '/^Reverse Provides:/ { found = 1; next } found { print $1; exit }'
    fi
}

# Prints the words of dependency_packages of which nothing is installed yet.
missing_packages() {
    local word name

    for word in $(dependency_packages "$1"); do
        for name in ${word//|/ }; do
            if package_is_installed "$name"; then
                continue 2
            fi
        done
        echo "$word"
    done
}

# For each word the package to install, or "?name" when the package lists do not have it.
choose_packages() {
    local word name package

    for word in "$@"; do
        for name in ${word//|/ }; do
            if [ "$name" = - ]; then
                continue 2
            fi
            package=$(package_for "$name")
            if [ -n "$package" ]; then
                echo "$package"
                continue 2
            fi
        done
        echo "?${word%%|*}"
    done
}

# While it lives, packages may not start services: invoke-rc.d(8), 101 = "action not allowed".
forbid_services() {
    if [ -e "$POLICY_FILE" ] && grep -qF "$POLICY_MARK" "$POLICY_FILE"; then
        rm -f "$POLICY_FILE" # left behind by a run that was killed; we hold the lock now
    fi
    if [ -e "$POLICY_FILE" ]; then
        "$POLICY_FILE" network-manager start >/dev/null 2>&1
        [ $? -eq 101 ] || {
            echo "error: $POLICY_FILE exists and lets packages start services." >&2
            return 1
        }
        return 0
    fi
    policy_is_ours=yes
    printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" >"$POLICY_FILE" && chmod 755 "$POLICY_FILE"
}

allow_services() {
    [ -z "$policy_is_ours" ] || rm -f "$POLICY_FILE"
}

enabled_units() {
    local unit

    command -v systemctl >/dev/null || return 0
    for unit in $DEPENDENCY_UNITS; do
        if systemctl is-enabled --quiet "$unit" 2>/dev/null; then
            echo "$unit"
        fi
    done
}

# Units that were not enabled before and are now: not what we came for.
disable_new_units() {
    local before=$1 unit disabled=''

    for unit in $(enabled_units); do
        case " $(echo "$before" | tr '\n' ' ') " in
        *" $unit "*) ;;
        *)
            systemctl disable --quiet "$unit" >/dev/null 2>&1 || continue
            disabled="$disabled $unit"
            mkdir -p "${DEPENDENCY_DISABLED%/*}" && echo "$unit" >>"$DEPENDENCY_DISABLED"
            ;;
        esac
    done
    [ -z "$disabled" ] || {
        echo "Left disabled, though their packages enable them at boot:$disabled"
        echo "(systemctl enable has them back; so does data/install.sh --remove)"
    }
}

# As an ordinary installation of their packages would have left them. Started they are at the next boot.
enable_units_again() {
    local unit enabled=''

    [ -e "$DEPENDENCY_DISABLED" ] || return 0
    while IFS= read -r unit; do
        case " $(echo "$DEPENDENCY_UNITS" | tr '\n' ' ') " in
        *" $unit "*) ;;
        *) continue ;;
        esac
        systemctl is-enabled --quiet "$unit" 2>/dev/null && continue
        systemctl enable --quiet "$unit" >/dev/null 2>&1 && enabled="$enabled $unit"
    done <"$DEPENDENCY_DISABLED"
    rm -f "$DEPENDENCY_DISABLED"
    [ -z "$enabled" ] || echo "Enabled again, from the next boot on:$enabled"
}

apt_install() {
    # NEEDRESTART_SUSPEND: Ubuntu's needrestart would restart the machine's services
    env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8 \
        apt-get install -y -q --no-install-recommends --no-remove \
        -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# In a subshell, so that its traps and its lock end with it.
install_packages() (
    policy_is_ours=
    packages=()
    log=$(mktemp) || exit 1
    before=$(enabled_units)

    trap 'allow_services; rm -f "$log"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    { exec 9>"$DEPENDENCY_LOCK" && flock 9; } || exit 1

    lines_of packages choose_packages "$@"
    updated=
    if [[ "${packages[*]}" = *\?* ]]; then
        echo 'Reading the package lists ...'
        apt-get update -q >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
        updated=yes
        lines_of packages choose_packages "$@"
        if [[ "${packages[*]}" = *\?* ]]; then
            echo "error: not in this system's package lists:" \
                "$(printf '%s\n' "${packages[@]}" | sed -n 's/^?//p' | tr '\n' ' ')" >&2
            archives=$(apt-cache policy)
            [[ "$archives" != *o=Ubuntu* || "$archives" = *c=universe* ]] ||
                echo 'They are in "universe": add-apt-repository universe' >&2
            exit 1
        fi
    fi
    [ ${#packages[@]} -gt 0 ] || exit 0

    forbid_services || {
        echo "Install these yourself, then run this again: ${packages[*]}" >&2
        exit 1
    }
    echo "Installing (no service is started or enabled): ${packages[*]}"
    if ! apt_install "${packages[@]}" >"$log" 2>&1; then
        # lists that are too old name files that are gone: once more with new ones
        if [ -n "$updated" ] || ! apt-get update -q >>"$log" 2>&1 ||
            ! apt_install "${packages[@]}" >"$log" 2>&1; then
            cat "$log" >&2
            echo "error: apt-get could not install: ${packages[*]}" >&2
            exit 1
        fi
    fi
    disable_new_units "$before"
)

# Without apt: programs and modules that are not there.
missing_programs() {
    local name

    for name in $(dependency_programs "$1"); do
        PATH=$PATH:/usr/sbin:/sbin command -v "$name" >/dev/null || echo "$name"
    done
    for name in $DEPENDENCY_MODULES; do
        pkg-config --exists "$name" 2>/dev/null || echo "$name.pc"
    done
    [ "$1" != test ] || python3 -c 'import gi, pytest, pyflakes, xdist' 2>/dev/null ||
        echo 'python3-gi python3-pytest python3-pyflakes python3-pytest-xdist'
}

# The command that installs what is needed to compile; nothing for a package manager we do not know.
install_command() {
    local name

    if command -v dnf >/dev/null; then
        echo dnf install -y --setopt=install_weak_deps=False
        echo "$DEPENDENCY_DNF"
        for name in $DEPENDENCY_MODULES; do echo "pkgconfig($name)"; done
    elif command -v pacman >/dev/null; then
        echo pacman -S --needed --noconfirm
        echo "$DEPENDENCY_PACMAN"
    fi
}

# What the tests need is not in those lists: it is named below.
install_without_apt() {
    local -a words

    [ -n "$(missing_programs build)" ] || return 0
    lines_of words install_command
    read -r -a words <<<"${words[*]}"
    [ ${#words[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: packages are missing; run this with sudo, which runs: ${words[*]}" >&2
        return 1
    fi
    echo "Installing: ${words[*]}"
    "${words[@]}" </dev/null && return 0
    echo "error: ${words[0]} could not install them." >&2
    [ "${words[0]}" != pacman ] || echo 'If files were not found: pacman -Syu, then run this again.' >&2
    return 1
}

# Without apt: say what is not there.
check_programs() {
    local missing

    missing=$(missing_programs "$1" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    echo 'error: this system has no apt-get, so install these with its own package manager' >&2
    echo '(programs, and pkg-config modules as NAME.pc), then run this again:' >&2
    echo "    $missing" >&2
    return 1
}

install_dependencies() {
    local -a missing

    case $1 in
    build | demo | test) ;;
    *)
        echo "install_dependencies: build, demo or test, not '$1'" >&2
        return 1
        ;;
    esac
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        install_without_apt && check_programs "$1"
        return
    fi

    lines_of missing missing_packages "$1"
    [ ${#missing[@]} -gt 0 ] || return 0
    # "a|-" is not missing where the distribution has no such package
    if ! printf '%s\n' "${missing[@]}" | grep -qv '|-$' &&
        [ -z "$(choose_packages "${missing[@]}")" ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: packages are missing; run this with sudo to install them:" >&2
        echo "${missing[@]%%|*}" >&2
        return 1
    fi
    install_packages "${missing[@]}"
}
