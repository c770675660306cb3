"""Objects through the frames of a clip: where scenes end, which objects are the same, and windows that keep still."""
