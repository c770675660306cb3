"""The line in ComfyUI's log on what is installed beside the pack."""

from __future__ import annotations

from importlib import metadata

import pytest
from afterdetail.detectors import optional
from rig.comfyui import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({}, "found: none, and none is needed."),
        ({"ultralytics": "8.4.190"}, "found: ultralytics 8.4.190."),
        ({"ultralytics": "8.4.190", "onnxruntime": "1.32.0"}, "found: ultralytics 8.4.190, onnxruntime 1.32.0."),
        ({"onnxruntime": "1.32.0"}, "found: onnxruntime 1.32.0."),
        ({"Brotli": "1.2.1", "backports.zstd": "1.8.0"}, "found: Brotli 1.2.1, backports.zstd 1.8.0."),
    ],
)
def test_what_is_there_is_named(monkeypatch, installed, expected):
    def version(package: str) -> str:
        if package not in installed:
            raise metadata.PackageNotFoundError(package)
        return installed[package]

    monkeypatch.setattr(metadata, "version", version)
    assert optional.sentence().endswith(expected)


@pytest.mark.parametrize("package", optional.PACKAGES)
def test_what_is_named_is_told_of_and_can_be_installed(package):
    rows = [line[2:].split(" | ") for line in README.splitlines() if line.startswith("| ")]
    assert len([row for row in rows if package in row[0].split(", ")]) == 1
    assert package in (ROOT / "requirements-optional.txt").read_text(encoding="utf-8")
    assert package in (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.optional-dependencies]")[1]
