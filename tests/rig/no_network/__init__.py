"""ComfyUI extension for tests: sockets connect to this machine only; prestartup_script.py says how.

GET /no_network/probe tries to reach another machine and answers with what came of it.
"""

import socket

from aiohttp import web
from server import PromptServer


@PromptServer.instance.routes.get("/no_network/probe")
async def probe(request: web.Request) -> web.Response:
    answers = []
    for attempt in (lambda: socket.create_connection(("192.0.2.1", 80), 1), lambda: socket.gethostbyname("a.invalid")):
        try:
            attempt()
        except OSError as error:
            answers.append(str(error))
    return web.json_response(answers)


NODE_CLASS_MAPPINGS = {}
