#!/bin/sh
# report: the page of a run by train and by hand, of several runs, of runs that go on or are damaged; the model asked; names
# of any kind; what is refused.
. "${0%/*}/common.sh"
warnings=1

# whole FILE: a page by itself, of elements that end where they have to
whole() {
    check
    [ "$(head -c 15 "$1")" = '<!DOCTYPE html>' ] || fail "$1 is no page"
    ! grep -q -i -e '<script' -e 'https\?:' -e '<link' -e 'url(' -e '@import' -e '<iframe' "$1" || fail "$1 is not by itself"
    [ "$(tail -n 1 "$1")" = '</html>' ] || fail "$1 has no end"
    [ -n "$python" ] || return 0
    "$python" - "$1" <<'PY' || fail "$1: elements"
import html.parser, sys
class P(html.parser.HTMLParser):
    open, ids = [], set()
    def handle_starttag(self, tag, attributes):
        for k, v in attributes:
            if k == 'id':
                if v in self.ids: sys.exit('twice: ' + v)
                self.ids.add(v)
            if k.startswith('on') or (k == 'src' and not v.startswith('data:')): sys.exit(k + '=' + v)
        if tag not in ('meta', 'img', 'br', 'input'): self.open.append(tag)
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag: sys.exit('end of ' + tag)
p = P()
p.feed(open(sys.argv[1], encoding='utf-8').read())
if p.open: sys.exit('no end of ' + p.open[-1])
PY
}

make_data
"$regimen" import idx idx --out data.h5 --force '--names=ant,<b>bee&,cat"' >out 2>err || fail "import: $(cat err)"

# ---- train writes it
expect 0 "$regimen" train data.h5 --model resnet20 --set model.base=4 --batch 16 --epochs 3 --set metrics.every=1 --out run
has err 'report: run/report.html'
whole run/report.html
has run/report.html 'resnet20 is right on [0-9.]* % of 20 test images (95 % interval [0-9.]* to [0-9.]*) after 3 epochs'
has run/report.html 'regimen report run<'
has run/report.html 'guessing: ln(3) = 1.099'
cp run/report.html trained.html

# ---- the same bytes; the model asked
expect 0 "$regimen" report run --quick
cmp -s run/report.html trained.html || fail "train and report --quick write other pages"
has out '^resnet20 is right on '
for threads in 1 3; do
    expect 0 "$regimen" report run --threads $threads --out asked-$threads.html --json=asked.json
    whole asked-$threads.html
done
cmp -s asked-1.html asked-3.html || fail "other threads, other bytes"
has asked-1.html 'id="confusion"'
has asked-1.html 'id="reliability"'
has asked-1.html 'taken for'
has asked-1.html '&#60;b&#62;bee&#38;'
[ "$(grep -c 'src="data:image/png' asked-1.html)" -ge 21 ] || fail "top losses and filters: $(grep -c 'src=' asked-1.html)"
expect 0 "$regimen" eval run --json=eval.json
hits=$(sed -n 's/^    "hits": \([0-9]*\).*/\1/p' asked.json)
check
accuracy=$(sed -n 's/^ *"accuracy": \([0-9.e-]*\).*/\1/p' eval.json)
awk -v h="$hits" -v a="$accuracy" 'BEGIN { exit !(h != "" && a != "" && h / 20 - a < 1e-9 && a - h / 20 < 1e-9) }' ||
    fail "$hits of 20 is not what eval says: $accuracy"
expect 0 "$regimen" report run --split validation --out v.html --json
has out '"split": "validation"'
has out '"kind": "one seed"'
whole v.html
expect 0 "$regimen" report run --split train --out t.html --quiet
whole t.html

# ---- without data, without checkpoints, without an evaluation, of one epoch
mv data.h5 moved.h5
expect 0 "$regimen" report run
has err 'warning: the model is not asked: .*data.h5'
whole run/report.html
expect 3 "$regimen" report run --data nowhere.h5
expect 0 "$regimen" report run --data moved.h5 --out m.html
has m.html 'id="confusion"'
mv moved.h5 data.h5
expect 0 "$regimen" train data.h5 --model mlp --batch 16 --epochs 1 --validation 0 --out one --quiet
whole one/report.html
rm -r one/checkpoints
expect 0 "$regimen" report one
whole one/report.html

# ---- several
expect 0 "$regimen" report run one ./run/ --out all.html
whole all.html
has all.html '<h1>3 runs</h1>'
has all.html '<p class="verdict">Best: '
expect 0 "$regimen" report run one
whole report.html
rm report.html

# ---- a run that was stopped, one that goes on, one that is resumed after its end
expect 0 "$regimen" train data.h5 --model mlp --batch 16 --epochs 4 --steps 7 --out part
has part/report.html 'it ended: after 7 steps, as asked'
expect 0 "$regimen" train --resume part --steps 0
has part/report.html 'after 4 epochs'
has part/report.html '>resumed<'
whole part/report.html
sed '$d' part/metrics.jsonl >going && mv going part/metrics.jsonl
printf '{"event": "step", "st' >>part/metrics.jsonl
expect 0 "$regimen" report part
has out 'The run has not ended'
has part/report.html 'train --resume part'
expect 0 "$regimen" train --resume part
whole part/report.html

# ---- a page that is not ours stays, and never spoils a training
echo mine >run/report.html
refuse 2 'report: run/report.html: exists, and is no report' report run
[ "$(cat run/report.html)" = mine ] || fail "another file was written over"
expect 0 "$regimen" train --resume run
has err 'warning: report: run/report.html: exists'
[ "$(cat run/report.html)" = mine ] || fail "another file was written over by train"
rm run/report.html
mkdir run/report.html
expect 0 "$regimen" train --resume run
has err 'warning: report: '
rmdir run/report.html

# ---- names of any kind
name=$(printf 'a<b>&"\047\033[2J\351 c')
cp -r run "$name"
expect 0 "$regimen" report "$name" --quick
whole "$name/report.html"
has "$name/report.html" 'a&#60;b&#62;&#38;&#34;&#39;&#xfffd;\[2J&#xfffd; c'
! LC_ALL=C grep -q "$(printf '\033')" out err || fail "a terminal is commanded"

# ---- what is refused
refuse 2 'report: expected RUN\.\.\.' report
refuse 3 'nowhere: No such file' report nowhere
refuse 2 'idx: no run folder' report idx
refuse 2 'data.h5: expected a run folder' report data.h5
refuse 3 'nowhere/p.html' report run --out nowhere/p.html
refuse 2 '--out: expected a file' report run --out=
refuse 2 "unknown split 'tset' (nearest: 'test')" report run --split tset
refuse 2 '--split does not fit' report run one --split test
refuse 2 '--data does not fit' report run --quick --data data.h5
finish
