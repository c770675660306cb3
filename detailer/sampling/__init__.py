"""Sampling by ComfyUI: the only part of the core that knows it."""

from .custom import Custom
from .inpainter import ComfyInpainter
from .items import Refiner
from .known import unknown_sampling
from .progress import Step
