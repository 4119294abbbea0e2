#!/bin/sh
# The trial of the checks: `regimen check` on every fault of the catalogue, or on the healthy set.
#
# In the build folder of a build made with --enable-faults, after "make trial-tools":
#     sh ../tests/faults/run.sh                                    # the faults; goes on where it was stopped
#     sh ../tests/faults/run.sh healthy                            # the healthy set of healthy.sh
#     ONLY='^(L|M)' OPTIONS=--quick sh ../tests/faults/run.sh
#     sh ../tests/faults/summary.sh                                # the tables, of what is there
#
# | setting | default | meaning                                                                             |
# |---------|---------|-------------------------------------------------------------------------------------|
# | OPTIONS |         | of check, such as --quick                                                           |
# | RESULTS |         | default: $WORK/faults.txt or healthy.txt, with OPTIONS in the name                  |
# | LIMIT   | 900     | seconds after which a check is ended, to be tried again by the next call            |
# | KEEP    |         | 1: the answers stay in $WORK/answers                                                |
#
# common.sh has the others. A line of the results for each: ID, exit code, seconds, seconds of CPU, then what judge said.
. "${0%/*}/common.sh"
what=${1:-faults}
: "${OPTIONS:=}" "${LIMIT:=900}" "${KEEP:=}"
: "${RESULTS:=$WORK/$what$(printf '%s' "$OPTIONS" | tr -d ' ').txt}"
if ! "$regimen" check --help >/dev/null 2>&1; then
    echo "SKIPPED $0: this program has no command check"
    exit 77
fi
if [ "$what" = healthy ]; then
    LIST=$WORK/healthy-list.txt WORD=healthy
    sh "$here/healthy.sh" >"$LIST" || exit
fi
mkdir -p "$WORK/answers"
touch "$RESULTS"

# kind_of ID COLUMN: of kinds.txt; 2 the families, 4 the words.
kind_of() { sed -n "s/^${1%%.*} *| *//p" "$here/kinds.txt" | cut -d '|' -f "$2-" | sed 's/^ *//; s/ *$//'; }

# judge_answer ID FILE
judge_answer() {
    if [ "$what" = healthy ]; then
        "$tools/judge" "$2"
    else
        "$tools/judge" "$2" "$(kind_of "$1" 1 | cut -d '|' -f 1 | tr -d ' ')" "$(kind_of "$1" 3)"
    fi
}

# try ID MODEL SET PARTS
try() {
    if cut -f 1 "$RESULTS" | grep -qxF "$1"; then return; fi
    arrange "$2" "$3" "$4" fault
    answer=$WORK/answers/$1.json
    rm -f "$answer"
    began=$(date +%s)
    times >"$WORK/before"
    eval "REGIMEN_PLANTED=\$planted timeout -k 5 \"\$LIMIT\" \"\$regimen\" check --data \"\$data\" --seed 1 $options \$OPTIONS \
        --json=\"\$answer\" --quiet >\"\$WORK/check.log\" 2>&1" && code=0 || code=$?
    times >"$WORK/after"
    if [ $code = 124 ] || [ $code = 137 ]; then
        echo "$0: $1: ended after $LIMIT s" >&2
        return
    fi
    cpu=$(cat "$WORK/before" "$WORK/after" | awk 'NR == 2 || NR == 4 {
        split($1 "m" $2, t, /[ms]+/); s[NR] = 60 * (t[1] + t[3]) + t[2] + t[4] } END { printf "%.1f", s[4] - s[2] }')
    if [ -s "$answer" ]; then
        said=$(judge_answer "$1" "$answer") || exit 99
    else # no answer: a set-up that is refused is one that is found if the line says what is wrong
        line=- rank=0
        if [ $code = 2 ] && [ "$what" = faults ] && tail -n 1 "$WORK/check.log" | grep -qiE -e "$(kind_of "$1" 3)"; then
            line=refused rank=1
        fi
        said=$(printf 'none\t%s\t%d\t%d\t0\t-\t%s' $line $rank $rank "$(tail -n 1 "$WORK/check.log" | tr '\t' ' ')")
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$code" "$(($(date +%s) - began))" "$cpu" "$said" >>"$RESULTS"
    [ "$KEEP" ] || rm -f "$answer"
}

instances try
