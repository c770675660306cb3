"""What a dry run says is the same whichever file was read first."""

from __future__ import annotations

import threading
from pathlib import Path

from afterdetail.batch.feed import Feed
from afterdetail.batch.journal import Journal
from afterdetail.batch.plan import plan
from afterdetail.batch.results import Results
from afterdetail.batch.sources import collect


def test_pictures_are_told_in_their_order_and_counts_in_one_of_their_own(tmp_path: Path, capsys):
    names, seen, read = ("a", "b", "c", "d"), [], threading.Condition()
    for name in names:
        (tmp_path / f"{name}.png").write_bytes(name.encode())

    def last_first(data: bytes) -> str | None:
        with read:
            assert read.wait_for(lambda: len(seen) == ord(names[-1]) - data[0], 60)
            seen.append(data)
            read.notify_all()
        return "is no picture" if data == b"c" else None

    output = tmp_path / "out"
    with Journal(output) as journal:
        results = Results(journal, "settings", (".png",), lambda result, original: (result, []))
        with Feed(collect([str(tmp_path / "b.png")], [], output), lambda data: None) as feed:
            (b,) = feed.in_order()
        journal.done("b", results.key(b), ".png", b"result", {"source": b.source.place})
        with Feed(collect([str(tmp_path)], [], output), last_first) as feed:
            assert plan(feed, results) == 1
    told = capsys.readouterr().err.splitlines()
    fates = ("would be sent", "would be skipped as done", "would fail", "would be sent")
    assert [line.partition(":")[0] for line in told[:-1]] == [
        f"{tmp_path / name}.png {fate}" for name, fate in zip(names, fates, strict=True)
    ]
    assert told[-1] == "2 would be sent, 1 would be skipped as done, 1 would fail. Nothing was sent or written."
