"""What it takes to redraw the masks of the canvas after a widget was moved, and what it adds to a run."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.threshold import Threshold
from rig import nano

SIZE, OBJECTS, REPEATS = 1024, 20, 30
SIDES = (1024, 2048, 4096)
CASES = {
    "as they are": {},
    "mask_dilation 40, mask_blur 20": {"mask_dilation": 40, "mask_blur": 20},
    "mask_padding 100": {"mask_padding": 100},
    "union_masks, mask_blur 20": {"union_masks": True, "mask_blur": 20},
    "invert": {"invert": True},
    "pick 0-9": {"pick": "0-9"},
}


def faces(masked: bool) -> Detections:
    """20 faces of 120 to 215 px in four rows, as boxes or as round masks."""
    found = []
    for i in range(OBJECTS):
        side = 120 + 5 * i
        x, y = 8 + i % 5 * 200, 8 + i // 5 * 200
        box = Box(x, y, x + side, y + side)
        ramp = torch.linspace(-1, 1, side)
        mask = MaskPatch(box, (ramp[None] ** 2 + ramp[:, None] ** 2 < 1).float()) if masked else None
        found.append(Detection(box, 0.95 - i / 100, "face", Extent(*map(float, box)), mask, i))
    return Detections(SIZE, SIZE, (tuple(found),), "face_full_mediapipe", Threshold(0.6, 0.6))


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of the quickest of many runs: other processes on the machine do not count."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    return min(times)


def main() -> None:
    nano.load()
    from afterdetail.canvas.live_masks import preview
    from afterdetail.canvas.recorder import pictures
    from afterdetail.canvas.snapshots import Snapshot
    from afterdetail.nodes.after_detailer import AfterDetail

    torch.set_num_threads(1)
    print(f"| {OBJECTS} objects, {SIZE} px | boxes | masks |\n|---|---|---|")
    with torch.inference_mode():
        snapshots = [
            Snapshot(AfterDetail, {"detector": "face_full_mediapipe"}, faces(masked), [], model=ModelSizes(SD15, 8))
            for masked in (False, True)
        ]
        for name, widgets in CASES.items():
            cells = (f"{milliseconds(lambda s=snapshot, w=widgets: preview(s, 0, w)):.0f} ms" for snapshot in snapshots)
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
        images = [torch.rand(1, side, side, 3) for side in SIDES]
        times = [f"{milliseconds(lambda i=image: pictures(i)):.0f} ms for {image.shape[1]} px" for image in images]
    print(f"\nTo keep a picture for the canvas: {', '.join(times)}.")
    nano.unload()


if __name__ == "__main__":
    main()
