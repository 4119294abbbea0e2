"""Settings of the peer: which PyTorch, how its network is laid out and made, which malloc; as words joined by commas.

    1.13 or 2.x                 Debian's python3-torch, or requirements.txt in a virtual environment (`make peer-venv`)
    nchw or channels_last
    compile                     torch.compile (2.x), vectorised or refused (network.py)
    frozen or optimized         evaluation: TorchScript frozen, and optimized for inference; compile,frozen: constants folded
    plain, foreach or fused     training: form of the update; without such a word the first of fused, foreach, plain it has
    jemalloc                    preloaded (Debian: libjemalloc2) instead of glibc's malloc
    bind                        OMP_PROC_BIND
"""
import ctypes.util
import itertools
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS, LAYOUTS, UPDATES = ("1.13", "2.x"), ("nchw", "channels_last"), ("plain", "foreach", "fused")
EITHER = ("compile", "jemalloc", "bind")

# What caps the peer at AVX2: its own kernels (inductor asks ATen too), oneDNN 3 and 2, MKL, OpenBLAS.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}


def grid(what):
    """What the best setting is taken of: {1.13, newest} x layout x {eager, compile} x malloc."""
    forms = [(), ("frozen",), ("optimized",)] if what == "eval" else [()]
    compiled = [("compile",), ("compile", "frozen")] if what == "eval" else [("compile",)]
    made = [("1.13", f) for f in forms] + [("2.x", f) for f in forms + compiled]
    return [",".join([version, layout, *form, *malloc])
            for (version, form), layout, malloc in itertools.product(made, LAYOUTS, [(), ("jemalloc",)])]


def trouble(setting, what):
    """What is wrong with a setting, or None."""
    words = setting.split(",")
    known = {*VERSIONS, *LAYOUTS, *EITHER, *(UPDATES if what == "train" else ("frozen", "optimized"))}
    unknown = [w for w in words if w not in known]
    if unknown:
        return f"no '{unknown[0]}' (of {', '.join(sorted(known))})"
    for group in (VERSIONS, LAYOUTS):
        if sum(w in group for w in words) != 1:
            return f"one of {' and '.join(group)} is needed"
    if sum(w in UPDATES for w in words) > 1 or len(set(words)) < len(words):
        return "says the same thing twice"
    if "compile" in words and ("1.13" in words or "optimized" in words):
        return "compile is for 2.x, without optimized"
    if "frozen" in words and "optimized" in words:
        return "frozen and optimized exclude each other"
    return None


class Peers:
    """The interpreters and libraries that are here."""

    def __init__(self, debian, venv):
        self.python = {"1.13": debian, "2.x": os.path.join(venv, "bin/python")}
        self.jemalloc = ctypes.util.find_library("jemalloc")
        self.version = {}
        for word, python in self.python.items():
            try:
                self.version[word] = subprocess.run([python, "-c", "import numpy, torch; print(torch.__version__)"], check=True,
                                                    capture_output=True, text=True).stdout.strip()
            except (OSError, subprocess.CalledProcessError):
                continue

    def absent(self, setting):
        """Why a setting cannot run here, or None."""
        words = setting.split(",")
        for word, remedy in (("1.13", "apt-get install python3-torch"), ("2.x", "make peer-venv")):
            if word in words and word not in self.version:
                return f"{self.python[word]} has no torch and numpy ({remedy})"
        if "jemalloc" in words and not self.jemalloc:
            return "no jemalloc (apt-get install libjemalloc2)"
        return None

    def python_of(self, setting):
        return self.python[next(w for w in setting.split(",") if w in VERSIONS)]

    def environment(self, setting, threads, isa):
        words = setting.split(",")
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), **(AVX2 if isa == "avx2" else {}))
        if "bind" in words:
            env["OMP_PROC_BIND"] = "true"
        if "jemalloc" in words:
            env["LD_PRELOAD"] = self.jemalloc
        return env


def arguments(setting):
    """The setting as options of torch_step.py."""
    out = []
    for word in setting.split(","):
        if word in LAYOUTS:
            out += ["--layout", word]
        elif word == "compile":
            out += ["--compile"]
        elif word in ("frozen", "optimized"):
            out += ["--form", word]
        elif word in UPDATES:
            out += ["--sgd", word]
    return out
