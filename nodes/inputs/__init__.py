"""Inputs that several nodes share: one definition, so that ids, defaults and words agree everywhere."""

from ...detailer.names import nearest
from .detecting import confidence, detector, download_missing, image, max_num_detections, pick, scan, selection
from .masking import base_model, coverage, masks, placement, resolution, upscale
from .painting import (
    batch_size,
    blending,
    by_size,
    color_match,
    continue_on_error,
    custom_sampling,
    guider,
    keeping,
    model,
    reference,
    refiner,
    repair,
    safety,
    sampling,
    track,
)
from .single_objects import object_negatives, per_object, prompt

__all__ = [
    "base_model",
    "batch_size",
    "blending",
    "by_size",
    "color_match",
    "confidence",
    "continue_on_error",
    "coverage",
    "custom_sampling",
    "detector",
    "download_missing",
    "guider",
    "image",
    "keeping",
    "masks",
    "max_num_detections",
    "model",
    "nearest",
    "object_negatives",
    "per_object",
    "pick",
    "placement",
    "prompt",
    "reference",
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
