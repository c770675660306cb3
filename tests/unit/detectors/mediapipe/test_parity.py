"""The detectors against the mediapipe package itself: release 0.10.21 with its old API, 1.2.2 with its new one.

Needs the environments that tests/references/mediapipe_venvs.sh makes; skipped without them.
"""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from afterdetail.detectors.mediapipe.face_boxes import full_range, short_range
from afterdetail.detectors.mediapipe.face_parts import FaceMesh
from afterdetail.detectors.mediapipe.hands import Hands
from PIL import Image
from references.pictures import parity_pictures

ROOT = Path(__file__).parents[4]
PICTURES = parity_pictures()
OLD, NEW = "0.10.21", "1.2.2"

BOX_PX, SCORE, POINT_PX = 0.5, 0.005, 1.0


@functools.cache
def detectors():
    short, full, mesh, hands = short_range(), full_range(), FaceMesh(), Hands(outlined=False)
    return {
        "face_short": lambda images: short.propose(images, 0.5)[0],
        "face_full": lambda images: full.propose(images, 0.6)[0],
        # The old API runs the mesh on the short-range boxes alone.
        "face_mesh": lambda images: mesh.landmarks.find(images, short.propose(images, 0.5)[0])[0],
        "hand": lambda images: hands.find(images, 0.5)[0],
    }


def points_of(found) -> np.ndarray:
    return np.array(found.keypoints if hasattr(found, "keypoints") else found.points)


@functools.cache
def ours(detector: str, picture: str):
    return detectors()[detector](torch.from_numpy(PICTURES[picture].copy()).float()[None] / 255)


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    """Release -> its results, computed when first asked for."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, picture in PICTURES.items():
        Image.fromarray(picture).save(folder / f"{name}.png")

    @functools.cache
    def results(release: str):
        pythons = {version: ROOT / f".venv-mediapipe-{version}" / "bin" / "python" for version in (OLD, NEW)}
        if not all(python.exists() for python in pythons.values()):
            pytest.skip("run tests/references/mediapipe_venvs.sh first")
        [modules] = pythons[OLD].parents[1].glob("lib/python*/site-packages/mediapipe/modules")
        out = tmp_path_factory.mktemp("results") / "results.json"
        script = ROOT / "tests" / "references" / "mediapipe_results.py"
        command = [pythons[release], script, folder, out, modules]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        return json.loads(out.read_text())

    return results


def pairs(mine, reference):
    """Each reference object with ours whose points lie nearest, and how near; as many of ours as of theirs."""
    assert len(mine) == len(reference)
    for theirs in reference:

        def distance(found, points=theirs["points"]):
            ours = points_of(found)
            return np.abs(ours - points[: len(ours)]).max()  # the new API has ten points more, of the irises

        nearest = min(mine, key=distance)
        yield nearest, theirs, distance(nearest)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("detector", ["face_short", "face_full"])
def test_faces_equal_the_old_api(theirs, detector, picture):
    for face, reference, distance in pairs(ours(detector, picture), theirs(OLD)[detector][picture]):
        assert distance <= POINT_PX
        assert np.abs(np.array(face.extent) - reference["box"]).max() <= BOX_PX
        assert abs(face.score - reference["score"]) <= SCORE


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("detector", ["face_short", "face_full"])
def test_faces_equal_the_new_api(theirs, detector, picture):
    """Its boxes are cut to whole pixels, and one that begins left of or above the image is pushed inside."""
    for face, reference, distance in pairs(ours(detector, picture), theirs(NEW)[detector][picture]):
        assert distance <= POINT_PX
        assert abs(face.score - reference["score"]) <= SCORE
        x0, y0, x1, y1 = face.extent
        left, top, right, bottom = reference["box"]
        exact = np.array([max(x0, 0), max(y0, 0), x1 - x0, y1 - y0])
        lost = exact - (left, top, right - left, bottom - top)
        assert lost.min() >= -BOX_PX and lost.max() <= 1 + BOX_PX


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("detector", ["face_mesh", "hand"])
def test_landmarks_equal_the_old_api(theirs, detector, picture):
    for _, _, distance in pairs(ours(detector, picture), theirs(OLD)[detector][picture]):
        assert distance <= POINT_PX


@pytest.mark.parametrize("picture", PICTURES)
def test_meshes_equal_the_new_api(theirs, picture):
    for _, _, distance in pairs(ours("face_mesh", picture), theirs(NEW)["face_mesh"][picture]):
        assert distance <= POINT_PX


@pytest.mark.parametrize("picture", PICTURES)
def test_hands_are_those_of_the_new_api(theirs, picture):
    """The same hands, with other points: the new API lays its landmarks up to a tenth of the hand from the old API's.

    Why is not known; no fixed change of the crop's size, place or angle explains it. Ours follow the old API.
    """
    for hand, reference, _ in pairs(ours("hand", picture), theirs(NEW)["hand"][picture]):
        distances = np.linalg.norm(hand.points - np.array(reference["points"]), axis=1)
        assert distances.mean() <= np.ptp(hand.points, axis=0).max() / 10


def test_every_kind_of_picture_is_covered(theirs):
    counts = {name: len(faces) for name, faces in theirs(OLD)["face_full"].items()}
    assert counts["eight_faces"] == 8 and counts["three"] == 3 and counts["plain"] == 1 and counts["coffee"] == 0
    assert sum(map(len, theirs(OLD)["hand"].values())) >= 10


def test_the_contours_of_the_mesh_are_those_of_the_package(theirs):
    from afterdetail.detectors.mediapipe import face_parts

    connections = theirs(OLD)["contours"]
    for name in ("LEFT_EYE", "RIGHT_EYE", "FACE_OVAL"):
        ring = getattr(face_parts, name)
        drawn = {frozenset(pair) for pair in zip(ring, (*ring[1:], ring[0]), strict=True)}
        assert drawn == {frozenset(pair) for pair in connections[name]}
    ring = face_parts.OUTER_LIPS
    drawn = {frozenset(pair) for pair in zip(ring, (*ring[1:], ring[0]), strict=True)}
    assert drawn <= {frozenset(pair) for pair in connections["LIPS"]}
