# SPDX-License-Identifier: GPL-2.0-or-later
# Of what "nm-killswitch status --json" prints, the names of VPNs, one a line: all of them, or for which=manual
# those of "vpn add"; for which=networks those of the networks
# that are connected, for which=known_networks also those that are away. Anybody may have named them: instead of a name that a shell would take apart, that looks
# like an option or turns the direction of writing, the UUID.
function text(line) {
    sub(/^[^:]*: "/, "", line)
    sub(/",?$/, "", line)
    gsub(/\\\\/, "\001", line)
    gsub(/\\"/, "\"", line)
    if (line ~ /\\/) # a control character
        return ""
    gsub("\001", "\\", line)
    return line
}
function offer(name, uuid) {
    print name == "" || name ~ /^-|[:=]|\342\200[\216\217\252-\256]|\342\201[\246-\251]/ ? uuid : name
}
BEGIN { list = which ~ /networks$/ ? which : "vpns" }
$0 ~ "^  \"" list "\" : \\[" { inside = 1 }
inside && /^  \]/ { exit }
inside && /^      "uuid" : "/ { uuid = text($0) }
inside && /^      "name" : "/ { name = text($0) }
inside && which == "networks" && /^      "interface" : / { offer(name, uuid) }
inside && which == "known_networks" && /^      "connected" : / { offer(name, uuid) }
inside && list == "vpns" && /^      "manual" : / && (which == "all" || /true/) { offer(name, uuid) }
