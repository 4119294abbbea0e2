#!/bin/sh
# Reads the sources of core, bench, plugins and include. Fails on an #include that does not point down, on headers that
# include one another in a circle, and on a function that is not defined in the file named like its header.
# usage: check_layers.sh [ROOT]   without ROOT it first tries itself on trees with one wrong line each
set -eu

violations() { # ROOT: prints "file:line: text: rule" for every broken rule
    (cd "$1" && find core bench datasets plugins include -type f \( -name '*.[ch]' -o -name '*.inc' -o -name '*.def' \) | LC_ALL=C sort |
        while read -r file; do awk -v file="$file" "$rules" "$file"; done)
}

# shellcheck disable=SC2016
rules='
function bad(rule) { printf "%s:%d: %s: %s\n", file, FNR, $0, rule }
function room_of(path) { return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "" }
BEGIN {
    tier["base"] = 0; tier["kernels"] = tier["engine"] = 1; tier["picture"] = 1.5; tier["graph"] = tier["data"] = tier["plug"] = 2
    tier["plan"] = tier["try"] = 3; tier["conv"] = 4; tier["ops"] = 5; tier["train"] = 6; tier["report"] = 7; tier["run"] = 8
    tier["inspect"] = 9; tier["check"] = 10; tier["recipe"] = 11; tier["library"] = 12; tier["cli"] = 13
    split(file, part, "/"); top = part[1]; room = top == "core" ? part[2] : ""
    standard = "^<(assert|complex|ctype|errno|fenv|float|inttypes|limits|math|stdalign|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|tgmath)[.]h>$"
    if (top == "core" && !(room in tier)) { FNR = 0; bad("not a room of the house") }
}
/^[ \t]*\*[ \t]/ { next } # a comment calls nothing
/(^|[^A-Za-z0-9_])dlm?open[ \t]*\(/ && room != "plug" { bad("dlopen is called in core/plug only") }
/(^|[^A-Za-z0-9_])v?fork[ \t]*\(/ && top != "plugins" { bad("a process with threads is not forked: base/helper") }
/(^|[^A-Za-z0-9_])posix_spawnp?[ \t]*\(/ && room != "base" { bad("processes are started in core/base only") }
/^[ \t]*#[ \t]*pragma[ \t]+omp/ && room != "base" { bad("threads come from base/team only") }
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
    name = $0; sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    name = substr(name, 1, 1 == index(name, "<") ? index(name, ">") : 1 + index(substr(name, 2), "\""))
    path = substr(name, 2, length(name) - 2); quoted = name ~ /^"/
    if (path ~ /(^|\/)dnnl[^\/]*$/ && room != "engine") bad("oneDNN is included in core/engine only")
    if (path ~ /^(jpeglib|jerror|spng|webp\/.*)([.]h)?$/ && room != "picture") bad("pictures are decoded in core/picture only")
    if (path == "omp.h" && room != "base") bad("threads come from base/team only")
    if ((path == "pthread.h" || path == "threads.h") && room !~ /^(base|data|plug|train|report)$/)
        bad("threads come from base/team only")
    # xmmintrin.h is where the floating-point control register is
    if (path != "xmmintrin.h" && path ~ /(intrin|arm_neon|arm_sve)[.]h$/ && room !~ /^(kernels|base)$/)
        bad("intrinsics belong to core/kernels and core/base")
    if (top == "plugins" && name != "<regimen/plugin.h>" && name !~ standard)
        bad("a plugin includes <regimen/plugin.h> and standard C only")
    if (top == "include" && name != "<regimen/plugin.h>" && name !~ standard)
        bad("a public header stands alone")
    if (file ~ /regimen\/plugin[.]h$/ && name !~ /^<(stdint|stddef)[.]h>$/)
        bad("the plugin contract needs stdint.h and stddef.h only")
    to = room_of(path)
    if (top == "bench" && to == "cli") bad("bench/ is below core/cli")
    if (top == "core" && to == "bench" && room != "cli") bad("bench/ is for core/cli only")
    if (top != "core") next
    if (quoted && path ~ /^[.]/) bad("includes name the room: \"base/status.h\"")
    if (to == "regimen" && tier[room] < 2) bad("the public headers are above this room")
    if (!(to in tier) || to == room) next
    if (room == "kernels") bad("core/kernels includes its own headers only")
    else if (tier[to] >= tier[room]) bad("core/" room " must not include core/" to)
}'

circle() { # ROOT: prints the headers of core that include one another, if any do
    (cd "$1/core" && find . -name '*.h' | LC_ALL=C sort | while read -r file; do
        sed -n "s|^[ \t]*#[ \t]*include[ \t]*\"\([a-z_0-9]*/[a-z_0-9]*[.]h\)\".*|${file#./} \1|p" "$file"
    done | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([a-z_0-9]*\/\)/\1/p')
}

# Prints "HEADER: FUNCTION is defined in FILE" for every function of the house that a header declares and another file
# than the one of its name defines. Exempt are headers whose functions are defined in several files on purpose:
#   *_internal.h, internal.h, inside.h   what the files of a room share
#   base/team_threads.h        what each kind of team defines: team_openmp.c, team_pthread.c
#   cli/commands.h             a command is a file, cmd_NAME.c
#   train/config.h, train/checkpoint.h, run/run.h   one interface, of which reading, writing and so on are a file each
strangers() { # ROOT
    (cd "$1/core" && find . -name '*.[ch]' | LC_ALL=C sort | sed 's|^[.]/||' | xargs awk "$functions" | awk '
        $1 == "defined" { file[$2] = $3 }
        $1 == "declared" && $3 !~ /((_|\/)internal|\/inside)[.]h$/ && $3 !~ /^(base\/team_threads|cli\/commands)[.]h$/ &&
            $3 !~ /^(train\/config|train\/checkpoint|run\/run)[.]h$/ { header[$2] = $3 }
        END {
            for (name in header) {
                own = header[name]
                sub(/h$/, "c", own)
                at = name in file ? file[name] : "no file"
                if (at != own) print header[name] ": " name " is defined in " at
            }
        }' | LC_ALL=C sort)
}

# Functions begin in the first column. Those of kernels.def are made by macros and not seen.
# shellcheck disable=SC2016
functions='
function conclude() { if (name != "") print (text ~ /[{]/ ? "defined" : "declared"), name, FILENAME; name = "" }
FNR == 1 { name = "" }
name != "" { text = text $0; if ($0 ~ /[;{]/) conclude(); next }
/^[A-Za-z_]/ && !/^(static|typedef|enum|struct [a-z_]+ [{])/ && match($0, /rgm_[a-z0-9_]+[(]/) {
    if (RSTART == 1 || substr($0, 1, RSTART - 1) ~ /[=({]/) next
    name = substr($0, RSTART, RLENGTH - 1); text = substr($0, RSTART)
    if ($0 ~ /[;{]/) conclude()
}'

fail() {
    echo "check_layers: $1" >&2
    exit 1
}

# One wrong line in one file must be named, and nothing else.
refuses() { # FILE LINE
    mkdir -p "$tree/core/base" "$tree/bench" "$tree/datasets" "$tree/plugins" "$tree/include/regimen" "$tree/$(dirname "$1")"
    printf '/* a file */\n%s\n' "$2" >"$tree/$1"
    found=$(violations "$tree")
    case $found in
    "$1:2: $2: "*) ;;
    *) fail "'$2' in $1 should be refused; found '$found'" ;;
    esac
    rm -r "$tree"
}

accepts() { # FILE LINE
    mkdir -p "$tree/core/base" "$tree/bench" "$tree/datasets" "$tree/plugins" "$tree/include/regimen" "$tree/$(dirname "$1")"
    printf '/* a file */\n%s\n' "$2" >"$tree/$1"
    found=$(violations "$tree")
    [ -z "$found" ] || fail "'$2' in $1 should be accepted; found '$found'"
    rm -r "$tree"
}

try_itself() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/check_layers.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    tree=$scratch/tree
    refuses core/base/a.c '#include "graph/graph.h"'
    refuses core/base/a.c '  #  include   "kernels/kernels.h" /* why */'
    refuses core/base/a.c '#include <regimen/plugin.h>'
    refuses core/kernels/a.c '#include "base/status.h"'
    refuses core/kernels/x86/a.inc '#include "engine/engine.h"'
    refuses core/engine/a.c '#include "kernels/kernels.h"'
    refuses core/plan/a.h '#include "train/step.h"'
    refuses core/graph/a.h '#include "plan/plan.h"'
    refuses core/plan/a.c '#include "conv/conv.h"'
    refuses core/plan/a.c '#include "ops/ops.h"'
    refuses core/conv/a.c '#include "ops/ops.h"'
    refuses core/report/a.c '#include "run/run.h"'
    refuses core/run/a.c '#include "recipe/recipe.h"'
    refuses core/inspect/a.c '#include "check/check.h"'
    refuses core/check/a.c '#include "recipe/compare.h"'
    refuses core/data/a.c '#include "graph/graph.h"'
    refuses core/data/a.c '#include "../base/status.h"'
    refuses core/train/a.c '#include "report/html.h"'
    refuses core/report/a.c '#include <cli/options.h>'
    refuses core/plan/a.c '#include <oneapi/dnnl/dnnl.h>'
    refuses core/plan/a.c '#include "dnnl.h"'
    refuses core/plan/a.c '#include <omp.h>'
    refuses core/plan/a.c '#include <pthread.h>'
    refuses core/train/a.c '#pragma omp parallel for'
    refuses core/train/a.c '#include <immintrin.h>'
    refuses core/train/a.c '    void *h = dlopen(path, RTLD_NOW);'
    refuses core/data/a.c '    pid_t child = fork();'
    refuses bench/a.c '    if (vfork() == 0) return;'
    refuses core/cli/a.c '    pid_t child = fork();'
    refuses core/plug/a.c '    posix_spawn(&child, path, NULL, NULL, argv, environ);'
    refuses core/data/a.c '#include "plug/plug.h"'
    refuses core/plug/a.c '#include "data/rehearsal.h"'
    refuses plugins/a.c '#include "base/rng.h"'
    refuses plugins/a.c '#include <pthread.h>'
    refuses include/regimen/regimen.h '#include "base/status.h"'
    refuses include/regimen/plugin.h '#include <stdio.h>'
    refuses bench/a.c '#include "cli/run.h"'
    refuses bench/a.c '#include <dnnl.h>'
    refuses core/report/a.c '#include "bench/measure.h"'
    accepts core/cli/a.h ' * Programs are started by posix_spawn().'
    accepts core/base/a.c '#include <pthread.h>'
    accepts core/cli/a.c '#include "bench/step.h"'
    accepts bench/a.c '#include "report/summary.h"'
    accepts core/base/a.c '#include <omp.h>'
    accepts core/kernels/a.c '#include <immintrin.h>'
    accepts core/kernels/a.c '#include "kernels/kernels.def"'
    accepts core/engine/a.c '#include <oneapi/dnnl/dnnl.h>'
    accepts core/plan/a.c '#include "kernels/kernels.h"'
    accepts core/data/a.c '#include <pthread.h>'
    accepts core/plug/a.c '    void *h = dlopen(path, RTLD_NOW);'
    accepts core/train/a.c '#include "graph/graph.h"'
    accepts core/cli/a.c '#include "base/status.h"'
    accepts core/ops/a.c '#include "conv/conv.h"'
    accepts core/conv/a.c '#include "plan/op.h"'
    accepts core/run/a.c '#include "report/metrics.h"'
    accepts core/plug/a.c '#include <xmmintrin.h>'
    accepts core/plug/a.c '#include <regimen/plugin.h>'
    accepts core/plug/a.c '#include <pthread.h>'
    accepts core/try/a.c '#include "data/rehearsal.h"'
    accepts core/base/a.c '    make_fork(posix_spawn(&child, path, NULL, NULL, argv, environ));'
    accepts core/cli/a.c '    rgm_dlopen(path);'
    accepts plugins/a.c '#include <math.h>'
    accepts include/regimen/plugin.h '#include <stdint.h>'
    refuses_room
    refuses_circle
    refuses_strangers
}

refuses_room() {
    mkdir -p "$tree/core/misc" "$tree/bench" "$tree/datasets" "$tree/plugins" "$tree/include"
    echo 'int a;' >"$tree/core/misc/a.c"
    case $(violations "$tree") in
    core/misc/a.c:*) ;;
    *) fail "a folder that is no room should be refused" ;;
    esac
    rm -r "$tree"
}

refuses_circle() {
    mkdir -p "$tree/core/plan"
    echo '#include "plan/b.h"' >"$tree/core/plan/a.h"
    echo '#include "plan/c.h"' >"$tree/core/plan/b.h"
    echo '#include "base/status.h"' >"$tree/core/plan/c.h"
    [ -z "$(circle "$tree")" ] || fail "headers in a row are no circle"
    echo '#include "plan/a.h"' >"$tree/core/plan/c.h"
    [ "$(circle "$tree" | wc -l)" -eq 3 ] || fail "three headers in a circle should be named"
    rm -r "$tree"
}

refuses_strangers() {
    mkdir -p "$tree/core/plan"
    printf 'int rgm_one(int a,\n            int b);\nstatic inline int rgm_two(int a) { return rgm_one(a, a); }\n' >"$tree/core/plan/a.h"
    printf '/* rgm_one(1, 2) { */\nint rgm_one(int a,\n            int b) {\n    return rgm_two(a) + b;\n}\n' >"$tree/core/plan/a.c"
    [ -z "$(strangers "$tree")" ] || fail "a function in the file of its header is no stranger: $(strangers "$tree")"
    mv "$tree/core/plan/a.c" "$tree/core/plan/b.c"
    [ "$(strangers "$tree")" = "plan/a.h: rgm_one is defined in plan/b.c" ] || fail "a function in another file should be named"
    mv "$tree/core/plan/a.h" "$tree/core/plan/a_internal.h"
    [ -z "$(strangers "$tree")" ] || fail "internal headers are exempt"
    rm "$tree/core/plan/b.c"
    mv "$tree/core/plan/a_internal.h" "$tree/core/plan/a.h"
    [ "$(strangers "$tree")" = "plan/a.h: rgm_one is defined in no file" ] || fail "a function that is nowhere should be named"
    rm -r "$tree"
}

if [ $# -eq 0 ]; then try_itself; fi
root=${1:-${srcdir:-$(dirname "$0")/..}}
[ -f "$root/core/base/status.h" ] || fail "$root is not the source tree"
found=$(violations "$root")
[ -z "$found" ] || fail "includes that do not point down:
$found"
found=$(circle "$root")
[ -z "$found" ] || fail "headers that include one another in a circle:
$found"
found=$(strangers "$root")
[ -z "$found" ] || fail "functions that are not in the file of their header:
$found"
