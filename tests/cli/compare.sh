#!/bin/sh
# compare: runs, seeds and folders of them; text and JSON; hypotheses; what cannot be compared.
. "${0%/*}/common.sh"
warnings=1

train() { # train RUN OPTION...: of an mlp on data.h5
    run=$1
    shift
    "$regimen" train --data data.h5 --model mlp --batch 16 --epochs 2 --out "$run" --quiet "$@" >out 2>err ||
        fail "train $run: $(cat err)"
}

# number KEY FILE: the first value of the key
number() { sed -n "s/.*\"$1\": \\(-\\{0,1\\}[0-9.e-]*\\).*/\\1/p" "$2" | head -n 1; }

make_data 96 60
train one --seed 1
train two --seed 2 --set optimizer.lr=0.01 --hypothesis 'a lower rate is "better": 10% of it'
mkdir base other
for seed in 1 2 3; do
    train base/$seed --seed $seed
    train other/$seed --seed $((seed + 10)) --width 2 --epochs 3
done

# ---- two runs
expect 0 "$regimen" compare one two --json=pair.json
head -n 1 out | grep -q -e '^[AB] is better by .* with a single run of each' -e '^A and B are equally right' ||
    fail "no sentence first: $(head -n 1 out)"
has out "^Hypothesis of B: 'a lower rate is \"better\": 10% of it'\\. Answer: "
has out '^  optimizer  *{sgd: {lr: 0\.[0-9]*.* -> {sgd: {lr: 0\.01,'
has out '^60 images of the test split of data.h5'
for key in verdict hypothesis answer accuracy loss mcnemar_p seeds_needed classes gained lost configuration; do
    has pair.json "^  \"$key\": "
done
has pair.json '^  "accuracy": {"difference": [-0-9.e]*, "low": [-0-9.e]*, "high": [-0-9.e]*, "resolved": \(true\|false\), '
has pair.json '^  "loss": {"difference": '
has pair.json '"seed_spread_assumed": true'
if [ -n "$python" ]; then
    "$python" -c 'import json; d = json.load(open("pair.json")); assert d["a"]["runs"] == ["one"] and len(d["classes"]) == 3
assert abs(d["accuracy"]["b"]["mean"] - d["accuracy"]["a"]["mean"] - d["accuracy"]["difference"]) < 1e-8
assert d["gained"]["images"] == len(d["gained"]["list"])' || fail "the JSON is not what it says"
fi
# the accuracy is that of eval
for run in one two; do
    expect 0 "$regimen" eval --checkpoint $run/checkpoints/last.h5 --json=$run.json
done
check
awk -v a="$(number accuracy one.json)" -v b="$(number accuracy two.json)" -v d="$(number difference pair.json)" \
    'BEGIN { exit !(b - a - d < 1e-6 && a + d - b < 1e-6) }' ||
    fail "eval has $(number accuracy one.json) and $(number accuracy two.json), compare $(number difference pair.json)"
# the same on any number of threads, and of a checkpoint
expect 0 "$regimen" compare one two --threads 3 --quiet --json=threads.json
cmp -s pair.json threads.json || fail "another number of threads is something else"
expect 0 "$regimen" compare one/checkpoints/last.h5 two --quiet --json
[ "$(number difference out)" = "$(number difference pair.json)" ] || fail "a folder and its checkpoint differ"
expect 0 "$regimen" compare two one --quiet --json
has out '"hypothesis": null'

# ---- several seeds
expect 0 "$regimen" compare base other --json=seeds.json
has out 'with 3 seeds of each'
has out '^  model.width  *1 -> 2$'
has out '^  epochs  *2 -> 3$'
! grep -q '^  seed ' out || fail "the seed was tried: $(cat out)"
has seeds.json '"runs": \["base/1", "base/2", "base/3"\]'
expect 0 "$regimen" compare base/1,base/2,base/3 other/1,other/2,other/3 --quiet --json=listed.json
cmp -s seeds.json listed.json || fail "a folder and its runs differ"
expect 0 "$regimen" compare one other --quiet
has out 'with 1 run of A and 3 of B'
expect 0 "$regimen" compare base other --split train --quiet
has out '^96 images of the train split'
expect 0 "$regimen" compare one base/1 --split validation
has out 'held out for validation of'
expect 0 "$regimen" compare base other --most 0
! grep -q '^[0-9]* images gained' out || fail "--most 0 prints images"

# ---- the same run
expect 0 "$regimen" compare one one --json=same.json
has out '^A and B are the same run: there is no difference\.$'
has same.json '"difference": 0, "low": .*"resolved": false'
has same.json '"same_runs": true'
expect 0 "$regimen" compare base base --quiet
has out '^A and B are the same runs'

# ---- a run that has not ended, and one that has no checkpoint
cp -r two goes-on
grep -v '"event": "end"' two/metrics.jsonl >goes-on/metrics.jsonl
expect 0 "$regimen" compare one goes-on
has err 'goes-on: it is not through: '
cp -r one begun
rm begun/checkpoints/*.h5

# ---- what cannot be compared
refuse_line 3 'nowhere: No such file or directory' compare nowhere one
refuse_line 2 'begun: this run has no checkpoint yet.*' compare one begun
mkdir empty
refuse_line 2 'empty: no run with a checkpoint is here.*' compare one empty
refuse_line 2 'expected.*between the commas.*\|compare: expected a run between the commas, found nothing' compare one,,two one
refuse_line 2 'base/1 and base/1 are the same run: .*' compare base/1,base/1 one
refuse_line 2 'base/1: it is on both sides: .*' compare base other/1,base/1
cp -r base/1 copy
refuse_line 2 'base/1 and copy are of the same seed, 1, .*--seed.*' compare base/1,copy other
refuse_line 2 '.*held out other images for validation.*' compare base other --split validation
refuse 2 "split" compare one two --split tst
refuse 2 'data.h5' compare one data.h5
refuse 2 'expected' compare one
# other classes, other data
"$regimen" import idx idx --out named.h5 --names=ant,bee,cat >out 2>err || fail "import: $(cat err)"
"$regimen" import idx idx --out others.h5 --names=ant,bee,dog >out 2>err || fail "import: $(cat err)"
for set in named others; do
    "$regimen" train --data $set.h5 --model mlp --batch 16 --epochs 1 --out of-$set --quiet >out 2>err || fail "$(cat err)"
done
refuse_line 2 ".*does not know the class 'cat' of of-named: .*" compare of-named of-others
idx 90 idx/train 12
"$regimen" import idx idx --out smaller.h5 >out 2>err || fail "import: $(cat err)"
"$regimen" train --data smaller.h5 --model mlp --batch 16 --epochs 1 --out of-smaller --quiet >out 2>err || fail "$(cat err)"
refuse_line 2 'one was trained on data.h5 and of-smaller on smaller.h5: --data FILE names the set .*' compare one of-smaller
expect 0 "$regimen" compare one of-smaller --data data.h5 --quiet
mv data.h5 away.h5
refuse 3 '--data FILE says where it is now' compare one two
expect 0 "$regimen" compare one two --data away.h5 --quiet --json
mv away.h5 data.h5
printf 'x' >taken.json
refuse 2 'taken.json' compare one two --json=taken.json

# ---- a hypothesis decides nothing
grep -q "^hypothesis: " two/config.yaml || fail "config.yaml has no hypothesis"
train half --steps 3 --hypothesis 'one'
expect 0 "$regimen" train --resume half --set steps=0 --hypothesis 'another' --quiet
has half/config.yaml '^hypothesis: another$'
finish
