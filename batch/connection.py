"""HTTP with what comes with Python, so that the command runs wherever Python does."""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

SECONDS = 60.0
MAX_REDIRECTS = 5
LONGEST_QUOTE = 300
ALLOWED_IN_URLS = "%/:=&?~#+!$,;'@()*[]"


class RequestError(OSError):
    """A request failed; the text is the end of a sentence. `status` is None where there was no answer."""

    def __init__(self, reason: str, status: int | None = None):
        super().__init__(reason)
        self.status = status


class Reply(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        """RequestError if it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise RequestError("its answer is not ComfyUI's", self.status) from error


class Redirects(request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS


class RedirectsOnly(request.HTTPErrorProcessor):
    """Leaves all other statuses to whoever asked."""

    def http_response(self, request: request.Request, response: Any) -> Any:
        """Follows a redirect, and returns any other answer as it is."""
        return super().http_response(request, response) if 300 <= response.code < 400 else response

    https_response = http_response


def _opener() -> request.OpenerDirector:
    """For http and https, with the system's proxies; no redirect leads to a file."""
    director = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        Redirects(),
        RedirectsOnly(),
    ):
        director.add_handler(handler)
    return director


@contextmanager
def opened(
    method: str, url: str, accept: Sequence[int] = (), seconds: float = SECONDS, **arguments: Any
) -> Iterator[HTTPResponse]:
    """The answer to a request, to be read.

    RequestError for anything that fails, and for a status of 400 or more that is not in `accept`.
    """
    try:
        with _opener().open(_prepared(method, url, **arguments), timeout=seconds) as answer:
            if answer.status >= 400 and answer.status not in accept:
                raise RequestError(f"it answered with the status {answer.status}", answer.status)
            yield answer
    except (URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise RequestError(_why(error)) from error


def send(method: str, url: str, accept: Sequence[int] = (), seconds: float = SECONDS, **arguments: Any) -> Reply:
    """As `opened`, read to its end."""
    with opened(method, url, accept, seconds, **arguments) as answer:
        return Reply(answer.status, answer.read())


def _prepared(
    method: str,
    url: str,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    form: Mapping[str, str | tuple[str, bytes]] | None = None,
) -> request.Request:
    """A request. body: sent as JSON. form: sent by field, a file as its name and content."""
    parts = urlsplit(quote(url, safe=ALLOWED_IN_URLS) + (f"?{urlencode(query)}" if query else ""))
    host = parts.netloc.rpartition("@")[2]
    data, kind = None, ""
    if form is not None:
        data, kind = _multipart(form)
    elif body is not None:
        data, kind = json.dumps(body).encode(), "application/json"
    made = request.Request(urlunsplit(parts._replace(netloc=host, fragment="")), data, method=method)
    if kind:
        made.add_header("Content-Type", kind)
    made.add_header("User-Agent", "AfterDetail")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        made.add_unredirected_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
    return made


def _multipart(form: Mapping[str, str | tuple[str, bytes]]) -> tuple[bytes, str]:
    """A form's content and its kind (RFC 7578)."""
    boundary, parts = uuid.uuid4().hex, []
    for name, value in form.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, tuple):
            head += f'; filename="{value[0]}"\r\nContent-Type: application/octet-stream'
        content = value[1] if isinstance(value, tuple) else value.encode()
        parts += [f"{head}\r\n\r\n".encode(), content, b"\r\n"]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _why(error: BaseException) -> str:
    """The end of a sentence."""
    reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
    match reason:
        case HTTPError():
            return "it redirects too often, or to an address that cannot be followed"
        case TimeoutError():
            return "it did not answer in time"
        case ssl.SSLError():
            return f"its certificate or encryption is not accepted ({cut(reason)})"
        case HTTPException() | ConnectionError():
            return "there is no connection"
        case OSError() if reason is not error:  # no such host, no way to it
            return "there is no connection"
        case _:
            return cut(reason)


def cut(text: object) -> str:
    """On one line, and no longer than a person reads."""
    line = " ".join(str(text).split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[:LONGEST_QUOTE]}..."
