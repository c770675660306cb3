"""Runs in which objects failed: never answered from the cache, and an error where all failed for one reason."""

from __future__ import annotations

from collections import Counter

from comfy_api.latest import io

from ..detailer.report import DetailReport

_failed_runs: Counter[str] = Counter()
"""By the node's id. It goes into what ComfyUI's cache knows a run by, so after a failure the next one is a new one."""


def fingerprint(node: type[io.ComfyNode]) -> int:
    """What `fingerprint_inputs` gives: another number after each run of this node in which an object failed."""
    return _failed_runs[_id_of(node)]


def account_for(node: type[io.ComfyNode], report: DetailReport) -> None:
    """Note a run's failures; ValueError if every object that was tried failed, and for one reason."""
    reasons = {item.reason for items in report.images for item in items if item.status == "failed"}
    if not reasons:
        return
    _failed_runs[_id_of(node)] += 1
    failed, others = sum(report.counts("failed")), sum(report.counts()) - sum(report.counts("failed", "skipped"))
    if others == 0 and len(reasons) == 1:
        which = "The object" if failed == 1 else f"All {failed} objects"
        raise ValueError(f"{which} could not be repaired: {reasons.pop()}")


def _id_of(node: type[io.ComfyNode]) -> str:
    return str(node.hidden.unique_id) if node.hidden else ""
