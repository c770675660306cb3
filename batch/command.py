"""One run of the command, from its options to its exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

from . import page, workflow
from .bar import Bar
from .feed import Feed, Problem
from .journal import Journal
from .originals import require_kept, without_results
from .plan import plan
from .results import Complete, Results
from .run import Batch, NoServer
from .saying import say
from .server import Server
from .sources import collect, listed
from .tally import Tally
from .threads import Threads
from .workflow import Workflow

if TYPE_CHECKING:
    from .cluster import Workers

WITHOUT_PILLOW = (
    "Pillow is not installed, so truncated pictures are not noticed, and results are RGB without the profile, EXIF and "
    "texts of their pictures. To have these: pip install pillow"
)


def detail(options: argparse.Namespace) -> int:
    """A whole run; the exit code."""
    work = workflow.read(options.workflow, options.set, options.checkpoint, options.input, options.result)
    urls = listed(options.urls.read_text(encoding="utf-8")) if options.urls else []
    sources = collect(options.sources, urls, options.output, options.suffix)
    if options.report:
        page.require_own(options.report)  # before the work, not after it
    problem_of, complete = _with_pillow()
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(options.output, options.dry_run))
        sources = without_results(sources, journal)
        require_kept(sources, journal, work.suffixes)
        feed = stack.enter_context(Feed(sources, problem_of))
        results = Results(journal, work.digest, work.suffixes, complete, _preview_of(options))
        if options.dry_run:
            return plan(feed, results)
        tally = _run(options, work, feed, results, Tally(len(sources)))
        if options.report:
            page.write(options.report, sources, results, tally)
    return 0 if tally.is_whole else 1


def _run(options: argparse.Namespace, work: Workflow, feed: Feed, results: Results, tally: Tally) -> Tally:
    """Everything that needs a server, and what it came to, even when it is stopped."""
    with Bar(tally) as bar:
        batch = Batch(feed, results, bar.tell, bar.advance, options.jobs, options.patience, tally)
        try:
            if batch.sort_until_waiting():
                with _pool_of(options, work) as pool:
                    batch.run(options.server, pool)
        except NoServer as error:
            bar.tell(str(error))
        finally:
            bar.close()
            say(f"{tally}. The results are in {options.output}.")
            if table := tally.table():
                say(table)
    return tally


def _pool_of(options: argparse.Namespace, work: Workflow) -> Threads | Workers:
    """What does the work. Ray and comfy-sdk are only needed where they are asked for."""
    if options.ray:
        from .cluster import Workers

        return Workers(options.server, work, options.timeout, options.jobs, options.ray)
    if options.api:
        from .remote import Remote

        if not work.report_nodes:
            raise ValueError(f"{options.workflow} has no Save Report, and API v2 hands out files only. Add that node.")
        return Threads([Remote(url, work, options.timeout) for url in options.server], options.jobs)
    return Threads([Server(url, work, options.timeout, options.jobs) for url in options.server], options.jobs)


def _preview_of(options: argparse.Namespace) -> Callable[[bytes], bytes] | None:
    """What makes thumbnails for the report; None where none are wanted or Pillow is not there."""
    if not options.report or find_spec("PIL") is None:
        return None
    from .thumbnail import jpeg

    return jpeg


def _with_pillow() -> tuple[Problem, Complete]:
    """How pictures are looked at, and what results get back of them."""
    if find_spec("PIL") is None:
        say(WITHOUT_PILLOW)
        return lambda data: None if data else "is empty", lambda result, original: (result, [])
    from .metadata import with_the_rest
    from .whole_pictures import problem

    return problem, with_the_rest
