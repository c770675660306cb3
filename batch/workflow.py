"""A workflow in API form as the settings of a batch: where a picture goes in, what was changed, what comes out."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sources import SUFFIXES

Graph = dict[str, dict[str, Any]]

DEFAULT = Path(__file__).resolve().parents[1] / "workflows" / "api" / "detail-faces-sd15.json"
LOADER, SAVER, REPORTER = "LoadImage", "SaveImage", "AfterDetailSaveReport"
WRITES_PNG = (SAVER, "PreviewImage")


@dataclass(frozen=True)
class Workflow:
    """`changes` are the inputs that the user has set, as (node id, input)."""

    graph: Graph
    image_node: str
    result_node: str
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """The same for workflows that do the same to a picture, whatever their titles and the nodes beside it are."""
        graph = {
            key: {"class_type": self.graph[key]["class_type"], "inputs": self.graph[key]["inputs"]}
            for key in sorted(_upstream(self.graph, self.result_node) | {self.image_node})
        }
        graph[self.image_node] = {"class_type": graph[self.image_node]["class_type"], "inputs": {}}
        text = json.dumps([graph, self.image_node, self.result_node], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What a result's file name may end with: known of ComfyUI's own nodes, of others any picture's."""
        return (".png",) if self.graph[self.result_node]["class_type"] in WRITES_PNG else SUFFIXES

    @property
    def report_nodes(self) -> list[str]:
        """The ids of its Save Report nodes."""
        return [key for key, node in self.graph.items() if node["class_type"] == REPORTER]

    def for_image(self, image: str, run: str, alone: bool = False) -> Graph:
        """The graph for one uploaded picture. alone: without what neither picture nor report is made of.

        `run` goes into the name under which ComfyUI saves, so that it never answers with a file of an earlier run
        that may have been deleted since.
        """
        graph = copy.deepcopy(self.graph)
        graph[self.image_node]["inputs"]["image"] = image
        savers = [self.result_node, *self.report_nodes]
        for saving in (graph[key]["inputs"] for key in savers):
            if isinstance(saving.get("filename_prefix"), str):
                saving["filename_prefix"] += f"-{run}"
        if alone:
            needed = set().union(*(_upstream(graph, key) for key in savers))
            graph = {key: node for key, node in graph.items() if key in needed}
        return graph


def _upstream(graph: Graph, key: str) -> set[str]:
    """A node, and all that it takes something from."""
    found, left = set(), [key]
    while left:
        found.add(node := left.pop())
        links = [value[0] for value in graph[node]["inputs"].values() if isinstance(value, list) and len(value) == 2]
        left += [other for other in links if isinstance(other, str) and other in graph and other not in found]
    return found


def read(
    path: Path, settings: Sequence[str] = (), checkpoint: str | None = None, source: str = "", result: str = ""
) -> Workflow:
    """The workflow in a file with `settings` such as `After Detailer.denoise=0.4` and another checkpoint.

    source, result: titles or ids of the nodes that load the picture and that give the result; left out, the only
    Load Image and the only Save Image. ValueError says what is missing or ambiguous.
    """
    graph = _read_graph(path)
    changes = [_change(graph, setting) for setting in settings]
    if checkpoint is not None:
        changes.append(_change_checkpoint(graph, checkpoint))
    image_node = _named(graph, source) if source else _the_only(graph, LOADER, "--input")
    if "image" not in graph[image_node]["inputs"]:
        raise ValueError(f"Node {source} has no input `image`. Name the node that loads the picture with --input.")
    result_node = _named(graph, result) if result else _the_only(graph, SAVER, "--result")
    return Workflow(graph, image_node, result_node, tuple(changes))


def _read_graph(path: Path) -> Graph:
    """The graph of a file in API form; ValueError for any other file."""
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"The workflow {path} cannot be read: {error}.") from error
    if not isinstance(graph, dict) or not graph or not all(_is_node(node) for node in graph.values()):
        raise ValueError(f"{path} is no workflow in API form. In ComfyUI, choose File > Export (API).")
    return graph


def _is_node(node: Any) -> bool:
    """Whether a value is a node of an API graph."""
    return isinstance(node, dict) and isinstance(node.get("inputs"), dict) and isinstance(node.get("class_type"), str)


def _change(graph: Graph, setting: str) -> tuple[str, str]:
    """Carry out `Node title or id.input=value` in the graph; what was changed."""
    target, equals, text = setting.partition("=")
    found = sorted(set(_targets(graph, target)))
    if not equals or not found:
        raise ValueError(
            f"--set {setting!r} names no node of the workflow. Write 'Title or id.input=value'; "
            f"the nodes are {', '.join(map(repr, _titles(graph)))}."
        )
    if len(found) > 1:
        raise ValueError(f"--set {setting!r} fits the nodes {', '.join(node for node, _ in found)}. Use an id.")
    node, name = found[0]
    present = graph[node]["inputs"].get(name)
    if isinstance(present, list):
        raise ValueError(f"--set {setting!r}: another node is connected to this input. Change that node.")
    graph[node]["inputs"][name] = text if isinstance(present, str) else _typed(text)
    return node, name


def _targets(graph: Graph, target: str) -> Iterator[tuple[str, str]]:
    """Each way to read `node.input`; titles and inputs may have dots themselves."""
    parts = target.split(".")
    for i in range(1, len(parts)):
        for node in _called(graph, ".".join(parts[:i])):
            yield node, ".".join(parts[i:]).strip()


def _typed(text: str) -> Any:
    """A number or boolean where it reads as one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def _change_checkpoint(graph: Graph, checkpoint: str) -> tuple[str, str]:
    """Give every checkpoint loader this file."""
    loaders = [key for key, node in graph.items() if isinstance(node["inputs"].get("ckpt_name"), str)]
    if len(loaders) != 1:
        listed = ", ".join(f"{key} ({graph[key]['inputs']['ckpt_name']})" for key in loaders) or "none"
        raise ValueError(f"--checkpoint needs one node that loads a checkpoint, and there are: {listed}. Use --set.")
    graph[loaders[0]]["inputs"]["ckpt_name"] = checkpoint
    return loaders[0], "ckpt_name"


def _named(graph: Graph, name: str) -> str:
    """The id of the one node of this title or id."""
    found = _called(graph, name)
    if len(found) != 1:
        listing = ", ".join(map(repr, _titles(graph)))
        raise ValueError(f"{len(found)} nodes of the workflow are called {name!r}. Its nodes are {listing}.")
    return found[0]


def _called(graph: Graph, name: str) -> list[str]:
    """The ids of the nodes that a user means by an id or a title."""
    wanted = name.strip()
    return [wanted] if wanted in graph else [key for key in graph if _title(graph, key).casefold() == wanted.casefold()]


def _the_only(graph: Graph, class_type: str, option: str) -> str:
    """The id of the only node of this class; ValueError that names `option` otherwise."""
    found = [key for key, node in graph.items() if node["class_type"] == class_type]
    if len(found) != 1:
        raise ValueError(
            f"The workflow has {len(found)} nodes of the kind {class_type}. Name the one to use with {option}; "
            f"the nodes are {', '.join(map(repr, _titles(graph)))}."
        )
    return found[0]


def _title(graph: Graph, key: str) -> str:
    """What the node is called on the canvas."""
    return str(graph[key].get("_meta", {}).get("title", ""))


def _titles(graph: Graph) -> list[str]:
    """What the nodes are called on the canvas, for a sentence."""
    return [_title(graph, key) or key for key in graph]
