from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detectors import registry
from afterdetail.detectors.scan import CUT, OVERLAP, Hit, Scanner, grids, joined, steps_of_count, steps_of_side
from rig import by_eye
from rig.crowd import counted, crowd

FULL = 1 / 10


@dataclass
class Squares:
    """Finds white squares that are a tenth of the picture's long side or larger, in as many classes as greys."""

    networks: Sequence[torch.nn.Module] = ()
    with_masks: bool = False
    batches: list[tuple[int, ...]] = field(default_factory=list)

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        self.batches.append(tuple(images.shape))
        return [self.squares(image) for image in images]

    def squares(self, image: torch.Tensor) -> list[Detection]:
        height, width, _ = image.shape
        found = []
        for grey in image.unique():
            if grey == 0:
                continue
            rows, columns = (image[..., 0] == grey).nonzero().T
            box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
            if max(box.width, box.height) >= FULL * max(height, width):
                mask = MaskPatch(box, torch.full((box.height, box.width), float(grey))) if self.with_masks else None
                found.append(Detection(box, float(grey), "square", Extent(*map(float, box)), mask))
        return sorted(found, key=lambda detection: -detection.score)


def picture(width: int, height: int, boxes: Sequence[Box]) -> torch.Tensor:
    """[1, H, W, 3]; every square of its own grey, the first the lightest."""
    image = torch.zeros(1, height, width, 3)
    for i, box in enumerate(boxes):
        image[(0, *box.slices)] = 1 - i / 100
    return image


def square(x: int, y: int, side: int) -> Box:
    return Box(x, y, x + side, y + side)


def hit(x: int, y: int, side: int, score: float, tile: int, label: str = "face") -> Hit:
    box = square(x, y, side)
    return Hit(Detection(box, score, label, Extent(*map(float, box))), square(tile, 0, 1000))


def lasting(hit: Hit) -> bool:
    return True


@pytest.mark.parametrize(
    ("length", "count", "overlap", "starts", "tile"),
    [
        (1000, 1, 250, [0], 1000),
        (1000, 2, 100, [0, 450], 550),
        (1024, 3, 100.5, [0, 307, 614], 410),
        (600, 2, 286, [0, 157], 443),
        (7, 2, 1, [0, 3], 4),
        (300, 2, 299.5, [0], 300),
        (2, 3, 1, [0], 2),
    ],
)
def test_steps_of_count(length, count, overlap, starts, tile):
    steps = steps_of_count(length, count, overlap)
    assert (list(steps.starts), steps.length) == (starts, tile)


@pytest.mark.parametrize("length", [1, 30, 512, 513, 768, 2000, 4097])
@pytest.mark.parametrize("side", [33.3, 400, 512])
def test_steps_of_side_reach_over_the_length_and_overlap(length, side):
    starts, tile = steps_of_side(length, side)
    assert starts[0] == 0 and starts[-1] + tile == length
    assert tile <= side + len(starts)
    assert len(starts) == 1 or tile - starts.step >= OVERLAP * side


@pytest.mark.parametrize(
    ("size", "scan", "reach", "layout"),
    [
        ((4096, 4096), "off", FULL, []),
        ((512, 512), "2", FULL, [(2, 293, 2, 293)]),
        ((1200, 600), "3", FULL, [(3, 480, 3, 280)]),
        ((300, 300), "auto", FULL, []),
        ((512, 512), "auto", FULL, [(2, 300, 2, 300), (3, 212, 3, 212)]),
        ((1536, 640), "auto", FULL, [(3, 650, 1, 640), (5, 400, 2, 376), (9, 224, 4, 205)]),
        (
            (4096, 4096),
            "auto",
            FULL,
            [(3, 1754, 3, 1754), (4, 1273, 4, 1273), (7, 748, 7, 748), (13, 424, 13, 424), (23, 246, 23, 246)],
        ),
        ((960, 960), "auto", 1 / 32, []),
        ((2048, 2048), "auto", 1 / 32, [(2, 1181, 2, 1181), (4, 656, 4, 656)]),
    ],
)
def test_grids(size, scan, reach, layout):
    width, height = size
    found = [(len(c.starts), c.length, len(r.starts), r.length) for c, r in grids(width, height, scan, reach)]
    assert found == layout


def test_auto_leaves_no_size_out():
    """What is too long for the overlap of one level's tiles is in reach of the next coarser ones."""
    for side in (1281, 1500, 2048, 3000, 4096, 8192):
        seen = side
        for columns, _ in grids(side, side, "auto", FULL):
            whole = columns.length - columns.starts.step - 2 * CUT * columns.length
            assert whole >= 0.9 * FULL * seen
            seen = columns.length


def test_images_with_nothing_but_large_objects_are_looked_at_once():
    detector, large = Squares(), [square(100, 100, 300), square(500, 500, 256)]
    [found] = Scanner(detector, "auto", FULL).detect(picture(1024, 1024, large), 0.5)
    assert len(found) == 2 and detector.batches == [(1, 1024, 1024, 3)]


def test_the_smallest_objects_are_looked_for_beside_small_ones_and_where_there_are_none():
    small, tiny = square(700, 700, 200), square(30, 40, 24)
    images = torch.cat([picture(1024, 1024, [small, tiny]), picture(1024, 1024, [tiny])])
    found = Scanner(Squares(), "auto", FULL).detect(images, 0.5)
    assert [[d.box for d in image] for image in found] == [[small, tiny], [tiny]]


@pytest.mark.parametrize("scan", ["auto", "2", "3"])
def test_squares_of_all_sizes_are_found_once_at_their_places(scan):
    small = [square(x, y, 90) for x, y in ((0, 0), (370, 20), (1440, 300), (700, 611), (1110, 610))]
    boxes = [square(700, 100, 300), square(20, 350, 260), *small]
    detector = Squares(with_masks=True)
    [found] = Scanner(detector, scan, FULL).detect(picture(1530, 701, boxes), 0.5)
    assert [d.box for d in found] == boxes  # best first
    for i, d in enumerate(found):
        assert d.extent.rounded() == d.box and d.score == pytest.approx(1 - i / 100)
        assert d.mask is not None and d.mask.values.shape == (d.box.height, d.box.width)


def test_without_scan_the_small_ones_are_missed():
    image = picture(1530, 701, [square(20, 350, 260), square(370, 20, 90)])
    assert [len(Scanner(Squares(), scan, FULL).detect(image, 0.5)[0]) for scan in ("off", "2")] == [1, 2]


def test_an_object_that_every_tile_cuts_is_found_in_the_whole_only():
    box = square(300, 300, 400)
    [[found]] = Scanner(Squares(), "2", FULL).detect(picture(1000, 1000, [box]), 0.5)
    assert found.box == box


def test_every_image_of_a_batch_is_scanned_for_itself():
    boxes = [square(10, 10, 40), square(900, 900, 40)]
    images = torch.cat([picture(1000, 1000, boxes[:1]), torch.zeros(1, 1000, 1000, 3), picture(1000, 1000, boxes[1:])])
    found = Scanner(Squares(), "3", FULL).detect(images, 0.5)
    assert [[d.box for d in image] for image in found] == [boxes[:1], [], boxes[1:]]


def test_few_tiles_at_a_time():
    detector = Squares()
    Scanner(detector, "auto", FULL).detect(torch.zeros(1, 64, 9000, 3), 0.5)
    assert max(batch[0] for batch in detector.batches) == 16
    assert sum(batch[0] for batch in detector.batches) > 40


def test_the_better_sighting_of_an_object_is_kept():
    found = joined([hit(10, 10, 100, 0.7, tile=1), hit(14, 8, 100, 0.9, tile=2)], lasting)
    assert [d.score for d in found] == [0.9]


def test_a_part_of_an_object_is_not_another_one():
    found = joined([hit(0, 0, 400, 0.9, tile=1), hit(200, 100, 80, 0.8, tile=2)], lasting)
    assert [d.score for d in found] == [0.9]


def test_neighbours_and_other_classes_stay():
    seen = [
        hit(0, 0, 100, 0.9, tile=1),
        hit(60, 0, 100, 0.8, tile=2),
        hit(0, 0, 100, 0.7, tile=3, label="hand"),
    ]
    assert [d.score for d in joined(seen, lasting)] == [0.9, 0.8, 0.7]


def test_what_one_tile_tells_apart_stays():
    seen = [hit(0, 0, 100, 0.9, tile=1), hit(0, 0, 60, 0.8, tile=1), hit(0, 0, 100, 0.7, tile=2)]
    assert [d.score for d in joined(seen, lasting)] == [0.9, 0.8]


def test_a_sighting_that_does_not_last_displaces_none():
    seen = [hit(0, 0, 100, 0.9, tile=1), hit(0, 0, 100, 0.8, tile=2)]
    assert [d.score for d in joined(seen, lambda hit: hit.detection.score < 0.85)] == [0.8]
    assert joined([], lasting) == []


def test_no_image_is_copied():
    """One pixel spread over a picture of 30 GB: any copy of it fails for lack of memory."""
    huge = torch.full((1, 1, 1, 3), 0.5).expand(1, 50_000, 50_000, 3)
    entry = registry.find("face_full_mediapipe")
    assert Scanner(entry.open(), "3", entry.reach).detect(huge, entry.floor) == [[]]


@pytest.mark.parametrize(
    ("name", "heights", "side"),
    [
        ("face_full_mediapipe", [90] * 30, 1200),
        ("face_auto", [90] * 30, 1200),
        ("face_full_mediapipe", range(24, 44), 1024),
        ("face_auto", range(24, 44), 1024),
    ],
)
@torch.no_grad()
def test_auto_finds_small_faces_in_pictures_of_any_size(name, heights, side):
    image, faces = crowd(heights, side)
    entry = registry.find(name)
    [found] = Scanner(entry.open(), "auto", entry.reach).detect(by_eye.tensor(image), entry.floor)
    right, wrong = counted([d.box for d in found], faces)
    assert right >= len(faces) - 1 and wrong == 0


@pytest.fixture(scope="module")
def forty():
    """Forty faces of 40 to 118 px on a picture of 4096 px."""
    image, faces = crowd()
    return torch.from_numpy(np.array(image)).float()[None] / 255, faces


def test_a_crowd_is_found_by_scanning(forty):
    image, faces = forty
    entry = registry.find("face_full_mediapipe")
    scans = {scan: Scanner(entry.open(), scan, entry.reach).detect(image, 0.6)[0] for scan in ("off", "auto")}
    assert counted([d.box for d in scans["off"]], faces)[0] <= 4
    right, wrong = counted([d.box for d in scans["auto"]], faces)
    assert right >= 38 and wrong <= 2 and len(scans["auto"]) == right + wrong
    assert [d.score for d in scans["auto"]] == sorted((d.score for d in scans["auto"]), reverse=True)


def test_scanning_twice_finds_the_same(forty):
    part = forty[0][:, :1300, :1300]
    entry = registry.find("face_full_mediapipe")
    first, second = (Scanner(entry.open(), "auto", entry.reach).detect(part, 0.6)[0] for _ in range(2))
    assert [(d.box, d.score) for d in first] == [(d.box, d.score) for d in second] and first
