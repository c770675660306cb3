"""Bodies that come slowly, half, nested or packed."""

import asyncio
import json
from contextlib import suppress

import pytest
from afterdetail.api import body
from afterdetail.api.body import UNREAD_PER_KEY, Bodies, readable
from afterdetail.api.errors import Refused
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict


def arriving(*parts: bytes, whole: bool = True, codings: tuple[str, ...] = ()):
    """A request of whose body these parts have come."""
    loop = asyncio.get_running_loop()
    connection = BaseProtocol(loop)
    connection.connection_made(asyncio.Transport())
    content = StreamReader(connection, 2**16, loop=loop)
    for part in parts:
        content.feed_data(part)
    if whole:
        content.feed_eof()
    headers = CIMultiDict([("Content-Type", "application/json"), *(("Content-Encoding", coding) for coding in codings)])
    return make_mocked_request("POST", "/adetailer", headers=headers, payload=content)


def read(*codings: str) -> bytes:
    async def run() -> bytes:
        return await Bodies(limit=100).read(arriving(b"{", b"}", codings=codings), "key")

    return asyncio.run(run())


def test_a_body_is_read_in_parts():
    assert read() == b"{}"


@pytest.mark.parametrize("coding", ["identity", "Identity", "IDENTITY", "", "identity, identity"])
def test_what_is_not_packed_is_not_refused(coding):
    assert read(coding) == b"{}"


@pytest.mark.parametrize(
    "codings",
    [("gzip",), ("ZSTD",), ("x-unknown",), ("gzip, br",), ("identity, br",), ("gzip", "br"), ("identity", "gzip")],
)
def test_what_is_packed_is(codings):
    """In one header or, which means the same, in several: the web framework unpacks by the last of them."""
    with pytest.raises(Refused, match=f"packed as {', '.join(codings)}") as caught:
        read(*codings)
    assert caught.value.status == 415


def test_half_sent_bodies_of_a_key_keep_none_of_its_requests_out():
    """The one that has stood still longest goes for each that comes."""

    async def run() -> None:
        bodies = Bodies(limit=100)
        halves = [
            asyncio.create_task(bodies.read(arriving(b"{", whole=False), "key")) for _ in range(UNREAD_PER_KEY + 4)
        ]
        await asyncio.wait(halves[:4])
        assert [half.done() for half in halves] == [True] * 4 + [False] * UNREAD_PER_KEY
        with pytest.raises(Refused, match="stood still") as caught:
            await halves[0]
        assert caught.value.status == 408
        assert await asyncio.wait_for(bodies.read(arriving(b"{}"), "key"), 60) == b"{}"
        assert await bodies.read(arriving(b"{}"), "another") == b"{}"
        for half in halves:
            half.cancel()
            with suppress(asyncio.CancelledError, Refused):
                await half
        assert not bodies.unread

    asyncio.run(run())


def test_a_body_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)

    async def run() -> None:
        with pytest.raises(Refused, match="did not come within") as caught:
            await Bodies(limit=100).read(arriving(b"{", whole=False), "key")
        assert caught.value.status == 408

    asyncio.run(run())


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_a_request_that_is_nested_deeply_is_no_fault_of_the_log(depth, start, end):
    assert readable((start * depth + "1" + end * depth).encode())
    assert readable(("[" * depth).encode()) in ("<no JSON>", "<nested too deeply>")


def test_pictures_are_left_out_of_the_log():
    request = {"prompt": "a face", "image": "x" * 5000, "list": [{"mask": "y" * 3000}]}
    assert readable(json.dumps(request).encode()) == (
        '{"prompt": "a face", "image": "<5000 characters>", "list": [{"mask": "<3000 characters>"}]}'
    )
