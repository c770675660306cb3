"""From a detection to its mask and its crop window."""

from __future__ import annotations

from comfy_api.latest import io

from ...detailer.family import BASE_MODELS
from ...detailer.resolution import CHOICES
from ...detailer.settings import COVERS, FitSettings, MaskSettings

MAX_PIXELS = 16384
MASKS, FITTING = MaskSettings(), FitSettings()


def masks() -> list[io.Input]:
    """From a detection to its padded window."""
    return [
        io.Int.Input(
            "mask_dilation",
            default=MASKS.mask_dilation,
            min=-512,
            max=512,
            optional=True,
            tooltip="Size in pixels of the square that the mask is grown by. Negative values shrink the mask.",
        ),
        io.Int.Input(
            "mask_blur",
            default=MASKS.mask_blur,
            min=0,
            max=512,
            optional=True,
            tooltip="Width in pixels of the mask's soft edge (the sigma of a Gaussian). "
            "Higher blends over a wider band.",
        ),
        io.Int.Input(
            "mask_padding",
            default=MASKS.mask_padding,
            min=0,
            max=4096,
            optional=True,
            tooltip="Pixels of surroundings on each side that the model sees but does not change. "
            "More gives better lighting and context, and fewer pixels to the object.",
        ),
        io.Boolean.Input(
            "union_masks",
            default=MASKS.union_masks,
            optional=True,
            tooltip="Repair all objects of an image together: one mask, one window, one run of the model.",
        ),
    ]


def resolution() -> io.Input:
    return io.Combo.Input(
        "resolution",
        options=list(CHOICES),
        default=FITTING.resolution,
        optional=True,
        tooltip="The size each crop is sampled at. auto: the size of the model's table that suits the object's shape; "
        "square: 512x512 or 1024x1024; off: the crop's own size; or a fixed size.",
    )


def base_model() -> io.Input:
    return io.Combo.Input(
        "base_model",
        options=list(BASE_MODELS),
        default=FITTING.base_model,
        optional=True,
        advanced=True,
        tooltip="Whose table of sizes applies. auto: that of the model the regions are inpainted with; "
        "where no model is known yet, by the image's size.",
    )


def placement() -> list[io.Input]:
    """Moving and inverting the mask."""
    return [
        io.Int.Input(
            "x_offset",
            default=MASKS.x_offset,
            min=-MAX_PIXELS,
            max=MAX_PIXELS,
            optional=True,
            advanced=True,
            tooltip="Move every mask to the right by this many pixels, to the left if negative.",
        ),
        io.Int.Input(
            "y_offset",
            default=MASKS.y_offset,
            min=-MAX_PIXELS,
            max=MAX_PIXELS,
            optional=True,
            advanced=True,
            tooltip="Move every mask down by this many pixels, up if negative.",
        ),
        io.Boolean.Input(
            "invert",
            default=MASKS.invert,
            optional=True,
            advanced=True,
            tooltip="Repaint everything but the objects. All objects of an image then share one mask.",
        ),
    ]


def coverage() -> list[io.Input]:
    """How much of an object, and around it, the mask takes, and which way up the model sees it."""
    return [
        io.Boolean.Input(
            "upright",
            default=MASKS.upright,
            optional=True,
            advanced=True,
            tooltip="Show the model tilted and upside-down faces and hands upright: their windows are turned, and what "
            "is painted is turned back. Below 10 degrees nothing changes.",
        ),
        io.Float.Input(
            "mask_dilation_percent",
            default=MASKS.mask_dilation_percent,
            min=-100.0,
            max=200.0,
            step=1.0,
            optional=True,
            advanced=True,
            tooltip="Grow the mask by this share of the object's shorter side too, so that small and large objects "
            "grow alike: 20 adds a tenth on each side. 0 is off; negative values shrink the mask.",
        ),
        io.Combo.Input(
            "cover",
            options=list(COVERS),
            default=MASKS.cover,
            optional=True,
            advanced=True,
            tooltip="object: the mask is what the detector marks. head: the mask of a face is the box from the "
            "hairline to the chin and from ear to ear, for face_auto and the face detectors of mediapipe.",
        ),
    ]


def upscale() -> io.Input:
    return io.Float.Input(
        "upscale",
        default=1.0,
        min=1.0,
        max=8.0,
        step=0.05,
        optional=True,
        advanced=True,
        tooltip="Enlarge the result this many times. Objects are sampled for the larger size; the rest is resized, "
        "or taken from an image of that size where Inpaint Regions gets one.",
    )
