"""After Detailer: the whole job in one node."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.detail import detail
from ..detailer.region import make_regions
from ..detailer.selection import select
from ..detailer.settings import FitSettings, MaskSettings
from ..detectors.inference import detect, with_rolls
from . import failures, inputs, watching
from .images import at_size_of, checked_image
from .inpaint import checks_of, inpainter_of, result_ui
from .notes import told
from .options import Options
from .sockets import CATEGORY, DetectionsSocket
from .validation import problems
from .watching import NodeRun


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
        return failures.fingerprint(cls)

    @classmethod
    def execute(cls, image: torch.Tensor, detector: str, **inputs_and_widgets: Any) -> io.NodeOutput:
        options = Options(cls, inputs_and_widgets)
        seen = detect(detector, checked_image(image), options.detecting(watching.lowest_confidence()))
        seen = with_rolls(image, seen) if options["upright"] else seen
        found = select(seen, options.selection())
        regions = make_regions(found, options.settings(MaskSettings), options.settings(FitSettings), options["upscale"])
        prompts = options.prompts(regions.detections)
        inpainter = inpainter_of(cls, prompts, options)
        original = at_size_of(image, regions)
        done = detail(original, prompts.applied_to(regions), inpainter, options.seeds(), checks_of(options))
        failures.note(cls, done.report)
        if not options["continue_on_error"]:
            done.report.check()
        run = NodeRun(cls, options.values, seen, original, done.image, model=inpainter.sizes)
        ui = result_ui(done) | told(done.report.notes) | watching.record(run)
        return io.NodeOutput(done.image, done.alpha, found, done.report.as_json(), ui=ui)
