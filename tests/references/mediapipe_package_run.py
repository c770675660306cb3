"""Runs the pack's detectors for the mediapipe package where it is installed, and prints what they find as JSON.

    python mediapipe_package_run.py PICTURE MODULES FOLDER

PICTURE is an image file, MODULES the folder mediapipe/modules of the 0.10.21 wheel, FOLDER where the model files are
put. PYTHONPATH has to lead to the pack, to torch and to this folder.
"""

import gc
import json
import sys
from pathlib import Path

import numpy as np
import torch
from afterdetail.detectors import mediapipe_package
from mediapipe_bundles import face_bundle, hand_bundle
from PIL import Image


def main(picture: Path, modules: Path, folder: Path) -> None:
    (folder / "short.tflite").write_bytes((modules / "face_detection/face_detection_short_range.tflite").read_bytes())
    (folder / "face.task").write_bytes(face_bundle(modules))
    (folder / "hand.task").write_bytes(hand_bundle(modules))
    (folder / "broken.tflite").write_bytes(b"no network")
    image = torch.from_numpy(np.array(Image.open(picture))).float()[None] / 255
    results = {}
    for entry in mediapipe_package.entries_in(folder):
        try:
            frames = entry.open().detect(torch.cat([image, torch.zeros_like(image)]), 0.5)
        except (RuntimeError, ValueError) as error:
            results[entry.name] = str(error)
        else:
            results[entry.name] = [[[*found.box, found.score, found.label] for found in frame] for frame in frames]
    gc.collect()
    sys.stdout.write(json.dumps({"results": results, "open": len(mediapipe_package.never_collected)}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
