#!/usr/bin/python3
"""Compares what a model says of the same pictures by `regimen predict`, by the library, of the imported set, and in PyTorch.

    compare_answers.py CHECKPOINT FOLDER [--regimen build/regimen] [--json FILE]

FOLDER has pictures, in a folder for each class if `eval` shall be compared, too. PyTorch gets the library's images first;
then it decodes and resizes itself, in the ways of predict.py. A line for each way says

    same class      pictures with the class that `predict` says
    largest, 99 %   difference of a probability, of all pictures; what 99 of 100 pictures do not exceed
    equal, theirs   pictures whose images have the values that the library reads; the largest difference of their probabilities
    values, by      share of values that are others, and how far they are off

Exit code 1 if of a picture with an equal image a probability differs by more than --tolerance, or the class does although it is
likelier by more than that. Other images are told and no failure: who resizes in steps of 8 bits rounds at other places. Needs
what predict.py needs, and Pillow (`make peer-venv`).
"""
import argparse
import ctypes
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch

from predict import Model, Transform

WAYS = ("float", "pillow", *("torchvision",) * bool(importlib.util.find_spec("torchvision")))


class Failed(Exception):
    pass


# ---- Regimen ----

def regimen(a, *arguments):
    done = subprocess.run([a.regimen, *arguments, "--quiet", "--json=-"], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: some pictures cannot be read; they are in nobody's answers
        raise Failed(f"{a.regimen} {arguments[0]}: exit code {done.returncode}\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def table(predictions):
    """[pictures][classes]"""
    return np.array([[t["probability"] for t in sorted(p["top"], key=lambda t: t["class"])] for p in predictions])


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("text", ctypes.c_char * 1020)]


class Picture(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("path", ctypes.c_char_p), ("bytes", ctypes.c_void_p),
                ("byte_count", ctypes.c_size_t), ("status", ctypes.c_int32), ("reason", ctypes.c_char * 256)]


def by_library(a, paths, shape, classes):
    """Images [pictures][H][W][C] and probabilities."""
    library, err, machine, model = ctypes.CDLL(a.library), Error(), ctypes.c_void_p(), ctypes.c_void_p()

    def call(name, *arguments):
        if getattr(library, name)(*arguments, ctypes.byref(err)) != 0:
            raise Failed(f"{name}: {err.text.decode(errors='replace')}")
    call("regimen_machine_open", ctypes.byref(machine), None, None)
    call("regimen_model_load", ctypes.byref(model), machine, os.fsencode(a.checkpoint), None, None)
    pictures = (Picture * len(paths))()
    for picture, path in zip(pictures, paths):
        picture.size, picture.path = ctypes.sizeof(Picture), os.fsencode(path)
    images = np.zeros((len(paths), *shape), np.uint8)
    p = np.zeros((len(paths), classes), np.float32)
    count = ctypes.c_int64(len(paths))
    call("regimen_model_read", model, pictures, count, images.ctypes.data_as(ctypes.c_void_p))
    call("regimen_predict", model, images.ctypes.data_as(ctypes.c_void_p), count, p.ctypes.data_as(ctypes.c_void_p))
    library.regimen_model_close(model)
    library.regimen_machine_close(machine)
    return images, p


def by_set(a, transform, count, folder):
    """The folder as a set: its images, their probabilities, and what `eval` says."""
    import h5py
    path = os.path.join(folder, "set.h5")
    regimen(a, "import", "folder", a.folder, "--out", path, "--size", f"{transform.height}x{transform.width}", "--fit",
            transform.fit, "--background", bytes(transform.background).hex(), *["--gray"] * (transform.channels == 1))
    with h5py.File(path, "r") as f:
        images = f["train"]["images"][()]
    if len(images) != count:
        raise Failed(f"it has {len(images)} images of {count} pictures")
    return (images, table(regimen(a, "predict", a.checkpoint, path, "--top", "65536")["predictions"]),
            regimen(a, "eval", a.checkpoint, "--data", path, "--split", "train"))


# ---- PyTorch ----

def by_torch(model, images):
    """Images [pictures][H][W][C]"""
    p = []
    with torch.inference_mode():
        for at in range(0, len(images), model.batch):
            x = model.ready(torch.from_numpy(images[at:at + model.batch]).permute(0, 3, 1, 2))
            p.append(torch.softmax(model.net(x), 1).numpy())
    return np.concatenate(p)


# ---- comparing ----

def judge(a, way, base, images, p):
    """A line of the result; `base` has images and probabilities of the library and of `predict`."""
    off = np.abs(images.reshape(base[0].shape).astype(int) - base[0]).reshape(len(p), -1)
    equal = off.max(1) == 0
    first, own, rows = p.argmax(1), base[1].argmax(1), np.arange(len(p))
    other = np.abs(p - base[1]).max(1)
    decided = (first != own) & (base[1][rows, own] - base[1][rows, first] > a.tolerance)
    return {"way": way, "pictures": len(p), "same_class": int((first == own).sum()), "difference": float(other.max()),
            "difference_99": float(np.quantile(other, 0.99)), "equal_images": int(equal.sum()),
            "difference_of_equal": float(other[equal].max(initial=0)), "other_values": float((off > 0).mean()),
            "largest_value": int(off.max()), "agree": not bool((equal & (decided | (other > a.tolerance))).any())}


def compare(a):
    a.batch, a.layout = 64, "nchw"
    model = Model(a)
    t = model.transform
    told = regimen(a, "predict", a.checkpoint, a.folder, "--top", "65536")
    paths, own = [p["file"] for p in told["predictions"]], table(told["predictions"])
    images, p = by_library(a, paths, (t.height, t.width, t.channels), own.shape[1])
    base = images, own
    lines = [judge(a, "library", base, images, p), judge(a, "PyTorch, the library's images", base, images, by_torch(model, images))]
    with tempfile.TemporaryDirectory(prefix="regimen-answers-") as folder:
        try:
            imported, p, evaluated = by_set(a, t, len(paths), folder)
            lines.append(judge(a, "imported set", base, imported, p))
            same = all(abs(evaluated[key] - told[key]) <= a.tolerance for key in ("accuracy", "loss"))
            lines.append({"way": "eval", "accuracy": [told["accuracy"], evaluated["accuracy"]],
                          "loss": [told["loss"], evaluated["loss"]], "agree": same})
        except Failed as failure:
            print(f"no imported set: {failure}")
    for way in WAYS:
        transform = Transform(model.text, way)
        theirs = np.stack([transform(path).permute(1, 2, 0).numpy() for path in paths])
        lines.append(judge(a, f"PyTorch, {way}", base, theirs, by_torch(model, theirs)))
    return lines


def show(line):
    if line["way"] == "eval":
        print(f"eval of the imported set: accuracy {line['accuracy'][1]:.4f}, loss {line['loss'][1]:.6f}; predict "
              f"{line['accuracy'][0]:.4f}, {line['loss'][0]:.6f}")
        return
    print(f"{line['way']:<30}{line['same_class']:>5} of {line['pictures']}{line['difference']:>9.1g}{line['difference_99']:>9.1g}"
          f"{line['equal_images']:>9}{line['difference_of_equal']:>9.1g}{100 * line['other_values']:>9.3f} %"
          f"{line['largest_value']:>5}")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("checkpoint")
    p.add_argument("folder")
    p.add_argument("--regimen", default="build/regimen")
    p.add_argument("--library", metavar="FILE", help="libregimen.so [that beside the program]")
    p.add_argument("--tolerance", type=float, default=1e-4, help="of probabilities [1e-4]")
    p.add_argument("--json", metavar="FILE")
    a = p.parse_args()
    a.library = a.library or os.path.join(os.path.dirname(a.regimen), ".libs", "libregimen.so")
    try:
        lines = compare(a)
    except Failed as failure:
        sys.exit(str(failure))
    print(f"{'':<30}{'same class':>12}{'largest':>9}{'99 %':>9}{'equal':>9}{'theirs':>9}{'values':>11}{'by':>5}")
    for line in lines:
        show(line)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(lines, f, indent=1)
            f.write("\n")
    return int(not all(line["agree"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
