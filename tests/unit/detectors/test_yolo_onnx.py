"""ONNX exports, run by the real onnxruntime, against the own network with the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from afterdetail.detectors.yolo import checkpoint
from afterdetail.detectors.yolo import onnx as own_onnx
from afterdetail.detectors.yolo.build import build
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError, OtherArchitecture
from afterdetail.detectors.yolo.predictor import YoloDetector
from fixtures.drawn_faces import draw

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
EXPORTS = {"detect": "tiny_face.safetensors", "segment": "tiny_face-seg.safetensors"}


class AsExported(torch.nn.Module):
    """The outputs as ultralytics exports them: [B, 4 + classes + M, N], or [B, N, 6 + M] with `end_to_end`."""

    def __init__(self, path: Path, end_to_end: bool):
        super().__init__()
        self.network, self.end_to_end = build(checkpoint.read(path)), end_to_end

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = self.network(images)
        top, bottom = found.boxes[..., :2], found.boxes[..., 2:]
        masks = [] if found.coefficients is None else [found.coefficients]
        if self.end_to_end:
            places = found.scores[0, :, 0].topk(300).indices
            parts = [found.boxes, found.scores, torch.zeros_like(found.scores), *masks]
            objects = torch.cat([part[:, places] for part in parts], -1)
        else:
            objects = torch.cat([(top + bottom) / 2, bottom - top, found.scores, *masks], -1).transpose(1, 2)
        return (objects,) if found.prototypes is None else (objects, found.prototypes)


def exported(
    path: Path, kind: str, dynamic: bool = False, end_to_end: bool = False, about: dict[str, str] | None = None
) -> Path:
    """An export with the metadata that ultralytics writes."""
    network = AsExported(FIXTURES / EXPORTS[kind], end_to_end)
    images = (torch.zeros(1, 3, 640, 640),)
    torch.onnx.export(network, images, str(path), dynamo=False, input_names=["images"])
    model = onnx.load(path)
    if dynamic:  # in name only: the places are constants of what PyTorch's exporter traces
        for side, name in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
            side.dim_param = name
    onnx.helper.set_model_props(model, {"names": "{0: 'face'}", "task": kind, **(about or {})})
    onnx.save(model, path)
    return path


def pictures(side: int = 512) -> torch.Tensor:
    """[1, 512, side, 3] with faces in it."""
    image, _ = draw(np.random.default_rng(3), 512, 256, 2, (0.08, 0.2))
    square = np.full((512, 512, 3), 0.5, dtype=image.dtype)
    square[: image.shape[0], : image.shape[1]] = image
    return torch.from_numpy(square)[None, :, :side]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("form", [{}, {"dynamic": True}, {"end_to_end": True}], ids=str)
def test_an_export_finds_what_its_network_finds(tmp_path, kind, form):
    own = YoloDetector.open(FIXTURES / EXPORTS[kind])
    theirs = YoloDetector.open(exported(tmp_path / "tiny.onnx", kind, **form))
    assert theirs.names == own.names == ("face",)
    for images in (pictures(), *([] if form.get("dynamic") else [pictures(300)])):
        [wanted], [found] = own.detect(images, 0.4), theirs.detect(images, 0.4)
        assert wanted and len(found) >= len(wanted)
        for one in wanted:
            same = min(found, key=lambda other: abs(other.extent.x0 - one.extent.x0) + abs(other.score - one.score))
            assert same.score == pytest.approx(one.score, abs=1e-3)
            assert same.extent == pytest.approx(one.extent, abs=0.5)
            assert (same.mask is None) == (one.mask is None)
            if one.mask is not None and same.mask is not None and one.mask.values.shape == same.mask.values.shape:
                assert (one.mask.values != same.mask.values).float().mean() < 0.01


def test_without_the_package_the_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(own_onnx, "version", lambda package: "")
    with pytest.raises(OtherArchitecture, match=r"tiny\.onnx is an ONNX export.*pip install onnxruntime"):
        YoloDetector.open(tmp_path / "tiny.onnx")


def test_a_file_that_is_none_ends_as_a_sentence(tmp_path):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(
        CheckpointError, match=rf"tiny\.onnx is no ONNX file that onnxruntime {onnxruntime.__version__}"
    ):
        YoloDetector.open(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"names": "[]"}, "names no classes"),
        ({"names": "os.system('x')"}, "names no classes"),
        ({"task": "pose"}, "is a pose"),
    ],
)
def test_exports_of_another_kind_are_refused(tmp_path, about, sentence):
    with pytest.raises(OtherArchitecture, match=sentence):
        YoloDetector.open(exported(tmp_path / "tiny.onnx", "detect", about=about))
