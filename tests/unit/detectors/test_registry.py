import pytest
import torch
from afterdetail.detectors import faces, mediapipe, registry
from references.pictures import TEMPLATES, template


def test_default_is_listed_and_first():
    assert next(iter(registry.entries())) == registry.DEFAULT


def test_names_are_listed_once_and_floors_are_those_of_mediapipe():
    floors = {name: entry.floor for name, entry in registry.entries().items()}
    assert floors["face_full_mediapipe"] == 0.6 and floors["face_short_mediapipe"] == 0.5
    assert all(name == entry.name for name, entry in registry.entries().items())
    assert floors["face_mesh_mediapipe"] == floors["hand_mediapipe"] == 0.1


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"'face_ful_mediapipe'.*face_full_mediapipe"):
        registry.find("face_ful_mediapipe")


@pytest.mark.parametrize("name", [entry.name for entry in (*mediapipe.entries(), *faces.entries())])
def test_no_shipped_detector_copies_its_images(name):
    """One pixel spread over a picture of 30 GB: any copy of it fails for lack of memory."""
    huge = torch.full((1, 1, 1, 3), 0.5).expand(1, 50_000, 50_000, 3)
    entry = registry.find(name)
    assert entry.open().detect(huge, max(entry.floor, 0.5)) == [[]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["face_full_mediapipe", "face_mesh_mediapipe", "hand_mediapipe"])
@pytest.mark.parametrize("images_on", ["cpu", "cuda"])
def test_the_gpu_finds_the_same(name, images_on):
    image = torch.from_numpy(template(TEMPLATES["girl"]).copy()).float()[None] / 255
    detector = registry.find(name).open()
    [expected] = detector.detect(image, 0.6)
    for network in detector.networks:
        network.to("cuda")
    [found] = detector.detect(image.to(images_on), 0.6)
    assert len(found) == len(expected)
    for detection, reference in zip(found, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(detection.box, reference.box, strict=True)) <= 2
        assert abs(detection.score - reference.score) < 0.02  # convolutions in TF32
        assert detection.mask is None or detection.mask.values.device.type == "cpu"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("mediapipe/hand_landmarker.task", "hand_mesh_mediapipe"),
        ("mediapipe/face_landmarker.task", "face_mesh_mediapipe"),
        ("mediapipe/blaze_face.tflite", "face_short_mediapipe"),
    ],
)
def test_a_file_that_another_runtime_ran_is_answered_with_what_replaced_it(name, instead):
    with pytest.raises(ValueError, match=f"{name} ran in .*Choose {instead}"):
        registry.find(name)
    assert instead in registry.entries()
