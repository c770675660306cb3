"""Sampling by ComfyUI: the only part of the core that knows it."""

from .inpainter import ComfyInpainter, Refiner

__all__ = ["ComfyInpainter", "Refiner"]
