"""The optional backend: other architectures, in safe mode only, leaving the process as it was."""

from __future__ import annotations

import importlib
import importlib.util
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from afterdetail.detectors import ultralytics_package as package
from afterdetail.detectors.detector import OpenVocabulary
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError, OtherArchitecture
from afterdetail.detectors.yolo.model_files import open_file
from fixtures.drawn_faces import draw
from fixtures.hostile import call, checkpoint, module, nothing_happens, text, write
from PIL import Image

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
needs_ultralytics = pytest.mark.skipif(bool(package.unusable()), reason="needs ultralytics")


def refusal(path: Path) -> OtherArchitecture:
    return OtherArchitecture(path, "holds no YOLOv8 detection or segmentation network")


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(package, "version", lambda name: "")
    path = tmp_path / "yolo11n.pt"
    with pytest.raises(OtherArchitecture, match="install the package ultralytics") as caught:
        package.open_other(path, refusal(path))
    assert "yolo11n.pt holds no YOLOv8" in str(caught.value)


@pytest.mark.parametrize(
    ("version", "usable"), [("8.4.50", False), ("8.3.200", False), ("8.4.90", True), ("9.0", True)]
)
def test_versions_without_the_safe_mode_are_refused(monkeypatch, version, usable):
    monkeypatch.setattr(package, "version", lambda name: version)
    monkeypatch.delitem(sys.modules, "ultralytics.utils", raising=False)
    assert ("update ultralytics" in package.unusable()) is not usable


def test_an_old_pytorch_is_refused(monkeypatch):
    monkeypatch.setattr(package, "version", lambda name: "8.4.190")
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    assert "update PyTorch 2.5.1+cpu" in package.unusable()


def test_a_package_that_was_loaded_unsafely_is_refused(monkeypatch):
    class Unsafe:
        SAFE_LOAD = False

    monkeypatch.setattr(package, "version", lambda name: "8.4.190")
    monkeypatch.setitem(sys.modules, "ultralytics.utils", Unsafe)
    assert "ULTRALYTICS_SAFE_LOAD=1" in package.unusable()


def state() -> dict[str, Any]:
    """Everything of the process that ultralytics is known to change."""
    cv2 = importlib.import_module("cv2")
    return {
        "PIL.Image.open": Image.open,
        "torch.save": torch.save,
        "torch.load": torch.load,
        "cv2 functions": (cv2.imread, cv2.imwrite, cv2.imshow),
        "cv2 threads": cv2.getNumThreads(),
        "torch threads": torch.get_num_threads(),
        "numpy print options": np.get_printoptions(),
        "torch print options": dict(vars(importlib.import_module("torch._tensor_str").PRINT_OPTS)),
        "environment": dict(os.environ),
        "warning filters": list(warnings.filters),
        "safe globals": set(torch.serialization.get_safe_globals()),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "grad mode": torch.is_grad_enabled(),
    }


def other(tmp_path: Path, description: str) -> Path:
    """A checkpoint of another architecture with random weights, as ultralytics saves it."""
    path = tmp_path / f"{Path(description).stem}.pt"
    with package.undisturbed():
        torch.manual_seed(0)
        ultralytics = importlib.import_module("ultralytics")
        model = (ultralytics.RTDETR if "rtdetr" in description else ultralytics.YOLO)(description)
        model.save(path)
    return path


@needs_ultralytics
@pytest.mark.parametrize("description", ["yolov10n.yaml", "yoloe-11s-seg.yaml", "yolov8s-world.yaml", "rtdetr-l.yaml"])
def test_other_architectures_work_and_leave_the_process_alone(tmp_path, monkeypatch, description):
    path = other(tmp_path, description)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("asked the network"))
    before = state()
    detector = open_file(path)
    assert state() == before
    images = torch.from_numpy(draw(np.random.default_rng(0), 320, 128, 2)[0])[None].repeat(2, 1, 1, 1)
    found = detector.detect(images, 0.0)
    assert state() == before
    assert isinstance(detector, package.UltralyticsDetector)
    assert len(found) == 2
    for detection in found[0]:
        assert 0 <= detection.box.x0 < detection.box.x1 <= 320
        assert (detection.mask is not None) == ("seg" in description)
        assert detection.mask is None or detection.mask.values.shape == (detection.box.height, detection.box.width)
        assert detection.label in detector.names
    scores = [detection.score for detection in found[0]]
    assert scores == sorted(scores, reverse=True)


_IMPORT = """
import sys, test_ultralytics_package as t
from pathlib import Path
asked = []
sys.addaudithook(lambda event, args: asked.append(event) if event.startswith("socket.") and "addr" in event else None)
before = t.state()
path = Path(sys.argv[1])
detector = t.package.open_other(path, t.refusal(path))
after = t.state()
print([name for name in before if before[name] != after[name]], [n for n in sys.modules if n == "ultralytics"], asked)
"""


@needs_ultralytics
def test_the_first_import_asks_no_network_and_leaves_process_and_home_folder_alone(tmp_path):
    import subprocess

    here = Path(__file__).resolve()
    folders = [here.parent, here.parents[2], here.parents[3] / ".pack"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "HOME": str(tmp_path)}
    environment = {k: v for k, v in environment.items() if not k.startswith(("YOLO_", "ULTRALYTICS_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, str(FIXTURES / "tiny_face.pt")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[] ['ultralytics'] []"
    assert not list(tmp_path.rglob("*Ultralytics*"))


@needs_ultralytics
def test_it_finds_what_it_was_trained_for():
    path = FIXTURES / "tiny_face-seg.pt"
    detector = package.open_other(path, refusal(path))
    image, faces = draw(np.random.default_rng(3), 512, 256, 2, (0.08, 0.2))
    found = detector.detect(torch.from_numpy(image)[None], 0.4)[0]
    assert len(found) == len(faces)
    assert all(d.mask is not None and d.mask.values.any() and d.label == "face" for d in found)


@needs_ultralytics
def test_each_opening_gives_an_object_of_its_own():
    path = FIXTURES / "tiny_face.pt"
    a, b = (package.open_other(path, refusal(path)) for _ in range(2))
    assert a.networks[0] is not b.networks[0]


@needs_ultralytics
def test_networks_without_boxes_are_refused(tmp_path):
    path = other(tmp_path, "yolo11n-cls.yaml")
    with pytest.raises(CheckpointError, match="is a YOLO11 or YOLO26 classification model"):
        open_file(path)


@needs_ultralytics
def test_files_the_package_refuses_end_as_sentences(tmp_path):
    path = write(tmp_path / "strange.pt", checkpoint(module()))
    before = state()
    allowed = ("pickle.find_class", "exec", "compile", "shutil.rmtree")  # the last is its temporary settings folder
    with nothing_happens(allowed), pytest.raises(CheckpointError, match=r"strange\.pt could not be opened"):
        open_file(path)
    assert state() == before


@needs_ultralytics
def test_the_safe_mode_really_refuses_code(tmp_path):
    """Such a file is refused before it comes here; this checks the second wall."""
    touched = tmp_path / "touched"
    path = write(tmp_path / "evil.pt", checkpoint(call("os.system", text(f"touch {touched}"))))
    with pytest.raises(CheckpointError, match=r"evil\.pt"):
        package.open_other(path, refusal(path))
    assert not touched.exists()


@needs_ultralytics
def test_classes_without_their_text_encoder_end_as_a_sentence(tmp_path, monkeypatch):
    if importlib.util.find_spec("clip"):
        pytest.skip("the text encoder is installed")
    path = other(tmp_path, "yolov8s-world.yaml")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("asked the network"))
    before = state()
    detector = package.open_other(path, refusal(path))
    assert isinstance(detector, OpenVocabulary)
    with pytest.raises(ValueError, match=r"cannot look for dog: .*clip"):
        detector.set_classes(["dog"])
    assert state() == before


@needs_ultralytics
def test_other_networks_keep_their_own_classes():
    path = FIXTURES / "tiny_face.pt"
    detector = package.open_other(path, refusal(path))
    assert isinstance(detector, package.UltralyticsDetector)
    detector.set_classes(["dog"])
    assert detector.names == ("face",)


@needs_ultralytics
def test_a_module_of_an_old_release_that_the_package_cannot_run_names_the_file():
    """Of ultralytics 8.0.110 (references/old_module.py), whose segmentation head 8.4.190 cannot run."""
    path = FIXTURES / "old_segment.pt"
    detector = package.open_other(path, refusal(path))
    before = state()
    try:
        detector.detect(torch.zeros(1, 64, 64, 3), 0.5)
    except CheckpointError as error:
        assert "old_segment.pt cannot be run by ultralytics" in str(error) and "try another version" in str(error)
        assert state() == before
    else:
        pytest.skip("this release of ultralytics runs modules of 8.0.110")


def test_what_fails_while_it_predicts_names_the_file(tmp_path):
    """By a stand-in for the package's model: which files its releases cannot run changes from one to the next."""

    class Broken:
        model = torch.nn.Linear(1, 1)

        def predict(self, images: list[np.ndarray], **options: object) -> None:
            raise TypeError("cat() received an invalid combination of arguments\nand more")

    detector = package.UltralyticsDetector(Broken(), tmp_path / "old_module.pt")
    before = state()
    with pytest.raises(CheckpointError, match=r"old_module\.pt cannot be run .*TypeError: cat\(\) received") as caught:
        detector.detect(torch.zeros(1, 8, 8, 3), 0.5)
    assert "try another version" in str(caught.value) and "and more" not in str(caught.value)
    assert state() == before
