#!/bin/sh
# The register-tiled matrix products and Winograd's transforms keep in registers what belongs there: read from the
# disassembly of the AVX2 and AVX-512 kernels, of a build with -O2 (another one is skipped).
#
#   matrix products    an innermost loop with fused multiply-adds has no vector on the stack and stores none at all:
#                      its accumulators are all that it computes. The largest tile is among them.
#   transforms         rows, then columns: what lies between is 8 to 81 vectors, mostly more than there are registers.
#                      So each may be stored on the stack, but no more than that, which leaves no place for sums. Loops
#                      over rows and over columns may find it there by an index where they are loops on purpose: that
#                      is less code, and faster. Elsewhere none may.
#
# usage: check_spills.sh [OBJECT ymm|zmm]   without OBJECT it first tries itself, then both objects of the build
set -eu

# Stores on the stack that a transform may have in its loops: the values between its passes, times the versions in which
# it is compiled; of F(4x4) + F(2x2) + stride 2 (+ twice its backward data). Of loops on purpose those of a turn, four
# times, as compilers unroll them. With 16 registers twice that: gcc keeps sums and differences of a value's parts instead.
#   wino_input        4 * (6 + 4 + 9 + 9 + 9); loads as they are, scaled, behind a ReLU; inside of the image, at its edge in
#                     pixels, in zeros
#   wino_grad         24 + 8 + 36
#   wino_output       4 * (4 + 2 + 4 + 8 + 8), and the first pixel; with moments and without
#   wino_finish       4 * (4 + 2 + 4 + 8 + 8); with a residual or without, with a ReLU or without
#   wino_filter       9 taps and 18 + 9 taps and 12 + 9 taps and 18; all lanes or some
#   wino_filter_grad  18 + 12 + 18, and of each 9 taps and 8 lines of taps on their way into lanes
looped='wino_input wino_output wino_finish'
limits='wino_input 1332 wino_grad 68 wino_output 218 wino_finish 416 wino_filter 150 wino_filter_grad 99'

# Reads objdump -d; vector: ymm or zmm. Prints what is wrong.
# shellcheck disable=SC2016
rules='
function hex(text,    i, value) {
    for (i = 1; i <= length(text); i++) value = 16 * value + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}
function bad(what) { printf "%s, %s: %s\n", kernel, where, what }

# Instructions from..to of a loop, if no other one lies within it.
function is_innermost(i,    j) {
    for (j = 1; j <= loops; j++)
        if (j != i && from[j] >= from[i] && to[j] <= to[i] && (from[j] > from[i] || to[j] < to[i] || j < i)) return 0
    return 1
}
function check_product(    i, k, fmas, kept, largest, least, tiles, tiled) {
    tiled = kernel ~ /^gemm/
    for (i = 1; i <= loops; i++) {
        if (!is_innermost(i)) continue
        fmas = kept = 0
        for (k = 1; k <= count; k++)
            if (address[k] >= from[i] && address[k] <= to[i]) { fmas += fma[k]; kept += store[k] || stack[k] }
        where = sprintf("loop at %x", from[i])
        if (fmas && kept) bad(kept " of its instructions store a vector or have one on the stack")
        if (fmas > largest) largest = fmas
        tiles += fmas > 0
    }
    where = "all loops"
    least = tiled ? 2 * rows : 12
    if (largest < least) bad("none has " least " fused multiply-adds, as the largest tile")
    if (tiled && tiles < rows) bad(tiles " have fused multiply-adds, expected " rows ": as many as heights of tiles")
}
function check_transform(limit,    i, k, stores, indexed, inside) {
    for (k = 1; k <= count; k++) {
        inside = 0
        for (i = 1; i <= loops; i++) if (address[k] >= from[i] && address[k] <= to[i]) inside = 1
        stores += inside && store[k] && stack[k]
        indexed += inside && stack[k] == 2
    }
    where = "all loops"
    if (stores > limit) bad(stores " vectors are stored on the stack, expected at most " limit)
    if (indexed && !(kernel in loops_on_purpose)) bad(indexed " vectors on the stack are found by an index: a loop is not unrolled")
}
function check_kernel() {
    if (kernel == "gemm_blocks" || kernel == "gemm_outer" || kernel == "fma_probe") { seen++; check_product() }
    else if (kernel in most) { seen++; check_transform(most[kernel]) }
    kernel = ""
    count = loops = framed = 0
}
BEGIN {
    rows = vector == "zmm" ? 12 : 6
    n = split(limits, word, " ")
    for (i = 1; i < n; i += 2) { most[word[i]] = word[i + 1] * (vector == "zmm" ? 1 : 2); wanted++ }
    wanted += 3
    n = split(looped, word, " ")
    for (i = 1; i <= n; i++) loops_on_purpose[word[i]] = 1
    stored = "%" vector "[0-9]+,[-0-9a-fx]*[(][^()]*[)]([{][^{}]*[}])*$"
}
/^[0-9a-f]+ <.*>:$/ {
    check_kernel()
    kernel = $2
    gsub(/^<(rgm_k_)?|__avx[0-9]+>:$|>:$/, "", kernel)
    next
}
/^ *[0-9a-f]+:\t/ {
    sub(/ *[#<].*$/, "")
    place = $1
    sub(/:/, "", place)
    address[++count] = hex(place)
    if (/mov +%rsp,%rbp/) framed = 1
    fma[count] = $2 ~ /^vfn?m(add|sub)/
    store[count] = $0 ~ stored
    stack[count] = 0
    if ($0 ~ "%" vector && (/[(]%rsp[,)]/ || (framed && /[(]%rbp[,)]/))) stack[count] = 1 + /[(]%r[sb]p,/
    if ($2 ~ /^j/ && $3 ~ /^[0-9a-f]+$/ && hex($3) <= address[count]) {
        from[++loops] = hex($3)
        to[loops] = address[count]
    }
}
END {
    check_kernel()
    kernel = "the object"
    where = "all kernels"
    if (seen < wanted) bad("only " seen + 0 " of " wanted " are in it")
}'

wrongs() { # VECTOR: of a disassembly
    awk -v vector="$1" -v limits="$limits" -v looped="$looped" "$rules"
}

fail() {
    echo "check_spills: $1" >&2
    exit 1
}

# ---- on listings of its own ----

# A kernel: a loop of $2 fused multiply-adds, $3 in it.
listing() { # NAME FMAS [INSTRUCTION]
    printf '0000000000000000 <rgm_k_%s__avx512>:\n' "$1"
    i=0
    while [ $i -lt "$2" ]; do
        printf '    10%02x:\tvfmadd231ps %%zmm30,%%zmm31,%%zmm%d\n' $i $i
        i=$((i + 1))
    done
    [ -z "${3-}" ] || printf '    1080:\t%s\n' "$3"
    printf '    1090:\tjne    1000 <rgm_k_%s__avx512+0x10>\n    1092:\tvmovaps %%zmm1,0x40(%%rsp)\n' "$1"
}

# What is said of gemm_blocks or wino_grad with that instruction in its loop.
said() { listing "$@" | wrongs zmm | grep -v '^the object' | grep -v 'heights of tiles$' || true; }

accepts() { # NAME FMAS [INSTRUCTION]
    found=$(said "$@")
    [ -z "$found" ] || fail "$* should be accepted: $found"
}

refuses() { # WHAT NAME FMAS [INSTRUCTION]
    what=$1
    shift
    case $(said "$@") in
    *"$what"*) ;;
    *) fail "$* should be refused: $what" ;;
    esac
}

try_itself() {
    accepts gemm_blocks 24
    accepts gemm_blocks 24 'vbroadcastss 0x40(%rsp),%xmm3'
    accepts gemm_blocks 24 'vmovups 0x40(%rdi,%rcx,4),%zmm3'
    refuses 'as the largest tile' gemm_blocks 23
    refuses 'have one on the stack' gemm_blocks 24 'vmovaps %zmm1,0xc0(%rsp)'
    refuses 'have one on the stack' gemm_blocks 24 'vmovups 0x40(%rsp),%zmm3'
    refuses 'have one on the stack' gemm_blocks 24 'vfmadd213ps 0x5c0(%rsp),%zmm12,%zmm11'
    refuses 'have one on the stack' gemm_blocks 24 'vfmadd213ps 0x5c0(%rsp,%rbx,2),%zmm12,%zmm11'
    refuses 'store a vector' gemm_outer 24 'vmovaps %zmm1,-0x40(%rdx,%rax,4)'
    refuses 'store a vector' gemm_outer 24 'vmovups %zmm1,(%rdx){%k1}'
    accepts wino_grad 24 'vmovaps %zmm1,0xc0(%rsp)'
    refuses 'found by an index' wino_grad 24 'vmovaps %zmm1,0xc0(%rsp,%rax,1)'
    accepts wino_output 24 'vmovaps %zmm1,0xc0(%rsp,%rax,1)'
    limits='wino_grad 0'
    refuses 'expected at most 0' wino_grad 24 'vmovaps %zmm1,0xc0(%rsp)'
    case $(listing wino_grad 24 | wrongs zmm) in
    *"only 1 of 4"*) ;;
    *) fail "an object that lacks kernels should be refused" ;;
    esac
}

# ---- on objects ----

check_object() { # FILE VECTOR
    found=$("${OBJDUMP:-objdump}" -d --no-show-raw-insn "$1" | wrongs "$2")
    [ -z "$found" ] || fail "$1:
$found"
    echo "$1: nothing is on the stack that need not be"
}

skip() {
    echo "SKIPPED spills: $1"
    exit 77
}

command -v "${OBJDUMP:-objdump}" >/dev/null || skip "no objdump"
if [ $# -eq 2 ]; then
    check_object "$1" "$2"
    exit
fi
(try_itself)
case " ${KERNEL_CFLAGS-} " in
*-fsanitize* | *-fprofile* | *--coverage* | *-flto* | *' -O'[013gsz]* | *' -Ofast'*) skip "built with $KERNEL_CFLAGS" ;;
*' -O2 '*) ;;
*) skip "built without -O2" ;;
esac
objects=0
for level in avx2:ymm avx512:zmm; do
    for folder in core/kernels/.libs core/kernels; do
        object=$folder/libkernels_${level%:*}_la-kernels_${level%:*}.o
        [ -f "$object" ] || continue
        check_object "$object" "${level#*:}"
        objects=$((objects + 1))
        break
    done
done
[ $objects -gt 0 ] || skip "neither AVX2 nor AVX-512 kernels in this build"
