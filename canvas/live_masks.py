"""A snapshot under other widget values: the node's own steps again, on what it found in its last run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from PIL import Image

from ..detailer.box import Box
from ..detailer.region import Regions, make_regions
from ..detailer.report import placed_json
from ..detailer.selection import Considered, considered, select, union_mask
from ..detailer.settings import FitSettings, MaskSettings
from ..nodes.regions import combined_alpha
from ..nodes.widgets import Options
from .recorder import HEX_COLORS, shrinking
from .snapshots import Snapshot

MASK_SIDE = 512
MAX_PIXELS = 2**24
NEEDS_A_RUN = ("detector", "scan")
"""Inputs whose effect only a new run can show."""


def preview(snapshot: Snapshot, index: int, widgets: Mapping[str, Any]) -> dict[str, Any]:
    """Every object of the snapshot's image `index` with its fate, and the mask, under these widget values.

    Values that are not given are those of the run. ValueError with a sentence where the node itself would refuse.
    """
    if not 0 <= index < len(snapshot.detections.images):
        raise ValueError(f"There is no image {index}: the batch has {len(snapshot.detections.images)}, counted from 0.")
    options = Options(snapshot.node, {**snapshot.widgets, **_checked_widgets(snapshot.node, widgets)})
    found = snapshot.detections.with_images([snapshot.detections.images[index]])
    inside = None if snapshot.inside is None else snapshot.inside[[index % len(snapshot.inside)]]
    [candidates] = considered(found, options.selection(), inside)
    selected = select(found, options.selection(), inside)
    if "mask_dilation" in options.values:
        _affordable(selected.width * selected.height * options["upscale"] ** 2)
        regions = make_regions(
            selected, options.settings(MaskSettings), options.settings(FitSettings), options["upscale"]
        )
        regions = regions if snapshot.model is None else regions.refitted(snapshot.model)
        if "object_prompts" in options.values:
            regions = options.prompts(regions.detections).applied_to(regions)
        [mask], plane = combined_alpha(regions), regions.image
    else:
        regions, plane = None, Box.of_size(selected.width, selected.height)
        mask = union_mask(selected.images[0], plane)
    return {
        "width": plane.width,
        "height": plane.height,
        "objects": _objects(candidates, options, regions, plane.width / found.width),
        "mask": _as_png(mask),
        "notes": [*(regions.detections if regions else selected).notes, *_notes(snapshot, options)],
    }


def _checked_widgets(node: type[io.ComfyNode], widgets: Mapping[str, Any]) -> dict[str, Any]:
    """The given widget values that the node has; ValueError names one of the wrong type or out of its range."""
    known = {item.id: item for item in node.define_schema().inputs}
    return {name: _checked(known[name], value) for name, value in widgets.items() if name in known}


def _checked(item: io.Input, value: Any) -> Any:
    match item:
        case io.Boolean.Input():
            right = isinstance(value, bool)
        case io.Int.Input() | io.Float.Input():
            numbers = int if isinstance(item, io.Int.Input) else (int, float)
            right = isinstance(value, numbers) and not isinstance(value, bool)
            right = right and (item.min is None or value >= item.min) and (item.max is None or value <= item.max)
        case io.Combo.Input():
            right = value in item.options
        case io.String.Input():
            right = isinstance(value, str)
        case _:
            right = False
    if not right:
        raise ValueError(f"{item.id} cannot be {value!r}: use a value that its widget allows.")
    return value


def _affordable(pixels: float) -> None:
    if pixels > MAX_PIXELS:
        raise ValueError(f"{pixels / 2**20:.0f} megapixels are too many for a live mask: run the graph to see it.")


def _objects(
    candidates: list[Considered], options: Options, regions: Regions | None, scale: float
) -> list[dict[str, Any]]:
    by_rank = {member.index: region for region in (regions.items if regions else ()) for member in region.members}
    dropped = {detection.index: reason for _, detection, reason in (regions.dropped if regions else ())}
    prompts = options.prompts(regions.detections) if regions and "object_prompts" in options.values else None
    objects = []
    for detection, reason in candidates:
        region = by_rank.get(detection.index) if reason is None else None
        reason = reason or dropped.get(detection.index)
        own = prompts.for_object(0, region.members[0]).text if prompts and region else None
        objects.append(
            placed_json(detection if scale == 1 else replace(detection, mask=None).scaled(scale, scale), region)
            | {
                "place": detection.number,
                "color": HEX_COLORS[(detection.number or 0) % len(HEX_COLORS)],
                "selected": reason is None,
                "reason": reason,
                "prompt": own or None,
            }
        )
    return objects


def _as_png(mask: torch.Tensor) -> str:
    """A mask [H, W] as the alpha of a black picture of at most MASK_SIDE px, as a data URL."""
    shrink = shrinking(mask.shape[0], mask.shape[1], MASK_SIDE)
    if shrink > 1:
        mask = F.avg_pool2d(mask[None], shrink, ceil_mode=True)[0]
    alpha = Image.fromarray((mask * 255).round().to(torch.uint8).numpy())
    buffer = BytesIO()
    Image.merge("LA", (Image.new("L", alpha.size), alpha)).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode()


def _notes(snapshot: Snapshot, options: Options) -> list[str]:
    """What a preview cannot know without a new run."""
    notes = [
        f"{name} has changed: run the graph to look again."
        for name in NEEDS_A_RUN
        if name in options.values and options[name] != snapshot.widgets.get(name, options[name])
    ]
    if options.values.get("upright") and not snapshot.widgets.get("upright"):
        notes.append("upright: run the graph to see how far each object is turned.")
    if "confidence" in options.values and not notes:
        found = snapshot.detections
        wanted, applied = found.threshold.at(options["confidence"]).applied, found.threshold.applied
        if wanted < applied:
            notes.append(f"Objects with a score below {applied:.2f} show after the next run.")
        elif wanted > applied and not found.nested:
            notes.append("With this confidence, boxes may come out a few pixels elsewhere in the next run.")
    return notes
