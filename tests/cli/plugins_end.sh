#!/bin/sh
# Runs that end before their time: by signals of all kinds, and by plugins that crash or end the process.
. "${0%/*}/common.sh"
hurtful=${regimen%/regimen}/tests/fixtures/train/hurt.so

# A sanitizer's runtime has handlers and an _exit() of its own.
plain=
nm -D "$regimen" 2>/dev/null | grep -q ' T _exit$' && plain=yes

make_data
small="data.h5 --model linear --batch 16 --threads 2"

# ---- plugins
# hurt LINE RUN OPTION...: exit code 5, one line of error that is the log's last
hurt() {
    line=$1
    run=$2
    shift 2
    expect 5 timeout -s KILL 60 "$regimen" train $small --plugin "$hurtful" --out "$run" --quiet "$@"
    has err "^regimen: error: $line"
    [ "$(grep -c '^regimen: error: ' err)" = 1 ] || fail "more than one line: $(cat err)"
    [ ! -e "$run/log.txt" ] || tail -n 1 "$run/log.txt" | grep -q "^20..-..-..T..:..:..\....Z error: $line" ||
        fail "$run/log.txt: $(tail -n 1 "$run/log.txt")"
}

if [ -f "$hurtful" ]; then
    plugin='augmentation hurt (hurt.so, plugin hurtful): '
    for how in crash bus illegal abort overflow exit quick_exit underscore_exit thread; do
        case $how in
        crash | overflow) word='crashed (segmentation fault)' ;;
        bus) word='crashed (bus error)' ;;
        illegal) word='crashed (.*)' ;; # of another name on other machines
        abort) word=aborted ;;
        thread) word='ended its thread' ;;
        *) word='ended the process' ;;
        esac
        case $plain$how in underscore_exit | overflow) continue ;; esac
        hurt "$plugin$word in apply; the last checkpoint is kept; continue with: [^ ]*regimen train --resume $how\$" $how \
            --epochs 3 --set "augment=[{hurt: {how: $how, where: apply, epoch: 1}}]"
        [ -s $how/checkpoints/last.h5 ] || fail "$how: no checkpoint"
    done
    hurt "${plugin}ended the process in apply; there was no checkpoint yet; begin again with: [^ ]*regimen train --resume early\$" \
        early --set "augment=[{hurt: {how: exit, where: apply}}]"
    # a command in a message is one for the shell
    odd="a run's \$folder"
    hurt "${plugin}ended the process in apply; .* continue with: [^ ]*regimen train --resume 'a run'.*folder'\$" "$odd" --epochs 3 \
        --set "augment=[{hurt: {how: exit, where: apply, epoch: 1}}]"
    check
    sed -n 's/.*continue with: [^ ]*regimen train //p' err >way
    eval "set -- $(cat way)"
    [ "$2" = "$odd" ] || fail "the way on: $(cat way)"
    # not in a call, but in a thread that a plugin has started
    expect 3 "$regimen" train $small --plugin "$hurtful" --out stray --quiet --epochs 3 \
        --set "augment=[{hurt: {how: stray, where: apply, epoch: 1}}]"
    has err '^regimen: error: a library, or a thread of a plugin, ended the process; .* continue with: [^ ]*regimen train --resume stray$'
    hurt "${plugin}ended the process in output\$" output --set "augment=[{hurt: {how: exit, where: output}}]"
    for where in prepare scratch factor observe save; do
        hurt "scheduler hurt (hurt.so, plugin hurtful): crashed (segmentation fault) in $where" $where --epochs 2 \
            --set "scheduler={hurt: {where: $where}}"
    done
    # load is called by going on
    expect 0 "$regimen" train $small --plugin "$hurtful" --out load --quiet --epochs 2 --steps 3 \
        --set "scheduler={hurt: {where: load}}"
    expect 5 "$regimen" train --resume load --steps 0
    has err 'error: scheduler hurt (hurt.so, plugin hurtful): crashed (segmentation fault) in load'
    # a child of the plugin's may end as it likes
    expect 0 "$regimen" train $small --plugin "$hurtful" --out fork --quiet --epochs 1 \
        --set "scheduler={hurt: {how: fork, where: prepare}}"
    said=$(grep -v '^==' err) # a sanitizer's own words about threads that it could not stop
    [ -z "$said" ] || fail "a child of a plugin: $said"
    # started by somebody who does not care for children: how they end is known all the same
    if env --ignore-signal=CHLD true 2>/dev/null; then
        expect 2 env --ignore-signal=CHLD "$regimen" plugin list --plugin "${hurtful%/train/*}/broken_CRASH.so"
        has err 'broken_CRASH.so: crashes while it is loaded'
        expect 2 env --ignore-signal=CHLD "$regimen" plugin list --plugin "${hurtful%/train/*}/broken_EXIT.so"
        has err 'broken_EXIT.so: ends the process while it is loaded (exit code [1-9]'
    fi
    # other commands have no run to speak of
    expect 5 "$regimen" plan --model linear --image 1x12x12 --plugin "$hurtful" \
        --set "scheduler={hurt: {how: abort, where: prepare}}"
    has err '^regimen: error: scheduler hurt (hurt.so, plugin hurtful): aborted in prepare$'
fi

# ---- signals
# begun NAME OPTION...: a run in the background without an end of its own, some steps under way
begun() {
    name=$1
    shift
    env --default-signal "$regimen" train $small --epochs 100000 --out "$name" --quiet "$@" 2>"$name.err" &
    child=$!
    children="$children $child"
    wait_for "$name/metrics.jsonl" '"event": "step"'
}

# ends CODE: what was begun
ends() {
    check
    wait $child 2>/dev/null
    code=$?
    [ $code = "$1" ] || fail "$name: exit code $code, expected $1: $(cat "$name.err")"
}

if env --default-signal true 2>/dev/null; then
    for s in USR1 USR2 XCPU ALRM VTALRM PROF PWR RTMIN; do
        begun stop$s
        kill -$s $child
        ends 130
        has stop$s.err "^regimen: error: stopped on request after step [0-9]*; continue with: [^ ]*regimen train --resume stop$s"
    done
    # it goes on, and is stopped again
    expect 130 timeout -s USR1 --preserve-status --foreground 2 "$regimen" train --resume stopRTMIN --quiet
    # it sends its signal to the program, and once more to the group
    expect 130 timeout --preserve-status 2 "$regimen" train $small --epochs 100000 --out twice --quiet
    [ -s twice/checkpoints/last.h5 ] || fail "SIGTERM twice: no checkpoint"
    # a fault that another process sends is nobody's
    if [ "$plain" ]; then
        begun sent
        kill -SEGV $child
        ends 139
        ! grep -q 'crashed\|plugin' sent.err || fail "SIGSEGV from outside: $(cat sent.err)"
    fi
    if [ -f "$hurtful" ]; then # a plugin that never comes back: the first signal waits for it, QUIT does not
        env --default-signal "$regimen" train $small --plugin "$hurtful" --out endless --quiet \
            --set "scheduler={hurt: {how: endless, where: factor}}" 2>endless.err &
        child=$!
        name=endless
        children="$children $child"
        wait_for endless/metrics.jsonl .
        kill -TERM $child
        sleep 1.5
        kill -TERM $child
        ends 143
    fi
    # oneDNN's products of a perceptron put the stack register into the heap, where a signal's frame must not come
    preload="LD_PRELOAD=libc_malloc_debug.so.0 MALLOC_CHECK_=3"
    rounds='1 2 3 4 5 6 7 8 9 10'
    [ "$plain" ] || rounds=1
    for round in $rounds; do
        env $preload true 2>preload.err && [ ! -s preload.err ] && env $preload "$regimen" --version >out 2>&1 || preload=
        rm -rf mlp
        env --default-signal $preload "$regimen" train data.h5 --model mlp --batch 64 --threads 2 --epochs 100000 \
            --set optimizer.lr=0 --out mlp --quiet 2>mlp.err &
        child=$!
        name=mlp
        children="$children $child"
        wait_for mlp/metrics.jsonl '"event": "step"'
        sleep 0.0$round
        kill -TERM $child
        ends 130
        expect 0 "$regimen" eval mlp/checkpoints/last.h5 --quiet
    done
fi

# ---- a limit of the machine is no missing plugin
expect 3 sh -c 'ulimit -n 16; exec "$0" plan --model linear --image 1x12x12' "$regimen"
has err 'error: .*Too many open files (limit: ulimit -n)'
! grep -q 'unknown' err || fail "16 open files: $(cat err)"
expect 3 sh -c 'ulimit -f 4; exec "$0" plan --model linear --image 1x12x12' "$regimen"
has err 'error: plugin .*: no private copy: File too large'
finish
