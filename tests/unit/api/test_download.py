"""What is fetched for a client, and what never is. Name servers are injected; the web server is a real one."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from afterdetail.api.addresses import is_public
from afterdetail.api.download import download, resolve
from afterdetail.api.errors import Refused
from afterdetail.api.service_settings import Settings
from aiohttp import web

Pages = dict[str, Callable[[], web.Response]]
BODY = bytes(range(256)) * 8
PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001:0:a00:1::", "nonsense"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address):
    assert is_public(address)


@asynccontextmanager
async def serving(pages: Pages) -> AsyncIterator[int]:
    """A web server on this machine; gives its port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "slow":
            await asyncio.sleep(600)
        return pages[name]()

    application = web.Application()
    application.router.add_get("/{name}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def fetch(name: str, pages: Pages, trust: bool = True, **settings) -> bytes:
    """Fetch a page of a server on this machine, which is trusted unless told otherwise."""

    async def run() -> bytes:
        async with serving(pages) as port:
            trusted = {"trusted_image_hosts": [f"127.0.0.1:{port}"]} if trust else {}
            chosen = Settings.model_validate({"download_seconds": 120, **trusted, **settings})
            return await download("init_image_url", f"http://127.0.0.1:{port}/{name}", 4096, chosen)

    return asyncio.run(run())


def image() -> web.Response:
    return web.Response(body=BODY)


def refusal(url: str, resolve=resolve, **settings) -> str:
    with pytest.raises(Refused) as caught:
        asyncio.run(download("init_image_url", url, 4096, Settings.model_validate(settings), resolve))
    return str(caught.value)


def test_a_trusted_server_is_asked():
    assert fetch("image", {"image": image}) == BODY


def test_this_machine_is_not_asked_unless_trusted():
    with pytest.raises(Refused, match="private network or of this machine"):
        fetch("image", {"image": image}, trust=False)


@pytest.mark.parametrize(
    "url",
    [
        *(f"http://{host}/x" for host in ("127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]", "0.0.0.0")),
        *(f"http://{host}/x" for host in ("localhost", "127.1", "2130706433", "0x7f000001", "017700000001")),
    ],
)
def test_every_way_to_write_this_machine(url):
    assert "not fetched" in refusal(url) or "could not be fetched" in refusal(url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/x", "gopher://x", "//x", "http://", "data:,x"]
)
def test_other_schemes(url):
    assert "http" in refusal(url)


def test_a_url_with_a_user_name():
    assert "user name" in refusal("http://user:password@example.com/x")


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["fd00::1"]])
def test_names_that_stand_for_private_addresses(addresses):
    async def injected(host: str, port: int) -> list[str]:
        return addresses

    assert "not fetched" in refusal("http://images.example/x", injected)


def test_a_name_that_changes_its_address_gains_nothing():
    """Rebinding: an injected name server gives another address each time. It is asked once, and that one is used."""
    asked = []

    async def injected(host: str, port: int) -> list[str]:
        asked.append(host)
        return [f"127.0.0.{len(asked)}"]  # the server of this test listens on the first

    async def run() -> bytes:
        async with serving({"image": image}) as port:
            settings = Settings(trusted_image_hosts=(f"images.example:{port}",), download_seconds=120)
            return await download("init_image_url", f"http://images.example:{port}/image", 4096, settings, injected)

    assert asyncio.run(run()) == BODY and asked == ["images.example"]


def test_redirects_are_followed_and_each_is_checked():
    def to(where: str) -> Callable[[], web.Response]:
        return lambda: web.Response(status=302, headers={"Location": where})

    assert fetch("first", {"first": to("/second"), "second": to("/image"), "image": image}) == BODY
    for place in ("http://localhost:1/x", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"):
        with pytest.raises(Refused):
            fetch("first", {"first": to(place)})
    with pytest.raises(Refused, match="not fetched"):
        fetch("first", {"first": to("http://127.0.0.1:9/x")})
    with pytest.raises(Refused, match="redirects"):
        fetch("first", {"first": to("/first")})


def test_size_time_and_status_are_limited():
    with pytest.raises(Refused, match="more than the 4096 bytes"):
        fetch("image", {"image": lambda: web.Response(body=BODY * 4)})
    bomb = gzip.compress(bytes(1_000_000))
    with pytest.raises(Refused, match="more than the 4096 bytes"):
        fetch("image", {"image": lambda: web.Response(body=bomb, headers={"Content-Encoding": "gzip"})})
    with pytest.raises(Refused, match=r"within 0\.2 s"):
        fetch("slow", {}, download_seconds=0.2)
    with pytest.raises(Refused, match="answered 404"):
        fetch("image", {"image": lambda: web.Response(status=404)})
