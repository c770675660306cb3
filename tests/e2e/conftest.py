from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import torch
from rig import checkpoints
from rig import models as small_models
from rig.comfyui import ROOT, comfyui_version, is_older
from rig.detailing import Bench
from rig.make import MODELS_CACHE
from rig.server import ComfyServer, PromptRefused
from skimage import data

KINDS = ("nano-sd15", "nano-sd15-inpaint", "nano-sdxl", "nano-refiner", "tiny-sd15", "tiny-sdxl")
PROBE_NODES = ROOT / "tests" / "rig" / "probe_nodes"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Leave out, where ComfyUI is older, a test that takes a node of ComfyUI's own which it does not have yet."""
    try:
        return (yield)
    except PromptRefused as refused:
        missing = refused.missing_node
        if missing and not missing.startswith("AfterDetail") and is_older():
            pytest.skip(f"ComfyUI {comfyui_version()} has no node {missing}")
        raise


@pytest.fixture(scope="session")
def models() -> Path:
    """A models folder with all small models, kept between runs."""
    checkpoints.ensure_all(KINDS, MODELS_CACHE / "checkpoints")
    small_models.ensure_all(small_models.MODELS, MODELS_CACHE)
    return MODELS_CACHE


@pytest.fixture(scope="session")
def comfy(models: Path) -> Iterator[ComfyServer]:
    """A running ComfyUI with this pack, the small checkpoints and the probe nodes."""
    with ComfyServer(models, nano=True, custom_nodes={"probe_nodes": PROBE_NODES}) as server:
        yield server


@pytest.fixture
def bench(comfy: ComfyServer, tmp_path: Path) -> Bench:
    return Bench(comfy, tmp_path)


@pytest.fixture(scope="session")
def photo() -> torch.Tensor:
    """A photo with one face, [1, 512, 512, 3]."""
    return torch.from_numpy(data.astronaut()).float()[None] / 255


@pytest.fixture(scope="session")
def crowd(photo: torch.Tensor) -> torch.Tensor:
    """Four copies of the photo's upper half side by side and above each other: four faces, [1, 512, 1024, 3]."""
    head = photo[:, :256, 64:320]
    row = torch.cat([head, head.flip(2), head, head.flip(2)], 2)
    return torch.cat([row, torch.full_like(row, 0.5)], 1)


@pytest.fixture(scope="session")
def landscape(photo: torch.Tensor) -> torch.Tensor:
    """A picture without a face, [1, 512, 512, 3]."""
    return torch.from_numpy(data.coffee()[:400, :600]).float()[None] / 255
