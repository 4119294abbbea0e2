#!/usr/bin/python3
"""Makes the golden files of this folder with PyTorch (Debian 12: python3-torch 1.13, python3-numpy). See README.md.

usage: make_golden.py [NAME...]     in this folder; all files without a name
       make_golden.py --seek NAME   tries seeds until all steps stay clear of every kink
"""
import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

STREAM_TEST = 7 << 16  # core/base/rng.h: RGM_STREAM(RGM_STREAM_TEST, instance)
PROJECTIONS = SAMPLES = 16

WATCHED = None  # a list: what enters each ReLU is added to it

RUNS = {  # model, blocks per stage, bottleneck, channels of the first stage, image, batch, imagenet stem, full
    # tensors, seed, shift of batch norms, steps
    "resnet20": ("resnet20", (3, 3, 3), False, 16, (1, 28, 28), 8, False, False, 1, 3.0, 10),
    "resnet20-narrow": ("resnet20", (3, 3, 3), False, 5, (1, 28, 28), 8, False, True, 3, 0.75, 1),
    "resnet50": ("resnet50", (3, 4, 6, 3), True, 64, (3, 64, 64), 4, True, False, 1, 3.0, 10),
    "resnet50-narrow": ("resnet50", (3, 4, 6, 3), True, 4, (3, 64, 64), 4, True, True, 2, 0.75, 1),
}
OUTPUTS, RATE, MOMENTUM, DECAY = 10, 2.0**-15, 0.9, 5e-4


def philox(counter, key):
    """Philox4x32-10 on arrays of counters: counter and result are four uint64 arrays of 32-bit words."""
    c, k0, k1 = list(counter), key[0], key[1]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
             p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


class Draws:
    """Parameters, inputs and labels of one run, by name."""

    def __init__(self, seed, shift):
        self.seed, self.shift = seed, shift

    def words(self, name, instance, epoch, n):
        """n 32-bit draws; `sample` is the name's hash."""
        blocks = (n + 3) // 4
        full = lambda v: np.full(blocks, v, np.uint64)
        counter = [np.arange(blocks, dtype=np.uint64), full(fnv1a(name)), full(epoch), full(STREAM_TEST | instance)]
        return np.stack(philox(counter, (self.seed, 0)), 1).reshape(-1)[:n]

    def uniform(self, name, epoch, middle, reach, shape):
        """middle + reach * (2u - 1), rounded once: u has 24 bits, reach 8, so the rest is exact in double."""
        u = (self.words(name, 0, epoch, math.prod(shape)) >> np.uint64(8)).astype(np.float64) * 2.0**-24
        return (middle + reach * (2 * u - 1)).astype(np.float32).reshape(shape)

    def parameter(self, name, p, last):
        """`last`: the name of a block's last batch norm. README.md gives the rules and their reason."""
        if p.ndim > 1:
            reach = math.sqrt((6 if p.ndim == 4 else 1) / (p.numel() // p.shape[0]))
            return self.uniform(name, 0, 0, eight_bits(reach), p.shape)
        if name == "fc.bias":
            return self.uniform(name, 0, 0, 0.25, p.shape)
        if name.endswith("weight"):
            return self.uniform(name, 0, 0.75, 0.25, p.shape)
        if self.shift > 1 and name.endswith(last + ".bias"):
            return self.uniform(name, 0, self.shift, 0.25, p.shape)
        shift = 2 * self.shift + 1 if self.shift > 1 and "downsample" in name else self.shift
        x = self.uniform(name, 0, shift, 0.25, p.shape)
        x[1::2] *= -1
        return x

    def images(self, step, shape):
        return self.uniform("input", step, 0.5, 0.5, shape)

    def labels(self, step, batch):
        u = self.words("labels", 0, step, batch) >> np.uint64(8)
        return (u * np.uint64(OUTPUTS) >> np.uint64(24)).astype(np.int64)


def eight_bits(x):
    mantissa, exponent = math.frexp(x)
    return math.ldexp(math.floor(mantissa * 256), exponent - 8)


def relu(x):
    if WATCHED is not None:
        WATCHED.append(x.detach().double().contiguous())
    return F.relu(x)


class Block(nn.Module):
    """Basic or bottleneck residual block; its members' names are torchvision's."""

    def __init__(self, c_in, channels, stride, bottleneck):
        super().__init__()
        out = 4 * channels if bottleneck else channels
        plan = [(channels, 3, stride), (out, 3, 1)]
        if bottleneck:
            plan = [(channels, 1, 1), (channels, 3, stride), (out, 1, 1)]
        self.count, c = len(plan), c_in
        for i, (k, window, s) in enumerate(plan, 1):
            setattr(self, f"conv{i}", nn.Conv2d(c, k, window, s, window // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(k))
            c = k
        self.downsample = None
        if stride != 1 or c_in != out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = relu(y)
        return relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, blocks, bottleneck, base, c_in, imagenet_stem):
        super().__init__()
        window, stride = (7, 2) if imagenet_stem else (3, 1)
        self.conv1 = nn.Conv2d(c_in, base, window, stride, window // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.pool, self.stages, c = imagenet_stem, len(blocks), base
        for s, count in enumerate(blocks):
            layers = []
            for i in range(count):
                layers.append(Block(c, base << s, 2 if s > 0 and i == 0 else 1, bottleneck))
                c = (base << s) * (4 if bottleneck else 1)
            setattr(self, f"layer{s + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(c, OUTPUTS)

    def forward(self, x):
        x = relu(self.bn1(self.conv1(x)))
        if self.pool:
            x = F.max_pool2d(x, 3, 2, 1)
        for s in range(self.stages):
            x = getattr(self, f"layer{s + 1}")(x)
        return self.fc(x.mean((2, 3)))


def train(run, dtype, layout):
    """All steps in one precision: {(what, name): float64 array}."""
    _, blocks, bottleneck, base, image, batch, imagenet_stem, _, seed, shift, steps = run
    model, draws = ResNet(blocks, bottleneck, base, image[0], imagenet_stem), Draws(seed, shift)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(draws.parameter(name, p, ".bn3" if bottleneck else ".bn2")))
    model.to(dtype=dtype, memory_format=layout).train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM)
    out, losses = {}, []
    array = lambda t: t.detach().contiguous().double().numpy().copy().reshape(-1)
    statistics = lambda: [(n, b) for n, b in model.named_buffers() if "running" in n]
    for step in range(steps):
        x = torch.from_numpy(draws.images(step, (batch,) + image)).to(dtype).contiguous(memory_format=layout)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), torch.from_numpy(draws.labels(step, batch)))
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            for name, p in model.named_parameters():
                out["gradient", name] = array(p.grad)
            for name, b in statistics():
                out["first", name] = array(b)
        optimizer.step()
    out["loss", "loss"] = np.array(losses)
    for name, p in model.named_parameters():
        out["weight", name] = array(p)
    for name, b in statistics():
        out["last", name] = array(b)
    return out


def summary(draws, name, x):
    """Projections on vectors of signs (bit j of element i's draw), then elements at regular places."""
    bits, values = draws.words(name, 1, 0, x.size), []
    for j in range(PROJECTIONS):
        values.append(float(np.sum(np.where(bits >> np.uint64(j) & np.uint64(1), -x, x))))
    return np.array(values + [x[(2 * i + 1) * x.size // (2 * SAMPLES)] for i in range(SAMPLES)])


ENTRY = np.dtype([("what", "S16"), ("name", "S64"), ("count", "<i8"), ("values", "<i8"), ("norm", "<f8"),
                  ("error", "<f8")])
HEADER = np.dtype([("magic", "S16"), ("model", "S32"), ("framework", "S32"), ("seed", "<u8"), ("image", "<i4", 3),
                   ("batch", "<i4"), ("outputs", "<i4"), ("base", "<i4"), ("imagenet_stem", "<i4"), ("steps", "<i4"),
                   ("full", "<i4"), ("entries", "<i4"), ("rate", "<f8"), ("momentum", "<f8"), ("decay", "<f8"),
                   ("shift", "<f8")])


def make(file, run):
    model, _, _, base, image, batch, imagenet_stem, full, seed, shift, steps = run
    exact = train(run, torch.float64, torch.contiguous_format)
    single = [train(run, torch.float32, f) for f in (torch.contiguous_format, torch.channels_last)]
    header = np.zeros((), HEADER)
    for key, value in {"magic": b"regimen golden 1", "model": model, "framework": "torch " + torch.__version__,
                       "seed": seed, "image": image, "batch": batch, "outputs": OUTPUTS, "base": base,
                       "imagenet_stem": imagenet_stem, "steps": steps, "full": full, "entries": len(exact),
                       "rate": RATE, "momentum": MOMENTUM, "decay": DECAY, "shift": shift}.items():
        header[key] = value
    errors = {}
    with open(file + ".golden", "wb") as f:
        f.write(header.tobytes())
        for (what, name), x in exact.items():
            norm = np.linalg.norm(x)
            errors[what, name] = np.max([np.linalg.norm(s[what, name] - x) for s in single]) / norm  # a NaN stays one
            values = x if full or x.size <= PROJECTIONS + SAMPLES else summary(Draws(seed, shift), name, x)
            entry = np.zeros((), ENTRY)
            for key, value in zip(ENTRY.names, (what, name, x.size, values.size, norm, errors[what, name])):
                entry[key] = value
            f.write(entry.tobytes() + values.astype("<f8").tobytes())
    for what in ("loss", "gradient", "first", "weight", "last"):
        e = sorted(v for (w, _), v in errors.items() if w == what)
        print(f"{file}: {what}: single precision is off by {e[0]:.1e} to {e[-1]:.1e}, median {e[len(e) // 2]:.1e}")
    print(f"{file}: losses", " ".join(f"{v:.4f}" for v in exact["loss", "loss"]))


def watch(run, dtype, layout):
    global WATCHED
    WATCHED = []
    train(run, dtype, layout)
    seen, WATCHED = WATCHED, None
    return seen


def close_calls(run):
    """How many choices of all steps, by ReLU or by the stem's pooling, rounding might turn: those within 8
    standard deviations of the layer's rounding error."""
    exact, count = watch(run, torch.float64, torch.contiguous_format), 0
    single = watch(run, torch.float32, torch.contiguous_format)
    for i, (x, y) in enumerate(zip(exact, single)):
        margin = 8 * (x - y).square().mean().sqrt()
        count += int((x.abs() < margin).sum())
        if run[6] and i % (len(exact) // run[10]) == 0:
            best = F.unfold(F.relu(x), 3, padding=1, stride=2).view(x.shape[0], x.shape[1], 9, -1).topk(2, 2).values
            count += int(((best[:, :, 0] > 0) & (best[:, :, 0] - best[:, :, 1] < margin)).sum())
    return count


def seek(run):
    for seed in range(1, 200):
        calls = close_calls(run[:8] + (seed,) + run[9:])
        print(f"seed {seed}: {calls} close calls", flush=True)
        if calls == 0:
            return


if sys.argv[1:2] == ["--seek"]:
    seek(RUNS[sys.argv[2]])
else:
    for chosen in sys.argv[1:] or RUNS:
        make(chosen, RUNS[chosen])
