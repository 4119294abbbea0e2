#!/bin/sh
# How well `inspect --folds` finds wrong labels: a share of Fashion-MNIST's training labels gets another class.
#
# In the build folder, after "make trial-tools":
#     sh ../tests/trials/label_errors.sh
#     SIZES=10000 SEEDS='1 2 3' sh ../tests/trials/label_errors.sh
#
# | setting   | default                            | meaning                                                      |
# |-----------|------------------------------------|--------------------------------------------------------------|
# | SIZES     | 10000 60000                        | the first so many training images                            |
# | SEEDS     | 1                                  | of the wrong labels, and of the folds                        |
# | SHARE     | 0.01                               | of labels that are made wrong, each other class alike        |
# | FOLDS     | 3                                  |                                                              |
# | OPTIONS   |                                    | of inspect, such as --epochs 20 --repeats 1                  |
# | NEEDED    | 0.9                                | precision among the first SHARE of the images                |
# | MNIST     | /usr/share/datasets/fashion-mnist  | the four files, gzipped                                      |
#
# A line for each: images, wrong labels, how many are told, how many of those are wrong, the precision of the list and that
# of its first SHARE of the images (of the whole list, if it is shorter), how often the class proposed is the true one,
# seconds. Exit code 1: a precision is below NEEDED; 77: the files are missing.
. "${0%/*}/common.sh"
: "${SIZES:=10000 60000}" "${SEEDS:=1}" "${SHARE:=0.01}" "${FOLDS:=3}" "${NEEDED:=0.9}" "${OPTIONS:=}"
: "${MNIST:=/usr/share/datasets/fashion-mnist}"
[ -r "$MNIST/train-images-idx3-ubyte.gz" ] || {
    echo "$0: no Fashion-MNIST in $MNIST" >&2
    exit 77
}
mkdir whole
for name in train-images-idx3-ubyte train-labels-idx1-ubyte; do gzip -dc "$MNIST/$name.gz" >whole/$name; done

# measure SIZE SEED
measure() {
    rm -rf part
    mkdir part
    "$tools/subset" whole train "$1" 10 part >count || exit 99
    "$tools/mislabel" part train "$SHARE" "$2" >wrong || exit 99
    "$regimen" import idx part --out part.h5 --force --quiet >out 2>&1 || exit 99
    # shellcheck disable=SC2086
    "$regimen" inspect part.h5 --folds "$FOLDS" --seed "$2" $OPTIONS --json=found.json --quiet >out 2>err || {
        cat err >&2
        exit 99
    }
    tr -d ' \n' <found.json | sed 's/{"kind":/\n&/g' | grep '^{"kind":"label_error","split":"train"' |
        sed 's/.*"index":\([0-9]*\).*"proposed":\([0-9]*\).*/\1 \2/' >list
    seconds=$(tr -d ' \n' <found.json | sed 's/.*"seconds":\([0-9]*\).*/\1/')
    awk -v n="$1" -v share="$SHARE" -v needed="$NEEDED" -v seed="$2" -v seconds="$seconds" '
        FILENAME == "wrong" { old[$1] = $2; planted++; next }
        { told++; if ($1 in old) { right++; proposed += old[$1] == $2; if (told <= n * share) first++ } }
        END {
            some = told < n * share ? told : n * share
            printf "%d images, seed %d: %d wrong labels, %d told, %d of them wrong: precision %.3f, recall %.3f; " \
                   "among the first %d %.3f; the true class is proposed for %d; %d s\n",
                   n, seed, planted, told, right, told ? right / told : 0, planted ? right / planted : 0, some,
                   some ? first / some : 0, proposed, seconds
            exit !some || first / some < needed
        }' wrong list
}

for size in $SIZES; do
    for seed in $SEEDS; do
        if measure "$size" "$seed"; then pass; else failed=$((failed + 1)); fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
