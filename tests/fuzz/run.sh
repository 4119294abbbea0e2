#!/bin/sh
# Runs every fuzz target of a build for so many seconds, one on each CPU at a time: one line for each, then Check's
# closing line; both go into the build too, where tests/count.sh finds them. A finding is left in BUILD/fuzz-findings:
# give that file to the target to see it again. $SEED is libFuzzer's, 0 for another one each time.
# usage: run.sh SECONDS [BUILD [TARGET...]]
set -eu
seconds=$1 build=$(cd "${2:-.}" && pwd)
shift $(($# > 1 ? 2 : 1))
targets=${*:-config option dataset checkpoint file frame idx cifar csv npy plugin metrics human shapes \
    jpeg png webp bmp pnm}

# Their files are small and many: in memory, where there is such a folder.
parent=${TMPDIR:-/tmp}
if [ -d /dev/shm ] && [ -w /dev/shm ]; then parent=/dev/shm; fi
TMPDIR=$(mktemp -d "$parent/regimen-fuzz.XXXXXX") && export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM HUP
findings=$build/fuzz-findings
rm -rf "$findings"
mkdir "$findings" "$TMPDIR/seeds"
"$build/tests/fuzz/make_seeds" "$TMPDIR/seeds"

# Stacks get their names from llvm-symbolizer, or else from binutils' addr2line.
ASAN_OPTIONS=allow_addr2line=1 UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

cat >"$TMPDIR/one.sh" <<'END'
seconds=$1 build=$2 findings=$3 target=$4
log=$TMPDIR/$target.log status=0 more=
case $target in config | option) more=-dict=$TMPDIR/seeds/keys.dict ;; esac
"$build/tests/fuzz/fuzz_$target" "$TMPDIR/seeds/$target" -max_total_time="$seconds" -seed="${SEED:-1}" -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/$target-" $more \
    >"$log" 2>&1 || status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "$status" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
    printf '%-12s %8d executions, %s edges covered\n' "$target" "$runs" \
        "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)"
else
    touch "$TMPDIR/$target.failed"
    tail -n 60 "$log"
    printf '%-12s FAILED (exit code %d)\n' "$target" "$status"
fi
END

{
    for target in $targets; do echo "$target"; done |
        xargs -P "$(getconf _NPROCESSORS_ONLN)" -I TARGET sh "$TMPDIR/one.sh" "$seconds" "$build" "$findings" TARGET
    count=$(echo "$targets" | wc -w)
    failed=$(find "$TMPDIR" -name '*.failed' | wc -l)
    printf '%d%%: Checks: %d, Failures: %d, Errors: 0\n' $((100 * (count - failed) / count)) "$count" "$failed"
} | tee "$build/tests/fuzz/run.log"
rmdir "$findings" 2>/dev/null || true
result=PASS
if ls "$TMPDIR"/*.failed >/dev/null 2>&1; then result=FAIL; fi
echo ":global-test-result: $result" >"$build/tests/fuzz/run.trs"
[ $result = PASS ]
