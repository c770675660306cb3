from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.tracking import MAX_GAP, track_numbers


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
    tracks = track_numbers(detections)
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


def test_the_greater_overlap_wins():
    assert numbers(frames([(100, 100)], [(120, 100), (105, 100)])) == [[0], [1, 0]]
