"""What a running node tells the client that queued it."""

from __future__ import annotations

from collections.abc import Callable

from comfy_api.latest import io
from server import PromptServer

from ..detailer.sampling import Step

EVENT = "afterdetail.progress"
"""The message's type; its data are the ids of the prompt and the node, and the fields of a Step."""


def teller(node: type[io.ComfyNode]) -> Callable[[Step], None]:
    """Sends each step of the running node, as data for the panel and as a sentence for any other client."""
    server = getattr(PromptServer, "instance", None)
    node_id = node.hidden.unique_id if node.hidden else None
    if server is None or node_id is None:
        return lambda step: None

    def tell(step: Step) -> None:
        server.send_progress_text(str(step), node_id, server.client_id)
        where = {"prompt_id": server.last_prompt_id, "node": node_id}
        server.send_sync(EVENT, where | step._asdict(), server.client_id)

    return tell
