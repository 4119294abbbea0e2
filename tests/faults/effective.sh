#!/bin/sh
# Which faults of the catalogue are effective: each is trained over several seeds, and so is its healthy twin. A fault is
# effective if the accuracies differ with p < 0.05 (rank sum, exact, two-sided) and |Cohen's d| >= 0.5.
#
# In the build folder of a build made with --enable-faults, after "make trial-tools":
#     sh ../tests/faults/effective.sh                       # goes on where it was stopped
#     ONLY='^L' SEEDS='1 2 3 4 5' sh ../tests/faults/effective.sh
#
# | setting | default        | meaning                                                         |
# |---------|----------------|-----------------------------------------------------------------|
# | SEEDS   | 1 2 3 4 5      | of the trainings; a set is made with one seed                   |
# | OUT     |                | file that gets the table, such as tests/faults/effective.txt    |
# | TELL    |                | 1: the table alone, of the trainings that are there             |
#
# common.sh has the others. Each training is a line of $WORK/trainings.txt: seed, accuracy on the test split, and what was
# trained. A training that fails with exit code 4 (not finite) has accuracy 0. One that is refused before it begins (code 2)
# has none: its fault needs no check. The table: fault, runs of each, mean of the twin, mean with the fault, p, d, verdict.
. "${0%/*}/common.sh"
: "${SEEDS:=1 2 3 4 5}" "${OUT:=}" "${TELL:=}"
trainings=$WORK/trainings.txt
touch "$trainings"

# train MODEL SET PARTS HOW: all seeds that are not there yet.
train() {
    arrange "$1" "$2" "$3" "$4"
    key="$planted|$set_arguments|$(printf '%s' "$options" | sed "s|$build/||g")"
    for seed in $SEEDS; do
        cut -f 1,3 "$trainings" | grep -qxF "$(printf '%s\t%s' "$seed" "$key")" && continue
        rm -rf "$WORK/run"
        eval "REGIMEN_PLANTED=\$planted \"\$regimen\" train --data \"\$data\" $options --seed $seed --out \"\$WORK/run\" \
            --json=\"\$WORK/run.json\" --quiet >\"\$WORK/train.log\" 2>&1" && code=0 || code=$?
        case $code in
        0) accuracy=$(tr -d ' \n' <"$WORK/run.json" | sed -n 's/.*"accuracy":\([0-9.e-]*\).*/\1/p') ;;
        4) accuracy=0 ;;
        2) accuracy=refused ;;
        *)
            cat "$WORK/train.log" >&2
            exit 99
            ;;
        esac
        [ "$4 $accuracy" != "twin refused" ] || {
            cat "$WORK/train.log" >&2
            exit 99
        }
        printf '%s\t%s\t%s\n' "$seed" "${accuracy:-none}" "$key" >>"$trainings"
    done
}

# accuracies: of what arrange() arranged, on one line.
accuracies() {
    key="$planted|$set_arguments|$(printf '%s' "$options" | sed "s|$build/||g")"
    awk -F '\t' -v key="$key" '$3 == key { printf "%s ", $2 }' "$trainings"
}

try() {
    train "$2" "$3" "$4" twin
    train "$2" "$3" "$4" fault
}

tell() {
    arrange "$2" "$3" "$4" twin
    healthy=$(accuracies)
    arrange "$2" "$3" "$4" fault
    faulty=$(accuracies)
    [ "$healthy" ] && [ "$faulty" ] && printf '%s\t%s\t%s\n' "$1" "$healthy" "$faulty"
    return 0
}

if [ ! "$TELL" ]; then instances try || exit; fi
sets=none
ONLY='' instances tell | awk -f "$here/effective.awk" >"$WORK/effective.txt"
if [ "$OUT" ]; then cp "$WORK/effective.txt" "$OUT"; else cat "$WORK/effective.txt"; fi
