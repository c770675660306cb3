"""Snapshots of runs stay within their bounds."""

import torch
from afterdetail.canvas.snapshots import Snapshot, SnapshotStore
from afterdetail.detailer.detection import Detections

KILOBYTE = 1024


def snapshot(kilobytes: int = 1) -> Snapshot:
    picture = torch.zeros(kilobytes, KILOBYTE, dtype=torch.uint8)
    return Snapshot(None, {}, Detections(1, 1, ((),)), [picture])


def present(store: SnapshotStore, tokens: list[str]) -> list[int]:
    """Which of the tokens are known, without making them the most recently used."""
    return [place for place, token in enumerate(tokens) if token in store._snapshots]


def test_the_least_recently_used_one_makes_room():
    store = SnapshotStore(max_snapshots=3)
    tokens = [store.put(snapshot()) for _ in range(3)]
    assert store.get(tokens[0]) is not None
    tokens.append(store.put(snapshot()))
    assert present(store, tokens) == [0, 2, 3] and store.get(tokens[1]) is None


def test_bytes_are_bounded_but_for_the_newest():
    store = SnapshotStore(max_bytes=10 * KILOBYTE)
    tokens = [store.put(snapshot(size)) for size in (4, 4, 4)]
    assert present(store, tokens) == [1, 2]
    tokens.append(store.put(snapshot(50)))
    assert present(store, tokens) == [3]


def test_what_removed_nodes_saw_goes_first():
    store = SnapshotStore(max_snapshots=3)
    tokens = [store.put(snapshot()) for _ in range(3)]
    store.release(tokens[2])
    tokens.append(store.put(snapshot()))
    assert present(store, tokens) == [0, 1, 3]


def test_only_the_last_removed_ones_are_kept_and_showing_one_again_takes_it_back():
    store = SnapshotStore(max_released=2)
    tokens = [store.put(snapshot()) for _ in range(5)]
    store.release(tokens[0])
    assert store.get(tokens[0]) is not None
    for token in (*tokens[1:], "unknown"):
        store.release(token)
    assert present(store, tokens) == [0, 3, 4]
