"""One ComfyUI server at work on one picture: upload, queue, wait, fetch. In a thread, or a Ray actor."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from . import connection
from .connection import Reply, RequestError, cut
from .workflow import Graph, Workflow

FIRST_POLL_SECONDS, LAST_POLL_SECONDS, POLL_GROWTH = 0.1, 1.0, 1.3

NOT_COMFYUI = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
"""Of a failed request for a node: an answer that is no JSON, and a route that is not there."""

Kind = Literal["ready", "done", "failed", "refused", "unreachable", "lost", "broken"]


class Outcome(NamedTuple):
    """What became of a request; `reason` is a sentence.

    ready: the server can do the work. done: with `image`, its `suffix` and the nodes' `reports`. failed: it is the
    picture's fault. refused: the server cannot do this workflow. unreachable: it does not answer. lost: it went away
    while it worked. broken: it answers, but not as ComfyUI does, or with an error of its own.
    """

    kind: Kind
    reason: str = ""
    image: bytes = b""
    suffix: str = ""
    reports: tuple[Any, ...] = ()


class PictureFailed(Exception):
    """The picture cannot be detailed."""


class WorkflowRefused(Exception):
    """This server cannot do the workflow."""


class Gone(Exception):
    """The server has forgotten or dropped the job."""


class Server:
    """url: ComfyUI's address, with user and password if it needs them. seconds: the longest that one picture may run.

    Up to `slots` pictures at once. Each slot has one name for uploads, which the next picture overwrites, because
    ComfyUI lets nobody delete them.
    """

    def __init__(self, url: str, workflow: Workflow, seconds: float, slots: int):
        self._url, self._name, self._seconds = url.rstrip("/"), shown(url), seconds
        self._workflow = workflow
        self._running: set[str] = set()
        self._cancelled = False
        self._slots: SimpleQueue[str] = SimpleQueue()
        for _ in range(slots):
            self._slots.put(uuid.uuid4().hex)

    def check(self) -> Outcome:
        """Whether the server is there and has the workflow's nodes and inputs."""
        try:
            for class_type in sorted({node["class_type"] for node in self._workflow.graph.values()}):
                self._check_node(class_type)
        except WorkflowRefused as refused:
            return Outcome("refused", f"{self._name} {refused}")
        except RequestError as error:
            if error.status in NOT_COMFYUI:
                return Outcome("refused", f"{self._name} does not answer as ComfyUI does. Correct its address.")
            return Outcome("unreachable", f"{self._name} cannot be used: {error}")
        return Outcome("ready")

    def detail(self, data: bytes) -> Outcome:
        """Detail one picture, the bytes of its file."""
        slot, job = self._slots.get(), ""
        try:
            image = self._upload(data, slot)
            job = self._queue(self._workflow.for_image(image, uuid.uuid4().hex[:8]))
            self._running.add(job)
            if self._cancelled:  # while it was being queued
                self._end(job)
            outputs = self._wait(job)
            return self._result(outputs)
        except PictureFailed as failed:
            return Outcome("failed", f"{failed} (on {self._name}).")
        except WorkflowRefused as refused:
            return Outcome("refused", f"{self._name} {refused}")
        except Gone as error:
            return Outcome("lost", f"{self._name} was lost: {error}")
        except RequestError as error:
            if error.status is not None:
                return Outcome("broken", f"{self._name} is out of order: {error}")
            return Outcome("lost" if job else "unreachable", f"{self._name} was lost: {error}")
        except (KeyError, TypeError, AttributeError) as error:
            return Outcome("broken", f"{self._name} is out of order: its answer is not ComfyUI's ({error!r})")
        finally:
            self._running.discard(job)
            self._slots.put(slot)

    def cancel(self) -> None:
        """End what runs and waits on the server for this batch."""
        self._cancelled = True
        for job in list(self._running):
            with suppress(RequestError):  # it is gone, and with it the job
                self._end(job)

    def _end(self, job: str) -> None:
        """End one job, whether it waits or runs. The route that does both at once came with ComfyUI 0.26."""
        self._send("POST", "/queue", body={"delete": [job]})
        self._send("POST", "/interrupt", body={"prompt_id": job})

    def _check_node(self, class_type: str) -> None:
        known = self._send("GET", f"/object_info/{class_type}").json().get(class_type)
        if known is None:
            raise WorkflowRefused(f"has no node {class_type}. Install the pack that brings it, and start it again.")
        inputs = {name for group in known["input"].values() for name in group}
        for node, name in self._workflow.changes:
            if self._workflow.graph[node]["class_type"] == class_type and name.split(".")[0] not in inputs:
                raise WorkflowRefused(f"has no input {name!r} on {class_type}; it has {', '.join(sorted(inputs))}.")

    def _upload(self, data: bytes, name: str) -> str:
        answer = self._send(
            "POST",
            "/upload/image",
            accept=(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,),
            form={"type": "temp", "subfolder": "afterdetail-batch", "overwrite": "true", "image": (name, data)},
        )
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise PictureFailed("The file is larger than the server takes. Start it with a larger --max-upload-size")
        uploaded = answer.json()
        return f"{uploaded['subfolder']}/{uploaded['name']} [{uploaded['type']}]"

    def _queue(self, graph: Graph) -> str:
        body = {"prompt": graph, "partial_execution_targets": [self._workflow.result_node]}
        answer = self._send("POST", "/prompt", accept=(HTTPStatus.BAD_REQUEST,), body=body)
        if answer.status != HTTPStatus.BAD_REQUEST:
            return answer.json()["prompt_id"]
        refusal = answer.json()
        if self._workflow.image_node in refusal.get("node_errors", {}):
            raise Gone("the uploaded picture is not there any more")
        raise WorkflowRefused(f"refuses the workflow: {cut('; '.join(complaints(refusal)))}")

    def _wait(self, job: str) -> dict[str, Any]:
        """The outputs of the job once it has ended. The clock runs while it runs, not while it queues."""
        pause, deadline = FIRST_POLL_SECONDS, None
        while True:
            answer = self._send("GET", f"/api/jobs/{job}", accept=(HTTPStatus.NOT_FOUND,))
            if answer.status == HTTPStatus.NOT_FOUND:
                raise Gone("it does not know the job any more")
            state = answer.json()
            match state["status"]:
                case "completed":
                    return state["outputs"]
                case "cancelled":
                    raise Gone("the job was cancelled there")
                case "failed":
                    error = state.get("execution_error", {})
                    raise PictureFailed(f"{error.get('node_type')}: {cut(error.get('exception_message'))}")
                case "in_progress":
                    deadline = deadline or time.monotonic() + self._seconds
            if deadline and time.monotonic() > deadline:
                self._end(job)
                raise PictureFailed(f"It took more than {self._seconds:.0f} s. Allow more with --timeout")
            time.sleep(pause)
            pause = min(pause * POLL_GROWTH, LAST_POLL_SECONDS)

    def _result(self, outputs: dict[str, Any]) -> Outcome:
        images = outputs.get(self._workflow.result_node, {}).get("images", [])
        if len(images) != 1:
            raise PictureFailed(f"The workflow gives {len(images)} pictures instead of one")
        where = {key: images[0][key] for key in ("filename", "subfolder", "type")}
        image = self._send("GET", "/view", query=where).body
        suffix = where["filename"].rpartition(".")[2]
        if not suffix.isalnum():
            raise PictureFailed(f"The result is called {where['filename']!r}, which tells no format")
        return Outcome("done", "", image, f".{suffix.lower()}", tuple(_reports(outputs)))

    def _send(self, method: str, path: str, accept: tuple[int, ...] = (), **arguments: Any) -> Reply:
        """Any request. WorkflowRefused without access; RequestError for an error status that is not in `accept`."""
        login = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        answer = connection.send(method, self._url + path, accept=(*accept, *login), **arguments)
        if answer.status in login:
            raise WorkflowRefused(f"asks for a login ({answer.status}). Write http://user:password@host:port.")
        return answer


def _reports(outputs: dict[str, Any]) -> Iterator[Any]:
    """What the pack's nodes say about the objects."""
    for output in outputs.values():
        for report in output.get("report", []) if isinstance(output, dict) else []:
            with suppress(ValueError, TypeError):  # another pack may call something else a report
                yield json.loads(report)


def complaints(refusal: dict[str, Any]) -> list[str]:
    """What ComfyUI's validation says, by node: a node's own sentence once, though it comes with each of its inputs."""
    said = []
    for node in refusal.get("node_errors", {}).values():
        for error in node["errors"]:
            own = error["details"].partition(" - ")[2] if error["type"] == "custom_validation_failed" else ""
            said.append(f"{node['class_type']}: {own or error['message'] + ', ' + error['details']}")
    if not refusal.get("node_errors"):
        error = refusal.get("error", {})
        said.append(f"{error.get('message')} {error.get('details')}" if isinstance(error, dict) else str(error))
    return list(dict.fromkeys(said))


def shown(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
