#!/bin/sh
# inspect with a model: label errors of folds and of a checkpoint, the same on any number of threads; what it was trained
# on is said; what is refused; a stop.
. "${0%/*}/common.sh"

# stripes COUNT NAME WRONG SEED: 8 by 8 pixels, stripes across, stripes along, or a chessboard, with noise; every WRONG-th
# image from number 5 on has another label (0: none).
stripes() {
    LC_ALL=C awk -v count="$1" -v seed="$4" 'BEGIN {
        srand(seed)
        printf "0 0 10 3 0 0 %o %o 0 0 0 10 0 0 0 10", int(count / 256), count % 256
        for (i = 0; i < count; i++)
            for (y = 0; y < 8; y++)
                for (x = 0; x < 8; x++) {
                    on = i % 3 == 0 ? x % 2 : i % 3 == 1 ? y % 2 : (x + y) % 2
                    printf " %o", 60 + 100 * on + int(60 * rand())
                }
        print ""
    }' >octal
    awk '{ for (i = 1; i <= NF; i++) printf "\\%03o", oct($i) } function oct(s, v, k) {
        v = 0; for (k = 1; k <= length(s); k++) v = 8 * v + substr(s, k, 1); return v }' octal >format
    # shellcheck disable=SC2059
    printf "$(cat format)" >"$2-images-idx3-ubyte"
    {
        bytes 0 0 10 1 0 0 "$(printf %o $(($1 / 256)))" "$(printf %o $(($1 % 256)))"
        seq 0 $(($1 - 1)) | awk -v w="$3" '{ printf "%c", 97 + (w && $1 % w == 5 ? $1 + 1 : $1) % 3 }' | tr abc '\000\001\002'
    } >"$2-labels-idx1-ubyte"
}

mkdir idx
stripes 600 idx/train 61 1 # ten wrong ones
stripes 60 idx/t10k 0 2
"$regimen" import idx idx --out data.h5 --names=across,along,chess >out 2>err || {
    cat err >&2
    exit 99
}

# errors FILE: split, index and proposed class of the label errors in JSON
errors() {
    tr -d ' \n' <"$1" | sed 's/{"kind":/\n&/g' | grep '^{"kind":"label_error"' |
        sed 's/.*"split":"\([a-z]*\)".*"index":\([0-9]*\).*"proposed":\([0-9]*\).*/\1 \2 \3/'
}

# ---- folds ----
expect 0 "$regimen" inspect data.h5 --folds 3 --epochs 12 --threads 1 --json=one.json
has one.json '"model": "2 times 3 folds, resnet20 with fewer blocks and channels, 12 epochs"'
has one.json '"repeats": 2'
expect 0 "$regimen" inspect data.h5 --folds 3 --epochs 12 --threads 2 --json=two.json
errors one.json >one
errors two.json >two
cmp -s one two || fail "other errors on two threads: $(diff one two)"
seq 5 61 599 | awk '{ print "train", $1, $1 % 3 }' | sort >wanted
sort one >found
right=$(comm -12 wanted found | wc -l)
[ "$right" -ge 9 ] && [ "$(wc -l <found)" -le 11 ] || fail "$right right: $(cat found)"
expect 0 "$regimen" inspect data.h5 --folds 3 --repeats 1 --epochs 12 --write-exclude errors.txt --exclude-kinds label_error --quiet
[ "$(grep -c '^train [0-9]*  # label_error: given as .*; .* with probability' errors.txt)" -ge 9 ] || fail "$(cat errors.txt)"

# ---- a checkpoint: its own data has a part that it was not trained on ----
sed 's/"//g' one >/dev/null
expect 0 "$regimen" train data.h5 --set model.blocks='[1, 1, 1]' --set model.base=8 --epochs 12 --exclude errors.txt --out run --quiet
expect 0 "$regimen" inspect data.h5 --checkpoint run --json=own.json
has err 'warning: run/checkpoints/best.h5 was trained on 5[0-9]* of these images: it has learnt their labels'
expect 0 "$regimen" inspect data.h5 --checkpoint run/checkpoints/last.h5 --json=last.json
stripes 90 idx/train 31 3
"$regimen" import idx idx --out other.h5 --names=across,along,chess >out 2>err || fail "$(cat err)"
expect 0 "$regimen" inspect other.h5 --checkpoint run --json=other.json
has err 'warning: run/checkpoints/best.h5 was not trained on this data'
errors other.json | sort >found
seq 5 31 89 | awk '{ print "train", $1, $1 % 3 }' | sort >wanted
cmp -s wanted found || fail "other data: $(diff wanted found)"

# ---- refused ----
refuse 2 'expected one of them' inspect data.h5 --folds 3 --checkpoint run
refuse 2 'are of the networks of --folds' inspect data.h5 --epochs 3
refuse 2 'are of the networks of --folds' inspect data.h5 --repeats 2
refuse 2 'expected integer, 1 to 20' inspect data.h5 --folds 2 --repeats 0
refuse 2 'expected integer, 2 to 20' inspect data.h5 --folds 1
warnings=1
refuse 2 "no model 'resnet2'" inspect data.h5 --folds 2 --model resnet2
refuse 3 'missing: cannot open' inspect data.h5 --checkpoint missing
mkdir empty
refuse 2 'empty: this folder has no checkpoints' inspect data.h5 --checkpoint empty

# ---- a stop ----
"$regimen" inspect data.h5 --folds 20 --epochs 1000 >out 2>err &
pid=$!
children="$children $pid"
sleep 2
kill -TERM $pid
wait $pid
code=$?
check
[ $code = 130 ] || fail "stopped: exit code $code: $(cat err)"
finish
