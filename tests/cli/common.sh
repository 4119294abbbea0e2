# What the tests of commands share. Sourced with $0 in tests/, tests/cli/ or tests/trials/; leaves the shell in an empty
# folder of its own, removed at the end, with
#   $regimen   the program           $source    the top of the source tree
#   check      counts a case         fail       counts a failure
LC_ALL=C
export LC_ALL
umask 022
regimen=$(pwd)/regimen
case $0 in */cli/* | */trials/*) source=$(cd "${0%/*}/../.." && pwd) ;; *) source=$(cd "${0%/*}/.." && pwd) ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/regimen-test-XXXXXX") || exit 99
children=
trap 'for c in $children; do kill -KILL "$c" 2>/dev/null; done; cd /; chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
cd "$work" || exit 99
checks=0
warnings=
leaves=
failures=0
python=/usr/bin/python3
"$python" -c 'import sys' 2>/dev/null || python=

check() { checks=$((checks + 1)); }

# skip NAME REASON: says that a case does not run here (tests/count.sh counts and names it).
skip() { echo "SKIPPED $1: $2"; }

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*" >&2
}

finish() {
    echo "100%: Checks: $checks, Failures: $failures, Errors: 0" | awk -v n=$checks -v f=$failures \
        '{sub(/^100/, n ? int(100 * (n - f) / n) : 0); print}'
    [ "$failures" = 0 ]
    exit
}

# expect CODE COMMAND...: runs it with its output in out and err.
expect() {
    wanted=$1
    shift
    check
    "$@" >out 2>err
    code=$?
    case $code in $wanted) ;; *) fail "exit code $code, expected $wanted: $*: $(head -c 600 err)" ;; esac
}

# has FILE PATTERN: some line matches.
has() { grep -q -e "$2" "$1" || fail "no '$2' in $1: $(head -c 300 "$1")"; }

# listing: the files here, but for those of this script; names that begin like $leaves may come and go.
listing() {
    find . ! -name out ! -name err ! -name line ! -name before ! -name after ! -path "./${leaves:-/}*" -print | sort
}

# refuse CODE PATTERN ARGUMENT...: regimen gives one line, an error that a pattern matches, and leaves no files. With
# warnings=1 there may be other lines before.
refuse() {
    code=$1
    pattern=$2
    shift 2
    listing >before
    expect "$code" "$regimen" "$@"
    listing >after
    [ "$(grep -c "^regimen: ${warnings:+error: }" err)" = 1 ] || fail "expected one line of error: $*: $(cat err)"
    grep '^regimen: error: ' err >line || fail "no error: $*: $(cat err)"
    [ "$(wc -c <line)" -lt 512 ] || fail "a long line: $*: $(cat line)"
    grep -q -e "$pattern" line || fail "no '$pattern' for: $*: $(cat line)"
    cmp -s before after || fail "files are left by: $*: $(diff before after)"
}

# refuse_line CODE PATTERN ARGUMENT...: the same, and the pattern is all that stands behind "regimen: error: ".
refuse_line() {
    code=$1
    pattern=$2
    shift 2
    refuse "$code" "^regimen: error: \\($pattern\\)\$" "$@"
}

# wait_for FILE PATTERN: until some line matches, a minute at the most.
wait_for() {
    i=0
    until [ $i -gt 3000 ] || grep -q -e "$2" "$1" 2>/dev/null; do
        i=$((i + 1))
        sleep 0.02
    done
}

bytes() { # bytes OCTAL...: as a stream
    for octal; do printf "\\$octal"; done
}

# idx COUNT NAME SIDE: images and labels in MNIST's format, three classes.
idx() {
    {
        bytes 0 0 10 3 0 0 0 "$(printf %o "$1")" 0 0 0 "$(printf %o "$3")" 0 0 0 "$(printf %o "$3")"
        seq 100 100000 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c $(($1 * $3 * $3))
    } >"$2-images-idx3-ubyte"
    {
        bytes 0 0 10 1 0 0 0 "$(printf %o "$1")"
        yes abcacb | tr -d '\n' | tr abc '\000\001\002' | head -c "$1"
    } >"$2-labels-idx1-ubyte"
}

# make_data [TRAIN TEST]: data.h5, a set of 96 + 20 images of 12 by 12 pixels, three classes.
make_data() {
    mkdir idx
    idx "${1:-96}" idx/train 12
    idx "${2:-20}" idx/t10k 12
    "$regimen" import idx idx --out data.h5 >out 2>err || {
        cat err >&2
        exit 99
    }
}

# story RUN: the events that a run has however often it was interrupted, without their times.
story() {
    sed -n -e '/"event": "\(step\|evaluation\)"/!d' -e 's/, "images_per_s.*//' -e 's/, "seconds.*//' -e p "$1/metrics.jsonl"
}
