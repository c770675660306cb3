"""What can be known to fail without a picture is refused before the run, in the words of the run itself.

A linked input is None here; whatever it brings is checked when the node runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ..detailer.names import nearest
from ..detailer.object_prompts import CLASSES
from ..detailer.prompt_text import parse as parse_prompts
from ..detailer.resolution import CHOICES
from ..detailer.sampling import unknown_sampling
from ..detailer.seeds import Seeds
from ..detailer.selection import Selection, listed, parse_pick
from ..detectors import registry
from ..detectors.detector import limit_to


def problems(node: type[io.ComfyNode], **values: Any) -> bool | str:
    """What `validate_inputs` returns: True, or a sentence about the first of the `values` that cannot be right."""
    known = {name: value for name, value in values.items() if value is not None}
    try:
        return _out_of_range(node, known) or _unknown_name(known) or _require_readable(known) or True
    except ValueError as error:
        return str(error)


def _out_of_range(node: type[io.ComfyNode], known: Mapping[str, Any]) -> str | None:
    """A sentence for a number outside its widget: ComfyUI leaves to a node what it asks to check itself."""
    for item in node.define_schema().inputs:
        value, low, high = known.get(item.id), getattr(item, "min", None), getattr(item, "max", None)
        if value is not None and low is not None and high is not None and not low <= value <= high:
            return f"{item.id} is {value}: use a value from {low} to {high}."
    return None


def _unknown_name(known: Mapping[str, Any]) -> str | None:
    """A sentence for a sampler, scheduler or resolution that ComfyUI or the tables do not have."""
    return unknown_sampling(known.get("sampler_name"), known.get("scheduler")) or nearest(
        "resolution", known.get("resolution"), CHOICES
    )


def _require_readable(known: Mapping[str, Any]) -> None:
    """ValueError for texts that say nothing, areas and labels that exclude all, and a detector that is not there."""
    Seeds.parse(0, known.get("seeds", ""))
    parse_pick(known.get("pick", ""))
    for name in ("object_prompts", "object_negatives"):
        parse_prompts(known.get(name, ""), None, CLASSES, name)
    Selection(**{name: known[name] for name in ("min_area", "max_area") if name in known})
    if "detector" in known:
        entry = registry.find(known["detector"])
        if entry.lacks():
            if known.get("download_missing") is False:
                entry.open()  # says what to do; there is no file to be read
        elif classes := listed(known.get("labels", "")):
            limit_to(entry.open(), classes)
