#!/bin/sh
# How good the defaults are: trainings of parts of Fashion-MNIST with nothing but --data, beside ten settings made by hand.
#
# In the build folder, after "make trial-tools":
#     sh ../tests/trials/defaults.sh                                   all: a day on two CPUs
#     SIZES=300 CLASSES='2 5 10' ../tests/trials/defaults.sh           90 runs and 9 of the defaults
#     SETTINGS=default ../tests/trials/defaults.sh                     the defaults alone
#
# | setting   | default                            | meaning                                                         |
# |-----------|------------------------------------|-----------------------------------------------------------------|
# | SIZES     | 300 1000 5000 60000                | the first so many training images, of the classes               |
# | CLASSES   | 10 5 2                             | the first so many classes                                       |
# | SEEDS     | 1 2 3                              |                                                                 |
# | SETTINGS  | default and the ten below          | names                                                           |
# | JOBS      | 1                                  | runs at a time                                                  |
# | THREADS   | 0                                  | threads of a run; the accuracy is the same on any number        |
# | FOLDER    | defaults-trials                    | keeps results.tsv: what it has is not run again                 |
# | MNIST     | /usr/share/datasets/fashion-mnist  | the four files, gzipped                                         |
#
# The setting with the best mean accuracy on the runs' own validation images is the best one made by hand. Exit code 1: for
# some set the defaults are more than 1 point below it on the test images (means of the seeds); 77: the files are missing.
program=$(pwd)/regimen
tools=$(pwd)/tests/trials
: "${SIZES:=300 1000 5000 60000}" "${CLASSES:=10 5 2}" "${SEEDS:=1 2 3}" "${JOBS:=1}" "${THREADS:=0}"
: "${FOLDER:=defaults-trials}" "${MNIST:=/usr/share/datasets/fashion-mnist}"
: "${SETTINGS:=default large middle small smallest fast long cutout smooth adamw wide}"

# Passes over N images that somebody would take who knows small sets.
epochs_of() {
    case $1 in 300) echo 150 ;; 1000) echo 100 ;; 5000) echo 50 ;; *) echo 22 ;; esac
}

# add WORD...: to `options`, a line each.
add() {
    for word; do
        options="$options$word
"
    done
}

# options_of SETTING IMAGES
options_of() {
    epochs=$(epochs_of "$2")
    options=
    case $1 in
    default) return ;;
    large) add --batch 128 --set optimizer.lr=0.3 ;;
    middle) add --batch 64 --set optimizer.lr=0.15 ;;
    small | long) add --batch 32 --set optimizer.lr=0.1 ;;
    smallest) add --batch 16 --set optimizer.lr=0.05 ;;
    fast) add --batch 16 --set optimizer.lr=0.1 ;;
    cutout) add --batch 32 --set optimizer.lr=0.1 --set 'augment.2={cutout: {size: 8}}' ;;
    smooth) add --batch 32 --set optimizer.lr=0.1 --set loss.label_smoothing=0.1 --set regularize.0.rate=1e-3 ;;
    adamw) add --batch 32 --set 'optimizer={adamw: {lr: 0.003, weight_decay: 0.05}}' ;;
    wide) add --batch 32 --set optimizer.lr=0.1 --width 2 ;;
    *) echo "$0: there is no setting '$1'" >&2 && exit 2 ;;
    esac
    case $1 in
    long) add --epochs $((2 * epochs)) ;;
    wide) add --epochs $((epochs / 2)) ;;
    *) add --epochs "$epochs" ;;
    esac
}

[ -f "$MNIST/train-images-idx3-ubyte.gz" ] || {
    echo "SKIPPED defaults: $MNIST has no Fashion-MNIST (Debian: dataset-fashion-mnist)"
    exit 77
}
[ -x "$tools/subset" ] || {
    echo "$0: run this in the build folder after 'make trial-tools'" >&2
    exit 99
}
mkdir -p "$FOLDER" && cd "$FOLDER" || exit 99
touch results.tsv

# make_set IMAGES CLASSES: set-IMAGES-CLASSES.h5, once.
make_set() {
    [ -f "set-$1-$2.h5" ] && return
    mkdir -p whole part
    for file in "$MNIST"/*-ubyte.gz; do
        name=${file##*/}
        [ -f "whole/${name%.gz}" ] || gzip -dc "$file" >"whole/${name%.gz}" || exit 99
    done
    "$tools/subset" whole train "$1" "$2" part >made && "$tools/subset" whole t10k 10000 "$2" part >made &&
        "$program" import idx part --out "set-$1-$2.h5" --quiet || exit 99
    rm -r part made
}

# run_one IMAGES CLASSES SETTING SEED: a line of results.tsv: these, then accuracy on validation and test, seconds.
run_one() {
    grep -q "^$1	$2	$3	$4	" results.tsv && return
    run=run-$1-$2-$3-$4
    rm -rf "$run"
    options_of "$3" "$1"
    # shellcheck disable=SC2086 # the options, one a line
    (
        IFS='
'
        set -f
        exec "$program" train --data "set-$1-$2.h5" --seed "$4" --threads "$THREADS" --out "$run" --json="$run.json" --quiet $options
    ) >"$run.out" 2>&1 || {
        echo "$0: $run: $(tail -n 1 "$run.out")" >&2
        rm -rf "$run"
        return
    }
    held=$(sed -n 's/.*"split": "validation".*"accuracy": \([0-9.e-]*\).*/\1/p' "$run/metrics.jsonl" | tail -n 1)
    test=$(sed -n 's/^ *"accuracy": \([0-9.e-]*\).*/\1/p' "$run.json")
    seconds=$(sed -n 's/^ *"seconds": \([0-9.e-]*\).*/\1/p' "$run.json")
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$held" "$test" "$seconds" >>results.tsv
    rm -rf "$run" "$run.json" "$run.out"
}

going=0
start() { # as many at a time as JOBS says
    run_one "$@" &
    going=$((going + 1))
    [ $going -lt "$JOBS" ] || { wait && going=0; }
}

for images in $SIZES; do
    for classes in $CLASSES; do
        make_set "$images" "$classes"
        for seed in $SEEDS; do
            for setting in $SETTINGS; do start "$images" "$classes" "$setting" "$seed"; done
        done
    done
done
wait

# Rows of docs/CONFIG.md. A setting counts where it has as many seeds as the defaults.
awk -F '\t' '
    !NF { next }
    {
        cell = $1 " " $2
        if (!(cell in seen)) order[++cells] = cell
        seen[cell] = 1
        key = cell " " $3
        if (!(key in runs)) names[cell] = names[cell] " " $3
        runs[key]++; held[key] += $5; test[key] += $6; seconds[key] += $7
        each[key] = each[key] sprintf(runs[key] > 1 ? ", %.2f" : "%.2f", 100 * $6)
    }
    function mean(sum, key) { return 100 * sum[key] / runs[key] }
    END {
        print "| images | classes | defaults: mean (each seed) | s | best by hand on validation | its mean | difference | best on the test images |"
        print "|---|---|---|---|---|---|---|---|"
        for (c = 1; c <= cells; c++) {
            cell = order[c]; own = cell " default"; best = top = ""; tried = 0
            for (n = split(names[cell], name, " "); n > 0; n--) {
                key = cell " " name[n]
                if (name[n] == "default" || (own in runs && runs[key] != runs[own])) continue
                tried++
                if (best == "" || held[key] > held[cell " " best]) best = name[n]
                if (top == "" || test[key] > test[cell " " top]) top = name[n]
            }
            split(cell, of, " ")
            printf "| %s | %s | ", of[1], of[2]
            if (own in runs) printf "%.2f (%s) | %.0f | ", mean(test, own), each[own], seconds[own] / runs[own]
            else printf "not measured yet | | "
            if (best == "") { print "not measured yet | | | |"; continue }
            printf "%s, of %d | %.2f | ", best, tried, mean(test, cell " " best)
            if (own in runs) {
                away = mean(test, own) - mean(test, cell " " best)
                printf "%+.2f | ", away
                if (away < -1) failed++; else passed++
            } else printf "| "
            printf "%s %.2f |\n", top, mean(test, cell " " top)
        }
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0
    }' results.tsv
