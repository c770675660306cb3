"""The list of nodes, and the canvas's routes."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io
from server import PromptServer

from ..api import switch
from . import live_route
from .convert import AfterDetailFromBoxes, AfterDetailFromMask, AfterDetailFromSEGS, AfterDetailToSEGS
from .crops import AfterDetailCrop, AfterDetailPaste
from .detail import AfterDetail
from .detect import AfterDetailDetect, AfterDetailFilter
from .inpaint import AfterDetailInpaint
from .preview import AfterDetailPreview
from .provider import AfterDetailDetectorProvider
from .regions import AfterDetailRegions
from .safety import AfterDetailSafety
from .style import AfterDetailStylePreset


class AfterDetailExtension(ComfyExtension):
    async def on_load(self) -> None:
        if server := getattr(PromptServer, "instance", None):  # None where tests load the nodes without a server
            switch.register(server)
            live_route.register(server)

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
        ]
