"""One detector of this pack, or one YOLO file in ultralytics, measured.

    python detectors_own.py NAME PICTURES.npz

NAME is a detector of the registry, `short mesh` for the face mesh with the short detector only, or `yolo:FILE` for a
weights file in this pack's own network and `ultralytics:FILE` for the same in the package.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from afterdetail.detectors import registry
from afterdetail.detectors.mediapipe.face_parts import FACE, FaceParts
from timing import Detect, measured, pictures_of

CONFIDENCE = 0.5  # the default of the packages


def own(name: str, pictures: dict[int, np.ndarray]):
    """One of the pack's detectors on images as ComfyUI has them; a batch repeats one picture without copying it."""
    images = {size: torch.from_numpy(picture).float()[None] / 255 for size, picture in pictures.items()}

    @contextmanager
    def opened() -> Iterator[Detect]:
        kind, _, file = name.partition(":")
        confidence = CONFIDENCE
        if kind == "yolo":
            detector = importlib.import_module("afterdetail.detectors.yolo.predictor").YoloDetector.open(Path(file))
        elif kind == "short mesh":
            detector = FaceParts(FACE)
            detector.mesh.detectors = detector.mesh.detectors[1:]
        else:
            entry = registry.find(name)
            detector, confidence = entry.open(), entry.threshold(CONFIDENCE).applied

        def detect(size: int, batch: int) -> list[int]:
            return [len(found) for found in detector.detect(images[size].expand(batch, -1, -1, -1), confidence)]

        with torch.inference_mode():
            yield detect

    return opened


def package(file: str, pictures: dict[int, np.ndarray]):
    """The same file in ultralytics, on pictures as it takes them."""
    model_class: Any = importlib.import_module("ultralytics").YOLO
    frames = {size: np.ascontiguousarray(picture[..., ::-1]) for size, picture in pictures.items()}

    @contextmanager
    def opened() -> Iterator[Detect]:
        model = model_class(file)

        def detect(size: int, batch: int) -> list[int]:
            results = model.predict(
                [frames[size]] * batch, conf=CONFIDENCE, imgsz=640, batch=batch, verbose=False, device="cpu"
            )
            return [len(result.boxes) for result in results]

        yield detect

    return opened


def main(name: str, pictures_file: Path) -> None:
    pictures = pictures_of(np.load(pictures_file))
    kind, _, file = name.partition(":")
    opened = package(file, pictures) if kind == "ultralytics" else own(name, pictures)
    print(json.dumps(measured(opened)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
