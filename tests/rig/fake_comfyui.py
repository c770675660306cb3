"""A stand-in for ComfyUI's routes that the batch command uses, for what no real one can be brought to in a test.

It gives the picture back the way Load Image and Save Image do: upright, RGB, eight bits, PNG.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

REPORT = {"images": [{"num_objects_detected": 1, "num_objects_inpainted": 1, "objects": [{"label": "<b>face</b>"}]}]}


class FakeComfyUI:
    """`with FakeComfyUI() as server:`. seconds: how long a picture takes. failing: routes that answer 500.

    Of its jobs, the first `ending` come to an end; None: all.
    """

    def __init__(self, seconds: float = 0.0, failing: tuple[str, ...] = ()):
        self.seconds, self.failing = seconds, failing
        self.uploads: dict[str, bytes] = {}
        self.jobs: dict[str, tuple[float, str]] = {}
        """When a job ends, and the picture it works on."""
        self.cancelled: set[str] = set()
        self.ending: int | None = None
        self.requests: Counter[str] = Counter()
        self.logins: set[str | None] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"comfy": self}))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> FakeComfyUI:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def job(self, key: str) -> dict[str, Any] | None:
        if key not in self.jobs:
            return None
        if key in self.cancelled:
            return {"status": "cancelled"}
        if time.monotonic() < self.jobs[key][0] or key not in [*self.jobs][: self.ending]:
            return {"status": "in_progress"}
        image = {"filename": f"{key}.png", "subfolder": "", "type": "output"}
        return {"status": "completed", "outputs": {"6": {"images": [image]}, "5": {"report": [json.dumps(REPORT)]}}}

    def result(self, key: str) -> bytes:
        text, buffer = PngInfo(), BytesIO()
        text.add_text("prompt", '{"the": "batch\'s"}')
        with Image.open(BytesIO(self.uploads[self.jobs[key][1]])) as picture:
            ImageOps.exif_transpose(picture).convert("RGB").save(buffer, "PNG", pnginfo=text)
        return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    comfy: FakeComfyUI

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        match path.strip("/").split("/"):
            case _ if self.fails(path):
                self.answer({}, 500)
            case ["object_info", name]:
                self.answer({name: {"input": {"required": {"image": []}}}})
            case ["api", "jobs", key]:
                job = self.comfy.job(key)
                self.answer(job or {}, 200 if job else 404)
            case ["view"]:
                self.answer(self.comfy.result(query["filename"][0].removesuffix(".png")))
            case _:
                self.answer({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path).path
        match path.strip("/").split("/"):
            case _ if self.fails(path):
                self.answer({}, 500)
            case ["upload", "image"]:
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
                    if name := part.get_filename():
                        self.comfy.uploads[name] = part.get_content()
                        self.answer({"name": name, "subfolder": "batch", "type": "temp"})
            case ["prompt"]:
                key = uuid.uuid4().hex
                image = json.loads(body)["prompt"]["1"]["inputs"]["image"]
                name = image.removeprefix("batch/").removesuffix(" [temp]")
                self.comfy.jobs[key] = time.monotonic() + self.comfy.seconds, name
                self.answer({"prompt_id": key})
            case ["queue" | "interrupt"]:
                asked = json.loads(body)
                self.comfy.cancelled |= {*asked.get("delete", []), asked.get("prompt_id", "")}
                self.answer({})

    def fails(self, path: str) -> bool:
        self.comfy.requests[path.strip("/").split("/")[0]] += 1
        self.comfy.logins.add(self.headers["Authorization"])
        return path.strip("/").split("/")[0] in self.comfy.failing

    def answer(self, content: Any, status: int = 200) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
