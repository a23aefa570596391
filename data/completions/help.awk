# SPDX-License-Identifier: GPL-2.0-or-later
# Of what "nm-killswitch [COMMAND] --help" prints, in any language: for which=options the options, for
# which=commands the commands, for which=vpn the second words of "vpn list" and its like. One a line: the word, the
# separator, and what it is.
function next_word(word) { # of `rest`; one blank after it: what belongs to it follows, more: what it is
    match(rest, /^[^ ]+/)
    word = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    match(rest, /^ */)
    belongs = RLENGTH == 1
    rest = substr(rest, RLENGTH + 1)
    return word
}
function finish() {
    if (name != "" && !seen[name]++)
        print name (rest == "" ? "" : separator rest)
    name = ""
}
!/^   / { finish() }
/^  --/ && which == "options" {
    rest = substr($0, 3)
    name = next_word()
    if (belongs)
        next_word()
    next
}
/^  [a-z]/ && which != "options" {
    rest = substr($0, 3)
    name = next_word()
    second = belongs ? next_word() : ""
    is_group = second ~ /^[a-z]+$/
    if (is_group && belongs)
        next_word()
    if (which != "commands")
        name = is_group && name == which ? second : ""
    else if (is_group)
        rest = ""
    next
}
/^   / && rest != "" {
    sub(/^ +/, "")
    rest = rest " " $0
}
END { finish() }
