"""Objects sampled together against one by one, where the time of a run goes, and ComfyUI's own sampling beside it.

On a CPU with the nano model; where there is a CUDA device, with full-size SD1.5 and SDXL of random weights in fp16
and 20 steps.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import torch
from rig import nano
from scenes import regions_of
from stages import OWN, STAGES, bare, measured

COUNTS = (1, 4, 8)
PICTURE = 1024


class Case(NamedTuple):
    """One model at one sampled size."""

    kind: str
    width: int
    height: int
    steps: int

    def __str__(self) -> str:
        return f"{self.kind}, {self.width}x{self.height}, {self.steps}"


CPU = (Case("nano-sd15", 384, 704, 2),)
GPU = (Case("full-sd15", 512, 512, 20), Case("full-sdxl", 512, 512, 20), Case("full-sdxl", 1024, 1024, 20))


class Row(NamedTuple):
    """Seconds of a case with so many objects: one by one, by stage together, bare; and peak bytes on a GPU."""

    case: Case
    count: int
    single: float
    stages: dict[str, float]
    bare: float
    peak: int

    @property
    def whole(self) -> float:
        return sum(self.stages.values())

    @property
    def together(self) -> float:
        """Without looking for the objects, which is done once however they are sampled."""
        return self.whole - self.stages["detect"]


def main() -> None:
    cuda, rows = torch.cuda.is_available(), []
    with torch.inference_mode():
        for case, count in product(GPU if cuda else CPU, COUNTS):
            rows.append(row(case, count, cuda))
            print(rows[-1], file=sys.stderr)  # a run that is cut short has measured something
    if cuda:
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {os.cpu_count()} cores.\n")
    print(gains(rows, cuda) + "\n\n" + shares(rows))


def row(case: Case, count: int, cuda: bool) -> Row:
    models = nano.load(case.kind, on_cpu=not cuda)  # makes ComfyUI importable
    from afterdetail.detailer.sampling import ComfyInpainter
    from afterdetail.detailer.settings import SampleSettings
    from afterdetail.detectors import registry
    from afterdetail.detectors.inference import Request, detect

    settings = SampleSettings(steps=case.steps, denoise=0.5)
    inpainter = ComfyInpainter(models.model, models.prompt("a face"), models.prompt("blurry"), models.vae, settings)
    image = torch.rand(1, PICTURE, PICTURE, 3)

    def regions() -> Any:
        return regions_of(count, PICTURE, f"{case.width}x{case.height}")

    def look() -> Any:
        return detect(registry.DEFAULT, image, Request())

    alone = replace(inpainter, settings=replace(settings, batch_size=1))
    single = measured(alone, image, look, regions)
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    stages = measured(inpainter, image, look, regions)
    peak = torch.cuda.max_memory_allocated() if cuda else 0
    return Row(
        case,
        count,
        sum(single.values()) - single["detect"],
        stages,
        bare(inpainter, count, case.width, case.height),
        peak,
    )


def gains(rows: list[Row], cuda: bool) -> str:
    lines = ["| model, size, steps | objects | one by one | together | gain |" + (" peak VRAM |" if cuda else "")]
    lines.append("|---" * (6 if cuda else 5) + "|")
    for each in rows:
        cells = [f"{each.single:.2f} s", f"{each.together:.2f} s", f"{each.single / each.together:.2f} x"]
        cells += [f"{each.peak / 2**30:.1f} GiB"] if cuda else []
        lines.append(f"| {each.case} | {each.count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def shares(rows: list[Row]) -> str:
    lines = [f"| model, size, steps | objects | {' | '.join(STAGES)} | own share | over ComfyUI's own |"]
    lines.append("|---" * (len(STAGES) + 4) + "|")
    for each in rows:
        cells = [f"{each.stages[stage] / each.whole:.1%}" for stage in STAGES]
        own = sum(each.stages[stage] for stage in OWN) / each.whole
        cells += [f"{own:.1%}", f"{each.together / each.bare:.2f} x"]
        lines.append(f"| {each.case} | {each.count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
