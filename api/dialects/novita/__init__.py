"""Novita: inpainting in the background, and how it stands."""
