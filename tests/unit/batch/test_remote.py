"""How the batch meets a busy or absent API; tests/e2e/test_comfy_api.py has the real packages in front of ComfyUI."""

from __future__ import annotations

import os
import time
from unittest.mock import MagicMock

import httpx
import pytest
from afterdetail.batch import remote
from afterdetail.batch.remote import ATTEMPTS, Remote, client_of, persistently, refreshed, refusal
from afterdetail.batch.threads import Threads
from afterdetail.batch.workflow import DEFAULT, read
from comfy_sdk import ComfyError, InvalidWorkflow


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited."""
    waited: list[float] = []
    monkeypatch.setattr(remote.time, "sleep", waited.append)
    return waited


def failing(*errors: Exception):
    """A request that fails so often, and then is answered."""
    left = list(errors)

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return ask


def busy(retry_after: int | None = None) -> ComfyError:
    return ComfyError("busy", http_status=429, retry_after=retry_after)


def test_a_busy_server_is_asked_again_when_it_says(pauses):
    assert persistently(failing(busy(17), busy(), httpx.ConnectError("away"))) == "answer"
    assert pauses == [17, 1.0, 2.0]


@pytest.mark.parametrize("error", [busy(), httpx.ReadTimeout("away")])
def test_it_gives_up_in_the_end(pauses, error):
    with pytest.raises(type(error)):
        persistently(failing(*[error] * ATTEMPTS))
    assert len(pauses) == ATTEMPTS - 1 and pauses == sorted(pauses)


def test_other_errors_are_not_asked_for_again(pauses):
    with pytest.raises(ComfyError):
        persistently(failing(ComfyError("no", http_status=422)))
    assert not pauses


@pytest.mark.parametrize("before", ["http://elsewhere:1", None])
def test_the_environment_stays_as_it_was(monkeypatch, before):
    monkeypatch.setenv("COMFY_BASE_URL", before or "")
    if before is None:
        monkeypatch.delenv("COMFY_BASE_URL")
    monkeypatch.setenv("COMFY_API_KEY", "a secret")
    assert "http://host:8189" in repr(client_of("http://host:8189"))
    assert os.environ.get("COMFY_BASE_URL") == before
    monkeypatch.delenv("COMFY_API_KEY")
    with pytest.raises(ValueError, match=r"cloud\.comfy\.org needs a key.*COMFY_API_KEY"):
        client_of("https://cloud.comfy.org")
    assert os.environ.get("COMFY_BASE_URL") == before


def test_a_refusal_is_our_sentence_once():
    errors = [
        {"type": "custom_validation_failed", "message": "Custom", "details": f"{name} - seeds holds 'x'."}
        for name in ("seeds", "pick")
    ]
    nodes = {"5": {"class_type": "AfterDetail", "errors": errors}}
    assert refusal(InvalidWorkflow("failed", details={"node_errors": nodes})) == "AfterDetail: seeds holds 'x'."
    missing = InvalidWorkflow("Node 'After Detailer' not found.", details={"node_errors": {}})
    assert "install the pack AfterDetail" in refusal(missing)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (["expired", "succeeded"], "succeeded"),  # it ended between the proxy's two looks
        (["expired", "expired"], "expired"),
        (["running"], "running"),
    ],
)
def test_a_job_is_expired_when_it_is_so_twice(answers, status):
    left = list(answers)
    job = MagicMock()
    job.refresh.side_effect = lambda: job.configure_mock(status=left.pop(0)) or job
    assert refreshed(job).status == status and not left


class Job:
    """What the SDK gives for a workflow that was sent; it runs until it is cancelled."""

    status = "running"

    def refresh(self) -> Job:
        return self

    def cancel(self) -> None:
        self.status = "canceled"


def test_what_runs_there_is_ended_when_the_batch_is_stopped(monkeypatch):
    client, job = MagicMock(), Job()
    client.submit.return_value = job
    monkeypatch.setattr(remote, "client_of", lambda url: client)
    with Threads([Remote("http://host:8189", read(DEFAULT), 60)], 1) as pool:
        pool.call(0, "detail", "picture", b"data")
        deadline = time.monotonic() + 60
        while not client.submit.called and time.monotonic() < deadline:
            time.sleep(0.01)
    assert job.status == "canceled"
    client.assets.from_bytes.return_value.delete.assert_called_once()
