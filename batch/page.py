"""`--report`: one page with each picture before and after and what was done to it, for people who would rather look."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..files import atomic
from .results import Results
from .sources import Source
from .tally import Tally, images_of

MARK = '<!doctype html><meta name="generator" content="AfterDetail batch">'
"""How a page of ours begins, which a later one may replace."""
HEAD = (
    MARK
    + """<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'">
<title>Detailed pictures</title><style>
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { max-width: 1100px; margin: 2rem auto; padding: 0 1rem }
article { content-visibility: auto; contain-intrinsic-size: auto 480px; border-top: 1px solid #8886; padding: 1rem 0 }
h2 { font-size: 1rem; overflow-wrap: anywhere }
div { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
figure { margin: 0 } img { max-width: 100%; min-height: 2rem } figcaption, small { opacity: .7 }
table { border-collapse: collapse } td, th { text-align: left; padding: .1rem .8rem .1rem 0; vertical-align: top }
p.failed { color: #c33 } pre { white-space: pre-wrap }
</style>"""
)
COLUMNS = ("label", "score", "status", "reason", "seed", "sampled_at", "milliseconds")


def require_own(path: Path) -> None:
    """ValueError if something else than such a page has this name."""
    if os.path.lexists(path) and not (path.is_file() and path.read_bytes().startswith(MARK.encode())):
        raise ValueError(f"--report {path} is there already, and is no page of this command. Name another file.")


def write(path: Path, sources: Sequence[Source], results: Results, tally: Tally) -> None:
    """Everything in one file, replacing an older page. ValueError if `path` is something else."""
    require_own(path)
    summary = f"<h1>{escape(str(tally))}</h1><pre>{escape(tally.table())}</pre>"
    articles = "".join(_article(source, results, path.resolve().parent) for source in sources)
    atomic.write(path, f"{HEAD}{summary}{articles}</html>".encode("utf-8", "replace"))


def _article(source: Source, results: Results, folder: Path) -> str:
    """About one picture; `folder` is the page's."""
    journal = results.journal
    entry = journal.entry(source.name)
    parts = [f"<article><h2>{escape(source.place)}</h2>"]
    if entry is None:
        parts.append("<p>It was not come to.</p>")
    elif entry.failed or entry.file is None:
        parts.append(f'<p class="failed">{escape(str(entry.failed))}</p>')
    else:
        about = journal.about(source.name)
        after = _address(journal.folder / entry.file, folder)
        if source.is_url:
            before = _inline(results.previews.get(source.name, b""))
        else:
            before = _address(Path(source.place), folder)
        parts.append(f"<div>{_figure(before, 'before')}{_figure(after, 'after')}</div>")
        parts += [f"<p>{escape(str(note))}</p>" for note in about.get("notes", ())]
        parts += [_table(image) for report in about.get("reports", ()) for image in images_of(report)]
        parts.append(f"<small>{escape(str(about.get('server', '')))}</small>")
    return "".join([*parts, "</article>"])


def _figure(address: str, caption: str) -> str:
    """A picture with its caption, which is escaped already."""
    image = f'<img loading="lazy" decoding="async" alt="{caption}" src="{escape(address)}">' if address else ""
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _address(path: Path, folder: Path) -> str:
    """The picture itself, small; the place of its file, if it cannot be read here."""
    if find_spec("PIL") and path.is_file():
        from .thumbnail import jpeg

        if data := jpeg(path.read_bytes()):
            return _inline(data)
    return quote(Path(os.path.relpath(path.resolve(), folder)).as_posix())


def _inline(jpeg: bytes) -> str:
    """A picture as a data: URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _table(image: dict[str, Any]) -> str:
    """The objects of one image of a report."""
    objects = [item for item in image.get("objects", ()) if isinstance(item, dict)]
    if not objects:
        return "<p>Nothing was found.</p>"
    head = "".join(f"<th>{column.replace('_', ' ')}" for column in COLUMNS)
    return f"<table><tr>{head}{''.join(map(_row, objects))}</table>"


def _row(item: dict[str, Any]) -> str:
    """A line of a table, escaped."""
    return "<tr>" + "".join(f"<td>{escape(_shown(item.get(column)))}" for column in COLUMNS)


def _shown(value: Any) -> str:
    """A value as text for the page."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
