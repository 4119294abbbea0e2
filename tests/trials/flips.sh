#!/bin/sh
# Flips: checkpoints and data sets with a flipped bit, with zeroed bytes, cut short or with bytes added.
#
# Right: eval, plan and train --resume refuse each with exit code 2 or 3 and one line of error, and the damaged file stays as
# it is. Files that others made have no checksum (HDF5 without the first block, IDX): those never crash a command, never
# hang it, and never end it with another exit code than 0, 2 or 3. Every byte of the first block has one bit flipped; the
# other places are random. COUNT is the number of random places for each kind of file, 300 by default; STRIDE takes every
# n-th byte of the first block only, 1 by default. See common.sh.
. "${0%/*}/common.sh"
COUNT=${COUNT:-300}
STRIDE=${STRIDE:-1}
make_small_data
options_of resnet20 1
mkdir -p good
(cd t && "$regimen" train $options --steps 20 --out run >out 2>err) || {
    cat t/err >&2
    exit 99
}
cp -r t/run good/run
cp data.h5 good/data.h5
cp t/run/checkpoints/last.h5 good/last.h5
tail -c +513 good/last.h5 >good/foreign-last.h5
tail -c +513 good/data.h5 >good/foreign-data.h5
gzip -c idx/train-images-idx3-ubyte >good/images.gz
size_of() { wc -c <"$1" | tr -d ' '; }

# use KIND: the command that reads the damaged file t/bad.
use() {
    case $1 in
    last | foreign-last) timed "$regimen" eval --checkpoint bad --data ../good/data.h5 --threads 1 --quiet ;;
    data | foreign-data) timed "$regimen" plan --data bad --model linear --threads 1 ;;
    evaluated) timed "$regimen" eval --checkpoint ../good/last.h5 --data bad --threads 1 --quiet ;;
    resumed) timed "$regimen" train --resume run --quiet ;;
    idx) timed "$regimen" import idx idx --out set.h5 ;;
    esac
}

# damaged KIND WANTED HOW...: makes t/bad from the good file, uses it, and judges.
damaged() {
    kind=$1
    wanted=$2
    shift 2
    tried=$((tried + 1))
    rm -rf t
    mkdir t
    from=good/$kind.h5
    case $kind in
    evaluated) from=good/data.h5 ;;
    resumed)
        from=good/last.h5
        cp -r good/run t/run
        ;;
    idx)
        from=good/images.gz
        cp -r idx t/idx
        rm t/idx/train-images-idx3-ubyte
        ;;
    esac
    "$tools/flip" "$from" t/bad "$@"
    case $? in
    0) ;;
    3) return 0 ;; # nothing has changed
    *) missed "$kind-$tried" "no damaged file: $kind: $*" && return ;;
    esac
    case $kind in
    resumed) mv t/bad t/run/checkpoints/last.h5 && cp t/run/checkpoints/last.h5 t/bad ;;
    idx) mv t/bad t/idx/train-images-idx3-ubyte.gz ;;
    esac
    use "$kind"
    wrong=$(judge_end "$wanted")
    case "$wrong" in "exit code 0,"*) wrong="accepted: $kind: $*" ;; ?*) wrong="$wrong [$kind: $*]" ;; esac
    [ "$kind" != resumed ] || cmp -s t/bad t/run/checkpoints/last.h5 || wrong="a damaged file was changed: $*"
    if [ -z "$wrong" ]; then pass; else missed "$kind-$tried" "$wrong"; fi
}

# random_damage KIND WANTED SIZE: one change at a random place.
random_damage() {
    draw "$3"
    place=$drawn
    draw 8
    case $drawn in
    0) damaged "$1" "$2" cut "$place" ;;
    1) damaged "$1" "$2" zero "$place" 64 ;;
    *)
        draw 8
        damaged "$1" "$2" bit "$place" "$drawn"
        ;;
    esac
}

# walk KIND WANTED SIZE: the first block, the usual places, and random ones.
walk() {
    passed_before=$passed
    failed_before=$failed
    tried=0
    seed_draws "$(size_of good/data.h5)"
    byte=0
    while [ $byte -lt 512 ]; do
        draw 8
        damaged "$1" "$2" bit $byte "$drawn"
        byte=$((byte + STRIDE))
    done
    for length in 0 1 7 8 9 100 511 512 513 600 $(($3 - 1)); do damaged "$1" "$2" cut $length; done
    damaged "$1" "$2" add 1
    damaged "$1" "$2" add 512
    for length in 8 32 504 512 1024; do damaged "$1" "$2" zero 0 $length; done
    i=0
    while [ $i -lt "$COUNT" ]; do
        random_damage "$1" "$2" "$3"
        i=$((i + 1))
    done
    printf '%-14s %5d changes %5d passed %5d failed\n' "$1" $tried $((passed - passed_before)) $((failed - failed_before))
}

refused='2 3'
any='0 2 3'
walk last "$refused" "$(size_of good/last.h5)"
walk data "$refused" "$(size_of good/data.h5)"
STRIDE=$((STRIDE * 8))
walk evaluated "$refused" "$(size_of good/data.h5)"
walk resumed "$refused" "$(size_of good/last.h5)"
walk foreign-last "$any" "$(size_of good/foreign-last.h5)"
walk foreign-data "$any" "$(size_of good/foreign-data.h5)"
walk idx "$any" "$(size_of good/images.gz)"
close_trials
