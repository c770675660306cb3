"""A ComfyUI that serves the hosted services' routes, and pictures as their clients send them."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image
from skimage import data

from .server import PROBE_NODES, ComfyServer

KEY = "a-key-for-the-tests-0001"
OTHER_KEY = "a-key-for-the-tests-0002"
THIRD_KEY = "a-key-for-the-tests-0003"
SETTINGS: dict[str, Any] = {
    "enabled": True,
    "api_keys": [KEY, OTHER_KEY, THIRD_KEY],
    "checkpoints": {"sd15": "nano-sd15", "sdxl": "pico-sdxl", "refiner": "pico-refiner"},
    "controlnet": "pico-sdxl-controlnet",
    "max_pixels": 4_200_000,
    "max_image_mb": 4,
    "max_body_mb": 12,
}
BEARER = {"Authorization": f"Bearer {KEY}"}


def serving(models: Path, settings: dict[str, Any] | None = None) -> ComfyServer:
    """A server that has not started, with the service on."""
    server = ComfyServer(models, nano=True, custom_nodes=PROBE_NODES)
    configure(server, SETTINGS if settings is None else settings)
    return server


def configure(server: ComfyServer, settings: dict[str, Any]) -> None:
    """Write the settings file, which the next start reads."""
    path = server.base / "user" / "__afterdetail" / "service.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), encoding="utf-8")


def photo(side: int = 512) -> Image.Image:
    """A photo with one face, square."""
    return Image.fromarray(data.astronaut()).resize((side, side))


def square_mask(side: int = 512) -> Image.Image:
    """Black, with a white square from a quarter to a half of each side."""
    mask = Image.new("RGB", (side, side))
    mask.paste("white", (side // 4, side // 4, side // 2, side // 2))
    return mask


def as_base64(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def half_sent(server: ComfyServer, path: str, body: Any, share: float = 1.0, key: str = KEY) -> socket.socket:
    """A connection on which a share of a request's body has been sent. Close it to hang up."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head.encode() + content[: int(len(content) * share)])
    return connection


def left_files(server: ComfyServer) -> list[Path]:
    """What lies in the folders of pictures that come and go, but for those that the templates start from."""
    walks = (os.walk(server.base / name) for name in ("temp", "input", "output"))  # rglob fails where a folder goes
    files = [Path(folder, name) for walk in walks for folder, _, names in walk for name in names]
    return [path for path in files if not path.name.startswith("afterdetail-")]


def is_idle(server: ComfyServer) -> bool:
    """Whether ComfyUI's queue is empty."""
    queue = server.get("/queue").json()
    return not queue["queue_running"] and not queue["queue_pending"]


def picture(text: str) -> Image.Image:
    """The picture in base64 text."""
    return Image.open(BytesIO(base64.b64decode(text)))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.int16)


def post(server: ComfyServer, path: str, body: Any, headers: dict[str, str] | None = None) -> requests.Response:
    return server.send("POST", path, json=body, headers=BEARER if headers is None else headers)


def task_result(server: ComfyServer, task_id: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    headers = BEARER if headers is None else headers
    answer = server.send("GET", "/v3/async/task-result", params={"task_id": task_id}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def without_links(text: str) -> str:
    """A log or an answer without the signed links in it."""
    return re.sub(r"signature=\w+", "", text)
