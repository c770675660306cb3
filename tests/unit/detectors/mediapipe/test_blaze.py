import torch
from afterdetail.detectors.mediapipe.blaze import AnchorGrid, anchor_centres, decode, merge_overlaps


def boxes(*corners):
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 2, 2)


def test_anchors_run_along_the_rows():
    assert anchor_centres(AnchorGrid(2, 2)).tolist() == [
        [0.25, 0.25], [0.25, 0.25], [0.75, 0.25], [0.75, 0.25],
        [0.25, 0.75], [0.25, 0.75], [0.75, 0.75], [0.75, 0.75],
    ]  # fmt: skip


def test_decode_counts_from_the_anchor():
    row = torch.tensor([[0.1, 0.2, 0.4, 0.6, -0.5, 0.5]])
    points = decode(row, torch.tensor([[0.5, 0.5]]))
    assert torch.allclose(points, torch.tensor([[[0.4, 0.4], [0.8, 1.0], [0.0, 1.0]]]))


def test_overlapping_boxes_become_their_weighted_mean():
    merged = merge_overlaps(boxes([0, 0, 10, 10], [20, 0, 30, 10], [1, 0, 11, 10]), torch.tensor([0.75, 0.5, 0.25]))
    assert [score for _, score in merged] == [0.75, 0.5]
    assert merged[0][0].tolist() == [[0.25, 0], [10.25, 10]]
    assert merged[1][0].tolist() == [[20, 0], [30, 10]]


def test_nothing_merges_to_nothing():
    assert merge_overlaps(boxes(), torch.zeros(0)) == []
