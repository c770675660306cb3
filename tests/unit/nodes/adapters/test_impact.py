"""The detector against Impact Pack's protocol as its nodes use it; the pack itself is not installed here."""

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.nodes.adapters.impact import ImpactDetector

WIDTH, HEIGHT = 100, 80
IMAGE = torch.rand(1, HEIGHT, WIDTH, 4)
BOX, SPECK = Box(40, 30, 60, 50), Box(5, 5, 13, 10)


def disc() -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(20) - 9.5, torch.arange(20) - 9.5, indexing="ij")
    return (x * x + y * y < 81).float()


def find(image: torch.Tensor, threshold: float) -> Detections:
    objects = [
        Detection(BOX, 0.9, "face", Extent(40, 30, 60, 50), MaskPatch(BOX, disc())),
        Detection(SPECK, 0.4, "face", Extent(*SPECK)),
    ]
    return Detections(WIDTH, HEIGHT, (tuple(d for d in objects if d.score >= threshold),)).numbered()


BBOX, SEGM = ImpactDetector(find, outlined=False), ImpactDetector(find, outlined=True)


class Hook:
    """The part of a DETAILER_HOOK that detectors call."""

    def __init__(self):
        self.calls = []

    def post_crop_region(self, w, h, item_bbox, crop_region):
        x1, y1, x2, y2 = crop_region
        self.calls.append((w, h, tuple(item_bbox)))
        return [x1 - 1, y1 - 1, x2 + 1, y2 + 1]

    def post_detection(self, segs):
        return segs[0], [seg._replace(label="hooked") for seg in segs[1]]


class HookWithoutPostDetection:
    def post_crop_region(self, w, h, item_bbox, crop_region):
        return crop_region


def test_as_impact_packs_nodes_call_it():
    """All six arguments by position, fields by name, SEGS by index, SEGs rebuilt by _replace and by their fields."""
    BBOX.setAux("face")
    segs = BBOX.detect(IMAGE, 0.3, 10, 3.0, 1, None)
    BBOX.setAux(None)
    assert segs[0] == (HEIGHT, WIDTH) and len(segs[1]) == 2
    for seg in segs[1]:
        x1, y1, x2, y2 = seg.crop_region
        assert seg.cropped_mask.shape == (y2 - y1, x2 - x1)
        assert seg.cropped_image is not None and seg.cropped_image.shape == (1, y2 - y1, x2 - x1, 3)
        assert isinstance(seg.cropped_mask, np.ndarray) and 0 <= x1 < x2 <= WIDTH and 0 <= y1 < y2 <= HEIGHT
        again = type(seg)(None, *seg[1:6], control_net_wrapper=None)._replace(confidence=1.0)
        assert again.cropped_image is None and again.label == "face" and again.bbox == seg.bbox
    best = segs[1][0]
    assert best.confidence == 0.9 and best.bbox == list(BOX) and best.crop_region == [20, 10, 80, 70]


def test_boxes_from_one_and_outlines_from_the_other():
    (box,), (outline,) = (detector.detect(IMAGE, 0.5, 0, 1.0)[1] for detector in (BBOX, SEGM))
    assert box.cropped_mask.all()
    assert np.array_equal(outline.cropped_mask, disc().numpy())
    speck = SEGM.detect(IMAGE, 0.0, 0, 1.0)[1][1]
    assert speck.cropped_mask.all() and speck.cropped_mask.shape == (5, 8)


@pytest.mark.parametrize(("dilation", "side"), [(0, 20), (10, 30), (-4, 16)])
def test_masks_are_dilated_or_eroded(dilation, side):
    (seg,) = BBOX.detect(IMAGE, 0.5, dilation, 3.0)[1]
    assert int(seg.cropped_mask.any(0).sum()) == pytest.approx(side, abs=1)
    assert seg.bbox == list(BOX)


def test_objects_up_to_drop_size_are_dropped():
    assert [len(BBOX.detect(IMAGE, 0.0, 0, 3.0, size)[1]) for size in (1, 4, 5, 19, 20)] == [2, 2, 1, 1, 0]


def test_the_hook_moves_crops_and_edits_segs():
    hook = Hook()
    segs = BBOX.detect(IMAGE, 0.5, 0, 2.0, 1, hook)
    assert hook.calls == [(WIDTH, HEIGHT, tuple(BOX))]
    (seg,) = segs[1]
    assert seg.crop_region == [29, 19, 71, 61] and seg.cropped_mask.shape == (42, 42) and seg.label == "hooked"
    assert BBOX.detect(IMAGE, 0.5, 0, 2.0, 1, HookWithoutPostDetection())[1][0].label == "face"


def test_detect_combined_is_one_plane():
    combined = SEGM.detect_combined(IMAGE, 0.0, 0)
    assert combined.shape == (HEIGHT, WIDTH) and combined.dtype == torch.float32
    assert float(combined.sum()) == float(disc().sum()) + SPECK.area
    assert float(SEGM.detect_combined(IMAGE, 0.5, 9).sum()) > 20 * 20
    nothing = SEGM.detect_combined(IMAGE, 0.95, 0)
    assert nothing.shape == (HEIGHT, WIDTH) and not nothing.any()


def test_a_batch_is_a_sentence():
    with pytest.raises(ValueError, match="SEGS hold the objects of one image, and this is a batch of 2"):
        BBOX.detect(IMAGE.repeat(2, 1, 1, 1), 0.5, 0, 3.0)
