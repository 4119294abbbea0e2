#!/bin/sh
# What `train` warns of: healthy runs, which must have no warning, and faulty ones, which must have one of those expected.
#
# In the build folder, minutes on two CPUs:
#     sh ../tests/trials/watch.sh
#
# | setting | default                            | meaning                                    |
# |---------|------------------------------------|--------------------------------------------|
# | EPOCHS  | 1                                  | of each run                                |
# | SEEDS   | 1                                  | of healthy runs                            |
# | FOLDER  | watch-trials                       | the set and the runs; what is there stays  |
# | MNIST   | /usr/share/datasets/fashion-mnist  | the four files, gzipped                    |
#
# Training is on the validation split's share of Fashion-MNIST: 90 % of it is held out, so that 6,000 images are left. A
# table of runs and their warnings comes out. Exit code 1: a healthy run was warned of, or a fault was not named; 77: the
# files are missing.
program=$(pwd)/regimen
: "${EPOCHS:=1}" "${SEEDS:=1}" "${FOLDER:=watch-trials}" "${MNIST:=/usr/share/datasets/fashion-mnist}"
[ -f "$MNIST/train-images-idx3-ubyte.gz" ] || { echo "watch.sh: no Fashion-MNIST in $MNIST" >&2; exit 77; }
mkdir -p "$FOLDER" && cd "$FOLDER" || exit 1
[ -f set.h5 ] || "$program" import idx "$MNIST" --out set.h5 --quiet > /dev/null || exit 1
failed=0

# run NAME EXPECTED OPTIONS...: EXPECTED "" for a healthy run, else kinds, any of which is right
run() {
    name=$1 expected=$2
    shift 2
    rm -rf "run-$name"
    "$program" train --data set.h5 --validation 0.9 --epochs "$EPOCHS" --quiet --out "run-$name" "$@" > /dev/null 2> "run-$name.err"
    kinds=$(sed -n 's/.*"event": "warning".*"kind": "\([a-z]*\)".*/\1/p' "run-$name/metrics.jsonl" | tr '\n' ' ')
    verdict=right
    if [ -z "$expected" ]; then
        [ -z "$kinds" ] || verdict=WRONG
    else
        verdict=MISSED
        for kind in $kinds; do case " $expected " in *" $kind "*) verdict=right ;; esac; done
    fi
    [ $verdict = right ] || failed=1
    printf '| %s | %s | %s | %s |\n' "$name" "${expected:-none}" "${kinds:-none}" "$verdict"
}

small='--set model.base=8'
adam='--optimizer adam --set optimizer.lr=1e-3'
echo '| run | expected | warnings | |'
echo '|---|---|---|---|'
for seed in $SEEDS; do
    s="--seed $seed"
    run "linear-$seed" '' --model linear $s
    run "linear-adam-$seed" '' --model linear $adam $s
    run "mlp-$seed" '' --model mlp $s
    run "mlp-adam-$seed" '' --model mlp $adam $s
    run "mlp-batch8-$seed" '' --model mlp --batch 8 $s
    run "cnn-$seed" '' --model cnn $s
    run "cnn-smooth-$seed" '' --model cnn --set 'loss={cross_entropy: {label_smoothing: 0.2}}' --set dropout=0.5 $s
    run "cnn-uniform-$seed" '' --model cnn --set prior_bias=false $s
    run "resnet20-$seed" '' --model resnet20 $small $s
    run "resnet20-branches-$seed" '' --model resnet20 $small --set model.zero_init=false $s
    run "resnet20-adam-$seed" '' --model resnet20 $small $adam $s
    run "resnet20-warmup-$seed" '' --model resnet20 $small --set warmup=0.5 $s
done
run mlp-rate-100 'rate exploding rising dead' --model mlp --set optimizer.lr=10 --set clip_norm=0
run mlp-rate-low 'slow' --model mlp --set optimizer.lr=1e-6
run mlp-zeros 'symmetric' --model mlp --set 'init={constant: {value: 0}}'
run mlp-large 'scale start' --model mlp --set 'init={normal: {std: 3}}'
run mlp-tiny 'scale' --model mlp --set 'init={normal: {std: 1e-4}}'
run resnet20-rate-100 'rate exploding rising dead' --model resnet20 $small --set optimizer.lr=30
run resnet20-rate-low 'slow' --model resnet20 $small --set optimizer.lr=1e-6
run cnn-classifier 'start' --model cnn --set "init_layers=[{normal: {layers: fc.weight, std: 5}}]"
exit $failed
