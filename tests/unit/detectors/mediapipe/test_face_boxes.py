import pytest
import skimage.data
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors import registry

FACE = Box(178, 80, 274, 176)  # of the astronaut, by eye
PICTURE = torch.from_numpy(skimage.data.astronaut()).float()[None] / 255
DETECTORS = ["face_full_mediapipe", "face_short_mediapipe"]


@pytest.fixture(scope="module", params=DETECTORS)
def detector(request):
    return registry.find(request.param).open()


def overlap(a: Box, b: Box) -> float:
    common = a.intersection(b).area
    return common / (a.area + b.area - common)


def test_the_face_of_the_astronaut_is_found(detector):
    [[face]] = detector.detect(PICTURE, 0.6)
    assert overlap(face.box, FACE) > 0.7 and face.score > 0.8 and face.label == "face" and face.mask is None


def test_frames_are_detected_each_for_itself(detector):
    frames = torch.cat([PICTURE, torch.zeros_like(PICTURE), PICTURE.flip(2), PICTURE])
    results = detector.detect(frames, 0.6)
    assert [len(faces) for faces in results] == [1, 0, 1, 1]
    assert results[0][0].box == results[3][0].box
    assert abs(512 - results[2][0].box.x1 - results[0][0].box.x0) <= 6


def test_the_lower_threshold_finds_at_least_as_much(detector):
    strict, lenient = detector.detect(PICTURE, 0.6), detector.detect(PICTURE, 0.1)
    assert len(lenient[0]) >= len(strict[0])
    assert [face.score for face in lenient[0]] == sorted((face.score for face in lenient[0]), reverse=True)
    assert all(face.score >= 0.1 for face in lenient[0])


def test_a_face_cut_by_the_border_keeps_to_the_image(detector):
    cut = PICTURE[:, :, 215:]
    [[face]] = detector.detect(cut, 0.5)
    assert face.box.x0 == 0 and face.extent.x0 < 0 and Box.of_size(cut.shape[2], cut.shape[1]).contains(face.box)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (17, 4000)])
def test_any_size_is_taken(detector, size):
    for fill in (0.0, 0.5, 1.0, float("nan")):
        assert detector.detect(torch.full((2, *size, 3), fill), 0.6) == [[], []]


def test_half_precision_and_strided_images_are_taken(detector):
    wide = torch.cat([PICTURE, PICTURE], -1)[..., :3]
    for images in (PICTURE.half(), wide, PICTURE.mT.contiguous().mT):
        [[face]] = detector.detect(images, 0.6)
        assert overlap(face.box, FACE) > 0.7


def test_input_stays_as_it_was(detector):
    before = PICTURE.clone()
    detector.detect(PICTURE, 0.5)
    assert torch.equal(PICTURE, before)
