#!/usr/bin/python3
"""Runs images through a plain PyTorch ResNet that has a checkpoint's weights, and saves the logits.

    checkpoint_to_torch.py CHECKPOINT --data FILE.h5 [--split test] [--first 0] [--count N] [--out logits.npy]

The network is read off the names and shapes in /model: ResNet-18 to 152 and the CIFAR ResNets, of any width and channels,
with either stem and with shortcuts of option A or B. It says how many of the images it classified rightly; without --out
it prints the logits instead, an image a line. Needs torch, h5py and numpy (Debian: python3-torch, python3-h5py).
"""
import argparse
import re
import sys

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Pad(nn.Module):
    """Option A of He et al. 2016: every stride-th pixel, zero channels appended."""

    def __init__(self, channels, stride):
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x):
        x = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, 0, self.channels - x.shape[1]))


class Block(nn.Module):
    """A residual block; `channels` are those after each convolution: two of 3x3, or 1x1, 3x3, 1x1."""

    def __init__(self, inputs, channels, stride, option_a):
        super().__init__()
        bottleneck = len(channels) == 3
        self.length = len(channels)
        before = inputs
        for i, after in enumerate(channels, 1):
            size = 3 if not bottleneck or i == 2 else 1
            step = stride if i == (2 if bottleneck else 1) else 1
            self.add_module(f"conv{i}", nn.Conv2d(before, after, size, step, size // 2, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(after))
            before = after
        self.downsample = nn.Identity()
        if stride != 1 or inputs != before:
            self.downsample = Pad(before, stride) if option_a else nn.Sequential(
                nn.Conv2d(inputs, before, 1, stride, bias=False), nn.BatchNorm2d(before))

    def forward(self, x):
        y = x
        for i in range(1, self.length + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.length:
                y = functional.relu(y)
        return functional.relu(y + self.downsample(x))


class ResNet(nn.Module):
    """The network whose parameters have these names and shapes."""

    def __init__(self, shapes):
        super().__init__()
        filters, inputs, size, _ = shapes["conv1.weight"]
        self.conv1 = nn.Conv2d(inputs, filters, size, 2 if size == 7 else 1, size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.pool = nn.MaxPool2d(3, 2, 1) if size == 7 else nn.Identity()
        option_a = not any(".downsample." in name for name in shapes)
        self.stages = []
        while f"layer{len(self.stages) + 1}.0.conv1.weight" in shapes:
            stage = f"layer{len(self.stages) + 1}"
            blocks = []
            while f"{stage}.{len(blocks)}.conv1.weight" in shapes:
                prefix = f"{stage}.{len(blocks)}"
                channels = [shapes[f"{prefix}.conv{i}.weight"][0] for i in (1, 2, 3) if f"{prefix}.conv{i}.weight" in shapes]
                blocks.append(Block(filters, channels, 2 if self.stages and not blocks else 1, option_a))
                filters = channels[-1]
            self.add_module(stage, nn.Sequential(*blocks))
            self.stages.append(stage)
        self.fc = nn.Linear(filters, shapes["fc.weight"][0])

    def forward(self, x):
        x = self.pool(functional.relu(self.bn1(self.conv1(x))))
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return self.fc(x.mean((2, 3)))


def load(path):
    """The network of a checkpoint, in eval form. Every tensor must find its place, and none be left without."""
    with h5py.File(path, "r") as f:
        weights = {name: torch.from_numpy(f["model"][name][()]) for name in f["model"]}
    if "conv1.weight" not in weights or not any(re.match(r"layer1\.0\.conv1\.", name) for name in weights):
        sys.exit(f"{path}: no residual network")
    model = ResNet({name: tuple(w.shape) for name, w in weights.items()})
    missing, unexpected = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith(".num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"{path}: tensors that do not fit: missing {missing}, unexpected {unexpected}")
    return model.eval()


def own_constants(checkpoint):
    """The model's own mean and standard deviation; None for a file that has none (format version 1, or weights only)."""
    with h5py.File(checkpoint, "r") as f:
        return (f["input"].attrs["mean"], f["input"].attrs["std"]) if "input" in f else None


def constants(f, channels):
    """Mean and standard deviation of the training split, pixels as 0 to 1: the file's, or computed as Regimen does."""
    if "mean" in f.attrs and "std" in f.attrs:
        return np.atleast_1d(f.attrs["mean"]), np.atleast_1d(f.attrs["std"])
    split = f["train"] if "train" in f else f["test"]
    total, square, pixels = np.zeros(channels), np.zeros(channels), 0
    for first in range(0, len(split["images"]), 1000):
        x = split["images"][first:first + 1000].reshape(-1, channels).astype(np.uint64)
        total, square, pixels = total + x.sum(0), square + (x * x).sum(0), pixels + len(x)
    mean = total / pixels
    std = np.sqrt(np.maximum(square / pixels - mean**2, 0))
    return mean / 255, np.where(std > 0, std / 255, 1)


def run(model, own, f, split, first, count, batch):
    """Logits [count][classes], and how many of them have their largest entry at the label (None for soft labels)."""
    images, labels = f[split]["images"], f[split]["labels"]
    channels = 1 if images.ndim == 3 else images.shape[3]
    mean, std = (torch.tensor(v, dtype=torch.float32).view(1, -1, 1, 1) for v in own or constants(f, channels))
    end = len(images) if count is None else min(first + count, len(images))
    logits = []
    with torch.no_grad():
        for at in range(first, end, batch):
            x = torch.from_numpy(images[at:min(at + batch, end)]).reshape(-1, *images.shape[1:3], channels)
            x = x.permute(0, 3, 1, 2).to(torch.float32) / 255
            logits.append(model((x - mean) / std).numpy())
    logits = np.concatenate(logits) if logits else np.zeros((0, model.fc.out_features), np.float32)
    truth = labels[first:end]
    if truth.dtype.kind == "f" or logits.shape[1] == 1:
        return logits, None
    return logits, int((logits.argmax(1) == truth.reshape(-1)).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--data", required=True, metavar="FILE.h5")
    parser.add_argument("--split", default="test")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--out", metavar="FILE.npy")
    args = parser.parse_args()
    model = load(args.checkpoint)
    with h5py.File(args.data, "r") as f:
        logits, right = run(model, own_constants(args.checkpoint), f, args.split, args.first, args.count, args.batch)
    if args.out:
        np.save(args.out, logits)
        print(f"{len(logits)} images" + ("" if right is None else f", {right} right"))
    else:
        for row in logits:
            print(*(f"{v:.9g}" for v in row))


if __name__ == "__main__":
    main()
