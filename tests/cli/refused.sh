#!/bin/sh
# Wrong inputs: each gives the exit code of DESIGN, one line that says what is wrong, and leaves no files behind.
. "${0%/*}/common.sh"

make_data
small="--model resnet20 --set model.base=4 --batch 16 --threads 2"
"$regimen" train data.h5 $small --epochs 3 --set save.every=1 --steps 6 --out run --quiet >out 2>err || fail "train: $(cat err)"
mkdir folder
: >empty.h5
echo "this is no HDF5 file, whatever its name says" >text.h5
size=$(wc -c <data.h5)
head -c $((size / 2)) data.h5 >half.h5
head -c 300 data.h5 >start.h5
{ head -c $((size - 100)) data.h5; head -c 100 text.h5; } >end.h5
checkpoint=run/checkpoints/last.h5
csize=$(wc -c <$checkpoint)
head -c $((csize - 1000)) $checkpoint >half_checkpoint.h5
{ head -c $((csize / 2)) $checkpoint; printf xxxxxxxx; tail -c +$((csize / 2 + 9)) $checkpoint; } >bad_checkpoint.h5

# ---- commands and options
refuse 2 'expected a command'
refuse 2 "unknown command 'tain' (nearest: 'train')" tain
refuse 2 "unknown command" '--nonsense'
refuse 2 "unknown option '--epoch[a-z]*x'" train data.h5 --epochsx 3
refuse 2 'expected an argument' train --data
refuse 2 "unexpected argument" train data.h5 other.h5
refuse 2 'expected a data set' train
refuse 2 '--batch: .*1 to 65536.*0' train data.h5 --batch 0
refuse 2 '--batch: .*-3' train data.h5 --batch=-3
refuse 2 '--batch: .*99999999999999999999' train data.h5 --batch 99999999999999999999
refuse 2 '--epochs: .*six' train data.h5 --epochs six
refuse 2 '--seed: ' train data.h5 --seed 1e3
refuse 2 '--threads: ' train data.h5 --threads 257
refuse 2 '--validation: .*0 to 0.9.*1' train data.h5 --validation 1
refuse 2 '--validation: ' train data.h5 --validation nan
refuse 2 '--stem: .*large' train data.h5 --stem large
refuse 2 '--isa: ' train data.h5 --isa sse9
refuse 2 '--pin: ' train data.h5 --pin maybe
refuse 2 'key=value' train data.h5 --set batch
refuse 2 "unknown key 'optimiser" train data.h5 --set optimiser.lr=1
refuse 2 'dropout: .*0 to 0.99' train data.h5 --set dropout=1
refuse 2 'json' train data.h5 --json out.json
refuse 2 '--resume' train data.h5 --resume run
refuse 2 '--resume: .*--checkpoint cannot be given too' train --resume run --checkpoint $checkpoint
refuse 2 'early_stop.patience: 2 evaluations, but without a validation split' train data.h5 --validation 0 --set early_stop.patience=2

# ---- models and images
refuse 2 "resnet21" train data.h5 --model resnet21
refuse 2 'channels' train data.h5 --image 3x12x12
refuse 2 'classes' train data.h5 --set model.classes=2
refuse 2 'logit' train data.h5 --set model.head=logit
refuse 2 'image' plan --image 0x1x1
refuse 2 'image' plan --image 12
refuse 2 'image' plan --model resnet18
refuse 2 'chunks' plan --image 1x12x12 --chunks 0
refuse 2 'chunks' plan --image 1x12x12 --chunks
refuse 2 'chunks: .*evaluation' plan --image 1x12x12 --chunks 4 --evaluation
refuse 2 'memory' plan --image 1x12x12 --memory less
refuse 2 "image: expected CxHxW, each 1 to 16384, or auto, found '3x20000x20000'" plan --model resnet50 --stem imagenet --image 3x20000x20000
refuse 3 'memory' train data.h5 --model resnet152 --set model.width=16

# ---- plugins and their parameters
refuse 2 "unknown optimizer 'sgdx'.*sgd" train data.h5 --optimizer sgdx
refuse 2 "unknown parameter 'learning_rate'" train data.h5 --set optimizer.learning_rate=1
refuse 2 'lr' train data.h5 --set optimizer.lr=-1
refuse 2 'padding' train data.h5 --set 'augment=[{crop: {padding: 5000}}]'
refuse 2 'nearest' train data.h5 --set 'augment=[fip]'
refuse 2 'cutout' train data.h5 --set 'loss=cutout'
refuse 2 'nothing.so' train data.h5 --plugin ./nothing.so
refuse 2 'text.h5' train data.h5 --plugin ./text.h5
refuse 2 'xyz' plugin info xyz
refuse 2 "unknown action 'frobnicate': expected one of list, info" plugin frobnicate

# ---- configurations
printf 'batch: 8\nepoch: 3\n' >key.yaml
refuse 2 "key.yaml:2:1: unknown key 'epoch' (nearest: 'epochs')" train key.yaml
printf 'batch: 8\n  epochs: 3\n' >indent.yaml
refuse 2 'indent.yaml:[12]:' train indent.yaml
printf 'data: {file: data.h5}\noptimizer: {sgd: {lr: fast}}\n' >lr.yaml
refuse 2 'lr.yaml: line 2, column 23: optimizer sgd: lr: ' train lr.yaml
printf 'data: {file: data.h5}\noptimizer:\n  sgd: {momentun: 0.9}\n' >setting.yaml
refuse 2 "setting.yaml: line 3, column 9: optimizer sgd: unknown parameter 'momentun'" train setting.yaml
printf 'data: {file: data.h5}\noptimizer: {sgd: {lr: {a: [1]}}}\n' >nested.yaml
refuse 2 'nested.yaml: line 2, column 23: optimizer sgd: lr: expected number, 0 to 1000, found a mapping' train nested.yaml
printf 'data: {file: data.h5}\noptimizer: {sgd: {lr: {a: }}}\n' >empty.yaml
refuse 2 'empty.yaml:2:27: a: expected a value, found nothing' train empty.yaml
printf 'data: {file: data.h5}\nbatch: [1, 2]\n' >list.yaml
refuse 2 'list.yaml:2:8: ' train list.yaml
printf 'batch: 8\nbatch: 9\n' >twice.yaml
refuse 2 'twice.yaml:2:1: ' train twice.yaml
printf 'a: &x 1\nb: *x\n' >anchor.yaml
refuse 2 'anchor.yaml:1:' train anchor.yaml
printf '\000\001\377\376' >binary.yaml
refuse 2 'binary.yaml: a binary file, expected a configuration (YAML) or a data set' train binary.yaml
head -c 300000 /dev/zero | tr '\0' '#' >large.yaml
refuse 2 'large.yaml' train large.yaml
refuse 3 'missing.yaml: No such file' train missing.yaml
refuse 3 'folder' train folder
printf 'data: {file: data.h5}\n' >good.yaml
refuse 2 'warmup' train good.yaml --set warmup=7 --epochs 3

# ---- data sets
refuse 3 'missing.h5' train missing.h5
refuse '[23]' 'folder: a folder' train --data folder
refuse 3 'folder: a folder, expected a configuration' train folder
refuse 2 'empty.h5' train empty.h5
refuse 2 'text.h5' train text.h5
refuse 2 'half.h5' train half.h5
refuse 2 'start.h5' train start.h5
refuse 2 'end.h5' train end.h5
refuse 2 'last.h5' train $checkpoint
refuse 2 'no validation split' eval run --split validation --set data.validation=0
refuse 2 "unknown split 'tests' (nearest: 'test')" eval run --split tests
mkdir bad
printf '\000\000\010\003\000\000\000\012\000\000\000\014\000\000\000\014short' >bad/train-images-idx3-ubyte
cp idx/train-labels-idx1-ubyte bad/
refuse 2 'train-images-idx3-ubyte' import idx bad --out bad.h5
refuse 3 'nowhere' import idx nowhere --out bad.h5
refuse 2 'folder: no train images found' import idx folder --out bad.h5
refuse 2 "unknown format 'png': expected one of idx, cifar, folder, csv, npy" import png idx --out bad.h5
refuse 2 'data.h5' import idx idx --out data.h5
refuse 2 'out' import idx idx
refuse 2 'names' import idx idx --out bad.h5 --names=a,b
refuse 3 'none/bad.h5' import idx idx --out none/bad.h5

# ---- checkpoints and runs
refuse 3 'missing' train --resume missing
refuse 2 'folder: no run folder' train --resume folder
refuse 2 'folder has no checkpoints/best.h5 or last.h5' eval folder
refuse 3 'missing.h5' eval missing.h5
refuse 2 'expected a checkpoint' eval
refuse 2 'text.h5' eval --checkpoint text.h5 --data data.h5
refuse 2 'half_checkpoint.h5' eval half_checkpoint.h5
refuse 2 'bad_checkpoint.h5' eval bad_checkpoint.h5
refuse 2 'data.h5' eval data.h5
refuse 2 'conv1.weight' eval run --set model.base=6
refuse 2 'last.h5' train data.h5 --model mlp --checkpoint $checkpoint
refuse 2 'seed' train --resume run --seed 5
refuse 2 "'batch' is not what" train --resume run --batch 8
refuse 2 "'optimizer' is not what" train --resume run --set optimizer.lr=0.01
refuse 2 "'augment' is not what" train --resume run --set 'augment=[]'
refuse 3 'json' train data.h5 $small --epochs 1 --json=missing/result.json
refuse 2 'there is a run in this folder' train data.h5 --out run
refuse 2 'the path of the checkpoint is too long' eval "$(printf %01030d 0)"
refuse 2 'good.yaml' train data.h5 --out good.yaml
refuse '[23]' 'good.yaml' train data.h5 --out good.yaml/run
refuse 3 '/proc/regimen' train data.h5 --out /proc/regimen/run
cp -r run damaged
cp half_checkpoint.h5 damaged/checkpoints/last.h5
refuse 2 'last.h5.*if you move this file away' train --resume damaged

mkdir elsewhere
refuse 3 "data.h5: cannot open: No such file or directory: data.file (--data FILE) says where it is now" eval run --set data.file=elsewhere/data.h5
cp -r run moved
sed 's/^plugins: .*/plugins: [.\/gone.so]/' run/config.yaml >moved/config.yaml
refuse 2 "plugin ./gone.so: No such file or directory: --set 'plugins=\[FILE.so\]' names other files" train --resume moved

# ---- what is not refused, but skipped
mkdir plugs
cp data.h5 plugs/bad.so
expect 0 "$regimen" eval run --set 'plugins=[plugs]'
has err 'warning: plugin .*/plugs/bad.so: .*; skipped'

# ---- bench
refuse 2 "bench: expected the name of a bench" bench
refuse 2 "bench: expected the name of a bench" bench --json
refuse 2 "bench step: unexpected argument .now" bench step now
refuse 2 "unknown bench 'fast'" bench fast
refuse 2 '--iters: .*0' bench step --iters 0
refuse 2 '--iters: .*0' bench eval --iters 0
refuse 2 '--warmup: ' bench step --warmup=-1
refuse 2 '--repeats: .*0' bench machine --repeats 0
refuse 2 '--repeats: .*0' bench pipeline --repeats 0
refuse 2 '--sample: .*0' bench pipeline --sample 0
refuse 2 "bench pipeline: unexpected argument .now" bench pipeline now
refuse 2 'augment' bench pipeline --set 'augment=[no_such]'
refuse 3 'none/x.json' bench pipeline --json=none/x.json
refuse 3 'missing.h5' bench pipeline --data missing.h5
for until in 0 -1 1.01 92 nan 0x1p-1 ' 0.9' 0.9x ''; do
    refuse 2 '--until: expected a fraction' bench train --data data.h5 --until "$until"
done
refuse 2 '--iters: .*0' bench train --data data.h5 --iters 0
refuse 2 '--resume: ' bench train --resume run
refuse 2 'unexpected argument' bench train data.h5 data.h5
refuse 3 'missing.h5' bench train missing.h5
refuse 3 'none/x.json' bench train data.h5 --json=none/x.json
TMPDIR=/nonexistent refuse 3 'nonexistent' bench train --data data.h5
refuse 2 "isa.*'avx1024'" bench machine --isa avx1024
refuse 2 "unknown option '--batch'" bench machine --batch 3
refuse 3 'none/x.json' bench machine --json=none/x.json
refuse 2 "unknown kernel 'ad' (nearest: 'add')" bench kernels add ad
refuse 2 "unknown kernel 'zzzzzzzzz' (the command .bench kernels. shows all)" bench kernels zzzzzzzzz
refuse 3 'none/x.json' bench kernels add --json=none/x.json
refuse 2 "unknown list of layers 'resnet18-33' (nearest: 'resnet18-32')" bench ops resnet18-33
refuse 2 "unknown list of layers 'folder': expected one of .*, or a file (./folder)" bench ops folder
refuse 3 'layers.txt: No such file' bench ops layers.txt
refuse 3 './folder: Is a directory' bench ops ./folder
printf 'conv 3 4 3 image 8x8 batch 2\n  conv 3 x 3\n' >wrong.txt
refuse 2 "wrong.txt:2:10: expected the output channels (integer, 1 to 65536), found 'x'" bench ops wrong.txt
refuse 2 'start.h5:1:' bench ops start.h5
refuse 2 '--batch: .*0' bench ops --batch 0
refuse 2 'not with --errors' bench ops --errors --check-rule
refuse 2 'engine.conv=onednn-winograd: oneDNN .* has no Winograd convolution (expected oneDNN 2.x and AVX-512)$' plan --model resnet20 --image 1x12x12 --isa avx2 --set engine.conv=onednn-winograd
printf '{"bench": "kernels", "results": [{"name": "add", "unit": "GB/s", "low": 1, "median": 2, "high": 3}]}' >a.json
sed 's/kernels/step/' a.json >b.json
sed 's/"low": 1/"low": 9/' a.json >disorder.json
sed 's/\[\(.*\)\]/[\1, \1]/' a.json >twice.json
sed 's/"add"/"sub"/' a.json >other.json
sed 's:GB/s:ms:' a.json >unit.json
refuse 2 'bench compare: expected BEFORE.json AFTER.json' bench compare a.json
refuse 3 'none.json: cannot be opened' bench compare a.json none.json
refuse 2 'text.h5:1:' bench compare text.h5 a.json
refuse 2 'a.json is a result of bench kernels, b.json of bench step' bench compare a.json b.json
refuse 2 "disorder.json: 'add': expected 0 < low <= median <= high" bench compare a.json disorder.json
refuse 2 "twice.json: 'add' is there twice" bench compare twice.json a.json
refuse 2 'a.json and other.json have no result in common$' bench compare a.json other.json
sed 's/"low": 1, "median": 2, "high": 3/"low": null, "median": null, "high": null/' a.json >null.json
refuse 2 'null.json and a.json have no result in common that was measured for both$' bench compare null.json a.json
sed 's/"low": 1, "median": 2, "high": 3/"low": 1e-300, "median": 1e-300, "high": 1/' a.json >tiny.json
sed 's/"low": 1, "median": 2, "high": 3/"low": 1, "median": 1e300, "high": 1e300/' a.json >huge.json
refuse 2 "'add': 1e-300 in tiny.json, 1e+300 in huge.json: their ratio is out of range" bench compare tiny.json huge.json
refuse 2 "'add': 1e+300 in huge.json, 1e-300 in tiny.json: their ratio is out of range" bench compare huge.json tiny.json
refuse 2 "'add': GB/s in a.json, ms in unit.json" bench compare a.json unit.json
echo '[1, 2]' >list.json
refuse 2 'list.json: not a result of regimen bench' bench compare list.json a.json
refuse 2 '--limit: ' bench compare a.json a.json --limit=-1
TMPDIR=/nonexistent refuse 3 'nonexistent' bench step --iters 1

# ---- outputs that cannot be written
expect 3 sh -c '"$0" plan --model resnet20 --image 1x12x12 >/dev/full' "$regimen"
has err 'regimen: error: standard output: No space left'
expect 3 sh -c '"$0" eval run >&-' "$regimen"
has err 'regimen: error: standard output'
refuse 3 '/dev/full' plan --image 1x12x12 --json=/dev/full
refuse 3 'none/x.json' plan --image 1x12x12 --json=none/x.json
check
{ while [ ! -e closed ]; do sleep 0.02; done; "$regimen" plan --image 1x12x12 2>err; echo $? >code; } | { exec <&-; : >closed; }
[ "$(cat code)" = 3 ] || fail "a closed pipe: exit code $(cat code)"
! grep -q 'regimen: error' err || fail "who closes a pipe is told: $(cat err)"
rm -f code closed

# A disk that fills up: a limit on the size of files stands for it.
expect 3 sh -c 'ulimit -f 20; exec "$0" import idx idx --out full.h5 --quiet' "$regimen"
[ -z "$(find . -name '*full.h5*')" ] || fail "a full disk: $(find . -name '*full.h5*')"
[ "$(grep -c '^regimen: error: .*full.h5' err)" = 1 ] || fail "a full disk: $(cat err)"
cp -r run full # its checkpoints are over 160 blocks of 512 bytes, the plugins (copied too) are not
expect 3 sh -c 'ulimit -f 160; exec "$0" train --resume full --steps 0 --quiet' "$regimen"
[ "$(grep -c '^regimen: error: .*last.h5\|^regimen: error: .*best.h5' err)" = 1 ] || fail "a full disk: $(cat err)"
[ -z "$(find full -name '*.tmp')" ] || fail "a full disk: temporary files are left"
expect 0 "$regimen" eval full/checkpoints/last.h5
expect 0 "$regimen" train --resume full --steps 0 --quiet
if [ "$(id -u)" != 0 ]; then
    mkdir locked
    chmod 500 locked
    refuse 3 'locked/run' train data.h5 --out locked/run
    refuse 3 'locked/x.h5' import idx idx --out locked/x.h5
fi

# ---- numbers that go out of range in a run
check
"$regimen" train data.h5 $small --epochs 50 --set optimizer.lr=1000 --set 'scheduler=none' \
    --set 'regularize=[{weight_decay: {rate: 10}}]' --set evaluate.every=50 --set save.every=50 --out diverged >out 2>err
[ $? = 4 ] || fail "divergence: exit code $?"
has err '^regimen: error: step [0-9]*: .*not finite'
finish
