#!/bin/sh
# Stops: runs of linear, mlp and resnet20 get SIGTERM, SIGINT, SIGINT to the whole group (Ctrl-C), SIGHUP or SIGUSR1 at
# random moments: while they start, load, step, evaluate, save or end. A third of the runs is under glibc's checking malloc.
# Another third gets the signal at a random call that opens, writes, syncs or renames a file, by the shim fault.c. Each run
# is resumed and stopped again, up to four times, and then goes on to its end.
#
# Right: each stop ends with exit code 130, one line of error, and a checkpoint of the step that the line names; the end has
# the bits and events of an undisturbed run. A signal before the handlers are there may end the process: then there is no
# folder and no output. COUNT is the number of stops, 2000 by default. A tenth as many go to import, plan and eval, which end
# with exit code 130 or are through; import leaves the whole set or nothing. See common.sh for SEED and the other settings.
. "${0%/*}/common.sh"
COUNT=${COUNT:-2000}
make_small_data
checker=
if [ -z "$sanitized" ] && ! LD_PRELOAD=libc_malloc_debug.so.0 "$regimen" --version 2>&1 | grep -q 'cannot be preloaded'; then
    checker=libc_malloc_debug.so.0
fi
calls=open,write,fsync,rename,close,flock,mkdir

# The undisturbed runs, and how many of these calls each makes.
for model in linear mlp resnet20; do
    for threads in 1 2; do
        make_reference $model $threads
        [ -z "$sanitized" ] || continue
        timed env LD_PRELOAD="$shim" FAULT_FROM=any FAULT_AT=0 FAULT_LOG=fault.log FAULT_CALL=$calls \
            "$regimen" train $options --out run
        sed -n 's/^calls \([0-9]*\).*/\1/p' t/fault.log >ref-$model-$threads/calls
    done
done

# run_it OPTION...: under the checking malloc, with the signal sent by the shim, or plainly, as `way` says.
run_it() {
    case $way in
    checked) timed $signal_options env LD_PRELOAD="$checker" MALLOC_CHECK_=3 "$regimen" train "$@" ;;
    placed)
        timed env LD_PRELOAD="$shim" FAULT_FROM=any FAULT_AT=$place FAULT_HOW=$how FAULT_LOG=fault.log \
            FAULT_CALL=$calls "$regimen" train "$@"
        [ ! -s t/fault.log ] || when=sent
        rm -f t/fault.log
        ;;
    *) timed $signal_options "$regimen" train "$@" ;;
    esac
}

# choose_moment: of the next stop. A run that goes on has less before it: it may be over before.
choose_moment() {
    draw $((took_whole * 21 / 20 + 1))
    moment=$drawn
    if [ "$way" = placed ]; then draw "$(cat $reference/calls)"; fi
    place=$((drawn + 1))
    draw 9
    how=term
    case $drawn in
    0 | 1 | 2) signal_options="-s 15 -u $moment" ;;
    3 | 4) signal_options="-s 2 -u $moment" how=int ;;
    5 | 6) signal_options="-s 2 -u $moment -g" how=int ;;
    7) signal_options="-s 1 -u $moment" ;;
    8) signal_options="-s 10 -u $moment" ;;
    esac
}

# What is wrong after a stop, if anything; sets `outcome` for the table.
judge_stop() {
    outcome=saved
    case $code in
    0) outcome=over && return ;;
    -1 | -2 | -10 | -15)
        outcome=unborn
        [ "$stops" = 0 ] && [ ! -e t/run ] && [ ! -s t/err ] && return
        # a run that goes on had not yet begun: it has written nothing
        [ "$stops" != 0 ] && [ ! -s t/err ] && [ "$written" = "$(written)" ] && return
        ;;
    esac
    wrong=$(judge_end 130)
    [ -z "$wrong" ] || return
    step=$(sed -n 's/^regimen: error: stopped on request after step \([0-9]*\);.*/\1/p' t/err)
    if [ -n "$step" ] && [ -e t/run/checkpoints/last.h5 ]; then
        saved=$("$tools/same_state" t/run/checkpoints/last.h5) || wrong="torn checkpoint: last.h5"
        case $saved in "step $step "*) ;; *) wrong="not saved: stopped after step $step, last.h5 has $saved" ;; esac
    elif [ -n "$step" ] && [ "$step" != 0 ]; then
        wrong="not saved: stopped after step $step, no last.h5"
    else
        outcome=early # nothing was there to be saved
    fi
}

# What a run writes from its start on.
written() { cat t/run/log.txt t/run/metrics.jsonl 2>/dev/null | wc -c; }

# go_on: starts the run, or continues it if there is a folder.
go_on() {
    if [ -e t/run ]; then run_it --resume run --quiet; else run_it $options --out run; fi
}

stop_runs() { # NUMBER
    seed_draws "$1"
    case $(($1 % 3)) in 0) model=mlp ;; 1) model=resnet20 ;; 2) model=linear ;; esac
    threads=$(($1 / 3 % 2 + 1))
    reference=ref-$model-$threads
    took_whole=$(cat $reference/took)
    options_of $model $threads
    kind=plain
    if [ $(($1 / 6 % 3)) = 0 ] && [ -n "$checker" ]; then kind=checked; fi
    if [ $(($1 / 6 % 3)) = 1 ] && [ -z "$sanitized" ]; then kind=placed; fi
    rm -rf t
    mkdir t
    draw 4
    for try in $(seq 0 "$drawn"); do
        way=$kind wrong=
        stops=$try
        choose_moment
        written=$(written)
        go_on
        [ "$when" = sent ] || { [ "$code" = 0 ] && break; }
        judge_stop
        echo "$model $threads $kind $outcome" >>outcomes
        cp t/err "t/err.$try"
        [ -z "$wrong" ] || { missed "$1" "$wrong (stop $try by $signal_options, $kind, $model)" && return; }
        pass
        if [ "$outcome" = over ]; then break; fi
    done
    way=plain signal_options=
    if [ "$code" != 0 ] || [ "$when" = late ]; then go_on; fi
    wrong=$(judge_end 0)
    [ -n "$wrong" ] || wrong=$(judge_result $reference)
    [ -z "$wrong" ] || missed "$1" "$wrong (at the end, $kind, $model)"
}

# stop_command NUMBER: of those that are no run.
stop_command() {
    seed_draws $(($1 + 1000000))
    rm -rf t
    mkdir t
    draw $((took_short * 21 / 20 + 1))
    which=$1
    set -- timed -s 15 -u $drawn "$regimen"
    case $((which % 3)) in
    0) "$@" import idx ../idx --out set.h5 ;;
    1) "$@" plan --data ../data.h5 --model resnet20 --threads 2 ;;
    2) "$@" eval --checkpoint ../ref-resnet20-1/run/checkpoints/last.h5 --threads 2 ;;
    esac
    [ "$when" = sent ] || return 0
    wrong=
    [ "$code" = -15 ] && [ ! -s t/err ] || wrong=$(judge_end '0 130')
    if [ -z "$wrong" ] && [ -n "$(find t -name '.*')" ]; then wrong="left behind: $(ls -A t)"; fi
    if [ -z "$wrong" ] && [ -e t/set.h5 ] && ! "$tools/same_state" set.h5 t/set.h5; then wrong="torn set"; fi
    if [ -z "$wrong" ]; then pass; else missed "command-$which" "$wrong"; fi
}

number=$FIRST
while [ $((passed + failed)) -lt "$COUNT" ]; do
    stop_runs $number
    number=$((number + 1))
done
runs=$((number - FIRST))
rm -rf t
mkdir t
timed "$regimen" import idx ../idx --out ../set.h5
took_short=$((took * 2))
i=0
while [ $i -lt $((COUNT / 10)) ]; do
    stop_command $i
    i=$((i + 1))
done
echo "runs: $runs, seed $SEED; stops:"
awk '{ n[$1 " " $2 " " $3]++; o[$1 " " $2 " " $3, $4]++ }
END {
    printf "%-10s %7s %-8s %6s %6s %16s %14s %9s\n", "model", "threads", "how", "stops", "saved", "before 1st step", "before main()", "was over"
    for (k in n) { split(k, p, " "); printf "%-10s %7s %-8s %6d %6d %16d %14d %9d\n", p[1], p[2], p[3], n[k], o[k, "saved"], o[k, "early"], o[k, "unborn"], o[k, "over"] | "sort" }
}' outcomes
[ -n "$checker" ] || skip "the checking malloc" "a sanitizer, or no libc_malloc_debug.so.0"
[ -z "$sanitized" ] || skip "signals at calls" "a sanitizer"
close_trials
