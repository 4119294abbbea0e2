# What the trials share. Sourced with $0 in tests/trials/, in the build folder; leaves the shell in an empty folder of its own.
#
# | setting  | default            | meaning                                                                          |
# |----------|--------------------|----------------------------------------------------------------------------------|
# | SEED     | 1                  | chooses moments and places: the same seed makes the same choices                 |
# | COUNT    | says each script   | how many                                                                         |
# | FIRST    | 1                  | number of the first run: with COUNT=1, one run again (stops and kills)           |
# | TIMEOUT  | 120                | seconds after which a command hangs                                              |
# | EVIDENCE | trials-failed      | folder (in the build folder) that gets the files of the first 100 that failed    |
#
# Each script ends with a table and "N passed, N failed"; the exit code is 1 if one failed, 77 if none could run.
. "${0%/*}/../cli/common.sh"
tools=${regimen%/*}/tests/trials
shim=$tools/.libs/fault.so
SEED=${SEED:-1}
FIRST=${FIRST:-1}
TIMEOUT=${TIMEOUT:-120}
EVIDENCE=${EVIDENCE:-${regimen%/*}/trials-failed}
trial=${0##*/}
trial=${trial%.sh}
passed=0
failed=0
[ -x "$tools/timed" ] || {
    echo "$0: run this in the build folder after 'make trial-tools'" >&2
    exit 99
}
sanitized=
if "$tools/timed" -x; then sanitized=yes; fi

# seed_draws NUMBER: what follows depends on SEED and this number alone.
seed_draws() {
    random=$(((SEED * 69069 + $1 * 7919 + 1) & 0x7fffffff))
    draw 2 && draw 2
}

# draw N: sets drawn to 0 ... N - 1.
draw() {
    random=$(((random * 1103515245 + 12345) & 0x7fffffff))
    drawn=$(((random >> 8) % $1))
}

pass() { passed=$((passed + 1)); }

# missed TRIAL WORD...: counts a failure, keeps the files of the folder `t` as evidence.
missed() {
    which_trial=$1
    shift
    failed=$((failed + 1))
    echo "FAILED: $trial, trial $which_trial (SEED=$SEED): $*" >&2
    kept=$EVIDENCE/$trial-$SEED-$which_trial
    if [ -d t ] && [ $failed -le 100 ] && mkdir -p "$EVIDENCE"; then
        rm -rf "$kept"
        cp -r t "$kept"
        echo "$*" >"$kept/why"
    fi
    echo "$*" | sed 's/ (.*//; s/:.*//' >>reasons
}

# close_trials: the end of every script.
close_trials() {
    if [ -s reasons ]; then
        echo "what failed:"
        sort reasons | uniq -c | sort -rn
        echo "evidence: $EVIDENCE"
    fi
    echo "$passed passed, $failed failed"
    # nothing tried is nothing shown
    [ $failed = 0 ] && [ $passed != 0 ]
    exit
}

# timed OPTION... COMMAND...: runs it in folder t with its output in t/out and t/err; sets code, when, took.
timed() {
    : >t/out # what a command left that ended before it wrote a line
    : >t/err
    line=$(cd t && exec "$tools/timed" -o out -e err -t "$TIMEOUT" "$@")
    read -r code when took <<LINE
$line
LINE
}

# What is wrong with the way a command ended, if anything; an error must be one line.
judge_end() { # CODES, separated by spaces, with wildcards
    case $code in
    hung) echo "hung" && return ;;
    -*) echo "crash: signal ${code#-}" && return ;;
    esac
    fits=
    for pattern in $1; do
        # shellcheck disable=SC2254 # a wildcard
        case $code in $pattern) fits=yes ;; esac
    done
    [ -n "$fits" ] ||
        { echo "exit code $code, expected $1: $(grep '^regimen: error:' t/err | head -c 300)" && return; }
    [ "$code" = 0 ] || [ "$(grep -c '^regimen: error: .' t/err)" = 1 ] ||
        echo "exit code $code with $(grep -c '^regimen: error: .' t/err) lines of error: $(head -c 300 t/err)"
}

# ---- runs

make_small_data() {
    mkdir t
    make_data 240 40
}

# options_of MODEL THREADS: of a run of some tenths of a second, which saves after each epoch and in between. The batches
# of fully connected layers are large enough for the matrix products that work on a stack of their own. MODEL `short` is a
# run of two epochs that makes the same calls each time.
options_of() {
    case $1 in
    short)
        options="--data ../data.h5 --model resnet20 --set model.base=4 --epochs 2 --batch 24 --threads $2"
        options="$options --set optimizer.lr=0.02 --set save.minutes=0 --quiet"
        return
        ;;
    resnet20) options="--set model.base=4 --epochs 6 --batch 24" ;;
    mlp) options="--width 2 --epochs 24 --batch 108" ;;
    *) options="--epochs 30 --batch 108" ;;
    esac
    options="--data ../data.h5 --model $1 --threads $2 $options --set optimizer.lr=0.02"
    options="$options --set early_stop.metric=loss --set metrics.every=5 --set evaluate.every=2 --set save.minutes=0.0004 --quiet"
}

# make_reference MODEL THREADS: the undisturbed run, in ref-MODEL-THREADS; notes the least time that it took of three.
make_reference() {
    options_of "$1" "$2"
    shortest=
    for again in 1 2 3; do
        rm -rf t
        mkdir t
        timed "$regimen" train $options --out run
        wrong=$(judge_end 0)
        [ -z "$wrong" ] || {
            echo "$0: the undisturbed run of $1, $again: $wrong" >&2
            exit 99
        }
        if [ -z "$shortest" ] || [ "$took" -lt "$shortest" ]; then shortest=$took; fi
    done
    story t/run >t/story
    mv t "ref-$1-$2"
    mkdir t
    echo "$shortest" >"ref-$1-$2/took"
}

# What the finished run t/run has that the undisturbed one in folder REFERENCE has not, if anything.
judge_result() { # REFERENCE
    for file in last best; do
        "$tools/same_state" "$1/run/checkpoints/$file.h5" "t/run/checkpoints/$file.h5" >difference 2>&1 ||
            { echo "other bits: $file.h5: $(head -c 200 difference)" && return; }
    done
    story t/run >t/story
    cmp -s "$1/story" t/story || { echo "other events: $(diff "$1/story" t/story | head -n 3 | tr '\n' ' ')" && return; }
    [ "$(grep -c '"event": "end".*"complete"' t/run/metrics.jsonl)" = 1 ] ||
        echo "other events: the end is told $(grep -c '"event": "end".*"complete"' t/run/metrics.jsonl) times"
}

# whole_checkpoints: what is there can be read, by the program itself.
whole_checkpoints() {
    for file in t/run/checkpoints/*.h5; do
        [ -e "$file" ] || continue
        "$regimen" eval --checkpoint "$file" --data data.h5 --quiet --threads 1 >eval.out 2>eval.err ||
            { echo "torn checkpoint: ${file##*/}: $(head -c 300 eval.err)" && return; }
    done
}
