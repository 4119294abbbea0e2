#!/usr/bin/python3
"""The peer: whole training steps in PyTorch on the CPU (forward, loss, all gradients, SGD), or inference.

    torch_step.py [--model resnet20] [--image 1x28x28] [--batch 128] [--layout nchw|channels_last] [--iters 20] ...
    torch_step.py --what eval [--form eager|frozen|optimized] [--compile] ...
    torch_step.py --weights FOLDER ...     weights and the first batches from draws.py, for a loss that can be compared

Prints one JSON line. The recipe of training is that of `regimen bench step`: Nesterov momentum, weight decay on weights only,
a constant rate. Inference is the forward pass alone, under inference_mode. Timed iterations work on one float batch that
is ready in memory: reading, converting and augmenting images cost the peer nothing, nor does an evaluation's loss.
Runs with Debian's python3-torch (1.13) and with newer ones.
"""
import argparse
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
from torch.nn import functional as F  # noqa: E402

import_mb = memory("VmRSS") - before_import

from draws import MODELS  # noqa: E402
from network import SGD_FORMS, Network, compiled, set_weights, sgd  # noqa: E402


class Batches:
    """The folder's batches, then the last one again and again; without a folder, one random batch."""

    def __init__(self, a, shape):
        self.x = self.y = None
        self.folder, self.channels_last, self.count = a.weights, a.layout == "channels_last", 1
        if self.folder:
            self.labels = np.load(f"{self.folder}/labels.npy")
            self.count = len(self.labels)
            found = np.load(f"{self.folder}/images.npy", mmap_mode="r").shape[1:]
            if found != (a.batch, *shape):
                raise SystemExit(f"{self.folder}: batches of {found}, expected {(a.batch, *shape)}")
        else:
            self.images, self.labels = [np.random.rand(a.batch, *shape)], [np.random.randint(0, a.classes, a.batch)]

    def at(self, step):
        if step < self.count:
            # a map that lives for one batch: its pages would count as memory of the peer
            images = np.load(f"{self.folder}/images.npy", mmap_mode="r") if self.folder else self.images
            self.x = torch.from_numpy(np.array(images[step], np.float32))
            self.y = torch.from_numpy(self.labels[step])
            if self.channels_last:
                self.x = self.x.to(memory_format=torch.channels_last)
        if step == self.count:
            self.images = None
        return self.x, self.y


def train(a, net, batches):
    """Times of all steps, the first five losses, what else there is to say."""
    forward = compiled(net) if a.compile else net
    optimizer, form = sgd(net, a.sgd, a.lr, a.momentum, a.decay)
    times, losses = [], []
    for step in range(max(a.warmup, batches.count) + a.iters):
        x, y = batches.at(step)
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
        if step < 5:
            losses.append(loss.item())
    comparable = losses[4] if a.weights and len(losses) > 4 else None
    return times, {"sgd": form, "loss_after_5": comparable, "losses": losses}


def made_for_inference(a, net, x):
    """The network in the form that is asked for. TorchScript's fold batch norms into convolutions; `optimized` also
    moves what it can into oneDNN's own layouts; `compile` with `frozen` is inductor with constants folded."""
    net = net.eval()
    if a.compile:
        return compiled(net, folded=a.form == "frozen")
    if a.form == "eager":
        return net
    with torch.no_grad():
        frozen = torch.jit.freeze(torch.jit.trace(net, x))
        return torch.jit.optimize_for_inference(frozen) if a.form == "optimized" else frozen


def infer(a, net, batches):
    """Times of all batches, the loss of the first."""
    x, y = batches.at(0)
    with torch.no_grad() if a.compile and a.form == "frozen" else torch.inference_mode():
        forward, times = made_for_inference(a, net, x), []
        for _ in range(a.warmup + a.iters):
            start = time.perf_counter()
            logits = forward(x)
            times.append(time.perf_counter() - start)
        loss = F.cross_entropy(logits, y).item()
    return times, {"form": a.form, "loss": loss if a.weights else None}


def run(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    shape = tuple(int(v) for v in a.image.split("x"))
    small = a.stem == "small" or (a.stem == "auto" and max(shape[1:]) <= 64)
    net = Network(a.model, shape[0], a.classes, small)
    if a.weights:
        with np.load(f"{a.weights}/weights.npz") as f:
            set_weights(net, f)
    if a.layout == "channels_last":
        net = net.to(memory_format=torch.channels_last)
    times, more = (train if a.what == "train" else infer)(a, net, Batches(a, shape))
    times = sorted(times[-a.iters:])
    median = statistics.median(times)
    return {
        "peer": "pytorch", "version": torch.__version__, "what": a.what, "model": a.model, "image": list(shape),
        "batch": a.batch, "threads": a.threads, "layout": a.layout, "compile": a.compile,
        "images_per_s": round(a.batch / median, 3), "ms_per_step": round(median * 1e3, 3),
        "ms_per_step_low": round(times[len(times) // 4] * 1e3, 3),
        "ms_per_step_high": round(times[len(times) * 3 // 4] * 1e3, 3),
        "rss_mb": round(memory("VmHWM"), 1), "import_mb": round(import_mb, 1), "anon_mb": round(memory("RssAnon"), 1),
        **more,
    }


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--what", choices=["train", "eval"], default="train")
    p.add_argument("--model", choices=MODELS, default="resnet20")
    p.add_argument("--image", default="1x28x28", metavar="CxHxW")
    p.add_argument("--stem", choices=["auto", "small", "imagenet"], default="auto", help="auto: small up to 64 pixels")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--classes", type=int, default=10)
    p.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    p.add_argument("--compile", action="store_true", help="torch.compile (2.0 and later)")
    p.add_argument("--form", choices=["eager", "frozen", "optimized"], default="eager",
                   help="eval: TorchScript after freeze, and after optimize_for_inference; with --compile, constants folded")
    p.add_argument("--sgd", choices=["auto", *SGD_FORMS], default="auto",
                   help="train: form of the update; auto: the first of these that torch has")
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--decay", type=float, default=5e-4)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--warmup", type=int, default=3, help="iterations before the timed ones; at least the drawn batches")
    p.add_argument("--iters", type=int, default=20, help="timed iterations")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--weights", metavar="FOLDER", help="of draws.py; without it everything is torch's own random")
    a = p.parse_args()
    if a.iters < 1 or a.warmup < 0 or a.batch < 1 or a.threads < 1:
        p.error("--iters, --batch and --threads are at least 1, --warmup at least 0")
    if a.compile and a.form == "optimized":
        p.error("--compile and --form optimized exclude each other")
    print(json.dumps(run(a)), flush=True)


if __name__ == "__main__":
    main()
