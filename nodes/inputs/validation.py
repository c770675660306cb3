"""Names that a prompt may give and ComfyUI may not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, value: str | None, options: Iterable[str]) -> str | None:
    """A sentence if `value` is no option of the input `name`, else None. A linked input (None) is checked later."""
    known = list(options)
    if value is None or value in known:
        return None
    close = difflib.get_close_matches(str(value), known, n=3, cutoff=0.3) or known[:8]
    return f"Unknown {name} {value!r}. Nearest: {', '.join(close)}."
