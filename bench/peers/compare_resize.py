#!/usr/bin/python3
"""Compares resizing with Pillow's: random sizes, boxes and pictures, and the ends of what is allowed.

    compare_resize.py PROGRAM ISA [CASES]      PROGRAM: tests/resize_pixels; ISA: 0 to 3

Prints the largest difference, and how many values differ; a difference above 1 of 255 fails. A box is cut out with the
pixels that it touches before Pillow resizes it: we do not look at what lies outside of it, and Pillow would.
"""
import math
import os
import random
import subprocess
import sys

try:
    from PIL import Image
except ImportError:
    print("SKIPPED pillow: no python3-pil")
    sys.exit(77)

MODES = {1: "L", 3: "RGB", 4: "RGBX"}
EXTREMES = [
    (30000, 2, 3, 1, 1), (2, 30000, 1, 3, 1), (1, 1, 3, 224, 224), (60000, 2, 1, 2, 5), (1, 65535, 1, 1, 1),
    (375, 500, 3, 64, 64), (500, 375, 3, 224, 224), (64, 64, 3, 64, 64), (7, 9, 4, 200, 3),
]


def draw_picture(n):
    kind = random.random()
    if kind < 0.6 or n > 100000:
        return os.urandom(n)
    return bytes(random.choice((0, 255)) for _ in range(n))


def draw_case():
    c = random.choice((1, 3, 3, 4))
    h, w = (random.randint(1, random.choice((4, 60, 400))) for _ in range(2))
    oh, ow = (random.randint(1, random.choice((4, 60, 200))) for _ in range(2))
    box = [0.0, 0.0, float(h), float(w)]
    if random.random() < 0.5:
        height, width = random.uniform(1, h), random.uniform(1, w)
        box = [random.uniform(0, h - height), random.uniform(0, w - width), height, width]
        if random.random() < 0.5:
            box = [float(int(x)) for x in box]
    return h, w, c, box, oh, ow


def theirs(data, h, w, c, box, oh, ow):
    top, left = math.floor(box[0]), math.floor(box[1])
    bottom, right = min(math.ceil(box[0] + box[2]), h), min(math.ceil(box[1] + box[3]), w)
    part = Image.frombytes(MODES[c], (w, h), data).crop((left, top, right, bottom))
    inside = (box[1] - left, box[0] - top, min(box[1] + box[3], right) - left, min(box[0] + box[2], bottom) - top)
    return part.resize((ow, oh), Image.BILINEAR, box=inside).tobytes()


def main():
    program, isa = sys.argv[1], sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    random.seed(16)
    cases = [draw_case() for _ in range(count)]
    cases += [(h, w, c, [0.0, 0.0, float(h), float(w)], oh, ow) for h, w, c, oh, ow in EXTREMES]
    ours = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    largest = different = values = 0
    for h, w, c, box, oh, ow in cases:
        data = draw_picture(h * w * c)
        line = " ".join([isa, str(h), str(w), str(c)] + [repr(x) for x in box] + [str(oh), str(ow)])
        ours.stdin.write(line.encode() + b"\n" + data)
        ours.stdin.flush()
        got, want = ours.stdout.read(oh * ow * c), theirs(data, h, w, c, box, oh, ow)
        if len(got) != len(want):
            sys.exit(f"pillow: {program} ended at {line}")
        off = [abs(a - b) for a, b in zip(got, want) if a != b]
        values += len(got)
        different += len(off)
        if max(off, default=0) > max(largest, 1):
            print(f"pillow: {max(off)} of 255 at {line}")
        largest = max(largest, max(off, default=0))
    ours.stdin.close()
    print(f"pillow, ISA {isa}: largest difference {largest} of 255 in {values} values, {100 * different / values:.1f} % differ")
    return largest > 1 or ours.wait() != 0


sys.exit(main())
