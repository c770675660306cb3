from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import checkpoints
from rig import models as small_models
from rig.comfyui import ROOT
from rig.make import MODELS_CACHE
from rig.server import ComfyServer
from rig.service import serving

KINDS = ("nano-sd15", "nano-sd15-inpaint", "pico-sdxl", "pico-refiner")
MODELS = ("pico-sdxl-controlnet", "nano-sd15-lora", "sd15-embedding", "sd15-vae", "photomaker")


@pytest.fixture(scope="session")
def models() -> Path:
    """A models folder with the small models, kept between runs."""
    checkpoints.ensure_all(KINDS, MODELS_CACHE / "checkpoints")
    small_models.ensure_all(MODELS, MODELS_CACHE)
    return MODELS_CACHE


@pytest.fixture(scope="session")
def service(models: Path) -> Iterator[ComfyServer]:
    """A running ComfyUI with the service on and two keys; a small YOLO file stands for face_yolov8n."""
    server = serving(models)
    detector = server.base / "models" / "ultralytics" / "bbox" / "face_yolov8n.pt"
    detector.parent.mkdir(parents=True)
    detector.symlink_to(ROOT / "tests" / "fixtures" / "tiny_face.pt")
    with server:
        yield server
