#!/bin/sh
# The documents name what is there: every test in the tables of docs/RELIABILITY.md, and every file that a link leads to.
# Documents and the comments of headers can be read: no sentence has more than 25 words.
# docs/ARCHITECTURE.md and docs/CONVOLUTIONS.md: every file, folder and function that they name exists; every room and every
# pass of the plan has its place in them, rooms also in the picture.
#
# A cell of the column "test" is a list of "FILE: NAME, NAME", separated by "; ". FILE is check_X for tests/check_X.c, or a script
# below tests/, which has no names. What stands in parentheses is a remark.
top=${srcdir:-.}
[ -f "$top/docs/RELIABILITY.md" ] || top=$top/..
found=0
failed=0

wrong() {
    echo "check_documents: $*" >&2
    failed=1
}

# named FILE [NAME]
named() {
    found=$((found + 1))
    case $1 in *.sh) file=$top/tests/$1 ;; *) file=$top/tests/$1.c ;; esac
    if [ ! -f "$file" ]; then
        wrong "docs/RELIABILITY.md: there is no $file"
    elif [ "$2" ] && ! grep -q "^START_TEST($2)" "$file"; then
        wrong "docs/RELIABILITY.md: $file has no test $2"
    fi
}

tests_of_tables() { # lines "FILE NAME", or "FILE" alone
    awk -F ' *[|] *' '
        !/^[|]/ { column = 0; next }
        !column { column = -1; for (i = 2; i < NF; i++) if ($i == "test") column = i; next }
        column < 0 || /^[|]-/ { next }
        $column == "" { print "(none)"; next }
        {
            gsub(/ *[(][^()]*[)]/, "", $column)
            for (n = split($column, part, "; "); n > 0; n--) {
                file = part[n]
                if (sub(/:.*/, "", file)) {
                    sub(/^[^:]*: */, "", part[n])
                    for (k = split(part[n], name, ", *"); k > 0; k--) print file, name[k]
                } else print file
            }
        }' "$top/docs/RELIABILITY.md"
}

tests=$(mktemp "${TMPDIR:-/tmp}/regimen-documents-XXXXXX") || exit 99
trap 'rm -f "$tests"' EXIT
tests_of_tables >"$tests"
while read -r file name rest; do
    [ -z "$rest" ] || wrong "docs/RELIABILITY.md: '$file: $name $rest' is no name of a test"
    named "$file" "$name"
done <"$tests"
[ $found -gt 50 ] || wrong "docs/RELIABILITY.md: only $found tests were found in its tables"

headings() { # FILE: its headings as links name them
    sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g'
}

for document in "$top"/*.md "$top"/docs/*.md "$top"/datasets/*.md "$top"/bench/*.md "$top"/tests/golden/*.md; do
    [ -f "$document" ] || continue
    for link in $(grep -o '](\([^):#]*\)[)#]' "$document" | sed 's/^](//; s/[)#]$//'); do
        [ -e "$(dirname "$document")/$link" ] || wrong "$document: the link to $link leads nowhere"
    done
    for link in $(grep -o '](\([^):#]*\)#[^)]*)' "$document" | sed 's/^](//; s/)$//'); do
        file=${link%%#*}
        [ -n "$file" ] && file=$(dirname "$document")/$file || file=$document
        case $file in *.md) ;; *) continue ;; esac
        headings "$file" | grep -qxF "${link#*#}" || wrong "$document: no heading of $file is #${link#*#}"
    done
done

# The blocks of a document outside of code, a line each, "LINE TEXT": a paragraph, a list's item, a cell of a table.
# Headings are left out. A link is its text, a picture nothing.
blocks() { # FILE
    awk '
        function flush() { if (text != "") print first, text; text = "" }
        function add(part) { sub(/^ +/, "", part); if (text == "") first = FNR; text = text == "" ? part : text " " part }
        /^ *```/ { flush(); code = !code; next }
        code { next }
        /^#/ || /^ *$/ { flush(); next }
        { gsub(/!\[[^]]*\]\([^)]*\)/, ""); while (match($0, /\[[^]]*\]\([^)]*\)/)) {
              link = substr($0, RSTART + 1, RLENGTH - 1); sub(/\].*/, "", link)
              $0 = substr($0, 1, RSTART - 1) link substr($0, RSTART + RLENGTH) } }
        /^ *[|][-:| ]*$/ { next }
        /^ *[|]/ { flush(); n = split($0, cell, "|"); for (i = 2; i < n; i++) { add(cell[i]); flush() } next }
        /^ *([-*]|[0-9]+[.]) / { flush(); sub(/^ *([-*]|[0-9]+[.]) /, "") }
        { add($0) }
        END { flush() }' "$1"
}

# The same of the comments of C: a paragraph, or an item of a list that begins with "-". What is indented (an example, a
# table) is left out.
comments() { # FILE...: lines "FILE:LINE TEXT"
    awk '
        function flush() { if (text != "") print first, text; text = ""; item = 0 }
        function add(part) {
            if (part ~ /^ *$/) { flush(); return }
            if (part ~ /^ *- /) { flush(); item = 1; sub(/^ *- /, "", part) } else if (part ~ /^  / && !item) { flush(); return }
            sub(/^ +/, "", part); if (text == "") first = FILENAME ":" FNR; text = text == "" ? part : text " " part
        }
        FNR == 1 { flush(); comment = 0 }
        {
            rest = $0
            if (comment) { sub(/^ *[*]( |$)/, "", rest); sub(/^ *[*]\//, "*/", rest) }
            while (1) {
                if (!comment) {
                    if (!(at = index(rest, "/*"))) break
                    rest = substr(rest, at + 2); sub(/^ /, "", rest); comment = 1
                }
                if (!(at = index(rest, "*/"))) { add(rest); break }
                add(substr(rest, 1, at - 1)); flush(); rest = substr(rest, at + 2); comment = 0
            }
        }
        END { flush() }' "$@"
}

# A sentence ends at a word with . ! or ? behind it, but for an initial, "e.g.", "i.e." and "...". What is in backquotes counts
# as one word.
long_sentences() { # of "PLACE TEXT": "PLACE: N words: SENTENCE" for each of more than 25
    awk '{
        place = $1; $1 = ""; gsub(/`[^`]*`/, "CODE")
        words = 0; sentence = ""
        for (n = split($0, word, " "); i++ < n;) {
            sentence = sentence " " word[i]
            if (word[i] ~ /[A-Za-z0-9]/) words++
            if (i < n && (word[i] !~ /[^.][.!?][")*]*$/ || word[i] ~ /^[("]*([A-Z]|e[.]g|i[.]e)[.]$/)) continue
            if (words > 25) print place ": " words " words:" sentence
            words = 0; sentence = ""
        }
        i = 0
    }'
}

# Every word of what is in backquotes.
quoted() { # FILE
    blocks "$1" | awk -F '`' '{ for (i = 2; i < NF; i += 2) { n = split($i, word, "[ ,;]+"); for (k = 1; k <= n; k++) print word[k] } }'
}

# The check itself can fail: one sentence of 26 words in a paragraph, an item and a cell, none elsewhere.
{
    ten='one two three four five six seven eight nine ten'
    long="$ten $ten a b, c d e \`x y z\`."
    printf '# %s\n\n%s\nShort. %s\n\n```\n%s\n```\n\n- %s\n\n| %s | b |\n|---|---|\n' "$long" "${long% \`*}." "$long" "$long" "$long" "$long"
} >"$tests"
[ "$(blocks "$tests" | long_sentences | sed 's/:.*//' | tr '\n' ' ')" = '3 10 12 ' ] ||
    wrong "itself: does not see sentences of 26 words"

# In comments alike: one that is a comment's only line, one in several lines, one in an item.
{
    printf '/* %s */\nint ten; /* %s %s */\n/* E. B. %s,\n * %s\n * a b c d.\n */\n' "$long" "$ten" "$ten." "$ten" "$ten"
    printf '/* The rules\n *   - %s\n *     %s\n *\n *     %s\n *   %s */\nconst char *%s\n' "$ten" "$ten a b c d e f." "$long" "$long" "$long"
    printf '/* %s. %s, *%s */\n' "$ten" "$ten" "$ten"
} >"$tests"
[ "$(comments "$tests" | long_sentences | sed 's/^[^:]*:\([0-9]*\):.*/\1/' | tr '\n' ' ')" = '1 3 8 ' ] ||
    wrong "itself: does not see sentences of 26 words in comments"

identifiers=$(mktemp "${TMPDIR:-/tmp}/regimen-documents-XXXXXX") || exit 99
headers=$(mktemp "${TMPDIR:-/tmp}/regimen-documents-XXXXXX") || exit 99
trap 'rm -f "$tests" "$identifiers" "$headers"' EXIT
find "$top/core" "$top/include" "$top/bench" "$top/plugins" -name '*.[ch]' -exec cat {} + |
    grep -oE '(rgm|RGM)_[A-Za-z0-9_]+' | LC_ALL=C sort -u >"$identifiers"

for document in README.md CONTRIBUTING.md datasets/FORMAT.md $(cd "$top" && echo docs/*.md); do
    blocks "$top/$document" | long_sentences >"$tests"
    while read -r sentence; do wrong "$document:$sentence"; done <"$tests"
done
find "$top/core" "$top/include" "$top/bench" "$top/datasets" "$top/plugins" "$top/tests" \
    -name '*.h' >"$headers"
while read -r header; do comments "$header"; done <"$headers" | long_sentences >"$tests"
while read -r sentence; do wrong "$sentence"; done <"$tests"

read_by_newcomers='docs/ARCHITECTURE.md docs/CONVOLUTIONS.md'
for document in $read_by_newcomers; do
    quoted "$top/$document" | LC_ALL=C sort -u >"$tests"
    named=0
    while read -r word; do
        case $word in
        *[!A-Za-z0-9_./-]* | /* | ./* | ../*) continue ;; # no name of ours
        */) [ -d "$top/$word" ] || wrong "$document: there is no folder $word" ;;
        */*.[ch] | */*.sh | */*.py | */*.md | */*.svg | */*.def | */*.inc | */*.txt)
            [ -f "$top/$word" ] || wrong "$document: there is no file $word"
            ;;
        *.[ch] | *.sh | *.def | *.inc) wrong "$document: $word is named without its folder" ;;
        rgm_* | RGM_*) grep -qx "$word" "$identifiers" || wrong "$document: nothing is called $word" ;;
        *) continue ;;
        esac
        named=$((named + 1))
    done <"$tests"
    [ $named -gt 10 ] || wrong "$document: only $named files and functions were found in it"
done

for room in "$top"/core/*/; do
    room=$(basename "$room")
    grep -q "^| \`core/$room/\`" "$top/docs/ARCHITECTURE.md" || wrong "docs/ARCHITECTURE.md: the room core/$room has no row"
    grep -q ">$room<" "$top/docs/rooms.svg" || wrong "docs/rooms.svg: the room core/$room is missing"
done
for picture in rooms step layer; do
    grep -q "]($picture.svg)" "$top/docs/ARCHITECTURE.md" || wrong "docs/ARCHITECTURE.md: does not show $picture.svg"
    grep -q '<rect width="100%" height="100%" fill="#ffffff"/>' "$top/docs/$picture.svg" ||
        wrong "docs/$picture.svg: has no white ground, and cannot be read on a dark one"
    size=$(grep -oE 'font(-size)?(="|: *)[0-9]+' "$top/docs/$picture.svg" | grep -oE '[0-9]+$' | sort -n | head -n 1)
    [ "${size:-0}" -ge 12 ] || wrong "docs/$picture.svg: text of ${size:-no} pixels is too small"
done

# Ten questions, and ten answers with files that docs/ARCHITECTURE.md leads to.
awk '/^## /{ answers = 1 } /^[0-9]+[.] /{ if (!answers) { if (/[?]$/) questions++; next }
     n = split($0, part, "`"); for (i = 2; i < n; i += 2) if (part[i] ~ /\//) { print part[i]; found[$1] = 1 } }
     END { for (i in found) told++; if (questions != 10 || told != 10) print "there are not ten questions with an answer each" }' \
    "$top/docs/QUESTIONS.md" >"$tests"
while read -r answer; do
    case $answer in
    *\ *) wrong "docs/QUESTIONS.md: $answer" ;;
    *) grep -q "\`$answer\`" "$top/docs/ARCHITECTURE.md" || wrong "docs/ARCHITECTURE.md: does not name $answer, an answer" ;;
    esac
done <"$tests"

echo "$found names of tests"
exit $failed
