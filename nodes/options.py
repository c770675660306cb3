"""From the widgets of a node to the settings of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ..detailer.object_prompts import ObjectPrompts
from ..detailer.seeds import Seeds
from ..detailer.selection import Selection
from ..detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings
from ..detectors.inference import Request


class Options:
    """A node's widget values; those that an API prompt leaves out have the default of the schema."""

    def __init__(self, node: type[io.ComfyNode], given: Mapping[str, Any]):
        self.values = {item.id: getattr(item, "default", None) for item in node.define_schema().inputs} | {**given}

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def detecting(self, lowest: float | None = None) -> Request:
        labels = tuple(filter(None, map(str.strip, (self.values.get("labels") or "").split(","))))
        return Request(self["confidence"], self["scan"], self["download_missing"], labels, lowest)

    def selection(self) -> Selection:
        """By whichever of its widgets the node has; objects of a node that does not sort keep their order."""
        names = ("confidence", "max_num_detections", "min_area", "max_area", "labels", "pick")
        return Selection(**self._named(*names), sort_by=self.values.get("sort_by"))

    def masks(self) -> MaskSettings:
        return MaskSettings(
            dilation=self["mask_dilation"],
            blur=self["mask_blur"],
            padding=self["mask_padding"],
            union=self["union_masks"],
            **self._named("x_offset", "y_offset", "invert"),
        )

    def fitting(self) -> FitSettings:
        base_model = self["base_model"]
        return FitSettings(self["resolution"], None if base_model == "auto" else base_model)

    def sampling(self) -> SampleSettings:
        names = ("steps", "cfg", "sampler_name", "scheduler", "denoise", "batch_size", "passes", "noise_multiplier")
        return SampleSettings(**self._named(*names, "high_noise_frac"))

    def paint(self) -> PaintSettings:
        return PaintSettings(**self._named("fill", "differential", "inpaint_model", "color_match"))

    def seeds(self) -> Seeds:
        return Seeds.parse(self["seed"], self["seeds"], self["track"])

    def prompts(self, labels: set[str]) -> ObjectPrompts:
        return ObjectPrompts.parse(self["object_prompts"], labels)

    def _named(self, *names: str) -> dict[str, Any]:
        return {name: self.values[name] for name in names if name in self.values}
