"""The line of text under a running node."""

from __future__ import annotations

from collections.abc import Callable

from comfy_api.latest import io
from server import PromptServer


def text_line(node: type[io.ComfyNode]) -> Callable[[str], None]:
    """Sends a line of text about the running node to the client that queued it."""
    server = getattr(PromptServer, "instance", None)
    node_id = node.hidden.unique_id if node.hidden else None
    if server is None or node_id is None:
        return lambda text: None
    return lambda text: server.send_progress_text(text, node_id, server.client_id)
