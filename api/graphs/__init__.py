"""Ordinary ComfyUI graphs in API form, of the same nodes as the shipped workflows."""

from .builder import Built, Checking, Shown
from .detailing import Detailing, detail
from .generating import Control, Generation, Subject, generate
from .inpainting import Inpainting, inpaint
from .models import Assets, Sampling
from .prompts import Words, with_embeddings, with_subject

__all__ = [
    "Assets",
    "Built",
    "Checking",
    "Control",
    "Detailing",
    "Generation",
    "Inpainting",
    "Sampling",
    "Shown",
    "Subject",
    "Words",
    "detail",
    "generate",
    "inpaint",
    "with_embeddings",
    "with_subject",
]
