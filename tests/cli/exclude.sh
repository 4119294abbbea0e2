#!/bin/sh
# Exclude lists: written by inspect, read by train, eval and import; a changed list is noticed; what nothing is left of.
. "${0%/*}/common.sh"
make_data # the test images are the first training images: leaks

expect 0 "$regimen" inspect data.h5 --write-exclude list.txt --exclude-kinds leak
has err 'list.txt: 20 images to leave out, and 0 of the test split'
[ "$(head -n 1 list.txt)" = '# regimen exclude list 1' ] || fail "the head: $(head -n 1 list.txt)"
[ "$(grep -c '^train [0-9]*  # leak: test [0-9]*: the same as train' list.txt)" = 20 ] || fail "$(cat list.txt)"
expect 0 "$regimen" inspect data.h5 --write-exclude dark.txt --exclude-kinds dark,constant
refuse 2 "no kind of finding is called 'drk' (nearest: 'dark')" inspect data.h5 --write-exclude x.txt --exclude-kinds drk
refuse 2 'of the list that --write-exclude' inspect data.h5 --exclude-kinds dark
echo mine >mine.txt
refuse 2 'mine.txt: exists, and is none that inspect has written' inspect data.h5 --write-exclude mine.txt
expect 0 "$regimen" inspect data.h5 --write-exclude list.txt --exclude-kinds leak # its own is replaced

# ---- a training without them ----
small="--model linear --batch 8 --threads 2"
expect 0 "$regimen" train data.h5 $small --epochs 2 --exclude list.txt --out run
has err '69 images for training, 7 for validation, 20 for the test'
has err '20 images are left out'
grep -q "exclude: list.txt" run/config.yaml || fail "config.yaml: $(head -n 5 run/config.yaml)"
expect 0 "$regimen" train data.h5 $small --epochs 2 --set data.exclude=list.txt --out again --quiet
story run >one
story again >two
cmp -s one two || fail "the same list gave another run: $(diff one two)"
expect 0 "$regimen" train data.h5 $small --epochs 2 --out all --quiet
story all >two
if cmp -s one two; then fail 'a list changed nothing'; fi

# ---- who goes on must have the same ----
expect 0 "$regimen" train data.h5 $small --epochs 2 --steps 3 --exclude list.txt --out cut --quiet
sed '$d' list.txt >shorter.txt
warnings=1
leaves=cut
refuse 2 'or what is left out of them (fingerprint .*--exclude the list' train --resume cut --steps 0 --exclude shorter.txt
refuse 2 'or what is left out of them' train --resume cut --steps 0 --exclude ''
warnings=
cp list.txt moved.txt
expect 0 "$regimen" train --resume cut --steps 0 --exclude moved.txt --quiet
story cut >two
cmp -s one two || fail "the cut run is another: $(diff one two)"
mv list.txt away.txt
expect 3 "$regimen" train --resume run
has err 'data.exclude (--exclude LIST) says where the list is now: list.txt: No such file'
mv away.txt list.txt

# ---- evaluations ----
expect 0 "$regimen" eval run --split validation
has out '7 validation images'
expect 2 "$regimen" eval run --split validation --exclude shorter.txt
has err 'or with another exclude list'
make_other() {
    mkdir other
    idx 40 other/train 12
    idx 10 other/t10k 12
    "$regimen" import idx other --out other.h5 >out 2>err || fail "$(cat err)"
}
make_other
expect 0 "$regimen" eval run other.h5 # the list is the run's, not asked for
has err 'warning: .*nothing is left out here: list.txt:3: a list of another data set than other.h5 '
has out '10 test images'
expect 2 "$regimen" eval run other.h5 --exclude list.txt
has err 'list.txt:3: a list of another data set'
refuse 2 'list.txt:3: a list of another data set than other.h5 .*regimen inspect other.h5 --write-exclude' \
    train other.h5 --exclude list.txt --out x

# ---- nothing is left ----
head -n 3 list.txt >none.txt
seq 0 95 | sed 's/^/train /' >>none.txt
refuse 2 'none.txt: it leaves no image for training' train data.h5 --exclude none.txt --out x
head -n 3 list.txt >class.txt
seq 0 6 95 | sed 's/^/train /' >>class.txt # abcacb: a, and
seq 3 6 95 | sed 's/^/train /' >>class.txt # a
refuse 2 'class.txt: it leaves no image of class 0.* to train with' train data.h5 --exclude class.txt --out x
refuse 3 'missing.txt: No such file' train data.h5 --exclude missing.txt --out x
refuse 2 'mine.txt:1: expected .# regimen exclude list 1.' train data.h5 --exclude mine.txt --out x

# ---- pictures ----
picture() { # picture FILE SEED: 4 by 4 pixels, PGM
    {
        printf 'P5 4 4 255\n'
        seq "$2" 100 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c 16
    } >"$1"
}
mkdir -p photos/ant photos/bee
for i in 1 2 3 4; do picture "photos/ant/$i.pgm" $((10 + i)) && picture "photos/bee/b $i.pgm" $((20 + i)); done
cp photos/ant/1.pgm 'photos/ant/copy "1" #.pgm'
expect 0 "$regimen" import folder photos --out photos.h5
expect 0 "$regimen" inspect photos.h5 --write-exclude photos.txt
has photos.txt '^train 4 "ant/copy \\"1\\" #.pgm"  # exact_duplicate: the same as train 0'
expect 0 "$regimen" import folder photos --out fewer.h5 --exclude photos.txt
has err 'photos.txt: 1 of 9 pictures are left out'
expect 0 "$regimen" inspect fewer.h5
if grep -q 'exact duplicates' out; then fail 'the copy is still there'; fi
printf 'bee/b 2.pgm\nant/9.pgm\n' >paths.txt
expect 0 "$regimen" import folder photos --out paths.h5 --exclude paths.txt
has err 'paths.txt: 1 of 9 pictures are left out'
has err "warning: paths.txt: 1 of its 2 names are those of no picture here; the first is 'ant/9.pgm'"
echo ant/9.pgm >paths.txt
refuse 2 'none of its 1 names is that of a picture' import folder photos --out x.h5 --exclude paths.txt
refuse 2 'list.txt:5: no name: pictures are left out by their names' import folder photos --out x.h5 --exclude list.txt
refuse 2 'exclude: not for import idx' import idx idx --out x.h5 --exclude list.txt
(cd photos && ls -d */*) >paths.txt
refuse 2 'it leaves no picture of photos' import folder photos --out x.h5 --exclude paths.txt
finish
