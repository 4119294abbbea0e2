#!/usr/bin/python3
"""Draws what `regimen bench step` draws: the first batches and the starting weights of a network, for a peer.

    draws.py --model resnet20 --image 1x28x28 --batch 128 --out FOLDER [--stem small] [--classes 10] [--seed 1]

Everything is a pure function of the seed (core/base/rng.h), so nothing has to be exchanged: images and labels as
core/cli/run_bench.c makes them, the order of core/data/order.c, weights as plugins/he.c (normal, fan_out) and
plugins/normal.c (classifier) fill them, the classifier's bias from the class frequencies. Integers are exact; normals agree
to a few ulp, because the logarithm and the sine here are libm's. Needs numpy.

FOLDER gets images.npy float32 [steps][N][C][H][W] (normalised), labels.npy int64 [steps][N], and weights.npz, whose
names are torchvision's.
"""
import argparse
import os

import numpy as np

ORDER, INIT, TEST = 1, 3, 7  # RGM_STREAM_* of core/base/rng.h
MASK = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)

#        blocks per stage, channels of the first stage, bottleneck
MODELS = {
    "resnet20": ([3, 3, 3], 16, False),
    "resnet18": ([2, 2, 2, 2], 64, False),
    "resnet34": ([3, 4, 6, 3], 64, False),
    "resnet50": ([3, 4, 6, 3], 64, True),
}


class Draws:
    """The draws of one (seed, stream, epoch, sample)."""

    def __init__(self, seed, purpose, instance=0, epoch=0, sample=0):
        self.key = (seed & 0xFFFFFFFF, seed >> 32)
        self.words = ((purpose << 16 | instance) & 0xFFFFFFFF, epoch, sample)

    def blocks(self, first):
        """Philox4x32-10 of the counters {first, sample, epoch, stream}: uint64 [4][len(first)] holding 32-bit words."""
        stream, epoch, sample = self.words
        a = np.asarray(first, np.uint64)
        b, c, d = (np.full(a.shape, v, np.uint64) for v in (sample, epoch, stream))
        key0, key1 = self.key
        for _ in range(10):
            low, high = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
            a, b, c, d = (high >> SHIFT) ^ b ^ np.uint64(key0), high & MASK, (low >> SHIFT) ^ d ^ np.uint64(key1), low & MASK
            key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
        return np.stack([a, b, c, d])

    def u32(self, n, first=0):
        """Draws first ... first + n - 1; first is a multiple of 4."""
        blocks = np.arange(first // 4, first // 4 + (n + 3) // 4, dtype=np.uint64)
        return self.blocks(blocks).T.reshape(-1)[:n].astype(np.uint32)

    def normal(self, n):
        """Box and Muller over pairs of words."""
        out = np.empty(n, np.float32)
        for at in range(0, n, 1 << 20):
            part = min(1 << 20, n - at)
            words = self.u32(part + part % 2, at).astype(np.float64).reshape(-1, 2)
            radius = np.sqrt(-2 * np.log((words[:, 0] + 0.5) / 2**32))
            angle = 2 * np.pi * words[:, 1] / 2**32
            out[at:at + part] = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:part]
        return out

    def below(self, element, n):
        low, high = (int(w) for w in self.u32(2, 2 * element))
        return (high << 32 | low) * n >> 64

    def permutation(self, n, positions):
        """rgm_rng_permute at the given positions of [0, n)."""
        half = 0
        while n > 1 << 2 * half:
            half += 1
        mask = np.uint64((1 << half) - 1)
        out, todo = np.array(positions, np.uint64), np.full(len(positions), half > 0)
        if half == 0:
            return np.zeros(len(positions), np.int64)
        while todo.any():
            left, right = out[todo] >> np.uint64(half), out[todo] & mask
            for r in range(32 if half < 5 else 8):
                mixed = self.blocks(right | np.uint64(r << 24))[0] & mask
                left, right = right, left ^ mixed
            out[todo] = left << np.uint64(half) | right
            todo &= out >= np.uint64(n)
        swap = int(self.blocks([0xFFFFFFFF])[0][0]) & 1
        out = np.where(out < 2, out ^ np.uint64(swap), out)
        return out.astype(np.int64)


def parameters(model, channels, classes, small_stem):
    """(name, shape) of the trained parameters, in the order in which core/graph/family.c makes them."""
    blocks, base, bottleneck = MODELS[model]
    out = []

    def conv(name, k, c, size):
        out.append((f"{name}.weight", (k, c, size, size)))

    def norm(name, c):
        out.extend([(f"{name}.weight", (c,)), (f"{name}.bias", (c,))])

    conv("conv1", base, channels, 3 if small_stem else 7)
    norm("bn1", base)
    before = base
    for stage, count in enumerate(blocks):
        width = base << stage
        after = 4 * width if bottleneck else width
        for i in range(count):
            prefix = f"layer{stage + 1}.{i}"
            if before != after or (stage > 0 and i == 0):
                conv(f"{prefix}.downsample.0", after, before, 1)
                norm(f"{prefix}.downsample.1", after)
            inside = [(width, before, 1), (width, width, 3), (after, width, 1)] if bottleneck else [
                (width, before, 3), (width, width, 3)]
            for j, (k, c, size) in enumerate(inside, 1):
                conv(f"{prefix}.conv{j}", k, c, size)
                norm(f"{prefix}.bn{j}", k)
            before = after
    return out + [("fc.weight", (classes, before)), ("fc.bias", (classes,))]


def draw_weights(seed, named_shapes, bottleneck):
    last = "bn3" if bottleneck else "bn2"
    weights = {}
    for index, (name, shape) in enumerate(named_shapes):
        count = int(np.prod(shape))
        if len(shape) == 1:
            one = name.endswith(".weight") and not (name.startswith("layer") and f".{last}." in name)
            weights[name] = np.full(shape, 1.0 if one else 0.0, np.float32)
        else:
            fan_out = shape[0] * int(np.prod(shape[2:]))
            scale = np.float32(0.01) if name == "fc.weight" else np.float32(np.sqrt(2) / np.sqrt(fan_out))
            weights[name] = (Draws(seed, INIT, index).normal(count) * scale).reshape(shape)
    return weights


def draw_data(seed, count, shape, classes):
    """All images uint8 [count][H][W][C] and labels: the statistics are those of the whole set."""
    c, h, w = shape
    size = c * h * w
    images, labels = np.empty((count, size), np.uint8), np.empty(count, np.int64)
    for i in range(count):
        draws = Draws(seed, TEST, 0, 0, i)
        labels[i] = draws.below(1 << 30, classes) if i else classes - 1
        images[i] = draws.u32(size // 4 + 1).astype("<u4").view(np.uint8)[:size]
    return images.reshape(count, h, w, c), labels


def statistics(images):
    """Mean and standard deviation per channel of pixels as 0 to 1."""
    pixels = images.reshape(-1, images.shape[3])
    counts = [np.bincount(pixels[:, c], minlength=256) for c in range(pixels.shape[1])]
    value, n = np.arange(256.0), len(pixels)
    mean = np.array([(k * value).sum() / n for k in counts])
    square = np.array([(k * value * value).sum() / n for k in counts])
    return mean / 255, np.sqrt(square - mean**2) / 255


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--model", choices=MODELS, default="resnet20")
    p.add_argument("--image", default="1x28x28", metavar="CxHxW")
    p.add_argument("--stem", choices=["auto", "small", "imagenet"], default="auto")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--classes", type=int, default=10)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--steps", type=int, default=5, help="batches to keep")
    p.add_argument("--out", required=True, metavar="FOLDER")
    a = p.parse_args()
    shape = tuple(int(v) for v in a.image.split("x"))
    small = a.stem == "small" or (a.stem == "auto" and max(shape[1:]) <= 64)
    count = 4 * a.batch
    images, labels = draw_data(a.seed, count, shape, a.classes)
    mean, std = statistics(images)
    os.makedirs(a.out, exist_ok=True)
    x = np.lib.format.open_memmap(f"{a.out}/images.npy", "w+", np.float32, (a.steps, a.batch, *shape))
    y = np.empty((a.steps, a.batch), np.int64)
    per_epoch = count // a.batch
    for step in range(a.steps):
        epoch, first = step // per_epoch, step % per_epoch * a.batch
        rows = Draws(a.seed, ORDER, 0, epoch).permutation(count, np.arange(first, first + a.batch))
        x[step] = ((images[rows] / 255.0 - mean) / std).transpose(0, 3, 1, 2)
        y[step] = labels[rows]
    x.flush()
    np.save(f"{a.out}/labels.npy", y)
    weights = draw_weights(a.seed, parameters(a.model, shape[0], a.classes, small), MODELS[a.model][2])
    frequency = np.bincount(labels, minlength=a.classes).astype(np.float64)
    weights["fc.bias"] = np.log(np.where(frequency > 0, frequency, 0.5) / count).astype(np.float32)
    np.savez(f"{a.out}/weights.npz", **weights)


if __name__ == "__main__":
    main()
