"""What ComfyUI reports over its websocket while prompts run."""

import asyncio
import threading
import uuid
from collections import defaultdict
from typing import Any, NamedTuple

import aiohttp

CONNECT_SECONDS = 60.0
PROGRESS_TEXT = (3).to_bytes(4, "big")


class Event(NamedTuple):
    """One message: `progress`, `progress_state`, `executing`, `executed`, `execution_error`, ... as ComfyUI sends it.

    A node's line of progress text, which ComfyUI sends in binary, is the type `text` with `node` and `text`.
    """

    type: str
    data: dict[str, Any]


class EventStream:
    """Collects, in a thread of its own, every message sent to `client_id`, by prompt."""

    def __init__(self, address: str):
        """Connect to `address` (host:port); raises ConnectionError when nobody answers."""
        self.client_id = uuid.uuid4().hex
        self._url = f"ws://{address}/ws?clientId={self.client_id}"
        self._events: defaultdict[str, list[Event]] = defaultdict(list)
        self._connected = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="comfyui-events", daemon=True)
        self._thread.start()
        if not self._connected.wait(CONNECT_SECONDS):
            raise ConnectionError(f"ComfyUI did not accept a websocket at {self._url} within {CONNECT_SECONDS:.0f} s.")

    def of(self, prompt_id: str) -> list[Event]:
        """The messages of one prompt so far, oldest first; appended to while the prompt runs."""
        return self._events[prompt_id]

    def finished(self, prompt_id: str) -> bool:
        """Whether the last message of the prompt, `executing` without a node, has come."""
        events = self._events[prompt_id]
        return any(event.type == "executing" and event.data["node"] is None for event in events[-3:])

    def close(self) -> None:
        if self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._listen())
        try:
            self._loop.run_until_complete(self._task)
        except (asyncio.CancelledError, aiohttp.ClientError):
            pass  # closed by us, or the server went away: its process tells why
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        running = ""
        async with aiohttp.ClientSession() as session, session.ws_connect(self._url, max_msg_size=0) as socket:
            self._connected.set()
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    event = Event(**message.json())
                    running = event.data.get("prompt_id", running)
                    self._events[event.data.get("prompt_id", "")].append(event)
                elif message.data[:4] == PROGRESS_TEXT:
                    self._events[running].append(_progress_text(message.data[4:]))


def _progress_text(payload: bytes) -> Event:
    """Length of the node id (big-endian, 4 bytes), node id, text."""
    text_start = 4 + int.from_bytes(payload[:4], "big")
    return Event("text", {"node": payload[4:text_start].decode(), "text": payload[text_start:].decode()})
