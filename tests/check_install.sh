#!/bin/sh
# Installs into a scratch folder: the program finds its plugins and its helper program there, and pkg-config tells a plugin's
# author how to compile. The links of the documents lead to installed files. The example of docs/PLUGINS.md loads into the
# installed program. Uninstalling leaves no file behind.
set -eu
top=${srcdir:-.}
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_LIBDIR REGIMEN_PLUGIN_PATH REGIMEN_LIBEXEC
scratch=$(mktemp -d "${TMPDIR:-/tmp}/regimen-install-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
dest=$scratch/dest

fail() {
    echo "check_install: $1" >&2
    exit 1
}

variable() { # NAME: a folder of regimen.pc, below the scratch folder
    PKG_CONFIG_PATH=$PWD/include pkg-config --variable="$1" regimen | sed "s,^,$dest,"
}

${MAKE:-make} -s install DESTDIR="$dest" >"$scratch/log" 2>&1 || fail "make install: $(cat "$scratch/log")"
program=$(variable prefix)/bin/regimen
[ -x "$program" ] || fail "no $program"
[ -f "$(variable includedir)/regimen/plugin.h" ] || fail "plugin.h is not installed"
[ -f "$(variable libdir)/pkgconfig/regimen.pc" ] || fail "regimen.pc is not installed"
[ -n "$(find "$dest" -name PLUGINS.md)" ] || fail "the documentation is not installed"
find "$dest" -name '*.md' >"$scratch/documents"
links=0
while read -r document; do
    for link in $(grep -o '](\([^):#]*\)[)#]' "$document" | sed 's/^](//; s/[)#]$//'); do
        [ -f "$(dirname "$document")/$link" ] || fail "${document#"$dest"}: the link to $link leads to no installed file"
        links=$((links + 1))
    done
done <"$scratch/documents"
[ $links -gt 20 ] || fail "only $links links were found in the installed documents"
[ -x "$(find "$dest" -name plot_metrics.py)" ] || fail "docs/plot_metrics.py is not installed as a program"

(cd "$scratch" && "$program" plugin list) >"$scratch/list" || fail "the installed program cannot list plugins"
grep -q '^augmentation  *crop ' "$scratch/list" || fail "the installed program does not find crop: $(cat "$scratch/list")"
for source in "$top"/plugins/*.c; do
    plugin=$(variable plugindir)/$(basename "$source" .c).so
    [ -f "$plugin" ] || fail "$plugin is not installed"
done
beside=$(find "$(variable plugindir)" ! -name '*.so' ! -type d)
[ -z "$beside" ] || fail "beside the plugins: $beside"

# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```c$/,/^```$/{/^```c/d; /^```/q; p;}' "$top/docs/PLUGINS.md" >"$scratch/brightness.c" # the first one
flags=$(PKG_CONFIG_PATH=$(variable libdir)/pkgconfig pkg-config --define-variable=prefix="$(variable prefix)" --cflags regimen)
# shellcheck disable=SC2086 # lists of words
${CC:-cc} -shared -fPIC -O2 -Wall -Wextra -Werror $flags "$scratch/brightness.c" -o "$scratch/brightness.so" ||
    fail "the example plugin does not compile with $flags"
"$program" plugin info brightness --plugin "$scratch/brightness.so" >"$scratch/info" || fail "the example plugin does not load"
helper=$(find "$dest" -name regimen-try)
[ -x "$helper" ] && [ "$(dirname "$(dirname "$helper")")" = "$(dirname "$(dirname "$program")")/libexec" ] ||
    fail "the helper program is at '$helper'"
if command -v ldd >/dev/null && ldd "$helper" | grep -e libdnnl -e libgomp; then fail "the helper program needs these libraries"; fi
mv "$helper" "$scratch/away"
if "$program" plugin info brightness --plugin "$scratch/brightness.so" >"$scratch/info.away" 2>&1; then
    fail "without its helper program, the installed program loads a plugin untried"
fi
grep -q "helper program .*/regimen-try" "$scratch/info.away" || fail "no word of the helper program: $(cat "$scratch/info.away")"
REGIMEN_LIBEXEC=$PWD "$program" plugin info brightness --plugin "$scratch/brightness.so" >"$scratch/info.away" 2>&1 ||
    fail "REGIMEN_LIBEXEC does not lead to the helper program: $(cat "$scratch/info.away")"
mv "$scratch/away" "$helper"
grep -q 'largest change' "$scratch/info" || fail "the example plugin is not explained: $(cat "$scratch/info")"

${MAKE:-make} -s uninstall DESTDIR="$dest" >"$scratch/log" 2>&1 || fail "make uninstall: $(cat "$scratch/log")"
left=$(find "$dest" ! -type d)
[ -z "$left" ] || fail "left after uninstalling: $left"
