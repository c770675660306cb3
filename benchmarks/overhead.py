"""The pack's own time per object: everything but the model and the VAE.

The same objects are repaired in images of several sizes. What an image costs once (one copy, one empty mask) is told
apart from what each object adds by a straight line through the times for 1, 4, 16 and 64 objects. What stands in for
the model answers at once: where memory that is free for seconds goes back to a host, as on many virtual machines, the
copy after a long sampling would be charged with getting it again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence

import torch
from afterdetail.detailer.box import Size
from afterdetail.detailer.detail import detail
from afterdetail.detailer.resampling import resized
from afterdetail.detailer.seeds import Seeds
from rig.stand_ins import Nothing
from scenes import regions

SIZES = (1024, 2048, 4096)
COUNTS = (1, 4, 16, 64)
REPEATS = 7
ENLARGED = (1024, 4096)
IMPACT = {1024: (78, 56, 54, 44), 4096: (552, 275, 198, 156)}
"""Milliseconds for each of so many objects in Impact Pack's FaceDetailer, nodes against nodes, `noise_mask_feather` 0:
as last measured, on one thread of the same kind of CPU."""

clock = time.process_time
"""CPU time of this process, which is on one thread: other processes on the machine do not count."""


class Stopwatch:
    """An inpainter that measures the time spent in the one it wraps."""

    def __init__(self, inner):
        self.inner, self.seconds = inner, 0.0
        self.sizes, self.settings, self.paint, self.notes = inner.sizes, inner.settings, inner.paint, inner.notes
        self.device = inner.device

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._timed(self.inner.encode, pixels)

    def sample(self, jobs, image) -> list[torch.Tensor | Exception]:
        return self._timed(self.inner.sample, jobs, image)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self._timed(self.inner.decode, latent)

    def _timed(self, call, *arguments):
        start = clock()
        result = call(*arguments)
        self.seconds += clock() - start
        return result


def own_milliseconds(size: int, count: int) -> float:
    """The quickest of a few runs, outside the model and the VAE: masks, windows, crops, checks, paste, report."""
    image = torch.rand(1, size, size, 3)
    times = []
    for _ in range(REPEATS):
        watch = Stopwatch(Nothing())
        start = clock()
        done = detail(image, regions(count, size), watch, Seeds())
        done.report.as_json()
        times.append((clock() - start - watch.seconds) * 1000)
        assert done.report.counts("inpainted") == [count]
    return min(times)


def line_fit(counts: Sequence[int], times: Sequence[float]) -> tuple[float, float]:
    """(once, per object) of the least-squares line."""
    slope, once = statistics.linear_regression(counts, times)
    return once, slope


def beside_impact(measured: Mapping[int, Sequence[float]]) -> None:
    """Milliseconds for each object of both, and how many times as long Impact Pack takes."""
    print("\n| each object: Impact Pack / here | " + " | ".join(f"{n} objects" for n in COUNTS) + " |")
    print("|---" * (len(COUNTS) + 1) + "|")
    for size, theirs in IMPACT.items():
        ours = [time / count for time, count in zip(measured[size], COUNTS, strict=True)]
        cells = [f"{a} / {b:.1f} ms = {a / b:.0f} x" for a, b in zip(theirs, ours, strict=True)]
        print(f"| {size} px | " + " | ".join(cells) + " |")


def enlarging() -> None:
    """CPU time to enlarge a picture before it is repaired."""
    print("\n| `upscale` | " + " | ".join(f"{side} px" for side in ENLARGED) + " |")
    print("|---" * (len(ENLARGED) + 1) + "|")
    for factor in (2, 4):
        times = []
        for side in ENLARGED:
            image = torch.rand(1, side, side, 3)
            start = clock()
            resized(image, Size(side * factor, side * factor))
            times.append(f"{clock() - start:.2f} s")
        print(f"| {factor} | " + " | ".join(times) + " |")


def main() -> None:
    print("| image | " + " | ".join(f"{n} objects" for n in COUNTS) + " | once per run | each object |")
    print("|---" * (len(COUNTS) + 3) + "|")
    slopes, measured = {}, {}
    with torch.inference_mode():
        own_milliseconds(SIZES[0], 1)
        for size in SIZES:
            measured[size] = times = [own_milliseconds(size, count) for count in COUNTS]
            once, slopes[size] = line_fit(COUNTS, times)
            cells = [f"{t:.1f} ms" for t in (*times, once, slopes[size])]
            print(f"| {size} px | " + " | ".join(cells) + " |", flush=True)
    ratio = slopes[SIZES[-1]] / slopes[SIZES[0]]
    print(f"\nAn object in an image of {SIZES[-1]} px costs {ratio:.2f} times what it costs at {SIZES[0]} px.")
    beside_impact(measured)
    enlarging()


if __name__ == "__main__":
    main()
