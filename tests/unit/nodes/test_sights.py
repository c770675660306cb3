"""What is kept of runs stays within its bounds."""

import torch
from afterdetail.detailer.detection import Detections
from afterdetail.nodes.sights import Sight, Sights

KILOBYTE = 1024


def sight(kilobytes: int = 1) -> Sight:
    picture = torch.zeros(kilobytes, KILOBYTE, dtype=torch.uint8)
    return Sight(None, {}, Detections(1, 1, ((),)), [picture])


def kept(sights: Sights, tokens: list[str]) -> list[int]:
    """Which of the tokens are known, without making them the most recently used."""
    return [place for place, token in enumerate(tokens) if token in sights._sights]


def test_the_least_recently_used_one_makes_room():
    sights = Sights(max_sights=3)
    tokens = [sights.put(sight()) for _ in range(3)]
    assert sights.get(tokens[0]) is not None
    tokens.append(sights.put(sight()))
    assert kept(sights, tokens) == [0, 2, 3] and sights.get(tokens[1]) is None


def test_bytes_are_bounded_but_for_the_newest():
    sights = Sights(max_bytes=10 * KILOBYTE)
    tokens = [sights.put(sight(size)) for size in (4, 4, 4)]
    assert kept(sights, tokens) == [1, 2]
    tokens.append(sights.put(sight(50)))
    assert kept(sights, tokens) == [3]


def test_what_removed_nodes_saw_goes_first():
    sights = Sights(max_sights=3)
    tokens = [sights.put(sight()) for _ in range(3)]
    sights.release(tokens[2])
    tokens.append(sights.put(sight()))
    assert kept(sights, tokens) == [0, 1, 3]


def test_only_the_last_removed_ones_are_kept_and_showing_one_again_takes_it_back():
    sights = Sights(max_released=2)
    tokens = [sights.put(sight()) for _ in range(5)]
    sights.release(tokens[0])
    assert sights.get(tokens[0]) is not None
    for token in (*tokens[1:], "unknown"):
        sights.release(token)
    assert kept(sights, tokens) == [0, 3, 4]
