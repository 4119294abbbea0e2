#!/usr/bin/python3
"""The peer: whole training steps in PyTorch on the CPU: forward, loss, all gradients, SGD.

    torch_step.py [--model resnet20] [--image 1x28x28] [--batch 128] [--layout nchw|channels_last] [--iters 20] ...
    torch_step.py --weights FOLDER ...     weights and the first batches from draws.py, for a loss that can be compared

Prints one JSON line. The recipe is that of `regimen bench step`: Nesterov momentum, weight decay on weights only, a constant
rate. Timed steps work on one float batch that is ready in memory: reading, converting and augmenting images cost the
peer nothing. Runs with Debian's python3-torch (1.13) and with newer ones.
"""
import argparse
import inspect
import json
import statistics
import time

import numpy as np


def memory(key):
    """MiB: VmHWM (peak), VmRSS, RssAnon or RssFile of this process."""
    with open("/proc/self/status") as f:
        return next((int(line.split()[1]) / 1024 for line in f if line.startswith(key + ":")), 0.0)


before_import = memory("VmRSS")
import torch  # noqa: E402  (its own memory is measured)
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import_mb = memory("VmRSS") - before_import

from draws import MODELS  # noqa: E402


class Residual(nn.Module):
    """A residual block. `plan` has (filters, window, stride) of each convolution."""

    def __init__(self, inputs, plan):
        super().__init__()
        outputs, stride = plan[-1][0], max(s for _, _, s in plan)
        before = inputs
        for i, (filters, window, step) in enumerate(plan, 1):
            self.add_module(f"conv{i}", nn.Conv2d(before, filters, window, step, window // 2, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(filters))
            before = filters
        self.last = len(plan)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.last + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.last:
                y = F.relu_(y)
        y += x if self.downsample is None else self.downsample(x)
        return F.relu_(y)


class Network(nn.Module):
    def __init__(self, model, channels, classes, small_stem):
        super().__init__()
        blocks, base, bottleneck = MODELS[model]
        self.conv1 = nn.Conv2d(channels, base, *((3, 1, 1) if small_stem else (7, 2, 3)), bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.pool = None if small_stem else nn.MaxPool2d(3, 2, 1)
        self.stages = []
        before = base
        for stage, count in enumerate(blocks):
            width, row = base << stage, []
            for i in range(count):
                stride = 2 if stage and i == 0 else 1
                plan = [(width, 3, stride), (width, 3, 1)]
                if bottleneck:
                    plan = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]
                row.append(Residual(before, plan))
                before = plan[-1][0]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*row))
            self.stages.append(f"layer{stage + 1}")
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        x = F.relu_(self.bn1(self.conv1(x)))
        x = x if self.pool is None else self.pool(x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def load_weights(net, folder):
    """Every trained parameter must be there, and nothing else."""
    own = dict(net.named_parameters())
    with np.load(f"{folder}/weights.npz") as f, torch.no_grad():
        if set(own) != set(f.files):
            raise SystemExit(f"{folder}: weights of another network: {sorted(set(own) ^ set(f.files))[:3]} ...")
        for name in f.files:
            own[name].copy_(torch.from_numpy(f[name]))


def optimizer(net, a):
    weights = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim == 1]
    known = inspect.signature(torch.optim.SGD).parameters
    choice = a.sgd if a.sgd != "auto" else "fused" if "fused" in known else "plain"
    if choice not in known and choice != "plain":
        raise SystemExit(f"torch {torch.__version__}: SGD has no {choice} form")
    form = {choice: True} if choice != "plain" else {"foreach": False} if "foreach" in known else {}
    groups = [{"params": weights, "weight_decay": a.decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, a.lr, momentum=a.momentum, nesterov=a.momentum > 0, **form), choice


class Batches:
    """The folder's batches, then the last one again and again; without a folder, one random batch."""

    def __init__(self, a, shape):
        self.x = self.y = None
        self.folder, self.channels_last, self.count = a.weights, a.layout == "channels_last", 1
        if self.folder:
            self.images = np.load(f"{self.folder}/images.npy", mmap_mode="r")
            self.labels = np.load(f"{self.folder}/labels.npy")
            self.count = len(self.labels)
            if self.images.shape[1:] != (a.batch, *shape):
                raise SystemExit(f"{self.folder}: batches of {self.images.shape[1:]}, expected {(a.batch, *shape)}")
        else:
            self.images, self.labels = [np.random.rand(a.batch, *shape)], [np.random.randint(0, a.classes, a.batch)]

    def at(self, step):
        if step < self.count:
            self.x = torch.from_numpy(np.array(self.images[step], np.float32))
            self.y = torch.from_numpy(self.labels[step])
            if self.channels_last:
                self.x = self.x.to(memory_format=torch.channels_last)
        if step == self.count:
            self.images = None
        return self.x, self.y


def run(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    shape = tuple(int(v) for v in a.image.split("x"))
    small = a.stem == "small" or (a.stem == "auto" and max(shape[1:]) <= 64)
    net = Network(a.model, shape[0], a.classes, small)
    if a.weights:
        load_weights(net, a.weights)
    if a.layout == "channels_last":
        net = net.to(memory_format=torch.channels_last)
    forward = torch.compile(net) if a.compile else net
    sgd, form = optimizer(net, a)
    batches = Batches(a, shape)
    warmup, losses, times = max(a.warmup, batches.count), [], []
    for step in range(warmup + a.iters):
        x, y = batches.at(step)
        start = time.perf_counter()
        sgd.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        sgd.step()
        times.append(time.perf_counter() - start)
        if step < 5:
            losses.append(loss.item())
    times = sorted(times[warmup:])
    median = statistics.median(times)
    return {
        "peer": "pytorch", "version": torch.__version__, "model": a.model, "image": list(shape), "batch": a.batch,
        "threads": a.threads, "layout": a.layout, "compile": a.compile, "sgd": form,
        "images_per_s": round(a.batch / median, 3), "ms_per_step": round(median * 1e3, 3),
        "ms_per_step_low": round(times[len(times) // 4] * 1e3, 3),
        "ms_per_step_high": round(times[len(times) * 3 // 4] * 1e3, 3),
        "rss_mb": round(memory("VmHWM"), 1), "import_mb": round(import_mb, 1), "anon_mb": round(memory("RssAnon"), 1),
        "loss_after_5": losses[4] if a.weights and len(losses) > 4 else None, "losses": losses,
    }


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--model", choices=MODELS, default="resnet20")
    p.add_argument("--image", default="1x28x28", metavar="CxHxW")
    p.add_argument("--stem", choices=["auto", "small", "imagenet"], default="auto", help="auto: small up to 64 pixels")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--classes", type=int, default=10)
    p.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    p.add_argument("--compile", action="store_true", help="torch.compile (2.0 and later)")
    p.add_argument("--sgd", choices=["auto", "plain", "foreach", "fused"], default="auto",
                   help="form of the update; auto: fused where torch has it, else plain")
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--decay", type=float, default=5e-4)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--warmup", type=int, default=3, help="steps before the timed ones; at least the drawn batches")
    p.add_argument("--iters", type=int, default=20, help="timed steps")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--weights", metavar="FOLDER", help="of draws.py; without it everything is torch's own random")
    a = p.parse_args()
    if a.iters < 1:
        p.error("--iters: at least 1")
    print(json.dumps(run(a)), flush=True)


if __name__ == "__main__":
    main()
