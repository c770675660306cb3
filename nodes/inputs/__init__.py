"""Inputs that several nodes share: one definition, so that ids, defaults and words agree everywhere."""

from ...detailer.names import nearest
from .detecting import confidence, detector, download_missing, image, max_num_detections, pick, scan, selection
from .masking import base_model, coverage, masks, placement, resolution, upscale
from .painting import (
    batch_size,
    blending,
    color_match,
    model,
    object_texts,
    per_object,
    refiner,
    repair,
    safety,
    sampling,
    track,
)

__all__ = [
    "base_model",
    "batch_size",
    "blending",
    "color_match",
    "confidence",
    "coverage",
    "detector",
    "download_missing",
    "image",
    "masks",
    "max_num_detections",
    "model",
    "nearest",
    "object_texts",
    "per_object",
    "pick",
    "placement",
    "refiner",
    "repair",
    "resolution",
    "safety",
    "sampling",
    "scan",
    "selection",
    "track",
    "upscale",
]
