"""YOLOv8 detect and segment files: read without running anything in them, run by a network of this pack."""

from .model_files import entries
