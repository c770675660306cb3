"""Fetches an image a client named by URL, and nothing that only this machine or its network can reach.

The name is resolved once, every address is checked, and the connection goes to a checked address: a second answer of
the name server changes nothing. Redirects are followed by hand, each checked like the first.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .addresses import is_public, parsed
from .errors import invalid
from .service_settings import Settings

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
CHUNK = 1 << 16

Resolve = Callable[[str, int], Awaitable[list[str]]]


class NotPublic(OSError):
    """A name stands for an address that is not public; an OSError, as aiohttp expects of a resolver."""


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class PublicResolver(AbstractResolver):
    """Gives aiohttp the addresses of a name if all of them are public, or the name is trusted."""

    def __init__(self, trusted: bool, resolve: Resolve):
        self._trusted, self._resolve = trusted, resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """OSError for a name without an address, NotPublic for one inside a private network."""
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        if not self._trusted and not all(map(is_public, addresses)):
            raise NotPublic(host)
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing to close."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=int(socket.AI_NUMERICHOST)
    )


async def download(field: str, url: str, max_bytes: int, settings: Settings, resolve: Resolve = resolve) -> bytes:
    """The body behind `url`. Refused: another scheme, an address that is not public, too large, too slow, no answer."""
    try:
        return await asyncio.wait_for(_followed(field, url, max_bytes, settings, resolve), settings.download_seconds)
    except asyncio.TimeoutError:
        raise invalid(
            field, f"{field} was not fetched within {settings.download_seconds:g} s. Send the image itself."
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if _is_not_public(error):
            raise invalid(field, _not_public(field)) from None
        raise invalid(field, f"{field} could not be fetched ({type(error).__name__}). Check the link.") from None


async def _followed(field: str, url: str, max_bytes: int, settings: Settings, resolve: Resolve) -> bytes:
    target = _checked(field, url, settings)
    for _ in range(MAX_REDIRECTS + 1):
        resolver = PublicResolver(_is_trusted(target, settings), resolve)
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(target, allow_redirects=False, headers={"Accept": "image/*"}) as answer,
        ):
            if answer.status not in REDIRECTS:
                return await _body(field, answer, max_bytes)
            target = _checked(field, str(target.join(URL(answer.headers.get("Location", "")))), settings)
    raise invalid(field, f"{field} leads through more than {MAX_REDIRECTS} redirects. Send the final link.")


def _checked(field: str, url: str, settings: Settings) -> URL:
    """The URL, if it may be asked. Names are checked when they are resolved, addresses here."""
    try:
        target = URL(url)
        host, port = target.host, target.port
    except ValueError:
        raise invalid(field, f"{field} is not a URL. Send http://... or https://...") from None
    if target.scheme not in ("http", "https") or not host or not port or target.user or target.password:
        raise invalid(field, f"{field} must be http://host/... or https://host/..., without a user name.")
    if parsed(host) and not is_public(host) and not _is_trusted(target, settings):
        raise invalid(field, _not_public(field))
    return target


def _is_trusted(target: URL, settings: Settings) -> bool:
    return f"{target.host}:{target.port}" in settings.trusted_image_hosts


async def _body(field: str, answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if answer.status != 200:
        raise invalid(field, f"{field} could not be fetched: the server answered {answer.status}. Check the link.")
    content = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):  # unpacked already, so a compressed bomb is seen
        content += chunk
        if len(content) > max_bytes:
            raise invalid(field, f"{field} leads to more than the {max_bytes} bytes this server takes.")
    return bytes(content)


def _is_not_public(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, NotPublic) or isinstance(getattr(error, "os_error", None), NotPublic):
            return True
        error = error.__cause__ or error.__context__
    return False


def _not_public(field: str) -> str:
    return f"{field} leads to an address in a private network or of this machine, which is not fetched."
