"""Repairs of held-out faces that `keep` if better takes and leaves; `make bench ARGS=judge` does all of them."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from judge import GOOD, Case, cases
from quality_scenes import scenes
from spoiled import SPOILED

FACES = 8


@pytest.fixture(scope="module")
def judged() -> list[Case]:
    with torch.inference_mode():
        return [*cases([*scenes(FACES, 1)], np.random.default_rng(7))]


def share_rejected(judged: Sequence[Case], name: str) -> float:
    return float(np.mean([bool(case.verdict.failed) for case in judged if case.repair == name]))


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_repair_is_rejected(judged, name):
    assert share_rejected(judged, name) >= 0.95


def test_a_good_repair_is_kept(judged):
    assert share_rejected(judged, GOOD) <= 0.05
