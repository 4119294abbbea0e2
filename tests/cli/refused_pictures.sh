#!/bin/sh
# Wrong inputs to import and predict of pictures: each gives its exit code and one line that says what failed, where, and
# what was expected, and leaves no files behind.
. "${0%/*}/common.sh"
warnings=1

picture() { # FILE GREY: 12x12 pixels of one value
    mkdir -p "${1%/*}"
    { printf 'P5\n12 12\n255\n' && head -c 144 /dev/zero | tr '\000' "\\$2"; } >"$1"
}

# npy FILE TYPE SHAPE BYTES: an array of NumPy's, zeros
npy() {
    head="{'descr': '$2', 'fortran_order': False, 'shape': ($3), }"
    { printf '\223NUMPY\001\000\166\000%-117s\n' "$head" && head -c "$4" /dev/zero; } >"$1"
}

for i in 1 2 3 4 5 6; do
    picture pets/cat/$i.pgm "10$i"
    picture pets/dog/$i.pgm "30$i"
    picture split/train/cat/$i.pgm "10$i"
    picture split/train/dog/$i.pgm "30$i"
    picture split/test/cat/$i.pgm "11$i"
done
picture nested/data/cat/1.pgm 101
picture nested/data/dog/1.pgm 301
picture one/cat/1.pgm 101
picture flat/1.pgm 101
mkdir empty texts texts/a texts/b broken broken/a broken/b
echo text | tee texts/a/notes.txt >texts/b/notes.txt
echo text | tee broken/a/1.jpg >broken/b/1.jpg
: >broken/a/2.png

# ---- folders
to="--out x.h5"
refuse_line 3 'nowhere: No such file or directory' import folder nowhere $to
refuse_line 2 'pets/cat/1.pgm: not a folder: expected one with a folder of pictures for each class' import folder pets/cat/1.pgm $to
refuse_line 2 'empty: no class folders in it: expected a folder for each class, with its pictures' import folder empty $to
refuse_line 2 'flat: no class folders in it: expected a folder for each class, with its pictures (there are files beside)' import folder flat $to
refuse_line 2 "one: one class folder, 'cat': expected two at least" import folder one $to
refuse_line 2 "nested: one class folder, 'data': expected two at least (if the classes are the folders in it, import nested/data)" import folder nested $to
refuse_line 2 'texts: no pictures in it (JPEG, PNG, WebP, BMP or PNM)' import folder texts $to
grep -q 'shorter side' err && fail "a size of no pictures: $(cat err)"
refuse_line 2 'import: expected --out FILE, the data set to write' import folder pets
refuse_line 3 'none/x.h5: cannot be written: No such file or directory' import folder pets --out none/x.h5
refuse_line 3 'none/q.csv: cannot be written: No such file or directory' import folder pets $to --quarantine none/q.csv
refuse_line 3 'pets: not a regular file' import folder pets --out pets --force
refuse_line 2 'pets/cat/1.pgm: exists, and is no list of pictures that an import left out (--quarantine: another name)' import folder pets $to --quarantine pets/cat/1.pgm
for size in 0 99999; do
    refuse_line 2 "--size: expected pixels, such as 64, or 48x64 for height x width, 1 to 16384 each; found '$size'" import folder pets $to --size $size
done
refuse_line 2 "unknown fit 'foo': expected one of crop, pad, stretch" import folder pets $to --fit foo
refuse_line 2 "--test: expected a fraction between 0 and 1, such as 0.1, found '1.5'" import folder pets $to --test 1.5
refuse_line 2 '--test: 0.001 of 12 files is none: a larger share, or no such split' import folder pets $to --test 0.001
refuse_line 2 '--test: split has a test split of its own: leave out --test, or that split' import folder split $to --test 0.1
refuse_line 2 '--test and --validation: 0.9 and 0.2 leave none of pets for training' import folder pets $to --test 0.9 --validation 0.2
refuse_line 2 "--background: expected white, black or RRGGBB (hexadecimal), found 'pink'" import folder pets $to --background pink
refuse_line 2 '--keep: pictures keep their own sizes, so that --size has no meaning (--max-side makes large ones smaller)' import folder pets $to --keep --size 64
refuse_line 2 '--max-side: only with --keep (--size is that of images)' import folder pets $to --max-side 64
refuse_line 2 '--names: not for import folder, only for idx, cifar, npy' import folder pets $to --names=a,b
mkdir -p lonely/train/cat lonely/train/dog lonely/test/bird
cp pets/cat/1.pgm lonely/train/cat
cp pets/dog/1.pgm lonely/train/dog
cp pets/dog/1.pgm lonely/test/bird
refuse_line 2 "lonely: no training picture of class 'bird', only others" import folder lonely $to
rm -r lonely/test lonely/train/dog/*
refuse_line 2 "lonely/train: readable pictures of one class only, 'cat': expected two at least" import folder lonely/train $to
# the list of what cannot be read is there, and nothing else
expect 2 "$regimen" import folder broken $to
has err '^regimen: error: broken: none of 3 pictures can be read: x.quarantine.csv says why$'
[ "$(find . -name 'x.*')" = ./x.quarantine.csv ] || fail "all broken: $(find . -name 'x.*')"
has x.quarantine.csv '^broken/a/2.png,empty file$'
rm x.quarantine.csv

# ---- lists
printf 'path,label\npets/cat/1.pgm,cat\npets/dog/1.pgm,\n' >label.csv
refuse_line 2 'label.csv:3: no label: field 2 is empty' import csv label.csv $to
printf 'path,label\npets/cat/1.pgm,cat\n,dog\n' >path.csv
refuse_line 2 'path.csv:3: no path: field 1 is empty' import csv path.csv $to
printf 'path,label,split\npets/cat/1.pgm,cat,train\npets/dog/1.pgm,dog,tain\n' >split.csv
refuse_line 2 "split.csv:3: unknown split 'tain': expected train, test or validation" import csv split.csv $to
printf 'pets/cat/1.pgm,cat\npets/dog/1.pgm\n' >short.csv
refuse_line 2 'short.csv:2: 1 field: expected 2' import csv short.csv $to
: >empty.csv
refuse_line 2 'empty.csv: an empty list: expected lines of path,label' import csv empty.csv $to
refuse_line 2 'pets: not a regular file: expected a list of pictures' import csv pets $to
refuse_line 2 '--root: nowhere: not a folder' import csv short.csv $to --root nowhere

printf 'path,label\ncat/1.pgm,cat\ndog/1.pgm,dog\ndog/2.pgm,dog\n' >paths.csv
refuse 2 'paths.csv: none of its 3 files is there, first ./cat/1.pgm (--root: the folder of its paths)' import csv paths.csv $to
refuse 2 'paths.csv: none of its 3 files is there, first pets/dog/cat/1.pgm (--root: .*)' import csv paths.csv $to --root pets/dog
printf 'path,label\ncat\\1.pgm,cat\ndog\\1.pgm,dog\n' >windows.csv
refuse 2 'windows.csv: none of its 2 files is there, first pets/cat.1.pgm (paths have backslashes: expected /)' import csv windows.csv $to --root pets
mkdir dog
cp pets/dog/1.pgm dog/
expect 2 "$regimen" import csv paths.csv $to
has err 'paths.csv: 2 of 3 files are not there, first ./cat/1.pgm (--root: the folder of its paths)$'
rm -r dog x.quarantine.csv
expect 0 "$regimen" import csv paths.csv $to --root pets
! grep -q 'not there' err || fail "the right root: $(cat err)"
rm x.h5

# ---- arrays
npy x.npy '|u1' '12, 4, 4' 192
npy y.npy '|u1' '12,' 12
npy y11.npy '|u1' '11,' 11
npy float.npy '<f4' '12, 4, 4' 768
npy deep.npy '|u1' '12, 4, 4, 4, 3' 2304
head -c 200 x.npy >cut.npy
refuse_line 2 'float.npy: pixels of type float32: expected uint8 (remedy .*)' import npy float.npy y.npy $to
refuse_line 2 "x.npy: labels of shape .12, 4, 4.: expected .N. or .N, 1." import npy y.npy x.npy $to
refuse_line 2 'x.npy: 12 images, but y11.npy has 11 labels' import npy x.npy y11.npy $to
refuse_line 2 'y.npy: all labels are 0: expected two classes at least' import npy x.npy y.npy $to
refuse_line 2 'deep.npy: images of shape .12, 4, 4, 4, 3.: expected .* with 1 or 3 channels' import npy deep.npy y.npy $to
refuse_line 2 'cut.npy: truncated: 200 bytes, its header promises 320' import npy cut.npy y.npy $to
refuse_line 2 'import npy: expected images and labels, X.npy Y.npy, for test too, XTEST.npy YTEST.npy, or one archive SET.npz' import npy x.npy $to
refuse_line 3 'nowhere.npy: No such file or directory' import npy x.npy nowhere.npy $to

# ---- predictions
"$regimen" import folder pets --out pets.h5 --quiet >out 2>err || fail "import: $(cat err)"
"$regimen" train pets.h5 --model mlp --epochs 1 --validation 0 --out run --quiet >out 2>err || fail "train: $(cat err)"
{ printf 'P6\n12 12\n255\n' && head -c 432 /dev/zero; } >pets/cat/colour.ppm
"$regimen" import folder pets --out colour.h5 --quiet >out 2>err || fail "import: $(cat err)"
one=pets/cat/1.pgm
refuse_line 2 'predict: expected RUN|CHECKPOINT INPUT... (see .*regimen predict --help)' predict
refuse_line 2 'predict: expected RUN|CHECKPOINT INPUT... (see .*regimen predict --help)' predict run
refuse_line 2 "predict: $one is a picture: expected a run folder or a checkpoint before it" predict $one pets/cat/2.pgm
refuse_line 3 'nowhere: cannot open: No such file or directory' predict nowhere pets
refuse_line 2 'pets: this folder has no checkpoints/best.h5 or last.h5' predict pets pets
refuse_line 2 'predict: pets.h5 is a data set: expected a run folder or a checkpoint before it' predict pets.h5 pets
refuse_line 2 'predict: pets.h5 is a data set: expected a run folder or a checkpoint before it' predict pets.h5 run
[ "$(wc -l <err)" = 1 ] || fail "swapped arguments: $(cat err)"
refuse_line 2 'colour.h5: its images have 3 channels, those of the model 1 (remedy: the files, or a set of import --keep: they are converted)' predict run colour.h5
refuse_line 2 'pets.h5: no test split' predict run pets.h5 --split test
refuse_line 2 '--split: expected a data set (.h5) among the INPUTs: pictures have no splits' predict run pets --split test
refuse_line 2 "unknown split 'val': expected one of train, test, validation" predict run pets.h5 --split val
refuse_line 2 "predict: no pictures in 'empty'" predict run empty
refuse_line 2 "predict: no pictures in 'texts' (passed over: 2 that are no pictures)" predict run texts
refuse_line 2 "predict: no pictures in 'pets/\*.gif'" predict run 'pets/*.gif'
has err '^regimen: warning: pets/\*.gif: this pattern matches nothing$'
refuse_line 2 'predict: no pictures: the list on standard input is empty' predict run - </dev/null
refuse_line 2 '--null: expected -, a list on standard input, among the INPUTs' predict run pets --null
refuse_line 2 "--top: expected integer, 1 to 65536, found '0'" predict run $one --top 0
refuse_line 2 "unknown way of labels 'foo': expected one of auto, folder, none" predict run $one --labels foo
refuse_line 2 '--page-most: there is no --page' predict run $one --page-most 5
refuse_line 3 '--page: none/x.html: No such file or directory' predict run $one --page none/x.html
refuse_line 3 '--page: empty: Is a directory' predict run $one --page empty
refuse_line 3 '--json: none/x.json: cannot be written: No such file or directory' predict run $one --json=none/x.json
refuse_line 3 '--json: empty: cannot be written: Is a directory' predict run $one --json=empty
refuse_line 3 '--csv: none/x.csv: No such file or directory' predict run $one --csv=none/x.csv
refuse_line 2 '--json and --csv: one of them to a file: --json=FILE or --csv=FILE' predict run $one --json --csv
refuse_line 2 "--json: expected --json=x.json, in one word" predict run $one --json x.json


# ---- outputs never take the place of other files, inputs above all
mkdir kept
cp $one pets.h5 run/config.yaml run/metrics.jsonl kept/
echo '{"name": "x"}' >kept/x.json
echo 'path,label' >kept/x.csv
echo '<!DOCTYPE html>' >kept/x.html
echo x >kept/short
cp -r kept before-kept
for output in --page --csv --json; do
    for file in kept/*; do
        refuse_line 2 "$output: $file: exists, and is none that predict has written: give another name" predict run $one $output=$file
    done
done
refuse_line 2 "--page: $one: exists, and is none that predict has written: give another name" predict run --page pets/cat/*.pgm
ln -s pets.h5 link
refuse 2 '--csv: link: exists, and is none that predict has written' predict run pets.h5 --csv=link
check
diff -r kept before-kept || fail "files are replaced"
: >x.html
: >x.csv
for i in 1 2; do
    expect 0 "$regimen" predict run $one --page x.html --csv=x.csv --json=x.json
    [ $i = 2 ] || refuse_line 2 '--csv: x.json: exists, .*' predict run $one --csv=x.json
done
expect 0 "$regimen" predict run $one --page /dev/null --csv=/dev/null --json=/dev/null
expect 0 sh -c "'$regimen' predict run $one --csv=/dev/stdout >>kept/x.csv"
rm -r kept before-kept link x.html x.csv x.json

# ---- pictures where a data set is expected
refuse_line 3 'pets: a folder, expected a configuration (YAML) or a data set (.* made by the command `import folder`)' train pets
refuse_line 3 'pets: a folder, not a regular file (of a folder of pictures the command `import folder` makes a data set)' train --data pets
finish
