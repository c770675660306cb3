"""Google's own mediapipe runtime, for those who have the package installed and a model file of theirs to run in it.

Files of models/mediapipe are listed as `mediapipe/<file>`: face detectors (.tflite) and bundles (.task) of the face or
hand landmarker. Two things to know before choosing one: releases from 0.10.35 on report usage to Google, with no switch
to stop it, and the face detectors push a box that begins left of or above the image inside, where it covers the wrong
place. The pack's own detectors, which run the same kind of network, do neither.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..detailer.detection import Detection, Extent
from .detector import Entry
from .mediapipe import SHORT_REACH
from .mediapipe.hands import skin
from .mediapipe.landmarks import Shape, without_repeats
from .mediapipe.outlines import convex_hull, filled

MANY = 100  # objects in a picture; the package's own default is one

never_collected: list[Any] = []
"""Tasks that could not be closed. The package hangs the process if the garbage collector reaches an open one."""


def entries() -> Iterable[Entry]:
    """The model files in ComfyUI's models/mediapipe; none if the package is not installed."""
    folder_paths: Any = sys.modules.get("folder_paths")
    if folder_paths is None:  # outside ComfyUI, which loads it before packs
        return []
    found = entries_in(Path(folder_paths.models_dir) / "mediapipe")
    # Asked last: it waits for an import in another thread, and ComfyUI asks for this list where it answers requests.
    return found if found and importlib.util.find_spec("mediapipe") else []


def entries_in(folder: Path) -> Sequence[Entry]:
    files = sorted(path for path in folder.glob("*") if path.suffix in (".tflite", ".task"))
    return [Entry(f"mediapipe/{path.name}", partial(PackageDetector, path), reach=SHORT_REACH) for path in files]


class PackageDetector:
    """One model file, run by the package. The package holds the network itself, on the CPU."""

    networks: Sequence[torch.nn.Module] = ()

    def __init__(self, path: Path):
        self.path = path
        self.task = task_of(path)

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        package = importlib.import_module("mediapipe")
        height, width = images.shape[1:3]
        pixels = (images.clamp(0, 1) * 255).round().to("cpu", torch.uint8).contiguous().numpy()
        frames = [package.Image(package.ImageFormat.SRGB, frame) for frame in pixels]
        with opened(self.task, self.path, confidence) as (run, read):
            return [read(run(frame), width, height) for frame in frames]


Read = Callable[[Any, int, int], list[Detection]]


def task_of(path: Path) -> str:
    """Which task the file is for; ValueError if none of ours."""
    if path.suffix == ".tflite":
        return "face_detector"
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
    for task in ("face_landmarks_detector", "hand_landmarks_detector"):
        if f"{task}.tflite" in names:
            return task
    raise ValueError(f"{path.name} is no bundle of the face or hand landmarker: it holds {', '.join(names)}.")


@contextmanager
def opened(task: str, path: Path, confidence: float) -> Iterator[tuple[Callable[[Any], Any], Read]]:
    """The task's function of a picture, and the reader of what it returns. Opened anew each time: it takes 10 ms."""
    tasks = importlib.import_module("mediapipe.tasks.python")
    vision, base = tasks.vision, tasks.BaseOptions(model_asset_path=str(path))
    match task:
        case "face_detector":
            options = vision.FaceDetectorOptions(base, min_detection_confidence=confidence)
            detector, read = vision.FaceDetector.create_from_options(options), read_boxes
        case "face_landmarks_detector":
            options = vision.FaceLandmarkerOptions(base, num_faces=MANY, min_face_detection_confidence=confidence)
            detector, read = vision.FaceLandmarker.create_from_options(options), read_faces
        case _:
            options = vision.HandLandmarkerOptions(base, num_hands=MANY, min_hand_detection_confidence=confidence)
            detector, read = vision.HandLandmarker.create_from_options(options), read_hands
    try:
        yield detector.detect, read
    finally:
        never_collected.append(detector)
        detector.close()
        never_collected.remove(detector)


def read_boxes(result: Any, width: int, height: int) -> list[Detection]:
    found = []
    for face in result.detections:
        box = face.bounding_box
        extent = Extent(box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
        found.append(Detection.of_extent(extent, face.categories[0].score, "face", width, height))
    return best_first(found)


def read_faces(result: Any, width: int, height: int) -> list[Detection]:
    """The package gives faces no score; 1 stands for it."""
    faces = without_repeats(Shape(points_of(face, width, height), 1.0) for face in result.face_landmarks)
    return best_first([filled([convex_hull(face.points)], face.score, "face", width, height) for face in faces])


def read_hands(result: Any, width: int, height: int) -> list[Detection]:
    """The score is that of being a left or a right hand, the only one the package gives."""
    hands = without_repeats(
        Shape(points_of(points, width, height), side[0].score)
        for points, side in zip(result.hand_landmarks, result.handedness, strict=True)
    )
    return best_first([filled([skin(hand)], hand.score, "hand", width, height) for hand in hands])


def points_of(landmarks: Sequence[Any], width: int, height: int) -> np.ndarray:
    return np.array([(point.x * width, point.y * height) for point in landmarks])


def best_first(detections: Iterable[Detection | None]) -> list[Detection]:
    return sorted((detection for detection in detections if detection), key=lambda detection: -detection.score)
