#!/bin/sh
# How often `compare` is right: many short trainings of one recipe on a part of Fashion-MNIST, and of one that is about a
# point worse; sides of so many seeds are drawn from them, and compared.
#
# In the build folder, after "make trial-tools":
#     sh ../tests/trials/compare.sh                        70 trainings of some 5 s of CPU each, then the table
#     SEEDS=10 WORSE=6 RUNS='1 2 3' ../tests/trials/compare.sh
#
# | setting  | default                            | meaning                                                           |
# |----------|------------------------------------|-------------------------------------------------------------------|
# | SEEDS    | 40                                 | runs of the one recipe                                            |
# | WORSE    | 30                                 | runs of the worse one                                             |
# | RUNS     | 1 2 3 5 10                         | seeds of a side                                                   |
# | DRAWS    | 200                                | pairs of sides for each                                           |
# | SEED     | 1                                  | of the draws                                                      |
# | IMAGES   | 4000                               | the first so many training images; all 10,000 test images         |
# | SAME     | --epochs 20                        | the recipe: options of train behind --model mlp --batch 36        |
# | OTHER    | --epochs 20 --width 0.35           | the worse one                                                     |
# | JOBS     | 1                                  | trainings at a time                                               |
# | FOLDER   | compare-trials                     | keeps the runs: one that has ended is not run again               |
# | MNIST    | /usr/share/datasets/fashion-mnist  | the four files, gzipped                                           |
#
# Exit code 1: of equal recipes more than 5 % are called resolved with some number of seeds, or of the others with 5 seeds
# fewer than 90 %, if they differ by a point or more; 77: the files are missing.
program=$(pwd)/regimen
tools=$(pwd)/tests/trials
: "${SEEDS:=40}" "${WORSE:=30}" "${RUNS:=1 2 3 5 10}" "${DRAWS:=200}" "${SEED:=1}" "${IMAGES:=4000}" "${JOBS:=1}"
: "${SAME:=--epochs 20}" "${OTHER:=--epochs 20 --width 0.35}"
: "${FOLDER:=compare-trials}" "${MNIST:=/usr/share/datasets/fashion-mnist}"

[ -f "$MNIST/train-images-idx3-ubyte.gz" ] || {
    echo "SKIPPED compare: $MNIST has no Fashion-MNIST (Debian: dataset-fashion-mnist)"
    exit 77
}
[ -x "$tools/compare_draws" ] && [ -x "$tools/subset" ] || {
    echo "$0: run this in the build folder after 'make trial-tools'" >&2
    exit 99
}
mkdir -p "$FOLDER" && cd "$FOLDER" || exit 99

make_set() {
    [ -f set.h5 ] && return
    mkdir -p whole part
    for file in "$MNIST"/*-ubyte.gz; do
        name=${file##*/}
        gzip -dc "$file" >"whole/${name%.gz}" || exit 99
    done
    "$tools/subset" whole train "$IMAGES" 10 part >made && "$tools/subset" whole t10k 10000 10 part >made &&
        "$program" import idx part --out set.h5 --quiet || exit 99
    rm -r whole part made
}

# run_one RECIPE SEED OPTION...: RECIPE/SEED, whole or not there.
run_one() {
    run=$1/$2
    seed=$2
    [ -d "$run" ] && return
    shift 2
    rm -rf "$run.part"
    "$program" train --data set.h5 --model mlp --batch 36 --threads 1 --seed "$seed" --out "$run.part" --quiet "$@" >/dev/null &&
        mv "$run.part" "$run"
}

going=0
start() { # as many at a time as JOBS says
    run_one "$@" &
    going=$((going + 1))
    [ $going -lt "$JOBS" ] || { wait && going=0; }
}

# halves: the runs of the recipe in two lists, since a run is on one side only.
halves() {
    first=
    second=
    for seed in $(seq 1 "$SEEDS"); do
        if [ "$seed" -le $((SEEDS / 2)) ]; then first=$first,same/$seed; else second=$second,same/$seed; fi
    done
    first=${first#,}
    second=${second#,}
}

make_set
mkdir -p same worse
# shellcheck disable=SC2086 # the options, a word each
for seed in $(seq 1 "$SEEDS"); do
    start same "$seed" $SAME
    [ "$seed" -gt "$WORSE" ] || start worse "$seed" $OTHER
done
wait
halves
worse=$(seq 1 "$WORSE" | sed 's|^|worse/|' | paste -s -d , -)
for runs in $RUNS; do
    if [ $((2 * runs)) -le "$SEEDS" ]; then
        printf 'equal	' && "$tools/compare_draws" same "$runs" "$DRAWS" "$SEED" "$first" "$second" || exit 99
    fi
    if [ "$runs" -le "$WORSE" ] && [ "$runs" -le "$SEEDS" ]; then
        printf 'other	' && "$tools/compare_draws" other "$runs" "$DRAWS" "$SEED" "$first,$second" "$worse" || exit 99
    fi
done >results.tsv

awk -F '\t' '
    BEGIN {
        print "| recipes | seeds of each | pairs | resolved | of these with the right sign | loss resolved | mean difference | variance over flips |"
        print "|---|---|---|---|---|---|---|---|"
    }
    {
        printf "| %s | %d | %d | %.1f %% | %s | %.1f %% | %+.2f | %.1f |\n", $1, $2, $3, 100 * $4 / $3,
            $1 == "other" ? $5 : "-", 100 * $6 / $3, $7, $8
        if ($1 == "equal" && $4 > 0.05 * $3) failed++
        else if ($1 == "other" && $2 == 5 && ($7 >= 1 || $7 <= -1) && $4 < 0.9 * $3) failed++
        else passed++
    }
    END {
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 || !passed
    }' results.tsv
