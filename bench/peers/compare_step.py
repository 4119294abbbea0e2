#!/usr/bin/python3
"""Compares training steps or inference: `regimen bench step` or `eval` and PyTorch, interleaved, each in its own process.

    compare_step.py [--what train|eval] [--settings best] [--work resnet20,...] [--rounds 6] [--isa avx2] [--json FILE]

Each round runs ours and some settings of the peer (settings.py) once, in turn, every other round backwards, so that what else
the machine does falls on all of them. `--settings best` runs every setting there is once, briefly, and takes the two fastest
into the rounds; `--settings all` takes all; else the settings named are taken. What is not installed is skipped, and said.
`--isa avx2` caps both sides.

    speed    images/s, median over the rounds; the peer's best setting is the one with the highest. The ratio is the median
             of the rounds' ratios, with the narrowest interval between two of them that covers the true median with at
             least 95 % (order statistics: no assumption about how the ratios are spread). Fewer than 6 rounds cannot
             reach 95 %: then it is their range, and the coverage printed is what it has.
    memory   peak resident MiB of the process, as the kernel counts it (wait4); the peer's is the smallest of all settings
             of 1.13 that ran; `net` is without what `import torch` took

Training starts from equal weights and sees equal batches (draws.py) with an equal recipe, so that the losses after 5 steps
can be compared, and in evaluation those of the first batch: they are printed beside the ratio, and a difference of more
than --tolerance is a failure (exit code 1).
Without any torch it says so and exits with 77, which test harnesses count as skipped.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

import settings

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
LOSS = {"train": "loss_after_5", "eval": "loss"}
SKIPPED = 77


# ---- one measurement ----

class Failed(Exception):
    pass


def run(command, env=None):
    """Standard output and peak resident MiB of a command; its messages are shown only when it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode:
            err.seek(0)
            said = (out.read() + err.read()).strip()[-2000:]
            raise Failed(f"{' '.join(command)}\nended with {process.returncode}: {said}")
        return out.read(), usage.ru_maxrss / 1024


def draw(a, work, folder):
    model, image, batch, classes, _, _ = WORK[work]
    python = next(a.peers.python[v] for v in a.peers.version)
    run([python, f"{HERE}/draws.py", "--model", model, "--image", image, "--batch", str(batch), "--classes", str(classes),
         "--seed", str(a.seed), "--out", folder])


def ours(a, work):
    model, image, batch, classes, iters, rate = WORK[work]
    command = [a.regimen, "bench", "step" if a.what == "train" else "eval", "--model", model, "--image", image, "--batch",
               str(batch), "--classes", str(classes), "--seed", str(a.seed), "--threads", str(a.threads),
               "--warmup", "5", "--iters", str(a.iters or iters), "--isa", a.isa]
    if a.what == "train":
        sgd = f"{{sgd: {{lr: {rate}, momentum: {MOMENTUM}, nesterov: true}}}}"
        command += ["--set", "augment=[]", "--set", "scheduler=constant", "--set", f"optimizer={sgd}",
                    "--set", f"regularize=[{{weight_decay: {{rate: {DECAY}}}}}]"]
    text, peak = run([*command, "--json=-", "--quiet"])
    return {**json.loads(text), "peak_mb": round(peak, 1)}


def peer(a, work, folder, setting, iters=0):
    model, image, batch, classes, usual, rate = WORK[work]
    command = [a.peers.python_of(setting), f"{HERE}/torch_step.py", "--what", a.what, "--model", model, "--image", image,
               "--batch", str(batch), "--classes", str(classes), "--threads", str(a.threads),
               "--iters", str(iters or a.iters or usual), "--weights", folder, "--lr", str(rate), "--momentum", MOMENTUM,
               "--decay", DECAY, *settings.arguments(setting)]
    text, peak = run(command, a.peers.environment(setting, a.threads, a.isa))
    return {**json.loads(text.strip().splitlines()[-1]), "setting": setting, "peak_mb": round(peak, 1)}


# ---- which settings ----

def wanted(a):
    """The settings asked for that can run here; says which cannot."""
    names = settings.grid(a.what) if a.settings in (["best"], ["all"]) else a.settings
    reasons = {}
    for name in names:
        reasons.setdefault(a.peers.absent(name), []).append(name)
    for reason, group in reasons.items():
        if reason:
            print(f"skipped, {reason}: {' '.join(group)}", flush=True)
    return reasons.get(None, [])


def screen(a, work, folder, names):
    """Every setting once, with a quarter of the iterations; those that fail are told and left out."""
    measured = []
    for name in names:
        try:
            measured.append(peer(a, work, folder, name, max(3, (a.iters or WORK[work][4]) // 4)))
        except Failed as failure:
            print(f"{work}: left out, {name}: {failure}", flush=True)
    return measured


# ---- figures ----

def median_interval(values):
    """(low, high, coverage) of the median: the narrowest symmetric pair of order statistics with at least 95 %, or the
    range. Of n values the k-th smallest and largest miss it with 2 * P(fewer than k of n coins show heads)."""
    ordered, n = sorted(values), len(values)
    best = 0
    miss = [2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n for k in range((n + 1) // 2)]
    for k in range(1, len(miss)):
        if miss[k] <= 0.05:
            best = k
    return ordered[best], ordered[-1 - best], max(0.0, 1 - miss[best])


def memory_of_peer(measured):
    """The setting with the smallest peak, of 1.13's where there are any: (MiB, net MiB, setting)."""
    debian = [p for p in measured if p["setting"].startswith("1.13,")] or measured
    peaks = {}
    for p in debian:
        peaks.setdefault(p["setting"], []).append((p["peak_mb"], p["peak_mb"] - p["import_mb"]))
    medians = {s: [statistics.median(column) for column in zip(*rows)] for s, rows in peaks.items()}
    smallest = min(medians, key=lambda s: medians[s][0])
    return (*medians[smallest], smallest)


def spread(values):
    """How far the values are apart; infinitely, unless all are finite: whether max() sees a NaN depends on its place."""
    return max(values) - min(values) if all(math.isfinite(v) for v in values) else math.inf


def losses_of(a, rounds):
    """What both say the loss is, how far the peer's settings are apart, and the largest difference. A null, which JSON has
    for it, is a NaN again."""
    own, theirs = [], []
    for r in rounds:
        losses = [math.nan if m[LOSS[a.what]] is None else m[LOSS[a.what]] for m in (r[0], *r[1])]
        own.append(losses[0])
        theirs.append(losses[1:])
    return {"loss": own[0], "peer_loss": theirs[0][0], "peer_loss_spread": spread([p for row in theirs for p in row]),
            "loss_difference": max(spread([o, p]) for o, row in zip(own, theirs) for p in row)}


def summarize(a, work, rounds, screened):
    """rounds: [(ours, [peer of each setting])]; screened: every setting that was tried before them."""
    names = [p["setting"] for p in rounds[0][1]]
    speed = {s: statistics.median(r[1][i]["images_per_s"] for r in rounds) for i, s in enumerate(names)}
    best = max(speed, key=speed.get)
    theirs = [r[1][names.index(best)] for r in rounds]
    ratios = [r[0]["images_per_s"] / t["images_per_s"] for r, t in zip(rounds, theirs)]
    low, high, coverage = median_interval(ratios)
    memory = statistics.median(r[0]["peak_mb"] for r in rounds)
    peer_memory, net, smallest = memory_of_peer(screened + [p for r in rounds for p in r[1]])
    own, other = rounds[0][0], theirs[0]
    return {
        "work": work, "what": a.what, "rounds": len(rounds), "threads": own["threads"], "isa": own["isa"],
        "capped": a.isa == "avx2", "build": own.get("build"), "best_setting": best, "peer_version": other["version"],
        "screened_images_per_s": {p["setting"]: p["images_per_s"] for p in screened}, "peer_images_per_s_of": speed,
        "images_per_s": statistics.median(r[0]["images_per_s"] for r in rounds), "peer_images_per_s": speed[best],
        "ratio": statistics.median(ratios), "ratio_low": low, "ratio_high": high, "ratio_coverage": coverage, "ratios": ratios,
        "gflops": own.get("gflops"), "peak_share": own.get("peak_share"),
        "anon_mb": own.get("anon_mb"), "peer_anon_mb": other["anon_mb"], "memory_mb": memory, "peer_memory_mb": peer_memory,
        "peer_memory_net_mb": net, "peer_memory_setting": smallest, "memory_ratio": memory / peer_memory,
        **losses_of(a, rounds),
    }


def compare(a, work, names):
    with tempfile.TemporaryDirectory(prefix="regimen-peer-") as folder:
        draw(a, work, folder)
        screened = screen(a, work, folder, names) if a.settings == ["best"] else []
        if a.settings == ["best"]:
            names = [p["setting"] for p in sorted(screened, key=lambda p: -p["images_per_s"])][:2]
        if not names:
            raise Failed(f"{work}: no setting of the peer runs")
        rounds = []
        for k in range(a.rounds):
            turn = [lambda: ours(a, work)] + [lambda s=s: peer(a, work, folder, s) for s in names]
            got = [None] * len(turn)
            for i in range(len(turn))[::1 if k % 2 == 0 else -1]:
                got[i] = turn[i]()
            rounds.append((got[0], got[1:]))
    return {**summarize(a, work, rounds, screened), "measurements": rounds, "screening": screened}


# ---- telling ----

def machine():
    """What the figures were measured on: the processor's name, its vector extensions, processors allowed."""
    with open("/proc/cpuinfo") as f:
        fields = dict(line.split(":", 1) for line in f.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", "").split()
    return {"cpu": fields.get("model name", "unknown"), "cpu_model": fields.get("model"), "cpus": len(os.sched_getaffinity(0)),
            "vector": [name for flag, name in (("avx2", "AVX2"), ("avx512f", "AVX-512"), ("amx_tile", "AMX")) if flag in flags]}


HEAD = ("work", "ours", "peer", "ratio", "interval", "MiB ours", "peer", "(net)", "ratio", "loss ours", "peer", "best setting")
FORM = "{:<14}{:>9}{:>9}{:>7}  {:<17}{:>9}{:>7}{:>8}{:>7}{:>11}{:>10}  {}"


def row(s):
    return FORM.format(
        s["work"], f"{s['images_per_s']:.1f}", f"{s['peer_images_per_s']:.1f}", f"{s['ratio']:.2f}",
        f"{s['ratio_low']:.2f}-{s['ratio_high']:.2f} ({100 * s['ratio_coverage']:.0f} %)", f"{s['memory_mb']:.0f}",
        f"{s['peer_memory_mb']:.0f}", f"({s['peer_memory_net_mb']:.0f})", f"{s['memory_ratio']:.2f}", f"{s['loss']:.6f}",
        f"{s['peer_loss']:.6f}", s["best_setting"])


def introduce(a, here):
    versions = ", ".join(f"{word} is {version}" for word, version in a.peers.version.items())
    print(f"machine: {here['cpu']} (model {here['cpu_model']}; {', '.join(here['vector'])}), {here['cpus']} CPUs; "
          f"{a.threads} threads{'; both capped at AVX2' if a.isa == 'avx2' else ''}")
    print(f"peer: PyTorch, {versions}; {'training steps' if a.what == 'train' else 'inference'}, fp32, images/s", flush=True)


def show(s, first):
    if first:
        print(f"ours: {s['build']}; {s['isa']} kernels; the median ratio of {s['rounds']} rounds, interval by order statistics")
        print(FORM.format(*HEAD))
    print(row(s))
    for title, speeds in (("tried once", s["screened_images_per_s"]), ("in the rounds", s["peer_images_per_s_of"])):
        if len(speeds) > 1:
            print(f"    {title}: " + "; ".join(f"{n} {v:.1f}" for n, v in sorted(speeds.items(), key=lambda p: -p[1])))
    sys.stdout.flush()


# ---- command ----

def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--what", choices=["train", "eval"], default="train", help="training steps or inference [train]")
    p.add_argument("--regimen", default="build/regimen", help="the program [build/regimen]")
    p.add_argument("--python", default="/usr/bin/python3", help="the interpreter with Debian's torch [/usr/bin/python3]")
    p.add_argument("--venv", default=os.environ.get("PEER_VENV") or os.path.expanduser("~/.cache/regimen/peer-venv"),
                   help="the environment with the newest torch [$PEER_VENV, else ~/.cache/regimen/peer-venv]")
    p.add_argument("--rounds", type=int, default=6)
    p.add_argument("--work", default="resnet20,resnet18-32,resnet50-224", help=f"of {', '.join(WORK)}")
    p.add_argument("--settings", nargs="+", default=["best"], metavar="SETTING",
                   help="best, all, or settings of the peer such as 1.13,nchw 2.x,channels_last,compile,jemalloc [best]")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--iters", type=int, default=0, help="timed steps; 0: those of the work")
    p.add_argument("--isa", choices=["auto", "avx2", "avx512"], default="auto", help="avx2 caps both")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--tolerance", type=float, default=1e-4, help="of the losses [1e-4]")
    p.add_argument("--json", metavar="FILE", help="everything measured")
    a = p.parse_args()
    a.work = a.work.split(",")
    for work in a.work:
        if work not in WORK:
            p.error(f"--work: no '{work}' (of {', '.join(WORK)})")
    if a.settings not in (["best"], ["all"]):
        for name in a.settings:
            wrong = settings.trouble(name, a.what)
            if wrong:
                p.error(f"--settings {name}: {wrong}")
    if a.rounds < 1 or a.threads < 1 or a.iters < 0:
        p.error("--rounds and --threads are at least 1, --iters at least 0")
    return a


def disagree(a, s):
    """Whether the two did not do the same work; says so."""
    if s["loss_difference"] <= a.tolerance:
        return False
    how = f"differ by {s['loss_difference']:.2g}, more than {a.tolerance}"
    if math.isinf(s["loss_difference"]):
        how = "are not all finite"
    print(f"{s['work']}: the losses {how}: not the same work was done", file=sys.stderr)
    return True


def plain(value):
    """The value as JSON can have it: null for a number that is not finite."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main():
    a = arguments()
    if not os.access(a.regimen, os.X_OK):
        raise SystemExit(f"{a.regimen}: no such program (--regimen)")
    a.peers = settings.Peers(a.python, a.venv)
    names = wanted(a)
    if not names:
        print("skipped: there is no torch for any of these settings")
        return SKIPPED
    here, results, failed = machine(), [], False
    introduce(a, here)
    try:
        for work in a.work:
            results.append(compare(a, work, names))
            show(results[-1], len(results) == 1)
            failed |= disagree(a, results[-1])
    except Failed as failure:
        print(failure, file=sys.stderr)
        failed = True
    if a.json:
        with open(a.json, "w") as f:
            whole = {"machine": here, "threads": a.threads, "peer_versions": a.peers.version, "results": results}
            json.dump(plain(whole), f, indent=1, allow_nan=False)
            f.write("\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
