"""Tracks on made clips: one number for one person, whatever moves, crosses, leaves or ends."""

import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.detailer.video.cuts import first_frames
from afterdetail.detailer.video.tracker import MAX_GAP, track_numbers, without_brief
from rig.clips import Actor, Clip, clip, joined


def frames(*images: list[tuple[int, int]]) -> Detections:
    """40 px boxes by their upper left corners."""
    return Detections(
        500,
        500,
        tuple(
            tuple(Detection(Box(x, y, x + 40, y + 40), 0.9, "face", Extent(x, y, x + 40, y + 40)) for x, y in corners)
            for corners in images
        ),
    )


def numbers(detections: Detections) -> list[list[int]]:
    """On grey frames, in which all objects look alike: by place only."""
    tracks = track_numbers(detections, torch.full((len(detections.images), 500, 500, 3), 0.5))
    return [[tracks[d] for d in found] for found in detections.images]


def test_moving_objects_keep_their_numbers_whatever_their_order():
    moving = [[(10 + 5 * t, 10), (300 - 5 * t, 200)] for t in range(20)]
    moving[7].reverse()
    expected = [[0, 1]] * 20
    expected[7] = [1, 0]
    assert numbers(frames(*moving)) == expected


def test_a_new_object_gets_a_new_number_and_a_short_gap_is_bridged():
    assert numbers(frames([(10, 10)], [], [(14, 10), (300, 300)])) == [[0], [], [0, 1]]


def test_a_long_gap_ends_a_track():
    assert numbers(frames([(10, 10)], *[[]] * MAX_GAP, [(10, 10)])) == [[0], *[[]] * MAX_GAP, [1]]


def test_who_is_seen_too_briefly_is_left_alone_and_told():
    """An object of all frames, one of two that returns after a gap, and one of a single frame."""
    found = frames(
        *([(10, 10), *([(200, 200)] if t in (2, 5) else []), *([(400, 10)] if t == 3 else [])] for t in range(8))
    )
    regions = make_regions(found, MaskSettings(), FitSettings("off", "sd15"))
    tracks = track_numbers(found, torch.full((8, 500, 500, 3), 0.5))
    assert without_brief(regions, tracks, 1).items == regions.items
    assert len(without_brief(regions, tracks, 2).items) == 10
    kept = without_brief(regions, tracks, 3)
    assert [region.members[0].box.x0 for region in kept.items] == [10] * 8
    assert [(image, found.box.x0, why) for image, found, why in kept.dropped] == [
        (2, 200, "seen in 2 frames only, fewer than min_frames"),
        (3, 400, "seen in 1 frame only, fewer than min_frames"),
        (5, 200, "seen in 2 frames only, fewer than min_frames"),
    ]
    assert without_brief(regions, tracks, 9).items == ()


def test_objects_that_share_a_region_stay_if_one_of_them_does():
    found = frames([(10, 10), (100, 10)], [(10, 10)])
    regions = make_regions(found, MaskSettings(union_masks=True), FitSettings("off", "sd15"))
    tracks = track_numbers(found, torch.full((2, 500, 500, 3), 0.5))
    assert len(regions.items) == 2 and without_brief(regions, tracks, 2).items == regions.items


def test_the_nearer_one_wins():
    assert numbers(frames([(100, 100)], [(115, 100), (105, 100)])) == [[0], [1, 0]]


def people(made: Clip) -> dict[str, set[int]]:
    """The numbers that each person was given."""
    tracks = track_numbers(made.detections, made.images)
    given: dict[str, set[int]] = {}
    for found, names in zip(made.detections.images, made.who, strict=True):
        for detection, name in zip(found, names, strict=True):
            given.setdefault(name, set()).add(tracks[detection])
    return given


def one_number_each(given: dict[str, set[int]]) -> bool:
    return all(len(own) == 1 for own in given.values()) and len(set.union(*given.values())) == len(given)


def test_a_face_that_moves_and_trembles_is_one_track():
    assert one_number_each(people(clip(30, [Actor("astronaut", lambda t: (20 + 7 * t, 80 + 10 * (t % 2)))])))


def test_faces_that_cross_keep_their_numbers():
    made = clip(
        40,
        [Actor("astronaut", lambda t: (10 + 6 * t, 90)), Actor("garden", lambda t: (250 - 6 * t, 90))],
    )
    assert any(len(found) == 1 for found in made.detections.images)  # one is hidden for a while
    assert one_number_each(people(made))


def test_who_leaves_and_returns_is_known_again_and_who_comes_instead_is_not():
    away = range(12, 12 + MAX_GAP - 1)
    returning = clip(30, [Actor("portrait", lambda t: None if t in away else (100, 90))])
    assert one_number_each(people(returning))
    instead = clip(
        30,
        [
            Actor("portrait", lambda t: (100, 90) if t < 12 else None),
            Actor("garden", lambda t: (100, 90) if t >= 14 else None),
        ],
    )
    assert one_number_each(people(instead))


def test_no_track_crosses_a_cut():
    """The same person at the same place, in another scene."""
    before = clip(12, [Actor("astronaut", lambda t: (100 + 3 * t, 90))])
    after = clip(12, [Actor("astronaut", lambda t: (136 + 3 * t, 90))], scene="rocket")
    made = joined(before, after)
    assert first_frames(made.images) == {12}
    tracks = track_numbers(made.detections, made.images)
    first, second = ({tracks[d] for found in part for d in found} for part in _halves(made.detections.images, 12))
    assert len(first) == len(second) == 1 and not first & second


def test_motion_and_a_flash_are_no_cut():
    moving = clip(30, [Actor("astronaut", lambda t: (10 + 8 * t, 60), height=120)])
    assert first_frames(moving.images) == set()
    flashing = moving.images.clone()
    flashing[14] = (flashing[14] + 0.5).clamp(max=1)
    assert first_frames(flashing) == set()


def _halves(items: tuple, middle: int) -> tuple[tuple, tuple]:
    return items[:middle], items[middle:]
