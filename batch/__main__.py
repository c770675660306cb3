"""Details a folder, a pattern or a list of URLs on any number of ComfyUI servers, and goes on where it was stopped.

python -m AfterDetail.batch photos --output detailed --server http://gpu1:8188 --server http://gpu2:8188

Run it from the folder above the pack, with the pack's folder name. Needs: pip install "ray>=2.50" tqdm
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from . import workflow
from .sources import collect, is_url, listed

PACKAGES = ("ray", "tqdm")
CANCELLED = 130


def main(arguments: list[str]) -> int:
    """Run one batch; 1 if a picture failed or was not come to, 130 after Ctrl-C."""
    options = parsed(arguments)
    missing = [name for name in PACKAGES if find_spec(name) is None]
    try:
        if missing:
            raise ValueError(f'A batch needs {" and ".join(missing)}. Install them: pip install "ray>=2.50" tqdm')
        return detail(options)
    except (ValueError, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from here.")
        return CANCELLED


def parsed(arguments: list[str]) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(prog="python -m AfterDetail.batch", description=lines[0], epilog=lines[-1])
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
    add("--ray", metavar="ADDRESS", help="a running Ray cluster (default: Ray on this machine, for this run)")
    add("--per-server", type=int, default=2, metavar="N", help="pictures at a server at once, one of them running")
    add("--timeout", type=float, default=1800, metavar="SECONDS", help="the longest one picture may run (1800)")
    add("--patience", type=float, default=600, metavar="SECONDS", help="how long to wait when no server is up (600)")
    options = parser.parse_args(arguments)
    if not options.sources and not options.urls:
        parser.error("name a SOURCE or --urls FILE")
    if set(options.suffix) & set('/\\:*?"<>|') or not options.suffix.isprintable():
        parser.error(f"--suffix {options.suffix!r} cannot end a file's name; write something like _detailed")
    if options.per_server < 1:
        parser.error("--per-server has to be 1 or more")
    urls = [url if "://" in url else f"http://{url}" for url in options.server or ["127.0.0.1:8188"]]
    options.server = list(dict.fromkeys(urls))
    for url in urls:
        if not is_address(url):
            parser.error(f"--server {url} is no address; write http://host:port")
    return options


def is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return is_url(url) and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number for a port
        return False


def detail(options: argparse.Namespace) -> int:
    work = workflow.read(options.workflow, options.set, options.checkpoint, options.input, options.result)
    urls = listed(options.urls.read_text(encoding="utf-8")) if options.urls else []
    sources = collect(options.sources, urls, options.output, options.suffix)

    from tqdm import tqdm  # here and not above, so that a machine without Ray and tqdm gets a sentence

    from .feed import Feed
    from .journal import Journal
    from .originals import require_kept, without_results
    from .run import Batch, NoServer
    from .workers import Workers

    with ExitStack() as stack:
        journal = stack.enter_context(Journal(options.output))
        sources = without_results(sources, journal)
        require_kept(sources, journal, work.suffixes)
        bar = stack.enter_context(tqdm(total=len(sources), unit="picture", disable=None))
        feed = stack.enter_context(Feed(sources))
        tell = partial(bar.write, file=sys.stderr)
        batch = Batch(feed, journal, work.digest, work.suffixes, tell, bar.update, options.per_server, options.patience)
        try:
            if batch.look():
                with Workers(options.server, work, options.timeout, options.per_server, options.ray) as workers:
                    batch.run(options.server, workers)
        except NoServer as error:
            tell(str(error))
        finally:
            batch.tally.left = len(sources) - sum(vars(batch.tally).values())
            bar.close()
            say(f"{batch.tally}. The results are in {options.output}.")
    return 1 if batch.tally.failed or batch.tally.left else 0


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
