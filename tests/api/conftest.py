import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import ImageOps
from rig import checkpoints
from rig import models as small_models
from rig.comfyui import ROOT
from rig.foreign import vae_of
from rig.make import MODELS_CACHE
from rig.server import ComfyServer
from rig.service import SETTINGS, photo, serving
from safetensors.torch import save_file

KINDS = ("nano-sd15", "nano-sd15-inpaint", "pico-sdxl", "pico-refiner")
MODELS = ("pico-sdxl-controlnet", "nano-sd15-lora", "sd15-embedding", "sd15-vae", "photomaker")


@pytest.fixture(scope="session")
def models() -> Path:
    """A models folder with the small models, kept between runs."""
    checkpoints.ensure_all(KINDS, MODELS_CACHE / "checkpoints")
    small_models.ensure_all(MODELS, MODELS_CACHE)
    return MODELS_CACHE


@pytest.fixture(scope="session")
def picture_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a photo is served from this machine."""
    folder = tmp_path_factory.mktemp("pictures")
    ImageOps.mirror(photo()).save(folder / "photo.png")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/photo.png"
        server.shutdown()


@pytest.fixture(scope="session")
def service(models: Path, picture_url: str) -> Iterator[ComfyServer]:
    """A running ComfyUI with the service on and two keys; a small YOLO file stands for face_yolov8n."""
    server = serving(models, {**SETTINGS, "trusted_image_hosts": [urlsplit(picture_url).netloc]})
    detector = server.base / "models" / "ultralytics" / "bbox" / "face_yolov8n.pt"
    detector.parent.mkdir(parents=True)
    detector.symlink_to(ROOT / "tests" / "fixtures" / "tiny_face.pt")
    tinted = vae_of(models / "checkpoints" / "nano-sd15.ckpt")
    tinted["taesd_decoder.8.weight"] = tinted["taesd_decoder.8.weight"].flip(0)
    save_file(tinted, server.base / "models" / "vae" / "tinted-vae.safetensors")
    with server:
        yield server
