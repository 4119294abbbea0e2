#!/usr/bin/python3
"""The peer of `regimen bench train`: trains in PyTorch on the CPU until the test split's accuracy reaches a bar.

    torch_train.py --data FILE.h5 [--until 0.92] [--layout channels_last] [--compile] [--seed 1] ...

The recipe is Regimen's own: ResNet-20, crop and flip, one cycle, SGD with Nesterov momentum, decay on weights only. Starting
weights, the order of the images, and what is cropped and mirrored are drawn as Regimen draws them (draws.py), so with the same
seed both see the same batches. After each epoch the whole test split is evaluated; the run ends when the bar is reached
(exit code 0) or the epochs are over (1). Its last line on standard output is JSON:

    seconds          until the bar was reached: training alone (batches, steps); with_evaluation: all of it
    images_per_s     of training alone

Drawing for an epoch, which Regimen does within its steps, is done before the epoch and not counted. To compare:

    regimen bench train --until 0.92 --data fashion.h5
    bench/peers/torch_train.py --until 0.92 --data fashion.h5 --layout channels_last
"""
import argparse
import json
import math
import sys
import time

import h5py
import numpy as np
import torch
from torch.nn import functional as F

from checkpoint_to_torch import constants
from draws import MODELS, ORDER, Draws, draw_weights, parameters
from network import SGD_FORMS, Network, compiled, set_weights, sgd

AUGMENT = 4  # RGM_STREAM_AUGMENT of core/base/rng.h
CROP, FLIP = 0, 1  # places in the chain


class Data:
    """Images as uint8 in memory, the training ones padded all around with the colour that the crop fills in."""

    def __init__(self, path, padding):
        with h5py.File(path, "r") as f:
            self.train, self.test = (self.read(f, split) for split in ("train", "test"))
            mean, std = constants(f, self.train[0].shape[3])
        self.padding = padding
        fill = np.floor(mean * 255 + 0.5).astype(np.uint8)
        self.padded = np.pad(self.train[0], ((0, 0), (padding, padding), (padding, padding), (0, 0)))
        inside = np.zeros(self.padded.shape[1:3], bool)
        height, width = self.train[0].shape[1:3]
        inside[padding:padding + height, padding:padding + width] = True
        self.padded[:, ~inside] = fill
        self.scale = torch.tensor(1 / (255 * std), dtype=torch.float32)
        self.shift = torch.tensor(-mean / std, dtype=torch.float32)

    @staticmethod
    def read(f, split):
        if split not in f:
            raise SystemExit(f"{f.filename}: no {split} split")
        images, labels = f[split]["images"][()], f[split]["labels"][()]
        if labels.dtype.kind == "f":
            raise SystemExit(f"{f.filename}: soft labels")
        return images.reshape(*images.shape[:3], -1), labels.reshape(-1).astype(np.int64)

    def floats(self, images, layout):
        """uint8 [N][H][W][C] as the network's input."""
        x = torch.from_numpy(images).to(torch.float32).mul_(self.scale).add_(self.shift).permute(0, 3, 1, 2)
        return x.contiguous(memory_format=torch.channels_last if layout == "channels_last" else torch.contiguous_format)


def draw_epoch(data, seed, epoch, count):
    """Which images, where each is cropped, and whether it is mirrored: rows, top, left (of the padded image), mirrored."""
    rows = Draws(seed, ORDER, 0, epoch).permutation(len(data.padded), np.arange(count))
    none, samples, span = np.zeros(count, np.uint64), rows.astype(np.uint64), np.uint64(2 * data.padding + 1)
    low0, high0, low1, high1 = Draws(seed, AUGMENT, CROP, epoch, samples).blocks(none)
    bits = np.uint64(32)
    top, left = (((high * span + (low * span >> bits)) >> bits).astype(np.int64)
                 for low, high in ((low0, high0), (low1, high1)))
    return rows, top, left, Draws(seed, AUGMENT, FLIP, epoch, samples).blocks(none)[0] < 2**31


def cut(data, rows, top, left, mirrored):
    """The batch's images, cropped and mirrored, uint8."""
    height, width = data.train[0].shape[1:3]
    y = top[:, None] + np.arange(height)
    x = left[:, None] + np.where(mirrored[:, None], np.arange(width)[::-1], np.arange(width))
    return data.padded[rows[:, None, None], y[:, :, None], x[:, None, :]]


def one_cycle(step, total, warm):
    """plugins/onecycle.c with its defaults: up from 1/25 by half a cosine, down to 1/250000."""
    last, peak, start = total - 1, warm * total - 1, 1 / 25
    end = start / 1e4
    if step >= last > 0:
        return end
    low, high, t = (start, 1, step / peak) if step < peak else (1, end, (step - max(peak, 0)) / (last - max(peak, 0)))
    return low + (high - low) * (0.5 - 0.5 * math.cos(math.pi * t))


def accuracy(a, net, data):
    images, labels = data.test
    net.eval()
    right = 0
    with torch.no_grad():
        for at in range(0, len(images), a.batch):
            logits = net(data.floats(images[at:at + a.batch], a.layout))
            right += int((logits.argmax(1).numpy() == labels[at:at + a.batch]).sum())
    net.train()
    return right / len(images)


def train_epoch(a, forward, optimizer, data, epoch, total):
    """Seconds of its steps, and the mean loss."""
    per_epoch = len(data.padded) // a.batch
    draws = draw_epoch(data, a.seed, epoch, per_epoch * a.batch)
    labels, losses = torch.from_numpy(data.train[1][draws[0]]), []
    start = time.perf_counter()
    for step in range(per_epoch):
        batch = slice(step * a.batch, (step + 1) * a.batch)
        x = data.floats(cut(data, *(d[batch] for d in draws)), a.layout)
        for group in optimizer.param_groups:
            group["lr"] = a.lr * one_cycle(epoch * per_epoch + step, total, a.warm)
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(x), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if epoch == 0 and step == 4:
            print(f"loss after 5 steps: {losses[4]:.6f}", file=sys.stderr, flush=True)
    return time.perf_counter() - start, sum(losses) / len(losses)


def make_network(a, data):
    channels, classes = data.train[0].shape[3], int(data.train[1].max()) + 1
    small = max(data.train[0].shape[1:3]) <= 64
    net = Network(a.model, channels, classes, small)
    weights = draw_weights(a.seed, parameters(a.model, channels, classes, small), MODELS[a.model][2])
    frequency = np.bincount(data.train[1], minlength=classes) / len(data.train[1])
    weights["fc.bias"] = np.log(np.maximum(frequency, 0.5 / len(data.train[1]))).astype(np.float32)
    set_weights(net, weights)
    return net.to(memory_format=torch.channels_last) if a.layout == "channels_last" else net


def run(a):
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    data = Data(a.data, a.padding)
    if not 1 <= a.batch <= len(data.padded):
        raise SystemExit(f"--batch {a.batch}: expected 1 to {len(data.padded)}, the training images")
    net = make_network(a, data)
    forward = compiled(net) if a.compile else net
    optimizer, form = sgd(net, a.sgd, a.lr, a.momentum, a.decay)
    per_epoch, training, evaluating, curve = len(data.padded) // a.batch, 0.0, 0.0, []
    for epoch in range(a.epochs):
        seconds, loss = train_epoch(a, forward, optimizer, data, epoch, a.epochs * per_epoch)
        training += seconds
        start = time.perf_counter()
        curve.append(accuracy(a, net, data))
        evaluating += time.perf_counter() - start
        print(f"epoch {epoch + 1}/{a.epochs}: loss {loss:.4f}, test accuracy {100 * curve[-1]:.2f} %, {training:.1f} s",
              file=sys.stderr, flush=True)
        if curve[-1] >= a.until:
            break
    return {
        "peer": "pytorch", "version": torch.__version__, "model": a.model, "batch": a.batch, "threads": a.threads,
        "layout": a.layout, "compile": a.compile, "sgd": form, "seed": a.seed, "until": a.until,
        "reached": curve[-1] >= a.until, "epochs": len(curve), "accuracy": curve[-1], "accuracies": curve,
        "seconds": round(training, 3), "seconds_with_evaluation": round(training + evaluating, 3),
        "images_per_s": round(len(curve) * per_epoch * a.batch / training, 3),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--data", required=True, metavar="FILE.h5", help="with a train and a test split (regimen import)")
    p.add_argument("--until", type=float, default=0.92, help="the bar, a fraction [0.92]")
    p.add_argument("--model", choices=MODELS, default="resnet20")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--epochs", type=int, default=22, help="length of the cycle, and the most that are run [22]")
    p.add_argument("--padding", type=int, default=2, help="of the crop [2]")
    p.add_argument("--warm", type=float, default=0.25, help="share of the run in which the rate rises [0.25]")
    p.add_argument("--lr", type=float, default=0.3, help="the peak [0.3]")
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--decay", type=float, default=5e-4)
    p.add_argument("--layout", choices=["nchw", "channels_last"], default="channels_last")
    p.add_argument("--compile", action="store_true", help="torch.compile (2.0 and later); its time counts")
    p.add_argument("--sgd", choices=["auto", *SGD_FORMS], default="auto")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    if not 0 < a.until <= 1:
        p.error("--until: a fraction above 0, at most 1")
    if a.epochs < 1 or a.threads < 1 or a.padding < 0:
        p.error("--epochs and --threads are at least 1, --padding at least 0")
    result = run(a)
    print(json.dumps(result), flush=True)
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
