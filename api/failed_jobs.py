"""What a job that failed means for whoever asked for it: one sentence, never the graph's own words as they are."""

from __future__ import annotations

import errno
import logging
import re
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import Refused, refused
from .graphs.builder import Graph

LOG = logging.getLogger("afterdetail")
MAX_CHARACTERS = 300
OWN_NODES = "AfterDetail"
IN_THE_LOG = "The reason is in the server's log."

LOADERS = {
    "AfterDetailSafety": ("concepts", "concept file"),
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoint"),
    "CLIPVisionLoader": ("clip_name", "CLIP vision model"),
    "ControlNetLoader": ("control_net_name", "ControlNet"),
    "LoraLoader": ("lora_name", "LoRA"),
    "PhotoMakerLoader": ("photomaker_model_name", "PhotoMaker model"),
    "VAELoader": ("vae_name", "VAE"),
}
"""The nodes that read a model's file: the input that names it, and what it should be."""

DAMAGED = (
    "SafetensorError",
    "UnpicklingError",
    "EOFError",
    "BadZipFile",
    "PytorchStreamReader",
    "deserializing header",
)
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)
ABSOLUTE_PATH = re.compile(r"(?:\b[A-Za-z]:)?(?:[\\/][^\s\\/'\"<>:,;()]+)+[\\/](?=[^\s\\/'\"<>:,;()]+)")


def outputs_of(entry: Mapping[str, Any], graph: Graph, roots: Collection[str]) -> dict[str, Any]:
    """The outputs of a history entry. Refused if the graph failed, in words without the folders `roots`."""
    if entry["status"]["status_str"] == "success":
        return entry["outputs"]
    kind, message = entry["status"]["messages"][-1]
    if kind == "execution_interrupted":
        raise refused(503, "The job was interrupted on the server. Send the request again.")
    if kind != "execution_error":
        raise refused(500, f"The job ended in {kind}. {IN_THE_LOG}")
    raise _failed_node(graph.get(message["node_id"], {}), message, roots)


def _failed_node(node: Mapping[str, Any], message: Mapping[str, Any], roots: Collection[str]) -> Refused:
    kind = str(message["exception_type"]).rpartition(".")[2]
    text = shortened(str(message.get("exception_message", "")).strip(), roots)
    class_type = str(message["node_type"])
    step = node.get("_meta", {}).get("title", class_type)
    LOG.error("The step %r (%s) failed: %s: %s", step, class_type, kind, text)
    if "OutOfMemory" in kind or kind == "MemoryError":
        return refused(503, "The server has not enough memory for this. Ask for fewer or smaller pictures.")
    if class_type.startswith(OWN_NODES) and kind == "ValueError" and text:
        return refused(500, text)
    if class_type in LOADERS:
        return refused(500, _unusable(class_type, node["inputs"], kind, text))
    return refused(500, f"The server failed at the step '{step}' ({kind}). {IN_THE_LOG}")


def _unusable(class_type: str, inputs: Mapping[str, Any], kind: str, text: str) -> str:
    """That a model's file cannot be read, and how so."""
    field, what = LOADERS[class_type]
    if kind == "FileNotFoundError":
        how = "it is no longer on this server"
    elif any(word in kind or word in text for word in DAMAGED):
        how = "it is damaged or cut off, or no model file"
    else:
        how = f"it is no {what}, or of a kind that this server does not know"
    return (
        f"The {what} {stem(str(inputs[field]))!r} cannot be used: {how}. Name another, or tell the server's operator."
    )


def refused_graph(graph: Graph, node_errors: Mapping[str, Any], error: Any) -> Exception:
    """Why ComfyUI does not take a graph: a file that is gone (Refused), or a fault of the pack (RuntimeError)."""
    for node_id, problems in node_errors.items():
        class_type = graph[node_id]["class_type"]
        if class_type in LOADERS and any(reason["type"] == "value_not_in_list" for reason in problems["errors"]):
            field, what = LOADERS[class_type]
            name = stem(str(graph[node_id]["inputs"][field]))
            return refused(503, f"The {what} {name!r} is no longer on this server. Name another, or try again later.")
    reasons = [reason["message"] for problems in node_errors.values() for reason in problems["errors"]]
    return RuntimeError(f"ComfyUI refused the graph: {reasons or error}")


def failure(what: str, error: Exception) -> Refused:
    """The answer to an exception that nobody foresaw, which goes to the log with its text and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    LOG.error("%s failed: %s: %s at %s", what, type(error).__name__, str(error)[:MAX_CHARACTERS], places)
    if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
        return refused(503, "The server has no space left on its disk. Try again later, or tell its operator.")
    if isinstance(error, MemoryError):
        return refused(503, "The server has not enough memory for this. Ask for fewer or smaller pictures.")
    return refused(500, f"The server failed ({type(error).__name__}). {IN_THE_LOG}")


def shortened(text: str, roots: Collection[str] = ()) -> str:
    """The first line of a sentence, without the folders of this machine, and of a length to be read."""
    line = text.splitlines()[0] if text else ""
    for root in sorted(roots, key=len, reverse=True):
        line = line.replace(f"{root}/", "").replace(f"{root}\\", "")
    line = ABSOLUTE_PATH.sub("", line)
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 3]}..."


def stem(file: str) -> str:
    """What clients call a model's file."""
    return PurePosixPath(file.replace("\\", "/")).stem
