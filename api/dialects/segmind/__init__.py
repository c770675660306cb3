"""Segmind: the face detailer."""
