"""Any detector on overlapping tiles as well as on the whole image, for objects too small to be found in all of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch

from ..detailer.box import Box
from ..detailer.detection import Detection
from .detector import Detector

Scan = Literal["off", "auto", "2", "3", "turned"]
SCANS: tuple[Scan, ...] = get_args(Scan)

SMALLEST_PX = 24  # auto: looks for objects down to this size,
SLACK = 1.25  # but makes no tiles in an image that is hardly longer than the finest of them,
ONLY_LARGE = 1 / 4  # nor where all that the first look finds are longer than this share of the image
COARSER = 2  # at most: side of the image over that of the coarsest tiles, and of those over the next finer, ...
OVERLAP = 0.25  # of neighbouring tiles, in their long sides: a shorter object lies whole in one of them
CUT = 1 / 32  # in long sides: an object nearer than this to an inner edge may go on beyond it
CLOSER = 0.6  # side of the second look over that of the tile
SAME_OBJECT = 0.6  # share of the smaller box that lies inside the larger
TILES_AT_A_TIME = 16


class Steps(NamedTuple):
    """Tiles along one axis, in pixels: where each starts, and how long all of them are."""

    starts: range
    length: int


class Grid(NamedTuple):
    columns: Steps
    rows: Steps


@dataclass(frozen=True, eq=False)
class Hit:
    """A detection in the image's coordinates, and where it was made: the whole image or one of its tiles.

    `turns`: by how many quarters that was turned left.
    """

    detection: Detection
    view: Box
    turns: int = 0


@dataclass(frozen=True)
class Scanner:
    """A detector that looks at tiles too. `reach` is that of its entry."""

    detector: Detector
    scan: Scan
    reach: float

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """Those of the detector; tiles need no others."""
        return self.detector.networks

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Detections of [B, H, W, 3] images in image pixels, each object once, best first."""
        height, width = images.shape[1:3]
        found = self.detector.detect(images, confidence)
        layout = grids(width, height, self.scan, self.reach)
        if not layout:
            return found
        plane = Box.of_size(width, height)
        return [
            whole
            if self.scan == "auto" and _only_large(whole, plane)
            else self._joined(image, whole, layout, confidence)
            for image, whole in zip(images, found, strict=True)
        ]

    def _joined(
        self, image: torch.Tensor, whole: Sequence[Detection], layout: Sequence[Grid], confidence: float
    ) -> list[Detection]:
        """What was found in the `whole` of an [H, W, 3] image, and what its tiles show."""
        plane, boxes = Box.of_size(image.shape[1], image.shape[0]), _boxes_of(whole)
        hits = [Hit(detection, plane) for detection in whole]
        hits += [hit for grid in layout for hit in self._tiles(image, grid, confidence)]

        def lasts(hit: Hit) -> bool:
            same = _shared(_boxes_of([hit.detection])[0], boxes) > SAME_OBJECT
            again = any(whole[i].label == hit.detection.label for i in same.nonzero()[:, 0].tolist())
            return again or self._lasts(image, hit, confidence)

        return joined(hits, lasts)

    def _tiles(self, image: torch.Tensor, grid: Grid, confidence: float) -> Iterator[Hit]:
        """What lies whole in one of the tiles of an [H, W, 3] image."""
        plane = Box.of_size(image.shape[1], image.shape[0])
        (lefts, width), (tops, height) = grid
        for top in tops:
            # A row of tiles is a view of the image, [columns, height, width, 3]: nothing is copied.
            row = image[top : top + height].unfold(1, width, lefts.step).permute(1, 0, 3, 2)
            found = [tile for part in row.split(TILES_AT_A_TIME) for tile in self.detector.detect(part, confidence)]
            for left, detections in zip(lefts, found, strict=True):
                tile = Box(left, top, left + width, top + height)
                inside = _uncut(tile, plane)
                moved = [detection.shifted(left, top) for detection in detections]
                yield from (Hit(detection, tile) for detection in moved if inside.contains(detection.box))

    def _lasts(self, image: torch.Tensor, hit: Hit, confidence: float) -> bool:
        """Whether the detector finds the object again when it looks closer.

        A hundred tiles give a hundred chances for a false alarm; few of those outlast another framing.
        """
        box, tile = hit.detection.box, hit.view
        sides = (max(round(CLOSER * whole), 2 * part) for whole, part in zip(tile.size, box.size, strict=True))
        window = box.grown_to(*sides).slid_inside(image.shape[1], image.shape[0])
        [again] = self.detector.detect(image[window.slices][None], confidence)
        boxes = _boxes_of(detection for detection in again if detection.label == hit.detection.label)
        mine = torch.tensor(box.relative_to(window), dtype=boxes.dtype)
        return bool((_shared(mine, boxes) > SAME_OBJECT).any())


def _only_large(found: Sequence[Detection], plane: Box) -> bool:
    """Whether there are objects, and none so small that there may be smaller ones."""
    longest = max(plane.size)
    return bool(found) and all(max(detection.box.size) >= ONLY_LARGE * longest for detection in found)


def grids(width: int, height: int, scan: Scan, reach: float) -> list[Grid]:
    """The tiles of a `width` x `height` image, coarse ones first; none if the whole image is enough."""
    if scan == "off":
        return []
    longest = max(width, height)
    if scan != "auto":
        count = int(scan)
        overlap = OVERLAP * longest / (count - (count - 1) * OVERLAP)
        return [Grid(*(steps_of_count(length, count, overlap) for length in (width, height)))]
    finest = SMALLEST_PX / reach
    if longest <= SLACK * finest:
        return []
    levels = math.ceil(math.log(longest / finest, COARSER))
    sides = [longest * (finest / longest) ** (level / levels) for level in range(1, levels + 1)]
    return [Grid(*(steps_of_side(length, side) for length in (width, height))) for side in sides]


def steps_of_side(length: int, side: float) -> Steps:
    """Tiles of about `side`, as few as reach over `length`."""
    overlap = OVERLAP * side
    return steps_of_count(length, max(math.ceil((length - overlap) / (side - overlap)), 1), overlap)


def steps_of_count(length: int, count: int, overlap: float) -> Steps:
    """`count` tiles that share at least `overlap` pixels with the next one; a single one where there is no room."""
    step = math.floor((length - overlap) / count)
    if count == 1 or step < 1:
        return Steps(range(0, length, length), length)
    return Steps(range(0, count * step, step), length - (count - 1) * step)


def _uncut(tile: Box, plane: Box) -> Box:
    """Where an object has to lie so that no inner edge of the tile cuts it; the image's own edges may."""
    margin = math.ceil(CUT * max(tile.width, tile.height))
    inside = tile.padded(-margin)
    return Box(
        *(inner if outer != edge else edge for inner, outer, edge in zip(inside, tile, plane, strict=True)),
    )


def joined(hits: Iterable[Hit], lasts: Callable[[Hit], bool]) -> list[Detection]:
    """Each object once, best first, by the surest of its hits that lasts.

    Hits in one and the same view do not displace each other: how far objects may overlap, the detector decides.
    """
    ranked = sorted(hits, key=lambda hit: -hit.detection.score)
    boxes = _boxes_of(hit.detection for hit in ranked)
    places = _numbers((hit.view, hit.turns) for hit in ranked)
    labels = _numbers(hit.detection.label for hit in ranked)
    standing = torch.ones(len(ranked), dtype=torch.bool)
    objects = []
    for i, hit in enumerate(ranked):
        if standing[i] and lasts(hit):
            objects.append(hit.detection)
            standing &= (_shared(boxes[i], boxes) <= SAME_OBJECT) | (places == places[i]) | (labels != labels[i])
    return objects


def _boxes_of(detections: Iterable[Detection]) -> torch.Tensor:
    """[N, 4]"""
    return torch.tensor([detection.box for detection in detections], dtype=torch.float64).reshape(-1, 4)


def _numbers(values: Iterable[Hashable]) -> torch.Tensor:
    """[N], equal where the values are."""
    known: dict[Hashable, int] = {}
    return torch.tensor([known.setdefault(value, len(known)) for value in values])


def _shared(box: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """[N] areas of the intersection over the smaller of the two, of one [4] box and [N, 4] boxes.

    Not the intersection over union: a part of an object taken for a whole one has to go too.
    """
    common = (torch.minimum(box[2:], boxes[:, 2:]) - torch.maximum(box[:2], boxes[:, :2])).clamp(min=0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return common / areas.clamp(max=float((box[2:] - box[:2]).prod()))
