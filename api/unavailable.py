"""The answer on all the service's paths while it is asked for and cannot start."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .paths import is_ours


def saying(reason: str) -> Middleware:
    """A middleware that answers 503 with the reason, in a form that the clients of every service read."""
    sentence = f"The HTTP service of AfterDetail is not running: {reason}"
    answer = {"detail": sentence, "error": sentence, "code": 503, "reason": "SERVER_ERROR", "message": sentence}

    @web.middleware
    async def unavailable(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_ours(request.path):
            return web.json_response({**answer, "metadata": {}}, status=503)
        return await handler(request)

    return unavailable
