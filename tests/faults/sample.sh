#!/bin/sh
# A fixed sample of the trial of the checks: faults of all families that any build can have, and healthy runs. The right
# line must find each fault, and no healthy run may get a FAIL. Runs in the build folder, as a test does.
here=$(cd "${0%/*}" && pwd)
if ! ./regimen check --help >/dev/null 2>&1; then
    echo "SKIPPED the sample: this program has no command check"
    exit 77
fi
: "${MAKE:=make}"
"$MAKE" -s tests/faults/make_set tests/faults/judge tests/faults/plugins.stamp >&2 || exit 99
WORK=$(mktemp -d "${TMPDIR:-/tmp}/regimen-faults-XXXXXX") || exit 99
trap 'rm -rf "$WORK"' EXIT
trap 'exit 99' HUP INT TERM
export WORK
ONLY='^(D3\.2|D8\.20|D9\.20|P2\.2|P13\.2|I1\.1|I3\.1|O1\.11|O16\.1|O17\.1|L2\.2|L6\.2)$' OPTIONS=--quick RESULTS="$WORK/faults.txt" sh "$here/run.sh" || exit
ONLY='^H0(02|03|12|20|29|38)$' OPTIONS=--quick RESULTS="$WORK/healthy.txt" sh "$here/run.sh" healthy || exit
awk -F '\t' '
    FILENAME ~ /faults[.]txt$/ { checks++; if ($6 == "-") { failures++; print "FAILED: not found: " $1 "; alarms: " $10 } }
    FILENAME ~ /healthy[.]txt$/ { checks++; if ($5 == "none" || $10 ~ /:fail/) { failures++; print "FAILED: a healthy run: " $1 "; " $10 "; " $11 } }
    END {
        printf "%d%%: Checks: %d, Failures: %d, Errors: 0\n", checks ? 100 * (checks - failures) / checks : 0, checks, failures
        exit failures > 0 || checks != 18
    }' "$WORK/faults.txt" "$WORK/healthy.txt"
