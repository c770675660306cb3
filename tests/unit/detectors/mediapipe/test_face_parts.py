import pytest
import skimage.data
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors import registry

PICTURE = torch.from_numpy(skimage.data.astronaut()).float()[None] / 255
# By eye: where each part of the astronaut's face lies.
PARTS = {
    "face_mesh_mediapipe": [Box(178, 72, 272, 175)],
    "face_oval_mediapipe": [Box(178, 72, 272, 175)],
    "eyes_mesh_mediapipe": [Box(194, 97, 258, 107)],
    "eyes_mediapipe": [Box(194, 97, 215, 105), Box(236, 99, 258, 107)],
    "lips_mediapipe": [Box(201, 138, 246, 156)],
}


@pytest.fixture(scope="module")
def detectors():
    return {name: registry.find(name).open() for name in PARTS}


@pytest.mark.parametrize("name", PARTS)
def test_parts_lie_where_they_are_seen(detectors, name):
    [found] = detectors[name].detect(PICTURE, 0.5)
    assert len(found) == len(PARTS[name])
    for detection, seen in zip(found, PARTS[name], strict=True):
        assert max(abs(a - b) for a, b in zip(detection.box, seen, strict=True)) <= 4
        assert detection.mask.values.shape == (detection.box.height, detection.box.width)
        assert 0.2 < detection.mask.values.mean() < 1 and detection.score > 0.8


def test_parts_lie_inside_the_face(detectors):
    [[face]] = detectors["face_mesh_mediapipe"].detect(PICTURE, 0.5)
    whole = torch.zeros(512, 512)
    whole[face.box.slices] = face.mask.values
    for name in ("eyes_mesh_mediapipe", "eyes_mediapipe", "lips_mediapipe"):
        for part in detectors[name].detect(PICTURE, 0.5)[0]:
            assert (part.mask.values <= whole[part.box.slices]).all()


def test_both_eyes_are_the_two_eyes(detectors):
    [[both]] = detectors["eyes_mesh_mediapipe"].detect(PICTURE, 0.5)
    [eyes] = detectors["eyes_mediapipe"].detect(PICTURE, 0.5)
    together = torch.zeros(512, 512)
    for eye in eyes:
        together[eye.box.slices] += eye.mask.values
    assert Box.union(eye.box for eye in eyes) == both.box
    assert torch.equal(together[both.box.slices], both.mask.values)


def test_frames_keep_their_faces(detectors):
    frames = torch.cat([torch.zeros_like(PICTURE), PICTURE, PICTURE.rot90(1, (1, 2))])
    results = detectors["face_mesh_mediapipe"].detect(frames, 0.5)
    assert [len(faces) for faces in results] == [0, 1, 1]
    upright, lying = results[1][0].box, results[2][0].box
    assert abs(lying.x0 - upright.y0) <= 4 and abs(lying.y0 - (512 - upright.x1)) <= 4


def test_a_small_face_gets_its_mesh(detectors):
    small = torch.zeros(1, 800, 800, 3)
    small[:, 300:500, 500:700] = torch.nn.functional.interpolate(PICTURE.movedim(-1, 1), size=200).movedim(1, -1)
    assert registry.find("face_short_mediapipe").open().detect(small, 0.5) == [[]]
    [[face]] = detectors["face_mesh_mediapipe"].detect(small, 0.3)
    assert Box(560, 320, 615, 375).contains(face.box)


def test_every_network_is_handed_out(detectors):
    assert len(detectors["lips_mediapipe"].networks) == 3


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 4000)])
def test_any_size_is_taken(detectors, size):
    assert detectors["eyes_mediapipe"].detect(torch.rand(2, *size, 3), 0.3) == [[], []]
