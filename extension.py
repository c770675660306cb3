"""The composition root: lists the nodes, and wires the canvas and the hosted services' routes to ComfyUI."""

from __future__ import annotations

from pathlib import Path

import folder_paths
from comfy_api.latest import ComfyExtension, io
from server import PromptServer

from .api import switch
from .canvas import blueprints, page_routes, templates
from .canvas.recorder import Recorder
from .canvas.snapshots import SnapshotStore
from .nodes import watching
from .nodes.after_detailer import AfterDetail
from .nodes.crop_and_paste import AfterDetailCrop, AfterDetailPaste
from .nodes.detect import AfterDetailDetect, AfterDetailFilter
from .nodes.detection_formats import AfterDetailFromBoxes, AfterDetailFromMask, AfterDetailFromSEGS, AfterDetailToSEGS
from .nodes.inpaint import AfterDetailInpaint
from .nodes.preview import AfterDetailPreview
from .nodes.provider import AfterDetailDetectorProvider
from .nodes.regions import AfterDetailRegions
from .nodes.safety_check import AfterDetailSafety
from .nodes.save_report import AfterDetailSaveReport
from .nodes.structure_hints import AfterDetailHints
from .nodes.style import AfterDetailStylePreset


class AfterDetailExtension(ComfyExtension):
    def __init__(self) -> None:
        self._service_nodes: list[type[io.ComfyNode]] = []

    async def on_load(self) -> None:
        if server := getattr(PromptServer, "instance", None):  # None where tests load the nodes without a server
            snapshots = SnapshotStore()
            watching.watch(Recorder(snapshots))
            page_routes.register(server, snapshots)
            blueprints.register(server)
            templates.register(server)
            templates.offer_pictures(Path(folder_paths.get_input_directory()))
            self._service_nodes = switch.register(server)

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [
            AfterDetail,
            AfterDetailDetect,
            AfterDetailFilter,
            AfterDetailRegions,
            AfterDetailInpaint,
            AfterDetailCrop,
            AfterDetailPaste,
            AfterDetailFromMask,
            AfterDetailFromBoxes,
            AfterDetailFromSEGS,
            AfterDetailToSEGS,
            AfterDetailDetectorProvider,
            AfterDetailPreview,
            AfterDetailSafety,
            AfterDetailStylePreset,
            AfterDetailSaveReport,
            AfterDetailHints,
            *self._service_nodes,
        ]
