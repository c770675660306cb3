"""A headless ComfyUI with this pack linked in, driven over HTTP."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from PIL import Image

from .comfyui import ROOT
from .events import Event, EventStream
from .process import (
    LOG_TAIL_CHARACTERS,
    ComfyProcess,
    Port,
    ServerFailed,
    link_models,
    make_base_directory,
    read_log,
)
from .prompts import node

__all__ = ["ComfyServer", "Event", "PromptFailed", "PromptRefused", "ServerFailed"]

NANO_MODELS = Path(__file__).with_name("nano_models")
PROBE_NODES = {"probe_nodes": Path(__file__).with_name("probe_nodes")}
"""For `custom_nodes`."""
POLL_SECONDS = 0.05

Prompt = Mapping[str, Any]
HistoryEntry = dict[str, Any]


class PromptRefused(ValueError):
    """ComfyUI's validation refused a prompt; `answer` is its JSON with `error` and `node_errors`."""

    def __init__(self, answer: dict[str, Any]):
        super().__init__(f"ComfyUI refused the prompt: {answer.get('error')}; by node: {answer.get('node_errors')}")
        self.answer = answer

    @property
    def missing_node(self) -> str | None:
        """The class of the node that this ComfyUI does not have, if that is the reason."""
        error = self.answer["error"]
        return error["extra_info"].get("class_type") if error["type"] == "missing_node_type" else None


class PromptFailed(RuntimeError):
    """A prompt ended in an error or was interrupted; `entry` is its history entry, `reason` its last message."""

    def __init__(self, entry: HistoryEntry):
        kind, self.reason = entry["status"]["messages"][-1]
        what = self.reason.get("exception_message", kind)
        super().__init__(f"The prompt failed in node {self.reason.get('node_type')}: {what}")
        self.entry = entry


class ComfyServer:
    """`with ComfyServer(models=folder) as comfy: entry = comfy.run(prompt)`.

    models: a folder with `checkpoints/`, `loras/`, ... whose files are linked into the server's own.
    pack, nano: whether to link this pack, and the extension that loads nano checkpoints.
    custom_nodes: further custom nodes, by folder name. arguments: further arguments of ComfyUI's main.py.
    """

    def __init__(
        self,
        models: Path | None = None,
        *,
        pack: bool = True,
        nano: bool = False,
        custom_nodes: Mapping[str, Path] | None = None,
        arguments: Sequence[str] = ("--cpu",),
    ):
        self._folder = tempfile.TemporaryDirectory(prefix="comfyui ", ignore_cleanup_errors=True)
        self.base = Path(self._folder.name)
        self.arguments = tuple(arguments)
        linked = dict(custom_nodes or {})
        if pack:
            linked["afterdetail"] = ROOT
        if nano:
            linked["nano_models"] = NANO_MODELS
        make_base_directory(self.base, linked, models)
        self._port = Port()
        self.port = self._port.number
        self._http = requests.Session()
        self._http.trust_env = False  # a proxy must not see requests to this machine
        self._process: ComfyProcess | None = None
        self._events: EventStream | None = None
        self._own: set[str] = set()
        """Prompts whose messages come to `_events`."""

    # Life of the process

    def __enter__(self) -> "ComfyServer":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self, timeout: float = 300.0) -> None:
        """Start ComfyUI and wait until it answers; raises ServerFailed with the tail of the log."""
        self._process = ComfyProcess(self.base, self.port, self.arguments)
        deadline = time.monotonic() + timeout
        while not self._answers():
            self._process.require_alive("while it was starting")
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"ComfyUI did not answer within {timeout:.0f} s. Its log:\n{self.log()[-LOG_TAIL_CHARACTERS:]}"
                )
            time.sleep(0.1)
        self._events, self._own = EventStream(self.address), set()

    def stop(self) -> None:
        """End ComfyUI as Ctrl-C does, and keep its folder."""
        self._disconnect()
        if self._process is not None:
            self._process.stop()
            self._process = None

    def restart(self) -> None:
        """End ComfyUI and start it again, same folder and port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End ComfyUI as a crash would."""
        self.process.kill()

    def close(self) -> None:
        """End ComfyUI at once and delete its folder."""
        self._disconnect()
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._port.close()
        self._http.close()
        self._folder.cleanup()

    def log(self) -> str:
        """What ComfyUI has logged since the server was made, restarts included."""
        return read_log(self.base)

    @property
    def process(self) -> ComfyProcess:
        if self._process is None:
            raise ServerFailed("ComfyUI is not running. Call start(), or use the server in a with statement.")
        return self._process

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def link_models(self, models: Path) -> None:
        """Link the files of a models folder that has grown since the server was made."""
        link_models(self.base, models)

    # Prompts

    def queue(self, prompt: Prompt, client_id: str | None = None, extra_data: Prompt | None = None) -> str:
        """Queue a prompt in API form and return its id; raises PromptRefused.

        Its messages go to `client_id`; left out, they come to `events` and to `wait(on_progress=)`.
        """
        body = {"prompt": prompt, "client_id": client_id or self._stream.client_id, "extra_data": extra_data or {}}
        answer = self.send("POST", "/prompt", json=body)
        if answer.status_code == requests.codes.bad_request:
            raise PromptRefused(answer.json())
        answer.raise_for_status()
        prompt_id = answer.json()["prompt_id"]
        if client_id is None:
            self._own.add(prompt_id)
        return prompt_id

    def wait(
        self, prompt_id: str, timeout: float = 300.0, on_progress: Callable[[Event], None] | None = None
    ) -> HistoryEntry:
        """The prompt's history entry once it has ended, however it ended.

        on_progress: called here, in order, with each message of the prompt as it comes.
        Raises TimeoutError, or ServerFailed when ComfyUI ends meanwhile.
        """
        deadline = time.monotonic() + timeout
        seen = 0
        while True:
            entry = self.history(prompt_id)
            if entry is not None:
                self._await_last_event(prompt_id, deadline)
            seen = self._report(prompt_id, seen, on_progress)
            if entry is not None:
                return entry
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"Prompt {prompt_id} did not end within {timeout:.0f} s. Log:\n{self.log()[-LOG_TAIL_CHARACTERS:]}"
                )
            time.sleep(POLL_SECONDS)

    def run(
        self, prompt: Prompt, timeout: float = 300.0, on_progress: Callable[[Event], None] | None = None
    ) -> HistoryEntry:
        """Queue and wait; raises PromptRefused or, when it ends in an error or is interrupted, PromptFailed."""
        entry = self.wait(self.queue(prompt), timeout, on_progress)
        if entry["status"]["status_str"] != "success":
            raise PromptFailed(entry)
        return entry

    def history(self, prompt_id: str) -> HistoryEntry | None:
        """The history entry of a prompt that has ended, else None."""
        return self.get(f"/history/{prompt_id}").json().get(prompt_id)

    def events(self, prompt_id: str) -> list[Event]:
        """The websocket messages of one prompt so far, oldest first."""
        return list(self._stream.of(prompt_id))

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Interrupt what runs now, or only if it is `prompt_id`."""
        self.post("/interrupt", json={"prompt_id": prompt_id} if prompt_id else {})

    def free(self) -> None:
        """Unload models and drop cached results. ComfyUI does so once nothing runs, or between two prompts."""
        self.post("/free", json={"unload_models": True, "free_memory": True})
        for _ in range(2):
            self.run({"between": node("PreviewAny", source="")})

    # Files and facts

    def object_info(self, node_id: str | None = None) -> dict[str, Any]:
        """All node definitions by id, or one of them; raises KeyError for an unknown id."""
        if node_id is None:
            return self.get("/object_info").json()
        return self.get(f"/object_info/{node_id}").json()[node_id]

    def upload(self, image: bytes | Path | Image.Image, name: str) -> str:
        """Put a picture into the input folder; returns the name that LoadImage takes."""
        match image:
            case Image.Image():
                buffer = BytesIO()
                image.save(buffer, "PNG")
                content = buffer.getvalue()
            case Path():
                content = image.read_bytes()
            case _:
                content = image
        answer = self.post("/upload/image", files={"image": (name, content)}, data={"overwrite": "true"})
        return answer.json()["name"]

    def view(self, image: Mapping[str, str]) -> bytes:
        """The file behind one entry of a node's `images` output (filename, subfolder, type)."""
        return self.get("/view", params=dict(image)).content

    def images(self, entry: HistoryEntry, node: str | None = None) -> list[Image.Image]:
        """The pictures a prompt saved or previewed, in node order, or those of one node."""
        outputs = entry["outputs"] if node is None else {node: entry["outputs"][node]}
        listed = [image for output in outputs.values() for image in output.get("images", [])]
        return [Image.open(BytesIO(self.view(image))) for image in listed]

    def get(self, path: str, **arguments: Any) -> requests.Response:
        """GET any route; raises requests.HTTPError for an error status."""
        answer = self.send("GET", path, **arguments)
        answer.raise_for_status()
        return answer

    def post(self, path: str, **arguments: Any) -> requests.Response:
        """POST any route; raises requests.HTTPError for an error status."""
        answer = self.send("POST", path, **arguments)
        answer.raise_for_status()
        return answer

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Any request, whatever the answer's status; raises ServerFailed when ComfyUI has ended."""
        self.process.require_alive(f"before {method} {path}")
        try:
            return self._http.request(method, self.url + path, **arguments)
        except requests.ConnectionError:
            self.process.require_alive(f"before it answered {method} {path}")
            raise

    @property
    def _stream(self) -> EventStream:
        if self._events is None:
            raise ServerFailed("ComfyUI is not running. Call start(), or use the server in a with statement.")
        return self._events

    def _disconnect(self) -> None:
        if self._events is not None:
            self._events.close()
            self._events = None

    def _answers(self) -> bool:
        try:
            return self._http.get(f"{self.url}/system_stats", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _await_last_event(self, prompt_id: str, deadline: float) -> None:
        """ComfyUI sends it after the entry is in the history. None is sent of a prompt that never ran."""
        while prompt_id in self._own and not self._stream.finished(prompt_id):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The last message of prompt {prompt_id} did not come.")
            time.sleep(POLL_SECONDS)

    def _report(self, prompt_id: str, seen: int, on_progress: Callable[[Event], None] | None) -> int:
        events = self.events(prompt_id)
        if on_progress is not None:
            for event in events[seen:]:
                on_progress(event)
        return len(events)
