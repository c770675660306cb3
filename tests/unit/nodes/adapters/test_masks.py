from io import BytesIO

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.mask import dilate
from afterdetail.detailer.selection import union_mask
from afterdetail.nodes.adapters import masks
from afterdetail.nodes.adapters.masks import MANY_OBJECTS, MaskCut, from_masks
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage

WIDTH, HEIGHT = 40, 30


def plane(*boxes: tuple[int, int, int, int], value: float = 1.0) -> torch.Tensor:
    mask = torch.zeros(HEIGHT, WIDTH)
    for box in boxes:
        mask[Box(*box).slices] = value
    return mask


def image(count: int = 1, width: int = WIDTH) -> torch.Tensor:
    return torch.zeros(count, HEIGHT, width, 3)


LEFT, RIGHT, BELOW = (2, 5, 10, 12), (20, 3, 30, 9), (4, 20, 12, 25)


WHOLE, EXACT = MaskCut(split=False), MaskCut(threshold=0, min_area=0)


def boxes(mask, split=True, image=None) -> list[list[tuple[int, ...]]]:
    return [[tuple(d.box) for d in found] for found in from_masks(mask, MaskCut(split), image).images]


def test_each_connected_area_is_an_object_top_to_bottom():
    (found,) = from_masks(plane(BELOW, LEFT, RIGHT)[None], MaskCut()).images
    assert [tuple(d.box) for d in found] == [RIGHT, LEFT, BELOW]
    assert [(d.index, d.score, d.label, d.mask) for d in found] == [(i, 1.0, "mask", None) for i in range(3)]
    assert found[1].extent == (2.0, 5.0, 10.0, 12.0)


def test_pixels_that_touch_at_a_corner_belong_together():
    assert boxes(torch.eye(12)[None], split=True) == [[(0, 0, 12, 12)]]


def test_an_area_in_the_hole_of_another_is_its_own():
    ring = plane((5, 5, 25, 25)) - plane((8, 8, 22, 22))
    (found,) = from_masks((ring + plane((12, 12, 15, 15)))[None], MaskCut()).images
    assert [tuple(d.box) for d in found] == [(5, 5, 25, 25), (12, 12, 15, 15)]
    assert found[0].mask is not None and float(found[0].mask.values.sum()) == float(ring.sum())


def test_with_threshold_and_min_area_0_every_pixel_above_0_counts():
    mask = plane((1, 1, 2, 2)) + plane((10, 10, 20, 20), value=0.004)
    mask[10, 10:20] = torch.linspace(0.001, 0.9, 10)
    (speck, faint) = from_masks(mask[None], EXACT).images[0]
    assert tuple(speck.box) == (1, 1, 2, 2)
    assert faint.mask is not None and torch.equal(faint.mask.values, mask[10:20, 10:20])


@given(arrays(np.float32, (2, 9, 11), elements=st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0])), st.booleans())
def test_there_and_back(masks, split):
    found = from_masks(torch.from_numpy(masks), EXACT._replace(split=split))
    back = torch.stack([union_mask(objects, Box.of_size(11, 9)) for objects in found.images])
    assert np.array_equal(back.numpy(), masks)


def ellipses() -> torch.Tensor:
    y, x = np.ogrid[:256, :256]
    inside = [((x - cx) / 30) ** 2 + ((y - cy) / 40) ** 2 < 1 for cx, cy in ((60, 70), (180, 160))]
    return torch.from_numpy(np.logical_or(*inside).astype(np.float32))


def jpeg(mask: torch.Tensor) -> torch.Tensor:
    buffer = BytesIO()
    Image.fromarray((mask.numpy() * 255).round().astype(np.uint8)).save(buffer, "JPEG", quality=50)
    return torch.from_numpy(np.asarray(Image.open(buffer), dtype=np.float32) / 255)


def blurred(mask: torch.Tensor, sigma: float) -> torch.Tensor:
    return torch.from_numpy(ndimage.gaussian_filter(mask.numpy(), sigma))


@pytest.mark.parametrize(
    ("mask", "px"),
    [
        (jpeg(ellipses()), 8),
        (ellipses().clamp(min=1 / 255), 0),
        (0.3 * blurred(ellipses(), 12) + 0.05, 32),
        (blurred(ellipses(), 4), 12),
    ],
    ids=["jpeg", "near-black background", "heat map that is never 0", "soft"],
)
def test_two_ellipses_are_two_objects_however_the_mask_was_made(mask, px):
    (found,) = from_masks(mask[None], MaskCut()).images
    assert len(found) == 2
    for object_, clean in zip(found, from_masks(ellipses()[None], MaskCut()).images[0], strict=True):
        assert clean.box.padded(px).contains(object_.box) and object_.box.contains(clean.box.padded(-12))


def test_soft_edges_stay_soft():
    mask = blurred(ellipses(), 4)
    back = union_mask(from_masks(mask[None], MaskCut()).images[0], Box.of_size(256, 256))
    assert torch.equal(back[back > 0], mask[back > 0]) and float((mask - back).max()) <= 5 / 255


def test_the_soft_edge_of_an_object_holds_nothing_of_another():
    mask = blurred(plane((4, 4, 14, 14), (22, 4, 32, 14)), 2)
    left, right = from_masks(mask[None], MaskCut()).images[0]
    assert left.box.x1 == right.box.x0 == 18


def test_a_dithered_line_is_one_object():
    line = torch.zeros(100, 200)
    line[50:56] = (torch.rand(6, 200) > 0.5).float()
    assert len(from_masks(line[None], MaskCut()).images[0]) == 1


def test_specks_are_left_out_and_counted():
    mask = plane(LEFT, (20, 5, 22, 6), (30, 5, 31, 7))
    found = from_masks(mask[None], MaskCut())
    assert [tuple(d.box) for d in found.images[0]] == [LEFT]
    assert found.notes == ("Areas of the mask with fewer than min_area 8 pixels were left out: 2.",)


def test_a_black_mask_is_said():
    for mask in (torch.zeros(2, 9, 9), torch.rand(2, 9, 9) * 4 / 255):
        found = from_masks(mask, MaskCut())
        assert found.count == 0 and found.notes == ("Nothing is painted in the mask, so there are no objects.",)
    assert not from_masks(torch.stack([plane(LEFT), plane()]), MaskCut()).notes, "a frame may have nothing"


def test_more_objects_than_anybody_paints_are_said():
    dots = torch.zeros(100, 100)
    dots[::11, ::11] = 1
    found = from_masks(dots[None], MaskCut(min_area=0))
    assert found.count == 100 > MANY_OBJECTS
    (note,) = found.notes
    assert note.startswith("The mask gives 100 objects:")


def test_without_an_image_each_mask_is_that_of_one():
    masks = torch.stack([plane(LEFT, RIGHT), plane(), plane(BELOW)])
    assert boxes(masks, split=True) == [[RIGHT, LEFT], [], [BELOW]]
    assert boxes(masks, split=False) == [[(2, 3, 30, 12)], [], [BELOW]]
    found = from_masks(masks, MaskCut())
    assert (found.width, found.height) == (WIDTH, HEIGHT)


def test_several_masks_of_one_image_are_its_objects_in_their_order():
    masks = torch.stack([plane(BELOW), plane(LEFT, RIGHT), plane()])
    assert boxes(masks, split=False, image=image()) == [[BELOW, (2, 3, 30, 12)]]
    assert boxes(masks, split=True, image=image()) == [[BELOW, RIGHT, LEFT]]
    assert [d.index for d in from_masks(masks, MaskCut(), image()).images[0]] == [0, 1, 2]


@pytest.mark.parametrize("split", [True, False])
def test_one_mask_counts_for_all_images_and_as_many_as_images_for_one_each(split):
    assert boxes(plane(LEFT)[None], split, image=image(3)) == [[LEFT]] * 3
    assert boxes(torch.stack([plane(LEFT), plane(BELOW)]), split, image=image(2)) == [[LEFT], [BELOW]]


def test_no_masks_at_all_are_no_objects():
    """SAM3's individual masks when it finds nothing."""
    assert boxes(torch.zeros(0, HEIGHT, WIDTH), split=False, image=image(2)) == [[], []]


def test_the_mask_of_a_picture_without_alpha_is_no_object():
    assert boxes(torch.zeros(1, 64, 64), split=True, image=image(2)) == [[], []]


def test_shapes_and_number_formats_that_nodes_make():
    for mask in (plane(LEFT), plane(LEFT)[None, None], plane(LEFT).half()[None], 3 * plane(LEFT)[None]):
        assert boxes(mask, split=True) == [[LEFT]]


def test_input_stays_as_it_was():
    mask = torch.rand(1, HEIGHT, WIDTH)
    before = mask.clone()
    (found,) = from_masks(mask, WHOLE).images[0]
    assert found.mask is not None
    found.mask.values.zero_()
    assert torch.equal(mask, before)


@pytest.mark.parametrize(
    ("mask", "images", "sentence"),
    [
        (plane(LEFT)[None], image(width=50), "The mask is 40x30 and the image 50x30: resize one of them"),
        (torch.stack([plane(LEFT)] * 3), image(2), "There are 3 masks for 2 images: give one mask"),
        (torch.full((1, 30, 40), torch.nan), image(), "The mask holds NaN or Inf values"),
    ],
)
def test_masks_that_fit_no_image_are_sentences(mask, images, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_masks(mask, MaskCut(), images)


def test_only_what_is_painted_is_looked_at_closely(monkeypatch):
    looked = []
    monkeypatch.setattr(masks, "dilate", lambda mask, *rest: looked.append(mask.box.area) or dilate(mask, *rest))
    mask = torch.zeros(1, 2048, 2048)
    mask[0, 1000:1300, 1000:1300] = mask[0, 1900:2000, 200:300] = 1
    assert boxes(mask) == [[(1000, 1000, 1300, 1300), (200, 1900, 300, 2000)]]
    assert len(looked) == 2 and sum(looked) < 2 * (300**2 + 100**2)


@given(arrays(bool, (HEIGHT, WIDTH), elements=st.booleans()), st.integers(5, 12))
def test_areas_are_the_same_in_whatever_parts_they_are_looked_for(where, cell):
    found = []
    for size in (cell, 2 * WIDTH):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(masks, "CELL", size)
            labels, around = masks.labelled(where)
            found.append({(tuple(box), tuple(np.flatnonzero(labels == n))) for n, box in enumerate(around, 1)})
    assert found[0] == found[1]
