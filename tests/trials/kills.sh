#!/bin/sh
# Kills: runs of linear, mlp and resnet20 get SIGKILL at random moments, and at each of the calls that open, write, sync,
# rename, lock or close a file, one after the other (by the shim fault.c). Each run goes on after that, and random ones are
# killed again, up to four times.
#
# Right: last.h5 and best.h5 are whole after each kill, the run goes on from the checkpoint or begins again where there is
# none, and its end has the bits and events of an undisturbed run. COUNT is the number of random kills, 300 by default.
# PLACES is the number of placed ones, spread over all calls: 0 for all of them (the default). See common.sh.
. "${0%/*}/common.sh"
COUNT=${COUNT:-300}
PLACES=${PLACES:-0}
make_small_data
models="linear mlp resnet20"
[ "$COUNT" -ge 20 ] || models="linear resnet20"
for model in $models; do make_reference $model 1 && make_reference $model 2; done

# go_on: continues the run if there is a folder that can be continued, else starts it. A folder that was killed before it
# had its configuration must not be in the way.
go_on() {
    if [ -e t/run/config.yaml ]; then
        timed "$@" "$regimen" train --resume run --quiet
    else
        timed "$@" "$regimen" train $options --out run
    fi
}

# finish_run NUMBER HOW: after the last kill.
finish_run() {
    wrong=$(whole_checkpoints)
    [ -n "$wrong" ] || { go_on && wrong=$(judge_end 0); }
    [ -n "$wrong" ] || wrong=$(judge_result $reference)
    if [ -z "$wrong" ]; then pass; else missed "$1" "$wrong ($2, $model, $threads threads)"; fi
}

# choose NUMBER: model and threads of a trial, in an empty folder.
choose() {
    seed_draws "$1"
    # shellcheck disable=SC2086 # a list of words
    set -- "$1" $models
    shift $((1 + $1 % ($# - 1)))
    model=$1
    draw 2
    threads=$((drawn + 1))
    reference=ref-$model-$threads
    took_whole=$(cat $reference/took)
    options_of $model $threads
    rm -rf t
    mkdir t
}

random_kills() { # NUMBER
    choose "$1"
    draw 4
    for try in $(seq 0 "$drawn"); do
        draw $((took_whole * 21 / 20 + 1))
        go_on -s 9 -u "$drawn"
        if [ "$when" = late ]; then break; fi
        kills=$((kills + 1))
        wrong=$(whole_checkpoints)
        [ -z "$wrong" ] || { missed "$1" "$wrong (kill $try at $drawn us, $model)" && return; }
    done
    finish_run "$1" "killed at random"
}

calls=open,write,fsync,rename,truncate,close,unlink,mkdir,flock,mmap
placed() { timed env LD_PRELOAD="$shim" FAULT_CALL=$calls FAULT_FROM=any FAULT_LOG=fault.log "$@"; }

placed_kill() { # NUMBER CALL
    rm -rf t
    mkdir t
    placed FAULT_HOW=kill FAULT_AT="$2" "$regimen" train $options --out run
    [ -s t/fault.log ] || return
    places=$((places + 1))
    finish_run "$1" "killed at call $2"
}

kills=0
number=$FIRST
while [ $kills -lt "$COUNT" ]; do
    random_kills $number
    number=$((number + 1))
done
echo "$kills random kills of $((number - FIRST)) runs (seed $SEED): $passed passed, $failed failed"

places=0
if [ -n "$sanitized" ]; then
    skip "kills at calls" "a sanitizer"
else
    model=short
    threads=1
    reference=ref-$model-$threads
    make_reference $model $threads
    options_of $model $threads
    placed FAULT_AT=0 "$regimen" train $options --out run
    total=$(sed -n 's/^calls \([0-9]*\).*/\1/p' t/fault.log)
    [ "$PLACES" != 0 ] && [ "$PLACES" -lt "$total" ] || PLACES=$total
    i=0
    while [ $i -lt "$PLACES" ]; do
        placed_kill $((1000000 + i)) $((1 + i * total / PLACES))
        i=$((i + 1))
    done
    echo "$places kills at calls ($total calls in a run)"
fi
close_trials
