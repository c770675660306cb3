"""The whole node path on a GPU: `pytest -m gpu`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rig import checkpoints
from rig.detailing import Bench, Detailing
from rig.make import MODELS_CACHE
from rig.prompts import node
from rig.server import PROBE_NODES, ComfyServer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device: run this where there is one"),
]
CHECKPOINT = "nano-sd15.safetensors"
"""Dense, because ComfyUI keeps the file's own tensors on a GPU."""
SAME = {"seed": 3, "steps": 2, "cfg": 4.0, "denoise": 0.6, "resolution": "off"}
LEVEL = 1 / 255


@pytest.fixture(scope="module")
def gpu(models: Path) -> Iterator[ComfyServer]:
    """A ComfyUI on the GPU, in the precision of the CPU."""
    checkpoints.ensure("nano-sd15", MODELS_CACHE / "checkpoints", "safetensors")
    with ComfyServer(models, nano=True, custom_nodes=PROBE_NODES, arguments=("--force-fp32", "--fp32-vae")) as server:
        yield server


@pytest.fixture
def on_gpu(gpu: ComfyServer, tmp_path: Path) -> Bench:
    return Bench(gpu, tmp_path)


def farthest(one: Detailing, other: Detailing) -> float:
    """The largest difference of two results, in 0..1."""
    return float((one.image - other.image).abs().max())


def test_the_picture_is_that_of_the_cpu(bench: Bench, on_gpu: Bench, crowd: torch.Tensor):
    bench.comfy.link_models(MODELS_CACHE)  # it may have been started before the checkpoint was made
    ours, theirs = (each.detail(crowd, CHECKPOINT, **SAME) for each in (on_gpu, bench))
    assert ours.ui["num_objects_inpainted"] == theirs.ui["num_objects_inpainted"] == [4]
    assert farthest(ours, theirs) <= 2 * LEVEL
    outside = ours.mask == 0
    assert torch.equal(outside, theirs.mask == 0)
    assert torch.equal(ours.image[outside].view(torch.int32), crowd[outside].view(torch.int32))


def test_together_is_as_alone(on_gpu: Bench, crowd: torch.Tensor):
    together, alone = (on_gpu.detail(crowd, CHECKPOINT, **SAME, batch_size=size) for size in (4, 1))
    assert farthest(together, alone) <= LEVEL


def free_vram(comfy: ComfyServer) -> int:
    """Bytes that are free once ComfyUI has let go of its models."""
    comfy.free()
    (device,) = comfy.get("/system_stats").json()["devices"]
    return device["vram_free"]


def test_memory_is_given_back(on_gpu: Bench, crowd: torch.Tensor):
    on_gpu.detail(crowd, CHECKPOINT, **SAME)  # the libraries' own memory stays
    before = free_vram(on_gpu.comfy)
    for seed in range(4, 7):
        on_gpu.detail(crowd, CHECKPOINT, **(SAME | {"seed": seed}))
    assert free_vram(on_gpu.comfy) >= before - 64 * 2**20


def test_without_memory_for_a_batch_it_is_halved_and_the_log_says_so(on_gpu: Bench, crowd: torch.Tensor):
    """Sixteen objects, with both conditionings 32 latents."""
    many = crowd.repeat(4, 1, 1, 1)
    graph = on_gpu.graph(many, CHECKPOINT, **SAME, batch_size=16)
    graph["limit"] = node("ProbeMemory", model=graph["detail"]["inputs"]["model"], most=8)
    graph["detail"]["inputs"]["model"] = ["limit", 0]
    done = on_gpu.run_detail(graph)
    assert done.ui["num_objects_inpainted"] == [4, 4, 4, 4]
    assert "Sampling 16 objects together failed" in on_gpu.comfy.log()
