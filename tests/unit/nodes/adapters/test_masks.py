import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.selection import union_mask
from afterdetail.nodes.adapters.masks import from_masks
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

WIDTH, HEIGHT = 40, 30


def plane(*boxes: tuple[int, int, int, int], value: float = 1.0) -> torch.Tensor:
    mask = torch.zeros(HEIGHT, WIDTH)
    for box in boxes:
        mask[Box(*box).slices] = value
    return mask


def image(count: int = 1, width: int = WIDTH) -> torch.Tensor:
    return torch.zeros(count, HEIGHT, width, 3)


LEFT, RIGHT, BELOW = (2, 5, 10, 12), (20, 3, 30, 9), (4, 20, 12, 25)


def boxes(*arguments, **more) -> list[list[tuple[int, ...]]]:
    return [[tuple(d.box) for d in found] for found in from_masks(*arguments, **more).images]


def test_each_connected_area_is_an_object_top_to_bottom():
    (found,) = from_masks(plane(BELOW, LEFT, RIGHT)[None], split=True).images
    assert [tuple(d.box) for d in found] == [RIGHT, LEFT, BELOW]
    assert [(d.index, d.score, d.label, d.mask) for d in found] == [(i, 1.0, "mask", None) for i in range(3)]
    assert found[1].extent == (2.0, 5.0, 10.0, 12.0)


def test_pixels_that_touch_at_a_corner_belong_together():
    assert boxes(torch.eye(12)[None], split=True) == [[(0, 0, 12, 12)]]


def test_an_area_in_the_hole_of_another_is_its_own():
    ring = plane((5, 5, 25, 25)) - plane((8, 8, 22, 22))
    (found,) = from_masks((ring + plane((12, 12, 15, 15)))[None], split=True).images
    assert [tuple(d.box) for d in found] == [(5, 5, 25, 25), (12, 12, 15, 15)]
    assert found[0].mask is not None and float(found[0].mask.sum()) == float(ring.sum())


def test_specks_faint_areas_and_soft_edges_are_kept():
    mask = plane((1, 1, 2, 2)) + plane((10, 10, 20, 20), value=0.004)
    mask[10, 10:20] = torch.linspace(0.001, 0.9, 10)
    (speck, faint) = from_masks(mask[None], split=True).images[0]
    assert tuple(speck.box) == (1, 1, 2, 2)
    assert faint.mask is not None and torch.equal(faint.mask, mask[10:20, 10:20])


@given(arrays(np.float32, (2, 9, 11), elements=st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0])), st.booleans())
def test_there_and_back(masks, split):
    found = from_masks(torch.from_numpy(masks), split)
    back = torch.stack([union_mask(objects, Box.of_size(11, 9)) for objects in found.images])
    assert np.array_equal(back.numpy(), masks)


def test_without_an_image_each_mask_is_that_of_one():
    masks = torch.stack([plane(LEFT, RIGHT), plane(), plane(BELOW)])
    assert boxes(masks, split=True) == [[RIGHT, LEFT], [], [BELOW]]
    assert boxes(masks, split=False) == [[(2, 3, 30, 12)], [], [BELOW]]
    found = from_masks(masks, split=True)
    assert (found.width, found.height) == (WIDTH, HEIGHT)


def test_several_masks_of_one_image_are_its_objects_in_their_order():
    masks = torch.stack([plane(BELOW), plane(LEFT, RIGHT), plane()])
    assert boxes(masks, split=False, image=image()) == [[BELOW, (2, 3, 30, 12)]]
    assert boxes(masks, split=True, image=image()) == [[BELOW, RIGHT, LEFT]]
    assert [d.index for d in from_masks(masks, True, image()).images[0]] == [0, 1, 2]


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
    (found,) = from_masks(mask, split=False).images[0]
    assert found.mask is not None
    found.mask.zero_()
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
        from_masks(mask, True, images)
