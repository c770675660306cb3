"""The progress bar: pictures, pictures per second, time left, failures so far."""

from __future__ import annotations

import sys
from typing import TextIO

from tqdm import tqdm

from .tally import Fate, Tally


class Bar:
    """`with Bar(tally) as bar:`; on a terminal, unless `file` is given."""

    def __init__(self, tally: Tally, file: TextIO | None = None):
        self._tally, self._file = tally, file or sys.stderr
        self._bar = tqdm(
            total=tally.total, unit="picture", smoothing=0, disable=None if file is None else False, file=file
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tell(self, line: str) -> None:
        """A line above the bar."""
        self._bar.write(line, file=self._file)

    def advance(self, fate: Fate) -> None:
        """One picture is through."""
        if fate in ("skipped", "copied") and not self._bar.disable:
            self._bar.initial += 1  # or they would make the servers look fast
        if fate == "failed":
            self._bar.set_postfix_str(f"{self._tally.fates['failed']} failed", refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
