#!/usr/bin/python3
"""The peer: predictions in PyTorch or ONNX Runtime on the CPU: one image, batches from memory, and files.

    predict.py [--model resnet18] [--image 3x224x224] [--batch 16] [--form eager|frozen|optimized|compiled|folded|onnx] ...
    predict.py --checkpoint FILE ...           the network and the transform of a checkpoint, else random weights
    predict.py --pictures FOLDER ...           files, too: reading, decoding, resizing, the network

Prints one JSON line with the keys of `regimen bench predict`. Images from memory are floats, normalised and ready; those of
files are decoded by torchvision (without it by Pillow) and resized with antialias by torchvision. Files are read in two ways,
by a pool of threads for each batch and by the processes of a DataLoader while the network computes; the faster one counts.
Only whole batches of files are predicted, so that nothing is compiled twice.
"""
import argparse
import concurrent.futures
import json
import os
import re
import statistics
import tempfile
import time

import numpy as np
import torch

from draws import MODELS
from network import Network, compiled

FORMS = ("eager", "frozen", "optimized", "compiled", "folded", "onnx")


# ---- pictures ----

class Transform:
    """That of a checkpoint, as its text says: docs/CHECKPOINT.md. `way` is who decodes and who resizes:

    torchvision   both, resizing in steps of 8 bits. Upright; transparency is ignored, and grey is what a JPEG stores as such
    pillow        both, resizing in steps of 8 bits. Upright, over the background; grey is made of the colours
    float         as pillow, but PyTorch resizes in floating point
    """

    def __init__(self, text, way=None):
        found = re.fullmatch(r"(crop|stretch) (\d+)x(\d+)x(\d+)(?: shorter (\d+))?(?: background ([0-9a-f]{6}))?", text)
        if not found:
            raise SystemExit(f"the peer cannot do the transform '{text}'")
        self.fit = found[1]
        self.channels, self.height, self.width = (int(found[i]) for i in (2, 3, 4))
        self.shorter = int(found[5] or 0) or max(self.height, self.width)
        self.background = tuple(bytes.fromhex(found[6] or "ffffff"))
        if self.fit == "crop" and not found[5] and self.height != self.width:
            raise SystemExit(f"the peer covers squares only: '{text}'")
        if not way:
            try:
                import torchvision  # noqa: F401
                way = "torchvision"
            except ImportError:
                way = "pillow"
        self.way = way

    def __call__(self, path):
        """uint8 [C][H][W]"""
        if self.way == "torchvision":
            return self.by_torchvision(path)
        from compare_pixels import by_pillow
        pixels = by_pillow(path, self.channels, self.background)
        return self.in_float(pixels) if self.way == "float" else self.in_bytes(pixels)

    def size(self, h, w):
        """What a picture of h x w becomes before its centre is cut out."""
        if self.fit == "stretch" or (h, w) == (self.height, self.width):
            return self.height, self.width
        return (self.shorter, self.shorter * w // h) if h <= w else (self.shorter * h // w, self.shorter)

    def centre(self, x):
        """Of [C][h][w]."""
        top, left = round((x.shape[1] - self.height) / 2), round((x.shape[2] - self.width) / 2)
        return x[:, top:top + self.height, left:left + self.width]

    def by_torchvision(self, path):
        from torchvision.io import ImageReadMode, decode_image, read_file
        from torchvision.transforms.v2 import functional as F
        mode = ImageReadMode.RGB if self.channels == 3 else ImageReadMode.GRAY
        x = decode_image(read_file(path), mode, apply_exif_orientation=True)
        return self.centre(F.resize(x, self.size(*x.shape[1:]), antialias=True))

    def in_bytes(self, pixels):
        from PIL import Image
        image = Image.fromarray(pixels if self.channels == 3 else pixels[..., 0])
        image = np.array(image.resize(self.size(*pixels.shape[:2])[::-1], Image.BILINEAR))
        return self.centre(torch.from_numpy(image.reshape(*image.shape[:2], self.channels)).permute(2, 0, 1))

    def in_float(self, pixels):
        x = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1).unsqueeze(0).contiguous()
        x = torch.nn.functional.interpolate(x, self.size(*pixels.shape[:2]), mode="bilinear", antialias=True)[0]
        return self.centre(x.round().clamp(0, 255).to(torch.uint8))


class Files(torch.utils.data.Dataset):
    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return self.transform(self.paths[i])


def find_pictures(folder):
    paths = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
                   if name.lower().endswith((".jpg", ".jpeg", ".png")))
    if not paths:
        raise SystemExit(f"{folder}: no pictures")
    return paths


# ---- the network ----

class Model:
    def __init__(self, a):
        self.batch, self.layout = a.batch, a.layout
        if a.checkpoint:
            import h5py
            from checkpoint_to_torch import load, own_constants
            with h5py.File(a.checkpoint, "r") as f:
                size = "x".join(str(v) for v in f["input"].attrs["image"])
                text = f["input"].attrs.get("transform", f"crop {size}")  # that of checkpoints without one
            self.net = load(a.checkpoint)
            self.text = text.decode() if isinstance(text, bytes) else str(text)
            self.transform = Transform(self.text)
            mean, std = own_constants(a.checkpoint)
        else:
            shape = tuple(int(v) for v in a.image.split("x"))
            self.net = Network(a.model, shape[0], a.classes, max(shape[1:]) <= 64).eval()
            self.transform = Transform(f"crop {a.image}")
            mean, std = [0.5] * shape[0], [0.25] * shape[0]
        t = self.transform
        self.shape = (t.channels, t.height, t.width)
        self.scale = 1 / (255 * torch.tensor(np.atleast_1d(std), dtype=torch.float32).view(1, -1, 1, 1))
        self.shift = torch.tensor(np.atleast_1d(mean / np.asarray(std)), dtype=torch.float32).view(1, -1, 1, 1)
        if a.layout == "channels_last":
            self.net = self.net.to(memory_format=torch.channels_last)

    def ready(self, pixels):
        """uint8 [N][C][H][W] -> what the network takes."""
        x = pixels.to(torch.float32) * self.scale - self.shift
        return x.to(memory_format=torch.channels_last) if self.layout == "channels_last" else x

    def random(self, count):
        return self.ready(torch.randint(0, 256, (count, *self.shape), dtype=torch.uint8))


def as_onnx(net, x, threads):
    """A session for inputs of this shape."""
    import onnxruntime
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.onnx")
        try:
            torch.onnx.export(net, (x,), path, input_names=["x"], output_names=["y"], dynamo=False)
        except Exception:  # newer ones have the other exporter alone, which needs onnxscript
            torch.onnx.export(net, (x,), path, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda v: torch.from_numpy(session.run(None, {"x": v.numpy()})[0])


def forward_of(a, model, x):
    """The network in the form that is asked for, for inputs of this shape; softmax behind it."""
    net = model.net
    if a.form == "onnx":
        run = as_onnx(net, x, a.threads)
    elif a.form in ("compiled", "folded"):
        run = compiled(net, folded=a.form == "folded")
    elif a.form == "eager":
        run = net
    else:
        with torch.no_grad():
            run = torch.jit.freeze(torch.jit.trace(net, x))
            run = torch.jit.optimize_for_inference(run) if a.form == "optimized" else run
    return lambda v: torch.softmax(run(v), 1)


# ---- measuring ----

def timed(call, repeats, warmup):
    times = []
    for i in range(warmup + repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times[warmup:])


def latency(times, key):
    rank = lambda share: times[int(np.ceil(share * len(times))) - 1] * 1e3
    return {f"{key}_ms_median": statistics.median(times) * 1e3, f"{key}_ms_p95": rank(0.95), f"{key}_ms_p99": rank(0.99)}


def by_pool(a, model, forward, paths):
    """Each batch is decoded by as many threads as there are, then predicted."""
    pool = concurrent.futures.ThreadPoolExecutor(a.threads, initializer=lambda: torch.set_num_threads(1))
    torch.set_num_threads(a.threads)

    def one_pass():
        for at in range(0, len(paths), model.batch):
            forward(model.ready(torch.stack(list(pool.map(model.transform, paths[at:at + model.batch])))))
    times = timed(one_pass, a.passes, 1)
    pool.shutdown()
    return times


def by_workers(a, model, forward, paths):
    """Processes decode while the network computes."""
    loader = torch.utils.data.DataLoader(Files(paths, model.transform), model.batch, num_workers=a.threads,
                                         persistent_workers=True)

    def one_pass():
        for pixels in loader:
            forward(model.ready(pixels))
    return timed(one_pass, a.passes, 1)


def measure_files(a, model, one, many):
    paths = find_pictures(a.pictures)
    whole = paths[:max(len(paths) // model.batch, 1) * model.batch]
    places = iter(paths * (1 + (a.singles + a.warmup) // len(paths)))
    single = timed(lambda: one(model.ready(model.transform(next(places)).unsqueeze(0))), a.singles, a.warmup)
    ways = {name: len(whole) / statistics.median(way(a, model, many, whole))
            for name, way in (("pool", by_pool), ("workers", by_workers))}
    best = max(ways, key=ways.get)
    return {**latency(single, "latency_picture"), "pictures_per_s": ways[best], "reading": best, "pictures_per_s_of": ways,
            "pictures": len(whole), "decoder": model.transform.way}


def measure(a, model):
    x1, xn = model.random(1), model.random(a.batch)
    with torch.no_grad() if a.form == "folded" else torch.inference_mode():
        one, many = forward_of(a, model, x1), forward_of(a, model, xn)
        found = latency(timed(lambda: one(x1), a.singles, a.warmup), "latency")
        found["images_per_s"] = a.batch / statistics.median(timed(lambda: many(xn), a.iters, a.warmup))
        if a.pictures:
            found.update(measure_files(a, model, one, many))
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--model", choices=MODELS, default="resnet18")
    p.add_argument("--image", default="3x224x224", metavar="CxHxW")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--classes", type=int, default=1000)
    p.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    p.add_argument("--form", choices=FORMS, default="eager", help="frozen, optimized: TorchScript; folded: compiled, constants folded")
    p.add_argument("--checkpoint", metavar="FILE")
    p.add_argument("--pictures", metavar="FOLDER")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--warmup", type=int, default=5)
    p.add_argument("--iters", type=int, default=20, help="timed batches")
    p.add_argument("--singles", type=int, default=200, help="timed single images")
    p.add_argument("--passes", type=int, default=3, help="over all files")
    a = p.parse_args()
    if min(a.batch, a.threads, a.iters, a.singles, a.passes) < 1 or a.warmup < 0:
        p.error("--batch, --threads, --iters, --singles and --passes are at least 1, --warmup at least 0")
    if a.form == "onnx" and a.layout != "nchw":
        p.error("--form onnx takes --layout nchw")
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    model = Model(a)
    version = torch.__version__
    if a.form == "onnx":
        import onnxruntime
        version = onnxruntime.__version__
    found = {"peer": "onnxruntime" if a.form == "onnx" else "pytorch", "version": version, "image": list(model.shape),
             "batch": a.batch, "threads": a.threads, "layout": a.layout, "form": a.form, **measure(a, model)}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
