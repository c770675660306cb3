"""Ordinary ComfyUI graphs in API form, of the same nodes as the shipped workflows."""

from .builder import Built, Checking, Shown
from .detailing import Detailing, detail
from .generating import Control, Generation, Subject, generate
from .inpainting import NUMBERED_FILLS, Inpainting, inpaint
from .meaning import InGraph, in_graph, in_hundredths, in_hundredths_or_0
from .models import Assets, Sampler, Sampling
from .repairs import ObjectRange, Pass, generate_and_repair, repair
from .text_encoding import Words, with_embeddings, with_subject
