#!/bin/sh
# The same answers for the same pictures by predict, by the library, by eval of the imported set, and in PyTorch with the
# checkpoint's weights (bench/peers/compare_answers.py). Skipped without torch, h5py or Pillow in Debian's Python.
set -u
library=$(pwd)/.libs/libregimen.so
grep -q -e '^[A-Z_]*FLAGS = .*-fsanitize=' Makefile && library= # its runtime must come first
. "${srcdir:-.}/tests/cli/common.sh"
export PYTHONDONTWRITEBYTECODE=1
if [ -z "$library" ] || [ ! -e "$library" ]; then
    skip answers "no shared library that another program can load"
    exit 77
fi
if ! "$python" -c 'import torch, h5py, PIL, numpy' 2>/dev/null; then
    skip answers "no python3-torch, python3-h5py or python3-pil"
    exit 77
fi

# Two colours in JPEGs and PNGs of many kinds and sizes, some of the images' own size.
"$python" - <<'END'
import os
import numpy as np
from PIL import Image
for i in range(80):
    r = np.random.default_rng(i)
    w, h = (32, 32) if i % 5 == 0 else (int(v) for v in r.integers(33, 160, 2))
    noise = r.integers(0, 256, (h // 8 + 1, w // 8 + 1, 4), np.uint8)
    pixels = np.array(Image.fromarray(noise).resize((w, h), Image.BICUBIC))
    pixels[..., i % 2 * 2] //= 2
    rgb, folder = Image.fromarray(pixels[..., :3].copy()), f"pictures/{('red', 'blue')[i % 2]}"
    os.makedirs(folder, exist_ok=True)
    exif = Image.Exif()
    exif[0x112] = i // 2 % 8 + 1
    kind = i // 2 % 6
    if kind < 3:
        rgb.save(f"{folder}/{i}.jpg", quality=80 + i % 15, subsampling=kind, exif=exif.tobytes())
    elif kind == 3:
        rgb.convert(("L", "CMYK")[i // 12 % 2]).save(f"{folder}/{i}.jpg")
    elif kind == 4:
        Image.fromarray(pixels).save(f"{folder}/{i}.png")
    else:
        rgb.quantize(50).save(f"{folder}/{i}.png", transparency=7)
END

for grey in '' --gray; do
    rm -rf set.h5 run
    expect 0 "$regimen" import folder pictures --out set.h5 --size 32 --quiet $grey
    expect 0 "$regimen" train --data set.h5 --model resnet20 --width 0.25 --batch 16 --epochs 6 --out run --quiet
    expect 0 "$python" "$source/bench/peers/compare_answers.py" run/checkpoints/last.h5 pictures --regimen "$regimen" \
        --library "$library" --json answers.json
    expect 0 "$python" - answers.json <<'END'
import json, sys
lines = {line["way"]: line for line in json.load(open(sys.argv[1]))}
own = [lines[way] for way in ("library", "imported set", "PyTorch, the library's images")]
assert all(line["pictures"] == line["equal_images"] == 80 for line in own), own
assert "eval" in lines
for way in ("PyTorch, float", "PyTorch, pillow"):  # who resizes rounds as it likes; of 32 x 32 all are equal
    assert lines[way]["equal_images"] >= 16 and lines[way]["largest_value"] <= 1, lines[way]
END
done
finish
