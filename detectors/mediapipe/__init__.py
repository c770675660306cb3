"""MediaPipe's detectors in plain torch, with the weights that ship with the pack: nothing to install or download."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..detector import Entry
from .face_boxes import FaceBoxes, full_range, short_range
from .face_parts import BOTH_EYES, EACH_EYE, FACE, LIPS, OVAL, FaceParts
from .hands import Hands
from .hands_auto import FLOOR as HANDS_FLOOR
from .hands_auto import HandsAuto

FACE_PARTS = {
    "face_mesh_mediapipe": FACE,  # the convex hull of all landmarks
    "eyes_mesh_mediapipe": BOTH_EYES,  # the two eyes of a face as one object
    "eyes_mediapipe": EACH_EYE,  # every eye an object of its own
    "lips_mediapipe": LIPS,  # everything inside the outer edge of the lips
    "face_oval_mediapipe": OVAL,  # the outline of the face; in profile the nose stands out of it
}

# Those that MediaPipe itself keeps for its two face detectors, whatever confidence is asked for.
FULL_FLOOR, SHORT_FLOOR = 0.6, 0.5
FULL_REACH, SHORT_REACH = 1 / 10, 1 / 8  # for hands the latter too
NOISE = 0.1  # below it, hundreds of proposals in every image, each one a run of the landmark network


def entries() -> Iterable[Entry]:
    """The detectors whose weights ship with the pack."""
    return [
        Entry("face_full_mediapipe", lambda: FaceBoxes(full_range()), FULL_FLOOR, FULL_REACH),
        Entry("face_short_mediapipe", lambda: FaceBoxes(short_range()), SHORT_FLOOR, SHORT_REACH),
        *(Entry(name, partial(FaceParts, part), NOISE, FULL_REACH) for name, part in FACE_PARTS.items()),
        Entry("hand_auto", lambda: HandsAuto(outlined=False), HANDS_FLOOR, SHORT_REACH),
        # A hand is its palm and fingers: the box around them, or their convex hull.
        Entry("hand_mediapipe", lambda: Hands(outlined=False), NOISE, SHORT_REACH),
        Entry("hand_mesh_mediapipe", lambda: Hands(outlined=True), NOISE, SHORT_REACH),
    ]
