"""Conditionings cut to windows: everything that has a place in the image goes where the window shows it."""

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.conditioning import batched, cropped, signature, with_equal_lengths
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import Region

IMAGE = Box.of_size(400, 200)


def region(window: Box, size: Size, image_index: int = 0) -> Region:
    inner = Box(window.x0 + 10, window.y0 + 10, window.x1 - 10, window.y1 - 10)
    member = Detection(inner, 0.9, "face", Extent(*map(float, inner)))
    return Region(image_index, (member,), MaskPatch.filled(inner), window, window, size)


RIGHT = region(Box(200, 0, 400, 200), Size(512, 512))


def conditioning(**options) -> list:
    return [[torch.zeros(1, 77, 8), options]]


def option(name: str, value, where: Region = RIGHT):
    before = value.clone() if isinstance(value, torch.Tensor) else value
    given = conditioning(**{name: value})
    cut = cropped(given, where, IMAGE)[0][1].get(name)
    assert given[0][1][name] is value and (not isinstance(value, torch.Tensor) or torch.equal(value, before))
    return cut


def test_mask_is_cut_and_scaled():
    mask = torch.zeros(1, 200, 400)
    mask[:, :, 300:] = 1
    cut = option("mask", mask)
    assert cut.shape == (1, 512, 512) and not cut[:, :, :250].any() and bool((cut[:, :, 262:] == 1).all())


def test_mask_of_each_image_of_a_batch():
    masks = torch.stack([torch.zeros(200, 400), torch.ones(200, 400)])
    assert float(option("mask", masks, region(Box(0, 0, 100, 100), Size(64, 64), 1)).mean()) == 1


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ((25, 25, 0, 25), (64, 64, 0, 0)),  # the right half of the image: the whole window
        ((25, 50, 0, 0), (64, 64, 0, 0)),  # the whole image
        (("percentage", 0.5, 0.25, 0.0, 0.5), (32, 32, 0, 0)),  # the window's upper left quarter
        (("percentage", 0.5, 0.25, 0.5, 0.75), (32, 32, 32, 32)),  # its lower right one
    ],
)
def test_area_is_placed_in_the_window(area, expected):
    assert option("area", area) == expected


def test_an_entry_whose_area_is_elsewhere_is_left_out():
    left, right = ("percentage", 1.0, 0.4, 0.0, 0.0), ("percentage", 1.0, 0.5, 0.0, 0.5)
    entries = [*conditioning(area=left, name="left"), *conditioning(area=right, name="right")]
    assert [options["name"] for _, options in cropped(entries, RIGHT, IMAGE)] == ["right"]
    (only,) = cropped(entries[:1], RIGHT, IMAGE)
    assert only[1] == {"name": "left"}, "without any other, the entry applies to the whole window"


def test_gligen_keeps_the_places_in_the_window():
    gligen = ("position", "model", [("a", 10, 10, 5, 30), ("b", 10, 10, 5, 2)])
    kind, model, places = option("gligen", gligen)
    assert (kind, model) == ("position", "model")
    assert [(name, *map(int, box)) for name, *box in places] == [("a", 25, 25, 13, 13)]
    assert option("gligen", ("position", "model", [("b", 10, 10, 5, 2)])) is None


def test_reference_latents_of_this_image_are_cut_and_others_kept():
    own, other = torch.zeros(1, 4, 25, 50), torch.zeros(1, 4, 30, 30)
    own[..., 40:] = 1
    cut_own, cut_other = option("reference_latents", [own, other])
    assert cut_own.shape == (1, 4, 64, 64) and cut_other is other
    assert float(cut_own[..., :36].max()) < 0.01 and float(cut_own[..., 41:].min()) > 0.99


def test_a_latent_of_video_shape_keeps_its_frame_axis():
    assert option("concat_latent_image", torch.zeros(1, 16, 1, 25, 50)).shape == (1, 16, 1, 64, 64)


def test_sdxl_sizes_are_those_of_the_crop():
    sizes = {"width": 4000, "height": 2000, "crop_w": 9, "crop_h": 9, "target_width": 4000, "target_height": 2000}
    options = cropped(conditioning(**sizes), region(Box(0, 0, 100, 50), Size(1024, 512)), IMAGE)[0][1]
    assert options == {
        "width": 1024,
        "height": 512,
        "crop_w": 0,
        "crop_h": 0,
        "target_width": 1024,
        "target_height": 512,
    }
    assert cropped(conditioning(), RIGHT, IMAGE)[0][1] == {}


class Control:
    """As much of ComfyUI's ControlBase as conditionings touch."""

    def __init__(self, hint, previous=None):
        self.cond_hint_original, self.previous_controlnet, self.cond_hint = hint, previous, "cached"

    def copy(self):
        return Control(self.cond_hint_original, self.previous_controlnet)


def test_control_hints_are_cut_for_every_item_of_a_batch():
    hint = torch.zeros(1, 3, 200, 400)
    hint[..., 200:] = 1
    control = Control(hint, Control(hint * 0.5))
    windows = (Box(0, 0, 100, 100), Box(200, 50, 300, 150), Box(150, 0, 250, 100))
    given = conditioning(control=control)
    items = [cropped(given, region(window, Size(64, 64)), IMAGE) for window in windows]
    assert len({signature(item) for item in items}) == 1
    joined = batched(items)[0][1]["control"]
    assert joined.cond_hint_original.shape == (3, 3, 64, 64)
    assert torch.allclose(joined.cond_hint_original.mean((1, 2, 3)), torch.tensor([0.0, 1.0, 0.5]), atol=0.01)
    assert torch.allclose(
        joined.previous_controlnet.cond_hint_original.mean((1, 2, 3)), torch.tensor([0.0, 0.5, 0.25]), atol=0.01
    )
    assert joined.cond_hint is None and control.cond_hint == "cached" and control.cond_hint_original is hint


def test_tensors_are_joined_and_equal_ones_are_not_copied():
    common = conditioning(strength=0.5)
    assert batched([common, common])[0][0] is common[0][0]
    a, b = torch.zeros(1, 77, 8), torch.ones(1, 77, 8)
    joined = batched([[[a, {"pooled_output": a[:, 0]}]], [[b, {"pooled_output": b[:, 0]}]]])
    assert torch.equal(joined[0][0], torch.cat([a, b])) and torch.equal(
        joined[0][1]["pooled_output"], torch.cat([a, b])[:, 0]
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (conditioning(strength=0.5), conditioning(strength=0.6)),
        (conditioning(), conditioning(strength=0.5)),
        (conditioning(), conditioning() * 2),
        (conditioning(), [[torch.zeros(1, 154, 8), {}]]),
        (
            conditioning(control=Control(torch.zeros(1, 3, 200, 400))),
            conditioning(control=Control(torch.zeros(1, 3, 200, 400))),
        ),
    ],
)
def test_what_cannot_share_a_batch(a, b):
    assert signature(cropped(a, RIGHT, IMAGE)) != signature(cropped(b, RIGHT, IMAGE))


def test_repeated_tokens_attend_alike():
    """Scaled dot-product attention over a sequence and over the sequence repeated."""
    tokens, query = torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    short, long = with_equal_lengths([[[tokens, {}]], [[torch.randn(1, 10, 8), {}]]])
    assert short[0][0].shape == long[0][0].shape == (1, 10, 8)
    attend = torch.nn.functional.scaled_dot_product_attention
    assert torch.allclose(attend(query, tokens, tokens), attend(query, short[0][0], short[0][0]), atol=1e-6)
