"""SEGS as written down in Impact Pack's sources; the pack itself is not installed here."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.nodes.adapters.segs import crop_region, from_segs, to_segs
from hypothesis import given
from hypothesis import strategies as st

WIDTH, HEIGHT = 100, 80
IMAGE = torch.rand(1, HEIGHT, WIDTH, 3)
FIELDS = ["cropped_image", "cropped_mask", "confidence", "crop_region", "bbox", "label", "control_net_wrapper"]
ImpactSEG = namedtuple("SEG", FIELDS, defaults=[None])  # as Impact Pack declares it


def found(*objects: Detection) -> Detections:
    return Detections(WIDTH, HEIGHT, (objects,)).ranked()


def of_box(box: Box, mask: torch.Tensor | None = None, score: float = 0.5, label: str = "face") -> Detection:
    return Detection(box, score, label, Extent(*map(float, box)), None if mask is None else MaskPatch(box, mask))


def impact_seg(**fields) -> ImpactSEG:
    """A SEG as UltralyticsDetectorProvider makes it: bbox as array, score as 0-d array."""
    return ImpactSEG(
        **{
            "cropped_image": None,
            "cropped_mask": np.ones((20, 30), np.float32),
            "confidence": np.float32(0.75),
            "crop_region": [10, 20, 40, 40],
            "bbox": np.array([15.2, 22.6, 35.0, 38.0], np.float32),
            "label": "face",
            **fields,
        }
    )


def test_what_impact_packs_nodes_rely_on():
    hull = torch.rand(20, 10)
    segs = to_segs(found(of_box(Box(40, 30, 50, 50), hull)), IMAGE, 3.0)
    assert segs[0] == (HEIGHT, WIDTH)
    (seg,) = segs[1]
    assert seg._fields == tuple(FIELDS) and seg.control_net_wrapper is None
    assert seg.crop_region == [30, 10, 60, 70] and seg.bbox == [40, 30, 50, 50]
    assert all(type(side) is int for side in (*seg.crop_region, *seg.bbox))
    assert isinstance(seg.cropped_mask, np.ndarray) and seg.cropped_mask.dtype == np.float32
    assert seg.cropped_mask.shape == (60, 30) and np.array_equal(seg.cropped_mask[20:40, 10:20], hull.numpy())
    assert float(seg.cropped_mask.sum()) == pytest.approx(float(hull.sum()))
    assert seg.cropped_image is not None and torch.equal(seg.cropped_image, IMAGE[:, 10:70, 30:60])
    assert seg._replace(label="hand").label == "hand" and ImpactSEG(*seg).label == "face"


@pytest.mark.parametrize(
    ("box", "factor", "expected"),
    [
        (Box(40, 30, 50, 50), 1.0, Box(40, 30, 50, 50)),
        (Box(0, 0, 10, 10), 3.0, Box(0, 0, 30, 30)),
        (Box(90, 70, 100, 80), 2.0, Box(80, 60, 100, 80)),
        (Box(40, 30, 50, 50), 50.0, Box(0, 0, 100, 80)),
    ],
)
def test_crops_keep_their_size_at_the_border(box, factor, expected):
    assert crop_region(box, factor, WIDTH, HEIGHT) == expected


@st.composite
def detections(draw) -> Detection:
    x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    box = Box(x0, y0, draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT)))
    seed = draw(st.integers(0, 3))
    mask = None if seed == 0 else torch.rand(box.height, box.width) * (torch.rand(box.height, box.width) > 0.5)
    return of_box(box, mask, draw(st.floats(0, 1)), draw(st.text(max_size=5)))


@given(st.lists(detections(), max_size=4), st.floats(1, 4))
def test_there_and_back(objects, factor):
    there = found(*objects)
    back = from_segs(to_segs(there, IMAGE, factor), WIDTH, HEIGHT, 1)
    for before, after in zip(there.images[0], back.images[0], strict=True):
        assert (before.box, before.score, before.label, before.index) == (
            after.box,
            after.score,
            after.label,
            after.index,
        )
        if before.mask is None or after.mask is None:
            assert after.mask is None and (before.mask is None or bool((before.mask.values == 1).all()))
        else:
            assert torch.equal(before.mask.values, after.mask.values)


def test_a_mask_dilated_past_its_bbox_is_kept_whole():
    (back,) = from_segs(((HEIGHT, WIDTH), [impact_seg()]), WIDTH, HEIGHT, 1).images[0]
    assert back.box == Box(10, 20, 40, 40) and back.mask is None
    assert back.extent == pytest.approx((15.2, 22.6, 35.0, 38.0)) and back.score == 0.75 and back.label == "face"


def test_a_mask_smaller_than_its_bbox_keeps_the_bbox():
    mask = np.zeros((20, 30), np.float32)
    mask[8:12, 10:15] = 1
    (back,) = from_segs(((HEIGHT, WIDTH), [impact_seg(cropped_mask=mask)]), WIDTH, HEIGHT, 1).images[0]
    assert back.box == Box(15, 23, 35, 38)
    assert back.mask is not None and back.mask.values.shape == (15, 20) and float(back.mask.values.sum()) == 20
    assert bool((back.mask.values[5:9, 5:10] == 1).all())


@pytest.mark.parametrize(
    "mask",
    [torch.ones(20, 30), torch.ones(1, 20, 30), torch.ones(20, 30).half(), np.ones((20, 30)), np.full((20, 30), 2)],
)
def test_masks_as_packs_pass_them_on(mask):
    (back,) = from_segs(((HEIGHT, WIDTH), [impact_seg(cropped_mask=mask)]), WIDTH, HEIGHT, 1).images[0]
    assert back.box == Box(10, 20, 40, 40) and back.mask is None


def test_every_image_of_a_batch_gets_the_objects_best_first():
    segs = ((HEIGHT, WIDTH), [impact_seg(confidence=0.2), impact_seg(confidence=0.9), impact_seg(confidence=0.2)])
    back = from_segs(segs, WIDTH, HEIGHT, 3)
    assert [[(d.score, d.index) for d in image] for image in back.images] == [[(0.9, 0), (0.2, 1), (0.2, 2)]] * 3


def test_a_seg_outside_the_image_is_left_out_with_a_note():
    outside = impact_seg(crop_region=[110, 20, 140, 40], bbox=[115, 22, 135, 38])
    back = from_segs(((HEIGHT, WIDTH), [outside, impact_seg()]), WIDTH, HEIGHT, 1)
    assert back.count == 1 and back.notes == ("SEG 0 lies outside the 100x80 pixels: left out.",)


def test_segs_that_fit_no_image_are_sentences():
    with pytest.raises(ValueError, match="SEGS were made for an image of 64x48 and this one is 100x80: connect"):
        from_segs(((48, 64), []), WIDTH, HEIGHT, 1)
    with pytest.raises(ValueError, match=r"mask of SEG 0 has shape \[5, 5\] and its crop region is 30x20: check"):
        from_segs(((HEIGHT, WIDTH), [impact_seg(cropped_mask=np.ones((5, 5)))]), WIDTH, HEIGHT, 1)
    with pytest.raises(ValueError, match="SEGS hold the objects of one image, and this is a batch of 2: put Rebatch"):
        to_segs(Detections(WIDTH, HEIGHT, ((), ())), IMAGE.repeat(2, 1, 1, 1), 3.0)
