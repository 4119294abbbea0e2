#!/bin/sh
# Runs that end before they are through: every command that a message names works as it stands.
. "${0%/*}/common.sh"

make_data
long="data.h5 --model resnet20 --set model.base=4 --batch 8 --epochs 12 --seed 3 --set metrics.every=1 --threads 2"

# as_told PATTERN: runs the command that err names behind it.
as_told() {
    sed -n "s/.*$1//p" err | head -n 1 >command
    [ -s command ] || fail "no command behind '$1': $(cat err)"
    case $(cat command) in "$regimen train "*) ;; *) fail "no command of ours: $(cat command)" ;; esac
    check
    sh ./command --quiet >out 2>err2
    code=$?
}

# under_way FOLDER COMMAND...: in the background, with some steps done.
under_way() {
    folder=$1
    shift
    "$@" >out 2>err &
    child=$!
    children="$children $child"
    wait_for "$folder/metrics.jsonl" '"event": "step", "step": 2[0-9],'
}

expect 0 "$regimen" train $long --out whole --quiet
story whole >story1

# ---- a stop; a folder whose name a shell would read otherwise; a data file that has moved since the run began
for name in plain "a run's \$folder (1)"; do
    under_way "$name" "$regimen" train $long --out "$name" --quiet
    kill -TERM $child
    wait $child
    [ $? = 130 ] || fail "$name: no code 130: $(cat err)"
    [ "$name" = plain ] || expect 2 "$regimen" train $long --out "$name" --quiet
    [ "$name" = plain ] && as_told 'continue with: ' || { sed 's/, or name another.*//' err >cut && mv cut err && as_told 'continue it with '; }
    [ $code = 0 ] || fail "$name: code $code: $(cat err2)"
    story "$name" >story2
    cmp -s story1 story2 || fail "$name: another run after going on: $(diff story1 story2 | head -n 4)"
done

# ---- the program is named as it was called: by a path from here, with characters of a shell's, or found in PATH
mkdir -p build "here's one"
ln -s "$regimen" build/regimen
ln -s "$regimen" "here's one/regimen"
for called in build/regimen "./here's one/regimen" regimen; do
    expect 2 env PATH="$PWD/build:$PATH" "$called" train $long --out plain --quiet
    case $called in *one*) has err "continue it with './here'.*s one/regimen' train --resume plain, or" ;;
    *) has err "continue it with $called train --resume plain, or" ;;
    esac
    expect 2 env PATH="$PWD/build:$PATH" "$called" bench
    case $called in *one*) ;; *) has err "(see $called bench --help)" ;; esac
done
expect 2 "./here's one/regimen" train $long --out plain --quiet
sed -n 's/.*continue it with \(.*\), or name another.*/\1/p' err >command
sh ./command --quiet >out 2>err2 || fail "a path that a shell reads otherwise: $(cat command err2)"

# ---- data that ends in mid-run: what was done is saved
check
for attempt in 1 2 3 4 5; do
    rm -rf shrunk
    cp data.h5 shrinking.h5
    under_way shrunk "$regimen" train --data shrinking.h5 ${long#* } --out shrunk --quiet --set save.every=99
    : >shrinking.h5
    wait $child
    code=$?
    [ $code = 0 ] || break
done
[ $code = 3 ] || fail "truncated data: code $code: $(cat err)"
cp data.h5 shrinking.h5
if grep -q 'continue with: ' err; then # not if the fault came within a batch, as SIGBUS
    has err 'warning: the state after step [0-9]* is saved; continue with: '
    [ -s shrunk/checkpoints/last.h5 ] || fail "truncated data: nothing is saved"
    as_told 'continue with: '
    [ $code = 0 ] || fail "truncated data: code $code: $(cat err2)"
    story shrunk >story2
    cmp -s story1 story2 || fail "truncated data: another run after going on: $(diff story1 story2 | head -n 4)"
    [ "$(grep -c '"event": "end"' shrunk/metrics.jsonl)" = 1 ] || fail "truncated data: not one end"
fi

# ---- numbers that go out of range: a new run from what was good before
expect 4 "$regimen" train data.h5 --model linear --batch 8 --epochs 40 --set augment=[] --set scheduler=none \
    --set 'optimizer={sgd: {lr: 0.5}}' --set 'regularize=[{weight_decay: {rate: 10}}]' --out diverged --quiet
has err 'the last checkpoint is of step [0-9]*; resumed, the run comes to the same numbers'
has diverged/metrics.jsonl '"event": "end".*"reason": "failed"'
has diverged/log.txt 'debug: .*not finite'
as_told 'with a lower rate: '
[ $code = 0 ] || fail "a lower rate: code $code: $(cat command err2)"
expect 0 "$regimen" eval diverged/checkpoints/last.h5 # what is there is good
[ -s diverged-2/checkpoints/last.h5 ] || fail "a lower rate: no checkpoint: $(cat command)"

# ---- weights that are not finite are no beginning: no rate helps
expect 0 "$regimen" train data.h5 --model mlp --epochs 1 --out perceptron --quiet
tail -c +513 perceptron/checkpoints/last.h5 >nan.h5 # without its frame, which would tell
printf '\377\377\377\377\377\377\377\377' |
    dd of=nan.h5 bs=1 seek=$(($(wc -c <nan.h5) / 4)) conv=notrunc 2>/dev/null
expect 4 "$regimen" train data.h5 --model mlp --checkpoint nan.h5 --out nowhere --quiet
has err 'error: nan.h5: fc[12].weight holds values that are not finite'
[ ! -e nowhere ] || fail "weights that are not finite: a run was begun"

# ---- what was saved is named, though it is best.h5 alone
expect 4 "$regimen" train data.h5 --model linear --batch 8 --epochs 40 --set augment=[] --set scheduler=none \
    --set 'optimizer={sgd: {lr: 0.5}}' --set 'regularize=[{weight_decay: {rate: 10}}]' --set save.every=99 \
    --out best --quiet
[ ! -e best/checkpoints/last.h5 ] || fail "best.h5 alone: there is another"
has err 'the last checkpoint is of step [0-9]*; .* --checkpoint best/checkpoints/best.h5 '

# ---- a damaged last.h5 is no dead end
for rest in 'goes on from best.h5' 'begins again'; do
    rm -rf spoiled
    cp -r plain spoiled
    case $rest in begins*) rm spoiled/checkpoints/best.h5 ;; esac
    printf 'no checkpoint' | dd of=spoiled/checkpoints/last.h5 bs=1 seek=2000 conv=notrunc 2>/dev/null
    expect 2 "$regimen" train --resume spoiled --quiet
    has err "error: spoiled/checkpoints/last.h5: damaged: .*; if you move this file away, the run $rest"
    mv spoiled/checkpoints/last.h5 spoiled.h5
    expect 0 "$regimen" train --resume spoiled --quiet
    story spoiled >story2
    cmp -s story1 story2 || fail "damaged last.h5: another run: $(diff story1 story2 | head -n 4)"
done

# ---- the steps that were made, not a limit that was passed before; a result that cannot be told
expect 0 "$regimen" train data.h5 --model linear --batch 8 --epochs 9 --steps 5 --out five --quiet
expect 2 "$regimen" train --resume five --steps 2 --quiet
has err 'error: five: steps: 2, but 5 are made already: more --steps, or --steps 0 for no limit'
expect 0 "$regimen" train --resume five --steps 5 --quiet
if [ -c /dev/full ]; then
    expect 3 "$regimen" train data.h5 --model linear --epochs 1 --out told --quiet --json=/dev/full
    has err 'warning: the run is finished; its result is in told/metrics.jsonl'
fi

# ---- a folder that is taken away: no command is told
under_way away "$regimen" train $long --out away --quiet
mv away taken # at once: amid rm, what is told depends on what is gone already
wait $child
code=$?
check
[ $code = 3 ] || fail "a folder taken away: code $code: $(cat err)"
has err 'away is gone'
grep -q 'regimen train' err && fail "a folder taken away: $(cat err)"

# ---- curves of any run, or a word
if [ -n "$python" ]; then
    expect 0 "$regimen" train data.h5 --model linear --epochs 2 --out short --quiet
    expect 0 "$python" "$source/docs/plot_metrics.py" short/metrics.jsonl
    has out '<circle'
    expect 0 "$python" "$source/docs/plot_metrics.py" whole/metrics.jsonl
    has out '>training<'
    head -n 1 short/metrics.jsonl >start.jsonl
    printf '{"event": "st' >>start.jsonl
    expect 1 "$python" "$source/docs/plot_metrics.py" start.jsonl
    has err 'start.jsonl: neither steps nor evaluations'
else
    skip plot_metrics "no Python"
fi
finish
