#!/usr/bin/env python3
"""Draws the curves of a run as SVG: loss and accuracy of training and of evaluations, and the learning rate.

    docs/plot_metrics.py runs/resnet20-1/metrics.jsonl > curve.svg

Needs the standard library only. The events are described in docs/FILES.md.
"""
import json
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, GAP = 880, 330, 54, 14, 40, 42, 62
TRAIN, HELD, RATE, INK, FAINT = "#2f6db3", "#c4452f", "#8a8a8a", "#333333", "#dddddd"


def read(path):
    """Events by kind. A run that was resumed has its events once: the file is cut back to the checkpoint. A last line
    that is not whole comes from a process that was killed amid it."""
    events = {"start": [], "step": [], "evaluation": [], "end": []}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            if not line.endswith("\n"):
                break
            try:
                event = json.loads(line)
                events.setdefault(event.get("event"), []).append(event)
            except (ValueError, AttributeError):
                sys.exit(f"{path}:{number}: not a JSON object")
    if not any(points(events["step"] + events["evaluation"], "loss")):
        sys.exit(f"{path}: neither steps nor evaluations with a loss yet: nothing to draw "
                 "(a run shorter than metrics.every has no steps there)")
    return events


def points(events, key):
    return [(e["step"], e[key]) for e in events if e.get(key) is not None]


def nice_step(span, count=5):
    """The step of about `count` round ticks: 1, 2 or 5 times a power of ten."""
    raw, power = span / count, 1.0
    while power * 10 <= raw:
        power *= 10
    while power > raw:
        power /= 10
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw)


def ticks(low, high):
    step = nice_step(high - low)
    first = int(low / step + 0.999999)
    return [round(first * step + i * step, 10) for i in range(int((high - first * step) / step + 1e-6) + 1)]


class Panel:
    """A pair of axes at x0, with a linear scale in both directions."""

    def __init__(self, x0, width, steps, low, high, title):
        self.x0, self.width, self.steps, self.low, self.high = x0, width, steps, low, high
        self.parts = [f'<text x="{x0}" y="20" class="t">{title}</text>']

    def x(self, step):
        return round(self.x0 + self.width * step / self.steps, 1)

    def y(self, value):
        value = min(max(value, self.low), self.high)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.low) / (self.high - self.low), 1)

    def axes(self, epochs, form):
        for v in ticks(self.low, self.high):
            y = self.y(v)
            self.parts.append(f'<path d="M{self.x0} {y}h{self.width}" stroke="{FAINT}"/>')
            self.parts.append(f'<text x="{self.x0 - 6}" y="{y + 4}" text-anchor="end">{form.format(v)}</text>')
        for e in ticks(0, epochs):
            if e == int(e):
                x = self.x(self.steps * e / epochs)
                self.parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{int(e)}</text>')
        middle = self.x0 + self.width / 2
        self.parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">epoch</text>')

    def line(self, pairs, color, width=1.5, dash=""):
        if len(pairs) < 2:
            return
        path = "L".join(f"{self.x(s)} {self.y(v)}" for s, v in pairs)
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>')

    def dots(self, pairs, color):
        """Hollow where the value lies outside the axes."""
        for s, v in pairs:
            fill = color if self.low <= v <= self.high else "#ffffff"
            self.parts.append(f'<circle cx="{self.x(s)}" cy="{self.y(v)}" r="3.5" fill="{fill}" stroke="{color}"/>')

    def legend(self, entries):
        x = self.x0 + self.width
        for text, color in reversed(entries):
            self.parts.append(f'<text x="{x}" y="20" text-anchor="end" style="fill:{color}">{text}</text>')
            x -= 6.6 * len(text) + 14


def draw(events):
    step, evaluation = events["step"], events["evaluation"]
    steps = max(e["step"] for e in step + evaluation) or 1
    epochs = max(e["epoch"] for e in step + evaluation) or 1
    held = [e for e in evaluation if e.get("split") == "validation"] or evaluation
    split = held[0].get("split", "evaluation") if held else ""
    loss, accuracy = points(step, "loss"), points(step, "accuracy")
    width = (WIDTH - LEFT - RIGHT - GAP) / 2
    highest = max(v for _, v in loss or points(evaluation, "loss")) or 1.0
    left = Panel(LEFT, width, steps, 0.0, highest, "loss")
    left.axes(epochs, "{:g}")
    rate = points(step, "lr")
    top = max((v for _, v in rate), default=0)
    if top:
        left.line([(s, v / top * highest) for s, v in rate], RATE, 1, "3 3")
    left.line(loss, TRAIN)
    left.line(points(held, "loss"), HELD)
    left.dots(points(held, "loss"), HELD)
    rates = [(f"rate (peak {top:.2g})", RATE)] if top else []
    left.legend(([("training", TRAIN)] if step else []) + ([(split, HELD)] if held else []) + rates)
    values = [v for _, v in accuracy + points(held, "accuracy")]
    low = int(10 * min(values, default=0)) / 10
    right = Panel(LEFT + width + GAP, width, steps, min(low, 0.9), 1.0, "accuracy")
    right.axes(epochs, "{:.2g}")
    right.line(accuracy, TRAIN)
    right.line(points(held, "accuracy"), HELD)
    right.dots(points(held, "accuracy"), HELD)
    last = points(held, "accuracy")
    right.legend(([("training", TRAIN)] if step else []) + ([(f"{split} {100 * last[-1][1]:.1f} %", HELD)] if last else []))
    return left.parts + right.parts


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip(), file=sys.stderr if len(sys.argv) != 2 else sys.stdout)
        return 2 if len(sys.argv) != 2 else 0
    try:
        body = "\n".join(draw(read(sys.argv[1])))
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error.strerror}")
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">\n'
          f"<style>text{{font:12px sans-serif;fill:{INK}}}.t{{font-weight:bold}}</style>\n"
          f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>')
    return 0


if __name__ == "__main__":
    sys.exit(main())
