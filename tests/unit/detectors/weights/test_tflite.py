from types import SimpleNamespace

import numpy as np
from afterdetail.detectors.weights.conversion.tflite import densify


def listed(segments, indices):
    return SimpleNamespace(
        denseSize=0,
        arraySegments=SimpleNamespace(values=np.array(segments, np.uint8)),
        arrayIndices=SimpleNamespace(values=np.array(indices, np.uint8)),
    )


def every(size):
    return SimpleNamespace(denseSize=size, arraySegments=None, arrayIndices=None)


def test_rows_with_listed_columns():
    levels = [every(2), listed([0, 1, 3], [2, 0, 1])]
    sparsity = SimpleNamespace(blockMap=None, traversalOrder=[0, 1], dimMetadata=levels)
    assert densify(np.array([5, 6, 7]), (2, 3), sparsity).tolist() == [[0, 0, 5], [6, 7, 0]]


def test_columns_may_come_first():
    sparsity = SimpleNamespace(blockMap=None, traversalOrder=[1, 0], dimMetadata=[every(2), listed([0, 1, 2], [1, 0])])
    assert densify(np.array([5, 6]), (2, 2), sparsity).tolist() == [[0, 6], [5, 0]]


def test_blocks_of_columns():
    sparsity = SimpleNamespace(
        blockMap=[1], traversalOrder=[0, 1, 2], dimMetadata=[every(2), listed([0, 1, 2], [1, 0]), every(2)]
    )
    assert densify(np.array([1, 2, 3, 4]), (2, 4), sparsity).tolist() == [[0, 0, 1, 2], [3, 4, 0, 0]]
