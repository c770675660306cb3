"""Which reference latents an object's prompt keeps, and where its own crop goes."""

import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.conditioning import cropped
from afterdetail.detailer.reference import KEY, with_crop, with_references
from afterdetail.detailer.view import View
from rig.scenes import grid_objects, grid_regions

REGION = grid_regions(grid_objects(2)).items[0]
VIEW = View(REGION, Box(0, 0, 192, 96), 8)
THIS, OTHER = torch.zeros(1, 16, 12, 24), torch.zeros(1, 16, 30, 30)
CROP = torch.ones(1, 16, 8, 8)


@pytest.mark.parametrize(
    ("choice", "crop", "shapes"),
    [
        ("as wired", None, [(8, 8), (30, 30)]),
        ("none", None, []),
        ("crop", CROP, [(8, 8), (30, 30)]),
    ],
)
def test_references(choice, crop, shapes):
    wired = [[torch.zeros(1, 4, 8), {KEY: [THIS, OTHER], "guidance": 3.5}]]
    ((_, options),) = with_crop(cropped(with_references(wired, choice, VIEW), VIEW), crop)
    assert [tuple(latent.shape[-2:]) for latent in options.get(KEY, ())] == shapes
    assert options["guidance"] == 3.5 and wired[0][1][KEY] == [THIS, OTHER]
    if crop is not None:
        assert options[KEY][0] is crop, "its own crop, and not the cut of the whole picture"


def test_a_prompt_without_references_gets_the_crop():
    ((_, options),) = with_crop(with_references([[torch.zeros(1, 4, 8), {}]], "crop", VIEW), CROP)
    assert options[KEY] == [CROP]
