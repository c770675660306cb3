"""Detection on drawn faces: found, in place, on images of any size, in batches and in threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detectors.yolo.network import Output
from afterdetail.detectors.yolo.predictor import MAX_DETECTIONS, YoloDetector, mask_box
from fixtures.drawn_faces import Face, draw
from rig.pretend_device import pretended

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
NAMES = ["tiny_face.pt", "tiny_face.safetensors", "tiny_face-seg.pt", "tiny_face-seg.safetensors"]
DETECT, SEGMENT = NAMES[1], NAMES[3]


@pytest.fixture(autouse=True)
def one_thread():
    """The tests share a machine with others; the tiny networks gain nothing from more threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def opened(name: str) -> YoloDetector:
    return YoloDetector.open(FIXTURES / name)


def picture(seed: int, width: int, height: int, count: int = 2) -> tuple[torch.Tensor, list[Face]]:
    image, faces = draw(np.random.default_rng(seed), width, height, count, (0.08, 0.2))
    return torch.from_numpy(image)[None], faces


def overlap(face: Face, detection: Detection) -> float:
    """Intersection over union of the two rectangles."""
    a, b = face.box, detection.extent
    inner = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


@pytest.mark.parametrize("name", [DETECT, SEGMENT])
@pytest.mark.parametrize(("width", "height"), [(512, 512), (300, 700), (1600, 500)])
def test_drawn_faces_are_found_where_they_are(name, width, height):
    images, faces = picture(3, width, height)
    found = opened(name).detect(images, 0.4)[0]
    assert len(found) == len(faces)
    for face in faces:
        best = max(found, key=lambda detection: overlap(face, detection))
        assert overlap(face, best) > 0.8
        assert best.label == "face"
        if "seg" in name:
            assert best.mask is not None
            assert best.mask.values.shape == (best.box.height, best.box.width)
            drawn = torch.from_numpy(face.mask(width, height))[best.box.slices]
            same = (drawn & (best.mask.values > 0)).sum() / (drawn | (best.mask.values > 0)).sum()
            assert same > 0.85
        else:
            assert best.mask is None


@pytest.mark.parametrize("name", [DETECT, SEGMENT])
def test_results_come_best_first_and_not_below_the_confidence(name):
    images, _ = picture(8, 640, 160, 5)
    for confidence in (0.0, 0.2, 0.6):
        scores = [detection.score for detection in opened(name).detect(images, confidence)[0]]
        assert scores == sorted(scores, reverse=True)
        assert all(score >= confidence for score in scores)
        assert len(scores) <= MAX_DETECTIONS


def test_a_score_equal_to_the_confidence_counts():
    images, _ = picture(3, 320, 128, 1)
    detector = opened(DETECT)
    score = detector.detect(images, 0.3)[0][0].score
    assert detector.detect(images, score)[0][0].score == score


def test_nothing_is_found_where_nothing_is():
    assert opened(SEGMENT).detect(torch.full((2, 200, 300, 3), 0.3), 0.3) == [[], []]


@pytest.mark.parametrize("name", [DETECT, SEGMENT])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (2, 3), (33, 31), (4096, 64), (4096, 3), (4096, 4096)])
def test_images_of_any_size_are_searched(name, size):
    """At confidence 0 hundreds of boxes come back: all of them inside the image, all masks as large as their box."""
    width, height = size
    images = torch.rand(1, height, width, 3, generator=torch.Generator().manual_seed(0))
    for detection in opened(name).detect(images, 0.0)[0]:
        box = detection.box
        assert 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height
        assert 0 <= detection.extent.x0 <= detection.extent.x1 <= width
        assert detection.mask is None or detection.mask.values.shape == (box.height, box.width)
        assert detection.mask is None or set(detection.mask.values.unique().tolist()) <= {0.0, 1.0}


def same(a: list[Detection], b: list[Detection], tolerance: float = 1e-3) -> bool:
    return len(a) == len(b) and all(
        np.allclose(x.extent, y.extent, atol=tolerance) and abs(x.score - y.score) < tolerance
        for x, y in zip(a, b, strict=True)
    )


def test_a_batch_finds_what_its_images_find_alone():
    images = torch.cat([picture(seed, 320, 80)[0] for seed in range(11)])  # more than one run of the network
    detector = opened(SEGMENT)
    together = detector.detect(images, 0.3)
    alone = [detector.detect(image[None], 0.3)[0] for image in images]
    assert len(together) == 11
    assert all(same(a, b) for a, b in zip(together, alone, strict=True))


def test_an_empty_batch_finds_nothing():
    assert opened(DETECT).detect(torch.zeros(0, 64, 64, 3), 0.3) == []


def test_threads_may_share_a_detector():
    pictures = [picture(seed, 256, 64)[0] for seed in range(4)]
    detector = opened(SEGMENT)
    expected = [detector.detect(image, 0.3)[0] for image in pictures]
    with ThreadPoolExecutor(4) as pool:
        jobs = [(i, pool.submit(detector.detect, pictures[i], 0.3)) for i in [*range(4)] * 6]
        assert all(same(job.result()[0], expected[i]) for i, job in jobs)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_network_may_be_placed_in_another_type(dtype):
    images, faces = picture(3, 320, 128)
    detector = opened(SEGMENT)
    exact = detector.detect(images, 0.3)[0]
    detector.networks[0].to(dtype)
    found = detector.detect(images, 0.3)[0]
    assert len(found) == len(faces) and same(found, exact, 4.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_images_may_come_in_another_type(dtype):
    images, faces = picture(3, 320, 128)
    assert len(opened(DETECT).detect(images.to(dtype), 0.3)[0]) == len(faces)


def test_the_input_is_left_as_it_was():
    images, _ = picture(3, 640, 128)
    before = images.clone()
    opened(SEGMENT).detect(images, 0.3)
    assert torch.equal(images, before)


def test_it_works_under_inference_mode_and_on_its_tensors():
    with torch.inference_mode():
        images, faces = picture(3, 320, 240)
        images = images.clone()
        assert len(opened(SEGMENT).detect(images, 0.3)[0]) == len(faces)


def test_broken_pixels_find_nothing():
    assert opened(SEGMENT).detect(torch.full((1, 64, 64, 3), torch.nan), 0.0) == [[]]


def test_both_formats_detect_the_same_to_the_last_bit():
    images, _ = picture(4, 500, 400)
    for pt, st in ((NAMES[0], NAMES[1]), (NAMES[2], NAMES[3])):
        a, b = opened(pt).detect(images, 0.01)[0], opened(st).detect(images, 0.01)[0]
        assert [(x.extent, x.score) for x in a] == [(x.extent, x.score) for x in b]


def test_masks_cost_by_their_box_and_not_by_the_image():
    small, large = picture(5, 640, 640, 1)[0], torch.zeros(1, 4096, 4096, 3)
    large[:, :640, :640] = small
    mask = opened(SEGMENT).detect(large, 0.2)[0]
    assert all(d.mask is not None and d.mask.values.untyped_storage().nbytes() == 4 * d.box.area for d in mask)


def test_opening_takes_milliseconds():
    """Some fifty of processor time, once everything is imported."""
    opened(DETECT)
    start = time.process_time()
    opened(DETECT)
    assert time.process_time() - start < 5


class Scripted(torch.nn.Module):
    """A network that always says the same of a 640 x 640 input."""

    single = False

    def __init__(self, boxes: list[list[float]], scores: list[list[float]]):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))
        self.output = Output(torch.tensor([boxes]), torch.tensor([scores]), None, None)

    def forward(self, x: torch.Tensor) -> Output:
        return self.output


def scripted(boxes: list[list[float]], scores: list[list[float]]) -> list[tuple[str, float, tuple[int, ...]]]:
    network: Any = Scripted(boxes, scores)
    found = YoloDetector(network, ("face", "hand")).detect(torch.zeros(1, 640, 640, 3), 0.25)[0]
    return [(detection.label, round(detection.score, 3), tuple(detection.box)) for detection in found]


ONE, NEAR, FAR = [100.0, 100, 200, 200], [105.0, 100, 205, 200], [150.0, 100, 250, 200]


def test_of_two_boxes_of_one_object_the_better_stays():
    assert scripted([NEAR, ONE], [[0.5, 0], [0.75, 0]]) == [("face", 0.75, (100, 100, 200, 200))]


def test_boxes_that_overlap_little_both_stay():
    assert [score for _, score, _ in scripted([FAR, ONE], [[0.5, 0], [0.75, 0]])] == [0.75, 0.5]


def test_objects_of_different_classes_may_lie_on_each_other():
    found = scripted([ONE, NEAR], [[0.5, 0.1], [0.1, 0.75]])
    assert [(label, score) for label, score, _ in found] == [("hand", 0.75), ("face", 0.5)]


def test_a_point_has_one_class_the_likelier():
    assert [label for label, _, _ in scripted([ONE], [[0.5, 0.75]])] == ["hand"]


def test_what_is_not_finite_or_not_in_the_image_is_no_object():
    nan, inf = float("nan"), float("inf")
    odd = [[nan, 0, 10, 10], [0, 0, inf, 10], [-50, -50, -10, -10], [700, 0, 800, 50], [10, 10, 10, 10], [20, 20, 5, 5]]
    assert scripted([*odd, ONE], [[0.75, 0]] * 6 + [[nan, nan]]) == []


@pytest.mark.parametrize(
    ("extent", "box"),
    [
        ((10.0, 20.0, 30.0, 40.0), (10, 20, 30, 40)),
        ((10.2, 20.9, 30.1, 40.0), (11, 21, 31, 40)),
        ((0.0, 0.0, 99.5, 50.0), (0, 0, 100, 50)),
        ((-3.0, 49.5, 200.0, 90.0), (0, 50, 100, 50)),
    ],
)
def test_a_mask_covers_the_pixels_whose_corner_is_in_the_extent(extent, box):
    assert mask_box(Extent(*extent), 100, 50) == box


@pytest.mark.parametrize("kind", ["cuda", "mps"])
@pytest.mark.parametrize("name", [DETECT, SEGMENT])
def test_a_network_on_a_gpu_takes_images_anywhere(name, kind):
    """A pretended one."""
    images, _ = picture(3, 300, 200)
    [here] = opened(name).detect(images, 0.4)
    with pretended(kind) as gpu:
        detector = opened(name)
        detector.networks[0].to(gpu)
        found = [detector.detect(images.to(device), 0.4)[0] for device in ("cpu", gpu)]
    assert [[one.box for one in objects] for objects in found] == [[one.box for one in here]] * 2
    assert here and not any(one.mask and one.mask.values.device.type != "cpu" for objects in found for one in objects)
