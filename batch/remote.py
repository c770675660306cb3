"""Comfy API v2 at work on one picture, through the package comfy-sdk: Comfy Cloud, serverless, or ComfyUI by proxy."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

import httpx
from comfy_sdk import Asset, Comfy, ComfyError, Forbidden, InvalidWorkflow, Job, MissingApiKey, NotFound, Unauthorized

from .connection import cut
from .server import Gone, Outcome, PictureFailed, WorkflowRefused, complaints, shown
from .workflow import Workflow

BASE_URL, KEY = "COMFY_BASE_URL", "COMFY_API_KEY"
ATTEMPTS = 6
"""How often a request is sent that does not get through, and how often a full server is asked again."""
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS, PAUSE_GROWTH = 0.5, 30.0, 2.0
FIRST_POLL_SECONDS, LAST_POLL_SECONDS, POLL_GROWTH = 0.3, 3.0, 1.3
BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
INSTALL = "It has no After Detailer: install the pack AfterDetail there, and start it again."

_environment = threading.Lock()


class Remote:
    """url: where API v2 is. seconds: the longest that one picture may run. The key comes from COMFY_API_KEY."""

    def __init__(self, url: str, workflow: Workflow, seconds: float):
        self._name, self._workflow, self._seconds = shown(url), workflow, seconds
        self._client = client_of(url)
        self._running: set[Job] = set()
        self._cancelled = False

    def check(self) -> Outcome:
        """Whether it answers as API v2 does, and takes the key."""
        try:
            with self._told():
                self._client.jobs.get(str(uuid.uuid4()))
        except NotFound:
            return Outcome("ready")
        except WorkflowRefused as refused:
            return Outcome("refused", str(refused))
        except (Unreachable, ComfyError) as error:
            return Outcome("unreachable", f"{self._name} cannot be used: {error}")
        return Outcome("ready")

    def detail(self, data: bytes) -> Outcome:
        """Detail one picture, the bytes of its file."""
        asset = job = None
        try:
            with self._told():
                asset = self._client.assets.from_bytes(data, filename=f"{uuid.uuid4().hex}.png")
                job = self._submit(asset)
                return self._result(self._wait(job))
        except PictureFailed as failed:
            return Outcome("failed", f"{failed} (on {self._name}).")
        except WorkflowRefused as refused:
            return Outcome("refused", str(refused))
        except Gone as error:
            return Outcome("lost", f"{self._name} was lost: {error}")
        except Unreachable as error:
            return Outcome("lost" if job else "unreachable", f"{self._name} was lost: {error}")
        except ComfyError as error:
            return Outcome("broken", f"{self._name} is out of order: {cut(error)}")
        finally:
            if job is not None:
                self._running.discard(job)
            if asset is not None and asset.created_new:
                with suppress(ComfyError, httpx.HTTPError):  # no server has to let inputs be deleted
                    asset.delete()

    def cancel(self) -> None:
        """End what runs and waits there for this batch."""
        self._cancelled = True
        for job in list(self._running):
            with suppress(ComfyError, httpx.HTTPError):
                job.cancel()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The SDK's errors that are nobody's fault here as this program's own."""
        try:
            yield
        except (Unauthorized, Forbidden) as error:
            key = "refuses the key in" if os.environ.get(KEY) else "asks for a key, and there is none in"
            raise WorkflowRefused(f"{self._name} {key} {KEY} ({error.http_status}).") from error
        except InvalidWorkflow as error:
            raise WorkflowRefused(f"{self._name} refuses the workflow: {refusal(error)}") from error
        except ComfyError as error:
            if error.http_status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise PictureFailed("The file is larger than the server takes") from error
            raise
        except httpx.HTTPError as error:
            raise Unreachable("there is no connection") from error

    def _submit(self, asset: Asset) -> Job:
        graph = self._workflow.for_image("", uuid.uuid4().hex[:8], alone=True)
        workflow = self._client.workflows.from_json(graph)
        workflow.set_input(self._workflow.image_node, "image", asset)
        job = persistently(lambda: self._client.submit(workflow))
        self._running.add(job)
        if self._cancelled:  # while it was being queued
            job.cancel()
        return job

    def _wait(self, job: Job) -> Job:
        """The job once it has ended well. The clock runs while it runs, not while it queues."""
        pause, deadline = FIRST_POLL_SECONDS, None
        while True:
            match refreshed(job).status:
                case "succeeded":
                    return job
                case "failed":
                    error = job.error
                    raise PictureFailed(f"{error.class_type or 'The workflow'}: {cut(error.message)}")
                case "canceled" | "expired" as status:
                    raise Gone(f"the job is {status} there")
                case "running":
                    deadline = deadline or time.monotonic() + self._seconds
            if deadline and time.monotonic() > deadline:
                job.cancel()
                raise PictureFailed(f"It took more than {self._seconds:.0f} s. Allow more with --timeout")
            time.sleep(pause)
            pause = min(pause * POLL_GROWTH, LAST_POLL_SECONDS)

    def _result(self, job: Job) -> Outcome:
        images = job.get_outputs(self._workflow.result_node)
        if len(images) != 1:
            raise PictureFailed(f"The workflow gives {len(images)} pictures instead of one")
        suffix = images[0].name.rpartition(".")[2].lower()
        image = persistently(images[0].to_bytes)
        saved = [output for node in self._workflow.report_nodes for output in job.get_outputs(node)]
        try:
            reports = tuple(json.loads(persistently(output.to_bytes)) for output in saved)
        except ValueError as error:
            raise PictureFailed(f"The report is not JSON: {cut(error)}") from error
        return Outcome("done", "", image, f".{suffix}", reports)


class Unreachable(Exception):
    """There is no connection."""


def client_of(url: str) -> Comfy:
    """ValueError without a key where one is needed. The SDK reads the address from the environment only."""
    with _environment:
        before = os.environ.get(BASE_URL)
        os.environ[BASE_URL] = url
        try:
            return Comfy(client_info="AfterDetail.batch")
        except MissingApiKey as error:
            raise ValueError(f"{shown(url)} needs a key. Put it into the environment variable {KEY}.") from error
        finally:
            if before is None:
                del os.environ[BASE_URL]
            else:
                os.environ[BASE_URL] = before


def refreshed(job: Job) -> Job:
    """The job as it stands. An expired one is asked for twice: comfy-api-proxy looks into ComfyUI's history and then
    into its queue, and calls a job expired that ends in between.
    """
    persistently(job.refresh)
    return persistently(job.refresh) if job.status == "expired" else job


def persistently(ask: Any) -> Any:
    """The answer to a request, sent again while the server is busy or the network is away."""
    for attempt in range(ATTEMPTS):
        pause = min(FIRST_PAUSE_SECONDS * PAUSE_GROWTH**attempt, LAST_PAUSE_SECONDS)
        try:
            return ask()
        except httpx.HTTPError:
            if attempt == ATTEMPTS - 1:
                raise
        except ComfyError as error:
            if error.http_status not in BUSY or attempt == ATTEMPTS - 1:
                raise
            pause = max(pause, error.retry_after or 0)
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def refusal(error: InvalidWorkflow) -> str:
    """What is wrong with the workflow, by node."""
    nodes = (error.details or {}).get("node_errors")
    if nodes:
        return cut("; ".join(complaints({"node_errors": nodes})))
    missing = "not found" in str(error) or "does not exist" in str(error)
    return f"{cut(error)} {INSTALL}" if missing else cut(error)
