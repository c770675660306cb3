"""Cut and paste: what must not change, and by how little the rest does."""

from dataclasses import replace

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import (
    accumulate,
    cut,
    filled,
    latent_mask,
    paste,
    resized,
    solid_mask,
)
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import Region, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from hypothesis import given
from hypothesis import strategies as st
from rig.scenes import psnr
from skimage.data import astronaut
from torch.profiler import ProfilerActivity, profile


def region_of(box: Box, width: int, height: int, resolution: str = "off", masks: MaskSettings | None = None) -> Region:
    found = Detections(width, height, ((Detection(box, 0.9, "face", Extent(*map(float, box))),),))
    return make_regions(found, masks or MaskSettings(), FitSettings(resolution, "sd15")).items[0]


def same_bits(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Elementwise, by representation: -0.0 is not 0.0, and NaN is itself."""
    as_int = {2: torch.int16, 4: torch.int32}[a.element_size()]
    return a.contiguous().view(as_int) == b.contiguous().view(as_int)


def awkward_image(height: int, width: int, channels: int, dtype: torch.dtype) -> torch.Tensor:
    """Random pixels with negative zeros, values beyond 1 and denormals among them."""
    image = torch.rand(height, width, channels, generator=torch.Generator().manual_seed(7))
    flat = image.view(-1)
    flat[::11], flat[1::13], flat[2::17] = -0.0, 1.5, 1e-41
    return image.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("resolution", ["off", "auto", "1024x1024"])
def test_only_pixels_under_the_alpha_change(dtype, channels, resolution):
    image = awkward_image(200, 240, channels, dtype)
    region = region_of(Box(60, 50, 110, 120), 240, 200, resolution)
    canvas = image.clone()
    size = region.sampled_at
    paste(canvas, torch.rand(1, size.height, size.width, 3), region)
    untouched = region.alpha.on(Box.of_size(240, 200)) == 0
    assert bool(same_bits(canvas, image)[untouched].all())
    assert bool((canvas != image)[~untouched][:, :3].any(-1).float().mean() > 0.9)
    if channels == 4:
        assert bool(same_bits(canvas[..., 3], image[..., 3]).all())


@given(
    width=st.integers(1, 120),
    height=st.integers(1, 120),
    data=st.data(),
    dtype=st.sampled_from([torch.float32, torch.float16]),
    channels=st.sampled_from([3, 4]),
)
def test_cut_then_paste_changes_nothing(width, height, data, dtype, channels):
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(x0, y0, data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height)))
    padded = torch.rand(height + 2, width + 3, channels).to(dtype)
    image = padded[1:-1, 1:-2]  # not contiguous
    region = region_of(box, width, height)
    exact = region.window.size
    region = replace(region, sampled_at=exact)
    canvas = image.clone()
    paste(canvas, cut(canvas, region), region)
    tolerance = 1e-6 if dtype == torch.float32 else 1e-3
    assert float((canvas.float() - image.float()).abs().max()) <= tolerance
    assert bool(same_bits(canvas, image)[region.alpha.on(Box.of_size(width, height)) == 0].all())


def test_the_image_itself_is_left_alone_by_cut():
    image = torch.rand(64, 64, 3)
    before = image.clone()
    cut(image, region_of(Box(10, 10, 30, 30), 64, 64, "auto"))
    assert torch.equal(image, before)


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (512, 512)])
def test_one_pixel_images(size):
    region = region_of(Box(0, 0, 1, 1), 1, 1, "auto")
    canvas = torch.full((1, 1, 3), 0.25)
    assert cut(canvas, region).shape == (1, 512, 512, 3)
    paste(canvas, torch.full((1, *size, 3), 0.75), region)
    assert torch.allclose(canvas, torch.full((1, 1, 3), 0.75))


def test_resizing_is_in_float():
    """A ramp finer than 8 bits survives both ways; an 8-bit path would leave steps of 1/255."""
    ramp = torch.linspace(0.5, 0.501, 128).view(1, 1, 128, 1).expand(1, 128, 128, 3)
    there_and_back = resized(resized(ramp, Size(512, 512)), Size(128, 128))
    assert float((there_and_back - ramp).abs()[:, 4:-4, 4:-4].max()) < 1e-5


@pytest.mark.parametrize("side", [160, 300])
def test_a_face_that_is_enlarged_and_shrunk_again_stays_sharp(side):
    """Bicubic both ways gives 40.5 and 41.1 dB: a good face would lose more by it than by the VAE."""
    photo = torch.from_numpy(astronaut()).float() / 255
    window = photo[30 : 30 + side, 150 : 150 + side][None]
    again = resized(resized(window, Size(512, 512)), Size(side, side))
    assert -10 * float((again - window).square().mean().log10()) > 43


def test_a_patch_lands_where_it_was_cut():
    """A crop sampled at twice its size and pasted back does not drift, not even by part of a pixel."""
    x = torch.arange(240.0)
    wave = (0.5 + 0.4 * torch.sin(x / 9)).view(1, 240, 1).expand(200, 240, 3).clone()
    region = region_of(Box(60, 50, 130, 120), 240, 200, "1024x1024")
    canvas = wave.clone()
    paste(canvas, cut(wave, region), region)
    assert float((canvas - wave).abs().max()) < 2e-3


def test_overlap_later_lies_on_top():
    image = torch.zeros(100, 100, 3)
    masks = MaskSettings(0, 0, 8)
    first, second = (
        region_of(Box(20, 20, 60, 60), 100, 100, masks=masks),
        region_of(Box(40, 40, 80, 80), 100, 100, masks=masks),
    )
    coverage = torch.zeros(100, 100)
    for region, value in ((first, 0.3), (second, 0.7)):
        paste(image, torch.full((1, 8, 8, 3), value), region)
        accumulate(coverage, region)
    assert torch.allclose(image[30, 30], torch.tensor(0.3)) and torch.allclose(image[50, 50], torch.tensor(0.7))
    assert torch.equal(coverage > 0, (image > 0)[..., 0]) and float(coverage.max()) == 1


def test_coverage_is_one_minus_what_remains():
    coverage, region = torch.zeros(50, 50), region_of(Box(10, 10, 30, 30), 50, 50)
    half = MaskPatch(Box(10, 10, 30, 30), torch.full((20, 20), 0.5))
    soft = replace(region, alpha=half)
    accumulate(coverage, soft)
    accumulate(coverage, soft)
    assert torch.allclose(coverage[10:30, 10:30], torch.tensor(0.75))


def test_latent_mask_keeps_thin_masks():
    """A mask two pixels wide is nothing after bilinear scaling to a latent; here it frees the cells it crosses."""
    region = region_of(Box(100, 20, 102, 180), 512, 512, "512x512", MaskSettings(0, 0, 200))
    cells = latent_mask(region, torch.zeros(1, 4, 64, 64))
    assert cells.shape == (1, 1, 64, 64) and set(cells.unique().tolist()) == {0.0, 1.0}


def test_latent_mask_of_a_video_latent_has_a_frame_axis():
    region = region_of(Box(100, 20, 150, 180), 512, 512, "512x512")
    assert latent_mask(region, torch.zeros(1, 16, 1, 64, 64)).shape == (1, 1, 1, 64, 64)


def test_fill_takes_its_colours_from_around_the_mask():
    region = region_of(Box(100, 100, 200, 200), 512, 512, "512x512", MaskSettings(0, 0, 60))
    crop = torch.full((1, 512, 512, 3), 0.3)
    hole = solid_mask(region, Size(512, 512))[0, 0] > 0
    crop[0][hole] = 0.9
    assert torch.allclose(filled(crop, region), torch.full_like(crop, 0.3), atol=1e-4)
    crop[:, :, 256:] += 0.4
    result = filled(crop, region)
    assert torch.equal(result[0][~hole], crop[0][~hole])
    inside = result[0, 200:300, :, 0]
    assert float(inside.min()) > 0.29 and float(inside.max()) < 0.71 and bool((inside[:, 300] > inside[:, 200]).all())


def test_enlarging_keeps_flat_areas_and_sharp_edges():
    image = torch.full((1, 40, 60, 3), 0.5)
    assert torch.allclose(resized(image, Size(90, 60)), torch.full((1, 60, 90, 3), 0.5), atol=1e-6)
    image[:, :, 30:] = 1
    edge = resized(image, Size(120, 80))[0, 40, :, 0]
    assert float(edge[55]) < 0.55 and float(edge[64]) > 0.95


def lanczos_by_matrices(pixels: torch.Tensor, size: Size) -> torch.Tensor:
    """The same with every weight written out, zeros included."""

    def weights(source: int, target: int) -> torch.Tensor:
        step = source / target
        centers = (torch.arange(target, dtype=torch.float64)[:, None] + 0.5) * step
        distance = (torch.arange(source)[None] + 0.5 - centers) / max(step, 1)
        found = torch.sinc(distance) * torch.sinc(distance / 3) * (distance.abs() < 3)
        return found / found.sum(1, keepdim=True)

    planes = pixels.movedim(-1, 1).double()
    rows, columns = weights(pixels.shape[1], size.height), weights(pixels.shape[2], size.width)
    return (rows @ planes @ columns.T).clamp(0, 1).movedim(1, -1).float()


@pytest.mark.parametrize(
    "size", [Size(100, 80), Size(120, 100), Size(51, 41), Size(200, 160), Size(20, 90), Size(7, 3)]
)
def test_enlarging_takes_all_taps_of_the_kernel_and_no_others(size):
    image = torch.rand(2, 40, 50, 4)
    assert torch.allclose(resized(image, size), lanczos_by_matrices(image, size), atol=1e-5)
    assert torch.allclose(resized(image[:, :2, :1], size), lanczos_by_matrices(image[:, :2, :1], size), atol=1e-5)


def test_enlarging_costs_what_the_result_holds():
    """A strip of 16400 x 16 px, 4 times as large: by whole matrices 5.6 GB and a minute."""
    strip = torch.rand(1, 16, 16400, 3)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        result = resized(strip, Size(4 * 16400, 64))
    allocated = sum(event.self_cpu_memory_usage for event in profiled.events() or () if event.self_cpu_memory_usage > 0)
    assert allocated < 5 * result.numel() * 4


def test_values_above_one_stay_where_a_patch_has_them():
    """HDR: what the decode gives is pasted as it is, and the overshoot of resizing a plain picture still is cut off."""
    bright = torch.full((1, 40, 40, 3), 2.5)
    assert float(resized(bright, Size(80, 80)).max()) == 2.5
    edges = (torch.arange(40) % 8 < 4).float().reshape(1, 1, 40, 1).expand(1, 40, 40, 3)
    assert float(resized(edges, Size(90, 90)).min()) >= 0 and float(resized(edges, Size(90, 90)).max()) <= 1


@pytest.mark.parametrize("factor", [8, 16, 32])
@pytest.mark.parametrize("choice", ["off", "auto"])
def test_a_crop_for_any_model_is_cut_by_no_vae(factor, choice):
    """ComfyUI cuts a picture in the middle to multiples of its VAE's factor, which Paste would stretch back."""
    image = torch.from_numpy(astronaut()).float()[None, :400, :500] / 255
    box = Box(132, 122, 260, 258)  # with its padding 192 x 200
    found = Detections(500, 400, ((Detection(box, 0.9, "face", Extent(*map(float, box))),),))
    (region,) = make_regions(found, MaskSettings(0, 0, 32), FitSettings(choice)).items
    crop = cut(image[0], region)
    height, width = (side // factor * factor for side in crop.shape[1:3])
    top, left = (crop.shape[1] - height) // 2, (crop.shape[2] - width) // 2
    pasted = image[0].clone()
    paste(pasted, crop[:, top : top + height, left : left + width], region)
    assert psnr(pasted, image[0]) > 45
