#!/bin/sh
# The public headers compile alone, as C11 and C++17, warnings being errors; plugins see nothing but <regimen/plugin.h> and
# export one symbol.
top=${srcdir:-.}
[ -f "$top/include/regimen/plugin.h" ] || top=$top/..
flags="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wundef -Werror -fsyntax-only -I$top/include"
failed=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/regimen-headers-XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT

for header in "$top"/include/regimen/*.h; do
    name=$(basename "$header")
    echo "#include <regimen/$name>" >"$tmp/alone.c"
    cp "$tmp/alone.c" "$tmp/alone.cc"
    ${CC:-cc} -std=c11 $flags "$tmp/alone.c" || { echo "$name does not compile alone as C11"; failed=1; }
    if command -v "${CXX:-c++}" >/dev/null; then
        ${CXX:-c++} -std=c++17 $flags "$tmp/alone.cc" || { echo "$name does not compile alone as C++17"; failed=1; }
    fi
done

cat >"$tmp/use.cc" <<'PLUGIN'
#include <regimen/plugin.h>
struct use { double p; int64_t n; int32_t f, c; char t[8]; };
static const char *const names[] = {"a", "b", NULL};
static const rgm_parameter params[] = {
    RGM_REAL("p", struct use, p, 0.0, 1.0, 0.5, "real"),     RGM_INTEGER("n", struct use, n, 0, 9, 1, "integer"),
    RGM_FLAG("f", struct use, f, 0, "flag"),                 RGM_CHOICE("c", struct use, c, names, 1, "choice"),
    RGM_TEXT("t", struct use, t, "x", "text"),
};
static int32_t fill(const rgm_call *, const void *, const rgm_tensor_info *, float *dst, uint64_t, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) dst[i] = 0.0f;
    return RGM_DONE;
}
static const rgm_initializer use = {RGM_COMPONENT(RGM_INITIALIZER, "use", "in C++", params, struct use), fill, 0};
RGM_PLUGIN("use", "1.0.0", "Apache-2.0", &use.component);
PLUGIN
if command -v "${CXX:-c++}" >/dev/null; then
    ${CXX:-c++} -std=c++17 $flags "$tmp/use.cc" || { echo "a plugin in C++17 does not compile"; failed=1; }
fi

if grep -n '#include' "$top"/plugins/*.c | grep -v '<regimen/plugin.h>\|<[a-z]*\.h>$'; then
    echo "plugins include more than <regimen/plugin.h> and the C library"
    failed=1
fi
for so in plugins/.libs/*.so; do
    [ -f "$so" ] || continue
    symbols=$(nm -D --defined-only "$so" | awk '{print $3}')
    case $symbols in
    rgm_plugin_entry) ;;
    *rgm_plugin_entry*__asan*|*__asan*|*__odr*|*___asan*) ;;
    *) echo "$so exports: $symbols"; failed=1 ;;
    esac
done
exit $failed
