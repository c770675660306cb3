"""The line in ComfyUI's log on what is installed beside the pack."""

from __future__ import annotations

from importlib import metadata

import pytest
from afterdetail.detectors import optional


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({}, "found: none, and none is needed."),
        ({"ultralytics": "8.4.190"}, "found: ultralytics 8.4.190."),
        ({"ultralytics": "8.4.190", "onnxruntime": "1.32.0"}, "found: ultralytics 8.4.190, onnxruntime 1.32.0."),
        ({"onnxruntime": "1.32.0"}, "found: onnxruntime 1.32.0."),
    ],
)
def test_what_is_there_is_named(monkeypatch, installed, expected):
    def version(package: str) -> str:
        if package not in installed:
            raise metadata.PackageNotFoundError(package)
        return installed[package]

    monkeypatch.setattr(metadata, "version", version)
    assert optional.sentence().endswith(expected)
