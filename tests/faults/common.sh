#!/bin/sh
# shellcheck disable=SC2034 # what others use
# What the scripts of the trial of the checks share. Sourced with $0 in tests/faults/, in the build folder of a build made
# with --enable-faults, after "make trial-tools".
#
# | setting | default                           | meaning                                                                     |
# |---------|-----------------------------------|-----------------------------------------------------------------------------|
# | WORK    | faults-work                       | folder for sets and results; what is there is not made again                |
# | FAULTS  | tests/faults/instances.txt        | the catalogue                                                               |
# | ONLY    |                                   | extended regular expression: only instances whose ID it matches             |
# | MNIST   | /usr/share/datasets/fashion-mnist | the four files, gzipped                                                     |
set -u
here=$(cd "${0%/*}" && pwd)
build=$PWD
regimen=$build/regimen
tools=$build/tests/faults
: "${WORK:=$build/faults-work}" "${FAULTS:=$here/instances.txt}" "${ONLY:=}" "${MNIST:=/usr/share/datasets/fashion-mnist}"
if ! [ -x "$tools/make_set" ] || ! [ -e "$tools/plugins.stamp" ]; then
    echo "$0: run this in the build folder after 'make trial-tools'" >&2
    exit 99
fi
[ -r "$MNIST/train-images-idx3-ubyte.gz" ] || {
    echo "$0: no Fashion-MNIST in $MNIST" >&2
    exit 77
}
mkdir -p "$WORK/sets"

# trimmed TEXT
trimmed() { printf '%s' "$1" | sed 's/^[ \t]*//; s/[ \t]*$//'; }

# named WORD NAME: what stands behind the "|" of the line "WORD NAME |" of the catalogue, or of the list in $LIST.
named() { sed -n "s/^$1 $2 *| *//p" "${LIST:-$FAULTS}" | head -n 1; }

# set_file ARGUMENTS: makes the set of these arguments, unless it is there or none are needed (sets=none); sets data to its path.
set_file() {
    data=$WORK/sets/$(printf '%s' "$1" | cksum | tr -d ' ').h5
    if [ -e "$data" ] || [ "${sets:-}" = none ]; then return; fi
    # shellcheck disable=SC2086 # a list of words
    "$tools/make_set" "$data.part" folder="$MNIST" $1 && mv "$data.part" "$data"
}

# take_part PART: one part of how a fault is brought in.
take_part() {
    value=${1#* }
    case $1 in
    data\ *) set_arguments="$set_arguments $value" ;;
    set\ *) options="$options --set '$value'" ;;
    plugin\ *) options="$options --set 'plugins=[$tools/plugins/$value.so]'" ;;
    planted\ *) planted="$planted${planted:+,}$value" ;;
    *)
        echo "$0: not a part: $1" >&2
        exit 99
        ;;
    esac
}

# arrange MODEL SET PARTS HOW: sets data, options (for eval) and planted. HOW is `fault`, or `twin`: the parts of `both`.
arrange() {
    options=$(named model "$1") set_arguments=$(named set "$2") planted=
    if ! [ "$options" ] || ! [ "$set_arguments" ]; then
        echo "$0: no model '$1', or no set '$2'" >&2
        exit 99
    fi
    rest=$3
    while [ "$rest" ]; do
        part=$(trimmed "${rest%%;*}")
        case $rest in *\;*) rest=${rest#*;} ;; *) rest= ;; esac
        case $part in
        '') ;;
        both\ *) take_part "${part#both }" ;;
        *) if [ "$4" = fault ]; then take_part "$part"; fi ;;
        esac
    done
    set_file "$set_arguments"
}

# instances FUNCTION: calls it with ID, MODEL, SET and PARTS of each line that begins with "fault", or with $WORD.
instances() {
    grep "^${WORD:-fault} " "${LIST:-$FAULTS}" | while IFS='|' read -r head model set parts; do
        id=$(trimmed "${head#* }")
        if [ "$ONLY" ] && ! printf '%s' "$id" | grep -qE "$ONLY"; then continue; fi
        "$1" "$id" "$(trimmed "$model")" "$(trimmed "$set")" "$(trimmed "$parts")" </dev/null || exit
    done
}
