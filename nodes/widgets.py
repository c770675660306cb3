"""From the widgets of a node to the settings of the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from comfy_api.latest import io

from ..detailer.detection import Detections
from ..detailer.object_prompts import ObjectPrompts
from ..detailer.seeds import Seeds
from ..detailer.selection import Selection, listed
from ..detectors.inference import Request

AnySettings = TypeVar("AnySettings")

_defaults: dict[Any, Mapping[str, Any]] = {}


class Options:
    """A node's widget values; those that an API prompt leaves out have the default of the schema."""

    def __init__(self, node: type[io.ComfyNode], given: Mapping[str, Any]):
        self.values: Mapping[str, Any] = {**_defaults_of(node), **given}

    def __getitem__(self, name: str) -> Any:
        if name not in self.values:
            raise LookupError(f"This node has no input {name!r}, which its settings are made of.")
        return self.values[name]

    def settings(self, kind: type[AnySettings]) -> AnySettings:
        """A settings dataclass, each field from the widget of its name; LookupError if the node lacks one."""
        return kind(**{item.name: self[item.name] for item in fields(kind)})  # type: ignore[arg-type]

    def detecting(self, lowest: float | None = None) -> Request:
        """What is asked of the detector; `lowest` as in Request."""
        classes = tuple(listed(self.values.get("labels") or ""))
        return Request(self["confidence"], self["scan"], self["download_missing"], classes, lowest)

    def selection(self) -> Selection:
        """By whichever of its widgets the node has; objects of a node that does not sort keep their order."""
        own = {item.name: self.values[item.name] for item in fields(Selection) if item.name in self.values}
        return Selection(**{"sort_by": None, **own})

    def seeds(self) -> Seeds:
        """The node's seeds; ValueError for a list that cannot be read."""
        return Seeds.parse(self["seed"], self["seeds"], self["track"], self["min_frames"])

    def prompts(self, detections: Detections) -> ObjectPrompts:
        """The prompts of single objects; ValueError for lines that cannot be read."""
        texts = self["object_prompts"], self["object_negatives"]
        return ObjectPrompts.of(detections, *texts, common=self["prompt"], seed=self["seed"])


def _defaults_of(node: type[io.ComfyNode]) -> Mapping[str, Any]:
    """Each input's default, None for one without.

    The schema is built for it once: ComfyUI runs each prompt on a clone of the class, which shares its function.
    """
    schema_of = node.define_schema.__func__
    if schema_of not in _defaults:
        _defaults[schema_of] = {item.id: getattr(item, "default", None) for item in node.define_schema().inputs}
    return _defaults[schema_of]
