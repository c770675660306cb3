"""What `track` makes of clips: memory beside the frames at several lengths, and flicker against frame by frame."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean

import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings
from memory import peak_mb
from PIL import Image
from quality import Workshop
from rig import nano
from rig.clips import Actor, Clip, clip
from rig.stand_ins import Nothing

LENGTHS, SIZE = (100, 300, 1000), (480, 270)
"""Frames, and their size: what an object costs does not depend on it."""
FACE = 160
"""Pixels a side."""

FRAMES = 12
HEIGHT, JITTER = 96, 2.5
"""Of the face in the clip that flickers, and of the detector's edges, in pixels."""
DENOISES = (0.04, 0.3, 0.5)
PICTURE = Path(__file__).with_name("video.jpg")
SHOWN = 5
"""Frames of the picture, at the first denoise, where this model repairs best."""


def beside_the_frames(count: int) -> float:
    """MB at the peak of a run over a clip above input and output, the mask included; in a process of its own."""
    width, height = SIZE

    def regions(frames: int) -> Regions:
        found = [Box(0, 0, FACE, FACE).shifted(20 + frame % 7, 20 + frame % 5) for frame in range(frames)]
        images = tuple((Detection(box, 0.9, "face", Extent(*map(float, box))),) for box in found)
        masks, fitting = MaskSettings(), FitSettings("512x512", "sd15")
        return make_regions(Detections(width, height, images).numbered(), masks, fitting)

    frame = torch.rand(1, height, width, 3)
    detail(frame.expand(8, -1, -1, -1), regions(8), Nothing(), Seeds(tracked=True))
    before = peak_mb()
    detail(frame.expand(count, -1, -1, -1), regions(count), Nothing(), Seeds(tracked=True))
    return peak_mb() - before - count * width * height * 3 * 4 / 2**20


def memory_table() -> Iterator[str]:
    """A line for each length."""
    yield "| frames | beside input and output | for each frame |"
    yield "|---|---|---|"
    for count in LENGTHS:
        done = subprocess.run([sys.executable, __file__, str(count)], capture_output=True, text=True, check=True)
        used = float(done.stdout.split()[-1])
        yield f"| {count} | {used:.0f} MB | {used / count:.2f} MB |"


def moving_face() -> Clip:
    def path(frame: int) -> tuple[float, float]:
        return 120 + 4 * frame, 100 + 20 * math.sin(frame / 3)

    return clip(FRAMES, [Actor("astronaut", path, HEIGHT)], jitter=JITTER)


def repaired_faces(made: Clip, denoise: float, tracked: bool) -> list[torch.Tensor]:
    """The face of each frame, [h, w, 3]."""
    workshop = Workshop()
    regions = make_regions(made.detections, MaskSettings(), FitSettings(base_model="sd15"))
    done = detail(made.images, regions, workshop.inpainter(denoise), Seeds(1, tracked=tracked)).image
    return [image[box.slices] for image, (box,) in zip(done, made.true_boxes, strict=True)]


def flicker(faces: Sequence[torch.Tensor]) -> float:
    """Mean change from frame to frame, in levels of 255, less the clip's own motion, which is whole pixels."""
    return 255 * mean(float((after - before).abs().mean()) for before, after in pairwise(faces))


def flicker_table() -> Iterator[str]:
    yield "| denoise | frame by frame | with `track` | share |"
    yield "|---|---|---|---|"
    made = moving_face()
    for denoise in DENOISES:
        ways = [repaired_faces(made, denoise, tracked) for tracked in (False, True)]
        alone, tracked = map(flicker, ways)
        yield f"| {denoise} | {alone:.2f} levels | {tracked:.2f} levels | {tracked / alone:.0%} |"
        if denoise == DENOISES[0]:
            save_strip(ways)


def save_strip(ways: Sequence[Sequence[torch.Tensor]]) -> None:
    """Some frames of each way, enlarged, a row for each."""
    rows = torch.cat([torch.cat([*faces[:SHOWN]], 1) for faces in ways])
    picture = Image.fromarray((rows * 255).round().byte().numpy())
    large = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.LANCZOS)
    large.save(PICTURE, quality=88, optimize=True)


def main() -> None:
    for line in memory_table():
        print(line)
    print()
    with torch.inference_mode():
        for line in flicker_table():
            print(line)
    nano.unload()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(beside_the_frames(int(sys.argv[1])))
    else:
        main()
