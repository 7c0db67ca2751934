#!/bin/sh
# Lists the processes, the process tree and the network connections of a Linux or macOS device and, on Linux, the
# processes whose program was deleted, lives only in memory, or runs from a folder that everybody can write to.
#
# Usage: list-connections.sh [-h] [-s SECTIONS] [-n LINES]
#   -s SECTIONS  what to list, separated by commas: host, processes, tree, connections, deleted, writable.
#                The default is all of them.
#   -n LINES     the most lines of a section, 10 to 100000. The default is 2000.
#   -h           prints this help.
#
# Example: run list-connections.sh -parameters "-s connections,deleted -n 500"
#
# Changes nothing and writes no file. Every byte that is not printable ASCII is shown as "?": a process chooses its
# own command line, and must not be able to forge a line or to command a terminal. The tools of a compromised device
# may lie. The exit code is 1 when a section could not be listed, and 2 when the usage is wrong.

set -u
# Of what the caller's environment could change, nothing may.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH IFS

all='host processes tree connections deleted writable'
sections=$all
limit=2000
failed=0

usage() {
    sed -n '/^# Usage/,/^# Example/s/^# \{0,1\}//p' "$0"
}

wrong() {
    printf 'error: %s\n' "$1" >&2
    printf 'help: %s\n' 'list-connections.sh -h shows the usage' >&2
    exit 2
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# No tool may hang the session. macOS has no `timeout`.
bounded() {
    if has timeout; then timeout 60 "$@"; else "$@"; fi
}

list_host() {
    date -u '+time: %Y-%m-%dT%H:%M:%SZ'
    printf 'host: %s\n' "$(uname -n)"
    printf 'system: %s\n' "$(uname -srm)"
    printf 'as: %s\n' "$(id -un)"
    printf 'up: %s\n' "$(uptime)"
    who
}

# The children of whoever is not there, and of nobody, are roots: nothing is left out of the tree. A process that is
# its own ancestor cannot be, but a line that says so must not make the tree endless.
list_tree() {
    bounded ps -A -ww -o pid= -o ppid= -o user= -o args= | awk '
        function show(pid, indent,    list, count, i) {
            if (pid in shown) return
            shown[pid] = 1
            print indent text[pid]
            count = split(children[pid], list, " ")
            for (i = 1; i <= count; i++) show(list[i], indent "  ")
        }
        {
            pid = $1; parent = $2; user = $3
            sub(/^ *[0-9]+ +[0-9]+ +[^ ]+ +/, "")
            text[pid] = pid " " user " " $0
            up[pid] = parent
            order[++total] = pid
            children[parent] = children[parent] " " pid
        }
        END {
            if (total == 0) exit 1
            for (i = 1; i <= total; i++) if (!(up[order[i]] in text)) show(order[i], "")
            for (i = 1; i <= total; i++) show(order[i], "")
        }'
}

list_connections() {
    if has ss; then bounded ss -tuanp
    elif has lsof; then bounded lsof -nP -i
    elif has netstat; then bounded netstat -an
    else
        echo 'neither ss, lsof nor netstat is here'
        return 1
    fi
}

# Prints the processes whose program's path matches one of the patterns.
list_programs() {
    if [ ! -d /proc/self ]; then
        echo '(needs /proc, which only Linux has)'
        return 0
    fi
    for link in /proc/[0-9]*/exe; do
        # A kernel thread has no program, and a process may be gone by now.
        program=$(readlink "$link" 2>/dev/null) || continue
        for pattern in "$@"; do
            # The pattern is meant as one, so it is not quoted.
            # shellcheck disable=SC2254
            case $program in
            $pattern)
                process=${link%/exe}
                program=$(printf '%s' "$program" | tr '\n' '?')
                arguments=$(tr '\0\n' ' ?' 2>/dev/null <"$process/cmdline")
                printf '%s\t%s\t%s\n' "${process#/proc/}" "$program" "$arguments"
                break
                ;;
            esac
        done
    done
}

list() {
    case $1 in
    host) list_host ;;
    processes) bounded ps -A -ww -o pid -o ppid -o user -o lstart -o args ;;
    tree) list_tree ;;
    connections) list_connections ;;
    deleted) list_programs '* (deleted)' '/memfd:*' ;;
    writable) list_programs '/tmp/*' '/var/tmp/*' '/dev/shm/*' '/run/user/*' ;;
    esac
}

# Prints a section: escaped, and no more of it than the limit.
section() {
    printf '\n== %s ==\n' "$1"
    output=$(list "$1" 2>&1)
    status=$?
    printf '%s\n' "$output" | tr -c '\11\12\40-\176' '?' | awk -v limit="$limit" '
        NR <= limit { print }
        END { if (NR > limit) printf "(%d more lines: -n raises the limit)\n", NR - limit }'
    if [ "$status" -ne 0 ]; then
        printf 'error: %s failed with %d\n' "$1" "$status"
        failed=1
    fi
}

while getopts hs:n: option; do
    case $option in
    h) usage; exit 0 ;;
    s) sections=$(printf '%s' "$OPTARG" | tr ',' ' ') ;;
    n) limit=$OPTARG ;;
    *) wrong 'unknown option, or one without its value' ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || wrong "no argument is taken: '$1'"
case $limit in
'' | 0* | *[!0-9]* | ???????*) wrong "-n takes a number from 10 to 100000, not '$limit'" ;;
esac
if [ "$limit" -lt 10 ] || [ "$limit" -gt 100000 ]; then wrong "-n takes a number from 10 to 100000, not '$limit'"; fi
set -f
[ -n "$sections" ] || wrong "-s takes one or more of: $all"
for name in $sections; do
    case " $all " in
    *" $name "*) ;;
    *) wrong "there is no section '$name'; there are: $all" ;;
    esac
done
set +f

[ "$(id -u)" -eq 0 ] || echo 'note: not root, so the programs of other users are not shown'
for name in $sections; do section "$name"; done
exit "$failed"
