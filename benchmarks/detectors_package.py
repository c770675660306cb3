"""What Google's mediapipe takes for the same work; run by the Python of an environment that has it installed.

    python detectors_package.py NAME PICTURES.npz MODULES

NAME is this pack's detector that does the same, MODULES the folder mediapipe/modules of the 0.10.21 wheel. PYTHONPATH
has to lead to tests/references. The package takes one picture at a time: a batch is as many calls.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe_bundles import face_bundle, hand_bundle
from timing import Detect, measured, pictures_of

MANY = 20


def face_boxes(modules: Path, file: str, confidence: float) -> Any:
    base = BaseOptions(model_asset_path=str(modules / "face_detection" / file))
    return vision.FaceDetector.create_from_options(
        vision.FaceDetectorOptions(base, min_detection_confidence=confidence)
    )


def opener(name: str, modules: Path) -> Callable[[], Any]:
    match name:
        case "face_full_mediapipe":
            return lambda: face_boxes(modules, "face_detection_full_range_sparse.tflite", 0.6)
        case "face_short_mediapipe":
            return lambda: face_boxes(modules, "face_detection_short_range.tflite", 0.5)
        case "face_mesh_mediapipe":
            base = BaseOptions(model_asset_buffer=face_bundle(modules))
            options = vision.FaceLandmarkerOptions(base, num_faces=MANY)
            return lambda: vision.FaceLandmarker.create_from_options(options)
        case _:
            base = BaseOptions(model_asset_buffer=hand_bundle(modules))
            options = vision.HandLandmarkerOptions(base, num_hands=MANY)
            return lambda: vision.HandLandmarker.create_from_options(options)


def count(result: Any) -> int:
    for field in ("detections", "face_landmarks", "hand_landmarks"):
        if hasattr(result, field):
            return len(getattr(result, field))
    raise ValueError(f"{result} is no result of a face or hand task.")


def main(name: str, pictures_file: Path, modules: Path) -> None:
    pictures = pictures_of(np.load(pictures_file))
    open_task = opener(name, modules)

    @contextmanager
    def opened() -> Iterator[Detect]:
        task = open_task()

        def detect(size: int, batch: int) -> list[int]:
            frames = [mediapipe.Image(mediapipe.ImageFormat.SRGB, pictures[size]) for _ in range(batch)]
            return [count(task.detect(frame)) for frame in frames]

        try:  # a task that is not closed can hang the process when the garbage collector meets it
            yield detect
        finally:
            task.close()

    print(json.dumps(measured(opened)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
