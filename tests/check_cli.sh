#!/bin/sh
# The commands on real files: import, train, eval, plan, bench; JSON; stopping by signals and going on to the same result.
. "${0%/*}/cli/common.sh"

json() { # the named files are one JSON object each
    [ -n "$python" ] || return 0
    for file; do "$python" -c 'import json, sys; assert isinstance(json.load(open(sys.argv[1])), dict)' "$file" 2>/dev/null ||
        fail "$file is no JSON object: $(head -c 200 "$file")"; done
}

make_data
small="--model resnet20 --set model.base=4 --batch 16 --threads 2"

# ---- import, train, eval, resume, plan, bench
has out '1x12x12'
has out 'train *96 images'
has out 'test *20 images'
expect 0 "$regimen" import idx idx --out named.h5 --names=ant,bee,cat --json
json out
expect 0 "$regimen" import idx idx --out "$(printf 'caf\351.h5')" --json --quiet # a name that is not UTF-8
json out
expect 0 "$regimen" train data.h5 $small --epochs 6 --steps 2 --out runs/one --json=result.json
json result.json
has out 'after 2 steps'
! grep -q '^next' out || fail "--json: $(cat out)"
has out 'validation images' # the test split is for the end of the whole run
has err 'run folder: runs/one'
for f in config.yaml metrics.jsonl log.txt checkpoints/last.h5; do [ -s runs/one/$f ] || fail "no runs/one/$f"; done
[ ! -e runs/one/checkpoints/best.h5 ] || fail "a best checkpoint without an evaluation"
expect 0 "$regimen" eval runs/one
has out 'accuracy .*95 % interval'
expect 0 "$regimen" eval --checkpoint runs/one/checkpoints/last.h5 --data data.h5 --split train --json
json out
has out '"images": 96' # the whole split, what was held out of it too
expect 3 "$regimen" predict runs/one/checkpoints/last.h5 data.h5 --page nowhere/p.html # before the work
has err 'error: --page: nowhere/p.html: No such file or directory'
[ ! -s out ] || fail "it predicts for a page that cannot be written"
expect 0 "$regimen" train --resume runs/one --steps 0 --json=- --quiet
json out
[ ! -s err ] || fail "--quiet: $(cat err)"
has out '"steps": 30'
expect 0 "$regimen" eval runs/one --split validation
# the last evaluation of the run, by a trainer that trains, and one of its last checkpoint on other threads: the same bits
expect 0 "$regimen" eval --checkpoint runs/one/checkpoints/last.h5 --split validation --threads 1 --json
loss=$(grep '"event": "evaluation".*"split": "validation"' runs/one/metrics.jsonl | tail -1 | sed 's/.*"loss": \([^,]*\),.*/\1/')
has out "\"loss\": $loss,"
[ -s runs/one/checkpoints/best.h5 ] || fail "no best checkpoint"
# a sound set-up is told nothing, another one what to do; a data set is one whatever its name
expect 0 "$regimen" train data.h5 $small --epochs 1 --out runs/sound
has out '^next: [^ ]*regimen predict runs/sound FILE|FOLDER[.][.][.]$'
! grep -q 'warning' err || fail "a warning about a sound set-up: $(grep warning err)"
expect 0 "$regimen" train data.h5 $small --epochs 100 --steps 2 --out runs/short
[ "$(grep -c '^regimen: warning: steps: the schedule is laid out over 500 steps (100 epochs), of which 2 are made' err)" = 1 ] ||
    fail "no warning about a schedule that is cut: $(cat err)"
expect 0 "$regimen" train --resume runs/short
! grep -q 'warning' err || fail "a run that goes on is told again: $(grep warning err)"
expect 0 "$regimen" train data.h5 --model mlp --epochs 2 --out runs/mlp --quiet
[ ! -s err ] || fail "a sound mlp: $(cat err)"
has runs/mlp/config.yaml '^pin: auto$'
has runs/mlp/config.yaml '^clip_norm: 1$'
has runs/mlp/config.yaml '^augment: \[\]$'
has runs/mlp/config.yaml '^optimizer: {sgd: {lr: 0.035, ' # its own 0.1, and the batch of a small set
for name in DATA.H5 data.HDF data; do
    cp data.h5 $name
    expect 0 "$regimen" plan $name --model linear
    rm $name
done
expect 0 "$regimen" plan --model resnet50 --image 3x32x32 --batch 4
has out 'predicted peak'
has out 'backward    keeps .* makes '
expect 0 "$regimen" plan --model resnet50 --image 3x64x64 --stem imagenet --batch 64 --memory low --chunks 64
has out 'again'
has out '64 cores .* barriers; lost'
expect 0 "$regimen" plan --model resnet50 --image 3x64x64 --batch 64 --memory low --chunks 7 --json
json out
has out '"us_per_chunk": [0-9]'
has out '"again_flops": [0-9]'
expect 0 "$regimen" plan --model resnet50 --image 3x32x32 --batch 4 --evaluation
has out 'in the store of layer1.0.conv3'
has out 'once and kept: [1-9]'
expect 0 "$regimen" plan runs/one/config.yaml --evaluation --json
json out
has out '"prepared": [1-9]'
expect 0 "$regimen" plan runs/one/config.yaml --json
json out
expect 0 "$regimen" bench step $small --image 1x12x12 --iters 3 --json
json out
has out '"loss_after_5": [0-9]'
has out '"name": "step"'
expect 0 "$regimen" bench machine --threads 2 --sample 1 --repeats 2 --memory 4 --json
json out
has out '"name": "stream RAM, 2 threads"'
expect 0 "$regimen" bench machine --threads 1 --sample 1 --repeats 1 --memory 1 --isa generic16
has out 'fma generic16 '
expect 0 "$regimen" bench kernels add gemm_blocks --threads 2 --sample 1 --repeats 1 --json
json out
[ "$(grep -c '"name": "gemm_blocks' out)" -gt 0 ] || fail "no gemm_blocks"
if grep -q 'gemm_blocks memory' out; then fail "a matrix product in memory"; fi
printf 'conv 16 32 3 pad 1 image 8x8 batch 4 # small\nconv 3 8 3 stride 2 image 9x9 batch 2 input\n' >layers.txt
for isa in avx2 avx512 auto; do
    "$regimen" bench kernels add --isa $isa --sample 1 --repeats 1 --quiet >out 2>&1 || continue # not of this machine
    expect 0 "$regimen" bench ops ./layers.txt --isa $isa --threads 2 --sample 1 --repeats 2 --json
    json out
    has out '16->32 3x3 pad 1, 8x8 n4, bwd data, winograd"'
    has out '16->32 3x3 pad 1, 8x8 n4, bwd data, winograd-2x2"'
    if grep -q '9x9 n2, input, bwd data' out; then fail "backward data of the network's input"; fi
    expect 0 "$regimen" bench ops --errors ./layers.txt ./layers.txt --isa $isa
    [ "$(grep -c '16->32 .* forward' out)" = 1 ] || fail "a layer is measured twice"
done
expect '[01]' "$regimen" bench ops resnet20 --batch 2 --sample 1 --repeats 1 --check-rule --json=ops.json
has out 'geometric mean'
json ops.json # whatever the verdict

# A document with one result: name, unit, quartiles.
document() { # BENCH NAME UNIT LOW MEDIAN HIGH
    printf '{"bench": "%s", "results": [{"name": "%s", "unit": "%s", "low": %s, "median": %s, "high": %s}]}\n' "$@"
}
document kernels add GB/s 98 100 102 >base.json
document kernels add GB/s 93.5 94.5 95.5 >slower.json
document kernels add GB/s 90 94.5 99 >overlapping.json
document step step ms 98 100 102 >time.json
document step step ms 103 105 106 >time5.json
document step step ms 104 106 108 >time6.json
expect 0 "$regimen" bench compare base.json base.json
has out 'quartiles overlap'
has out '1.000 times as fast'
expect 1 "$regimen" bench compare base.json slower.json
has out '0.945 .*SLOWER'
has err '1 of 1 is slower by more than 5 %'
expect 0 "$regimen" bench compare base.json slower.json --limit 6
has out 'slower, within the limit'
expect 0 "$regimen" bench compare base.json overlapping.json --limit 0
expect 0 "$regimen" bench compare slower.json base.json
has out 'faster'
expect 0 "$regimen" bench compare time.json time5.json
expect 1 "$regimen" bench compare time.json time6.json --json
json out
has out '"ratio": 0.943'
has out '"slower": true'
expect 0 "$regimen" bench compare time6.json time.json
# what is only in one, what one of them has no figure of, and names that a terminal would obey
results() { # NAME-LOW...: a document with these, of the same median and high
    printf '{"bench": "ops", "cpu": "a\\u001b[2Jb\\u009bc", "results": ['
    for result; do
        printf '%s{"name": "%s", "unit": "m\\ns", "low": %s, "median": %s, "high": %s}' "$comma" "${result%-*}" "${result##*-}" \
            "${result##*-}" "${result##*-}"
        comma=,
    done
    printf ']}\n'
    comma=
}
results 'a\u001b[31m\u007f\u009bm-1' gone-2 unmeasured-null no-null >one.json
results unmeasured-3 'a\u001b[31m\u007f\u009bm-1' new-2 newer-2 no-null | sed 's/2Jb/2Jd/' >two.json
expect 0 "$regimen" bench compare one.json two.json
has out '^a?.31m???m  .* m?s  quartiles overlap'
has out '^not the same cpu: "a.u001B.2Jb??c", "a.u001B.2Jd??c"'
has out '^2 results are in both of the files, but not measured in both$'
has out '^3 results are only in one of the files$'
LC_ALL=C tr -d '\n -~' <out | grep -q . && fail "control characters: $(od -c out)"
expect 0 "$regimen" bench compare one.json two.json --json
json out
has out '"not_measured": 2'
has out '"only_in_one": 3'
# as many results as nobody has: it is over in seconds
{
    printf '{"bench": "ops", "results": ['
    seq -s , -f '{"name": "%060.0f", "unit": "ms", "low": 1, "median": 1, "high": 1}' 40000
    printf ']}'
} >many.json
expect 0 timeout 20 "$regimen" bench compare many.json many.json --quiet
expect 0 "$regimen" bench compare ops.json ops.json --json=compared.json
json compared.json
expect 0 "$regimen" bench pipeline $small --image 3x9x7 --sample 1 --repeats 2 --json
json out
has out '"name": "crop"'
has out '"share_of_step": [0-9]'
expect 0 "$regimen" bench pipeline --data data.h5 $small --sample 1 --repeats 1 --isa generic16 \
    --set 'augment=[flip, {cutout: {size: 3}}, flip]' --json=pipeline.json
json pipeline.json
has out '^cutout  *[0-9]'
has out '^together  *[0-9]'
has pipeline.json '"name": "flip 2"'
expect 0 "$regimen" bench pipeline --data data.h5 $small --batch 1 --sample 1 --repeats 1 --set 'augment=[]'
[ "$(grep -c '^[a-z][a-z]*  *[0-9]' out)" = 4 ] || fail "not read, pack, together, step: $(cat out)"
mkdir bench
TMPDIR=$work/bench
export TMPDIR
expect 0 "$regimen" bench train data.h5 $small --until 0.01 --epochs 9 --iters 2 --json # the first epoch will do
json out
has out '"reached": true'
has out '"epochs": 1,'
has out '"split": "test"'
has out '"name": "time to accuracy"'
has out '"share_of_step": [0-9]'
has err 'test: loss .*, accuracy '
expect 1 "$regimen" bench train --data data.h5 $small --until 1 --epochs 2 --iters 1 --warmup 0 --out runs/bench --quiet
has out 'after 2 of 2 epochs: below 100.00 %'
has err 'error: bench train: accuracy .* after 2 epochs, expected at least 100.00 %'
[ "$(grep -c '"split": "test"' runs/bench/metrics.jsonl)" = 2 ] || fail "bench train: $(cat runs/bench/metrics.jsonl)"
# its steps alone leave no trace
expect 0 "$regimen" train --data data.h5 $small --validation 0 --epochs 2 --out runs/plain --quiet
expect 0 "$regimen" eval runs/plain/checkpoints/last.h5 --split train --json=plain.json
expect 0 "$regimen" eval runs/bench/checkpoints/last.h5 --split train --json=bench.json
grep -q '"loss": [0-9]' plain.json || fail "no loss: $(cat plain.json)"
[ "$(grep '"loss"' plain.json)" = "$(grep '"loss"' bench.json)" ] || fail "not the run of train: $(cat plain.json bench.json)"
expect 0 "$regimen" bench train runs/bench/config.yaml --until 1e-3 --set evaluate.every=2 --iters 1 \
    --out runs/again --json=time.json
json time.json
has out 'after 2 of 2 epochs: at least 0.10 %'
expect 1 "$regimen" bench train data.h5 $small --steps 1 --iters 1
has err 'no epoch was evaluated in 1 steps'
has out '^accuracy  *not measured after 0 of [0-9]* epochs$'
! grep -q 'nan\|^epochs' out || fail "an accuracy that is none: $(cat out)"
expect 0 "$regimen" bench train data.h5 $small --until 0.01 --iters 1 --out runs/kept --quiet
has runs/kept/metrics.jsonl '"reason": "at the accuracy asked for"'
[ -s runs/kept/checkpoints/last.h5 ] || fail "bench train --out: no checkpoint"
if env --default-signal=INT true 2>/dev/null; then # its accuracy never changes: it runs until it is stopped
    expect 130 env --default-signal=INT timeout --foreground --preserve-status -s INT 2 "$regimen" bench train data.h5 $small \
        --set optimizer.lr=0 --set regularize=[] --until 1 --epochs 100000 --quiet
    has err 'bench: stopped on request after step'
    # stopped in its steps alone: the epoch before them is complete, and the run goes on from there
    env --default-signal=INT "$regimen" bench train data.h5 $small --until 1 --epochs 2 --iters 1000000 --out runs/cut \
        >out 2>err &
    child=$!
    children="$children $child"
    wait_for err 'epoch 1/2'
    sleep 0.2
    kill -INT $child
    wait $child
    code=$?
    [ $code = 130 ] || fail "exit code $code after a signal in the steps alone"
    [ -s runs/cut/checkpoints/best.h5 ] || fail "stopped in the steps alone: no best checkpoint"
    [ "$(grep -c '"split": "test"' runs/cut/metrics.jsonl)" = 1 ] || fail "stopped in the steps alone: no evaluation"
    expect 0 "$regimen" train --resume runs/cut --quiet
    [ "$(grep -o 'epoch 2/2: .*' runs/cut/log.txt)" = "$(grep -o 'epoch 2/2: .*' runs/plain/log.txt)" ] ||
        fail "stopped in the steps alone: $(grep epoch runs/cut/log.txt runs/plain/log.txt)"
fi
[ -z "$(ls -A bench)" ] || fail "left in TMPDIR: $(ls -A bench)"
unset TMPDIR
expect 0 "$regimen" bench step --data data.h5 $small --iters 1 --warmup 0 --profile
has out 'waiting at barriers'
has out 'serial: .*% outside of the team'
expect 0 "$regimen" bench step --data data.h5 $small --iters 2 --profile --memory low --json
json out
has out '"barrier_wait_share": [0-9]'
has out '"outside_share": [0-9]'
expect 0 "$regimen" bench eval $small --image 1x12x12 --iters 3 --json
json out
has out '"ms_per_batch": [0-9]'
has out '"loss": [0-9]'
expect 0 "$regimen" bench eval --data data.h5 $small --iters 5 --warmup 0 --profile # more than the set has
has out 'ms/batch .*phase'
expect 0 "$regimen" train runs/one/config.yaml --out runs/two --steps 1 --quiet # what was written can be read
expect 0 "$regimen" train data.h5 --model linear --epochs 1 --validation 0 --quiet
[ -s runs/linear-1/checkpoints/last.h5 ] || fail "no run folder of its own"
expect 0 "$regimen" train data.h5 --model linear --epochs 1 --checkpoint runs/linear-1/checkpoints/last.h5 --quiet
expect 0 "$regimen" plugin list
expect 0 "$regimen" --version
for c in import plan train eval plugin bench "bench machine" "bench kernels" "bench ops" "bench pipeline" "bench step" \
    "bench train" "bench compare"; do
    expect 0 "$regimen" $c --help
    has out 'Examples:'
done

# ---- the same result on other numbers of threads, and after signals
long="data.h5 --model resnet20 --set model.base=8 --batch 8 --epochs 20 --seed 3 --set metrics.every=1 --set dropout=0.2"
expect 0 "$regimen" train $long --threads 2 --out whole --quiet
expect 0 "$regimen" train $long --threads 3 --out three --quiet
check
story whole >story1
story three >story2
cmp -s story1 story2 || fail "another run on 3 threads: $(diff story1 story2 | head -n 4)"
[ "$(grep -c '"step"' story1)" -ge 200 ] || fail "too few events"

# started NAME OPTION...: a run in the background, with signals as in a terminal, some steps under way.
started() {
    name=$1
    shift
    rm -rf "$name"
    env --default-signal=INT,HUP "$regimen" train $long --threads 2 --out "$name" "$@" >"$name.out" 2>"$name.err" &
    child=$!
    children="$children $child"
    wait_for "$name/metrics.jsonl" '"event": "step", "step": 20,'
}

# stopped SIGNAL CODE NAME OPTION...: starts a run and stops it. On a busy machine it may be over before: then once more.
stopped() {
    signal=$1
    wanted=$2
    shift 2
    check
    for attempt in 1 2 3 4 5; do
        started "$@"
        kill -"$signal" $child 2>/dev/null
        wait $child 2>/dev/null
        code=$?
        [ $code = 0 ] || break
    done
    [ $code = "$wanted" ] || fail "exit code $code after $signal, expected $wanted: $(tail -n 2 "$name.err")"
}

continued() { # to the end, and the same as the run that was not stopped
    expect 0 "$regimen" train --resume "$1" --quiet
    check
    story "$1" >story2
    cmp -s story1 story2 || fail "$1: another run after going on: $(diff story1 story2 | head -n 4)"
    [ -z "$(find "$1" -name '*.tmp')" ] || fail "$1: temporary files are left"
    has "$1/metrics.jsonl" '"resumed": 1'
}

if env --default-signal=INT,HUP true 2>/dev/null; then
    for s in INT TERM HUP; do
        stopped $s 130 stop$s
        has stop$s.err "regimen: error: stopped on request after step [0-9]*; continue with: [^ ]*regimen train --resume stop$s"
        [ "$(grep -c '^regimen:' stop$s.err)" = 1 ] || fail "$s: more than one line of error"
        continued stop$s
    done
    stopped KILL 137 killed --set save.minutes=0.0001
    expect 0 "$regimen" eval killed/checkpoints/last.h5
    expect 2 "$regimen" train $long --out killed
    continued killed
    started locked
    kill -STOP $child
    if grep -q '"event": "checkpoint"' locked/metrics.jsonl && ! grep -q '"event": "end"' locked/metrics.jsonl; then
        expect 2 "$regimen" train --resume locked
        has err 'another process'
    fi
    kill -CONT $child
    kill -KILL $child
    wait $child 2>/dev/null

    # A data file that is truncated while it is mapped: seen between two batches, or as SIGBUS within one. On a busy
    # machine the run may be over before: then once more.
    check
    for attempt in 1 2 3 4 5; do
        cp data.h5 shrinking.h5
        started shrunk --data shrinking.h5
        : >shrinking.h5
        wait $child 2>/dev/null
        code=$?
        [ $code = 0 ] || break
    done
    [ $code = 3 ] || fail "a truncated file: exit code $code, expected 3: $(tail -n 2 shrunk.err)"
    [ "$(grep -c '^regimen: error: .*truncated' shrunk.err)" = 1 ] || fail "a truncated file: $(grep '^regimen' shrunk.err)"
fi

# ---- a finished run stays as it is
same() { # same NAME OPTION...: going on with it changes nothing
    name=$1
    shift
    rm -rf before
    cp -r "$name" before
    expect 0 "$regimen" train --resume "$name" "$@"
    has err "$name: this run is finished ("
    check
    for f in config.yaml metrics.jsonl checkpoints/last.h5 checkpoints/best.h5; do
        cmp -s "before/$f" "$name/$f" || fail "$name: resuming a finished run changes $f"
    done
    [ "$(ls "$name/checkpoints")" = "$(ls before/checkpoints)" ] || fail "$name: other checkpoints: $(ls "$name/checkpoints")"
}

few="data.h5 --model linear --batch 16 --set augment=[]"
[ "$(grep -c '"split": "test"' whole/metrics.jsonl)" = 1 ] || fail "whole: the test split is not read once"
same whole --json=result.json
json result.json
has result.json '"steps": 200'
expect 0 "$regimen" train --resume whole --quiet
has out 'trained *20 epochs'
[ ! -s err ] || fail "--quiet: $(cat err)"
expect 0 "$regimen" train $few --epochs 9 --set early_stop.patience=2 --set early_stop.gain=1 --out early --quiet
same early
has err 'early: 2 evaluations'
same early --set early_stop.patience=2
expect 0 "$regimen" train $few --epochs 6 --steps 10 --out limited --quiet
same limited
# what is not finished goes on: another limit, and a process that died before its last evaluation
expect 0 "$regimen" train --resume limited --steps 0 --quiet
has limited/metrics.jsonl '"step": 30.*"split": "test"'
same limited --steps 0
grep -v -e '"event": "end"' -e '"split": "test"' limited/metrics.jsonl >cut
cp cut limited/metrics.jsonl
expect 0 "$regimen" train --resume limited --steps 0 --quiet
check
[ "$(grep -c '"split": "test"' limited/metrics.jsonl)" = 1 ] || fail "limited: no evaluation after a death before it"
[ "$(tail -n 1 limited/metrics.jsonl | grep -c '"reason": "complete"')" = 1 ] || fail "limited: no end"

# ---- files from and for others
if [ -n "$python" ] && "$python" -c 'import h5py, numpy' 2>/dev/null; then
    expect 0 "$python" - <<'PYTHON'
import h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File("foreign.h5", "w") as f:
    for split, n in (("train", 50), ("test", 11)):
        labels = rng.integers(0, 3, n)
        images = rng.integers(0, 100, (n, 9, 10, 3)) + 50 * labels[:, None, None, None]
        f[split + "/images"] = images.astype(np.uint8)
        f[split + "/labels"] = labels
PYTHON
    expect 0 "$python" - <<'PYTHON'
import h5py
with h5py.File("foreign.h5") as f, h5py.File("packed.h5", "w") as g:
    g.create_dataset("train/images", data=f["train/images"][()], chunks=(8, 9, 10, 3), compression="gzip")
    g["train/labels"] = f["train/labels"][()]
PYTHON
    expect 0 "$regimen" bench pipeline --data packed.h5 $small --sample 1 --repeats 1 # unpacked: read as mapped ones are
    has out '^read  *[0-9]'
    has out '^together  *[0-9]'
    has err 'packed.h5: .* unpacked into 1 MB of memory'
    expect 2 "$regimen" bench train packed.h5 $small
    has err 'packed.h5: no test split to measure accuracy on, and nothing held out'
    expect 0 "$regimen" bench train packed.h5 $small --validation 0.2 --until 0.001 --iters 1
    has out 'validation images'
    expect 0 "$regimen" train foreign.h5 --model resnet20 --set model.base=4 --batch 10 --epochs 3 --out foreign --quiet
    expect 0 "$regimen" eval foreign/checkpoints/last.h5 --json=foreign.json
    expect 0 "$python" - <<'PYTHON'
import h5py
with h5py.File("foreign/checkpoints/last.h5") as f:
    assert f["model/conv1.weight"].shape == (4, 3, 3, 3)
    assert f["model/layer2.0.downsample.0.weight"].shape == (8, 4, 1, 1)
    assert f["model/layer3.2.bn2.running_var"].shape == (16,)
    assert f["model/fc.bias"].shape == (3,)
    assert sorted(f["optimizer"]) == ["momentum"] and len(f["optimizer/momentum"]) < len(f["model"])
    assert f.attrs["step"] == 12 and f.attrs["epoch"] == 3
    assert "resnet20" in f["text/config"][()].decode()
PYTHON
    if "$python" -c 'import torch' 2>/dev/null; then
        expect 0 "$python" -B "$source/bench/peers/checkpoint_to_torch.py" foreign/checkpoints/last.h5 --data foreign.h5 \
            --out logits.npy
        expect 0 "$python" - <<'PYTHON'
import h5py, json, numpy as np
z = np.load("logits.npy").astype(np.float64)
with h5py.File("foreign.h5") as f:
    y = f["test/labels"][()]
loss = np.mean(np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - z[np.arange(len(y)), y])
ours = json.load(open("foreign.json"))
assert abs(loss - ours["loss"]) < 1e-4 * max(1, loss), (loss, ours["loss"])
assert abs(np.mean(z.argmax(1) == y) - ours["accuracy"]) < 1e-9
PYTHON
    else
        skip "logits by torch" "no torch"
    fi
else
    skip "files of h5py" "no h5py"
fi
finish
