#!/bin/sh
# The documents name what is there: every test in the tables of docs/RELIABILITY.md, and every file that a link leads to.
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

for document in "$top"/*.md "$top"/docs/*.md "$top"/datasets/*.md "$top"/bench/*.md "$top"/tests/golden/*.md; do
    [ -f "$document" ] || continue
    for link in $(grep -o '](\([^):#]*\)[)#]' "$document" | sed 's/^](//; s/[)#]$//'); do
        [ -e "$(dirname "$document")/$link" ] || wrong "$document: the link to $link leads nowhere"
    done
done
echo "$found names of tests"
exit $failed
