"""What a tab of adetailer is to the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....detailer.box import Size
from ....detailer.names import unknown
from ....detailer.resolution import ENTRIES
from ....detectors import registry
from ... import assets
from ...errors import invalid
from ...graphs import Assets, ObjectRange, Pass, Sampling, Words, in_graph, in_hundredths
from . import prompt_syntax
from .messages import Common, Tab
from .samplers import SAME_SCHEDULER, sampler

DETECTORS = {
    "mediapipe_face_full": "face_full_mediapipe",
    "mediapipe_face_short": "face_short_mediapipe",
    "mediapipe_face_mesh": "face_mesh_mediapipe",
    "mediapipe_face_mesh_eyes_only": "eyes_mesh_mediapipe",
}
WHOLE_PICTURE = {"mask_padding": 4096, "resolution": "off"}
LAST = 4095
"""More objects than any picture has."""

OPEN_VOCABULARY = "-world"
"""In the file names of detectors that look for whatever they are told."""

SAME = ("None", "Use same checkpoint", "Use same VAE")


def pass_of(tab: Tab, request: Common, chosen: Assets, size: Size) -> Pass:
    """Refused, with the tab's own field, for what is not there. `size` is the picture's."""
    return Pass(_detecting(tab), _masking(tab, size), _painting(tab, request), tuple(_parts(tab, request, chosen)))


def _detecting(tab: Tab) -> dict[str, Any]:
    count = tab.ad_mask_k or tab.ad_mask_k_largest
    by_area = count and tab.ad_mask_filter_method == "Area"
    if tab.ad_mask_min_ratio > tab.ad_mask_max_ratio:
        raise invalid(
            "ad_mask_min_ratio", f"ad_mask_min_ratio {tab.ad_mask_min_ratio} is above ad_mask_max_ratio: nothing fits."
        )
    detector = _detector(tab.ad_model)
    return {
        "detector": detector,
        "confidence": tab.ad_confidence,
        "max_num_detections": count,
        "sort_by": "area" if by_area else "confidence",
        "min_area": tab.ad_mask_min_ratio,
        "max_area": tab.ad_mask_max_ratio,
        "labels": tab.ad_model_classes if OPEN_VOCABULARY in detector else "",  # others have classes of their own
    }


def _detector(model: str) -> str:
    known = registry.entries()
    wanted = DETECTORS.get(model, model)
    by_name = {name.rpartition("/")[2].removesuffix(".pt").casefold(): name for name in reversed(known)}
    name = by_name.get(wanted.removesuffix(".pt").casefold())
    if name is None:
        raise invalid("ad_model", unknown("ad_model", model, [*DETECTORS, *known]))
    assets.require_detector(name)
    return name


def _masking(tab: Tab, size: Size) -> dict[str, Any]:
    widgets = {name: value for name, value in in_graph(tab).items() if name != "labels"}
    window = {"mask_padding": tab.ad_inpaint_only_masked_padding, "resolution": _resolution(tab, size)}
    return {
        **widgets,
        **(window if tab.ad_inpaint_only_masked else WHOLE_PICTURE),
        "y_offset": -tab.ad_y_offset,
        "union_masks": tab.ad_mask_merge_invert != "None",
        "invert": tab.ad_mask_merge_invert == "Merge and Invert",
    }


def _resolution(tab: Tab, size: Size) -> str:
    """What adetailer samples a window at: the size asked for, else the picture's, if the node has that."""
    if not tab.ad_use_inpaint_width_height:
        return str(size) if str(size) in ENTRIES else "auto"
    asked = Size(tab.ad_inpaint_width, tab.ad_inpaint_height)
    if str(asked) not in ENTRIES:
        raise invalid("ad_inpaint_width", unknown("ad_inpaint_width x ad_inpaint_height", str(asked), ENTRIES))
    return str(asked)


def _painting(tab: Tab, request: Common) -> dict[str, Any]:
    name, schedule = request.sampler
    if tab.ad_use_sampler:
        name = tab.ad_sampler
        schedule = request.scheduler if tab.ad_scheduler.casefold() == SAME_SCHEDULER.casefold() else tab.ad_scheduler
    steps = tab.ad_steps if tab.ad_use_steps else request.steps
    cfg = tab.ad_cfg_scale if tab.ad_use_cfg_scale else request.cfg_scale
    return {
        **Sampling(steps, cfg, sampler(name, schedule)).inputs(),
        "denoise": in_hundredths(tab.ad_denoising_strength),
        "noise_multiplier": tab.ad_noise_multiplier if tab.ad_use_noise_multiplier else 1.0,
    }


def _parts(tab: Tab, request: Common, chosen: Assets) -> Iterator[ObjectRange]:
    """The objects that share a prompt. A prompt without a LoRA of its own keeps none of the picture's."""
    positives = prompt_syntax.of_objects(tab.ad_prompt, request.prompt)
    negatives = prompt_syntax.of_objects(tab.ad_negative_prompt, request.negative_prompt)
    count = max(len(positives), len(negatives))
    files = _files(tab, chosen)
    for place in range(count):
        positive = positives[min(place, len(positives) - 1)]
        if positive is None:
            continue
        text = prompt_syntax.read("ad_prompt", positive)
        negative = prompt_syntax.read("ad_negative_prompt", negatives[min(place, len(negatives) - 1)] or "")
        words = Words(text.words, negative.words, *request.styles)
        last = LAST if place == count - 1 else place
        yield ObjectRange(place, last, files._replace(loras=text.loras), words)


def _files(tab: Tab, chosen: Assets) -> Assets:
    if tab.ad_use_checkpoint and tab.ad_checkpoint and tab.ad_checkpoint not in SAME:
        chosen = chosen._replace(checkpoint=assets.find("ad_checkpoint", "checkpoints", untitled(tab.ad_checkpoint)))
    if tab.ad_use_vae and tab.ad_vae and tab.ad_vae not in SAME:
        chosen = chosen._replace(vae=assets.find("ad_vae", "vae", tab.ad_vae))
    return chosen._replace(clip_skip=tab.ad_clip_skip) if tab.ad_use_clip_skip else chosen


def untitled(title: str) -> str:
    """A checkpoint's name without the web UI's hash: "model.safetensors [6ce0161689]"."""
    return title.partition(" [")[0]
