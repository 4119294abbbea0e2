#!/bin/sh
# The bits that a training ends with: the XXH3 of every tensor after 20 steps of a ResNet-20, a narrow ResNet-50 and an
# MLP, on every instruction set of this machine. A change of structure must not change them.
#
# In the build folder:  sh ../tests/bits/bits.sh record >FILE    records them, a line each: "ISA MODEL HASH BYTES NAME"
#                       sh ../tests/bits/bits.sh FILE            compares them with what was recorded
#                       sh ../tests/bits/bits.sh                 the same with the file of tests/bits/ that was recorded
#                                                                on this kind of machine; 77 (skipped) without one
#
# Bits depend on the processor's kind, the size of its second-level cache and oneDNN's version: a file's first line names
# them. Record a file before a redesign. A change that is meant to change bits records the files anew and says why.
here=$(cd "${0%/*}" && pwd)
started=$(pwd)
. "${0%/*}/../cli/common.sh"
tensors=${regimen%/*}/tests/bits/tensors

train() { # ISA MODEL OPTION...
    isa=$1
    model=$2
    shift 2
    rm -rf run
    "$regimen" train data.h5 --isa "$isa" --model "$model" --batch 16 --epochs 10 --steps 20 --seed 3 --threads 2 \
        --set optimizer.lr=0.02 --out run --quiet "$@" >out 2>err || return
    "$tensors" run/checkpoints/last.h5 | sed "s/^/$isa $model /"
}

kind() { # of the machine, for the run that was made last
    sed -n -e 's/^vendor_id[^:]*: //p' -e 's/^cpu family[^:]*: /family /p' -e 's/^model[^n]*: /model /p' /proc/cpuinfo |
        head -n 3 | paste -s -d ' ' -
    "$tensors" -b run/checkpoints/last.h5 | sed -e 's/, [a-z0-9]* kernels//' -e 's/regimen [^,]*, //'
}

# Sets recorded to the file of this kind of machine, with one short run; nothing is compared without one.
find_recorded() {
    train generic16 mlp >first_run || train reference mlp >first_run || {
        cat err >&2
        exit 1
    }
    kind=$(kind | paste -s -d ' ' -)
    recorded=$(grep -lxF "# $kind" "$here"/*.txt | head -n 1)
    [ "$recorded" ] || {
        skip bits "nothing is recorded for this kind of machine: $kind"
        exit 77
    }
}

make_data
[ "$1" ] || find_recorded
sets="generic16 avx2 avx512"
[ "$1" ] && sets="reference $sets"
for isa in $sets; do
    train $isa mlp && first=$isa || continue # neither on this machine nor in this build
    train $isa resnet20 && train $isa resnet50 --set model.width=0.25 --stem imagenet || {
        cat err >&2
        exit 1
    }
done >now
[ "$first" ] || {
    cat err >&2
    exit 1
}

case $1 in
record)
    echo "# $(kind | paste -s -d ' ' -)"
    cat now
    exit
    ;;
'') ;;
/*) recorded=$1 ;;
*) recorded=$started/$1 ;;
esac

# A build may lack an instruction set that is recorded.
sets=$(cut -d ' ' -f 1 now | sort -u | paste -s -d '|' - | sed 's/|/\\|/g')
grep "^\($sets\) " "$recorded" >then
for each in $(cut -d ' ' -f 1,2 now | sort -u | tr ' ' '/'); do
    check
    grep "^${each%/*} ${each#*/} " then >a
    grep "^${each%/*} ${each#*/} " now >b
    cmp -s a b || fail "$each: other bits: $(diff a b | sed -n 's/^> [^ ]* [^ ]* [^ ]* [^ ]* //p' | head -n 3 | paste -s -d ' ' -) and so on"
done
finish
