"""What graphs of version 0.1 rely on: the same widgets give the same masks, windows, sizes and seeds for ever.

The file holds what version 0.1.0 gave. Pixels are not in it: they differ in the last bit from one CPU to another.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import ModelSizes, likely_family
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings

FILE = Path(__file__).parents[2] / "fixtures" / "golden_regions.json"
SIZES = ((512, 512), (1024, 768), (4096, 2160))
MASKS: tuple[dict[str, Any], ...] = (
    {},
    {"mask_dilation": 0, "mask_blur": 0, "mask_padding": 0},
    {"mask_dilation": 21, "mask_blur": 9, "mask_padding": 90},
    {"mask_dilation": -5, "mask_blur": 3},
    {"x_offset": 13, "y_offset": -7},
    {"union_masks": True},
    {"invert": True, "mask_blur": 0},
)
FITS: tuple[dict[str, str], ...] = (
    {},
    {"base_model": "sd15"},
    {"base_model": "sdxl"},
    {"resolution": "square", "base_model": "sd15"},
    {"resolution": "off", "base_model": "sd15"},
    {"resolution": "832x1216", "base_model": "sdxl"},
)
CASES = [(0, mask, 0) for mask in range(len(MASKS))] + [(size, 0, fit) for size in range(3) for fit in range(len(FITS))]


def found(width: int, height: int) -> Detections:
    """A box, one at the image's edge, one with a round mask."""
    boxes = [Box(w * width // 100, h * height // 100, x * width // 100, y * height // 100) for w, h, x, y in SHARES]
    masks = [None, None, round_mask(boxes[2])]
    objects = [
        Detection(box, 0.9 - place / 10, "face", Extent(*map(float, box)), mask, index=place, number=place)
        for place, (box, mask) in enumerate(zip(boxes, masks, strict=True))
    ]
    return Detections(width, height, (tuple(objects),))


SHARES = ((20, 20, 41, 52), (0, 60, 12, 83), (55, 30, 80, 70))


def round_mask(box: Box) -> MaskPatch:
    rows = torch.linspace(-1, 1, box.height)[:, None]
    return MaskPatch(box, ((rows**2 + torch.linspace(-1, 1, box.width) ** 2) <= 1).float())


def regions(case: tuple[int, int, int]) -> list[dict[str, Any]]:
    size, mask, fit = case
    fitting = FitSettings(**FITS[fit])
    model = ModelSizes(fitting.family or likely_family(Size(*SIZES[size])), 8)  # of SD1.5 and SDXL
    made = make_regions(found(*SIZES[size]), MaskSettings(**MASKS[mask]), fitting).refitted(model)
    return [
        {
            "window": list(region.window),
            "alpha": list(region.alpha.box),
            "sum": round(float(region.alpha.values.double().sum()), 1),
            "sampled_at": list(region.sampled_at),
            "seed": Seeds(7).of(None, region.image_index, region.members[0].index),
        }
        for region in made.items
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same_widgets_give_the_same_regions(case):
    golden = json.loads(FILE.read_text(encoding="utf-8"))[str(case)]
    made = regions(case)
    assert [{**region, "sum": 0} for region in made] == [{**region, "sum": 0} for region in golden]
    assert [region["sum"] for region in made] == pytest.approx([region["sum"] for region in golden], rel=1e-4)
