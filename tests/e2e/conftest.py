from collections.abc import Generator
from pathlib import Path

import pytest
import torch
from rig.comfyui import comfyui_version, is_older
from rig.detailing import Bench
from rig.server import ComfyServer, PromptRefused
from skimage import data


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
