#!/bin/sh
# Pictures: COUNT generated JPEGs of many sizes (20,000 by default), 1 % of them broken in ten ways, are imported.
#
# Right: every broken file is named in the quarantine file and no other one; an import that is killed three times on its way
# and run again gives the same bytes; the peak of memory is below 300 MiB. Shown are the rates of the import and of
# libjpeg-turbo alone, one after the other, ROUNDS times (3). Run it in the build folder after "make trial-tools". A folder
# of pictures that is there already is taken from PICTURES. See common.sh.
. "${0%/*}/common.sh"
COUNT=${COUNT:-20000}
ROUNDS=${ROUNDS:-3}
threads=$(getconf _NPROCESSORS_ONLN)
mkdir t
if [ -n "${PICTURES-}" ]; then
    pictures=$PICTURES
    pictures=$(cd "$pictures" && pwd)
    sed "s|^.*/\([^/]*/[^/]*: \)|$pictures/\1|" "$PICTURES.broken" >broken
else
    pictures=$PWD/pictures
    "$tools/make_pictures" "$pictures" "$COUNT" 10 "$SEED" >broken
fi
find "$pictures" -name '*.jpg' | LC_ALL=C sort >list
command="import folder $pictures --size 64 --test 0.1 --force --threads $threads"

seconds() { # COMMAND...: wall time in milliseconds, in `took`
    began=$(date +%s%N)
    "$@"
    code=$?
    took=$((($(date +%s%N) - began) / 1000000))
    return $code
}

for round in $(seq "$ROUNDS"); do
    "$tools/decode_pictures" "$threads" list | tee decoded
    # shellcheck disable=SC2086 # a list of words
    seconds "$regimen" $command --out "whole.h5" --quiet >out 2>err || { cat err >&2 && missed 1 "import: exit code $?" && break; }
    awk -v took="$took" -v count="$COUNT" '{ printf "import %.0f pictures/s, decoding alone %.0f, ratio %.3f\n",
        count / took * 1000, count / $5, $5 / took * 1000 }' decoded
done
if [ -e whole.h5 ]; then pass; fi

# every broken file, and no other one
cut -d: -f1 broken | LC_ALL=C sort >expected
sed 1d whole.quarantine.csv | cut -d, -f1 | tr -d '"' | LC_ALL=C sort >named
if cmp -s expected named; then pass; else missed 2 "named: $(diff expected named | head -n 5 | tr '\n' ' ')"; fi

# shellcheck disable=SC2086
peak=$("$tools/timed" -o out -e err -m -t "$TIMEOUT" "$regimen" $command --out again.h5 --quiet | cut -d' ' -f4)
if [ "${peak:-999999}" -lt 307200 ]; then pass; else missed 3 "peak ${peak:-unknown} KiB"; fi
echo "peak of memory: $((${peak:-0} / 1024)) MiB"
if cmp -s whole.h5 again.h5; then pass; else missed 4 "a second import has other bytes"; fi

# killed on the way
shortest=$took
for share in 20 30 20; do
    # shellcheck disable=SC2086
    "$tools/timed" -o out -e err -t "$TIMEOUT" -s 9 -u $((shortest * share * 10)) "$regimen" $command --out killed.h5 --quiet
    if [ -e killed.h5 ]; then echo "it was over before the kill at $share %"; fi
done
# shellcheck disable=SC2086
"$regimen" $command --out killed.h5 >out 2>err || missed 5 "after the kills: exit code $?: $(head -c 300 err)"
grep -h 'going on' out err
if cmp -s whole.h5 killed.h5; then pass; else missed 6 "killed three times: other bytes"; fi
close_trials
