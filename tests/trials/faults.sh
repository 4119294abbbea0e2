#!/bin/sh
# Faults: the n-th call of a kind fails, in commands that read, train and save; the shim fault.c makes it fail.
#
# The calls by the program itself and those by libraries (HDF5, oneDNN, hwloc, ...) are counted apart. A row of the table is a
# command, who calls, and a kind of call, with /ever if all further calls fail too, /short if half of a read or write is done.
#
# | what is right                                                              | own calls | calls inside libraries       |
# |----------------------------------------------------------------------------|-----------|------------------------------|
# | no command hangs                                                           | always    | always                       |
# | no crash                                                                   | always    | outside of libraries; those  |
# |                                                                            |           | inside are counted           |
# | exit code 0 means the result of an undisturbed command                     | always    | always                       |
# | any other exit code comes with one line of error                           | always    | or the library ended it      |
# | the exit code of a failed system call is 3                                 | always    | not 0                        |
# | a run goes on afterwards, or begins again, and ends with the same bits     | always    | always                       |
#
# COUNT is the most places of a row, spread evenly from a random first one: 1000 by default, 0 for each call there is. Where
# libraries allocate memory, LIBRARY_COUNT is the limit: 300 by default. ROWS takes only rows that match this pattern of grep
# ('train own'). See common.sh for the other settings.
. "${0%/*}/common.sh"
COUNT=${COUNT:-1000}
LIBRARY_COUNT=${LIBRARY_COUNT:-300}
ROWS=${ROWS:-.}
if [ -n "$sanitized" ]; then
    skip faults "a sanitizer has an allocator of its own"
    exit 77
fi
make_small_data
tail -c +513 data.h5 >foreign.h5
gzip idx/train-images-idx3-ubyte
options_of short 2
commands="import plan foreign list train resume eval"
kinds="open read write fsync rename truncate close mmap malloc thread spawn flock stat unlink mkdir
    open/ever write/ever fsync/ever malloc/ever read/short write/short flock/ever/ENOSYS"

# prepare COMMAND: a fresh folder t.
prepare() {
    rm -rf t
    mkdir t
    [ "$1" != resume ] || cp -r stopped t/run
}

# run_command COMMAND [ASSIGNMENT...]: with these in its environment.
run_command() {
    command=$1
    shift
    case $command in
    import) set -- "$@" "$regimen" import idx ../idx --out set.h5 ;;
    plan) set -- "$@" "$regimen" plan --data ../data.h5 --model resnet20 --set model.base=4 --batch 24 --threads 2 --json ;;
    foreign) set -- "$@" "$regimen" plan --data ../foreign.h5 --model linear --threads 1 --json ;;
    list) set -- "$@" "$regimen" plugin list ;;
    train) set -- "$@" "$regimen" train $options --out run ;;
    resume) set -- "$@" "$regimen" train --resume run --steps 0 --quiet ;;
    eval) set -- "$@" "$regimen" eval --checkpoint ../stopped/checkpoints/last.h5 --threads 2 --json ;;
    esac
    timed env "$@"
}

# What a command says that does not depend on time or on how much memory is free.
keep_result() { # COMMAND
    case $1 in
    import) cat t/out ;;
    plan | foreign) sed -n '1,/^  "backward"/p' t/out && sed -n 's/^[^ ]*h5: /h5: /p' t/err ;;
    eval) grep -e '"loss"' -e '"accuracy' -e '"images"' -e '"split"' t/out ;;
    list) cat t/out ;;
    *) story t/run ;;
    esac
}

same_set() { "$tools/same_state" good-import/set.h5 t/set.h5 2>difference; }

# What is wrong with the result of a command that ended with 0, if anything.
judge_success() { # COMMAND
    case $1 in train | resume) judge_result "good-$1" && return ;; esac
    keep_result "$1" >t/result
    cmp -s "good-$1/result" t/result || echo "wrong result: $(diff "good-$1/result" t/result | head -n 4 | tr '\n' ' ')"
    [ "$1" != import ] || same_set || echo "wrong result: set.h5: $(cat difference)"
}

# What is wrong with what a command that failed leaves behind, if anything.
judge_remains() { # COMMAND KIND
    case $1 in
    import)
        [ ! -e t/set.h5 ] || same_set || echo "torn set: $(cat difference)"
        [ "$2" = unlink ] || [ "$whose" = library ] || [ -z "$(find t -name '.*.tmp')" ] || echo "left behind: $(ls -A t)"
        ;;
    train | resume)
        [ "$1" = train ] || [ -e t/run/checkpoints/last.h5 ] || { echo "lost state: no last.h5" && return; }
        cp t/err t/err.fault
        case $2 in write* | fsync* | rename | truncate | close) whole_checkpoints ;; esac
        if [ -e t/run/config.yaml ]; then
            timed "$regimen" train --resume run --steps 0 --quiet
        else
            timed "$regimen" train $options --out run
        fi
        after=$(judge_end 0)
        [ -n "$after" ] || after=$(judge_result "good-$1")
        [ -z "$after" ] || echo "lost state: $after"
        ;;
    esac
}

# Which code a failed command may have.
wanted_codes() {
    if [ "$whose" = own ]; then echo 3; else echo '[1-9]*'; fi
}

# judge_fault COMMAND KIND: sets `wrong` and `outcome`.
judge_fault() {
    wrong='' outcome=refused
    case $code in
    hung) wrong=hung ;;
    0) outcome=same && wrong=$(judge_success "$1") ;;
    -*)
        outcome=crash
        if grep -q '^crash library' t/fault.log && [ "$whose" = library ]; then
            outcome=libcrash
            sed -n 's/^crash library in //p' t/fault.log | head -n 1 >>crashes
        elif [ "$code$whose$2" = -6librarymalloc/ever ] && ! grep -q '^crash' t/fault.log; then
            # without any memory nobody could say where; the house never calls abort(), the C++ runtime does
            outcome=libcrash
        else
            wrong="crash: signal ${code#-}: $(grep '^crash' t/fault.log)"
        fi
        wrong=$wrong$(judge_remains "$1" "$2")
        ;;
    *)
        case $2 in
        */short | */ENOSYS) wrong="refused: $(head -c 300 t/err)" ;;
        *)
            wrong=$(judge_end "$(wanted_codes)")
            # a library may end the process by itself, with or without words of its own
            case $whose$wrong in library*"lines of error"*) wrong='' outcome=libcrash ;; esac
            ;;
        esac
        [ -n "$wrong" ] || wrong=$(judge_remains "$1" "$2")
        ;;
    esac
}

# shim_on KIND AT: the environment of a fault.
shim_on() {
    how=${1#*/}
    errno=
    case $how in */*) errno=${how#*/} how=${how%/*} ;; "$1") how=fail ;; esac
    echo "LD_PRELOAD=$shim FAULT_CALL=${1%%/*} FAULT_AT=$2 FAULT_FROM=$whose FAULT_HOW=$how FAULT_ERRNO=$errno FAULT_LOG=fault.log"
}

fault() { # COMMAND KIND AT
    prepare "$1"
    run_command "$1" $(shim_on "$2" "$3")
    [ -s t/fault.log ] || return 0
    judge_fault "$1" "$2"
    tries=$((tries + 1))
    case $outcome in same) same=$((same + 1)) ;; refused) refusals=$((refusals + 1)) ;; libcrash) libcrashes=$((libcrashes + 1)) ;; esac
    if [ -z "$wrong" ]; then
        pass
    else
        missed "$1-$whose-$(echo "$2" | tr / -)-$3" "$wrong ($(head -n 1 t/fault.log))"
        wrongs=$((wrongs + 1))
    fi
}

# row COMMAND KIND: all places, or so many of them.
row() {
    echo "$1 $whose $2" | grep -q -e "$ROWS" || return 0
    prepare "$1"
    run_command "$1" $(shim_on "$2" 0)
    total=$(sed -n 's/^calls \([0-9]*\).*/\1/p' t/fault.log)
    [ "${total:-0}" -gt 0 ] || return 0
    most=$COUNT
    if [ "$whose${2%%/*}" = librarymalloc ] && { [ "$most" = 0 ] || [ "$LIBRARY_COUNT" -lt "$most" ]; }; then most=$LIBRARY_COUNT; fi
    [ "$most" != 0 ] && [ "$most" -lt "$total" ] || most=$total
    seed_draws "$total"
    draw $((total / most))
    first=$((1 + drawn))
    tries=0 same=0 refusals=0 libcrashes=0 wrongs=0
    i=0
    while [ $i -lt "$most" ]; do
        fault "$1" "$2" $((first + i * total / most))
        i=$((i + 1))
    done
    printf '%-8s %-8s %-18s %7d %6d %8d %7d %8d %6d\n' "$1" $whose "$2" "$total" $tries $same $refusals $libcrashes $wrongs
}

# undisturbed COMMAND...: it must work.
undisturbed() {
    "$@"
    [ "$code" = 0 ] && return
    echo "$0: undisturbed, but: $*" >&2
    cat t/err >&2
    exit 99
}

prepare train
undisturbed timed "$regimen" train $options --steps 9 --out run
mv t/run stopped
for command in $commands; do
    prepare $command
    undisturbed run_command $command
    keep_result $command >t/result
    case $command in train | resume) story t/run >t/story ;; esac
    mv t good-$command
done
printf '%-8s %-8s %-18s %7s %6s %8s %7s %8s %6s\n' command calls kind calls tried same refused libcrash wrong
for whose in own library; do
    for command in $commands; do
        for kind in $kinds; do row "$command" "$kind"; done
    done
done
if [ -s crashes ]; then
    echo "crashes inside libraries:"
    sed 's/+0x.*//' crashes | sort | uniq -c | sort -rn
fi
close_trials
