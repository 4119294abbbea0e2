#!/bin/sh
# Pictures of all kinds that Pillow writes decode to Pillow's pixels. Skipped without Pillow.
set -eu
tool=$PWD/tests/picture_pixels
cd "${srcdir:-.}/bench/peers"
export PYTHONDONTWRITEBYTECODE=1
exec ./compare_pixels.py "$tool"
