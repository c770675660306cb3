"""The own YOLO networks against ultralytics, on committed models it has trained and on networks that it builds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from afterdetail.detailer.detection import Detection
from afterdetail.detectors import ultralytics_package
from afterdetail.detectors.yolo.build import build
from afterdetail.detectors.yolo.checkpoint import Weights, read
from afterdetail.detectors.yolo.checkpoint_errors import OtherArchitecture
from afterdetail.detectors.yolo.predictor import YoloDetector
from fixtures.drawn_faces import draw

if ultralytics_package.unusable():
    pytest.skip("needs ultralytics as the reference", allow_module_level=True)

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
SIZES = [(640, 640), (640, 480), (512, 512), (1280, 960), (333, 517), (1001, 700), (768, 512), (64, 64), (2000, 300)]


def both(name: str) -> tuple[YoloDetector, Any]:
    path = FIXTURES / name
    return YoloDetector.open(path), ultralytics_package.open_other(path, OtherArchitecture(path, "is the reference"))


def picture(width: int, height: int) -> torch.Tensor:
    """8-bit values, so that both sides start from the same numbers."""
    image, _ = draw(np.random.default_rng(7), width, height, 3, (0.06, 0.3))
    return torch.from_numpy(np.round(image * 255) / 255).float()[None]


def pairs(a: list[Detection], b: list[Detection]) -> list[tuple[Detection, Detection]]:
    """The detections of both sides that belong together, by place: near-equal scores may swap their order."""
    assert len(a) == len(b) > 0
    place = lambda detection: tuple(round(side) for side in detection.extent)  # noqa: E731
    return list(zip(sorted(a, key=place), sorted(b, key=place), strict=True))


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("name", ["tiny_face.pt", "tiny_face-seg.pt"])
def test_predictions_agree(name, width, height):
    """Boxes within 0.01 px of the network's input; the rest is the 8-bit rounding of OpenCV's resize."""
    ours, theirs = both(name)
    images = picture(width, height)
    tolerance = 0.01 * max(width / 640, height / 640, 1)
    for a, b in pairs(ours.detect(images, 0.3)[0], theirs.detect(images, 0.3)[0]):
        np.testing.assert_allclose(a.extent, b.extent, atol=tolerance)
        assert a.score == pytest.approx(b.score, abs=2e-3)
        assert a.label == b.label
        if "seg" in name:
            assert a.mask is not None and b.mask is not None
            whole = torch.zeros(2, height, width)
            whole[0][a.box.slices], whole[1][b.box.slices] = a.mask.values, b.mask.values
            assert whole.amin(0).sum() / whole.amax(0).sum() > 0.99


@pytest.mark.parametrize("name", ["tiny_face.pt", "tiny_face-seg.pt"])
def test_boxes_agree_exactly_where_nothing_is_resized(name):
    ours, theirs = both(name)
    images = picture(640, 416)
    for a, b in pairs(ours.detect(images, 0.05)[0], theirs.detect(images, 0.05)[0]):
        np.testing.assert_allclose(a.extent, b.extent, atol=1e-3)
        assert a.score == pytest.approx(b.score, abs=1e-5)


def reference(description: str) -> Any:
    """An ultralytics network of random weights and random BatchNorm statistics."""
    with ultralytics_package.undisturbed():
        from ultralytics.nn import tasks

        torch.manual_seed(1)
        kinds = {
            "seg": tasks.SegmentationModel,
            "pose": tasks.PoseModel,
            "obb": tasks.OBBModel,
            "world": tasks.WorldModel,
        }
        kind = next((kind for task, kind in kinds.items() if task in description), tasks.DetectionModel)
        network = kind(description, verbose=False).eval()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            n = layer.num_features
            layer.load_state_dict(
                {"running_var": torch.rand(n) + 0.5, "running_mean": torch.randn(n) / 10}, strict=False
            )
    return network


FAMILIES = [
    *(f"yolov8{scale}{task}.yaml" for scale in "nm" for task in ("", "-seg")),
    *("yolo11n.yaml", "yolo11n-seg.yaml", "yolo11m.yaml", "yolo12n.yaml", "yolo12n-seg.yaml", "yolo12l.yaml"),
    *("yolo26n.yaml", "yolo26n-seg.yaml", "yolo26m.yaml", "yolov9t.yaml", "yolov9c.yaml", "yolov9c-seg.yaml"),
    *("yolov5n.yaml", "yolov8n-pose.yaml", "yolo11n-pose.yaml"),
]


@pytest.mark.parametrize("description", FAMILIES)
@torch.no_grad()
def test_every_family_computes_the_same(description):
    theirs = reference(description)
    ours = build(Weights(Path(description), dict(theirs.state_dict()), {}))
    image = torch.rand(1, 3, 64, 96)
    output, predictions = ours(image), theirs(image)[1]
    predictions = predictions if isinstance(predictions, dict) else predictions[0]
    expected = predictions.get("one2many", predictions)  # what ultralytics reads unless NMS is turned off
    centre, size = theirs.model[-1]._get_decode_boxes(expected)[0].T.split(2, 1)
    boxes = torch.cat([centre - size / 2, centre + size / 2], 1)
    torch.testing.assert_close(output.boxes[0], boxes, rtol=1e-4, atol=5e-3)
    torch.testing.assert_close(output.scores[0], expected["scores"][0].T.sigmoid(), rtol=1e-3, atol=1e-5)
    assert (output.coefficients is not None) == ("seg" in description)
    if output.coefficients is not None:
        torch.testing.assert_close(output.coefficients[0], expected["mask_coefficient"][0].T, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(output.prototypes, expected["proto"], rtol=1e-3, atol=1e-3)


def test_a_head_stripped_of_its_training_half_is_read():
    """As ultralytics leaves YOLO26 when it fuses it for use without NMS."""
    state = reference("yolo26n.yaml").state_dict()
    single = {k: v for k, v in state.items() if not k.startswith(("model.23.cv2.", "model.23.cv3."))}
    network = build(Weights(Path("fused.pt"), single, {}))
    assert network.single and not build(Weights(Path("whole.pt"), dict(state), {})).single


@pytest.mark.parametrize(
    "description", ["yolov8n-obb.yaml", "yolov10n.yaml", "yolov8s-world.yaml", "yolo26n-pose.yaml"]
)
def test_what_it_would_get_wrong_is_refused(description):
    with pytest.raises(OtherArchitecture):
        build(Weights(Path(description), dict(reference(description).state_dict()), {}))


def test_folding_uses_the_eps_of_ultralytics():
    network = reference("yolov8n.yaml")
    assert {layer.eps for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)} == {1e-3}


@pytest.mark.parametrize("name", ["tiny_face.pt", "tiny_face-seg.pt"])
def test_the_reader_reads_what_ultralytics_reads(name):
    _, theirs = both(name)
    tensors = read(FIXTURES / name).tensors
    state = theirs.networks[0].state_dict()
    assert set(state) == set(tensors)
    assert all(torch.equal(state[k].float(), tensors[k].float()) for k in state)
