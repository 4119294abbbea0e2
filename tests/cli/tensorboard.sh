#!/bin/sh
# tensorboard: event files of runs with and without them, resumed and killed; their size; the same bits. TensorBoard's own
# library reads them where it is installed: for /usr/bin/python3, or for the one that TENSORBOARD_PYTHON names.
. "${0%/*}/common.sh"
warnings=1

make_data
train="$regimen train data.h5 --model resnet20 --set model.base=4 --batch 16 --epochs 4 --set metrics.every=2"
files() { find "$1" -name 'events.out.tfevents.*' | sort; }

expect 0 $train --out without
[ -z "$(files without)" ] || fail "nobody asked for events"
expect 0 $train --set tensorboard=true --threads 1 --out one
expect 0 $train --set tensorboard=true --threads 3 --steps 13 --out two
expect 0 "$regimen" train --resume two --steps 0
[ "$(files one | wc -l)" = 1 ] && [ "$(files two | wc -l)" = 2 ] || fail "files: $(files one) $(files two)"
refuse 2 'tensorboard' train data.h5 --set tensorboard=maybe --out three

# ---- the run itself is the same, by what it tells and by its weights
story without >without.txt
story one >one.txt
cmp -s without.txt one.txt || fail "with events a run goes another way: $(diff without.txt one.txt | head -n 4)"
for run in without one two; do
    expect 0 "$regimen" eval $run/checkpoints/last.h5 data.h5 --json=$run.json
    sed -n 's/"\(loss\|accuracy\)": \([0-9.]*\).*/\1 \2/p' $run.json >$run.result
    [ -s $run.result ] && cmp -s $run.result without.result || fail "$run: other weights: $(cat $run.result)"
done

# ---- what is in the file, and that it is small: 36 step events, 22 layers 4 times
size=$(wc -c <"$(files one)")
[ "$size" -gt 50000 ] && [ "$size" -lt 250000 ] || fail "the file has $size bytes"
for tag in train/loss train/accuracy train/rate train/gradient_norm train/images_per_s validation/loss validation/accuracy \
    test/accuracy batch/first filters/conv1.weight weights/fc.weight gradients/layer3.2.conv2.weight; do
    check
    grep -a -q "$tag" "$(files one)" || fail "no $tag"
done

# ---- a run that is killed leaves a file that can be read
$train --epochs 100 --set tensorboard=true --out killed >out 2>err &
children=$!
wait_for killed/metrics.jsonl '"event": "evaluation"'
kill -KILL $children
wait $children 2>/dev/null
children=

for with in "$TENSORBOARD_PYTHON" "$python"; do
    [ "$with" ] && "$with" -c 'import tensorboard.backend.event_processing.event_accumulator' 2>/dev/null && break
done || with=
if [ "$with" ]; then
    check
    "$with" - >read.txt 2>read.err <<'PY' || fail "TensorBoard: $(tail -n 3 read.err)"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

def read(run):
    a = EventAccumulator(run, size_guidance={'scalars': 0, 'images': 0, 'histograms': 0})
    a.Reload()
    return a

def told(run):
    return [json.loads(l) for l in open(run + '/metrics.jsonl')]

for run in 'one', 'two', 'killed':
    a, steps = read(run), [e for e in told(run) if e['event'] == 'step']
    for tag, key in ('loss', 'loss'), ('accuracy', 'accuracy'), ('rate', 'lr'), ('gradient_norm', 'grad_norm'):
        got = a.Scalars('train/' + tag)
        if run == 'killed': got, steps = got[:len(steps)], steps[:len(got)]
        assert got and [e.step for e in got] == [e['step'] for e in steps], (run, tag)
        assert all(abs(e.value - m[key]) <= 1e-6 * abs(m[key]) for e, m in zip(got, steps)), (run, tag)
    evaluations = [e for e in told(run) if e['event'] == 'evaluation' and e['split'] == 'validation']
    got = {e.step: e.value for e in a.Scalars('validation/loss')} # that of the limit of steps stays, too
    assert evaluations and all(abs(got[m['step']] - m['loss']) <= 1e-6 * m['loss'] for m in evaluations), got
    image = a.Images('batch/first')
    assert len(image) == 1 and image[0].width == 51 and image[0].encoded_image_string[1:4] == b'PNG', image
    if run == 'killed': continue
    assert len(a.Images('filters/conv1.weight')) == 4
    for kind in 'weights', 'gradients':
        h = a.Histograms(kind + '/fc.weight')
        assert len(h) == 4 and all(e.histogram_value.num == 48 == sum(e.histogram_value.bucket) for e in h), h
assert [e.step for e in read('one').Scalars('train/loss')] == [e.step for e in read('two').Scalars('train/loss')]
PY
else
    skip "TensorBoard reads the events" "no tensorboard of python3"
fi

finish
