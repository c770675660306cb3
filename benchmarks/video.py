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
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from memory import peak_mb
from PIL import Image
from rig import nano
from rig.clips import Actor, Clip, clip
from scenes import nano_inpainter

LENGTHS = ((20, 1920, 1080), (60, 1920, 1080), (1000, 480, 270))
"""Frames and their size. What an object costs does not depend on the frame's size, so the longest clip may be small."""
FACE = 160
"""Pixels a side."""

FRAMES = 12
HEIGHT, JITTER = 96, 2.5
"""Of the face in the clip that flickers, and of the detector's edges, in pixels."""
DENOISES = (0.04, 0.3, 0.5)
PICTURE = Path(__file__).with_name("video.jpg")
SHOWN = 5
"""Frames of the picture, at the last denoise."""


def beside_the_frames(count: int, width: int, height: int) -> float:
    """MB at the peak of a run over a clip, above the input, the output and its mask. In a process of its own."""
    from afterdetail.detailer.detail import detail
    from afterdetail.detailer.seeds import Seeds

    def regions(frames: int):
        found = [Box(0, 0, FACE, FACE).shifted(20 + frame % 7, 20 + frame % 5) for frame in range(frames)]
        images = tuple((Detection(box, 0.9, "face", Extent(*map(float, box))),) for box in found)
        masks, fitting = MaskSettings(), FitSettings("512x512", "sd15")
        return make_regions(Detections(width, height, images).numbered(), masks, fitting)

    inpainter = nano_inpainter()
    frame = torch.rand(1, height, width, 3)
    with torch.inference_mode():
        detail(frame.expand(8, -1, -1, -1), regions(8), inpainter, Seeds(tracked=True))
        clip = frame.expand(count, -1, -1, -1)
        results = (clip.clone(), torch.ones(clip.shape[:3]))
        before = peak_mb()
        del results
        detail(clip, regions(count), inpainter, Seeds(tracked=True))
    return max(peak_mb() - before, 0)


def memory_table() -> Iterator[str]:
    yield "| frames | size | beside input, output and mask | for each frame |"
    yield "|---|---|---|---|"
    for count, width, height in LENGTHS:
        command = [sys.executable, __file__, str(count), str(width), str(height)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used = float(done.stdout.split()[-1])
        yield f"| {count} | {width}x{height} | {used:.0f} MB | {used / count:.2f} MB |"


def moving_face() -> Clip:
    def path(frame: int) -> tuple[float, float]:
        return 120 + 4 * frame, 100 + 20 * math.sin(frame / 3)

    return clip(FRAMES, [Actor("astronaut", path, HEIGHT)], jitter=JITTER)


def repaired_faces(made: Clip, denoise: float, tracked: bool) -> list[torch.Tensor]:
    """The face of each frame, [h, w, 3]."""
    from afterdetail.detailer.detail import detail
    from afterdetail.detailer.seeds import Seeds
    from quality import Workshop

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
    made, ways = moving_face(), []
    for denoise in DENOISES:
        ways = [repaired_faces(made, denoise, tracked) for tracked in (False, True)]
        alone, tracked = map(flicker, ways)
        yield f"| {denoise} | {alone:.2f} levels | {tracked:.2f} levels | {tracked / alone:.0%} |"
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
        print(beside_the_frames(*map(int, sys.argv[1:])))
        nano.unload()
    else:
        main()
