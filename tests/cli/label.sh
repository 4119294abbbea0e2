#!/bin/sh
# label: the page, the same on any number of threads; outputs that are not to be written over; what is refused; what answers
# say. Where Chromium is installed, the page is worked with by keys there, and what it saves is read again.
. "${0%/*}/common.sh"
warnings=1

make_data
"$regimen" import idx idx --out data.h5 --force '--names=ant,<b>bee&,cat"' >out 2>err || fail "import: $(cat err)"

# ---- the page
expect 0 "$regimen" label data.h5 --count 16 --threads 1
has out '^16 pictures of the test split, 2 of them shown twice: open label.html in a browser$'
has out '^next: .*regimen label data.h5 --answers answers.json$'
has err 'page: label.html$'
cp label.html first.html
expect 0 "$regimen" label data.h5 --count 16 --threads 3 --json=page.json
cmp -s label.html first.html || fail "other threads, other bytes"
has page.json '"shows": 18'
expect 0 "$regimen" label data.h5 --count 16 --seed 2 --out second.html --quiet
[ ! -s out ] && [ ! -s err ] || fail "--quiet: $(cat out err)"
! cmp -s first.html second.html || fail "another seed, the same page"
! grep -q -e 'https\?:' -e '<link' -e 'url(' -e '@import' -e '<iframe' -e 'src="[^d]' first.html || fail "not by itself"
has first.html '<kbd>2</kbd><span>&#60;b&#62;bee&#38;</span>'
expect 0 "$regimen" label data.h5 --split train --count 1000 --out train.html
has err '^--count 1000: the train split has 96 images: all are taken$'
[ "$(grep -c '<figure hidden' train.html)" = 96 ] || fail "not all of the training split"

# ---- what is refused
refuse_line 2 '--count: expected integer, 1 to 10000, found .0.' label data.h5 --count 0
refuse_line 2 'data.h5: there is no split validation: --split names one of .*' label data.h5 --split validation
refuse 2 "unknown split 'tests' (nearest: 'test')" label data.h5 --split tests
refuse 2 'expected' label
refuse 3 'none.h5: ' label none.h5
echo mine >mine.html
refuse 2 'mine.html: exists, and is none that label has written' label data.h5 --out mine.html
refuse 3 'nowhere/label.html: ' label data.h5 --out nowhere/label.html
refuse 2 '--out: expected a file' label data.h5 --out ''
refuse 2 'one name for two files' label data.h5 --out label.html --json=label.html
refuse 2 '--answers: the file says' label data.h5 --answers answers.json --count 5

# ---- answers, made of the page: class 0 of each picture, class 1 of the one that is shown first
job() { sed -n "s/.* data-$1=\"\([^\"]*\)\".*/\1/p" first.html; }
{
    printf '{"set": "data.h5", "fingerprint": "%s", "split": "test", "seed": 1, "pictures": 16, "answers": [' \
        "$(job fingerprint)"
    sed -n 's/^<figure hidden data-index="\([0-9]*\)" data-image="\([0-9a-f]*\)">.*/\1 \2/p' first.html |
        awk '{ printf "%s{\"index\": %d, \"image\": \"%s\", \"label\": %d, \"again\": 0, \"seconds\": 1.5}",
               (NR > 1) ? ",\n" : "", $1, $2, (NR == 1) }'
    echo ']}'
} >answers.json
expect 0 "$regimen" label data.h5 --answers answers.json --json=judged.json
has out '^right on [0-9.]* % of 16 test images (95 % interval [0-9.]* to [0-9.]*), kappa -\?[0-9.]*, 1.5 s each (median)$'
has out ': ant said of cat"$'
has judged.json '"agreement": {"hits": 0, "n": 0, "share": null'
# 7 of 20 images are of class 0, so 5 or 6 of the 16; that of the first may be one more or one less
has judged.json '"right": {"hits": [4567], "n": 16'
cp answers.json whole.json
sed 's/"label": 1/"label": 3/' whole.json >answers.json
refuse_line 2 'answers.json: answer 0: label: expected a class, 0 to 2' label data.h5 --answers answers.json
sed 's/"index": [0-9]*/"index": 20/' whole.json >answers.json
refuse 2 'answers.json: answer 0: index: expected the number of an image of the test split, 0 to 19' label data.h5 \
    --answers answers.json
head -c 300 whole.json >answers.json
refuse 2 'answers.json:[0-9]*: no JSON' label data.h5 --answers answers.json
"$regimen" import idx idx --out other.h5 '--names=ant,bee,cow' --quiet || fail "import"
refuse 2 'its answers are of another set, data.h5 .*: give that one' label other.h5 --answers whole.json
refuse 3 'nowhere.json: ' label data.h5 --answers nowhere.json

# ---- the page in a browser: keys, one that is held down, one that is no class, undo; then it is closed and opened again
pressed() { # KEYS: the elements once these are pressed
    { sed '/<\/body>/,$d' first.html && cat <<PAGE; } >pressed.html
<script>
const press = (key, more) => document.dispatchEvent(new KeyboardEvent('keydown', {key, cancelable: true, ...more}));
press('1', {repeat: true});
press('1', {ctrlKey: true});
for (const key of [$1]) press(key);
</script>
</body>
</html>
PAGE
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu "--user-data-dir=$work/profile" --dump-dom \
        "file://$work/pressed.html" 2>/dev/null
}

browser=$(command -v chromium) || browser=
[ "$browser" ] && [ "$("$browser" --headless --no-sandbox --disable-gpu "--user-data-dir=$work/profile" --dump-dom about:blank \
    2>/dev/null | grep -c html)" -gt 0 ] || browser=
if [ "$browser" ]; then
    check
    leaves=profile
    pressed "'1', '2', '3', 'Backspace', '2', '4', 'x', 'Shift', '1'" >dom.html
    has dom.html 'id="count">4 of 18<'
    has dom.html 'id="last">Last answer: ant<'
    pressed "...'11111111111111', 'Backspace', '3'" >dom.html
    has dom.html 'All 18 are answered'
    has dom.html 'Of 2 pictures shown twice you said the same of [012]\.'
    sed -n '/<pre id="text">/,/<\/pre>/p' dom.html | sed 's/.*<pre id="text">//; s/<\/pre>.*//' >answers.json
    expect 0 "$regimen" label data.h5 --answers answers.json --json=judged.json
    has judged.json '"n": 16'
    has judged.json '"agreement": {"hits": [012], "n": 2'
    [ "$(grep -c '"again": 1' answers.json)" = 2 ] || fail "shown twice: $(cat answers.json)"
    labels=$(sed -n 's/.*"label": \([0-9]*\).*/\1/p' answers.json | tr -d '\n')
    [ "$labels" = 011000000000000002 ] || fail "pressed were 1 2 2 1 1 ... 3, saved are $labels"
    # 40 classes: part of a name and Enter; Enter alone is nothing
    "$regimen" import idx idx --out many.h5 "--names=$(seq -s , 10 49)" --quiet >out 2>err || fail "import: $(cat err)"
    expect 0 "$regimen" label many.h5 --count 3 --out first.html
    { sed '/<\/body>/,$d' first.html && cat <<'PAGE'; } >searched.html
<script>
const search = document.getElementById('search');
const press = key => search.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
const type = text => { search.value = text; search.dispatchEvent(new Event('input')); };
press('Enter');
type('4');
for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter', 'Enter']) press(key);
type('no such');
press('Enter');
type('19');
press('Enter');
press('ArrowUp');
press('Enter');
</script>
</body>
</html>
PAGE
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu "--user-data-dir=$work/profile" --dump-dom \
        "file://$work/searched.html" >dom.html 2>/dev/null
    labels=$(sed -n 's/.*"label": \([0-9][0-9]*\).*/\1/p' dom.html | tr '\n' ' ')
    [ "$labels" = "24 9 0 " ] || fail "said were the third with a 4, 19, and the first: $labels"
else
    skip "the page in a browser" "no chromium"
fi

finish
