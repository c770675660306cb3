"""Inputs that several nodes share: one definition, so that ids, defaults and words agree everywhere."""

from .detecting import confidence, detector, download_missing, image, max_num_detections, pick, scan, selection
from .masking import base_model, coverage, masks, placement, resolution, upscale
from .painting import (
    batch_size,
    blending,
    by_size,
    color_match,
    continue_on_error,
    keeping,
    min_frames,
    reference,
    repair,
    sampling,
    track,
)
from .single_objects import object_negatives, per_object, prompt
from .wired_models import custom_sampling, guider, model, refiner, safety
