"""What to look for, and what of it to keep."""

from __future__ import annotations

from comfy_api.latest import io

from ...detailer.selection import SORT_ORDERS, Selection
from ...detectors import registry
from ...detectors.inference import Request
from ...detectors.scan import SCANS


def image() -> io.Input:
    return io.Image.Input("image", tooltip="One image or a batch. Every image of a batch is handled.")


def detector() -> io.Input:
    return io.Combo.Input(
        "detector",
        options=list(registry.entries()),
        default=registry.DEFAULT,
        tooltip="What to look for. face_auto finds faces of every size, side and turn; face_full_mediapipe, the "
        "default before it, is ten times as fast and misses one of five. These and all mediapipe detectors ship with "
        "the pack.",
    )


def confidence(default: float = Request.confidence) -> io.Input:
    return io.Float.Input(
        "confidence",
        default=default,
        min=0.0,
        max=1.0,
        step=0.01,
        optional=True,
        tooltip="Keep objects the detector is at least this sure of. Lower finds more, and more that is none. "
        "face_auto never goes below 0.3, face_short_mediapipe never below 0.5 and face_full_mediapipe never below 0.6; "
        "the report gives the value used.",
    )


def max_num_detections() -> io.Input:
    return io.Int.Input(
        "max_num_detections",
        default=Selection.max_num_detections,
        min=0,
        max=4096,
        optional=True,
        tooltip="Keep at most this many objects of each image, the first in the sort order. 0 keeps all.",
    )


def selection() -> list[io.Input]:
    """The filters that Detect and Filter have in common."""
    return [
        max_num_detections(),
        io.Combo.Input(
            "sort_by",
            options=list(SORT_ORDERS),
            default=SORT_ORDERS[0],
            optional=True,
            tooltip="The order of the objects: most confident, largest, leftmost, topmost or most central first.",
        ),
        io.Float.Input(
            "min_area",
            default=Selection.min_area,
            min=0.0,
            max=1.0,
            step=0.001,
            optional=True,
            tooltip="Leave out objects whose box covers a smaller share of the image than this.",
        ),
        io.Float.Input(
            "max_area",
            default=Selection.max_area,
            min=0.0,
            max=1.0,
            step=0.001,
            optional=True,
            tooltip="Leave out objects whose box covers a larger share of the image than this.",
        ),
        io.String.Input(
            "labels",
            default=Selection.labels,
            optional=True,
            tooltip="Keep only these classes, by name, separated by commas. Empty keeps all. "
            "A detector with an open vocabulary (YOLO-World) looks for them.",
        ),
    ]


def pick() -> io.Input:
    return io.String.Input(
        "pick",
        default=Selection.pick,
        optional=True,
        tooltip='Keep the objects at these places of the sorted order, counted from 0, in the order given: "0, 2-4". '
        "Empty keeps all, none keeps none. In a batch this holds for every image.",
    )


def scan() -> io.Input:
    return io.Combo.Input(
        "scan",
        options=list(SCANS),
        default=Request.scan,
        optional=True,
        tooltip="Look for small objects, as in a crowd, on overlapping tiles too. 2: two by two tiles; 3: three by "
        "three; auto: as many as objects of 24 px need, and none where only large ones are found. What only a tile "
        "shows has to be found in a second look. turned: on the picture turned by quarters instead, for objects that "
        "lie or stand on their head.",
    )


def download_missing() -> io.Input:
    return io.Boolean.Input(
        "download_missing",
        default=Request.download_missing,
        optional=True,
        advanced=True,
        tooltip="Fetch the weights file of a named YOLO detector if it is not there. Off, the file's address and "
        "place are given instead, and nothing is downloaded.",
    )
