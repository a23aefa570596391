# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of nm-killswitch(1) for bash.

_nm_killswitch() {
    local choices=''

    if [ "$COMP_CWORD" -eq 1 ]; then
        choices='status lock unlock lan auto rules --help --version'
    else
        case ${COMP_WORDS[1]} in
        status) choices='--json --check' ;;
        lan | auto) [ "$COMP_CWORD" -ne 2 ] || choices='on off' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "${COMP_WORDS[COMP_CWORD]}")
} && complete -F _nm_killswitch nm-killswitch
