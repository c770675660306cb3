"""The servers as Ray actors: one process each, started again by Ray when it dies, here or on a cluster."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported: it sends no statistics

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError

from .run import Call
from .server import Outcome, Server, shown
from .workflow import Workflow

LOCAL = "local"
OBJECT_STORE_BYTES = 512 * 2**20
CONNECT_SECONDS, CANCEL_SECONDS = 10.0, 10.0


class Workers:
    """`with Workers(urls, workflow, ...) as workers:`. address: of a running Ray cluster; LOCAL: one for this run."""

    def __init__(self, urls: Sequence[str], workflow: Workflow, seconds: float, per_server: int, address: str):
        self._urls, self._workflow, self._seconds = urls, workflow, seconds
        self._per_server, self._address = per_server, address
        self._actors: list[Any] = []
        self._calls: dict[Any, Any] = {}

    def __enter__(self) -> Workers:
        """Raises ValueError when the cluster cannot be joined."""
        options: dict[str, Any] = {"address": self._address}
        if self._address == LOCAL:
            options |= _local_options()
        else:
            _require_answer(self._address)
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ValueError(f"Ray could not be started or joined at {self._address}: {error}") from error
        # The actors get the code with them: a cluster's machines need not have this pack.
        cloudpickle.register_pickle_by_value(sys.modules[__package__ or ""])
        # Threads for the pictures and one for `check` and `cancel`; the work is done elsewhere, so no CPU is reserved.
        actor: Any = ray.remote(Server)
        actor = actor.options(num_cpus=0, max_restarts=-1, max_concurrency=self._per_server + 1)
        self._actors = [actor.remote(url, self._workflow, self._seconds, self._per_server) for url in self._urls]
        return self

    def __exit__(self, *_: object) -> None:
        if self._calls:
            ray.wait([a.cancel.remote() for a in self._actors], num_returns=len(self._actors), timeout=CANCEL_SECONDS)
        ray.shutdown()

    def call(self, server: int, call: Call, token: Any, *arguments: Any) -> None:
        """Let a server do something; `wait` gives the outcome with the token."""
        self._calls[getattr(self._actors[server], call).remote(*arguments)] = token, shown(self._urls[server])

    def wait(self, seconds: float) -> list[tuple[Any, Outcome]]:
        """Outcomes by token: none, if nothing ends within `seconds`."""
        if not self._calls:
            return []
        ended, _ = ray.wait(list(self._calls), timeout=seconds)
        return [(token, _outcome(call, name)) for call in ended for token, name in (self._calls.pop(call),)]


def _local_options() -> dict[str, Any]:
    """One CPU, because Ray starts a process for each in advance and the actors need none."""
    return {
        "num_cpus": 1,
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
    }


def _require_answer(address: str) -> None:
    """ValueError when nobody listens there: Ray itself tries for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.port is None:
        return
    try:
        socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS).close()
    except OSError as error:
        raise ValueError(
            f"There is no Ray cluster at {address} ({error}). Begin one with `ray start --head`, or leave --ray out."
        ) from error


def _outcome(call: Any, name: str) -> Outcome:
    """What Ray's answer says of a call."""
    try:
        return ray.get(call)
    except RayTaskError as error:
        return Outcome("failed", f"An error of this program: {str(error).strip().splitlines()[-1]}.")
    except RayError:
        return Outcome("lost", f"The worker process of {name} ended")
