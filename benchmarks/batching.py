"""Objects sampled together against one by one: wall time, peak memory on a GPU, and the pack's own share.

On a CPU with the nano model; where there is a CUDA device, with full-size SD1.5 and SDXL of random weights in fp16
and 20 steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from overhead import Stopwatch
from rig import nano
from scenes import regions_of

COUNTS = (1, 2, 4, 8, 16)


class Case(NamedTuple):
    """One model at one sampled size."""

    kind: str
    resolution: str
    steps: int


CPU = (Case("nano-sd15", "384x704", 2),)
GPU = (Case("full-sd15", "512x512", 20), Case("full-sdxl", "512x512", 20), Case("full-sdxl", "1024x1024", 20))


def main() -> None:
    cuda = torch.cuda.is_available()
    print(
        "| model, size, steps | objects | one by one | together | gain | own share |" + (" peak VRAM |" if cuda else "")
    )
    print("|---" * (7 if cuda else 6) + "|")
    with torch.inference_mode():
        for case in GPU if cuda else CPU:
            for row in rows(case, cuda):
                print(row, flush=True)


def rows(case: Case, cuda: bool) -> Iterable[str]:
    models = nano.load(case.kind, on_cpu=not cuda)  # makes ComfyUI importable
    from afterdetail.detailer.sampling import ComfyInpainter
    from afterdetail.detailer.settings import SampleSettings

    prompt = models.prompt("a face")
    settings = SampleSettings(steps=case.steps, denoise=0.5)
    inpainter = ComfyInpainter(models.model, prompt, models.prompt("blurry"), models.vae, settings)
    measured(inpainter, case, 1, 1)
    for count in COUNTS:
        single, _, _ = measured(inpainter, case, count, 1)
        together, own, peak = measured(inpainter, case, count, 0)
        cells = [f"{single:.2f} s", f"{together:.2f} s", f"{single / together:.2f} x", f"{own / together:.1%}"]
        cells += [f"{peak / 2**30:.1f} GiB"] if cuda else []
        print_size = f"{case.kind}, {case.resolution}, {case.steps}"
        yield f"| {print_size} | {count} | " + " | ".join(cells) + " |"


def measured(inpainter: Any, case: Case, count: int, batch_size: int) -> tuple[float, float, int]:
    """(seconds, of these the pack's own, peak bytes on the GPU), the quicker of two runs."""
    from afterdetail.detailer.detail import detail
    from afterdetail.detailer.seeds import Seeds

    image, regions = torch.rand(1, 1024, 1024, 3), regions_of(count, 1024, case.resolution)
    results = []
    for _ in range(2):
        watch = Stopwatch(replace(inpainter, settings=replace(inpainter.settings, batch_size=batch_size)))
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        start, own = time.perf_counter(), time.process_time()
        done = detail(image, regions, watch, Seeds(1))
        seconds, own = time.perf_counter() - start, time.process_time() - own - watch.seconds
        assert done.report.counts("inpainted") == [count]
        peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
        results.append((seconds, own, peak))
    return min(results)


if __name__ == "__main__":
    main()
