"""MASK batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import ndimage

from ...detailer.box import Box
from ...detailer.detection import Detection, Detections, Extent
from ...detailer.mask import MaskPatch, dilate
from ...detailer.settings import MaskSettings
from ..image_checks import sized_mask

LABEL = "mask"
ANY_NEIGHBOUR = np.ones((3, 3))  # so that a slanted line one pixel wide is one object
JOIN_REACH = MaskSettings().mask_dilation
"""Areas with a gap below this many pixels are one: the default dilation would join them anyway."""
NOISE = 5 / 255
"""What JPEG leaves of black: no object's pixel."""
SOFT_EDGE = 32
"""So many pixels around an area belong to it as its soft edge, where they rise above the noise without a gap."""
MANY_OBJECTS = 64
CELL = 32
"""Pixels; more than JOIN_REACH, so that areas in cells that do not touch are never joined."""


class MaskCut(NamedTuple):
    """How a mask falls into objects.

    `threshold`: the share of the mask's highest value above which a pixel is an object's; 0: every pixel above 0 is.
    `min_area`: objects of fewer pixels are left out. `split`: each connected area is one; else the mask is one.
    """

    split: bool = True
    threshold: float = 0.5
    min_area: int = 8


def from_masks(mask: torch.Tensor, cut: MaskCut, image: torch.Tensor | None = None) -> Detections:
    """The objects of a MASK batch. Scores are 1, soft values are kept.

    Without `image` each mask is that of an image of its own. Areas come top to bottom, whole masks as in the batch.
    """
    mask = mask.reshape(-1, *mask.shape[-2:])
    if not bool(mask.sum(dtype=torch.float32).isfinite()):
        raise ValueError("The mask holds NaN or Inf values: check the node it comes from.")
    count, height, width = mask.shape if image is None else image.shape[:3]
    planes = mask if image is None else sized_mask(mask, image)
    areas = [_areas_of(_in_range(plane.float().cpu()), cut) for plane in planes]
    objects = [[_object_of(area) for area in found] for found, _ in areas]
    found = Detections(width, height, tuple(map(tuple, _per_image(objects, count))), LABEL).numbered()
    return found.noting(*_mask_notes([len(found) for found in objects], sum(specks for _, specks in areas), cut))


def _mask_notes(counts: list[int], specks: int, cut: MaskCut) -> list[str]:
    """What the user should know of masks that gave so many objects each, and of what was too small for one."""
    notes = []
    if specks:
        notes.append(f"Areas of the mask with fewer than min_area {cut.min_area} pixels were left out: {specks}.")
    elif not any(counts):
        notes.append("Nothing is painted in the mask, so there are no objects.")
    for place, count in enumerate(counts):
        if count > MANY_OBJECTS:
            name = f"Mask {place}" if len(counts) > 1 else "The mask"
            notes.append(
                f"{name} gives {count} objects: if that is more than you painted, raise threshold or min_area, or turn "
                "split off."
            )
    return notes


def _per_image(objects: list[list[Detection]], count: int) -> list[list[Detection]]:
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


def _in_range(plane: torch.Tensor) -> torch.Tensor:
    """The plane with its values in 0..1; no copy where they are."""
    low, high = plane.aminmax()
    return plane if low >= 0 and high <= 1 else plane.clamp(0, 1)


def _areas_of(plane: torch.Tensor, cut: MaskCut) -> tuple[list[MaskPatch], int]:
    """The objects of a [H, W] mask, top to bottom, then left to right; and how many were too small."""
    bound = cut.threshold * float(plane.max()) if plane.numel() else 0
    core = plane > (max(bound, NOISE) if cut.threshold > 0 else 0)
    labels, boxes = labelled(core.numpy()) if cut.split else _whole(core.numpy())
    areas, specks = [], 0
    for number, box in enumerate(boxes, 1):
        if np.count_nonzero(labels[box.slices] == number) < cut.min_area:
            specks += 1
        else:
            areas.append(_with_soft_edge(plane, labels, number, box))
    return sorted(areas, key=lambda area: (area.box.y0, area.box.x0)), specks


def _whole(core: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """int32 [H, W]: 1 in all of a bool [H, W]; and the box of that, if there is any."""
    labels = core.astype(np.int32)
    return labels, [_box_of(*found) for found in ndimage.find_objects(labels)]


def labelled(core: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """int32 [H, W]: the pixels of each connected area of a bool [H, W] numbered from 1; and the box of each area.

    Near areas are joined. Only where there are any is looked at closely, and the rest is not even written.
    """
    labels, boxes = np.zeros(core.shape, np.int32), list[Box]()
    for box, mine in _clusters(core):
        canvas = Box.of_size(box.width, box.height)
        own = core[box.slices] & mine
        joined = dilate(MaskPatch(canvas, torch.from_numpy(own).float()), canvas, JOIN_REACH).values.numpy() > 0
        numbers = _connected(joined) * own
        labels[box.slices] += np.where(own, numbers + len(boxes), 0)
        boxes += [_box_of(*found).shifted(box.x0, box.y0) for found in ndimage.find_objects(numbers)]
    return labels, boxes


def _clusters(core: np.ndarray) -> Iterator[tuple[Box, np.ndarray]]:
    """Where a bool [H, W] is true, in parts more than JOIN_REACH apart: a box, and which of its pixels are the part's.

    Parts are cells of CELL pixels that touch, so that one pass over the plane is enough to find them.
    """
    height, width = core.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    filled_up = np.pad(core, ((0, rows * CELL - height), (0, columns * CELL - width)))
    cells = np.any(filled_up.reshape(rows, CELL, -1).any(1).reshape(rows, columns, CELL), 2)
    numbers = _connected(cells)
    for number, found in enumerate(ndimage.find_objects(numbers), 1):
        box = Box(*(CELL * side for side in _box_of(*found))).intersection(Box.of_size(width, height))
        mine = np.kron(numbers[found] == number, np.ones((CELL, CELL), bool))
        yield box, mine[: box.height, : box.width]


def _connected(where: np.ndarray) -> np.ndarray:
    """int32 [H, W]: the true pixels of each connected area of a bool [H, W] numbered from 1."""
    numbers = np.zeros(where.shape, np.int32)
    ndimage.label(where, ANY_NEIGHBOUR, output=numbers)
    return numbers


def _box_of(rows: slice, columns: slice) -> Box:
    """From the slices that scipy gives."""
    return Box(columns.start, rows.start, columns.stop, rows.stop)


def _with_soft_edge(plane: torch.Tensor, labels: np.ndarray, number: int, box: Box) -> MaskPatch:
    """The area `number` in `box` with the soft edge around it, as far as no other area is nearer."""
    around = box.padded(SOFT_EDGE).intersection(Box.of_size(plane.shape[1], plane.shape[0]))
    near, values = labels[around.slices], plane[around.slices]
    edge = (values > plane.min() + NOISE).numpy() & (_nearest_label(near) == number)
    soft = ndimage.binary_propagation(near == number, ANY_NEIGHBOUR, mask=edge | (near == number))
    area = MaskPatch(around, values * torch.from_numpy(soft)).trimmed()
    assert area is not None, "an area has pixels"
    return area


def _nearest_label(labels: np.ndarray) -> np.ndarray:
    """For every pixel of [H, W] labels the nearest one that is not 0."""
    present = np.unique(labels[labels > 0])
    if len(present) == 1:
        return np.broadcast_to(present, labels.shape)
    places: Any = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    return labels[tuple(places)]


def _object_of(area: MaskPatch) -> Detection:
    """An area as an object of score 1."""
    return Detection(area.box, 1.0, LABEL, Extent(*map(float, area.box)), unless_full(area))


def unless_full(mask: MaskPatch) -> MaskPatch | None:
    """None, which stands for the whole box and is cheaper, where a mask fills its box."""
    return None if bool((mask.values == 1).all()) else mask
