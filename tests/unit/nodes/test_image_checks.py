import pytest
import torch
from afterdetail.nodes.image_checks import restriction

IMAGE = torch.zeros(2, 20, 30, 3)


@pytest.mark.parametrize(
    "empty",
    [torch.zeros(1, 64, 64), torch.zeros(1, 20, 30), torch.zeros(20, 30), torch.zeros(2, 20, 30)],
    ids=["no alpha", "opaque RGBA", "one plane", "one per image"],
)
def test_an_empty_mask_restricts_nothing_and_says_so(empty):
    """What Load Image gives for pictures without transparency."""
    masks, (note,) = restriction("only_inside", empty, IMAGE)
    assert masks is None
    assert note == "only_inside is an empty mask, as of a picture without transparency: it is ignored."


def test_a_mask_that_is_empty_for_one_image_keeps_its_meaning():
    mask = torch.zeros(2, 20, 30)
    mask[1, 5:, :] = 1
    masks, notes = restriction("only_inside", mask, IMAGE)
    assert masks is not None and torch.equal(masks, mask) and not notes


def test_no_mask_is_no_restriction():
    assert restriction("only_inside", None, IMAGE) == (None, ())


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (torch.ones(1, 64, 64), "The mask is 64x64 and the image 30x20: resize one of them"),
        (torch.ones(3, 20, 30), "There are 3 masks for 2 images: give one mask, or one per image."),
    ],
)
def test_a_mask_that_does_not_fit_is_a_sentence(mask, sentence):
    with pytest.raises(ValueError, match=sentence):
        restriction("only_inside", mask, IMAGE)
