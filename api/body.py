"""The bodies of requests: read within limits, however slowly or not at all they come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from .errors import ClientGone, Refused, refused

BODY_SECONDS = 120
UNREAD_PER_KEY = 32
LONG_TEXT = 2000
"""Characters from which a text is left out of the log: it is a picture."""


@dataclass(eq=False)
class Upload:
    """A body on its way. `moved` is when the last of it came."""

    moved: float = field(default_factory=time.monotonic)
    reading: asyncio.Task[bytes] | None = None
    given_up: bool = False

    def give_up(self) -> None:
        """End the reading of it."""
        self.given_up = True
        if self.reading is not None:
            self.reading.cancel()


@dataclass
class Bodies:
    """Reads bodies of at most `limit` bytes.

    So that half-sent ones keep no others out, a key with more than UNREAD_PER_KEY on their way loses the one that has
    stood still longest.
    """

    limit: int
    unread: dict[str, list[Upload]] = field(default_factory=dict)

    async def read(self, request: web.Request, client: str) -> bytes:
        """The JSON text. Refused if it is something else, too long or too slow; ClientGone if it was cut."""
        _require_json(request, self.limit)
        with self._place(client) as upload:
            upload.reading = asyncio.ensure_future(self._all_of(request, upload))
            try:
                return await asyncio.wait_for(upload.reading, BODY_SECONDS)
            except asyncio.TimeoutError:
                raise _too_slow() from None
            except asyncio.CancelledError:
                if upload.given_up:
                    raise _too_slow() from None
                raise
            except (ConnectionError, aiohttp.ClientError, aiohttp.http.HttpProcessingError):
                raise ClientGone from None

    @contextmanager
    def _place(self, client: str) -> Iterator[Upload]:
        upload, others = Upload(), self.unread.setdefault(client, [])
        if len(others) >= UNREAD_PER_KEY:
            stillest = min(others, key=lambda other: other.moved)
            others.remove(stillest)
            stillest.give_up()
        others.append(upload)
        try:
            yield upload
        finally:
            if upload in others:
                others.remove(upload)
            if not others:
                self.unread.pop(client, None)

    async def _all_of(self, request: web.Request, upload: Upload) -> bytes:
        body = bytearray()
        async for chunk in request.content.iter_chunked(1 << 16):
            upload.moved = time.monotonic()
            body += chunk
            if len(body) > self.limit:
                raise refused(413, f"The body has more than the {self.limit} bytes this server takes.")
        return bytes(body)


def _require_json(request: web.Request, limit: int) -> None:
    if request.content_type != "application/json":
        raise refused(415, f"The body is {request.content_type}. Send JSON, with Content-Type: application/json.")
    codings = ", ".join(request.headers.getall("Content-Encoding", []))
    if any(coding.strip().lower() not in ("", "identity") for coding in codings.split(",")):
        sentence = f"The body is packed as {codings[:20]}. Send it as it is, without Content-Encoding."
        raise refused(415, sentence, {"Connection": "close"})  # aiohttp drops it at the first byte that it can't unpack
    if (request.content_length or 0) > limit:
        raise refused(413, f"The body has {request.content_length} bytes; this server takes {limit} at most.")


def _too_slow() -> Refused:
    return refused(408, f"The body did not come within {BODY_SECONDS} s, or stood still. Send the request again.")


def readable(body: bytes) -> str:
    """A request for the log, with its long texts, which are images, left out."""

    def shortened(value: Any) -> Any:
        match value:
            case dict():
                return {name: shortened(item) for name, item in value.items()}
            case list():
                return [shortened(item) for item in value]
            case str() if len(value) > LONG_TEXT:
                return f"<{len(value)} characters>"
        return value

    try:
        return json.dumps(shortened(json.loads(body)))
    except ValueError:
        return "<no JSON>"
    except RecursionError:
        return "<nested too deeply>"
