"""What a checkpoint is, by the classes in it: said of a file that the own network cannot run."""

from __future__ import annotations

from . import inert

UNKNOWN = "holds no YOLO detection or segmentation network that is known here"

TASKS = {
    "Detect": "detection",
    "Segment": "segmentation",
    "Pose": "pose",
    "OBB": "oriented box",
    "Classify": "classification",
    "WorldDetect": "detection",
    "RTDETRDecoder": "RT-DETR detection",
    "v10Detect": "detection",
    "YOLOEDetect": "open-vocabulary detection",
    "YOLOESegment": "open-vocabulary segmentation",
}
"""By the class of the last layer."""

NO_UPRIGHT_BOXES = ("OBB", "Classify")

FAMILIES = (
    ("C2fAttn", "YOLO-World"),
    ("RepNCSPELAN4", "YOLOv9"),
    ("A2C2f", "YOLO12"),
    ("SCDown", "YOLOv10"),
    ("C3k2", "YOLO11 or YOLO26"),
    ("C2f", "YOLOv8"),
    ("C3", "YOLOv5"),
)
"""By a block that is in all of its networks, the first that fits."""


def of(model: inert.Stub) -> str:
    """ "is a YOLO11 pose model, ..." of a checkpoint's module, as a refusal continues the file's name."""
    layers = _layers(model)
    classes = {layer.name.rpartition(".")[2] for layer in layers}
    head = layers[-1].name.rpartition(".")[2] if layers else ""
    family = next((name for block, name in FAMILIES if block in classes), "")
    task = TASKS.get(head) or next((name for known, name in TASKS.items() if head.startswith(known)), "")
    if not family and not task:
        return UNKNOWN
    what = f"is a {family} {task} model".replace("  ", " ")
    if head in NO_UPRIGHT_BOXES:
        return f"{what}, which gives no upright boxes to repair: use a detection or segmentation model"
    return f"{what}, which this pack's own network does not run"


def gives_boxes(reason: str) -> bool:
    """Whether a file that was refused for `reason` may be of use to another program."""
    return "no upright boxes" not in reason


def _layers(model: inert.Stub) -> list[inert.Stub]:
    """The layers of the module `model` in it, in their order."""
    modules = model.get("_modules")
    inside = modules.get("model") if isinstance(modules, dict) else None
    found = inside.get("_modules") if isinstance(inside, inert.Stub) else None
    return [layer for layer in found.values() if isinstance(layer, inert.Stub)] if isinstance(found, dict) else []
