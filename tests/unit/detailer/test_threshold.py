"""The one place where a detection confidence is raised to what the detector accepts."""

from __future__ import annotations

from afterdetail.detailer.detection import Detections
from afterdetail.detailer.selection import Selection, select
from afterdetail.detailer.threshold import Threshold


def test_a_confidence_below_the_floor_is_raised_to_it():
    assert [Threshold(asked, floor=0.6).applied for asked in (0.3, 0.6, 0.9)] == [0.6, 0.6, 0.9]
    assert Threshold(0.3, 0.6).at(0.7) == Threshold(0.7, 0.6)


def test_filters_raise_the_threshold_and_never_lower_it():
    found = Detections(10, 10, ((),), "face_full_mediapipe", Threshold(0.3, 0.6))
    applied = [select(found, Selection(confidence)).threshold.applied for confidence in (0.0, 0.5, 0.8)]
    assert applied == [0.6, 0.6, 0.8]
