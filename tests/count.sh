#!/bin/sh
# Adds up the results of "make check" and prints "N passed, N failed"; fails if any test failed or none ran.
# A program that uses Check (or prints Check's closing line) counts each of its checks, any other test counts as one. A
# program that failed though all of its checks passed (it crashed at its end, or a sanitizer spoke) is one failure more.
# usage: count.sh BUILD...
set -eu

for build; do find "$build" -name '*.trs'; done | sort | {
    while read -r result; do
        log=${result%.trs}.log
        printf 'result %s\n' "$(sed -n 's/^:global-test-result: *//p' "$result")"
        if [ -f "$log" ]; then grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' "$log" || true; fi
    done
    echo end
} | awk '
function close_test() {
    if (outcome == "") return
    bad = outcome !~ /^(PASS|SKIP|XFAIL)$/
    if (checks > 0) { passed += checks - wrong; failed += wrong; if (bad && wrong == 0) failed++ }
    else if (bad) failed++
    else if (outcome != "SKIP") passed++
}
$1 == "result" || $1 == "end" { close_test(); outcome = $1 == "end" ? "" : $2 == "" ? "ERROR" : $2; checks = wrong = 0; next }
{ gsub(/,/, ""); checks += $3; wrong += $5 + $7 }
END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }'
