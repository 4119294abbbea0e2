#!/bin/sh
# The comparison with PyTorch, without PyTorch: stand-ins for the program and for two interpreters answer with fixed speeds,
# so that what is chosen, paired and printed is known. Skipped without python3.
set -eu
srcdir=${srcdir:-.}
peers=$(cd "$srcdir/bench/peers" && pwd)
python=$(command -v python3) || { echo "SKIPPED compare: no python3" && exit 77; }
export PYTHONDONTWRITEBYTECODE=1
folder=$(mktemp -d "${TMPDIR:-/tmp}/regimen-compare-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() { echo "$0: $*" >&2 && exit 1; }
expect() { # CODE COMMAND...
    code=0 wanted=$1
    shift
    "$@" >out 2>err || code=$?
    [ $code = "$wanted" ] || fail "$* ended with $code, expected $wanted: $(cat out err)"
}
has() { grep -q -e "$2" "$1" || fail "no '$2' in: $(cat "$1")"; }

# ours: 300 images/s, and 600 of inference; it notes how it was called
cat >regimen <<'STUB'
#!/bin/sh
echo "$@" >>calls
speed=300 key=loss_after_5
if [ "$2" = eval ]; then speed=600 key=loss; fi
echo "{\"images_per_s\": $speed, \"$key\": ${STUB_OUR_LOSS:-2.5}, \"threads\": 2, \"isa\": \"avx2\", \"build\": \"stand-in\", \"anon_mb\": 10}"
STUB
# the peer: of each word a share of the speed; 2.x crashes when compiled for nchw; jemalloc is told by the environment
mkdir -p venv/bin
cat >venv/bin/python <<'STUB'
#!/bin/sh
case $1 in
-c) echo "${STUB_VERSION:-2.99}" && exit ;;
*draws.py) exit ;;
esac
speed=100
case "$*" in *channels_last*) speed=$((speed + 20)) ;; esac
case "$*" in *--compile*) speed=$((speed + 30)) ;; esac
case "$*" in *"--form frozen"*) speed=$((speed + 40)) ;; esac
case "$*" in *"--layout nchw"*--compile*) echo "no such kernel" >&2 && exit 1 ;; esac
[ -z "${LD_PRELOAD-}" ] || speed=$((speed + 1))
[ "${ATEN_CPU_CAPABILITY-}" != avx2 ] || speed=$((speed / 2))
echo "a warning"
echo "{\"images_per_s\": $speed, \"version\": \"2.99\", \"import_mb\": 1, \"anon_mb\": 5," \
    "\"loss_after_5\": ${STUB_LOSS:-2.5}, \"loss\": ${STUB_LOSS:-2.5}}"
STUB
sed 's/STUB_LOSS/STUB_DEBIAN_LOSS/g; s/STUB_VERSION:-2.99/STUB_VERSION:-1.13/; s/speed=100/speed=90/' venv/bin/python >debian
chmod +x regimen venv/bin/python debian
compare() {
    "$python" "$peers/compare_step.py" --regimen ./regimen --python ./debian --venv venv --work resnet20 --threads 2 "$@"
}

# the best two of all settings, in rounds with ours; a setting that crashes is left out and said
expect 0 compare --json result.json
has out 'left out, 2.x,nchw,compile: .*'
has out 'no such kernel'
has out '6 rounds'
has out '2.x,channels_last,compile'
cat >read.py <<'READ'
import json, sys
r = json.load(open("result.json"))["results"][0]
best = r["best_setting"]
assert best.startswith("2.x,channels_last,compile"), best
assert len(r["peer_images_per_s_of"]) == 2 and len(r["measurements"]) == 6, r
assert abs(r["ratio"] - 300 / r["peer_images_per_s"]) < 1e-9, r
assert r["peer_images_per_s"] == max(r["screened_images_per_s"].values()) in (150, 151), r
assert abs(r["ratio_coverage"] - 0.96875) < 1e-9, r
assert r["peer_memory_setting"].startswith("1.13,"), r
assert r["loss_difference"] == 0, r
READ
"$python" read.py || fail "the result is another"
[ "$(grep -c '^bench step' calls)" = 6 ] || fail "ours ran $(grep -c '^bench step' calls) times, not 6"

# named settings, both capped; inference has its own forms
expect 0 compare --settings 1.13,nchw 2.x,channels_last --rounds 1 --isa avx2
has out 'both capped at AVX2'
has out '5.00  5.00-5.00 (0 %)'
has calls '--isa avx2'
expect 0 compare --what eval --settings 2.x,nchw,frozen 1.13,nchw --rounds 1
has out '600.0 *140.0 *4.29'
has calls '^bench eval'

# another loss, an unknown or impossible setting, nothing to compare with
export STUB_DEBIAN_LOSS=2.6
expect 1 compare --settings 1.13,nchw --rounds 1
has err 'the losses differ by 0.1'
expect 1 compare --what eval --settings 1.13,nchw --rounds 1
has err 'the losses differ by 0.1'
unset STUB_DEBIAN_LOSS
# a loss that is no number, whoever has it, and of whichever setting: the peer says NaN, ours null
for loss in STUB_LOSS=NaN STUB_DEBIAN_LOSS=NaN STUB_DEBIAN_LOSS=Infinity STUB_OUR_LOSS=null; do
    export "$loss"
    expect 1 compare --settings 1.13,nchw 2.x,nchw --rounds 1 --json result.json
    unset "${loss%=*}"
    has err 'the losses are not all finite'
    "$python" -c 'import json
json.load(open("result.json"), parse_constant=lambda word: 1 / 0)' || fail "$loss: no JSON"
done
expect 2 compare --settings 1.13,nhwc
has err "no 'nhwc'"
expect 2 compare --settings nchw
has err 'one of 1.13 and 2.x is needed'
expect 2 compare --settings 1.13,nchw,compile
expect 2 compare --settings 1.13,nchw,frozen
expect 2 compare --what eval --settings 1.13,nchw,frozen,optimized
expect 2 compare --settings 2.x,nchw,fused,plain
expect 2 compare --work resnet21
expect 2 compare --rounds 0
expect 77 compare --python /nonexistent --venv nowhere
expect 0 compare --python /nonexistent --settings 1.13,nchw 2.x,nchw --rounds 1
has out 'skipped, /nonexistent has no torch and numpy (apt-get install python3-torch): 1.13,nchw'
sed -i 's/^speed=.*/exit 4/' regimen
expect 1 compare --settings 1.13,nchw --rounds 1
has err 'ended with 4'

# how many settings there are, and intervals whose coverage is known
cat >figures.py <<'FIGURES'
import compare_step, settings
assert len(settings.grid("train")) == 12 and len(settings.grid("eval")) == 32
for what in ("train", "eval"):
    assert not [s for s in settings.grid(what) if settings.trouble(s, what)]
interval = compare_step.median_interval
assert interval([5]) == (5, 5, 0)
assert interval([3, 1, 2]) == (1, 3, 0.75)
assert interval(range(6)) == (0, 5, 1 - 2 / 64)
assert interval(range(8)) == (0, 7, 1 - 2 / 256)
assert interval(range(9)) == (1, 7, 1 - 2 * 10 / 512)
assert interval(range(20)) == (5, 14, 1 - 2 * (1 + 20 + 190 + 1140 + 4845 + 15504) / 2**20)
FIGURES
PYTHONPATH=$peers "$python" figures.py || fail "settings or intervals are wrong"
