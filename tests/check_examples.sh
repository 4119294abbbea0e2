#!/bin/sh
# Every example of the help and of the documents runs: each line that calls the program, in a folder where its files are there.
#
# A line is run as it stands, but for two things. Words that stand for something (RUN, NAME, ...) and paths of the system are
# replaced by the table in `fill`. Options that keep it short are put behind it by `shorten`. A line of a kind that is not known
# here fails the test: teach it below.
. "${0%/*}/cli/common.sh"
top=$source
cc=${CC:-cc}
skipped=0

# ---- the files that examples speak of
block() { # block FILE LANGUAGE PATTERN: the first fenced block of the language that has a line with the pattern
    awk -v fence='```'"$2" -v pattern="$3" '
        $0 == fence { inside = 1; text = ""; found = 0; next }
        inside && /^```/ { if (found) { printf "%s", text; exit } inside = 0 }
        inside { text = text $0 "\n"; if ($0 ~ pattern) found = 1 }' "$1"
}

two_classes() { # two_classes COUNT: labels of cats and dogs
    bytes 0 0 10 1 0 0 0 "$(printf %o "$1")"
    yes ab | tr -d '\n' | tr ab '\000\001' | head -c "$1"
}

records() { # records COUNT: of CIFAR-10
    for label in $(seq 0 $(($1 - 1))); do
        bytes "$(printf %o $((label % 10)))"
        seq 100 10000 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c 3072
    done
}

prepare() {
    seed=1
    mkdir fashion-mnist cifar-10-batches-bin mine
    idx 120 fashion-mnist/train 12
    idx 20 fashion-mnist/t10k 12
    for part in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
        records 10 >cifar-10-batches-bin/$part.bin
    done
    gzip -c fashion-mnist/train-images-idx3-ubyte >train-images.gz
    two_classes 120 | gzip -c >train-labels.gz
    "$regimen" import idx fashion-mnist --out fashion.h5 >out 2>err || fail "import: $(cat err)"
    cp fashion.h5 set.h5
    cp fashion.h5 d.h5
    block "$top/README.md" yaml '^# run.yaml' >run.yaml
    [ -s run.yaml ] || fail "README.md has no run.yaml"
    printf 'conv 16 32 3 pad 1 image 8x8 batch 4\n' >my-layers.txt
    for name in before after; do
        "$regimen" bench kernels add --sample 1 --repeats 1 --quiet --json=$name.json >out 2>err || fail "bench kernels: $(cat err)"
    done
    # a run with a best checkpoint that is not yet at its end
    "$regimen" train --data fashion.h5 --epochs 2 --steps 4 --batch 32 --set model.base=4 --set metrics.every=1 \
        --out runs/resnet20-1 --quiet >out 2>err || fail "train: $(cat err)"
    [ -s runs/resnet20-1/checkpoints/best.h5 ] || fail "no best checkpoint for the examples"
    for run in resnet20-2 base-1 base-2 wide-1 wide-2; do
        seed=$((seed + 1))
        "$regimen" train --data fashion.h5 --model linear --epochs 1 --batch 32 --seed $seed --out runs/$run --quiet >out 2>err ||
            fail "train: $(cat err)"
    done
    cp -r runs/base-1 base
    cp -r runs/wide-1 wide
    make_photos
    cp -r runs/resnet20-1 begun
    cp -r begun run
}

# Folders of pictures, a list of them, arrays.
make_photos() {
    mkdir -p photos/cat photos/dog imagenette2/train
    echo path,label >photos/labels.csv
    for i in $(seq 0 39); do
        case $((i % 2)) in 0) class=cat ;; *) class=dog ;; esac
        { printf 'P5\n12 12\n255\n' && tail -c +$((17 + i * 144)) fashion-mnist/train-images-idx3-ubyte | head -c 144; } \
            >photos/$class/$i.jpg
        echo $class/$i.jpg,$class >>photos/labels.csv
    done
    cp photos/cat/0.jpg photos/1.jpg
    cp photos/dog/1.jpg photos/2.jpg
    cp -r photos/cat photos/dog imagenette2/train
    mkdir -p pets/cat pets/dog
    cp -r photos/cat holiday
    for picture in photos/[cd]*/*.jpg; do # in colour
        { printf 'P6\n8 6\n255\n' && tail -c 144 "$picture"; } >"pets/${picture#photos/}"
    done
    cp -r imagenette2/train imagenette2/val
    npy '(40, 12, 12)' x.npy <fashion-mnist/train-images-idx3-ubyte
    yes ab | tr -d '\n' | tr ab '\000\001' | head -c 56 | npy '(40,)' y.npy
}

npy() { # npy SHAPE FILE: of bytes behind a head of 16
    count=$(echo "$1" | tr -d '(), ' | sed 's/401212/5760/')
    {
        printf '\223NUMPY\001\000\166\000'
        printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': $1, }"
        tail -c +17 | head -c "$count"
    } >"$2"
}

# The documents' plugins, under the names that examples give them.
prepare_plugins() {
    if ! command -v "$cc" >/dev/null; then
        cc=
        return
    fi
    block "$top/README.md" c 'RGM_PLUGIN..halving' >halving.c
    block "$top/docs/PLUGINS.md" c 'RGM_PLUGIN..brightness' >brightness.c
    for name in halving brightness; do
        [ -s $name.c ] || fail "the documents have no $name.c"
        expect 0 "$cc" -shared -fPIC -O2 -I"$top/include" $name.c -o $name.so
    done
    cp brightness.so mine.so
    cp brightness.so my_augmentation.so
}

# ---- from a line to what is run
# Options of a kind; an instruction set that this machine may not have. Sets $line.
fill() {
    line=$(printf '%s\n' "$line" | sed -e 's/^build\/regimen/regimen/' -e 's/  *#.*$//' -e 's/ > *[^ ]*$//' \
        -e 's|/usr/share/datasets/fashion-mnist|fashion-mnist|' -e 's/--isa avx[0-9]*/--isa auto/' \
        -e 's/idx|cifar SOURCE/idx fashion-mnist/' -e 's/^regimen bench NAME/regimen bench step/' \
        -e 's/bench kernels NAME/bench kernels add/' -e 's/plugin info NAME/plugin info sgd/' \
        -e 's|--resume RUN|--resume runs/resnet20-1|' -e 's|--checkpoint FILE|--checkpoint runs/resnet20-1/checkpoints/best.h5|' \
        -e 's/--chunks CORES/--chunks 8/' -e 's/predict RUN|CHECKPOINT INPUT[.]*/predict runs\/resnet20-1 photos/' \
        -e 's/report RUN[.]*/report runs\/resnet20-1/' -e 's/inspect DATA.h5/inspect fashion.h5/' \
        -e 's|check RUN/|check runs/resnet20-1/|' -e 's|--json=RUN/|--json=runs/resnet20-1/|' \
        -e 's/label DATA.h5/label fashion.h5/' -e 's/--data DATA.h5/--data fashion.h5/')
}

# What keeps it short; sets $more, and $codes, the exit codes that are fine.
shorten() {
    more=
    codes=0
    case $line in
    *--help*) ;;
    "regimen train --resume"*) more="--steps 0" ;;
    "regimen train"*"--image 3x224x224"*) more="--steps 1 --batch 2 --set model.base=4" ;;
    "regimen train"*) more="--epochs 1 --batch 32 --set model.base=4" ;;
    "regimen predict"* | find*"| regimen predict"*) more="--quiet" ;;
    "regimen report"* | "regimen compare"*) more="--quiet" ;;
    "regimen inspect"*"--folds"*) more="--epochs 1 --repeats 1 --quiet" ;;
    "regimen inspect"*) more="--quiet" ;;
    "regimen label"*) more="--quiet" ;;
    "regimen check"*"--only"*) more="--quiet" codes='[01]' ;; # 1: a verdict
    "regimen check"*) more="--only classes,net_head,loss_scale --quiet" codes='[01]' ;;
    "regimen bench predict"*) more="--image 1x12x12 --batch 2 --iters 1 --singles 1 --warmup 0" ;;
    "regimen eval"* | "regimen import"* | "regimen plugin"*) ;;
    "regimen plan fashion.h5"* | "regimen plan run.yaml"* | *"plan "*"--data"* | *"plan "*"--image"*) ;;
    "regimen plan"*) more="--data fashion.h5" ;;
    "regimen bench machine"*) more="--sample 1 --repeats 1 --memory 1" ;;
    "regimen bench kernels" | "regimen bench kernels --isa"* | "regimen bench kernels --json"*)
        more="add --sample 1 --repeats 1" ;;
    "regimen bench kernels"*) more="--sample 1 --repeats 1" ;;
    "regimen bench ops" | "regimen bench ops --errors") more="./my-layers.txt --batch 1 --sample 1 --repeats 1" ;;
    "regimen bench ops"*"--errors"*) more="--batch 1" ;;
    "regimen bench ops"*) more="--batch 1 --sample 1 --repeats 1" codes='[01]' ;; # 1: --check-rule's verdict
    "regimen bench "[se]*"--image 3x224x224"*) more="--image 3x64x64 --batch 1 --iters 1 --warmup 0" ;;
    "regimen bench pipeline"*) more="--batch 2 --sample 1 --repeats 1" ;;
    "regimen bench step"* | "regimen bench eval"*) more="--batch 1 --iters 1 --warmup 0" ;;
    "regimen bench train"*--data* | "regimen bench train run.yaml"*)
        more="--epochs 1 --batch 32 --iters 1 --warmup 0 --set model.base=4" codes='[01]' ;; # 1: below the accuracy
    "regimen bench train"*)
        more="--data fashion.h5 --epochs 1 --batch 32 --iters 1 --warmup 0 --set model.base=4" codes='[01]' ;;
    "regimen bench compare"*) codes='[01]' ;;                                                # 1: slower
    *) return 1 ;;
    esac
}

# What an example writes must not be there yet; a run to go on with has to be unfinished.
clear_place() {
    target=$(printf '%s\n' "$line" | sed -n 's/.*--out \([^ ]*\).*/\1/p')
    case $line in
    "regimen import"*) rm -f "$target" ;;
    *"--out "*) rm -rf "$target" ;;
    *"--resume "*) rm -rf runs/resnet20-1 && cp -r begun runs/resnet20-1 ;;
    esac
}

run_line() { # run_line FROM: $line, as a shell would
    case $line in
    *answers.json*) skipped=$((skipped + 1)) && return ;; # a person's work
    esac
    case $line in
    "regimen "* | find*"| regimen "*) ;;
    *) fail "$1: an example that check_examples.sh does not know: $line" && return ;;
    esac
    case $line in
    *.so*) [ -n "$cc" ] || { skipped=$((skipped + 1)) && return; } ;;
    esac
    fill
    if ! shorten; then
        fail "$1: an example that check_examples.sh does not know: $line"
        return
    fi
    clear_place
    check
    (
        program=$regimen
        regimen() { "$program" "$@"; }
        eval "$line $more"
    ) >out 2>err
    code=$?
    case $code in $codes) ;; *) fail "$1: exit code $code: $line $more: $(tail -c 600 err)" ;; esac
}

# ---- where examples stand
# The lines of fenced sh blocks, long ones joined.
shell_lines() {
    awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$1" | sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ba' -e '}'
}

# Calls inside sentences, `regimen COMMAND ...`, that say more than a command's name; each once.
spans() {
    awk '/^```/ { inside = !inside; next } !inside' "$1" | tr '\n' ' ' | grep -o '`regimen [^`]*`' | tr -d '`' | tr -s ' ' |
        grep -e ' --' -e ' [A-Z][A-Z]*' -e '^regimen bench ops [a-z]' | sort -u
}

# Settings of docs/CONFIG.md's table of --set.
settings() { sed -n 's/^| \(--set [^|]*[^ |]\) *|.*/\1/p' "$1"; }

is_of_the_build() { # lines that need the network, a compiler's work or another program
    case $1 in
    ./bootstrap* | .ci/run* | autoreconf* | mkdir* | *../configure* | make* | cd\ * | CK_* | apt-get* | bench/peers/* | pip* | \
        for\ * | PREFIX=* | SEED=* | SIZES=* | FIRST=* | COUNT=* | PLACES=* | OUT=* | ONLY=* | ../tests/trials/* | *../tests/faults/* | tests/fuzz/* | cc\ * | export\ * | '' | \
        '#'*) return 0 ;;
    esac
    return 1
}

run_document() {
    shell_lines "$top/$1" >lines
    while IFS= read -r line <&3; do
        case $line in
        docs/plot_metrics.py*) run_plot "$1" ;;
        regimen* | build/regimen* | find*) line=${line#build/} && run_line "$1" ;;
        *) is_of_the_build "$line" || fail "$1: an example that check_examples.sh does not know: $line" ;;
        esac
    done 3<lines
    spans "$top/$1" >lines
    while IFS= read -r line <&3; do run_line "$1"; done 3<lines
}

run_plot() {
    [ -n "$python" ] || { skipped=$((skipped + 1)) && return; }
    expect 0 "$python" "$top/docs/plot_metrics.py" runs/resnet20-1/metrics.jsonl
    has out '<svg'
}

run_help() {
    # shellcheck disable=SC2086
    "$regimen" $1 --help | sed -n '/^Examples:$/,$s/^  *\(\(find .*| \)*regimen .*\)/\1/p' >lines
    [ -s lines ] || fail "$1 --help: no examples"
    while IFS= read -r line <&3; do run_line "$1 --help"; done 3<lines
}

run_yaml() { # run_yaml DOCUMENT: each block is a configuration
    n=0
    while :; do
        n=$((n + 1))
        awk -v n=$n '/^```yaml$/ { inside = ++block == n; next } /^```/ { inside = 0 } inside' "$top/$1" >block.yaml
        [ -s block.yaml ] || break
        grep -q '\.so' block.yaml && [ -z "$cc" ] && { skipped=$((skipped + 1)) && continue; }
        expect 0 "$regimen" train block.yaml --data fashion.h5 --epochs 1 --batch 32 --set model.base=4 --out yaml --quiet
        rm -rf yaml
    done
    [ $n -gt 1 ] || fail "$1: no configuration"
}

run_python() { # run_python DOCUMENT PATTERN: the block with the pattern
    block "$top/$1" python "$2" >block.py
    [ -s block.py ] || fail "$1: no Python with $2"
    if [ -z "$python" ] || ! "$python" -c 'import h5py, numpy' 2>/dev/null; then
        skipped=$((skipped + 1))
        return
    fi
    expect 0 "$python" block.py
}

prepare
prepare_plugins
run_python README.md set.h5
run_python datasets/FORMAT.md set.h5
run_python docs/CHECKPOINT.md best.h5
for command in '' import plan train eval predict report plugin bench 'bench machine' 'bench kernels' 'bench ops' 'bench pipeline' 'bench step' \
    'bench eval' 'bench predict' 'bench train' 'bench compare'; do
    run_help "$command"
done
for document in README.md CONTRIBUTING.md datasets/FORMAT.md $(cd "$top" && ls docs/*.md); do run_document "$document"; done
for document in README.md docs/CONFIG.md docs/PLUGINS.md; do run_yaml $document; done
settings "$top/docs/CONFIG.md" >lines
[ -s lines ] || fail "docs/CONFIG.md: no examples of --set"
while IFS= read -r line <&3; do
    line="regimen plan --data fashion.h5 $line"
    run_line docs/CONFIG.md
done 3<lines
[ $checks -gt 60 ] || fail "only $checks examples were found"
[ $skipped = 0 ] || skip "$skipped examples" "no compiler, no Python or no h5py"
finish
