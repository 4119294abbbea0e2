#!/usr/bin/python3
"""Compares decoded pictures with Pillow's, pixel by pixel.

    compare_pixels.py PICTURE_PIXELS FILE...     (- for a list on standard input, nothing for pictures made here)

PICTURE_PIXELS is tests/picture_pixels of a build. Prints a line for each file that differs, or that only one of the two can
read, then a summary. Small differences are counted and are no failure: Pillow cuts what Regimen rounds (16 bits, channels of 5
and 6 bits), so that a value differs by 1, and by 2 where alpha does, too. Exits with 1 if a file differs by more, and with 77,
which test harnesses count as skipped, where there is no Pillow.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as e:
    print(f"SKIPPED pillow: no python3-pil or python3-numpy ({e})")
    sys.exit(77)

Image.MAX_IMAGE_PIXELS = None
SMALL = 2


def photograph(height, width, channels):
    rng = np.random.default_rng(channels)
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 110 * np.sin(x / (5 + c) + y / (9 - c)) for c in range(channels)]
    return (np.stack(waves, -1) + rng.uniform(0, 15, (height, width, channels))).astype(np.uint8)


def made(folder):
    """Pictures of all kinds that Pillow writes; their paths."""
    rgb = Image.fromarray(photograph(123, 211, 3))
    grey = Image.fromarray(photograph(123, 211, 1)[..., 0])
    rgba = Image.fromarray(photograph(123, 211, 4))
    wide = Image.fromarray(photograph(123, 211, 1)[..., 0].astype(np.uint16) * 251)
    few = {n: rgb.quantize(n) for n in (2, 4, 16, 200)}
    files = {"grey.jpg": (grey, {}), "cmyk.jpg": (Image.fromarray(photograph(123, 211, 4), "CMYK"), {"quality": 95}),
             "progressive.jpg": (rgb, {"progressive": True}), "transparent.png": (few[200], {"transparency": 5}),
             "wide.png": (wide, {}), "animated.webp": (rgb, {"save_all": True, "append_images": [rgb.rotate(90)]}),
             "lossy.webp": (rgb, {}), "alpha.webp": (rgba, {}), "lossless.webp": (rgba, {"lossless": True}),
             "rgba.bmp": (rgba, {}), "bits.png": (grey.convert("1"), {}), "alpha.png": (rgba.convert("LA"), {}),
             "rgb.ppm": (rgb, {}), "grey.pgm": (grey, {}), "bits.pbm": (grey.convert("1"), {})}
    for sampling in range(3):
        files[f"sampling{sampling}.jpg"] = (rgb, {"quality": 90, "subsampling": sampling})
    for colours, image in few.items():
        files[f"palette{colours}.png"] = files[f"palette{colours}.bmp"] = (image, {})
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        for image, kind in ((rgb, "jpg"), (rgba, "png"), (rgb, "webp")):
            files[f"turned{orientation}.{kind}"] = (image, {"exif": exif.tobytes()})
    for name, (image, options) in files.items():
        image.save(os.path.join(folder, name), **options)
    return [os.path.join(folder, name) for name in files]


def by_pillow(path, channels, background=(255, 255, 255)):
    """[H][W][C]; upright, over the background."""
    image = Image.open(path)
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I"):  # Pillow cuts these off at 255
        grey = (np.asarray(image).astype(np.int64) * 255 + 32895) >> 16
        image = Image.fromarray(grey.astype(np.uint8))
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
        rgba = np.asarray(image.convert("RGBA")).astype(np.int64)
        alpha = rgba[..., 3:]
        image = Image.fromarray(((rgba[..., :3] * alpha + np.array(background) * (255 - alpha) + 127) // 255).astype(np.uint8))
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels)


class Ours:
    def __init__(self, program, channels):
        self.pipe = subprocess.Popen([program, str(channels)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, path):
        self.pipe.stdin.write(os.fsencode(path) + b"\n")
        self.pipe.stdin.flush()
        answer = self.pipe.stdout.readline().decode(errors="replace").strip()
        if not answer.startswith("OK "):
            raise ValueError(answer[3:])
        shape = [int(n) for n in answer[3:].split()]
        return np.frombuffer(self.pipe.stdout.read(shape[0] * shape[1] * shape[2]), np.uint8).reshape(shape)


def attempt(read, *arguments):
    try:
        return read(*arguments), None
    except Exception as e:  # Pillow raises many kinds
        return None, str(e) or type(e).__name__


def compare(path, theirs, ours):
    """"one" if only one of the two reads it, "same", "near" or "far"."""
    (a, no_a), (b, no_b) = theirs, ours
    if no_a and no_b:
        return "same"
    if no_a or no_b:
        print(f"{path}: " + (f"Pillow only: {no_b}" if no_b else f"Regimen only: {no_a}"))
        return "one"
    if a.shape != b.shape:
        print(f"{path}: Pillow has {a.shape}, Regimen {b.shape}")
        return "far"
    most = int(np.abs(a.astype(int) - b).max())
    if most > SMALL:
        print(f"{path}: differs by {most}")
    return "same" if most == 0 else "near" if most <= SMALL else "far"


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = sys.argv[2:] or made(folder)
        if paths == ["-"]:
            paths = [line.rstrip("\n") for line in sys.stdin]
        count = {"same": 0, "near": 0, "far": 0, "one": 0}
        for channels in (3, 1):
            ours = Ours(sys.argv[1], channels)
            for path in paths:
                count[compare(path, attempt(by_pillow, path, channels), attempt(ours.read, path))] += 1
            ours.pipe.stdin.close()
            ours.pipe.wait()
    print(f"{len(paths)} pictures in colour and in grey: {count['same']} the same, {count['near']} differ by 1 or 2, "
          f"{count['far']} by more, {count['one']} read by one program alone")
    return 1 if count["far"] or (len(sys.argv) == 2 and count["one"]) else 0


if __name__ == "__main__":
    sys.exit(main())
