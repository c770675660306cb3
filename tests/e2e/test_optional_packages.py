"""The optional packages end to end: a file that only they can read, through detection, masks and the whole job.

`make optional` runs this where requirements-optional.txt has just been installed into a copy of the environment.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from afterdetail.detectors import ultralytics_package as package
from rig.comfyui import ROOT
from rig.detailing import Bench
from rig.prompts import node

TINY = ROOT / "tests" / "fixtures" / "tiny_face.pt"


@pytest.fixture
def bbox(bench: Bench) -> Path:
    """Where the server looks for detectors of boxes."""
    folder = bench.comfy.base / "models" / "ultralytics" / "bbox"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def other_architecture(folder: Path) -> str:
    """YOLOv10, which the own network does not run, with random weights."""
    with package.undisturbed():
        torch.manual_seed(0)
        importlib.import_module("ultralytics").YOLO("yolov10n.yaml").save(folder / "ten.pt")
    return "bbox/ten.pt"


def onnx_export(folder: Path) -> str:
    """The small network of faces, by the package's own export."""
    copy = folder / "exported.pt"
    copy.write_bytes(TINY.read_bytes())
    with package.undisturbed():
        importlib.import_module("ultralytics").YOLO(str(copy)).export(format="onnx", simplify=False, imgsz=640)
    copy.unlink()
    return "bbox/exported.onnx"


@pytest.mark.skipif(bool(package.unusable()), reason="needs ultralytics: make optional installs it")
@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs onnxruntime: make optional installs it")
@pytest.mark.parametrize("made", [other_architecture, onnx_export])
def test_a_file_of_theirs_through_the_whole_job(bench: Bench, bbox: Path, photo: torch.Tensor, made):
    """On a real photo. Neither network has learnt from any: what they find there is not asked, that it is mended is."""
    name, few = made(bbox), {"confidence": 0.0, "max_num_detections": 2}
    graph = {
        "image": bench.load(photo),
        "detect": node("AfterDetailDetect", image=["image", 0], detector=name, **few),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["detect", 0]),
    }
    tensors, _ = bench.run(graph, mask=["detect", 1], alpha=["regions", 1])
    assert tensors["mask"].any() and tensors["alpha"].any()
    done = bench.detail(photo, detector=name, **few)
    assert done.ui["num_objects_inpainted"][0] >= 1, done.report
    assert torch.equal(done.image[done.mask == 0], photo[done.mask == 0])
    (bbox.parent / name).unlink()
