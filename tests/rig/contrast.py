"""How well words can be read on a ground."""

from collections.abc import Sequence

import numpy as np

READABLE = 4.5
"""The least contrast of text, by WCAG 2.2."""


def contrast(ink: Sequence[int] | np.ndarray, ground: Sequence[int] | np.ndarray) -> float:
    """Of two colours of 0 to 255, as WCAG 2.2 defines it: 1 to 21."""

    def luminance(color: Sequence[int] | np.ndarray) -> float:
        parts = np.array(color) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    dark, light = sorted([luminance(ink), luminance(ground)])
    return (light + 0.05) / (dark + 0.05)
