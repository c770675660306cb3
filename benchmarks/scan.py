"""How many of a crowd's faces each kind of scan finds, and how long it takes on one thread."""

from __future__ import annotations

import time

import numpy as np
import torch
from afterdetail.detectors import registry
from afterdetail.detectors.scan import SCANS, Scanner
from rig.crowd import counted, crowd


def main() -> None:
    torch.set_num_threads(1)
    picture, faces = crowd()
    image = torch.from_numpy(np.array(picture)).float()[None] / 255
    entry = registry.find("face_full_mediapipe")
    detector = entry.open()
    print(f"| {entry.name} | faces found of {len(faces)} | false ones | time |\n|---|---|---|---|")
    for scan in SCANS:
        start = time.perf_counter()
        with torch.inference_mode():
            [found] = Scanner(detector, scan, entry.reach).detect(image, entry.floor)
        seconds = time.perf_counter() - start
        right, wrong = counted([detection.box for detection in found], faces)
        print(f"| scan {scan} | {right} | {wrong} | {seconds:.2f} s |")


if __name__ == "__main__":
    main()
