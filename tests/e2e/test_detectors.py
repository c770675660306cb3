"""Detectors as a user meets them: their files, their names, and what is said when something is wrong with them."""

import shutil
import zipfile

import numpy as np
import pytest
import torch
from fixtures.drawn_faces import draw
from rig.comfyui import ROOT
from rig.prompts import node
from rig.server import PromptRefused

FIXTURES = ROOT / "tests" / "fixtures"
SHIPPED = (
    "face_full_mediapipe",
    "face_short_mediapipe",
    "face_mesh_mediapipe",
    "eyes_mesh_mediapipe",
    "eyes_mediapipe",
    "lips_mediapipe",
    "face_oval_mediapipe",
)


@pytest.fixture(scope="module")
def drawn() -> torch.Tensor:
    """A face as the small networks have learnt them, in the middle of a grey picture, [1, 512, 512, 3]."""
    canvas = torch.full((1, 512, 512, 3), 0.4)
    canvas[0, 160:352, 160:352] = torch.from_numpy(draw(np.random.default_rng(3), 192, 192, 1, (0.15, 0.25))[0])
    return canvas


@pytest.fixture(scope="module")
def yolo_files(comfy):
    """The small networks where people keep theirs."""
    for folder, name in (("bbox", "tiny_face"), ("segm", "tiny_face-seg")):
        target = comfy.base / "models" / "ultralytics" / folder
        target.mkdir(parents=True, exist_ok=True)
        for suffix in (".pt", ".safetensors"):
            shutil.copy(FIXTURES / f"{name}{suffix}", target)


def detecting(bench, image, detector, **inputs):
    return {
        "image": bench.load(image),
        "detect": node("AfterDetailDetect", image=["image", 0], detector=detector, **inputs),
    }


@pytest.mark.parametrize("detector", SHIPPED)
def test_shipped_detectors_find_the_face(bench, photo, detector):
    tensors, _ = bench.run(detecting(bench, photo, detector), mask=["detect", 1])
    ys, xs = tensors["mask"][0].nonzero(as_tuple=True)
    assert len(ys) > 50, "nothing was found"
    assert 150 < float(xs.float().mean()) < 300 and 50 < float(ys.float().mean()) < 200


@pytest.mark.parametrize("name", ["bbox/tiny_face.pt", "bbox/tiny_face.safetensors", "segm/tiny_face-seg.pt"])
def test_yolo_files_are_listed_and_used(bench, drawn, yolo_files, name):
    options = bench.comfy.object_info("AfterDetailDetect")["input"]["required"]["detector"]
    assert name in str(options)
    tensors, _ = bench.run(detecting(bench, drawn, name), mask=["detect", 1])
    inside = tensors["mask"][0, 150:362, 150:362]
    assert float(inside.sum()) > 300 and float(inside.sum()) == float(tensors["mask"].sum())


def test_a_yolo_file_through_the_whole_job(bench, drawn, yolo_files):
    done = bench.detail(drawn, detector="segm/tiny_face-seg.safetensors")
    assert done.ui["num_objects_inpainted"][0] >= 1
    assert torch.equal(done.image[done.mask == 0], drawn[done.mask == 0])


def test_an_absent_named_detector_says_where_its_file_goes(bench, photo):
    """Before anything runs."""
    with pytest.raises(PromptRefused) as refused:
        bench.comfy.queue(bench.saved(detecting(bench, photo, "hand_yolov8n"), mask=["detect", 1]))
    sentence = str(refused.value)
    assert "hand_yolov8n.pt, which is not there" in sentence and "download_missing" in sentence
    assert str(bench.comfy.base / "models" / "ultralytics" / "bbox") in sentence


def test_a_hostile_file_is_a_sentence_and_runs_nothing(bench, photo, yolo_files, tmp_path):
    """A checkpoint whose pickle calls os.system, as `torch.load` and `YOLO()` would let it."""
    touched = tmp_path / "touched"
    pickle = b"cos\nsystem\n(S'touch " + str(touched).encode() + b"'\ntR."
    target = bench.comfy.base / "models" / "ultralytics" / "bbox" / "evil.pt"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("evil/data.pkl", pickle)
        archive.writestr("evil/version", "3")
    sentence = bench.failure(detecting(bench, photo, "bbox/evil.pt"), mask=["detect", 1])
    target.unlink()
    assert "evil.pt" in sentence and not touched.exists()


def test_half_a_file_is_a_sentence(bench, photo, yolo_files):
    folder = bench.comfy.base / "models" / "ultralytics" / "bbox"
    half = (FIXTURES / "tiny_face.safetensors").read_bytes()[:200_000]
    (folder / "downloading.safetensors").write_bytes(half)
    sentence = bench.failure(detecting(bench, photo, "bbox/downloading.safetensors"), mask=["detect", 1])
    (folder / "downloading.safetensors").unlink()
    assert "downloading.safetensors" in sentence
