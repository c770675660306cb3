"""Families whose sides have to be divisible by more than the VAE's factor, and what edit models are given."""

import json
from collections.abc import Iterator

import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings
from rig import tiny_dit
from rig.scenes import grid_image, grid_objects, grid_regions

WIDTH, HEIGHT, BOX = 376, 272, Box(12, 20, 368, 250)
MULTIPLES = dict.fromkeys(tiny_dit.RECIPES, 16) | {"hidream-o1": 32}


@pytest.fixture(scope="module", autouse=True)
def unloaded_at_the_end() -> Iterator[None]:
    yield
    tiny_dit.unload()


def inpainter(family: str, **paint):
    model = tiny_dit.load(family)
    from afterdetail.detailer.sampling import ComfyInpainter

    settings = SampleSettings(steps=2, denoise=0.6, cfg=2.0)
    return ComfyInpainter(model.model, model.prompt(1), model.prompt(2), model.vae, settings, PaintSettings(**paint))


@pytest.mark.parametrize("fitting", [FitSettings("off"), FitSettings("auto", "sd15")], ids=["off", "auto"])
@pytest.mark.parametrize("family", tiny_dit.RECIPES)
def test_a_transformer_with_patches(family, fitting):
    """By the VAE's factor alone the sides were odd numbers of cells."""
    made = inpainter(family)
    multiple = MULTIPLES[family]
    assert (made.sizes.family.name, made.sizes.multiple) == (family, multiple)
    found = Detections(WIDTH, HEIGHT, ((Detection(BOX, 0.9, "face", Extent(*map(float, BOX))),),))
    regions = make_regions(found, MaskSettings(0, 0, 2), fitting)
    image = grid_image(4)[:, :, :WIDTH].repeat(1, 3, 1, 1)[:, :HEIGHT]
    done = detail(image, regions, made, Seeds(3))
    report = json.loads(done.report.as_json())
    (item,) = report["images"][0]["objects"]
    assert item["status"] == "inpainted", item["reason"]
    assert all(side % multiple == 0 for side in item["sampled_at"]) and report["family"] == family
    assert not torch.equal(done.image, image) and torch.equal(done.image[done.alpha == 0], image[done.alpha == 0])


@pytest.mark.parametrize("family", ["flux", "qwen-image", "omnigen2"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_edit_model_is_given_each_objects_own_crop(family, batch_size):
    """What ComfyUI's network gets as references, recorded on its way in."""
    made = inpainter(family, reference="crop")
    given: list[torch.Tensor] = []

    def record(apply_model, arguments):
        given.append(arguments["c"]["ref_latents"][0].clone())
        return apply_model(arguments["input"], arguments["timestep"], **arguments["c"])

    made.model = made.model.clone()
    made.model.set_model_unet_function_wrapper(record)
    made.settings = SampleSettings(steps=1, denoise=1.0, cfg=1.0, batch_size=batch_size)
    image, regions = grid_image(3), grid_regions(grid_objects(3))
    done = detail(image, regions, made, Seeds(3))
    assert done.report.counts("inpainted") == [3], done.report.notes
    own = [
        made.model.model.process_latent_in(made.encode(image[:, rows, columns]))
        for rows, columns in (region.window.slices for region in regions.refitted(made.sizes).items)
    ]
    assert torch.allclose(torch.cat(given), torch.cat(own), atol=1e-4)
    assert len(given) == (3 if batch_size == 1 else 1)
    assert torch.cat(own).std(0).mean() > 0.05, "the crops differ"
