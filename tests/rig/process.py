"""ComfyUI as a child process: its folder, its command line, its log, and its end."""

import atexit
import ctypes
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from .comfyui import comfyui_path, comfyui_python, isolated_environment
from .make import VERSION_SUFFIX

LOG_NAME = "comfyui.log"
LOG_TAIL_CHARACTERS = 3000
GIVEN_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")


class ServerFailed(RuntimeError):
    """ComfyUI did not start, or ended while it was needed; the message ends with the tail of its log."""


def make_base_directory(base: Path, custom_nodes: Mapping[str, Path], models: Path | None) -> None:
    """Lay out what `--base-directory` needs; custom nodes and model files are links, never copies."""
    for folder in ("custom_nodes", "models/checkpoints", "input", "output", "temp", "user", "home"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    for name, folder in custom_nodes.items():
        link(base / "custom_nodes" / name, folder)
    if models is not None:
        link_models(base, models)


def link_models(base: Path, models: Path) -> None:
    """Link every file under `models`, so that what a node downloads stays in `base`."""
    for file in models.rglob("*"):
        if file.is_file() and not file.name.startswith(".") and file.suffix not in (VERSION_SUFFIX, ".partial"):
            link(base / "models" / file.relative_to(models), file)


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (path.is_symlink() or path.exists()):
        path.symlink_to(target.absolute(), target_is_directory=target.is_dir())


class Port:
    """A free port of this machine, until `close` given to nobody else: a server starts for seconds before it listens.

    On Linux a server that sets SO_REUSEADDR, as asyncio's do, may listen at it meanwhile, because this socket does not
    listen; elsewhere the port is only known to have been free.
    """

    def __init__(self):
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self.number: int = self._held.getsockname()[1]
        if sys.platform != "linux":
            self.close()

    def close(self) -> None:
        self._held.close()


def unshared_port() -> int:
    """A free port of this machine for a server that nobody may hold it for, such as one of Ray's.

    On Linux one below those that the system gives to whoever connects, or asks for any: it would be taken meanwhile.
    """
    end = int(GIVEN_PORTS.read_text().split()[0]) if GIVEN_PORTS.exists() else 0
    for number in random.sample(range(max(end - 8000, 0), end), min(8000, end)) or [0]:
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", number))
            return tried.getsockname()[1]
    raise OSError("No port of this machine is free.")


def read_log(base: Path) -> str:
    """What every run in `base` has logged, without colours; empty before the first."""
    path = base / LOG_NAME
    return COLOUR_CODE.sub("", path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ""


class ComfyProcess:
    """One run of ComfyUI's main.py; the log file is appended to, so it survives a restart."""

    def __init__(self, base: Path, port: int, arguments: Sequence[str]):
        self.base = base
        self._log_file: IO[bytes] = (base / LOG_NAME).open("ab")
        self._process = subprocess.Popen(
            self._command(port, arguments),
            cwd=comfyui_path(),
            env=isolated_environment(base / "home"),
            stdin=subprocess.DEVNULL,
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        atexit.register(self.kill)

    def _command(self, port: int, arguments: Sequence[str]) -> list[str]:
        return [
            *(str(comfyui_python()), "main.py", "--base-directory", str(self.base)),
            *("--listen", "127.0.0.1", "--port", str(port)),
            *("--disable-auto-launch", "--disable-api-nodes", "--database-url", "sqlite:///:memory:"),
            *shlex.split(os.environ.get("COMFYUI_ARGUMENTS", "")),
            *arguments,
        ]

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def require_alive(self, doing: str) -> None:
        """Raises ServerFailed when the process has ended."""
        if not self.alive():
            raise ServerFailed(
                f"ComfyUI ended with exit code {self._process.returncode} {doing}. "
                f"Its log ends with:\n{read_log(self.base)[-LOG_TAIL_CHARACTERS:]}"
            )

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Ask the process to end, then kill what is left of its group."""
        if self.alive():
            self._process.send_signal(signal.SIGINT)
            deadline = time.monotonic() + grace_seconds
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.05)
        self.kill()

    def kill(self) -> None:
        if self.alive():
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        self._log_file.close()
        atexit.unregister(self.kill)


def _die_with_parent() -> None:
    pr_set_pdeathsig = 1  # linux/prctl.h; atexit does not run when the tests themselves are killed
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
