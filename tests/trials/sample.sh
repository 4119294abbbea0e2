#!/bin/sh
# A fixed sample of all trials, for "make check": some seconds of each. The whole of them: all.sh.
folder=${0%/*}
passed=0
failed=0
log=$(mktemp "${TMPDIR:-/tmp}/regimen-trials-XXXXXX") || exit 99
trap 'rm -f "$log"' EXIT
SEED=${SEED:-1}
export SEED

sample() { # SCRIPT ASSIGNMENT...
    script=$1
    shift
    echo "=== $script $*"
    env "$@" "$folder/$script.sh" >"$log" 2>&1
    code=$?
    cat "$log"
    [ $code != 77 ] || return 0
    read -r p _ f _ <<LINE
$(grep '^[0-9]* passed, [0-9]* failed$' "$log" | tail -n 1)
LINE
    [ -n "$f" ] && [ $((p + f)) != 0 ] || { p=0 && f=1; }
    passed=$((passed + p))
    failed=$((failed + f))
}

# A sanitizer sees what damaged files do to memory. Where a run ends is the same without it, and its processes are slow.
if ! tests/trials/timed -x; then
    sample stops COUNT=4
    sample kills COUNT=2 PLACES=5
fi
sample flips COUNT=1 STRIDE=64
sample faults COUNT=1 LIBRARY_COUNT=1 ROWS='import own\|train own\|resume own\|resume library'
all=$((passed + failed))
echo "$((all ? 100 * passed / all : 0))%: Checks: $all, Failures: $failed, Errors: 0"
[ "$failed" = 0 ]
