"""Comfy API v2 in front of a ComfyUI: the package comfy-api-proxy as a process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from .process import Port

SECONDS = 180.0


class Proxy:
    """`with Proxy(comfyui) as proxy:`. token: what it asks for as a key."""

    def __init__(self, comfyui: str, token: str = ""):
        self._port = Port()
        self.url = f"http://127.0.0.1:{self._port.number}"
        self._command = [sys.executable, "-m", "comfy_api_proxy.cli", "run", "--comfyui", comfyui]
        self._command += ["--port", str(self._port.number)]
        self._command += ["--token", token] if token else []

    def __enter__(self) -> Proxy:
        self._folder = tempfile.TemporaryDirectory(prefix="proxy-", ignore_cleanup_errors=True)
        with (Path(self._folder.name) / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, "--state-dir", self._folder.name], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((Path(self._folder.name) / "log").read_text())
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._port.close()
        self._folder.cleanup()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/api/v2/jobs", timeout=5).status_code < 500
        except (requests.ConnectionError, requests.Timeout):
            return False
