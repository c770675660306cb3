"""Conditionings cut to windows: everything that has a place in the image goes where the window shows it."""

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.conditioning import NothingHere, cropped
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detailer.joining import batched, signature, with_equal_lengths
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import Region
from afterdetail.detailer.view import View

IMAGE = Box.of_size(400, 200)


def region(window: Box, size: Size, image_index: int = 0) -> Region:
    inner = Box(window.x0 + 10, window.y0 + 10, window.x1 - 10, window.y1 - 10)
    member = Detection(inner, 0.9, "face", Extent(*map(float, inner)))
    return Region(image_index, (member,), MaskPatch.filled(inner), window, window, size)


RIGHT = region(Box(200, 0, 400, 200), Size(512, 512))


def seen(given: list, where: Region = RIGHT, cell: int = 8) -> list:
    """The conditioning as it applies in a region."""
    return cropped(given, View(where, IMAGE, cell))


def conditioning(**options) -> list:
    return [[torch.zeros(1, 77, 8), options]]


def option(name: str, value, where: Region = RIGHT, cell: int = 8):
    before = value.clone() if isinstance(value, torch.Tensor) else value
    given = conditioning(**{name: value})
    cut = seen(given, where, cell)[0][1].get(name)
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
    assert [options["name"] for _, options in seen(entries)] == ["right"]
    with pytest.raises(NothingHere, match="lie elsewhere"):
        seen(entries[:1])


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
    options = seen(conditioning(**sizes), region(Box(0, 0, 100, 50), Size(1024, 512)))[0][1]
    assert options == {
        "width": 1024,
        "height": 512,
        "crop_w": 0,
        "crop_h": 0,
        "target_width": 1024,
        "target_height": 512,
    }
    assert seen(conditioning())[0][1] == {}


class Control:
    """As much of ComfyUI's ControlBase as conditionings touch."""

    def __init__(self, hint, previous=None, extras=()):
        self.cond_hint_original, self.previous_controlnet, self.cond_hint = hint, previous, "cached"
        self.extra_concat_orig, self.extra_concat = [*extras], "cached"

    def copy(self):
        return Control(self.cond_hint_original, self.previous_controlnet, self.extra_concat_orig)


def test_control_hints_are_cut_for_every_item_of_a_batch():
    hint = torch.zeros(1, 3, 200, 400)
    hint[..., 200:] = 1
    control = Control(hint, Control(hint * 0.5))
    windows = (Box(0, 0, 100, 100), Box(200, 50, 300, 150), Box(150, 0, 250, 100))
    given = conditioning(control=control)
    items = [seen(given, region(window, Size(64, 64))) for window in windows]
    assert len({signature(item) for item in items}) == 1
    joined = batched(items)[0][1]["control"]
    assert joined.cond_hint_original.shape == (3, 3, 64, 64)
    assert torch.allclose(joined.cond_hint_original.mean((1, 2, 3)), torch.tensor([0.0, 1.0, 0.5]), atol=0.01)
    assert torch.allclose(
        joined.previous_controlnet.cond_hint_original.mean((1, 2, 3)), torch.tensor([0.0, 0.5, 0.25]), atol=0.01
    )
    assert joined.cond_hint is None and control.cond_hint == "cached" and control.cond_hint_original is hint


def test_a_controlnet_for_inpainting_sees_the_mask_of_the_window():
    hint, mask, none = torch.zeros(1, 3, 200, 400), torch.zeros(1, 1, 200, 400), torch.ones(1, 1, 1, 1)
    mask[..., 200:] = 1
    given = conditioning(control=Control(hint, extras=[mask, none]))
    windows = (Box(0, 0, 100, 100), Box(200, 50, 300, 150))
    joined = batched([seen(given, region(window, Size(64, 64))) for window in windows])[0][1]["control"]
    cut, untouched = joined.extra_concat_orig
    assert cut.shape == (2, 1, 64, 64) and cut.mean((1, 2, 3)).tolist() == [0, 1] and joined.extra_concat is None
    assert untouched.shape == (2, 1, 1, 1) and given[0][1]["control"].extra_concat_orig[0] is mask


def test_an_entry_whose_mask_is_empty_where_it_is_repainted_is_left_out():
    left, right = torch.zeros(1, 200, 400), torch.zeros(1, 200, 400)
    left[..., :205] = 1  # reaches into the window, but not to what is repainted
    right[..., 200:] = 1
    entries = [*conditioning(mask=left, name="left"), *conditioning(mask=right, name="right")]
    assert [options["name"] for _, options in seen(entries)] == ["right"]
    with pytest.raises(NothingHere):
        seen(entries[:1])


@pytest.mark.parametrize("cell", [1, 8, 16, 32])
def test_an_area_is_counted_in_the_cells_of_the_model(cell):
    left_half_of_window = (25, 12, 0, 25)  # in units of 8 px: y 0..200, x 200..296
    height, width, y, x = option("area", left_half_of_window, cell=cell)
    assert (y, x, height) == (0, 0, 512 // cell) and abs(width * cell - 246) <= cell
    kind, model, [(_, *place)] = option("gligen", ("position", "model", [("a", *left_half_of_window)]), cell=cell)
    assert (kind, model, place) == ("position", "model", [height, width, y, x])


def test_an_area_of_a_video_is_placed_by_its_height_and_width():
    still, video = ("percentage", 1.0, 0.25, 0.0, 0.5), ("percentage", 0.5, 1.0, 0.25, 0.1, 0.0, 0.5)
    assert option("area", video) == option("area", still) == (64, 32, 0, 0)
    assert option("area", (4, 25, 12, 1, 0, 25)) == option("area", (25, 12, 0, 25))


def test_the_bounds_of_a_mask_are_those_in_the_window():
    mask = torch.zeros(2, 200, 400)
    mask[0], mask[1, 50:150, 250:350] = 1, 1
    given = conditioning(mask=mask, set_area_to_bounds=True)
    for index, expected in ((0, (64, 64, 0, 0)), (1, (34, 34, 15, 15))):
        options = seen(given, region(Box(200, 0, 400, 200), Size(512, 512), index))[0][1]
        assert options["area"] == expected and options["set_area_to_bounds"] is False
        assert options["mask"].shape == (1, 512, 512)


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("concat_mask", (1, 1, 200, 400), (1, 1, 512, 512)),  # Flux Fill, inpainting checkpoints
        ("concat_mask", (1, 200, 400), (1, 512, 512)),
        ("concat_mask", (1, 1, 5, 25, 50), (1, 1, 1, 64, 64)),  # Wan, in latent cells and with frames
        ("concat_latent_image", (1, 16, 25, 50), (1, 16, 64, 64)),
        ("concat_latent_image", (1, 16, 5, 25, 50), (1, 16, 1, 64, 64)),
    ],
)
def test_what_inpainting_models_are_shown_keeps_its_axes(name, shape, expected):
    assert option(name, torch.zeros(shape)).shape == expected


def test_control_videos_are_cut():
    for name, shape in (("vace_frames", (1, 32, 5, 25, 50)), ("vace_mask", (1, 64, 5, 25, 50))):
        planes = torch.zeros(shape)
        planes[..., 25:] = 1
        (cut,) = option(name, [planes])
        assert cut.shape == (1, shape[1], 1, 64, 64) and bool((cut == 1).all())


def test_only_a_latent_of_this_images_size_is_this_image():
    """A portrait beside a picture of the same shape, and references of a fixed size, stay whole."""
    for other in (torch.zeros(1, 4, 50, 100), torch.zeros(1, 4, 12, 25)):
        assert option("reference_latents", [other])[0] is other
    assert option("reference_latents", [torch.zeros(1, 16, 1, 13, 25)], cell=16)[0].shape == (1, 16, 1, 32, 32)


@pytest.mark.parametrize("frame", [0, 1, 2])
def test_each_frame_has_its_own_prompt(frame):
    """As prompt schedules give them: one row for each image, in the tensor and in what goes with it."""
    tensor = torch.arange(3.0).reshape(3, 1, 1).expand(3, 77, 8)
    pooled, common = torch.arange(3.0)[:, None].expand(3, 8), torch.ones(1, 5)
    given = [[tensor, {"pooled_output": pooled, "common": common}]]
    ((text, options),) = seen(given, region(Box(0, 0, 100, 100), Size(64, 64), frame))
    assert text.shape == (1, 77, 8) and bool((text == frame).all())
    assert options["pooled_output"].tolist() == [[frame] * 8] and options["common"] is common


def test_what_has_no_axis_for_a_batch_is_not_joined():
    """Anima's token ids are one-dimensional: those of two prompts are not items of one tensor."""
    ids = torch.arange(9)
    first, same, other = (conditioning(t5xxl_ids=each) for each in (ids, ids, ids.clone()))
    assert signature(first) == signature(same) != signature(other)
    assert batched([first, same])[0][1]["t5xxl_ids"] is ids


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
    assert signature(seen(a)) != signature(seen(b))


def test_repeated_tokens_attend_alike():
    """Scaled dot-product attention over a sequence and over the sequence repeated."""
    tokens, query = torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    short, long = with_equal_lengths([[[tokens, {}]], [[torch.randn(1, 10, 8), {}]]])
    assert short[0][0].shape == long[0][0].shape == (1, 10, 8)
    attend = torch.nn.functional.scaled_dot_product_attention
    assert torch.allclose(attend(query, tokens, tokens), attend(query, short[0][0], short[0][0]), atol=1e-6)
