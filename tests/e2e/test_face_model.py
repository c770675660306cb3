"""The trained model of tools/face_model, read by ComfyUI's own loader, mends a face through the pack's node."""

import os
import subprocess
import sys

import torch
from afterdetail.detectors import registry
from rig import prompts
from rig.broken import break_face
from rig.comfyui import ROOT
from rig.detailing import Bench
from rig.make import TRAINED
from rig.photos import FACES
from rig.prompts import node

FACE_MODEL = "face-sd15.ckpt"
FACE = FACES["astronaut"]


def psnr(picture: torch.Tensor, other: torch.Tensor) -> float:
    """In decibels, over the face."""
    x0, y0, x1, y1 = FACE
    return -10 * float((picture - other)[:, y0:y1, x0:x1].square().mean().log10())


def score(picture: torch.Tensor) -> float:
    return registry.find("face_full_mediapipe").open().detect(picture, 0.3)[0][0].score


def test_the_committed_file_is_small():
    assert TRAINED.stat().st_size <= 12_000_000


def test_a_broken_face_is_nearer_to_the_unbroken_one_once_repaired(bench: Bench, photo):
    broken = break_face(photo[0], FACE, seed=1)[None]
    done = bench.detail(broken, FACE_MODEL, steps=10, cfg=1.0, denoise=0.06, mask_dilation=24)
    assert psnr(done.image, photo) > psnr(broken, photo)
    assert score(done.image) > score(broken)
    assert not (done.image != broken).any(-1)[done.mask == 0].any()


def test_its_vae_gives_a_face_window_back(bench: Bench, photo):
    x0, y0, x1, y1 = 126, 24, 326, 224
    window = torch.nn.functional.interpolate(photo[:, y0:y1, x0:x1].movedim(-1, 1), (512, 512), mode="bicubic")
    graph = prompts.checkpoint(FACE_MODEL) | {"image": bench.load(window.movedim(1, -1).clamp(0, 1))}
    graph["encode"] = node("VAEEncode", pixels=["image", 0], vae=["model", 2])
    graph["decode"] = node("VAEDecode", samples=["encode", 0], vae=["model", 2])
    tensors = bench.run(graph, before=["image", 0], after=["decode", 0]).tensors
    assert -10 * float((tensors["before"] - tensors["after"]).square().mean().log10()) >= 33


def test_the_demo_repairs_its_photo():
    """It ends with an error unless the repaired face is better than the broken one in every figure."""
    path = os.pathsep.join(str(ROOT / part) for part in ("tests", "tools", ".pack"))
    own = {name: value for name, value in os.environ.items() if name not in ("PHOTO", "CHECKPOINT")}
    command = [sys.executable, ROOT / "demo" / "repair_photo.py"]
    done = subprocess.run(command, env=own | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
