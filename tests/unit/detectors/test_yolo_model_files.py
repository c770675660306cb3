"""Which files of a ComfyUI installation become detectors, and under which names. `folder_paths` is ComfyUI's own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from afterdetail.detectors import store, ultralytics_package
from afterdetail.detectors.store import WeightsError
from afterdetail.detectors.yolo import model_files
from afterdetail.detectors.yolo.checkpoint_errors import OtherArchitecture

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests" / "fixtures"
COMFYUI = ROOT / ".comfyui"


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """An empty models folder that ComfyUI's folder_paths looks into."""
    if not (COMFYUI / "folder_paths.py").is_file():
        pytest.skip("needs a ComfyUI checkout at .comfyui")
    monkeypatch.syspath_prepend(str(COMFYUI))
    monkeypatch.setattr(sys, "argv", ["pytest"])
    import folder_paths

    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path))
    monkeypatch.setattr(folder_paths, "folder_names_and_paths", {})
    monkeypatch.setattr(folder_paths, "filename_list_cache", {})
    return tmp_path


def put(models: Path, name: str, source: str = "tiny_face.pt") -> Path:
    target = models / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(FIXTURES / source, target))


def names() -> list[str]:
    return [entry.name for entry in model_files.entries()]


def test_the_named_detectors_are_always_listed(models):
    assert names() == list(store.weights())


def test_a_file_that_has_another_name_at_its_source_is_named_for_both(models):
    said = model_files.missing("face_anime_yolov8s")
    assert (
        "/model.pt and put it into" in said and f"{models / 'ultralytics' / 'bbox'} as face_anime_yolov8s.pt," in said
    )
    assert " as " not in model_files.missing("face_yolov8n").partition("put it")[2].partition(",")[0]


def test_files_are_listed_under_the_usual_names(models):
    for name in ("bbox/a.pt", "segm/b.safetensors", "c.pt", "bbox/deep/d.pt"):
        put(models, f"ultralytics/{name}")
    put(models, "ultralytics/bbox/readme.md")
    put(models, "ultralytics/bbox/e.onnx")
    assert set(names()) - set(store.weights()) == {
        "bbox/a.pt",
        "segm/b.safetensors",
        "c.pt",
        "bbox/deep/d.pt",
        "bbox/e.onnx",
    }
    assert len(names()) == len(set(names()))


def test_paths_and_extensions_of_others_are_kept(models, tmp_path_factory):
    import folder_paths

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    folder_paths.folder_names_and_paths["ultralytics_bbox"] = ([str(elsewhere)], {".onnx"})
    put(elsewhere, "mine.pt")
    put(models, "ultralytics/bbox/a.pt")
    assert {"bbox/mine.pt", "bbox/a.pt"} <= set(names())
    names()
    paths, extensions = folder_paths.folder_names_and_paths["ultralytics_bbox"]
    assert paths == [str(elsewhere), str(models / "ultralytics" / "bbox")]
    assert extensions == {".onnx", ".pt", ".safetensors"}


def test_an_empty_extension_set_from_extra_model_paths_lists_no_readme(models):
    import folder_paths

    put(models, "ultralytics/bbox/readme.txt")
    folder_paths.folder_names_and_paths["ultralytics_bbox"] = ([str(models / "ultralytics" / "bbox")], set())
    assert names() == list(store.weights())


def test_listing_reads_no_file(models, monkeypatch):
    put(models, "ultralytics/bbox/a.pt")
    monkeypatch.setattr(model_files.YoloDetector, "open", lambda path: pytest.fail("read"))
    assert "bbox/a.pt" in names()


def opened(name: str):
    return next(entry for entry in model_files.entries() if entry.name == name).open()


def test_a_listed_file_opens(models):
    put(models, "ultralytics/bbox/a.pt")
    assert opened("bbox/a.pt").detect(torch.zeros(1, 8, 8, 3), 0.5) == [[]]


def test_a_named_detector_is_any_file_of_that_stem(models):
    put(models, "ultralytics/somewhere/face_yolov8n.pt")
    assert opened("face_yolov8n").detect(torch.zeros(1, 8, 8, 3), 0.5) == [[]]
    safetensors = put(models, "ultralytics/bbox/face_yolov8n.safetensors", "tiny_face.safetensors")
    assert model_files.find_named("face_yolov8n") == safetensors


def test_a_missing_named_detector_says_what_to_do(models):
    with pytest.raises(WeightsError) as caught:
        opened("face_yolov8n")
    said = str(caught.value)
    assert "face_yolov8n.pt" in said and "download_missing" in said and "Apache-2.0" in said and "6.2 MB" in said
    assert str(models / "ultralytics" / "bbox") in said and "https://" in said


def test_a_file_that_went_away_is_named(models):
    path = put(models, "ultralytics/bbox/a.pt")
    entry = next(entry for entry in model_files.entries() if entry.name == "bbox/a.pt")
    path.unlink()
    with pytest.raises(WeightsError, match=r"a\.pt is no longer there"):
        entry.open()


def test_downloading_needs_to_be_asked_for_and_goes_to_the_right_folder(models, monkeypatch):
    asked: list[tuple[str, Path]] = []

    def fetch(weight, folder, accept, progress):
        asked.append((weight.name, folder))
        return folder / weight.file

    monkeypatch.setattr(store, "download", fetch)
    with pytest.raises(WeightsError):
        opened("person_yolov8n-seg")
    assert asked == []
    assert model_files.fetch("person_yolov8n-seg") == models / "ultralytics" / "segm" / "person_yolov8n-seg.pt"
    assert asked == [("person_yolov8n-seg", models / "ultralytics" / "segm")]
    assert model_files.lacking("person_yolov8n-seg") == "person_yolov8n-seg.pt"


def test_what_is_there_is_not_downloaded(models, monkeypatch):
    monkeypatch.setattr(store, "download", lambda *_: pytest.fail("asked the server"))
    path = put(models, "ultralytics/bbox/hand_yolov8n.pt")
    assert model_files.fetch("hand_yolov8n") == path


def test_without_comfyui_only_the_named_are_listed(monkeypatch):
    monkeypatch.delitem(sys.modules, "folder_paths", raising=False)
    assert names() == list(store.weights())
    assert "models" in model_files.missing("face_yolov8n")


def test_another_architecture_goes_to_ultralytics_if_it_is_a_pt(tmp_path, monkeypatch):
    asked: list[Path] = []
    monkeypatch.setattr(ultralytics_package, "open_other", lambda path, error: asked.append(path))
    other = tmp_path / "other.pt"
    torch.save({"model": 1}, other)
    model_files.open_file(other)
    assert asked == [other]
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(OtherArchitecture):
        model_files.open_file(tmp_path / "other.safetensors")


def test_a_hostile_file_never_reaches_ultralytics(tmp_path, monkeypatch):
    from fixtures import hostile

    monkeypatch.setattr(ultralytics_package, "open_other", lambda *_: pytest.fail("handed on"))
    evil = hostile.write(tmp_path / "evil.pt", hostile.checkpoint(hostile.call("os.system", hostile.text("true"))))
    with pytest.raises(ValueError, match=r"os\.system"):
        model_files.open_file(evil)


def test_importing_the_family_imports_no_optional_package():
    import subprocess

    code = (
        "import sys; import afterdetail.detectors.yolo; "
        "print([name for name in ('ultralytics', 'cv2', 'comfy', 'folder_paths', 'nodes') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / ".pack", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert isinstance(sys.modules["afterdetail.detectors.yolo"], ModuleType)
