#!/usr/bin/python3
"""Compares training steps: `regimen bench step` and PyTorch, interleaved, each in a process of its own.

    compare_step.py [--regimen build/regimen] [--rounds 5] [--work resnet20,resnet18-32,...] [--json FILE]

Each round runs ours and every setting of the peer once, in turn, so that what else the machine does falls on both. The
peer's best setting (the highest median over the rounds) counts; its memory is the smallest of all settings. Both start from
equal weights and see equal batches (draws.py) with an equal recipe, so that their losses after 5 steps can be compared: they
are printed beside the ratio, and a difference of more than --tolerance is a failure (exit code 1).

    speed    images/s, median over the rounds; the ratio is the median of the rounds' ratios, with its range
    memory   peak resident MiB of the process, as the kernel counts it (wait4); `net` is the peer's without `import torch`

Settings of the peer are words joined by +: nchw or channels_last; compile; plain, foreach or fused (the update); jemalloc;
bind (OMP_PROC_BIND). Without torch it says so and exits with 77, which test harnesses count as skipped.
"""
import argparse
import ctypes.util
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = {  # model, image, batch, classes, timed steps, rate
    "resnet20": ("resnet20", "1x28x28", 128, 10, 20, 0.1),
    "resnet18-32": ("resnet18", "3x32x32", 64, 10, 10, 0.02),
    "resnet18-224": ("resnet18", "3x224x224", 16, 1000, 5, 0.002),
    "resnet50-224": ("resnet50", "3x224x224", 16, 1000, 5, 0.002),  # at 0.02 the peer's own layouts differ by 1e-3
}
# A decay this large changes the loss within 5 steps (measured on resnet20: none, 2e-4; on batch norm too, 1e-2; momentum that
# is not Nesterov's, 4e-3), so that the comparison of losses sees it. A step takes as long with any.
MOMENTUM, DECAY = "0.9", "0.5"
SKIPPED = 77


def run(command, env=None):
    """Standard output and peak resident MiB of a command; its messages are shown only when it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode:
            err.seek(0)
            raise SystemExit(f"{' '.join(command)}\nended with {process.returncode}: {(out.read() + err.read()).strip()[-2000:]}")
        return out.read(), usage.ru_maxrss / 1024


def last_line(text):
    return json.loads(text.strip().splitlines()[-1])


def draw(a, work, folder):
    model, image, batch, classes, _, _ = WORK[work]
    run([a.python, f"{HERE}/draws.py", "--model", model, "--image", image, "--batch", str(batch), "--classes", str(classes),
         "--seed", str(a.seed), "--out", folder])


def ours(a, work):
    model, image, batch, classes, iters, rate = WORK[work]
    sgd = f"{{sgd: {{lr: {rate}, momentum: {MOMENTUM}, nesterov: true}}}}"
    command = [a.regimen, "bench", "step", "--model", model, "--image", image, "--batch", str(batch), "--classes",
               str(classes), "--seed", str(a.seed), "--threads", str(a.threads), "--warmup", "5", "--iters", str(a.iters or iters),
               "--isa", a.isa, "--set", "augment=[]", "--set", "scheduler=constant", "--set", f"optimizer={sgd}",
               "--set", f"regularize=[{{weight_decay: {{rate: {DECAY}}}}}]", "--json=-", "--quiet"]
    text, peak = run(command)
    return {**json.loads(text), "peak_mb": round(peak, 1)}


def peer_environment(a, words):
    env = dict(os.environ, OMP_NUM_THREADS=str(a.threads))
    if a.isa == "avx2":
        env.update(ATEN_CPU_CAPABILITY="avx2", ONEDNN_MAX_CPU_ISA="AVX2", DNNL_MAX_CPU_ISA="AVX2")
    if "bind" in words:
        env["OMP_PROC_BIND"] = "true"
    if "jemalloc" in words:
        library = ctypes.util.find_library("jemalloc")
        if not library:
            raise SystemExit("jemalloc: not found (Debian: libjemalloc2)")
        env["LD_PRELOAD"] = library
    return env


def peer(a, work, folder, setting):
    model, image, batch, classes, iters, rate = WORK[work]
    words = setting.split("+")
    command = [a.python, f"{HERE}/torch_step.py", "--model", model, "--image", image, "--batch", str(batch), "--classes",
               str(classes), "--threads", str(a.threads), "--iters", str(a.iters or iters), "--weights", folder,
               "--lr", str(rate), "--momentum", MOMENTUM, "--decay", DECAY]
    for word in words:
        if word in ("nchw", "channels_last"):
            command += ["--layout", word]
        elif word == "compile":
            command += ["--compile"]
        elif word in ("plain", "foreach", "fused"):
            command += ["--sgd", word]
        elif word not in ("jemalloc", "bind"):
            raise SystemExit(f"setting '{setting}': no '{word}'")
    text, peak = run(command, peer_environment(a, words))
    return {**last_line(text), "setting": setting, "peak_mb": round(peak, 1)}


def summarize(work, rounds):
    """rounds: [(ours, [peer of each setting])]"""
    settings = [p["setting"] for p in rounds[0][1]]
    speed = {s: statistics.median(r[1][i]["images_per_s"] for r in rounds) for i, s in enumerate(settings)}
    best = max(speed, key=speed.get)
    theirs = [r[1][settings.index(best)] for r in rounds]
    ratios = sorted(r[0]["images_per_s"] / t["images_per_s"] for r, t in zip(rounds, theirs))
    smallest = min((statistics.median(r[1][i]["peak_mb"] for r in rounds), i) for i in range(len(settings)))
    memory = statistics.median(r[0]["peak_mb"] for r in rounds)
    own, other = rounds[0][0], theirs[0]
    losses = [p["loss_after_5"] for r in rounds for p in r[1]]
    return {
        "work": work, "rounds": len(rounds), "threads": own["threads"], "isa": own["isa"], "build": own["build"],
        "peer_version": other["version"], "best_setting": best, "speed_of_settings": speed,
        "images_per_s": statistics.median(r[0]["images_per_s"] for r in rounds), "peer_images_per_s": speed[best],
        "ratio": statistics.median(ratios), "ratio_low": ratios[0], "ratio_high": ratios[-1],
        "gflops": statistics.median(r[0]["gflops"] for r in rounds),
        "peak_share": statistics.median(r[0]["peak_share"] for r in rounds),
        "anon_mb": own["anon_mb"], "peer_anon_mb": other["anon_mb"], "memory_mb": memory, "peer_memory_mb": smallest[0], "memory_ratio": memory / smallest[0],
        "peer_memory_net_mb": smallest[0] - rounds[0][1][smallest[1]]["import_mb"],
        "loss_after_5": own["loss_after_5"], "peer_loss_after_5": other["loss_after_5"],
        "peer_loss_spread": max(losses) - min(losses),
        "loss_difference": max(abs(r[0]["loss_after_5"] - p["loss_after_5"]) for r in rounds for p in r[1]),
    }


HEAD = ("work", "ours", "peer", "ratio", "range", "MiB ours", "peer", "(net)", "ratio", "loss ours", "peer", "best setting")
FORM = "{:<14}{:>9}{:>9}{:>7}  {:<12}{:>9}{:>7}{:>8}{:>7}{:>11}{:>10}  {}"


def row(s):
    return FORM.format(
        s["work"], f"{s['images_per_s']:.1f}", f"{s['peer_images_per_s']:.1f}", f"{s['ratio']:.2f}",
        f"{s['ratio_low']:.2f}-{s['ratio_high']:.2f}", f"{s['memory_mb']:.0f}", f"{s['peer_memory_mb']:.0f}",
        f"({s['peer_memory_net_mb']:.0f})", f"{s['memory_ratio']:.2f}", f"{s['loss_after_5']:.6f}",
        f"{s['peer_loss_after_5']:.6f}", s["best_setting"])


def compare(a, work):
    rounds = []
    with tempfile.TemporaryDirectory(prefix="regimen-peer-") as folder:
        draw(a, work, folder)
        for k in range(a.rounds):
            print(f"{work}: round {k + 1} of {a.rounds}", file=sys.stderr)
            rounds.append((ours(a, work), [peer(a, work, folder, s) for s in a.settings.split(",")]))
    return {**summarize(work, rounds), "measurements": rounds}


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--regimen", default="build/regimen", help="the program [build/regimen]")
    p.add_argument("--python", default="/usr/bin/python3", help="the interpreter that has torch [/usr/bin/python3]")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--work", default="resnet20,resnet18-32,resnet50-224", help=f"of {', '.join(WORK)}")
    p.add_argument("--settings", default="nchw,channels_last", help="of the peer")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--iters", type=int, default=0, help="timed steps; 0: those of the work")
    p.add_argument("--isa", choices=["auto", "avx2", "avx512"], default="auto", help="avx2 caps both")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--tolerance", type=float, default=1e-4, help="of the losses after 5 steps")
    p.add_argument("--json", metavar="FILE", help="everything measured")
    a = p.parse_args()
    for work in a.work.split(","):
        if work not in WORK:
            p.error(f"--work: no '{work}' (of {', '.join(WORK)})")
    if a.rounds < 1 or a.threads < 1 or a.iters < 0:
        p.error("--rounds and --threads are at least 1, --iters at least 0")
    return a


def main():
    a = arguments()
    if not os.access(a.regimen, os.X_OK):
        raise SystemExit(f"{a.regimen}: no such program (--regimen)")
    if subprocess.run([a.python, "-c", "import numpy, torch"], stderr=subprocess.DEVNULL).returncode:
        print(f"skipped: {a.python} has no torch and numpy (Debian: apt-get install python3-torch)")
        return SKIPPED
    results, failed = [], False
    for work in a.work.split(","):
        results.append(compare(a, work))
        if len(results) == 1:
            first = results[0]
            print(f"ours: {first['build']}; peer: PyTorch {first['peer_version']}; {first['threads']} threads; images/s")
            print(FORM.format(*HEAD))
        print(row(results[-1]), flush=True)
        failed |= not results[-1]["loss_difference"] <= a.tolerance
    if a.json:
        with open(a.json, "w") as f:
            json.dump(results, f, indent=1)
            f.write("\n")
    if failed:
        print(f"the losses after 5 steps differ by more than {a.tolerance}: the two did not do the same work", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
