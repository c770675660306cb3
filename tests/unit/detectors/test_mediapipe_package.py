import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors import mediapipe_package, registry
from PIL import Image
from references.pictures import TEMPLATES, template

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-mediapipe-1.2.2" / "bin" / "python"


@pytest.mark.parametrize("installed", [True, False])
def test_model_files_are_listed_if_the_package_is_installed(monkeypatch, tmp_path, installed):
    (tmp_path / "mediapipe").mkdir()
    (tmp_path / "mediapipe" / "hand.task").touch()
    monkeypatch.setitem(sys.modules, "folder_paths", SimpleNamespace(models_dir=tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: installed or None)
    assert [entry.name for entry in mediapipe_package.entries()] == ["mediapipe/hand.task"] * installed


def test_nothing_is_listed_outside_comfyui(monkeypatch):
    monkeypatch.setitem(sys.modules, "folder_paths", None)
    assert list(mediapipe_package.entries()) == []


def test_model_files_are_listed_by_name(tmp_path):
    for name in ("hand.task", "face.tflite", "notes.txt"):
        (tmp_path / name).touch()
    assert [e.name for e in mediapipe_package.entries_in(tmp_path)] == ["mediapipe/face.tflite", "mediapipe/hand.task"]
    assert list(mediapipe_package.entries_in(tmp_path / "missing")) == []


def test_a_bundle_for_another_task_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "pose.task", "w") as bundle:
        bundle.writestr("pose_detector.tflite", b"")
    with pytest.raises(ValueError, match=r"pose\.task is no bundle of the face or hand landmarker.*pose_detector"):
        mediapipe_package.PackageDetector(tmp_path / "pose.task")


def test_boxes_are_cut_to_the_image_and_sorted():
    def face(x, score):
        box = SimpleNamespace(origin_x=x, origin_y=10, width=40, height=20)
        return SimpleNamespace(bounding_box=box, categories=[SimpleNamespace(score=score)])

    result = SimpleNamespace(detections=[face(80, 0.5), face(20, 0.9), face(200, 0.7)])
    found = mediapipe_package.read_boxes(result, 100, 100)
    assert [detection.box for detection in found] == [Box(20, 10, 60, 30), Box(80, 10, 100, 30)]
    assert [detection.score for detection in found] == [0.9, 0.5]


@pytest.fixture(scope="module")
def package_run(tmp_path_factory):
    if not PYTHON.exists():
        pytest.skip("run tests/references/mediapipe_venvs.sh first")
    folder = tmp_path_factory.mktemp("models")
    picture = tmp_path_factory.mktemp("picture") / "girl.png"
    Image.fromarray(template(TEMPLATES["girl"])).save(picture)
    [modules] = ROOT.glob(".venv-mediapipe-0.10.21/lib/python*/site-packages/mediapipe/modules")
    script = ROOT / "tests" / "references" / "mediapipe_package_run.py"
    paths = [ROOT / ".pack", Path(np.__file__).parents[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}
    command = [PYTHON, script, picture, modules, folder]
    # The package can hang for good when it is not closed; the time limit is part of the test.
    done = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("short.tflite", "face_short_mediapipe"),
        ("face.task", "face_mesh_mediapipe"),
        ("hand.task", "hand_mediapipe"),
    ],
)
def test_the_package_finds_what_the_pack_finds(package_run, file, name):
    image = torch.from_numpy(template(TEMPLATES["girl"]).copy()).float()[None] / 255
    [expected] = registry.find(name).open().detect(image, 0.5)
    found, in_black = package_run["results"][f"mediapipe/{file}"]
    assert len(found) == len(expected) > 0 and in_black == []
    for *box, _, label in found:
        assert label == expected[0].label
        assert min(max(abs(a - b) for a, b in zip(box, seen.box, strict=True)) for seen in expected) <= 8


def test_a_broken_file_is_an_error_and_leaves_nothing_open(package_run):
    assert isinstance(package_run["results"]["mediapipe/broken.tflite"], str)
    assert package_run["open"] == 0
