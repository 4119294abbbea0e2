#!/bin/sh
# inspect: what it tells as text, JSON and a page, of planted sets and of pictures with any names; the same on any number of
# threads; outputs that are not to be written over; wrong inputs, and Ctrl-C.
. "${0%/*}/common.sh"
warnings=1

has_h5py() { [ -n "$python" ] && "$python" -c 'import h5py' 2>/dev/null; }

# picture FILE SEED: 12 x 10 pixels of noise in colour
picture() {
    {
        printf 'P6\n10 12\n255\n'
        awk -v seed="$2" 'BEGIN { srand(seed); for (i = 0; i < 360; i++) printf "%d", 10 * rand() }' |
            tr '0-9' '\000\031\062\113\144\175\226\257\310\341'
    } >"$1"
}

# ---- pictures in folders: copies within and across splits, one with two labels, names that a terminal would obey
prepare() {
    turn=$(printf '\342\200\256gpj\033[2J')
    mkdir -p photos/ant photos/bee "photos/<b>cat$turn"
    for i in $(seq 1 30); do
        picture "photos/ant/$i.ppm" "$i"
        picture "photos/bee/$i.ppm" $((100 + i))
        picture "photos/<b>cat$turn/$i.ppm" $((200 + i))
    done
    cp photos/ant/7.ppm photos/ant/again.ppm
    cp photos/ant/9.ppm photos/bee/other.ppm
    cp photos/bee/3.ppm "photos/bee/<script>alert(1)$turn.ppm"
    "$regimen" import folder photos --out photos.h5 --test 0.3 --quiet 2>err || fail "import: $(cat err)"
    "$regimen" import folder photos --keep --out kept.h5 --quiet 2>err || fail "import: $(cat err)"
    make_data
}

# obeys FILE: a control character, or one that turns the line, is in it
obeys() { tr -d '\n\t' <"$1" | grep -q -e "$(printf '[\001-\037\177]')" -e "$(printf '\342\200\256')"; }

answers() {
    expect 0 "$regimen" inspect photos.h5 --json=photos.json --page photos.html
    has out '^photos.h5: 93 images, 3x12x10 (channels x height x width), 3 classes$'
    has out '^  ant  *[0-9]'
    has out '^conflicting labels: 1$'
    has out 'the same as .*, which is ant, not bee\|, which is bee, not ant'
    has out '^Mend this before you train: .*1 conflicting label'
    has out '^next: .*regimen inspect photos.h5 --write-exclude list.txt$'
    has err '^page: photos.html$'
    ! obeys out || fail "names are obeyed: $(cat -v out | head -30)"
    check
    ! grep -q '<script' photos.html || fail "a name is markup"
    has photos.html '^<meta name="generator" content="regimen inspect">$'
    has photos.html '<h2 id="label_conflict">1 conflicting label</h2>'
    has photos.html 'src="data:image/png;base64,'
    has photos.html 'alert(1)'
    check
    ! obeys photos.html || fail "names are in the page as they are"
    check
    ! grep -q 'src="[^d]\|href="[^#]\|url(' photos.html || fail "the page asks for something"
    [ -z "$python" ] || json_of_photos
    for threads in 1 3; do
        expect 0 "$regimen" inspect photos.h5 --threads $threads --json=again.json --page again.html --quiet
        sed '/"seconds"/d' photos.json >a
        sed '/"seconds"/d' again.json >b
        cmp -s a b || fail "another number of threads finds something else: $(diff a b | head -5)"
        cmp -s photos.html again.html || fail "another number of threads makes another page"
    done
    # findings of a kind
    expect 0 "$regimen" inspect photos.h5 --most 0
    check
    ! grep -q 'the same as' out || fail "--most 0: $(cat out)"
    has out '^next: .*regimen inspect photos.h5 --page page.html$'
    expect 0 "$regimen" inspect photos.h5 --page photos.html --page-most 1
    has out '^next: .*regimen inspect photos.h5 --write-exclude list.txt$'
    expect 0 "$regimen" inspect photos.h5 --write-exclude list.txt
    has out '^next: .*regimen train --data photos.h5 --exclude list.txt$'
    expect 0 "$regimen" inspect photos.h5 --quiet --json
    check
    [ ! -s err ] || fail "--quiet: $(cat err)"
    [ -z "$python" ] || "$python" -m json.tool <out >/dev/null || fail "--json: $(head -c 300 out)"
}

json_of_photos() {
    check
    "$python" - <<'END' || fail "photos.json: $(head -c 1500 photos.json)"
import json
r = json.load(open("photos.json"))
assert r["images"] == 93 and r["unreadable"] == 0 and r["classes"] == 3 and r["verdict"] == "fail"
assert r["size"] == {"channels": 3, "height": 12, "width": 10, "encoded": False}
assert sum(sum(s["classes"]) for s in r["splits"].values()) == 93 and len(r["class_names"]) == 3
f = r["findings"]
assert len(f) == sum(r["counts"].values()) and r["findings_left_out"] == 0
assert r["counts"]["label_conflict"] == 1 and r["counts"]["leak"] + r["counts"]["exact_duplicate"] == 3
assert all(a["score"] >= b["score"] for a, b in zip(f, f[1:]) if a["kind"] == b["kind"])
for one in f:
    assert one["name"] and 0 <= one["index"] < r["splits"][one["split"]]["images"] and one["reason"], one
    if one["kind"] in ("leak", "exact_duplicate", "label_conflict"):
        assert one["other_split"] in r["splits"] and one["group"] >= 0
    assert (one["split"] != one.get("other_split")) == (one["kind"] != "exact_duplicate") or one["kind"] == "label_conflict"
END
}

# ---- pictures as files, some of them damaged
damaged() {
    expect 0 "$regimen" inspect kept.h5 --page kept.html
    has out '^kept.h5: 93 encoded pictures, 3 channels, up to 12 high and 10 wide, 3 classes$'
    has out '^  .*again.ppm\|ant/again.ppm'
    has_h5py || { skip "damaged pictures in a set" "no h5py"; return; }
    "$python" - <<'END'
import h5py, numpy
with h5py.File("kept.h5") as f, h5py.File("foreign.h5", "w") as out:
    g, h = f["train"], out.create_group("train")
    bytes, offsets = g["encoded"][:], [int(i) for i in g["offsets"][:]]
    for i in range(0, 60, 4):
        bytes[offsets[i]:offsets[i] + 3] = 0
    h["encoded"] = bytes
    for name in "offsets", "sizes", "labels", "names":
        h[name] = g[name][:]
    out.attrs["channels"] = f.attrs["channels"]
    out.attrs["background"] = f.attrs["background"]
END
    for how in --threads=1 --page=foreign.html; do
        expect 0 "$regimen" inspect foreign.h5 --json=foreign.json $how
        has foreign.json '"unreadable": 15,'
        check
        [ "$(grep -c '"kind": "unreadable"' foreign.json)" = 15 ] || fail "unreadable: $(head -c 500 foreign.json)"
        check
        [ "$(grep -c warning err)" = 10 ] || fail "lines of what is broken: $(cat err)"
    done
    has foreign.html 'cannot be read'
    has out '^unreadable pictures: 15$'
    # all of them
    "$python" -c 'import h5py; f = h5py.File("foreign.h5", "a"); f["train/encoded"][:] = 0'
    expect 0 "$regimen" inspect foreign.h5 --page=foreign.html --json=foreign.json --quiet
    has foreign.json '"images": 0,'
    check
    ! grep -q 'nan' out foreign.json || fail "of no picture: $(head -5 out)"
}

# ---- sets of odd shapes
shapes() {
    has_h5py || { skip "sets of odd shapes" "no h5py"; return; }
    "$python" - <<'END'
import h5py, numpy
def make(name, images, labels, **attrs):
    with h5py.File(name, "w") as f:
        for split, x in images.items():
            f[split + "/images"] = x
            f[split + "/labels"] = numpy.array(labels[split])
        for k, v in attrs.items():
            f.attrs[k] = v
r = numpy.random.default_rng(5)
one = r.integers(0, 256, (1, 3, 4, 1), dtype=numpy.uint8)
make("one.h5", {"validation": one}, {"validation": [1]})
make("pixel.h5", {"train": r.integers(0, 2, (40, 1, 1, 1), dtype=numpy.uint8)}, {"train": [i % 2 for i in range(40)]})
make("class.h5", {"train": r.integers(0, 256, (20, 5, 5, 3), dtype=numpy.uint8)}, {"train": [0] * 20},
     class_names=["all", "none"])
make("names.h5", {"train": one.repeat(6, 0), "test": one.repeat(3, 0)}, {"train": [0, 1, 2, 0, 1, 2], "test": [2, 1, 0]},
     class_names=["same", "same", b"caf\xe9 \xe2\x80\xae\x1b[31m".decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape").decode("latin1")])
make("many.h5", {"train": r.integers(0, 256, (2200, 6, 6, 1), dtype=numpy.uint8)}, {"train": [i % 1100 for i in range(2200)]})
make("deep.h5", {"train": r.integers(0, 256, (12, 6, 6, 5), dtype=numpy.uint8)}, {"train": [i % 3 for i in range(12)]})
with h5py.File("empty.h5", "w") as f:
    f["train/images"] = one
    f["train/labels"] = numpy.array([0])
    f["test/images"] = numpy.zeros((0, 3, 4, 1), numpy.uint8)
    f["test/labels"] = numpy.zeros(0, int)
END
    for set in one pixel class names many deep; do
        expect 0 "$regimen" inspect $set.h5 --json=$set.json --page $set.html
        check
        "$python" -c 'import json,sys; json.load(open(sys.argv[1]))' $set.json || fail "$set.json: $(head -c 500 $set.json)"
        has $set.html '^</html>$'
        check
        ! obeys out || fail "$set: names are obeyed: $(cat -v out | head -30)"
        check
        [ "$(wc -c <$set.html)" -lt 5000000 ] || fail "$set.html has $(wc -c <$set.html) bytes"
    done
    has one.json '"images": 1,'
    expect 0 "$regimen" inspect class.h5
    has out '^  1 class has no image in any split'
    expect 0 "$regimen" inspect many.h5
    has out '^  1090 classes between these$'
    check
    "$python" - <<'END' || fail "equal names of classes: $(head -c 800 names.json)"
import json
r = json.load(open("names.json"))
assert r["class_names"][:2] == ["same", "same"] and r["splits"]["train"]["classes"] == [2, 2, 2]
assert r["counts"]["leak"] == 3 and r["counts"]["exact_duplicate"] == 5 and r["counts"]["label_conflict"] == 6
END
    refuse 2 'empty' inspect empty.h5
}

# ---- what is refused, before the work
wrong() {
    refuse 2 'inspect' inspect
    refuse 3 'nothing.h5' inspect nothing.h5
    echo 'no set' >text.h5
    refuse 2 'text.h5' inspect text.h5
    head -c 3000 data.h5 >short.h5
    refuse '[23]' 'short.h5' inspect short.h5
    refuse 3 'import folder' inspect photos
    refuse 2 'unknown option' inspect data.h5 --pages x.html
    for most in x -1 1.5 '' 9999999999; do refuse 2 'most' inspect data.h5 --most="$most"; done
    refuse 2 'page-most' inspect data.h5 --page a.html --page-most 0
    refuse 2 'page-most: there is no --page' inspect data.h5 --page-most 3
    refuse 2 'page: expected a file' inspect data.h5 --page=
    refuse 2 'exists, and is none that inspect has written' inspect data.h5 --page text.h5
    refuse 2 'exists, and is none that inspect has written' inspect data.h5 --json=text.h5
    refuse 2 'exists, and is none that inspect has written' inspect data.h5 --write-exclude text.h5
    check
    [ "$(cat text.h5)" = 'no set' ] || fail "a file was written over"
    refuse 3 'No such file or directory' inspect data.h5 --page none/a.html
    refuse 3 'No such file or directory' inspect data.h5 --json=none/a.json
    mkdir folder
    refuse 3 'irectory' inspect data.h5 --page folder
    # the page of another command is not inspect's
    printf '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="regimen predict">\n' >predict.html
    refuse 2 'exists, and is none' inspect data.h5 --page predict.html
    expect 3 "$regimen" inspect data.h5 --json=/dev/full --quiet
    expect 0 "$regimen" inspect data.h5 --page=/dev/null --quiet
    refuse 2 'one name for two files' inspect data.h5 --page same --write-exclude same
    refuse 2 'expected a file' inspect data.h5 --page=-
    # it writes its own ones over
    for i in 1 2; do expect 0 "$regimen" inspect data.h5 --json=own.json --page own.html --write-exclude own.txt; done
}

# ---- stopped: no page and no list, and the line says so. A shell lets nothing in the background hear SIGINT; SIGTERM is heard alike
interrupted() {
    mkdir large
    {
        bytes 0 0 10 3 0 0 164 50 0 0 0 34 0 0 0 34 # 29,736 images of 28 x 28
        seq 1 3500000 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c $((29736 * 784))
    } >large/train-images-idx3-ubyte
    {
        bytes 0 0 10 1 0 0 164 50
        yes abcacb | tr -d '\n' | tr abc '\000\001\002' | head -c 29736
    } >large/train-labels-idx1-ubyte
    cp idx/t10k-labels-idx1-ubyte large/
    idx 20 large/t10k 28
    "$regimen" import idx large --out large.h5 --quiet 2>err || fail "import: $(cat err)"
    check
    code=none
    for delay in 0.5 0.2 0.1 0.05 0.02; do # the first one that is within the work
        "$regimen" inspect large.h5 --page large.html --write-exclude large.txt --threads 1 >out 2>err &
        child=$!
        children=$child
        sleep $delay
        kill -TERM $child 2>/dev/null
        wait $child
        code=$?
        children=
        [ $code = 130 ] && break
        rm -f large.html large.txt
    done
    [ $code = 130 ] || fail "exit code $code: $(cat err)"
    has err 'stopped on request'
    [ ! -e large.html ] && [ ! -e large.txt ] || fail "a page or a list of what was stopped"
}

prepare
answers
damaged
shapes
wrong
interrupted
finish
