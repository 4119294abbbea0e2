#!/bin/sh
# import folder, csv and npy: the class list, JSON, what is left out and why; killed and going on to the same file; options
# and wrong inputs with their exit codes.
. "${0%/*}/common.sh"
warnings=1

# picture FILE SEED: 12 x 10 pixels in colour
picture() { { printf 'P6\n10 12\n255\n' && seq "$2" 1000 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c 360; } >"$1"; }

# npy FILE SHAPE TYPE BYTES: an array whose elements repeat 0, 1, 2
npy() {
    header="{'descr': '$3', 'fortran_order': False, 'shape': ($2), }"
    { printf '\223NUMPY\001\000' && bytes "$(printf %o "${#header}")" 0 && printf %s "$header" && yes abc | tr -d '\n' | tr abc '\000\001\002' | head -c "$4"; } >"$1"
}

mkdir -p photos/cat/deep photos/dog photos/none
for i in $(seq 1 40); do
    picture "photos/cat/$i.ppm" "$i"
    picture "photos/dog/$i.ppm" $((100 + i))
done
picture photos/cat/deep/x.PPM 7
picture photos/beside.ppm 1
picture photos/dog/.hidden.ppm 1
echo text >photos/dog/notes.txt
echo text >'photos/dog/no, "picture".jpg'
: >photos/dog/empty.png

# ---- a folder
expect 0 "$regimen" import folder photos --out photos.h5 --test 0.1 --json=photos.json
has out '^photos.h5: 3x12x10 images (channels x height x width), 2 classes'
has out '^  train *73 images'
has out '^  cat  *37  *4$'
has out '^  dog  *36  *4$'
has out 'passed over: 1 hidden, 1 not a picture, 1 outside of the class folders'
has out '2 pictures cannot be read and are left out: see photos.quarantine.csv'
has err 'images of 12 x 10 pixels (height x width), as all pictures are'
has err "a class without a readable picture is left out: 'none'"
has photos.quarantine.csv '^file,reason$'
has photos.quarantine.csv '^photos/dog/empty.png,empty file$'
has photos.quarantine.csv '^"photos/dog/no, ""picture"".jpg","not a picture'
[ ! -e photos.h5.import ] || fail "the staging is left"
! grep -q '^next' out || fail "--json: $(tail -n 2 out)"
if [ -n "$python" ]; then
    check
    "$python" - <<'END' || fail "photos.json: $(head -c 800 photos.json)"
import json
r = json.load(open("photos.json"))
assert r["splits"] == {"train": {"images": 73, "classes": {"cat": 37, "dog": 36}}, "test": {"images": 8, "classes": {"cat": 4, "dog": 4}}}, r["splits"]
assert [q["file"] for q in r["quarantined"]] == ["photos/dog/empty.png", 'photos/dog/no, "picture".jpg']
assert r["quarantined"][0]["reason"] == "empty file" and r["images"] == {"train": 73, "test": 8} and r["channels"] == 3
END
fi
expect 0 "$regimen" import folder photos/ --out again.h5 --test 0.1 --threads 1 --quiet
[ ! -s out ] || fail "--quiet: $(cat out)"
cmp -s photos.h5 again.h5 || fail "one thread: another file"
expect 0 "$regimen" import folder photos --out gray.h5 --size 8x6 --gray --fit pad --background black --quarantine q.csv
has out '1x8x6 images'
has out 'see q.csv'
[ -s q.csv ] || fail "no q.csv"
expect 0 "$regimen" import folder photos --out kept.h5 --keep --test 0.1
has out 'encoded pictures of their own sizes'
if "$python" -c 'import h5py' 2>/dev/null; then
    check
    "$python" - <<'END' || fail "names of pictures"
import h5py
for name in "photos.h5", "kept.h5":
    with h5py.File(name) as f:
        names = {split: list(f[split]["names"].asstr()[:]) for split in ("train", "test")}
        classes = [("cat/", "dog/")[label] for split in names for label in f[split]["labels"]]
        all = names["train"] + names["test"]
        assert len(set(all)) == 81 and "cat/deep/x.PPM" in all and names["train"] == sorted(names["train"]), all
        assert [n[:4] for n in all] == classes
END
else
    skip "names of pictures as h5py reads them" "no h5py"
fi
expect 0 "$regimen" train photos.h5 --model mlp --epochs 1 --out run --quiet
expect 0 "$regimen" train kept.h5 --image 3x12x10 --model mlp --epochs 1 --out run-kept --quiet

# ---- a link to a folder above brings in nothing
mkdir -p up/set/a up/set/b up/other
picture up/set/a/1.ppm 1
picture up/set/b/1.ppm 2
picture up/other/3.ppm 3
ln -s ../.. up/set/a/all
ln -s / up/set/b/root
expect 0 "$regimen" import folder up/set --out up.h5 --size 8
has out '^  train *2 images'
has out 'passed over: 2 links to a folder above them'

# ---- the next step is named; without a test split, how to get one
expect 0 "$regimen" import folder photos --out 'a b.h5'
has out "^next: [^ ]*regimen train --data 'a b.h5'\$"
has out '^(without a test split: import with --test 0.1 sets a tenth aside)$'
expect 0 "$regimen" import folder photos --out 'a b.h5' --force --test 0.1
[ "$(tail -n 1 out)" = "$(grep '^next: ' out)" ] || fail "a hint although there is a test split: $(tail -n 2 out)"

# ---- splits have usual names; among other folders they are classes, with a warning
for names in 'train testing' 'Training TEST'; do
    # shellcheck disable=SC2086
    set -- $names
    for split; do
        mkdir -p "usual/$split/a" "usual/$split/b"
        picture "usual/$split/a/1.ppm" 1
        picture "usual/$split/b/1.ppm" 2
    done
    expect 0 "$regimen" import folder usual --out usual.h5 --force
    has out '2 classes'
    has out '^  test *2 images'
    mkdir -p usual/other
    picture usual/other/1.ppm 3
    expect 0 "$regimen" import folder usual --out usual.h5 --force
    has out '3 classes'
    has err 'it holds other folders than train, test and validation: all are taken as classes'
    rm -r usual
done

# ---- pictures of kinds that cannot be read
mkdir -p kinds/a kinds/b
for i in 1 2; do
    printf 'GIF89a......' >kinds/a/$i.gif
    printf 'II*\000........' >kinds/b/$i.tif
done
printf '\000\000\000\030ftypheic' >kinds/a/1.heic
printf '\000\000\000\030ftypavif' >kinds/a/1.avif
refuse 2 'kinds: only pictures that cannot be read, 2 GIF files, 2 TIFF files, 1 HEIC file, 1 AVIF file: convert them to JPEG or PNG$' \
    import folder kinds --out kinds.h5
picture kinds/a/1.ppm 1
picture kinds/b/1.ppm 2
expect 0 "$regimen" import folder kinds --out kinds.h5
has out '^  passed over: 2 GIF files, 2 TIFF files, 1 HEIC file, 1 AVIF file: convert GIF, TIFF, HEIC and AVIF to JPEG or PNG$'

# ---- what an unfinished import left is no class; neither is it in a folder that only looks so
mkdir -p parent/a parent/b parent/other.h5.import
picture parent/a/1.ppm 1
picture parent/b/1.ppm 2
picture parent/other.h5.import/1.ppm 3
mkdir parent/x.h5.import 2>/dev/null
printf 'RGMstage' >parent/x.h5.import/journal
expect 0 "$regimen" import folder parent --out parent.h5
has out '3 classes'
! grep -q 'x.h5' out err || fail "a staging: $(cat out err)"

# ---- a class folder with a control character; its pictures have their label
mkdir -p "control/a
b" control/c
picture "control/a
b/1.ppm" 1
picture control/c/1.ppm 2
picture control/c/2.ppm 3
expect 0 "$regimen" import folder control --out control.h5
has err "a folder's name is not UTF-8 text or has control characters: its class is called 'a.x0ab'"
expect 0 "$regimen" train control.h5 --model mlp --epochs 1 --validation 0 --out run-control --quiet
expect 0 "$regimen" predict run-control control
has out '3 pictures with a label'

# ---- names that a terminal would obey
mkdir -p "odd names/a" "odd names/b"
evil=$(printf '\342\200\256\033[2J\302\233')
turns=$(printf '\342\200\256')
picture "odd names/a/$evil.ppm" 1
: >"odd names/b/$evil.png"
picture "odd names/b/1.ppm" 2
mv "odd names/b" "odd names/b$turns"
expect 0 "$regimen" import folder "odd names" --out "set$evil.h5" --size 8
has out '^set???'
has out '^  b???  '
has set*.quarantine.csv '^odd names/b.*.xe2.x80.xae.x1b\[2J.xc2.x9b.png,empty file'
check
! grep -q "$(printf '[\033\233\256]')" out err || fail "a terminal would obey: $(cat out err)"

# ---- a path that is longer than the system takes, whatever its end
long=$(printf '%0200d' 0)
long=$long/$long/$long/$long/$long/$long/$long/$long/$long/$long/$long
mkdir -p deep/a "deep/b/$long" "top/$long"
near=$(printf '%0200d' 1)
near=$near/$near/$near/$near/$near/$near/$near/$near/$near/$(printf '%060d' 1)
mkdir -p "top/$near"
picture deep/a/1.ppm 1
picture deep/b/1.ppm 2
picture "top/$long/none.ppm" 3
picture "top/$near/0123456789.ppm" 3
picture "top/$near/0123456789" 4
mv top/* "deep/b/$long/"
expect 0 "$regimen" import folder deep --out deep.h5 --size 8
has out '3 pictures cannot be read and are left out' # of the farther folder it is known that it is there
check
[ "$(grep -c 'its path is longer than the system takes: at most 4095 bytes$' deep.quarantine.csv)" = 3 ] ||
    fail "a long path: $(cut -c 4000- deep.quarantine.csv)"

# ---- killed, again and again, on the way
check
for delay in 0.00 0.01 0.02 0.03 0.05 0.08; do
    "$regimen" import folder photos --out killed.h5 --test 0.1 --size 300 --threads 1 --quiet 2>/dev/null &
    child=$!
    sleep $delay
    kill -KILL $child 2>/dev/null
    wait $child 2>/dev/null
done
rm -f killed.h5
expect 0 "$regimen" import folder photos --out killed.h5 --test 0.1 --size 300 --quiet
expect 0 "$regimen" import folder photos --out whole.h5 --test 0.1 --size 300 --quiet
cmp -s killed.h5 whole.h5 || fail "killed: another file"

# ---- lists and arrays
printf 'file;class;split\n' >photos/list.csv
for i in $(seq 1 9); do printf 'cat/%s.ppm;cat;train\ndog/%s.ppm;dog;%s\n' "$i" "$i" "$([ "$i" -gt 6 ] && echo test)"; done >>photos/list.csv
echo 'dog/none.ppm;dog;' >>photos/list.csv
expect 0 "$regimen" import csv photos/list.csv --out list.h5
has out '^  dog  *6  *3$'
has list.quarantine.csv 'photos/dog/none.ppm,cannot be read: No such file'
npy x.npy '12, 5, 4' '|u1' 240
npy y.npy '12,' '|i1' 12
# all images are the same
expect 0 "$regimen" import npy x.npy y.npy --out npy.h5 --test 0.25 --names=ant,bee,cat
has err 'nearly all images are copies of a few: copies come into several splits'
rm npy.h5
expect 0 "$regimen" import npy x.npy y.npy --out npy.h5 --test 0.25 --names=ant,bee,cat --no-groups
has out '1x5x4 images'
has out '^  bee  *3  *1$'

# ---- the help says which options a format has, and it has these
expect 0 "$regimen" import --help
check
tr -s ' \n' '  ' <out >help
for words in 'pixels: 64, or 48x64 for height x width \[from the pictures\] (folder, csv)' 'stratified (idx, folder, csv, npy)' \
    'fashion-mnist (idx, cifar, npy)' "\[the list's folder\] (csv)" 'a file of that name --gray' 'kept in the file -s'; do
    has help "$words"
done

# ---- wrong inputs
leaves='bad.*.' # the staging, and the list of what cannot be read
refuse 2 "csv, npy" import import photos --out bad.h5
refuse 3 'nowhere' import folder nowhere --out bad.h5
refuse 2 'expected --out FILE' import folder photos
refuse 2 'photos.h5: exists already (--force replaces it)' import folder photos --out photos.h5
refuse 2 'photos/beside.ppm: not a folder' import folder photos/beside.ppm --out bad.h5
refuse 2 'expected one folder' import folder photos photos --out bad.h5
refuse 2 'photos/cat: one class folder' import folder photos/cat --out bad.h5
refuse 2 'photos/dog: no class folders in it' import folder photos/dog --out bad.h5
for size in 0 -1 64x 64x0 x64 64.5 99999 64x64x3 ''; do refuse 2 '--size: expected pixels' import folder photos --out bad.h5 --size "$size"; done
refuse 2 "unknown fit 'squash'" import folder photos --out bad.h5 --fit squash
for colour in red 12345 '#12345g' ''; do refuse 2 '--background: expected white' import folder photos --out bad.h5 --background "$colour"; done
for share in 0 1 -0.1 10% nan ''; do refuse 2 '--test: expected a fraction' import folder photos --out bad.h5 --test "$share"; done
refuse 2 '--validation: expected a fraction' import folder photos --out bad.h5 --validation 2
refuse 2 '--test: 0.001 of 84 files is none' import folder photos --out bad.h5 --test 0.001
refuse 2 'leave none of photos' import folder photos --out bad.h5 --test 0.5 --validation 0.5
for seed in -1 x 1.5 99999999999999999999999; do refuse 2 '--seed: expected an integer' import folder photos --out bad.h5 --seed "$seed"; done
refuse 2 '--threads: ' import folder photos --out bad.h5 --threads 999
refuse 2 '--max-side: only with --keep' import folder photos --out bad.h5 --max-side 100
refuse 2 '--keep: .*--size has no meaning' import folder photos --out bad.h5 --keep --size 64
refuse 2 '--root: not for import folder' import folder photos --out bad.h5 --root photos
refuse 2 '--names: not for import folder' import folder photos --out bad.h5 --names=a,b
refuse 2 '--size: not for import npy' import npy x.npy y.npy --out bad.h5 --size 64
refuse 3 'none/bad.h5' import folder photos --out none/bad.h5
refuse 3 'none/q.csv' import folder photos --out bad.h5 --quarantine none/q.csv
rm -rf bad.h5.import
mkdir taken.h5.import
echo mine >taken.h5.import/file
refuse 2 'taken.h5.import: exists and is not an import' import folder photos --out taken.h5
[ -e taken.h5.import/file ] || fail "somebody's file is gone"
mkdir -p broken/a broken/b
echo x >broken/a/x.jpg
echo x >broken/b/x.jpg
refuse 2 'none of 2 pictures can be read: bad.quarantine.csv says why' import folder broken --out bad.h5
mkdir -p odd/train/a odd/train/b odd/test/c
picture odd/train/a/1.ppm 1
picture odd/train/b/1.ppm 2
picture odd/test/c/1.ppm 3
refuse 2 "no training picture of class 'c'" import folder odd --out bad.h5
printf 'cat/1.ppm,cat\ndog/1.ppm,dog,extra\ndog/2.ppm\n' >photos/wrong.csv
refuse 2 'photos/wrong.csv:3: 1 field: expected 2' import csv photos/wrong.csv --out bad.h5
printf 'cat/1.ppm,cat\n"dog/1.ppm,dog\n' >photos/wrong.csv
refuse 2 'photos/wrong.csv:2: a quote that is not closed' import csv photos/wrong.csv --out bad.h5
refuse 2 '--root: nowhere: not a folder' import csv photos/list.csv --out bad.h5 --root nowhere
refuse 2 'photos: not a regular file' import csv photos --out bad.h5
npy f.npy '12, 5, 4' '<f4' 960
refuse 2 'f.npy: pixels of type float32: expected uint8 (remedy' import npy f.npy y.npy --out bad.h5
refuse 2 'expected images first, then labels' import npy y.npy y.npy --out bad.h5
npy hot.npy '12, 3' '<f4' 144
refuse 2 'hot.npy: labels of shape \[12, 3\]: expected \[N\] or \[N, 1\] (remedy for one-hot labels: y.argmax(1))' import npy x.npy hot.npy --out bad.h5
npy text.npy '12,' '<U3' 144
refuse 2 'text.npy: elements of type .<U3.: expected numbers (remedy for labels that are texts: np.unique(y, return_inverse=True)\[1\])' import npy x.npy text.npy --out bad.h5
for type in i1:1 i2:2 i4:4 i8:8; do
    npy minus.npy '12,' "<${type%:*}" 0
    { head -c $((11 * ${type#*:})) /dev/zero && printf '%*s' "${type#*:}" '' | tr ' ' '\377'; } >>minus.npy
    refuse 2 'minus.npy\[11\] is -1: expected a label from 0 to 65535' import npy x.npy minus.npy --out bad.h5
done
refuse 2 'y.npy: not an archive\|expected images and labels' import npy y.npy --out bad.h5
head -c 100 x.npy >short.npy
refuse 2 'short.npy: truncated' import npy short.npy y.npy --out bad.h5

# A disk that fills up: a limit on the size of files stands for it. What was staged is used then.
rm -rf bad.h5.import
expect 3 sh -c 'ulimit -f 40; exec "$0" import folder photos --out full.h5 --quiet --size 30' "$regimen"
[ "$(grep -c '^regimen: error: .*full.h5' err)" = 1 ] || fail "a full disk: $(cat err)"
[ ! -e full.h5 ] || fail "a full disk: a file"
expect 0 "$regimen" import folder photos --out full.h5 --size 30
finish
