#!/bin/sh
# How well `inspect` finds near duplicates: copies of Fashion-MNIST's training images are planted in both splits.
#
# In the build folder, after "make trial-tools":
#     sh ../tests/trials/near.sh
#     SEEDS='1 2 3' sh ../tests/trials/near.sh
#
# | setting | default                            | meaning                                             |
# |---------|------------------------------------|-----------------------------------------------------|
# | EACH    | 80                                 | copies of each of the five kinds of copies.c        |
# | SEEDS   | 1                                  | of the copies                                       |
# | NEEDED  | 0.95                               | recall, and precision with natural ones as right    |
# | NATURAL | 40                                 | most natural ones                                   |
# | MNIST   | /usr/share/datasets/fashion-mnist  | the four files, gzipped                             |
#
# A line for each seed: copies, how many are found as copies of the right image, by kind; natural ones, which nobody
# planted; the precision if all of these are counted as wrong; seconds. Fashion-MNIST has near duplicates of its own: all 24
# that are found in it as it is were looked at, and each pair shows one photograph. Exit code 1: a share is below NEEDED, or
# there are more than NATURAL; 77: the files are missing.
. "${0%/*}/common.sh"
: "${EACH:=80}" "${SEEDS:=1}" "${NEEDED:=0.95}" "${NATURAL:=40}" "${MNIST:=/usr/share/datasets/fashion-mnist}"
[ -r "$MNIST/train-images-idx3-ubyte.gz" ] || {
    echo "$0: no Fashion-MNIST in $MNIST" >&2
    exit 77
}

# measure SEED
measure() {
    rm -rf set
    mkdir set
    for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        gzip -dc "$MNIST/$name-ubyte.gz" >"set/$name-ubyte"
    done
    "$tools/copies" set "$EACH" "$1" >planted || exit 99
    "$regimen" import idx set --out set.h5 --force --quiet >out 2>&1 || exit 99
    "$regimen" inspect set.h5 --json=found.json --quiet >out 2>err || {
        cat err >&2
        exit 99
    }
    tr -d ' \n' <found.json | sed 's/{"kind":/\n&/g' | grep '^{"kind":"\(near\|leak\|exact\)' |
        sed 's/.*"kind":"\([a-z_]*\)","split":"\([a-z]*\)","index":\([0-9]*\).*"other_split":"\([a-z]*\)","other_index":\([0-9]*\).*/\1 \2 \3 \4 \5/' >list
    seconds=$(tr -d ' \n' <found.json | sed 's/.*"seconds":\([0-9]*\).*/\1/')
    awk -v seed="$1" -v needed="$NEEDED" -v most="$NATURAL" -v seconds="$seconds" '
        FILENAME == "planted" { of[$1, $2] = $3; kind[$1, $2] = $4; planted++; all[$4]++; next }
        ($2, $3) in of {
            if ($4 == "train" && $5 == of[$2, $3]) { right++; found[kind[$2, $3]]++ } else wrong++
            next
        }
        { natural++ }
        END {
            printf "seed %s: %d copies, %d found (", seed, planted, right
            for (k in all) printf " %s %d/%d", k, found[k], all[k]
            recall = planted ? right / planted : 0
            precision = right + wrong ? right / (right + wrong) : 0
            printf " ), %d of a wrong image, %d natural; recall %.4f, precision %.4f, with natural ones as wrong %.4f; %d s\n", \
                wrong, natural, recall, precision, right / (right + wrong + natural), seconds
            exit recall < needed || precision < needed || natural > most
        }' planted list
}

worst=0
for seed in $SEEDS; do measure "$seed" || worst=1; done
exit $worst
