"""What `track` makes of clips: memory above the input at several lengths, and flicker against frame by frame."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean

import torch
from afterdetail.detailer import planes
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings
from PIL import Image
from quality import Workshop
from rig import nano
from rig.clips import Actor, Clip, clip
from rig.stand_ins import Nothing

LENGTHS, SIZE, FACE = (100, 300, 1000), (1920, 1080), 320
"""Frames, and in pixels their size and that of the face in each."""

FRAMES = 12
HEIGHT, JITTER = 96, 2.5
"""Of the face in the clip that flickers, and of the detector's edges, in pixels."""
DENOISES = (0.04, 0.3, 0.5)
PICTURE = Path(__file__).with_name("video.jpg")
SHOWN = 5
"""Frames of the picture, at the first denoise, where this model repairs best."""


class Watch(threading.Thread):
    """Looks again and again at how much memory this process takes that the system can't drop, as it can a file's."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.ended = 0, threading.Event()

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.most = max(self.most, in_memory())


def in_memory() -> int:
    """Bytes; pages of files are not among them."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("RssAnon:")[2].split()[0])


def above_the_input(count: int) -> tuple[float, float]:
    """GB of memory that a run over a clip takes at most, and of the picture and the mask that it puts on disk.

    In a process of its own. The input is one frame again and again, which takes no memory.
    """
    width, height = SIZE

    def regions(frames: int) -> Regions:
        found = [Box(0, 0, FACE, FACE).shifted(200 + frame % 7, 200 + frame % 5) for frame in range(frames)]
        images = tuple((Detection(box, 0.9, "face", Extent(*map(float, box))),) for box in found)
        masks, fitting = MaskSettings(), FitSettings("512x512", "sd15")
        return make_regions(Detections(width, height, images).numbered(), masks, fitting)

    frame = torch.rand(1, height, width, 3)
    detail(frame.expand(8, -1, -1, -1), regions(8), Nothing(), Seeds(tracked=True))
    planes.LARGE, planes.SHARE = 0, 0.0  # as on a machine whose memory is nearly full
    before = in_memory()
    with Watch() as watch:
        done = detail(frame.expand(count, -1, -1, -1), regions(count), Nothing(), Seeds(tracked=True))
    return (watch.most - before) / 1e9, 4 * (done.image.numel() + done.alpha.numel()) / 1e9


def memory_table() -> Iterator[str]:
    """A line for each length."""
    yield "| frames of 1920x1080 | picture and mask, on disk | memory above the input | for each frame |"
    yield "|---|---|---|---|"
    for count in LENGTHS:
        done = subprocess.run([sys.executable, __file__, str(count)], capture_output=True, text=True, check=True)
        used, on_disk = map(float, done.stdout.split()[-2:])
        yield f"| {count} | {on_disk:.1f} GB | {used:.2f} GB | {1000 * used / count:.1f} MB |"


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
        print(*above_the_input(int(sys.argv[1])))
    else:
        main()
