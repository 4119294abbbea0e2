#!/usr/bin/python3
"""Compares predictions: `regimen bench predict`, PyTorch and ONNX Runtime, interleaved, each in its own process.

    compare_predict.py [--work resnet18-224] [--pictures FOLDER] [--checkpoint FILE] [--rounds 6] [--json FILE]

Each round runs ours and some settings of the peers (predict.py) once, in turn, every other round backwards. First every setting
runs once, briefly; the best of PyTorch for each figure, and ONNX Runtime, come into the rounds. The figures are the time of one
image, images/s of batches from memory, and with files pictures/s; `--pictures auto` makes 256 JPEGs of 256 x 341 and the like.
A ratio is the median of the rounds' ratios with its interval, as in compare_step.py; it is told so that more than 1 is ours.

With --checkpoint both have its weights, and before the rounds both say what is in the files (compare_answers.py). Where they
differ by more than --tolerance, exit code 1.
Without torch it says so and exits with 77. Torch, torchvision, onnx and onnxruntime: `make peer-venv` (requirements.txt).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from compare_step import HERE, SKIPPED, Failed, machine, median_interval, run

WORK = {  # model, image, batch, classes
    "resnet20": ("resnet20", "1x28x28", 128, 10),
    "resnet18-64": ("resnet18", "3x64x64", 64, 100),
    "resnet18-224": ("resnet18", "3x224x224", 16, 1000),
    "resnet50-224": ("resnet50", "3x224x224", 16, 1000),
}
SETTINGS = ["nchw,eager", "channels_last,eager", "nchw,frozen", "channels_last,frozen", "nchw,optimized",
            "channels_last,optimized", "nchw,compiled", "channels_last,compiled", "channels_last,folded", "nchw,onnx"]
FIGURES = {"latency_ms_median": "one image, ms", "images_per_s": "batches, images/s", "pictures_per_s": "files, pictures/s"}


# ---- pictures ----

MAKE = """
import sys, numpy as np
from PIL import Image
folder, count = sys.argv[1], int(sys.argv[2])
for i in range(count):
    r = np.random.default_rng(i)
    h, w = [(256, 341), (341, 256), (300, 300), (256, 384)][i % 4]
    small = r.integers(0, 256, (h // 16, w // 16, 3), np.uint8)
    a = np.asarray(Image.fromarray(small).resize((w, h), Image.BICUBIC)).astype(np.int16) + r.integers(-12, 13, (h, w, 3))
    Image.fromarray(a.clip(0, 255).astype(np.uint8)).save(f"{folder}/{i:05d}.jpg", quality=90)
"""


def absent(python, module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode != 0


# ---- one measurement ----

def shape(a, work):
    model, image, batch, classes = WORK[work]
    files = ["--pictures", a.folder] if a.folder else []
    if a.checkpoint:
        return ["--checkpoint", a.checkpoint, "--batch", str(batch), *files]
    return ["--model", model, "--image", image, "--batch", str(batch), "--classes", str(classes), *files]


def ours(a, work):
    text, peak = run([a.regimen, "bench", "predict", *shape(a, work), "--threads", str(a.threads), "--iters", str(a.iters),
                      "--singles", str(a.singles), "--json=-", "--quiet"])
    return {**json.loads(text), "peak_mb": round(peak, 1)}


def peer(a, work, setting, brief=False):
    layout, form = setting.split(",")
    share = 4 if brief else 1
    env = dict(os.environ, OMP_NUM_THREADS=str(a.threads))
    text, peak = run([a.python, f"{HERE}/predict.py", *shape(a, work), "--layout", layout, "--form", form, "--threads",
                      str(a.threads), "--iters", str(max(a.iters // share, 3)), "--singles", str(max(a.singles // share, 5)),
                      "--passes", "1" if brief else "3"], env)
    return {**json.loads(text.strip().splitlines()[-1]), "setting": setting, "peak_mb": round(peak, 1)}


def screen(a, work):
    """Every setting once; those that fail are told and left out."""
    found = []
    for setting in a.settings:
        try:
            found.append(peer(a, work, setting, brief=True))
        except Failed as failure:
            print(f"{work}: left out, {setting}: {str(failure).splitlines()[-1][:300]}", flush=True)
    return found


# ---- figures ----

def better(key, value):
    """So that more is better."""
    return 1 / value if key == "latency_ms_median" else value


def choose(measured):
    """The best of PyTorch for each figure, and ONNX Runtime."""
    names = set()
    torch = [m for m in measured if m["peer"] == "pytorch"]
    for key in FIGURES:
        rows = [m for m in torch if key in m]
        if rows:
            names.add(max(rows, key=lambda m: better(key, m[key]))["setting"])
    return sorted(names) + [m["setting"] for m in measured if m["peer"] == "onnxruntime"]


def summarize(rounds, key, runtime):
    """Of a figure against a peer: its best setting is the one with the best median."""
    columns = [i for i, p in enumerate(rounds[0][1]) if p["peer"] == runtime and key in p]
    if not columns or key not in rounds[0][0]:
        return None
    median = {i: statistics.median(better(key, r[1][i][key]) for r in rounds) for i in columns}
    best = max(median, key=median.get)
    ratios = [better(key, r[0][key]) / better(key, r[1][best][key]) for r in rounds]
    low, high, coverage = median_interval(ratios)
    return {"figure": key, "peer": runtime, "setting": rounds[0][1][best]["setting"], "version": rounds[0][1][best]["version"],
            "reading": rounds[0][1][best].get("reading"), "ours": statistics.median(r[0][key] for r in rounds),
            "theirs": statistics.median(r[1][best][key] for r in rounds), "ratio": statistics.median(ratios), "ratio_low": low,
            "ratio_high": high, "ratio_coverage": coverage, "ratios": ratios}


def compare(a, work):
    screened = screen(a, work)
    names = choose(screened)
    if not names:
        raise Failed(f"{work}: no setting of the peers runs")
    rounds = []
    for k in range(a.rounds):
        turn = [lambda: ours(a, work)] + [lambda s=s: peer(a, work, s) for s in names]
        got = [None] * len(turn)
        for i in range(len(turn))[::1 if k % 2 == 0 else -1]:
            got[i] = turn[i]()
        rounds.append((got[0], got[1:]))
    rows = [summarize(rounds, key, runtime) for key in FIGURES for runtime in ("pytorch", "onnxruntime")]
    return {"work": work, "rounds": a.rounds, "figures": [r for r in rows if r], "measurements": rounds, "screening": screened}


# ---- the same answers ----

def agreement(a):
    """What both say of the files, told; are they the same?"""
    done = subprocess.run([a.python, f"{HERE}/compare_answers.py", a.checkpoint, a.folder, "--regimen", a.regimen,
                           "--tolerance", str(a.tolerance)])
    return done.returncode == 0


# ---- telling ----

def show(s):
    print(f"{s['work']}: the median ratio of {s['rounds']} rounds, more is ours")
    for f in s["figures"]:
        read = f", {f['reading']}" if f["reading"] and f["figure"] == "pictures_per_s" else ""
        print(f"    {FIGURES[f['figure']]:<20}{f['ours']:>10.2f}{f['theirs']:>10.2f}  {f['ratio']:.2f} "
              f"({f['ratio_low']:.2f}-{f['ratio_high']:.2f})  {f['peer']} {f['version']}, {f['setting']}{read}", flush=True)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--regimen", default="build/regimen", help="the program [build/regimen]")
    p.add_argument("--python", default=os.path.join(os.environ.get("PEER_VENV") or os.path.expanduser("~/.cache/regimen/peer-venv"),
                                                    "bin/python"), help="an interpreter with torch [that of `make peer-venv`]")
    p.add_argument("--work", default="resnet18-224", help=f"of {', '.join(WORK)}")
    p.add_argument("--settings", nargs="+", default=SETTINGS, metavar="LAYOUT,FORM", help=f"of {' '.join(SETTINGS)}")
    p.add_argument("--pictures", default="auto", metavar="FOLDER", help="auto: made for this; none: from memory alone [auto]")
    p.add_argument("--checkpoint", metavar="FILE", help="weights for both, and the answers are compared")
    p.add_argument("--rounds", type=int, default=6)
    p.add_argument("--iters", type=int, default=20, help="batches in a round")
    p.add_argument("--singles", type=int, default=100, help="single images in a round")
    p.add_argument("--count", type=int, default=256, help="pictures that are made")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--tolerance", type=float, default=1e-4, help="of probabilities [1e-4]")
    p.add_argument("--json", metavar="FILE", help="everything measured")
    a = p.parse_args()
    a.work = a.work.split(",")
    for work in a.work:
        if work not in WORK:
            p.error(f"--work: no '{work}' (of {', '.join(WORK)})")
    for setting in a.settings:
        if setting not in SETTINGS:
            p.error(f"--settings: no '{setting}' (of {' '.join(SETTINGS)})")
    if min(a.rounds, a.iters, a.singles, a.threads, a.count) < 1:
        p.error("--rounds, --iters, --singles, --threads and --count are at least 1")
    return a


def compare_all(a):
    failed = bool(a.checkpoint and a.folder) and not agreement(a)
    results = []
    for work in a.work:
        results.append(compare(a, work))
        show(results[-1])
    return results, failed


def main():
    a = arguments()
    if not os.access(a.regimen, os.X_OK):
        raise SystemExit(f"{a.regimen}: no such program (--regimen)")
    if absent(a.python, "torch"):
        print(f"skipped: {a.python} has no torch (make peer-venv)")
        return SKIPPED
    for module, what in (("torchvision", "decoding by Pillow"), ("onnxruntime", "no ONNX Runtime")):
        if absent(a.python, module):
            print(f"{what}: {a.python} has no {module} (make peer-venv)")
    if absent(a.python, "onnxruntime"):
        a.settings = [s for s in a.settings if not s.endswith(",onnx")]
    here = machine()
    print(f"machine: {here['cpu']}, {here['cpus']} CPUs; {a.threads} threads", flush=True)
    with tempfile.TemporaryDirectory(prefix="regimen-peer-") as made:
        a.folder = {"auto": made, "none": None}.get(a.pictures, a.pictures)
        try:
            if a.folder == made:
                run([a.python, "-c", MAKE, made, str(a.count)])
            results, failed = compare_all(a)
        except Failed as failure:
            print(failure, file=sys.stderr)
            return 1
    if a.json:
        with open(a.json, "w") as f:
            json.dump({"machine": here, "threads": a.threads, "results": results}, f, indent=1)
            f.write("\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
