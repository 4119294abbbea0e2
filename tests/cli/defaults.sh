#!/bin/sh
# Batch, epochs and rate of `train --data FILE` follow from the set: the log names them, config.yaml has them, what is given
# stays, and a run that goes on keeps its own.
. "${0%/*}/common.sh"

# suited RUN BATCH EPOCHS RATE: what a run's configuration has.
suited() {
    grep -qx "batch: $2" "$1/config.yaml" && grep -qx "epochs: $3" "$1/config.yaml" &&
        grep -q "lr: $4\$\|lr: $4[,}]" "$1/config.yaml" ||
        fail "$1: expected batch $2, epochs $3, lr $4: $(grep -e '^batch' -e '^epochs' -e 'lr:' "$1/config.yaml")"
}

make_data # 96 images for training, of which 10 are held out
expect 0 "$regimen" train --data data.h5 --set model.base=4 --steps 2 --threads 1 --out all
has err '86 training images of 12x12, 3 classes: batch 16, 246 epochs, rate 0.11 (docs/CONFIG.md#defaults-of-a-set)'
has all/log.txt '86 training images of 12x12, 3 classes: batch 16, 246 epochs, rate 0.11'
suited all 16 246 0.11

# a run that goes on has its own, even where the rule says something else now
sed -e 's/^batch: .*/batch: 15/' -e 's/^epochs: .*/epochs: 7/' all/config.yaml >own.yaml
expect 0 "$regimen" train own.yaml --out own --steps 3
if grep -q 'training images' err; then fail "a word about what is given: $(cat err)"; fi
suited own 15 7 0.11
expect 0 "$regimen" train --resume own --steps 6
if grep -q 'training images' err; then fail "a word about what is given: $(cat err)"; fi
suited own 15 7 0.11

# what is given stays, and the rate goes with the batch
expect 0 "$regimen" train --data data.h5 --set model.base=4 --steps 1 --threads 1 --out given --batch 32 --epochs 22
has err '86 training images of 12x12, 3 classes: rate 0.15 (docs'
suited given 32 22 0.15
expect 0 "$regimen" train --data data.h5 --set model.base=4 --steps 1 --threads 1 --out rate --set optimizer.lr=0.3
has err '86 training images of 12x12, 3 classes: batch 16, 246 epochs (docs'
suited rate 16 246 0.3
expect 0 "$regimen" train --data data.h5 --model mlp --steps 1 --threads 1 --out mlp
suited mlp 16 246 0.035

# plan is about the training, bench step about the table's batch, an evaluation about neither
expect 0 "$regimen" plan data.h5
has out '^batch  *16 images'
expect 0 "$regimen" plan --model resnet20 --image 1x12x12
has out '^batch  *128 images'
expect 0 "$regimen" bench step --data data.h5 --set model.base=4 --iters 1 --warmup 0 --threads 1
if grep -q 'training images of' err; then fail "bench step follows the set: $(cat err)"; fi
expect 0 "$regimen" eval all
if grep -q 'training images of' err; then fail "an evaluation follows the set: $(cat err)"; fi
finish
