"""After Detailer: the whole job in one node."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.region import make_regions
from ..detailer.selection import select
from ..detailer.settings import FitSettings, MaskSettings
from ..detectors.inference import detect, with_rolls
from . import failed_runs, inputs, watching
from .image_checks import at_size_of, checked_image
from .inpaint import detailed, result_ui
from .notes import notes_ui
from .preflight import problems
from .sockets import CATEGORY, DetectionsSocket
from .watching import NodeRun
from .widgets import Options


class AfterDetail(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetail",
            display_name="After Detailer",
            category=CATEGORY,
            description="Finds faces, hands or people and repaints each of them at the model's own resolution.",
            search_aliases=[
                *("adetailer", "face detailer", "FaceDetailer", "fix faces", "fix hands", "detailer"),
                *("face", "hand", "person", "fix"),
            ],
            inputs=[
                inputs.image(),
                *inputs.model(),
                inputs.detector(),
                inputs.confidence(),
                inputs.max_num_detections(),
                *inputs.masks(),
                *inputs.sampling(),
                inputs.resolution(),
                inputs.batch_size(),
                inputs.base_model(),
                *inputs.placement(),
                inputs.upscale(),
                *inputs.repair(),
                *inputs.per_object(),
                *inputs.refiner(),
                inputs.track(),
                inputs.safety(),
                inputs.scan(),
                inputs.download_missing(),
                inputs.pick(),
                *inputs.keeping(),
                *inputs.blending(),
                inputs.by_size(),
                inputs.reference(),
                inputs.object_negatives(),
                *inputs.custom_sampling(),
                inputs.prompt(),
                inputs.guider(),
                *inputs.coverage(),
                inputs.continue_on_error(),
                inputs.min_frames(),
            ],
            outputs=[
                io.Image.Output(display_name="image"),
                io.Mask.Output(display_name="mask", tooltip="The share of each pixel that was replaced."),
                DetectionsSocket.Output(display_name="detections"),
                io.String.Output(display_name="report", tooltip="What happened to every object, as JSON."),
            ],
            hidden=[io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def validate_inputs(
        cls,
        detector: str | None = None,
        sampler_name: str | None = None,
        scheduler: str | None = None,
        resolution: str | None = None,
        seeds: str | None = None,
        pick: str | None = None,
        object_prompts: str | None = None,
        object_negatives: str | None = None,
        download_missing: bool | None = False,
    ) -> bool | str:
        return problems(
            cls,
            detector=detector,
            sampler_name=sampler_name,
            scheduler=scheduler,
            resolution=resolution,
            seeds=seeds,
            pick=pick,
            object_prompts=object_prompts,
            object_negatives=object_negatives,
            download_missing=download_missing,
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs_and_widgets: Any) -> int:
        return failed_runs.fingerprint(cls)

    @classmethod
    def execute(cls, image: torch.Tensor, detector: str, **inputs_and_widgets: Any) -> io.NodeOutput:
        options = Options(cls, inputs_and_widgets)
        detected = detect(detector, checked_image(image), options.detecting(watching.lowest_confidence()))
        detected = with_rolls(image, detected) if options["upright"] else detected
        found = select(detected, options.selection())
        regions = make_regions(found, options.settings(MaskSettings), options.settings(FitSettings), options["upscale"])
        original = at_size_of(image, regions)
        done, sizes = detailed(cls, original, regions, options)
        run = NodeRun(cls, options.values, detected, original, done.image, model=sizes)
        ui = result_ui(done) | notes_ui(done.report.notes) | watching.record(run)
        return io.NodeOutput(done.image, done.alpha, found, done.report.as_json(), ui=ui)
