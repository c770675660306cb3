"""Runs in which objects failed, which are never answered from the cache."""

from __future__ import annotations

from collections import Counter

from comfy_api.latest import io

from ..detailer.report import DetailReport

_failed_runs: Counter[str] = Counter()
"""By the node's id. It goes into what ComfyUI's cache knows a run by, so after a failure the next one is a new one."""


def fingerprint(node: type[io.ComfyNode]) -> int:
    """What `fingerprint_inputs` gives: another number after each run of this node in which an object failed."""
    return _failed_runs[_id_of(node)]


def note(node: type[io.ComfyNode], report: DetailReport) -> None:
    """Count a run in which an object failed."""
    if any(report.counts("failed")):
        _failed_runs[_id_of(node)] += 1


def _id_of(node: type[io.ComfyNode]) -> str:
    return str(node.hidden.unique_id) if node.hidden else ""
