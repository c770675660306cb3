"""Inpaint Regions."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.detail import Checks, Detailed, detail
from ..detailer.family import ModelSizes
from ..detailer.object_prompts import ObjectPrompts
from ..detailer.region import Regions
from ..detailer.report import DetailReport
from ..detailer.sampling import ComfyInpainter, Custom, Refiner
from ..detailer.settings import KeepSettings, PaintSettings, SampleSettings
from ..detectors.observer import observe
from . import failed_runs, inputs, watching
from .image_checks import at_size_of, checked_image
from .notes import notes_ui
from .preflight import problems
from .progress_events import teller
from .sockets import CATEGORY, RegionsSocket
from .watching import NodeRun
from .widgets import Options

SOCKETS = ("model", "positive", "negative", "vae", "clip", "refiner_model", "refiner_positive", "refiner_negative")


class AfterDetailInpaint(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailInpaint",
            display_name="Inpaint Regions",
            category=CATEGORY,
            description="Repaints every region at the model's own resolution and pastes it back without a trace.",
            search_aliases=["detailer", "face detailer", "adetailer", "inpaint crop"],
            inputs=[
                inputs.image(),
                RegionsSocket.Input("regions"),
                *inputs.model(),
                *inputs.sampling(),
                inputs.batch_size(),
                *inputs.repair(),
                *inputs.per_object(),
                *inputs.refiner(),
                inputs.track(),
                inputs.safety(),
                *inputs.keeping(),
                *inputs.blending(),
                inputs.by_size(),
                inputs.reference(),
                inputs.object_negatives(),
                *inputs.custom_sampling(),
                inputs.prompt(),
                inputs.guider(),
                inputs.continue_on_error(),
                inputs.min_frames(),
            ],
            outputs=[
                io.Image.Output(display_name="image"),
                io.Mask.Output(display_name="mask", tooltip="The share of each pixel that was replaced."),
                io.String.Output(display_name="report", tooltip="What happened to every object, as JSON."),
            ],
            hidden=[io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def validate_inputs(
        cls,
        sampler_name: str | None = None,
        scheduler: str | None = None,
        seeds: str | None = None,
        object_prompts: str | None = None,
        object_negatives: str | None = None,
    ) -> bool | str:
        return problems(
            cls,
            sampler_name=sampler_name,
            scheduler=scheduler,
            seeds=seeds,
            object_prompts=object_prompts,
            object_negatives=object_negatives,
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs_and_widgets: Any) -> int:
        return failed_runs.fingerprint(cls)

    @classmethod
    def execute(cls, image: torch.Tensor, regions: Regions, **inputs_and_widgets: Any) -> io.NodeOutput:
        options = Options(cls, inputs_and_widgets)
        original = at_size_of(checked_image(image), regions)
        done, _ = detailed(cls, original, regions, options)
        run = NodeRun(cls, options.values, regions.detections, original, done.image)
        ui = result_ui(done) | notes_ui(done.report.notes, DetailReport.of(regions).notes) | watching.record(run)
        return io.NodeOutput(done.image, done.alpha, done.report.as_json(), ui=ui)


def detailed(
    node: type[io.ComfyNode], image: torch.Tensor, regions: Regions, options: Options
) -> tuple[Detailed, ModelSizes]:
    """The [B, H, W, 3 or 4] `image` with its regions repaired, by a node that has all inputs of Inpaint Regions.

    Also the sizes of the model that did it. RuntimeError where all objects failed and the node is not to go on then.
    """
    prompts = options.prompts(regions.detections)
    inpainter = _inpainter(node, prompts, options)
    checks = Checks(options["safety"], options.settings(KeepSettings), observe)
    done = detail(image, prompts.applied_to(regions), inpainter, options.seeds(), checks)
    failed_runs.note(node, done.report)
    if not options["continue_on_error"]:
        done.report.check()
    return done, inpainter.sizes


def _inpainter(node: type[io.ComfyNode], prompts: ObjectPrompts, options: Options) -> ComfyInpainter:
    model, positive, negative, vae, clip, *refiner = (options[name] for name in SOCKETS)
    if any(part is not None for part in refiner) and any(part is None for part in refiner):
        raise ValueError("The refiner needs all of refiner_model, refiner_positive and refiner_negative.")
    return ComfyInpainter(
        model,
        positive,
        negative,
        vae,
        options.settings(SampleSettings),
        options.settings(PaintSettings),
        Refiner(*refiner) if refiner[0] is not None else None,
        clip,
        prompts,
        teller(node),
        Custom(options["sampler"], options["sigmas"], options["guider"]),
    )


def result_ui(done: Detailed) -> dict[str, list]:
    """What the history of a headless run carries: one number per image each, and the report."""
    return {
        "num_objects_detected": done.report.counts(),
        "num_objects_inpainted": done.report.counts("inpainted"),
        "num_removed_for_safety": done.report.counts("removed"),
        "report": [done.report.as_json()],
    }
