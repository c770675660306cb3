"""What Google's mediapipe takes for the same work; run by the Python of an environment that has it installed.

    python detectors_package.py PICTURES.npz MODULES TASK...

MODULES is the folder mediapipe/modules of the 0.10.21 wheel; TASKs run one after the other on each picture.
PYTHONPATH has to lead to tests/references. The package takes one picture at a time: a batch is as many calls.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
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


def face_mesh(modules: Path) -> Any:
    options = vision.FaceLandmarkerOptions(BaseOptions(model_asset_buffer=face_bundle(modules)), num_faces=MANY)
    return vision.FaceLandmarker.create_from_options(options)


def hand(modules: Path) -> Any:
    options = vision.HandLandmarkerOptions(BaseOptions(model_asset_buffer=hand_bundle(modules)), num_hands=MANY)
    return vision.HandLandmarker.create_from_options(options)


TASKS = {
    "face_full": lambda modules: face_boxes(modules, "face_detection_full_range_sparse.tflite", 0.6),
    "face_short": lambda modules: face_boxes(modules, "face_detection_short_range.tflite", 0.5),
    "face_mesh": face_mesh,
    "hand": hand,
}


def count(result: Any) -> int:
    for field in ("detections", "face_landmarks", "hand_landmarks"):
        if hasattr(result, field):
            return len(getattr(result, field))
    raise ValueError(f"{result} is no result of a face or hand task.")


def main(pictures_file: Path, modules: Path, names: list[str]) -> None:
    pictures = pictures_of(np.load(pictures_file))

    @contextmanager
    def opened() -> Iterator[Detect]:
        with ExitStack() as opened_tasks:  # a task left open can hang the process when the garbage collector meets it
            tasks = [opened_tasks.enter_context(closing(TASKS[name](modules))) for name in names]

            def detect(size: int, batch: int) -> list[int]:
                frames = [mediapipe.Image(mediapipe.ImageFormat.SRGB, pictures[size]) for _ in range(batch)]
                return [[count(task.detect(frame)) for task in tasks][-1] for frame in frames]

            yield detect

    print(json.dumps(measured(opened)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
