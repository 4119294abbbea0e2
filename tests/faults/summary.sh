#!/bin/sh
# The tables of docs/CHECKS.md, of what run.sh and effective.sh have found so far.
#
# In the build folder:
#     sh ../tests/faults/summary.sh                       # full
#     OPTIONS=--quick sh ../tests/faults/summary.sh       # of runs with these options
#
# EFFECTIVE names the table of effective.sh (default: tests/faults/effective.txt of the source). A fault that is not in it, or
# whose row is open, counts as effective.
#
#     found         a WARN or a FAIL of a family that kinds.txt names for the fault; so has a program that refuses the
#                   set-up (exit code 2) in a line that names it
#     cause         found, and the first of all causes, or one of the first three, names the fault as kinds.txt says
. "${0%/*}/common.sh"
: "${OPTIONS:=}" "${EFFECTIVE:=$here/effective.txt}"
name=$(printf '%s' "$OPTIONS" | tr -d ' ')
[ -r "$EFFECTIVE" ] || EFFECTIVE=/dev/null
touch "$WORK/faults$name.txt" "$WORK/healthy$name.txt"
awk -F '\t' -f "$here/summary.awk" "$EFFECTIVE" "$here/kinds.txt" "$WORK/faults$name.txt" "$WORK/healthy$name.txt"
