"""Detectors: images in, a list of detections per image out. One module or folder per family."""
