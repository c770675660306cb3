from dataclasses import replace

import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.selection import Selection, parse_pick, pick_text, select, union_mask


def scene() -> Detections:
    boxes = [
        (Box(10, 50, 30, 70), 0.9, "face"),  # 400 px
        (Box(60, 10, 100, 50), 0.8, "hand"),  # 1600 px, the largest and topmost
        (Box(45, 45, 55, 55), 0.7, "face"),  # 100 px, in the centre
        (Box(0, 90, 5, 100), 0.3, "Person"),  # 50 px, leftmost
    ]
    found = tuple(Detection(box, score, label, Extent(*map(float, box))) for box, score, label in boxes)
    return Detections(100, 100, (found, found[:1])).numbered()


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [0, 1, 2, 3]),
        (Selection(confidence=0.7), [0, 1, 2]),
        (Selection(max_num_detections=2), [0, 1]),
        (Selection(sort_by="area"), [1, 0, 2, 3]),
        (Selection(sort_by="area", max_num_detections=1), [1]),
        (Selection(sort_by="left to right"), [3, 0, 2, 1]),
        (Selection(sort_by="top to bottom"), [1, 2, 0, 3]),
        (Selection(sort_by="center"), [2, 0, 1, 3]),
        (Selection(min_area=0.01), [0, 1, 2]),
        (Selection(max_area=0.02), [2, 3]),
        (Selection(labels="face"), [0, 2]),
        (Selection(labels=" person , HAND,"), [1, 3]),
        (Selection(labels="left hand"), []),
        (Selection(pick="0, 2-3"), [0, 2, 3]),
        (Selection(sort_by="area", pick="0"), [1]),
        (Selection(pick="7"), []),
    ],
)
def test_select(selection, expected):
    assert [d.index for d in select(scene(), selection).images[0]] == expected


def test_a_left_hand_is_a_hand_too():
    renamed = [replace(d, label="Left hand" if d.label == "hand" else d.label) for d in scene().images[0]]
    found = scene().with_images([renamed])
    for labels in ("hand", "left hand", "face, hand"):
        kept = select(found, Selection(labels=labels))
        assert [d.index for d in kept.images[0] if d.label == "Left hand"] == [1] and kept.notes == ()
    assert select(found, Selection(labels="right hand")).images[0] == ()


def test_every_image_is_filtered_by_itself():
    assert [len(found) for found in select(scene(), Selection(max_num_detections=2)).images] == [2, 1]


def test_only_inside():
    mask = torch.zeros(1, 100, 100)
    mask[:, :, :52] = 1  # all of 0, none of 1, most of 2, all of 3
    assert [d.index for d in select(scene(), Selection(), mask).images[0]] == [0, 2, 3]


def left_out(found: Detections) -> list[tuple[int, int | None, str]]:
    return [(item.detection.index, item.detection.number, item.reason) for item in found.left_out]


def test_what_is_left_out_stays_listed():
    found = select(scene(), Selection(labels="face, hand", pick="1", sort_by="area")).with_images([[], []])
    assert left_out(found)[:3] == [
        (1, 0, "left out by pick"),
        (2, 2, "left out by pick"),
        (3, None, "Person is not among the labels"),
    ]


def test_a_score_below_the_confidence_is_no_detection():
    assert not select(scene(), Selection(confidence=0.8)).left_out


def test_objects_keep_the_numbers_of_the_last_order():
    """Downstream, `pick` counts by what the picture shows, and what was picked away leaves a gap."""
    sorted_ = select(scene(), Selection(sort_by="left to right", pick="1-3"))
    assert [(d.index, d.number) for d in sorted_.images[0]] == [(0, 1), (2, 2), (1, 3)]
    again = select(sorted_, Selection(sort_by=None, pick="3, 1"))
    assert [(d.index, d.number) for d in again.images[0]] == [(1, 3), (0, 1)]
    assert again.numbers_in(0) == 4
    anew = select(again, Selection(sort_by="area"))
    assert [(d.index, d.number) for d in anew.images[0]] == [(1, 0), (0, 1)] and anew.numbers_in(0) == 2


@pytest.mark.parametrize(
    ("selection", "notes"),
    [
        (Selection(pick="0, 7, 9-12"), ["pick names 7, 9-12, and no object has that number: the numbers are 0-3."]),
        (
            Selection(pick="7"),
            [
                "pick names 7, and no object has that number: the numbers are 0-3.",
                "pick '7' leaves out all 4 objects of image 0.",
                "pick '7' leaves out all 1 objects of image 1.",
            ],
        ),
        (Selection(pick="2"), ["pick '2' leaves out all 1 objects of image 1."]),
        (Selection(labels="face, hnad"), ["No object has the label hnad: found were Person, face, hand."]),
        (Selection(pick="0-99", labels="FACE"), []),
    ],
)
def test_a_selection_that_misses_is_said(selection, notes):
    assert [*select(scene(), selection).notes] == notes


def test_nothing_found_is_nothing_missed():
    empty = scene().with_images([[], []])
    assert not select(empty, Selection(pick="3", labels="face")).notes


@pytest.mark.parametrize("text", ["0", "1, 3-5, 7", "0-2"])
def test_numbers_are_written_as_pick_reads_them(text):
    assert pick_text(number for part in parse_pick(text) or [] for number in part) == text


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", None),
        ("0", [range(1)]),
        ("1, 3-5 ,7", [range(1, 2), range(3, 6), range(7, 8)]),
        ("2-999999999999999", [range(2, 10**15)]),  # costs nothing
    ],
)
def test_parse_pick(text, places):
    assert parse_pick(text) == places


@pytest.mark.parametrize("text", ["a", "1;2", "-1", "3-", "1,,2"])
def test_bad_pick_is_a_sentence(text):
    with pytest.raises(ValueError, match="write places and ranges"):
        parse_pick(text)


def test_contradictory_areas_are_a_sentence():
    with pytest.raises(ValueError, match=r"min_area 0.5 is above max_area 0.1"):
        Selection(min_area=0.5, max_area=0.1)


def test_union_mask():
    found = scene().images[0]
    box = Box(20, 60, 40, 80)
    soft = Detection(box, 0.5, "x", Extent(*map(float, box)), MaskPatch(box, torch.full((20, 20), 0.5)))
    plane = union_mask([*found[:1], soft], Box.of_size(100, 100))
    assert float(plane[65, 25]) == 1 and float(plane[75, 35]) == 0.5 and float(plane.sum()) == 400 + 150
