"""Who may use the service, and how many jobs each may have at once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from .addresses import is_loopback
from .errors import refused

FORWARDING = frozenset(
    (
        *("cdn-loop", "client-ip", "do-connecting-ip", "fastly-client-ip", "fly-client-ip", "forwarded"),
        *("forwarded-for", "proxy-client-ip", "true-client-ip", "via", "wl-proxy-client-ip", "x-client-ip"),
        *("x-cluster-client-ip", "x-host", "x-originating-ip", "x-proxyuser-ip", "x-real-ip", "x-real-port"),
        *("x-remote-addr", "x-remote-ip", "x-scheme", "x-url-scheme"),
    )
)
FORWARDING_FAMILIES = (
    *("cf-", "fly-", "tailscale-", "x-amz-cf-", "x-amzn-", "x-appengine-", "x-arr-", "x-azure-", "x-cloud-trace-"),
    *("x-envoy-", "x-forwarded", "x-nf-", "x-original-", "x-vercel-"),
)
"""What proxies, tunnels and content networks add to the requests they pass on."""

HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\s:\[\]/@]+))(?::\d{1,5})?", re.IGNORECASE)
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
    forwarded = any(map(_is_of_a_proxy, request.headers))
    hosts = request.headers.getall("Host", [])
    if not peer or not is_loopback(peer[0]) or forwarded or not hosts or not all(map(_names_loopback, hosts)):
        raise refused(
            401,
            "This server has no API key, so it serves its own machine only, and not through a proxy. Set api_keys in "
            "the settings file or AFTERDETAIL_API_KEY.",
        )


def _is_of_a_proxy(header: str) -> bool:
    name = header.lower().replace("_", "-")
    return name in FORWARDING or name.startswith(FORWARDING_FAMILIES)


def _names_loopback(host: str) -> bool:
    found = HOST.fullmatch(host)
    name = (found["v6"] or found["name"]).lower() if found else ""
    return name in LOOPBACK_NAMES or is_loopback(name)


@dataclass
class Turn:
    """A job's place behind what its client asked for before, and before what it asks for later."""

    before: asyncio.Future[None] | None
    mine: asyncio.Future[None]

    async def wait(self) -> None:
        """Return when everything that came before has been queued, or never will be."""
        if self.before is not None:
            await self.before

    def pass_on(self) -> None:
        """Let the next one go: now, or, when this job never stood at the front, once those before it have gone."""
        if self.mine.done():
            return
        if self.before is None or self.before.done():
            self.mine.set_result(None)
        else:
            self.before.add_done_callback(lambda _: self.pass_on())


@dataclass
class Lane:
    """How many jobs of a client are in work, and the last one in line."""

    jobs: int = 0
    last: asyncio.Future[None] | None = None

    def line_up(self) -> Turn:
        """A turn behind all that wait."""
        turn = Turn(self.last, asyncio.get_running_loop().create_future())
        self.last = turn.mine
        return turn


@dataclass
class Lanes:
    """Admission: at most `limit` jobs of each client, queued in the order they came, and `all_limit` of everybody.

    `queued` tells how many ComfyUI has, whoever asked for them.
    """

    limit: int
    all_limit: int = 10_000
    queued: Callable[[], int] = lambda: 0
    lanes: dict[str, Lane] = field(default_factory=dict)
    seconds_per_job: float = 1.0

    def require_room(self, client: str) -> None:
        """Refused when the client has no place left (429), or nobody has (503)."""
        wait = max(math.ceil(self.seconds_per_job), 1)
        headers = {"Retry-After": str(wait)}
        mine = self.lanes[client].jobs if client in self.lanes else 0
        if mine >= self.limit:
            sentence = f"This key has {mine} requests in work, which is the limit. Try again in {wait} s."
            raise refused(429, sentence, headers)
        before = max(sum(lane.jobs for lane in self.lanes.values()), self.queued())
        if before >= self.all_limit:
            raise refused(
                503,
                f"The queue is full: this request would be number {before + 1} in it, and {self.all_limit} may wait. "
                f"Try again in {wait} s.",
                headers,
            )

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[Turn]:
        """A place for one job, which stands in line from now on. Refused as `require_room` does."""
        self.require_room(client)
        lane = self.lanes.setdefault(client, Lane())
        turn = lane.line_up()
        lane.jobs += 1
        try:
            yield turn
        finally:
            turn.pass_on()
            lane.jobs -= 1
            if lane.jobs == 0:
                self.lanes.pop(client, None)

    def took(self, seconds: float) -> None:
        """Remember how long jobs run, for Retry-After."""
        self.seconds_per_job = 0.8 * self.seconds_per_job + 0.2 * seconds
