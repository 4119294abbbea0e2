#!/bin/sh
# Commands under limits of the machine: address space (ulimit -v), data (-d), open files (-n), stack (-s), size of files (-f).
# Right is: it works, with the same result as without a limit; or one line of error and exit code 3. Never a signal, never
# another exit code, never a hang. At the largest limit of each series it works. (Below some 70 MB the dynamic loader ends the program before it begins, with code 127.)
#
# In the build folder:  sh ../tests/trials/limits.sh        a sample, part of make check, some 100 runs
#                       sh ../tests/trials/limits.sh all    some 2,000 runs
. "${0%/*}/../cli/common.sh"

(ulimit -v 8000000 && "$regimen" --version) >/dev/null 2>&1 || {
    skip limits "the program does not start in 8 GB of address space: a sanitizer?"
    exit 77
}
make_data
step=20
models="mlp resnet20"
threads=2
[ "$1" = all ] && step=2 && models="linear mlp cnn resnet20 resnet50" && threads="1 2 4"

# What a command says that depends neither on time nor on free memory, and what it makes.
result() { # COMMAND
    case $1 in
    train | eval) sed -n 's/^loss  *//p' out ;;
    plan) sed -n '/^layer /,/^$/p' out | cksum ;;
    import)
        [ -e first.h5 ] || cp new.h5 first.h5
        "${regimen%/*}/tests/trials/same_state" first.h5 new.h5 2>difference && echo same
        ;;
    *) cksum <out ;;
    esac
}

# under FLAG LIMIT EXPECTED COMMAND...: EXPECTED is its result; empty: any.
under() {
    flag=$1
    limit=$2
    wanted=$3
    shift 3
    check
    rm -rf run new.h5
    (
        exec >out 2>err
        ulimit -c 0
        ulimit "$flag" "$limit" && exec timeout -s KILL 120 "$regimen" "$@"
    )
    code=$?
    case $code in
        0) [ -z "$wanted" ] || [ "$(result "$1")" = "$wanted" ] || fail "ulimit $flag $limit: other bits: $*: $(result "$1"), not $wanted" ;;
        3) cat err >>refusals
            [ "$(grep -c '^regimen: error: ' err)" = 1 ] || fail "ulimit $flag $limit: no line of error: $*: $(cat err)" ;;
        127) grep -q 'shared librar' err || fail "ulimit $flag $limit: exit code 127: $*: $(head -c 300 err)" ;;
        *) fail "ulimit $flag $limit: exit code $code: $*: $(tail -n 1 err | head -c 300)" ;;
    esac
}

# all_under FLAG FROM TO STEP EXPECTED COMMAND...
all_under() {
    flag=$1
    limit=$2
    to=$3
    by=$4
    shift 4
    while [ "$limit" -le "$to" ]; do
        under "$flag" "$limit" "$@"
        limit=$((limit + by))
    done
    under "$flag" "$to" "$@"
    [ "$code" = 0 ] || fail "ulimit $flag $to: refused: $(cat err)"
}

# undisturbed COMMAND...: sets `wanted`.
undisturbed() {
    rm -rf run new.h5
    expect 0 "$regimen" "$@"
    wanted=$(result "$1")
    [ "$wanted" ] || fail "no result: $*: $(cat out)"
}

for model in $models; do
    for count in $threads; do
        train="train data.h5 --model $model --batch 32 --epochs 1 --steps 2 --threads $count --out run --quiet"
        undisturbed $train
        loss=$wanted
        to=240000
        [ "$model" = resnet50 ] && to=700000
        all_under -v 60000 $to $((step * 1000)) "$loss" $train
        all_under -d 4000 $((to * 3 / 4)) $((step * 1000)) "$loss" $train
        all_under -s 64 512 $((step * 16)) "$loss" $train
        all_under -n 14 40 $((1 + step / 4)) "$loss" $train
    done
done
rm -rf run
"$regimen" train data.h5 --model mlp --batch 32 --epochs 1 --steps 2 --out base --quiet >out 2>err || fail "train: $(cat err)"
for command in "eval base/checkpoints/last.h5 --data data.h5" "plan data.h5 --model resnet20 --batch 32" \
    "import idx idx --out new.h5" "plugin list"; do
    undisturbed $command
    same=$wanted
    all_under -v 60000 200000 $((step * 2000)) "$same" $command
    all_under -d 4000 80000 $((step * 2000)) "$same" $command
    all_under -s 64 320 $((step * 8)) "$same" $command
    all_under -n 14 40 $((1 + step / 4)) "$same" $command
    all_under -f 10 200 $((step * 2)) "$same" $command
done
train="train data.h5 --model linear --batch 32 --epochs 1 --steps 2 --out run --quiet"
undisturbed $train
all_under -f 10 200 $((step * 2)) "$wanted" $train

# Refusals name the limit.
check
for flag in -v -d -s; do
    grep -q "ulimit $flag" refusals || fail "no refusal names ulimit $flag: $(head -n 5 refusals)"
done
finish
