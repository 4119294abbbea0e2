#!/bin/sh
# Resizing against Pillow's, with the kernels of each instruction set that the machine has. Skipped without Pillow.
set -eu
tool=$PWD/tests/resize_pixels
isas="0 1"
if grep -q ' avx2' /proc/cpuinfo && [ -f .libs/libkernels_avx2.a ]; then isas="$isas 2"; fi
if grep -q ' avx512bw' /proc/cpuinfo && [ -f .libs/libkernels_avx512.a ]; then isas="$isas 3"; fi
cd "${srcdir:-.}/bench/peers"
export PYTHONDONTWRITEBYTECODE=1
for isa in $isas; do ./compare_resize.py "$tool" "$isa" 120; done
