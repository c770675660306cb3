"""What the command line says, checked."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from urllib.parse import urlsplit

from . import workflow
from .sources import is_url

DESCRIPTION = (
    "Details a folder, a pattern or a list of URLs on any number of ComfyUI servers, and goes on where it was stopped."
)
CLOUD = "https://cloud.comfy.org"
API_HELP = "send the pictures to a Comfy API v2 (default: COMFY_BASE_URL, or Comfy Cloud); the key is in COMFY_API_KEY"
JOBS = {"server": 2, "api": 4}
EPILOG = "Needs: pip install tqdm. With --ray also: pip install ray; with --api: pip install comfy-sdk"


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The options; `server` holds the addresses of --server or --api. Exits with a sentence for what cannot be."""
    parser = _parser_of_all()
    options = parser.parse_args(arguments)
    if not options.sources and not options.urls:
        parser.error("name a SOURCE or --urls FILE")
    if set(options.suffix) & set('/\\:*?"<>|') or not options.suffix.isprintable():
        parser.error(f"--suffix {options.suffix!r} cannot end a file's name; write something like _detailed")
    if options.api and (options.server or options.ray):
        parser.error("--api takes the place of --server and --ray; leave them out")
    kind = "api" if options.api else "server"
    options.jobs = JOBS[kind] if options.jobs is None else options.jobs
    if options.jobs < 1:
        parser.error("--jobs has to be 1 or more")
    options.server = _addresses(options)
    for url in options.server:
        if not _is_address(url):
            parser.error(f"--{kind} {url} is no address; write http://host:port")
    return options


def _addresses(options: argparse.Namespace) -> list[str]:
    """Each once; http:// may be left out."""
    if options.api:
        named = [url or os.environ.get("COMFY_BASE_URL") or CLOUD for url in options.api]
    else:
        named = options.server or ["127.0.0.1:8188"]
    return list(dict.fromkeys(url if "://" in url else f"http://{url}" for url in named))


def _parser_of_all() -> argparse.ArgumentParser:
    """Every option with its help."""
    parser = argparse.ArgumentParser(prog="python -m AfterDetail.batch", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    add("sources", nargs="*", metavar="SOURCE", help="a folder, a file, a pattern in quotes ('in/**/*.jpg') or a URL")
    add("--urls", type=Path, metavar="FILE", help="a text file with a URL in each line; # begins a comment")
    add("--output", type=Path, required=True, metavar="FOLDER", help="for the results, and what is done")
    add("--suffix", default="", metavar="TEXT", help="ends the results' names: _detailed makes a_detailed.png of a.jpg")
    add("--server", action="append", metavar="URL", help="a ComfyUI server; repeat it for each (default: this machine)")
    add("--workflow", type=Path, default=workflow.DEFAULT, metavar="FILE", help="in API form (default: faces, SD1.5)")
    add("--checkpoint", metavar="NAME", help="the checkpoint, as the servers list it")
    add("--set", action="append", default=[], metavar="NODE.INPUT=VALUE", help="e.g. 'After Detailer.denoise=0.4'")
    add("--input", default="", metavar="NODE", help="loads the picture (default: the only Load Image)")
    add("--result", default="", metavar="NODE", help="gives the result (default: the only Save Image)")
    add("--ray", metavar="ADDRESS", help="do the work on a running Ray cluster, or with `local` by Ray on this machine")
    add("--api", action="append", nargs="?", const="", metavar="URL", help=API_HELP)
    add("--jobs", "--per-server", type=int, metavar="N", help="pictures at a server at once (2; with --api 4)")
    add("--timeout", type=float, default=1800, metavar="SECONDS", help="the longest one picture may run (1800)")
    add("--patience", type=float, default=600, metavar="SECONDS", help="how long to wait when no server is up (600)")
    add("--dry-run", action="store_true", help="say what would be done; send and write nothing")
    add("--report", type=Path, metavar="FILE.html", help="a page with each picture before and after, and what was done")
    return parser


def _is_address(url: str) -> bool:
    """Whether it is an http or https URL with a host."""
    try:
        parts = urlsplit(url)
        return is_url(url) and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number for a port
        return False
