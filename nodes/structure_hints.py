"""Structure Hints."""

from __future__ import annotations

import torch
from comfy_api.latest import io, ui

from ..detailer.detection import Detections
from ..detailer.planes import zeros
from ..detailer.region import Regions
from ..detectors.inference import landmarks
from ..detectors.mediapipe.inside import FacesInside, HandsInside
from ..hints.figures import Figures, figures_of
from ..hints.structure import DRAWN, KINDS, crop_hints, whole_hints
from . import inputs
from .crop_and_paste import NO_CROP
from .image_checks import checked_image, placed
from .notes import notes_ui
from .sockets import CATEGORY, DetectionsSocket, RegionsSocket

SHOWN = {"hand pose": "hand", "face mesh": "face", "lips and eyes": "face"}
"""What each drawn kind shows."""
NETWORKS = {"hand": HandsInside, "face": FacesInside}


class AfterDetailHints(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailHints",
            display_name="Structure Hints",
            category=CATEGORY,
            description="Draws what a ControlNet keeps to: the joints of hands, the lines of faces, or edges.",
            search_aliases=[
                "hand pose",
                "openpose hands",
                "face mesh",
                "controlnet preprocessor",
                "fix hands",
                "canny",
            ],
            inputs=[
                inputs.image(),
                DetectionsSocket.Input(
                    "detections", optional=True, tooltip="The hands or faces to draw, of any detector."
                ),
                RegionsSocket.Input(
                    "regions",
                    optional=True,
                    tooltip="The same as masks and windows: strokes then have the size that suits the crops. "
                    "Needed for per_crop.",
                ),
                io.Combo.Input(
                    "kind",
                    options=list(KINDS),
                    default=KINDS[0],
                    optional=True,
                    tooltip="hand pose: the 21 joints of each hand, for OpenPose ControlNets. face mesh: the lines of "
                    "each face, for MediaPipeFace ControlNets; lips and eyes: some of them. canny and soft edge: of "
                    "the picture itself, for ControlNets of these names.",
                ),
                io.Boolean.Input(
                    "per_crop",
                    default=False,
                    optional=True,
                    tooltip="Off: one hint for each image, for Inpaint Regions and After Detailer, which cut it "
                    "themselves. On: one for each crop of Crop Regions, in the same order and size.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    display_name="hint", tooltip="For the image input of Apply ControlNet. Black where nothing is."
                )
            ],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(
        cls,
        image: torch.Tensor,
        detections: Detections | None = None,
        regions: Regions | None = None,
        kind: str = KINDS[0],
        per_crop: bool = False,
    ) -> io.NodeOutput:
        pictures, objects = placed(checked_image(image), detections, regions)
        if per_crop and regions is None:
            raise ValueError("per_crop makes one hint for each region: connect regions, or turn it off.")
        if kind in DRAWN and objects is None:
            raise ValueError(f"A {kind} is drawn of objects: connect detections or regions.")
        figures, notes = _figures_in(pictures, objects, regions, kind) if objects and kind in DRAWN else Figures([], [])
        if per_crop and regions and regions.items:
            hints = crop_hints(kind, pictures, regions.alike(), figures)
        elif per_crop:
            hints = zeros((1, *NO_CROP, 3))
        else:
            hints = whole_hints(kind, pictures, figures)
        hints = hints.to(image.device)
        return io.NodeOutput(hints, ui=ui.PreviewImage(hints, cls=cls).as_dict() | notes_ui(notes))


def _figures_in(image: torch.Tensor, objects: Detections, regions: Regions | None, kind: str) -> Figures:
    """What there is to draw of the objects."""
    what = SHOWN[kind]
    return figures_of(objects, landmarks(NETWORKS[what](), image, objects), what, regions)
