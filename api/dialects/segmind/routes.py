"""Segmind's routes."""

from __future__ import annotations

from ..dialect import Dialect, Post
from .face_detailer import face_detailer
from .messages import FaceDetailerAnswer, FaceDetailerRequest, Failure, failed

ROUTES = (
    Post("/v1/face-detailer", "Repair faces", FaceDetailerRequest, FaceDetailerAnswer, face_detailer, binary=True),
)
DIALECT = Dialect("Segmind", ROUTES, failed, Failure)
