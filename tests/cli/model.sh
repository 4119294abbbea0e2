#!/bin/sh
# A model meets other data than it was made for: its own constants count, classes go by name, a split is the whole split,
# and each difference has a word or is refused.
. "${0%/*}/common.sh"

# set_of NAME SIDE TRAIN LETTERS TRANSLATION OPTION...: NAME.h5 of TRAIN and 20 images, labels LETTERS again and again, for
# which TRANSLATION stands in the file.
set_of() {
    name=$1 side=$2 train=$3 letters=$4 translation=$5
    shift 5
    mkdir "$name"
    idx "$train" "$name/train" "$side"
    idx 20 "$name/t10k" "$side"
    for part in "train $train" "t10k 20"; do
        {
            bytes 0 0 10 1 0 0 0 "$(printf %o "${part#* }")"
            yes "$letters" | tr -d '\n' | tr abcd "$translation" | head -c "${part#* }"
        } >"$name/${part% *}-labels-idx1-ubyte"
    done
    "$regimen" import idx "$name" --out "$name.h5" "$@" >out 2>err || fail "$name: $(cat err)"
}

set_of own 12 96 abcacb '\000\001\002\003' --names=ant,bee,cat
set_of more 12 48 abcacb '\000\001\002\003' --names=ant,bee,cat     # the same test images, another training split
set_of turned 12 96 abcacb '\002\000\001\003' --names=bee,cat,ant   # the same classes in another order
set_of other 12 96 abcacb '\000\001\002\003' --names=ant,wasp,moth  # other names
set_of fewer 12 96 acca '\001\000\000\003' --names=cat,ant          # two of them
set_of nameless 12 96 abcacb '\000\001\002\003'                     # no names
set_of few 12 96 abba '\000\001\002\003'                            # no names, two classes
set_of many 12 96 abcd '\000\001\002\003'                           # no names, four classes
set_of named4 12 96 abcd '\000\001\002\003' --names=ant,bee,cat,dog # one name more
set_of small 10 96 abcacb '\000\001\002\003' --names=ant,bee,cat    # other images
small="--model resnet20 --set model.base=4 --batch 16 --threads 2"
expect 0 "$regimen" train own.h5 $small --epochs 3 --out run --quiet
expect 0 "$regimen" train nameless.h5 $small --epochs 1 --out plain --quiet

# figures FILE: what an evaluation says of correctness
figures() { sed -n -e 's/.*\("loss": [^,]*\).*/\1/p' -e 's/.*\("accuracy": [^,]*\).*/\1/p' -e 's/.*\("images": [^,]*\).*/\1/p' "$1"; }

# same NAME: the same figures as on the model's own data
same() {
    expect 0 "$regimen" eval run --data "$1.h5" --json
    figures out >figures
    cmp -s figures wanted || fail "$1: other figures: $(cat figures wanted)"
}

expect 0 "$regimen" eval run --json
figures out >wanted
[ "$(wc -l <wanted)" = 3 ] || fail "figures: $(cat out)"
if grep -q warning err; then fail "a word about its own data: $(cat err)"; fi

same more
has err 'warning: more.h5: it has mean 0.[0-9]*, std 0.[0-9]*; the model.s own are used: mean 0.[0-9]*, std 0.'
same turned
has err 'warning: turned.h5: its classes stand in another order .* by name'
same nameless
has err 'warning: nameless.h5: class names are only in the model'
expect 0 "$regimen" eval plain --data own.h5
has err 'warning: own.h5: class names are only in the data'
expect 0 "$regimen" eval plain --data nameless.h5
if grep -q warning err; then fail "a word about its own data: $(cat err)"; fi
expect 0 "$regimen" eval run --data fewer.h5
has err 'warning: fewer.h5: it has 2 of the model.s 3 classes'
has err 'warning: fewer.h5: its classes stand in another order'
expect 0 "$regimen" eval run few.h5
expect 2 "$regimen" eval run few.h5 --data fewer.h5
has err "error: eval: expected one data set, found 'few.h5' and 'fewer.h5'"
expect 2 "$regimen" eval run --data other.h5
has err "error: other.h5: the model of run/.* does not know its classes 'wasp', 'moth'"
! grep -q 'warning: .* classes' err || fail "a warning before the refusal: $(cat err)"
expect 2 "$regimen" eval run --data named4.h5
has err "does not know its class 'dog'"
expect 2 "$regimen" eval run --data many.h5
has err 'error: many.h5: its labels are of 4 classes, the model of run/.* has 3'
expect 0 "$regimen" eval run --data small.h5
has err "small.h5: its images are 10x10 (H, W): the model's transform makes them 12x12"

# ---- splits
expect 0 "$regimen" eval run --split train --json
has out '"images": 96'
expect 0 "$regimen" eval run --data more.h5 --split train --json
has out '"images": 48'
expect 0 "$regimen" eval run --split validation --json # what was held out of its own data
has out '"images": 10'
cp own.h5 copy.h5
expect 0 "$regimen" eval run --data copy.h5 --split validation # whatever its name
expect 2 "$regimen" eval run --split validation --set seed=2 # images that it was trained on
has err 'error: data.validation: 0.1 with seed 2, but the run of run/.* held out 0.1 with seed 1'
expect 2 "$regimen" eval run --split validation --set data.validation=0.3
has err 'error: data.validation: 0.3 with seed 1, but the run of run/.* held out 0.1'
expect 0 "$regimen" eval run --set seed=2 --set data.validation=0.3 # of the test split: nothing is held out
expect 0 "$regimen" train own.h5 $small --steps 1 --validation 0 --out unheld --quiet
expect 2 "$regimen" eval unheld --split validation --set data.validation=0.1
has err 'error: data.validation: 0.1, but the run of unheld/.* held nothing out'
expect 2 "$regimen" eval run --data turned.h5 --split validation
has err 'error: turned.h5: no validation split, and the run of run/.* held nothing out of it'

# ---- weights for a new run, and a run that goes on
expect 0 "$regimen" train more.h5 $small --steps 1 --checkpoint run/checkpoints/last.h5 --out next --quiet
has err 'warning: run/checkpoints/last.h5: its weights were trained with mean .*; this run uses those of more.h5: mean'
expect 0 "$regimen" train other.h5 $small --steps 1 --checkpoint run/checkpoints/last.h5 --out another --quiet
has err 'warning: run/checkpoints/last.h5: its classes are not those of other.h5'
expect 0 "$regimen" train own.h5 $small --epochs 1 --checkpoint run/checkpoints/last.h5 --out third --quiet
[ ! -s err ] || fail "the same data: $(cat err)"
expect 2 "$regimen" train --resume third --data turned.h5 --steps 0
has err 'third/checkpoints/last.h5: its run was trained on other data than turned.h5'
expect 0 "$regimen" train --resume third --data copy.h5 --steps 0 --quiet
finish
