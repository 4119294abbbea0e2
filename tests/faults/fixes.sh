#!/bin/sh
# Whether the edits mend: for each fault that run.sh found, `regimen check --only LINE --verify-fix` of the line that found it.
#
# In the build folder, after run.sh with the same WORK and OPTIONS:
#     OPTIONS=--quick sh ../tests/faults/fixes.sh                  # of what is found; goes on where it was stopped
#     ONLY='^O' OPTIONS=--quick sh ../tests/faults/fixes.sh
#
# | setting | default                              | meaning                                           |
# |---------|--------------------------------------|---------------------------------------------------|
# | OPTIONS |                                      | that run.sh had: its results are read             |
# | RESULTS | $WORK/faults.txt, OPTIONS in it      | of run.sh                                         |
# | FIXES   | $WORK/fixes.txt, OPTIONS in it       | a line for each: ID, line, what became of it, edit |
# | LIMIT   | 900                                  | seconds after which a check is ended              |
#
#     mended        with the edit the line passes
#     better        it fails no more, and warns
#     not           it warns or fails as before, or cannot be checked
#     words         the edit is a command or words, for what no setting mends, such as a file
#     none          there is no edit
#     gone          the line does not alarm when it is alone
. "${0%/*}/common.sh"
: "${OPTIONS:=}" "${LIMIT:=900}"
name=$(printf '%s' "$OPTIONS" | tr -d ' ')
: "${RESULTS:=$WORK/faults$name.txt}" "${FIXES:=$WORK/fixes$name.txt}"
[ -r "$RESULTS" ] || {
    echo "$0: no results in $RESULTS: run.sh comes first" >&2
    exit 99
}
touch "$FIXES"

# try ID MODEL SET PARTS
try() {
    line=$(awk -F '\t' -v id="$1" '$1 == id { print $6 }' "$RESULTS" | tail -n 1)
    case $line in '' | - | refused) return ;; esac
    if cut -f 1 "$FIXES" | grep -qxF "$1"; then return; fi
    arrange "$2" "$3" "$4" fault
    answer=$WORK/fix.json
    rm -f "$answer"
    eval "REGIMEN_PLANTED=\$planted timeout -k 5 \"\$LIMIT\" \"\$regimen\" check --data \"\$data\" --seed 1 $options \
        --only \"\$line\" --verify-fix --json=\"\$answer\" --quiet >\"\$WORK/fix.log\" 2>&1" || :
    if [ -s "$answer" ]; then
        said=$("$tools/judge" "$answer" "$line") || exit 99
    else
        said=$(printf 'not\t%s' "$(tail -n 1 "$WORK/fix.log" | tr '\t' ' ')")
    fi
    printf '%s\t%s\t%s\n' "$1" "$line" "$said" >>"$FIXES"
}

instances try || exit
awk -F '\t' '
    { count[$3]++; all++; family = substr($1, 1, 1); of[family, $3]++; seen[family] = 1 }
    END {
        print "| family | mended | better | not | words | none | gone |"
        print "|--------|--------|--------|-----|-------|------|------|"
        split("D P M I O L E", order, " ")
        for (i = 1; i <= 7; i++) if (seen[f = order[i]])
            printf "| %s | %d | %d | %d | %d | %d | %d |\n", f, of[f, "mended"], of[f, "better"], of[f, "not"], of[f, "words"], of[f, "none"], of[f, "gone"]
        settings = count["mended"] + count["better"] + count["not"]
        printf "\n%d found; %d have a setting as the edit, %d of these mend (%.0f %%), %d better; %d in words; %d without any\n", all,
            settings, count["mended"], settings ? 100 * count["mended"] / settings : 0, count["better"], count["words"], count["none"]
    }' "$FIXES"
