"""Who may use the service, and how many jobs each may have at once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from .errors import refused

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
NOBODY = ""
"""The client where no key is set."""


def client_of(request: web.Request, keys: Sequence[str]) -> str:
    """A name for whoever sent the request: a digest of the key, or NOBODY. Refused without a right to be served."""
    if not keys:
        _require_loopback(request)
        return NOBODY
    given = _key_in(request)
    if given is None:
        raise refused(401, "No API key came with the request. Send it as 'Authorization: Bearer <key>' or 'x-api-key'.")
    digest = _digest(given)
    known = [hmac.compare_digest(digest, _digest(key)) for key in keys]  # all of them, so that no time tells which
    if not any(known):
        raise refused(401, "The API key is not one of this server's. Check it, or ask the operator for one.")
    return digest.hex()[:16]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _key_in(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip() or None


def _require_loopback(request: web.Request) -> None:
    """Without a key only this machine is served; not through a proxy, nor for a page under another name."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    forwarded = any(name in request.headers for name in FORWARDING)
    if not peer or not _is_loopback(peer[0]) or forwarded or not _names_loopback(request.host):
        raise refused(
            401,
            "This server has no API key, so it serves its own machine only, and not through a proxy. Set api_keys in "
            "the settings file or AFTERDETAIL_API_KEY.",
        )


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return bool((getattr(found, "ipv4_mapped", None) or found).is_loopback)


def _names_loopback(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower() in LOOPBACK_NAMES or _is_loopback(name)


@dataclass
class Lane:
    """How many jobs of a client are in work, and the last one in line."""

    jobs: int = 0
    last: asyncio.Future[None] | None = None


@dataclass
class Turn:
    """A job's place in its lane: before those that come to stand in line later."""

    lane: Lane
    before: asyncio.Future[None] | None = None
    mine: asyncio.Future[None] | None = None

    def line_up(self) -> None:
        """Stand behind whoever stands there: the request has arrived."""
        self.before, self.mine = self.lane.last, asyncio.get_running_loop().create_future()
        self.lane.last = self.mine

    async def wait(self) -> None:
        """Return when everything that came before has been queued, or never will be."""
        if self.before is not None:
            await self.before

    def pass_on(self) -> None:
        """Let the next one go: now, or, when this job never stood at the front, once those before it have gone."""
        if self.mine is None or self.mine.done():
            return
        if self.before is None or self.before.done():
            self.mine.set_result(None)
        else:
            self.before.add_done_callback(lambda _: self.pass_on())


@dataclass
class Lanes:
    """Admission: at most `limit` jobs of each client, queued in the order they came."""

    limit: int
    lanes: dict[str, Lane] = field(default_factory=dict)
    seconds_per_job: float = 1.0

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[Turn]:
        """A place for one job. Refused with 429 when the client has none left."""
        lane = self.lanes.setdefault(client, Lane())
        if lane.jobs >= self.limit:
            wait = max(math.ceil(self.seconds_per_job), 1)
            raise refused(
                429,
                f"This key has {lane.jobs} requests in work, which is the limit. Try again in {wait} s.",
                {"Retry-After": str(wait)},
            )
        turn = Turn(lane)
        lane.jobs += 1
        try:
            yield turn
        finally:
            turn.pass_on()
            lane.jobs -= 1
            if lane.jobs == 0:
                self.lanes.pop(client, None)

    def took(self, seconds: float) -> None:
        """Remember how long jobs take, for Retry-After."""
        self.seconds_per_job = 0.8 * self.seconds_per_job + 0.2 * seconds
