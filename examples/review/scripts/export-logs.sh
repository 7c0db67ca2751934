#!/bin/sh
# Exports the system logs of the last hours of a Linux or macOS device into one tar.gz, with the sha256 of every file.
#
# Usage: export-logs.sh [-h] [-t HOURS] [-o DIR] [-m MB] [-f MB]
#   -t HOURS  how far to look back, 1 to 720. The default is 24.
#   -o DIR    the existing folder to create the export's folder in. The default is /var/tmp.
#   -m MB     the most to export before compression, 10 to 2000. The default is 300.
#   -f MB     the most of one log, of which the newest is kept, 1 to 1000. The default is 50.
#   -h        prints this help.
#
# Example: run export-logs.sh -parameters "-t 48 -m 500"
#
# Linux: the journal and the kernel's messages, and the files of /var/log that were written to in that time.
# macOS: `log show`, and the files of /var/log and /Library/Logs.
#
# Writes one new folder that only its owner can read, with the archive in it, and changes nothing else. What was left
# out, cut or unreadable is named in notes.txt in the archive, and on the output, and does not fail the script: the
# exit code is 1 when there is no archive, and 2 when the usage is wrong.

set -u
# Of what the caller's environment could change, nothing may.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
COPYFILE_DISABLE=1 # macOS: no file of its own for each file's attributes.
export PATH LC_ALL COPYFILE_DISABLE
unset LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH IFS TAR_OPTIONS GZIP
umask 077

hours=24
out=/var/tmp
total_mb=300
file_mb=50

usage() {
    sed -n '/^# Usage/,/^# Example/s/^# \{0,1\}//p' "$0"
}

wrong() {
    printf 'error: %s\n' "$1" >&2
    printf 'help: %s\n' 'export-logs.sh -h shows the usage' >&2
    exit 2
}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# Takes an option, its value, and the range that the value has to be in.
number() {
    case $2 in
    '' | 0* | *[!0-9]* | ?????*) wrong "$1 takes a number from $3 to $4, not '$2'" ;;
    esac
    if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then wrong "$1 takes a number from $3 to $4, not '$2'"; fi
}

while getopts ht:o:m:f: option; do
    case $option in
    h) usage; exit 0 ;;
    t) hours=$OPTARG ;;
    o) out=$OPTARG ;;
    m) total_mb=$OPTARG ;;
    f) file_mb=$OPTARG ;;
    *) wrong 'unknown option, or one without its value' ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || wrong "no argument is taken: '$1'"
number -t "$hours" 1 720
number -m "$total_mb" 10 2000
number -f "$file_mb" 1 1000
case $out in /*) ;; *) wrong "-o takes a path from /, not '$out'" ;; esac
[ -d "$out" ] || wrong "-o takes an existing folder, not '$out'"

if command -v sha256sum >/dev/null; then sum=sha256sum; else sum='shasum -a 256'; fi
file_bytes=$((file_mb * 1048576))
deadline=$(($(date +%s) + 420))
# mktemp makes a folder that nobody can have prepared.
folder=$(mktemp -d "$out/logs.XXXXXXXX") || fail "could not create a folder in '$out'"
data=$folder/data
mkdir "$data" || fail "could not create '$data'"
# Until the archive is whole, a failure or a signal leaves nothing behind.
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

note() {
    printf '%s\n' "$1" | tr -c '\11\12\40-\176' '?' | tee -a "$data/notes.txt"
}

# Runs a command into a file for at most so many seconds: live response stops a script after ten minutes, and macOS
# has no `timeout`. The command is polled rather than watched, so that no process of ours outlives the script.
# Keeps the `head` or the `tail` of it, wherever the newest is.
export_command() {
    name=$1 seconds=$2 keep=$3
    shift 3
    : >"$folder/status"
    {
        "$@" 2>"$folder/errors" &
        pid=$!
        while kill -0 "$pid" 2>/dev/null; do
            if [ "$seconds" -le 0 ]; then
                kill -KILL "$pid" 2>/dev/null
                echo late >"$folder/status"
                break
            fi
            sleep 1
            seconds=$((seconds - 1))
        done
        wait "$pid" 2>/dev/null
        code=$?
        if [ "$code" -ne 0 ] && [ ! -s "$folder/status" ]; then echo "exit $code" >"$folder/status"; fi
    } | "$keep" -c "$file_bytes" >"$data/$name"
    [ "$(wc -c <"$data/$name")" -lt "$file_bytes" ] || note "cut: $name: only $file_mb MB are kept"
    case $(cat "$folder/status") in
    late) note "cut: $name: stopped for the time it took" ;;
    exit*) [ "$(wc -c <"$data/$name")" -ge "$file_bytes" ] || note "failed: $name: $(head -n 1 "$folder/errors")" ;;
    esac
}

# Copies the ends of the logs of a folder that were written to in that time. Links are not followed.
export_files() {
    find "$1" -xdev -type f -mmin "-$((hours * 60))" ! -path '*/journal/*' -exec sh -c '
        data=$1 file_bytes=$2 total_kb=$3 deadline=$4
        shift 4
        say() { printf "%s: %s\n" "$1" "$(printf "%s" "$file" | tr "\n" "?")"; }
        for file in "$@"; do
            if [ "$(date +%s)" -ge "$deadline" ]; then say "left out, for the time"
            elif [ "$(du -sk "$data" | cut -f 1)" -ge "$total_kb" ]; then say "left out, for the total size"
            elif mkdir -p "$data${file%/*}" && tail -c "$file_bytes" "$file" >"$data$file"; then
                [ "$(wc -c <"$data$file")" -lt "$file_bytes" ] || say "cut, only its end is kept"
            else
                say "unreadable"
                rm -f "$data$file"
            fi
        done' sh "$data" "$file_bytes" "$((total_mb * 1024))" "$deadline" {} + >"$folder/found" 2>"$folder/errors"
    head -n 20 "$folder/errors" >>"$folder/found"
    while IFS= read -r line; do note "$line"; done <"$folder/found"
}

note "host $(uname -n), $(uname -srm), at $(date -u '+%Y-%m-%dT%H:%M:%SZ'), the last $hours hours"
if [ "$(uname -s)" = Darwin ]; then
    export_command unified.log 240 tail log show --style syslog --last "${hours}h"
    export_files /private/var/log
    export_files /Library/Logs
else
    if command -v journalctl >/dev/null; then
        export_command journal.log 180 head \
            journalctl --quiet --no-pager --reverse -o short-iso-precise --since "$hours hours ago"
    else
        note 'no journalctl: only files'
    fi
    export_command dmesg.log 30 tail dmesg
    export_files /var/log
fi

# The command has a word of options, so it is not quoted.
# shellcheck disable=SC2086
(cd "$data" && find . -type f -exec $sum {} +) >"$folder/sums" || fail 'could not hash the logs'
mv "$folder/sums" "$data/manifest.sha256" || fail "could not write '$data/manifest.sha256'"
files=$(wc -l <"$data/manifest.sha256" | tr -d ' ')
archive=$folder/logs-$(uname -n | tr -c 'A-Za-z0-9.\n-' _)-$(date -u '+%Y%m%dT%H%M%SZ').tar.gz
tar -czf "$archive" -C "$data" . || fail "could not write '$archive'"
rm -rf "$data" "$folder/status" "$folder/errors" "$folder/found"
trap - EXIT
printf 'files: %s\nsha256: %s\narchive: %s\n' "$files" "$($sum "$archive" | cut -d ' ' -f 1)" "$archive"
