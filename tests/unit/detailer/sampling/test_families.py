"""Families whose sides have to be divisible by more than the VAE's factor."""

import json

import pytest
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings, SampleSettings
from rig import tiny_dit
from rig.scenes import grid_image

WIDTH, HEIGHT, BOX = 376, 272, Box(12, 20, 368, 250)


@pytest.mark.parametrize("fitting", [FitSettings("off"), FitSettings("auto", "sd15")], ids=["off", "auto"])
def test_a_transformer_with_patches(sd15, fitting):
    """By the VAE's factor alone the sides were odd numbers of cells."""
    from afterdetail.detailer.sampling import ComfyInpainter

    model = tiny_dit.pixart_sigma()
    settings = SampleSettings(steps=2, denoise=0.6)
    inpainter = ComfyInpainter(model.model, model.prompt(1), model.prompt(2), sd15.vae, settings)
    assert (inpainter.sizes.family.name, inpainter.sizes.multiple) == ("pixart", 16)
    found = Detections(WIDTH, HEIGHT, ((Detection(BOX, 0.9, "face", Extent(*map(float, BOX))),),))
    regions = make_regions(found, MaskSettings(0, 0, 2), fitting)
    done = detail(grid_image(4)[:, :, :WIDTH].repeat(1, 3, 1, 1)[:, :HEIGHT], regions, inpainter, Seeds(3))
    report = json.loads(done.report.as_json())
    (item,) = report["images"][0]["objects"]
    assert item["status"] == "inpainted", item["reason"]
    assert all(side % 16 == 0 for side in item["sampled_at"]) and report["family"] == "pixart"
