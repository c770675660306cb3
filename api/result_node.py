"""Service Result: how a graph of the HTTP service answers. ComfyUI has this node while the service is on."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ..nodes import inputs
from ..nodes.sockets import CATEGORY
from .handover import hand_over


class AfterDetailServiceResult(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailServiceResult",
            display_name="Service Result",
            category=CATEGORY,
            description="Hands images to the request of the HTTP service that waits for them. The service makes this "
            "node itself.",
            inputs=[inputs.image(), io.String.Input("ticket", tooltip="Which request waits for the images.")],
            is_output_node=True,
            is_dev_only=True,
        )

    @classmethod
    def execute(cls, image: torch.Tensor, ticket: str) -> io.NodeOutput:
        hand_over(ticket, image[..., :3])
        return io.NodeOutput()
