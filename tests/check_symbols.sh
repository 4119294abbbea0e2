#!/bin/sh
# The archives define no global symbols but rgm_ ones, and none in two files: of two functions of one name in two rooms the
# linker takes one for both and says nothing. That of the library alone defines regimen_ ones. That of the command line
# alone defines _exit, too, to see a plugin that calls it (core/cli/fault.c). (AddressSanitizer and coverage builds add their own: __asan_, __odr_.)
status=0
found=0
for archive in .libs/lib*.a; do
    [ -f "$archive" ] || continue
    found=$((found + 1))
    foreign=$("${NM:-nm}" -g --defined-only "$archive" 2>/dev/null |
        awk -v own="$(case $archive in */libcli.a) echo '^_(exit|Exit)$' ;; */liblibrary.a) echo '^regimen_' ;; *) echo '^$' ;; esac)" 'NF == 3 && $3 !~ own && $3 !~ /^(rgm_|main$|__asan_|__odr_asan|__sancov|__gcov|DW\.ref\.|__start_|__stop_)/ {print $3}')
    if [ -n "$foreign" ]; then
        echo "$archive: symbols without rgm_: $(echo $foreign)" >&2
        status=1
    fi
done
twice=$("${NM:-nm}" -A -g --defined-only .libs/lib*.a 2>/dev/null | awk '
    NF == 3 && $3 ~ /^(rgm|regimen)_/ {
        split($1, at, ":")
        if (($3 in file) && file[$3] != at[2]) print $3 " in " file[$3] " and " at[2]
        file[$3] = at[2]
    }')
if [ -n "$twice" ]; then
    echo "symbols of two files: $twice" >&2
    status=1
fi
if [ "$found" = 0 ]; then
    echo "no archives in .libs" >&2
    exit 1
fi
echo "$found archives: only symbols of their own"
exit $status
