"""Tilted and upside-down faces and hands: found at every angle, known how far they are turned, repaired upright."""

import math
from dataclasses import replace

import pytest
import torch
from afterdetail.detailer.crop import cut, paste
from afterdetail.detailer.detection import Detection, Detections
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.detectors.registry import find
from afterdetail.detectors.roll import Rolls
from afterdetail.detectors.turned import Turner
from rig import by_eye
from rig.photos import photo
from rig.tilted import tilted

SIDE = 712  # holds the photo at every angle
OWN_TILT = 3  # degrees by which the astronaut inclines her head
QUARTERS = (0, 90, 180, 270)


@pytest.fixture(autouse=True)
def inference():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def astronaut() -> torch.Tensor:
    return by_eye.tensor(photo("astronaut"))[0]


@pytest.fixture(scope="module")
def rolls() -> Rolls:
    return Rolls()


@pytest.fixture(scope="module")
def face_auto():
    return find("face_auto").open()


def away(roll: float | None, degrees: float) -> float:
    assert roll is not None
    return abs((roll - degrees + 180) % 360 - 180)


def kept(image: torch.Tensor, face: Detection, upright: bool = True) -> float:
    """PSNR inside the mask after a repair that gives back what it was given; outside nothing may change."""
    found = Detections(SIDE, SIDE, ((face,),))
    [region] = make_regions(found, MaskSettings(upright=upright), FitSettings(base_model="sd15")).items
    canvas = image.clone()
    paste(canvas, cut(image, region), region)
    alpha = torch.zeros(SIDE, SIDE)
    alpha[region.alpha.box.slices] = region.alpha.values
    assert torch.equal(canvas[alpha == 0], image[alpha == 0])
    return -10 * math.log10(float((canvas - image)[alpha >= 0.5].square().mean()))


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_a_face_is_found_and_repaired_upright_at_every_angle(astronaut, face_auto, rolls, degrees):
    image = tilted(astronaut, degrees, SIDE)
    [face] = rolls.estimated(image, face_auto.detect(image[None], 0.3)[0])
    assert away(face.roll, degrees + OWN_TILT) < 8
    assert kept(image, face) > kept(image, face, upright=False) - 0.5


@pytest.mark.parametrize("degrees", [0, 75, 195])
def test_what_a_detector_does_not_know_is_looked_at(astronaut, face_auto, rolls, degrees):
    image = tilted(astronaut, degrees, SIDE)
    [face] = face_auto.detect(image[None], 0.3)[0]
    for label in ("face", "object"):
        [told] = rolls.estimated(image, [replace(face, label=label, roll=None)])
        assert away(told.roll, degrees + OWN_TILT) < 8
    [nothing] = rolls.estimated(image, [replace(face.shifted(0, -150), label="object", roll=None)])
    assert nothing.roll == 0


def test_hands_know_which_way_their_fingers_point():
    image = by_eye.tensor(photo("monocle"))[0]
    detector = find("hand_auto").open()
    rolls = [[hand.roll for hand in detector.detect(view[None], 0.3)[0]] for view in (image, image.rot90(2, (0, 1)))]
    assert rolls[0] and rolls[1]
    for roll in rolls[0]:
        assert roll is not None and min(away(other, roll + 180) for other in rolls[1]) < 15


@pytest.mark.parametrize("degrees", QUARTERS)
@pytest.mark.parametrize("name", ["face_full_mediapipe", "face_mesh_mediapipe"])
def test_looking_in_four_turns_finds_what_stands_on_its_head(astronaut, name, degrees):
    image = astronaut.rot90(-degrees // 90, (0, 1))
    entry = find(name)
    found = Turner(entry.open()).detect(image[None], entry.threshold(0.7).applied)[0]
    [face] = [detection for detection in found if detection.score > 0.8]
    [upright] = entry.open().detect(astronaut[None], 0.8)[0]
    assert away(face.roll, degrees + (upright.roll or 0)) < 1
    assert face.box.area == upright.box.area
    if face.mask is not None and upright.mask is not None:
        assert torch.equal(face.mask.values.rot90(degrees // 90), upright.mask.values)
        assert (face.mask.box.width, face.mask.box.height) == tuple(reversed(face.mask.values.shape))
