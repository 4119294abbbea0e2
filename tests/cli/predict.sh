#!/bin/sh
# predict: files, folders, patterns, lists and data sets give the same answers as eval; what cannot be read is named, and the
# rest goes on; text, CSV, JSON and the page, with any names; wrong inputs.
. "${0%/*}/common.sh"
warnings=1

python_with() { # python_with MODULE: whether Python has it
    [ -n "$python" ] && "$python" -c "import $1" 2>/dev/null
}

# picture INDEX FILE: an image of the test split
picture() { { printf 'P5\n12 12\n255\n' && tail -c +$((17 + $1 * 144)) idx/t10k-images-idx3-ubyte | head -c 144; } >"$2"; }

label() { tail -c +$((9 + $1)) idx/t10k-labels-idx1-ubyte | head -c 1 | od -An -tu1 | tr -d ' '; }

prepare() {
    make_data
    "$regimen" import idx idx --out data.h5 --force --names=ant,bee,cat >out 2>err || fail "import: $(cat err)"
    "$regimen" train data.h5 --model resnet20 --set model.base=4 --batch 16 --epochs 2 --out run --quiet >out 2>err ||
        fail "train: $(cat err)"
    check
    ! grep -q '^top 5' out || fail "the first five of three classes: $(cat out)"
    for i in $(seq 0 19); do
        case $(label "$i") in 0) class=ant ;; 1) class=bee ;; *) class=cat ;; esac
        mkdir -p photos/$class
        picture "$i" "photos/$class/$(printf %02d "$i").pgm"
    done
    mkdir odd
    picture 0 'odd/a,b.pgm'
    picture 1 'odd/"quoted".pgm'
    picture 2 "$(printf 'odd/two\nlines.pgm')"
    picture 3 "$(printf 'odd/caf\351.pgm')" # not UTF-8
    picture 4 'odd/<script>alert(1)<b>&.pgm'
    picture 5 'odd/日本語.pgm'
    picture 7 "$(printf 'odd/\342\200\256gpj.\033[2J\302\233\233.pgm')" # it turns the line, and commands a terminal
    picture 6 "odd/$(seq 100 400 | tr -d '\n' | head -c 251).pgm"
    }

# ---- the same answers by every way
answers() { cut -d, -f2- "$1" | tr -d '\r'; } # without names

ways() {
    expect 0 "$regimen" eval run --json=eval.json
    has eval.json '"accuracy5": 1\.0'
    has out '^accuracy '
    check
    ! grep -q '^top 5' out || fail "the first five of three classes: $(cat out)"
    expect 0 "$regimen" predict run data.h5 --csv=set.csv --json=set.json
    accuracy=$(sed -n 's/^ *"accuracy": \([0-9.]*\).*/\1/p' eval.json)
    has set.json "\"accuracy\": $accuracy,"
    has out '^accuracy .*20 pictures with a label'
    has out '^data.h5 test 19 '
    expect 0 "$regimen" predict run data.h5 --split train --json
    has out '"pictures": 96,'
    # in the order of the classes' folders
    expect 0 "$regimen" predict run photos --csv=folder.csv --json=folder.json
    has folder.json "\"accuracy\": $accuracy,"
    has out '^accuracy .*20 pictures with a label'
    has out '^photos/ant/[0-9]*.pgm  [abc]'
    check
    for i in $(seq 0 19); do sed -n "s|^photos/[a-z]*/$(printf %02d "$i").pgm,||p" folder.csv; done | tr -d '\r' >by_file
    sed 1d set.csv | tr -d '\r' | cut -d, -f2- >by_set
    cmp -s by_file by_set || fail "files and the data set differ: $(diff by_file by_set)"
    expect 0 "$regimen" predict run photos/*/*.pgm --csv
    cmp -s out folder.csv || fail "files and their folder differ"
    expect 0 "$regimen" predict run 'photos/*/*.pgm' --csv=pattern.csv --quiet
    cmp -s pattern.csv folder.csv || fail "a pattern and its folder differ"
    find photos -name '*.pgm' | LC_ALL=C sort >list
    expect 0 "$regimen" predict run - --csv <list
    cmp -s out folder.csv || fail "a list and its folder differ"
    sed 's/$/\r/' list >crlf
    expect 0 "$regimen" predict run - --csv <crlf
    cmp -s out folder.csv || fail "a list with CRLF and its folder differ"
    expect 0 sh -c "tr '\n' '\0' <list | \"$regimen\" predict run -0 - --csv"
    cmp -s out folder.csv || fail "a list with NULs and its folder differ"
    for threads in 1 3; do
        expect 0 "$regimen" predict run photos --csv --threads $threads
        cmp -s out folder.csv || fail "another number of threads is something else"
    done
    expect 0 "$regimen" predict run/checkpoints/last.h5 photos/ant data.h5 "photos/bee/$(ls photos/bee | head -1)" --json
    check
    [ "$(grep -c '"top":' out)" = $((20 + $(ls photos/ant | wc -l) + 1)) ] || fail "mixed inputs: $(grep -c '"top":' out)"
    # the same pictures, kept as files in a data set
    expect 0 "$regimen" import folder photos --keep --out kept.h5 --quiet
    expect 0 "$regimen" predict run kept.h5 --split train --csv=kept.csv --page kept.html
    answers kept.csv | sed 's/,[^,]*$//' >by_set
    answers folder.csv >by_file
    check
    cmp -s by_file by_set || fail "files and those kept in a data set differ: $(diff by_file by_set)"
    check
    [ "$(grep -c '<figure' kept.html)" = "$(grep -c 'src="data:image/jpeg' kept.html)" ] || fail "kept pictures on a page"
    # which know the files they were
    first=$(ls photos/ant | head -1)
    has kept.html "title=\"kept.h5 train 0 ant/$first, 12 x 12\">$first, train 0 of kept.h5<"
    check
    sed 's/^photos.//; s/,.*//' folder.csv | sed 1d >by_file
    sed 's/.*,//' kept.csv | tr -d '\r' | sed 1d >by_set
    cmp -s by_file by_set || fail "names in a data set: $(diff by_file by_set)"
    expect 0 "$regimen" import folder photos --out images.h5 --quiet
    expect 0 "$regimen" predict run images.h5 data.h5 --json=images.json
    has out "^images.h5 train 0 ant/$first  "
    has out "^data.h5 test 0  "
    has images.json "{\"data\":\"images.h5\",\"split\":\"train\",\"index\":0,\"name\":\"ant/$first\",\"top\":"
    has images.json '{"data":"data.h5","split":"test","index":0,"top":'
    # labels only where they are wanted
    expect 0 "$regimen" predict run photos data.h5 --labels none --csv
    has out '^file,class,probability,class_2,probability_2,class_3,probability_3.$'
    expect 0 "$regimen" predict run photos data.h5 --labels folder
    has out '20 pictures with a label'
    expect 0 "$regimen" predict run photos --top 1 --csv
    has out '^file,class,probability,label'
    expect 0 "$regimen" predict run photos/ant/*.pgm --batch 7
    # each folder once, links followed; hidden names and other files are counted
    mkdir walk
    cp -r photos/ant walk/
    ln -s ../walk walk/circle
    ln -s ../photos/bee walk/bee
    picture 1 walk/ant/.hidden.pgm
    mkdir walk/.hidden
    picture 1 walk/.hidden/1.pgm
    echo text >walk/notes
    picture 3 walk/nameless
    expect 0 "$regimen" predict run walk --json
    check
    [ "$(grep -c '"top":' out)" = $((1 + $(ls photos/ant photos/bee | grep -c pgm))) ] || fail "a walk: $(cat out)"
    has err 'passed over: 2 hidden, 1 that is no picture, 1 link to a folder seen already or above'
    # real folders come before links, so that a link does not take pictures out of their class
    mkdir -p linked/a linked/cat linked/other
    cp photos/ant/*.pgm linked/cat/
    cp photos/bee/*.pgm linked/other/
    ln -s ../cat linked/a/ant
    ln -s .. linked/a/up
    ln -s ../.. linked/cat/above
    ln -s ../other linked/a/bee
    ln -s "../cat/$(ls photos/ant | head -1)" linked/a/file.pgm
    expect 0 "$regimen" predict run linked --labels folder --csv
    has err 'passed over: 4 links to folders seen already or above$'
    check
    [ "$(cut -d, -f1 out | sed 1d)" = "$(cd linked && echo linked/a/file.pgm && cd .. && ls linked/cat/*.pgm linked/other/*)" ] ||
        fail "links in a folder: $(cut -d, -f1 out)"
    mkdir -p outside/class
    cp photos/ant/*.pgm outside/class/
    ln -s ../../outside/class linked/cat/bee
    expect 0 "$regimen" predict run linked/cat --labels folder --csv
    has err 'passed over: 1 link to a folder seen already or above$'
    check
    [ "$(cut -d, -f1 out | sed 1d)" = "$(ls linked/cat/*.pgm linked/cat/bee/* | LC_ALL=C sort)" ] ||
        fail "a link out of the folder, in the order of names: $(cut -d, -f1 out)"
}

# ---- what cannot be read
broken() {
    mkdir bad
    cp photos/ant/*.pgm bad/
    : >bad/empty.jpg
    echo 'this is text' >bad/text.png
    head -c 100 "photos/bee/$(ls photos/bee | head -1)" >bad/short.pgm
    ln -s nowhere bad/gone.webp
    printf 'P5\n65535 65535\n255\n' >bad/bomb.pgm
    expect 3 "$regimen" predict run bad nosuch.jpg nosuch.h5 data.h5 --json=bad.json --page bad.html
    for file in bad/empty.jpg bad/text.png bad/short.pgm bad/gone.webp bad/bomb.pgm nosuch.jpg nosuch.h5; do
        has err "^regimen: error: $file: "
        has bad.json "{\"file\":\"$file\",\"reason\":\"..*\"}"
        has bad.html "$file"
    done
    has err '^regimen: error: predict: 7 of [0-9]* could not be read$'
    has out 'and 7 that could not be read'
    has bad.json "\"pictures\": $(($(ls photos/ant | wc -l) + 20)),"
    mkfifo pipe
    expect 3 "$regimen" predict run pipe
    has err 'pipe: cannot be read: not a regular file'
    if [ "$(id -u)" != 0 ]; then
        mkdir locked
        cp photos/ant/*.pgm locked/
        chmod 0 locked
        expect 3 "$regimen" predict run photos locked
        has err 'locked: Permission denied'
    else
        skip "a folder without permission" "run as root"
    fi
}

# ---- what cannot be read in a data set of encoded pictures: it is named by its place, and the rest goes on
broken_sets() {
    cp kept.h5 damaged.h5
    at=$(grep -abo 'P5' damaged.h5 | sed -n 3p | cut -d: -f1)
    printf X | dd of=damaged.h5 bs=1 seek="$at" conv=notrunc 2>/dev/null
    expect 3 "$regimen" predict run damaged.h5 --json=damaged.json --page damaged.html
    has err '^regimen: error: damaged.h5 train 2 ant/[0-9]*.pgm: damaged: its checksum does not match$'
    has err '^regimen: error: predict: 1 of 20 could not be read$'
    has damaged.json '"pictures": 19,'
    has damaged.html 'damaged.h5 train 2'
    if python_with h5py; then
        "$python" - <<'END' || fail "h5py"
import glob, h5py, numpy as np
files = [open(name, "rb").read() for name in sorted(glob.glob("photos/*/*.pgm"))]
for name, broken in ("some.h5", {0: b"no picture", 3: b"P5\n12 12\n255\nshort"}), ("all.h5", dict(enumerate([b"x"] * 20))):
    mine = [broken.get(i, f) for i, f in enumerate(files)]
    with h5py.File(name, "w") as f:
        f["train/encoded"] = np.frombuffer(b"".join(mine), np.uint8)
        f["train/offsets"] = np.cumsum([0] + [len(m) for m in mine])
        f["train/labels"] = np.arange(20) % 3
        f.attrs["channels"] = 1
END
        expect 3 "$regimen" predict run some.h5 data.h5 --json=some.json
        has err '^regimen: error: some.h5 train 0: not a picture'
        has err '^regimen: error: some.h5 train 3: PNM: '
        has err '^regimen: error: predict: 2 of 40 could not be read$'
        has some.json '"pictures": 38,'
        expect 3 "$regimen" predict run all.h5
        has err '^regimen: error: predict: 20 of 20 could not be read$'
        expect 2 "$regimen" train some.h5 --model mlp --out run-broken --quiet
        has err 'some.h5: train/encoded\[0\]: '
    else
        skip "a set of another program with broken pictures" "no h5py"
    fi
}

# ---- sets of other channels than the model's
channels() {
    # files and encoded pictures are converted, images are not
    mkdir colour
    for class in ant bee cat; do
        mkdir colour/$class
        for i in 1 2 3; do { printf 'P6\n12 12\n255\n' && seq $((i * ${#class} * 70)) 2000 | head -c 432; } >colour/$class/$i.ppm; done
    done
    expect 0 "$regimen" import folder colour --keep --out colour-kept.h5 --quiet
    expect 0 "$regimen" import folder colour --out colour.h5 --quiet
    expect 0 "$regimen" predict run colour --csv=files.csv --quiet
    expect 0 "$regimen" predict run colour-kept.h5 --csv=sets.csv --quiet --page colour.html
    answers files.csv >files
    answers sets.csv | sed 's/,[^,]*$//' >sets
    check
    cmp -s files sets || fail "colour pictures, and those kept in a set: $(diff files sets)"
    refuse 2 'colour.h5: its images have 3 channels, those of the model 1 (remedy: ' predict run colour.h5
    expect 0 "$regimen" train colour.h5 --model mlp --epochs 1 --validation 0 --out run-colour --quiet
    expect 0 "$regimen" predict run-colour kept.h5 --json=grey.json
    has grey.json '"pictures": 20,'
    # other numbers of channels
    if python_with h5py; then
        "$python" - <<'END' || fail "h5py"
import h5py, numpy as np
for name, C, side in ("two.h5", 2, 12), ("five.h5", 5, 12), ("two-large.h5", 2, 13):
    with h5py.File(name, "w") as f:
        f["train/images"] = (np.arange(20 * side * side * C) % 251).astype("uint8").reshape(20, side, side, C)
        f["train/labels"] = np.arange(20) % 3
END
        for set in two five; do
            expect 0 "$regimen" train $set.h5 --model resnet20 --set model.base=4 --batch 10 --epochs 1 --validation 0 --out run-$set --quiet
            expect 0 "$regimen" eval run-$set --split train --json=eval.json
            expect 0 "$regimen" predict run-$set $set.h5 --json=$set.json --page $set.html
            has $set.json '"pictures": 20,'
            has $set.json '"transform": ""'
            has $set.json "\"accuracy\": $(sed -n 's/^ *"accuracy": \([0-9.]*\).*/\1/p' eval.json),"
            check
            [ "$(grep -c 'src="data:image/jpeg' $set.html)" = 20 ] || fail "images of other channels on a page"
        done
        refuse 2 'two-large.h5: its images have 13 x 13 pixels, those of the model 12 x 12: images of 2 channels are not resized' predict run-two two-large.h5
        refuse 2 'two.h5: its images have 2 channels, those of the model 5' predict run-five two.h5
        refuse 2 'kept.h5: its images have 1 channel, those of the model 5$' predict run-five kept.h5
        refuse 2 'its images have 2 channels: no picture has so many, only images of data sets' predict run-two photos
    else
        skip "images of other channels" "no h5py"
    fi
}

# ---- any names
names() {
    expect 0 "$regimen" predict run odd --csv=odd.csv --json=odd.json --page odd.html
    check
    [ "$(wc -l <out)" -ge 12 ] || fail "a name with a newline: $(cat out)"
    has out '^odd/???gpj\.?\[2J???\.pgm '
    has odd.csv "^$(printf 'odd/\342\200\256gpj.\033\[2J\302\233\233.pgm'),"
    check
    ! grep -q "$(printf '[\033\233]')" out err odd.html || fail "a terminal would obey"
    has odd.html '&#60;script&#62;alert(1)&#60;b&#62;&#38;.pgm'
    ! grep -q -i -e '<script' -e 'https\?:' -e '<link' -e 'url(' -e '@import' odd.html || fail "the page is not by itself"
    has odd.html 'src="data:image/jpeg;base64,/9j/'
    has odd.html '&#34;quoted&#34;'
    has odd.csv '^"odd/a,b.pgm",'
    has odd.csv '^"odd/""quoted"".pgm",'
    if python_with csv; then
        check
        "$python" - <<'END' || fail "CSV and JSON do not say the same"
import csv, json, os
rows = list(csv.reader(open("odd.csv", newline="", encoding="utf-8", errors="surrogateescape")))
assert all(len(r) == len(rows[0]) for r in rows), rows
files = sorted(os.path.join("odd", n) for n in os.listdir("odd"))
assert sorted(r[0] for r in rows[1:]) == files, rows
whole = json.load(open("odd.json", encoding="utf-8"))
assert len(whole["predictions"]) == len(files) and whole["unreadable"] == []
for row, one in zip(rows[1:], whole["predictions"]):
    assert one["file"] == row[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace"), one
    assert [t["name"] for t in one["top"]] == row[1::2], one
    p = [t["probability"] for t in one["top"]]
    assert p == sorted(p, reverse=True) and abs(sum(p) - 1) < 1e-5, p
    assert all(abs(float(a) - b) < 1e-6 for a, b in zip(row[2::2], p)), row
for name in ("set.json", "folder.json", "bad.json"):
    assert {"predictions", "unreadable", "accuracy", "model", "checkpoint", "transform"} <= set(json.load(open(name)))
END
    else
        skip "CSV and JSON by their parsers" "no Python"
    fi
}

pages() {
    expect 0 "$regimen" predict run data.h5 --page page.html --page-most 3 --quiet
    check
    [ "$(grep -c '<figure' page.html)" = 3 ] || fail "--page-most: $(grep -c '<figure' page.html)"
    has page.html '17 are left out'
    expect 0 "$regimen" predict run "photos/ant/$first" "odd/a,b.pgm"
    has out '^accuracy .*; 1 picture with a label)$'
    has out '^classes    [a-z]*: [12]'
    has page.html '<h1>20 pictures, [0-9.]* % right</h1>'
    has page.html '>data.h5<'
    has page.html '>test [0-9]* of data.h5<'
    has page.html 'checkpoints/best.h5'
    expect 0 "$regimen" predict run photos --labels none --page page.html --page-most 1000
    check
    [ "$(grep -c '<figure' page.html)" = 20 ] || fail "a page of 20"
    has page.html 'Least sure first'
    # least sure first, indeed
    sed -n 's|.*class="top first"><span>[^<]*</span><b>\([0-9.]*\) %.*|\1|p' page.html >sure
    check
    sort -n sure | cmp -s - sure || fail "not the least sure first: $(tr '\n' ' ' <sure)"
}

# Who closes the pipe, as `head` does, is not told of it. What else is written can be parsed.
unread() {
    for i in $(seq 300); do ls photos/*/*.pgm; done >many
    check
    { "$regimen" predict run - --json=unread.json --csv=unread.csv <many 2>err; echo $? >code; } | head -3 >some
    [ "$(cat code)" = 3 ] || fail "its pipe is closed, and it ends with $(cat code): $(cat err)"
    check
    [ ! -s err ] || fail "a closed pipe is told: $(cat err)"
    check
    [ "$(wc -l <some)" = 3 ] || fail "three lines: $(cat some)"
    check
    tail -1 unread.json | grep -q '^}$' || fail "half of a JSON file: $(tail -2 unread.json)"
}

# In the background, SIGINT is ignored until the program hears it; what is done is told.
stops() {
    for i in $(seq 2000); do echo "photos/ant/$(ls photos/ant | head -1)"; done >many
    "$regimen" predict run - - - --batch 1 --csv=stopped.csv --json=stopped.json <many >out 2>err &
    pid=$!
    children="$children $pid"
    wait_for stopped.csv pgm
    kill -TERM $pid
    wait $pid
    code=$?
    check
    if [ $code = 0 ]; then # it was faster
        has stopped.json '"pictures": 2000'
    else
        [ $code = 130 ] || fail "stopped, it ends with $code: $(cat err)"
        has err 'stopped on request after [0-9]* of 2000 pictures'
        has stopped.json '"pictures": [1-9]'
    fi
}

# Large pictures: the first answers are told, and a stop is heard, long before a window of them is read.
stops_early() {
    { printf 'P5\n5000 5000\n255\n' && head -c 25000000 /dev/zero; } >large.pgm
    for i in $(seq 250); do echo large.pgm; done >many
    "$regimen" predict run - --batch 2 --threads 1 --csv=early.csv --json=early.json <many >out 2>err &
    pid=$!
    children="$children $pid"
    wait_for early.csv pgm
    kill -TERM $pid
    wait $pid
    code=$?
    check
    [ $code = 130 ] || fail "stopped amid large pictures, it ends with $code: $(cat err)"
    has err 'stopped on request after [0-9]* of 250 pictures'
    has early.json '"pictures": [1-9]'
    check
    [ "$(sed 1d early.csv | cut -d, -f2- | sort -u | wc -l)" -le 2 ] || fail "one picture, other answers: $(cat early.csv)"
    # answers do not depend on the pieces that are read at a time
    for i in $(seq 40); do
        [ $((i % 7)) = 0 ] && echo nosuch.jpg
        [ $((i % 5)) = 0 ] && echo large.pgm
        ls photos/*/*.pgm
    done >many
    expect 3 "$regimen" predict run - --batch 16 --csv=pieces.csv --quiet <many
    expect 3 "$regimen" predict run - --batch 16 --threads 3 --csv=threads.csv --quiet <many
    check
    [ "$(sed 1d pieces.csv | cut -d, -f1)" = "$(grep -v nosuch many)" ] || fail "the order of answers: $(cat pieces.csv)"
    check
    cmp -s pieces.csv threads.csv || fail "answers depend on how many pictures are read at a time"
    rm large.pgm
}

# ---- wrong inputs
wrong() {
    mkdir nothing
    echo text >nothing/text
    refuse 2 'expected RUN|CHECKPOINT INPUT' predict
    refuse 2 'expected RUN|CHECKPOINT INPUT' predict run
    refuse 2 "no pictures in 'nothing' (passed over: 1 that is no picture)$" predict run nothing
    refuse 2 "no pictures in 'nothing/\*.jpg'" predict run 'nothing/*.jpg'
    refuse 2 'no pictures: the list on standard input is empty' predict run - </dev/null
    refuse 2 "this folder has no checkpoints/best.h5 or last.h5" predict photos photos
    expect 0 "$regimen" predict --help
    has out '^  -b, --batch=N  *images that are predicted together'
    expect 0 "$regimen" eval --help
    has out '^  -b, --batch=N  *images in a step'
    "$regimen" import idx idx --out unknown.h5 --names=x,y,z --quiet
    expect 0 "$regimen" predict run unknown.h5
    has err 'unknown.h5: the model knows none of its classes: its images have no labels$'
    refuse 2 'data.h5 is a data set: expected a run folder or a checkpoint before it' predict data.h5 photos
    refuse 3 'nosuch.h5' predict nosuch.h5 photos
    refuse 2 '--top: expected integer, 1 to 65536' predict run photos --top 0
    refuse 2 '--top: ' predict run photos --top five
    refuse 2 "unknown split 'tests' (nearest: 'test')" predict run data.h5 --split tests
    refuse 2 'data.h5: no validation split' predict run data.h5 --split validation
    refuse 2 "unknown way of labels 'maybe'" predict run photos --labels maybe
    refuse 2 '--page-most: expected integer' predict run photos --page p.html --page-most 0
    refuse 2 '--page-most: there is no --page' predict run photos --page-most 3
    refuse 3 'nowhere/p.html' predict run photos --page nowhere/p.html
    refuse 3 'nowhere/p.csv' predict run photos --csv=nowhere/p.csv
    refuse 3 'nowhere/p.json' predict run photos --json=nowhere/p.json
    refuse 2 'one of them to a file' predict run photos --csv --json
    refuse 2 '--batch: ' predict run photos --batch 0
    refuse 2 '--threads: ' predict run photos --threads 257
    refuse 2 "unknown option '--tops'" predict run photos --tops 3
    refuse 2 "unknown key" predict run photos --set bach=3
    printf 'a\000b\n' >list
    refuse 2 'a NUL in it' predict run - <list
}

# ---- bench predict
benched() {
    expect 0 "$regimen" bench predict --checkpoint run --pictures photos --singles 5 --iters 1 --warmup 1 --json=bench.json
    for key in latency_ms_median latency_ms_p95 latency_ms_p99 images_per_s latency_picture_ms_median pictures_per_s; do
        has bench.json "^  \"$key\": [0-9]*\.[0-9]"
    done
    has bench.json '"pictures": 20'
    has out '^one image  *[0-9.]* ms (95 % below'
    has out '^files  *[0-9.]* pictures/s .*20 files'
    expect 0 "$regimen" bench compare bench.json bench.json
    expect 0 "$regimen" bench predict --model resnet20 --set model.base=4 --image 3x9x7 --batch 3 --singles 1 --iters 1 --json
    has out '"name": "one image"'
    expect 2 "$regimen" bench predict --checkpoint run --pictures nothing
    has err "no pictures in 'nothing'"
    expect 2 "$regimen" bench predict --checkpoint run --pictures bad --singles 1
    has err 'bad/'
}

prepare
ways
broken
broken_sets
channels
names
pages
unread
stops
stops_early
wrong
benched
finish
