"""Conversion to .safetensors: when asked, complete or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from afterdetail.detectors import __main__ as command
from afterdetail.detectors.yolo import checkpoint
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError
from afterdetail.detectors.yolo.predictor import YoloDetector
from afterdetail.detectors.yolo.pt_to_safetensors import convert
from safetensors.torch import load_file

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def source(tmp_path) -> Path:
    return Path(shutil.copy(FIXTURES / "tiny_face-seg.pt", tmp_path))


def test_it_is_written_beside_the_original(source):
    before = source.read_bytes()
    target = convert(source)
    assert target == source.with_suffix(".safetensors")
    assert load_file(target).keys() == load_file(FIXTURES / "tiny_face-seg.safetensors").keys()
    assert source.read_bytes() == before
    assert len(list(source.parent.iterdir())) == 2


def test_it_may_be_written_elsewhere_and_read_again(source, tmp_path):
    target = convert(source, tmp_path / "other.safetensors")
    assert checkpoint.read(target).labels == {0: "face"}
    assert YoloDetector.open(target).names == ("face",)


def test_nothing_is_overwritten(source):
    source.with_suffix(".safetensors").write_bytes(b"mine")
    with pytest.raises(ValueError, match="exists already"):
        convert(source)
    assert source.with_suffix(".safetensors").read_bytes() == b"mine"


def test_what_is_no_yolo_is_not_converted(tmp_path):
    path = tmp_path / "cut.pt"
    path.write_bytes((FIXTURES / "tiny_face.pt").read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        convert(path)
    assert list(tmp_path.iterdir()) == [path]


def test_opening_converts_nothing(source):
    YoloDetector.open(source)
    assert list(source.parent.iterdir()) == [source]


def test_the_command_converts(source, capsys):
    assert command.main(["convert", str(source)]) == 0
    assert source.with_suffix(".safetensors").is_file()
    assert "tiny_face-seg.safetensors" in capsys.readouterr().out
    assert command.main(["convert", str(source)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_command_lists_the_named_weights(capsys):
    assert command.main(["list"]) == 0
    assert "face_yolov8n: 6230011 bytes, Apache-2.0" in capsys.readouterr().out
