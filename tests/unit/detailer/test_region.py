"""What must hold for every region, over random images, objects and settings."""

from dataclasses import replace

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import FAMILIES, SDXL, ModelSizes
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.resolution import CHOICES, entry, nearest_entry, rounded_up
from afterdetail.detailer.settings import FitSettings, MaskSettings
from hypothesis import assume, given, settings
from hypothesis import strategies as st


def detection(box: Box, mask: torch.Tensor | None = None, score: float = 0.9, index: int = 0) -> Detection:
    own = None if mask is None else MaskPatch(box, mask)
    return Detection(box, score, "face", Extent(*map(float, box)), own, index)


def detections(width: int, height: int, *images: list[Detection]) -> Detections:
    return Detections(width, height, tuple(map(tuple, images)))


@st.composite
def scenes(draw):
    width, height = draw(st.integers(1, 2500)), draw(st.integers(1, 2500))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(x0, y0, draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height)))
    assume(box.area <= 60_000)
    masks = MaskSettings(draw(st.integers(-8, 64)), draw(st.integers(0, 20)), draw(st.integers(0, 200)))
    model = ModelSizes(draw(st.sampled_from(list(FAMILIES.values()))), draw(st.sampled_from([8, 16, 32])))
    return Box.of_size(width, height), box, masks, FitSettings(draw(st.sampled_from(CHOICES))), model


@settings(max_examples=2500)
@given(scenes())
def test_every_region_keeps_its_promises(scene):
    image, box, masks, fitting, model = scene
    regions = make_regions(detections(image.width, image.height, [detection(box)]), masks, fitting).refitted(model)
    if not regions.items:
        assert masks.mask_dilation < 0 and regions.dropped
        return
    (region,) = regions.items
    support, window, size = region.alpha.box, region.window, region.sampled_at

    padded = (support.width + 2 * masks.mask_padding, support.height + 2 * masks.mask_padding)
    assert region.padded.width == min(padded[0], image.width)
    assert region.padded.height == min(padded[1], image.height)

    assert image.contains(window) and window.contains(region.padded) and window.contains(support)
    assert size.width % model.multiple == size.height % model.multiple == 0

    wanted = aspect_of(fitting, model, region.padded.size)
    if wanted is not None:
        width = max(region.padded.width, round(region.padded.height * wanted.aspect))
        height = max(region.padded.height, round(region.padded.width / wanted.aspect))
        if width <= image.width and height <= image.height:
            off_by = (
                abs(window.width - window.height * wanted.aspect),
                abs(window.height - window.width / wanted.aspect),
            )
            assert min(off_by) <= 1 and size == wanted
        elif fitting.resolution != "auto":
            assert size == wanted


def aspect_of(fitting: FitSettings, model: ModelSizes, padded: Size) -> Size | None:
    match fitting.resolution:
        case "off":
            return None
        case "auto":
            return rounded_up(nearest_entry(padded, model.family), model.multiple)
        case "square":
            return rounded_up(model.family.native, model.multiple)
        case choice:
            return rounded_up(entry(choice), model.multiple)


def test_with_context_alpha_is_zero_on_every_inner_side():
    for x0, y0 in ((0, 0), (90, 40), (200, 150), (270, 260)):
        found = detections(300, 300, [detection(Box(x0, y0, x0 + 30, y0 + 40))])
        (region,) = make_regions(found, MaskSettings(9, 5, 1), FitSettings("auto", "sd15")).items
        alpha, window = region.window_alpha, region.window
        if window.x0 > 0:
            assert not alpha[:, 0].any()
        if window.x1 < 300:
            assert not alpha[:, -1].any()
        if window.y0 > 0:
            assert not alpha[0].any()
        if window.y1 < 300:
            assert not alpha[-1].any()


def test_union_is_one_region_per_image():
    first = [detection(Box(10, 10, 40, 40)), detection(Box(100, 20, 140, 70), index=1)]
    found = detections(300, 200, first, [], [detection(Box(5, 5, 30, 30))])
    regions = make_regions(found, MaskSettings(union_masks=True), FitSettings("auto", "sd15"))
    assert [(r.image_index, len(r.members)) for r in regions.items] == [(0, 2), (2, 1)]
    apart = make_regions(found, MaskSettings(), FitSettings("auto", "sd15"))
    joined = torch.maximum(apart.items[0].alpha.on(regions.image), apart.items[1].alpha.on(regions.image))
    assert torch.allclose(regions.items[0].alpha.on(regions.image), joined, atol=1e-6)


def test_invert_is_everything_but_the_objects():
    found = detections(100, 80, [detection(Box(20, 20, 50, 60))])
    (region,) = make_regions(found, MaskSettings(0, 0, 0, invert=True), FitSettings("auto", "sd15")).items
    expected = torch.ones(80, 100)
    expected[20:60, 20:50] = 0
    assert torch.equal(region.alpha.on(region.window), expected)


@pytest.mark.parametrize("box", [Box(20, 20, 50, 60), Box(0, 0, 30, 40), Box(97, 30, 100, 31)])
def test_inverted_the_blur_lies_outside_the_objects(box):
    found = detections(100, 80, [detection(box)])
    (region,) = make_regions(found, MaskSettings(invert=True), FitSettings("auto", "sd15")).items
    alpha = region.alpha.on(Box.of_size(100, 80))
    assert not alpha[box.slices].any() and float(alpha.max()) == pytest.approx(1)


def test_inverted_objects_that_fill_the_image_are_said():
    found = detections(100, 80, [detection(Box(5, 5, 95, 75))])
    (gone,) = make_regions(found, MaskSettings(invert=True), FitSettings("auto", "sd15")).dropped
    assert "invert leaves nothing" in gone.reason


def test_offset_moves_the_mask_and_drops_what_leaves_the_image():
    found = detections(100, 80, [detection(Box(20, 20, 50, 60))])
    (region,) = make_regions(found, MaskSettings(0, 0, 0, x_offset=5, y_offset=-10), FitSettings()).items
    assert region.alpha.box == Box(25, 10, 55, 50)
    gone = make_regions(found, MaskSettings(0, 0, 0, x_offset=200), FitSettings())
    assert not gone.items and "x/y_offset" in gone.dropped[0].reason


def test_a_shape_stays_a_shape():
    disc = (torch.hypot(*torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")) <= 20).float()
    found = detections(200, 200, [detection(Box(60, 60, 101, 101), disc)])
    (region,) = make_regions(found, MaskSettings(0, 0, 10), FitSettings()).items
    assert torch.equal(region.alpha.values, disc)


def test_refitting_follows_the_model_unless_the_user_chose():
    found = detections(512, 512, [detection(Box(200, 200, 300, 300))])
    guessed = make_regions(found, MaskSettings(), FitSettings("auto"))
    assert guessed.items[0].sampled_at == Size(512, 512)
    assert guessed.refitted(ModelSizes(SDXL, 8)).items[0].sampled_at == Size(1024, 1024)
    chosen = make_regions(found, MaskSettings(), FitSettings("auto", "sd15"))
    assert chosen.refitted(ModelSizes(SDXL, 8)).items[0].sampled_at == Size(512, 512)


@pytest.mark.parametrize(("name", "value"), [("mask_blur", -1), ("mask_padding", -5)])
def test_bad_settings_are_sentences(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}: use 0 or more"):
        MaskSettings(**{name: value})


def test_a_share_of_the_shorter_side_grows_every_object_alike():
    small, large = Box(40, 40, 60, 80), Box(200, 100, 400, 500)
    found = detections(600, 600, [detection(small), detection(large, index=1)])
    masks = MaskSettings(mask_dilation=0, mask_blur=0, mask_dilation_percent=20)
    grown = [region.alpha.box for region in make_regions(found, masks, FitSettings()).items]
    assert [(box.width, box.height) for box in grown] == [(20 + 3, 40 + 3), (200 + 39, 400 + 39)]
    both = MaskSettings(mask_dilation=5, mask_blur=0, mask_dilation_percent=20)
    assert make_regions(found, both, FitSettings()).items[1].alpha.box.width == 200 + 44
    [joined] = make_regions(found, replace(masks, union_masks=True), FitSettings()).items
    assert joined.alpha.box == Box.union(grown)


def test_a_share_that_erodes_all_of_a_mask_is_named():
    found = detections(600, 600, [detection(Box(40, 40, 60, 80))])
    [gone] = make_regions(found, MaskSettings(-4, mask_dilation_percent=-100), FitSettings()).dropped
    assert "mask_dilation_percent -100" in gone.reason


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("joined", [False, True])
def test_a_face_may_be_covered_to_its_hairline_and_ears(scale, joined):
    box = Box(100, 100, 150, 160)
    face = replace(detection(box), head=Extent(90.2, -20, 170, 158), mask=MaskPatch.filled(box))
    masks = MaskSettings(0, 0, 0, union_masks=joined)
    found = detections(300, 300, [face])
    [plain], [whole] = (
        make_regions(found, replace(masks, cover=cover), FitSettings(), scale).items for cover in ("object", "head")
    )
    assert plain.alpha.box == Box(*(scale * side for side in face.box))
    assert whole.alpha.box == Extent(*(scale * side for side in (90.2, 0, 170, 160))).rounded()
    assert whole.members[0].box == plain.members[0].box


def test_what_has_no_head_keeps_its_mask_and_it_is_said():
    found = detections(300, 300, [detection(Box(100, 100, 150, 160))])
    plain, whole = (make_regions(found, MaskSettings(cover=cover), FitSettings()) for cover in ("object", "head"))
    assert plain.items[0].alpha.box == whole.items[0].alpha.box
    assert plain.detections.notes == () and "cover head has no effect on face" in whole.detections.notes[0]
