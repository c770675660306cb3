"""Before and after side by side, for apps that show the node."""

import numpy as np
import torch
from afterdetail.canvas import side_by_side
from PIL import Image


def queued(*outputs):
    return (0, "a prompt", {}, {"extra_pnginfo": {"workflow": {"extra": {"linearData": {"outputs": outputs}}}}}, [])


def test_only_an_app_that_shows_the_node_gets_the_pictures():
    assert side_by_side.is_shown([queued("6", "5")], "5") and side_by_side.is_shown([queued(5)], "5")
    assert not side_by_side.is_shown([queued("6")], "5") and not side_by_side.is_shown([], "5")
    for extra in ({}, {"extra_pnginfo": None}, {"extra_pnginfo": {"workflow": {"extra": {}}}}):
        assert not side_by_side.is_shown([(0, "sent without a page", {}, extra, [])], "5")


def test_each_pair_becomes_one_picture(tmp_path):
    folder = tmp_path / "temp"
    before, after = torch.zeros(2, 4, 3, 3, dtype=torch.uint8), torch.full((2, 4, 3, 3), 200, dtype=torch.uint8)
    told = side_by_side.side_by_side(folder, "run", list(before), list(after))[side_by_side.KEY]
    assert [entry["type"] for entry in told] == ["temp", "temp"]
    for entry in told:
        pixels = np.asarray(Image.open(folder / entry["filename"]))
        assert pixels.shape == (4, 3 + side_by_side.GAP + 3, 3)
        assert (pixels[:, :3] == 0).all() and (pixels[:, 3:-3] == 255).all() and (pixels[:, -3:] == 200).all()
