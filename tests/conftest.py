from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from rig import checkpoints
from rig import models as small_models
from rig.make import MODELS_CACHE
from rig.server import PROBE_NODES, ComfyServer

KINDS = ("face-sd15", "nano-sd15", "nano-sd15-inpaint", "nano-sdxl", "nano-refiner", "tiny-sd15", "tiny-sdxl")

# Other processes use this machine too, and a test that fails once fails again.
settings.register_profile(
    "the same", settings(), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("the same")


@pytest.fixture(scope="session")
def models() -> Path:
    """A models folder with all small models, kept between runs."""
    checkpoints.ensure_all(KINDS, MODELS_CACHE / "checkpoints")
    small_models.ensure_all(small_models.MODELS, MODELS_CACHE)
    return MODELS_CACHE


@pytest.fixture(scope="session")
def comfy(models: Path) -> Iterator[ComfyServer]:
    """A running ComfyUI with this pack, the small checkpoints and the probe nodes."""
    with ComfyServer(models, nano=True, custom_nodes=PROBE_NODES) as server:
        yield server


@pytest.fixture(autouse=True)
def same_random_numbers_every_time() -> None:
    """A test that fails once fails again: its random pictures are the same in every run."""
    torch.manual_seed(0)
