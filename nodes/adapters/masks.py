"""MASK batches."""

from __future__ import annotations

from itertools import chain

import numpy as np
import torch
from scipy import ndimage

from ...detailer.box import Box
from ...detailer.detection import Detection, Detections, Extent
from ...detailer.mask import MaskPatch
from ..images import sized_mask

LABEL = "mask"
DIAGONALS_JOIN = np.ones((3, 3))  # so that a slanted line one pixel wide is one object


def from_masks(mask: torch.Tensor, split: bool, image: torch.Tensor | None = None) -> Detections:
    """The areas of each mask (`split`), or each mask as a whole, as objects. Scores are 1, soft values are kept.

    Without `image` each mask is that of an image of its own. Areas come top to bottom, whole masks as in the batch.
    """
    mask = mask.reshape(-1, *mask.shape[-2:])
    if not bool(mask.sum(dtype=torch.float32).isfinite()):
        raise ValueError("The mask holds NaN or Inf values: check the node it comes from.")
    count, height, width = mask.shape if image is None else image.shape[:3]
    sized = mask if image is None else sized_mask(mask, image)
    planes = [] if sized is None else sized.float().cpu().clamp(0, 1)
    found = [connected_areas(plane) if split else whole_area(plane) for plane in planes]
    objects = [[object_of(area) for area in areas] for areas in found]
    return Detections(width, height, tuple(map(tuple, per_image(objects, count))), "mask").numbered()


def per_image(objects: list[list[Detection]], count: int) -> list[list[Detection]]:
    """Each mask's objects assigned to the images they belong to."""
    if len(objects) == count:
        return objects
    if len(objects) <= 1:
        return [list(chain(*objects))] * count
    if count == 1:
        return [list(chain(*objects))]
    raise ValueError(
        f"There are {len(objects)} masks for {count} images: give one mask, one mask per image, or a single image."
    )


def connected_areas(plane: torch.Tensor) -> list[MaskPatch]:
    """The connected areas of a [H, W] mask, top to bottom, then left to right.

    All pixels above 0 belong to one: with any higher bound the soft edges, and faint areas as a whole, would be lost.
    """
    labels = np.zeros(plane.shape, np.int32)
    ndimage.label(plane.numpy() > 0, DIAGONALS_JOIN, output=labels)
    areas = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        own = torch.from_numpy(labels[rows, columns] == number)
        box = Box(columns.start, rows.start, columns.stop, rows.stop)
        areas.append(MaskPatch(box, plane[box.slices] * own))
    return sorted(areas, key=lambda area: (area.box.y0, area.box.x0))


def whole_area(plane: torch.Tensor) -> list[MaskPatch]:
    """The [H, W] mask cut to what is above 0; none if nothing is."""
    area = MaskPatch(Box.of_size(plane.shape[1], plane.shape[0]), plane).trimmed()
    return [] if area is None else [MaskPatch(area.box, area.values.clone())]


def object_of(area: MaskPatch) -> Detection:
    return Detection(area.box, 1.0, LABEL, Extent(*map(float, area.box)), unless_full(area.values))


def unless_full(values: torch.Tensor) -> torch.Tensor | None:
    """None, which stands for the whole box and is cheaper, where a mask fills its box."""
    return None if bool((values == 1).all()) else values
