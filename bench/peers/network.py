"""The peer's network: the ResNets of draws.py in PyTorch, under torchvision's names, and the update that trains them."""
import inspect
import os
import sys
import sysconfig

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from draws import MODELS


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


def set_weights(net, arrays):
    """Every trained parameter must be there, and nothing else."""
    own = dict(net.named_parameters())
    if set(own) != set(arrays):
        raise SystemExit(f"weights of another network: {sorted(set(own) ^ set(arrays))[:3]} ...")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(torch.from_numpy(np.asarray(arrays[name])))


def compiled(net, folded=False):
    """torch.compile with vectorised kernels, or an error; with `folded` constants are folded (evaluation).

    What it builds is linked against the libraries in Python's LIBDIR first: with Debian's libtorch-dev those are 1.13's, its
    test of vector instructions fails then, and without a word its kernels become scalar, half as fast. So this torch's own
    libraries come first, and its cache lies with it."""
    if not hasattr(torch, "compile"):
        raise SystemExit(f"torch {torch.__version__} has no compile")
    sysconfig.get_config_vars()["LIBDIR"] = os.path.join(os.path.dirname(torch.__file__), "lib")
    capped = os.environ.get("ATEN_CPU_CAPABILITY", "best")  # what was compiled for one is wrong for the other
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(sys.prefix, "inductor-cache", capped))
    from torch._inductor import config, cpu_vec_isa  # not before: they take the cache's place from the environment
    config.freezing = folded
    if not cpu_vec_isa.pick_vec_isa():
        raise SystemExit(f"torch {torch.__version__}: compile finds no vector instructions (is there a C++ compiler?)")
    return torch.compile(net)


SGD_FORMS = ("fused", "foreach", "plain")  # the first that torch has is taken


def sgd(net, form, rate, momentum, decay):
    """SGD with Nesterov momentum and decay on weights only, and the form of its update."""
    known = inspect.signature(torch.optim.SGD).parameters
    if form == "auto":
        form = next(f for f in SGD_FORMS if f in known or f == "plain")
    if form not in known and form != "plain":
        raise SystemExit(f"torch {torch.__version__}: SGD has no {form} form")
    how = {form: True} if form != "plain" else {"foreach": False} if "foreach" in known else {}
    groups = [{"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": decay},
              {"params": [p for p in net.parameters() if p.ndim == 1], "weight_decay": 0.0}]
    return torch.optim.SGD(groups, rate, momentum=momentum, nesterov=momentum > 0, **how), form
