#!/bin/sh
# Adds up the results of "make check" and prints "N passed, N failed, N skipped"; fails if any test failed or none ran.
# A program that uses Check (or prints Check's closing line) counts each of its checks, any other test counts as one. A
# program that failed though all of its checks passed (it crashed at its end, or a sanitizer spoke) is one failure more.
# A case that does not run here says "SKIPPED NAME: REASON" (tests/skip.h; skip in tests/cli/common.sh).
# usage: count.sh BUILD...            the sums
#        count.sh --skipped BUILD...  "PROGRAM: NAME: REASON" of each case that was skipped, a line each
set -eu
show=sums
if [ "${1-}" = --skipped ]; then show=skipped && shift; fi

for build; do find "$build" -name '*.trs'; done | sort | {
    while read -r result; do
        log=${result%.trs}.log
        name=${result##*/}
        printf 'result %s %s\n' "$(sed -n 's/^:global-test-result: *//p' "$result")" "${name%.trs}"
        if [ -f "$log" ]; then
            grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$|^SKIPPED ' "$log" | sed 's/^[0-9]/checks &/' || true
        fi
    done
    echo end
} | awk -v show="$show" '
function close_test() {
    if (outcome == "") return
    bad = outcome !~ /^(PASS|SKIP|XFAIL)$/
    if (outcome == "SKIP" && !told) tell("the whole: no reason given")
    if (checks > 0) { passed += checks - wrong; failed += wrong; if (bad && wrong == 0) failed++ }
    else if (bad) failed++
    else if (outcome != "SKIP") passed++
}
function tell(text) {
    told++
    if (seen[program ": " text]++) return
    skipped++
    if (show == "skipped") print program ": " text
}
$1 == "result" || $1 == "end" {
    close_test()
    outcome = $1 == "end" ? "" : $2 == "" ? "ERROR" : $2
    program = $NF; checks = wrong = told = 0
    next
}
$1 == "SKIPPED" { sub(/^SKIPPED /, ""); tell($0); next }
{ gsub(/,/, ""); checks += $4; wrong += $6 + $8 }
END {
    if (show == "sums") printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit show == "sums" && (failed > 0 || passed == 0)
}'
