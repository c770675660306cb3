"""The loop with made-up servers in place of Ray and ComfyUI; tests/e2e/test_batch.py has the real ones."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from afterdetail.batch import run
from afterdetail.batch.feed import Feed
from afterdetail.batch.journal import Journal
from afterdetail.batch.results import Results
from afterdetail.batch.run import MAX_STRIKES, MAX_TRIES, Batch, NoServer
from afterdetail.batch.server import Outcome
from afterdetail.batch.sources import collect
from afterdetail.batch.whole_pictures import problem
from PIL import Image

READY, DONE = Outcome("ready"), Outcome("done", image=b"result", suffix=".png", reports=({"images": []},))
LOST, UNREACHABLE = Outcome("lost", "host was lost"), Outcome("unreachable", "host does not answer")
BROKEN = Outcome("broken", "host is out of order: it answered with the status 500")
Reply = Callable[[int, str, int], Outcome]


class Servers:
    """Answers at once, in the order of the calls; `answer(server, call, number of that server's calls)`."""

    def __init__(self, answer: Reply):
        self.answer, self.calls = answer, deque[tuple[Any, Outcome]]()
        self.seen: list[tuple[int, str]] = []

    def call(self, server: int, call: Any, token: Any, *arguments: Any) -> None:
        self.seen.append((server, call))
        number = sum(earlier == (server, call) for earlier in self.seen)
        self.calls.append((token, self.answer(server, call, number)))

    def wait(self, seconds: float) -> list[tuple[Any, Outcome]]:
        return [self.calls.popleft()] if self.calls else []


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(run, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(run, "FIRST_BACK_OFF_SECONDS", 0.001)
    monkeypatch.setattr(run, "LAST_BACK_OFF_SECONDS", 0.002)
    take = Feed.take
    monkeypatch.setattr(Feed, "take", lambda feed, seconds: take(feed, None))  # a busy machine reads no slower


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(6):
        buffer = BytesIO()
        Image.new("RGB", (8, 8), (i, 0, 0)).save(buffer, "PNG")
        (folder / f"{i}.png").write_bytes(buffer.getvalue())
    yield folder


class Done:
    """A finished run over a folder, and what it said."""

    def __init__(
        self,
        folder: Path,
        answer: Reply,
        servers: int = 2,
        settings: str = "settings",
        pool: type[Servers] = Servers,
        **options: Any,
    ):
        self.said: list[str] = []
        self.error = ""
        self.pool = pool(answer)
        output = folder.parent / "out"
        with Journal(output) as journal, Feed(collect([str(folder)], [], output), problem) as feed:
            results = Results(journal, settings, (".png",), lambda result, original: (result, []))
            self.batch = Batch(feed, results, self.said.append, lambda fate: None, **options)
            try:
                if self.batch.sort_until_waiting():
                    self.batch.run([f"http://user:secret@host{i}:8188" for i in range(servers)], self.pool)
            except NoServer as error:
                self.error = str(error)

    @property
    def tally(self) -> str:
        return str(self.batch.tally)

    def details(self, server: int) -> int:
        return self.pool.seen.count((server, "detail"))


def always(outcome: Outcome) -> Reply:
    return lambda server, call, number: READY if call == "check" else outcome


def test_a_second_run_asks_no_server_and_other_settings_do(photos):
    first = Done(photos, always(DONE))
    assert first.tally == "6 detailed" and first.details(0) and first.details(1) and not first.said
    assert Done(photos, always(DONE)).tally == "0 detailed, 6 skipped"
    assert not Done(photos, always(DONE)).pool.seen
    assert Done(photos, always(DONE), settings="others").tally == "6 detailed"
    about = (photos.parent / "out" / "3.json").read_text()
    assert "host" in about and "secret" not in about


def test_pictures_of_a_lost_server_go_to_another(photos):
    def second_dies(server: int, call: str, number: int) -> Outcome:
        if server == 0:
            return READY if call == "check" else DONE
        return READY if (call, number) == ("check", 1) else LOST

    done = Done(photos, second_dies)
    assert done.tally == "6 detailed" and done.details(0) == 6 and done.details(1) == 2
    assert any("was lost" in line for line in done.said)


def test_a_server_that_comes_back_is_used_again(photos):
    def restarts(server: int, call: str, number: int) -> Outcome:
        if call == "check":
            return UNREACHABLE if number in (1, 3) else READY
        return LOST if number <= 2 else DONE

    done = Done(photos, restarts, servers=1)
    assert done.tally == "6 detailed" and not done.error
    assert sum("is there again" in line for line in done.said) >= 1


@pytest.mark.parametrize("outcome", [LOST, BROKEN, UNREACHABLE])
def test_a_picture_that_no_server_survives_is_given_up(photos, outcome):
    for file in sorted(photos.glob("*.png"))[1:]:
        file.unlink()
    done = Done(photos, always(outcome), servers=2, per_server=1)
    assert done.tally == "0 detailed, 1 failed" and done.details(0) + done.details(1) == MAX_TRIES
    assert any(f"given up after {MAX_TRIES} tries. {outcome.reason}" in line for line in done.said)
    assert Done(photos, always(DONE)).tally == "1 detailed"


def test_one_picture_that_kills_servers_does_not_stop_the_others(photos):
    class Poisoned(Servers):
        def call(self, server: int, call: Any, token: Any, *arguments: Any) -> None:
            poison = call == "detail" and token[1].source.name == "2"
            self.answer = always(LOST if poison else DONE)
            super().call(server, call, token, *arguments)

    done = Done(photos, always(DONE), servers=1, pool=Poisoned)
    assert done.tally == "5 detailed, 1 failed" and not done.error


@pytest.mark.parametrize("outcome", [LOST, BROKEN, UNREACHABLE])
def test_a_server_that_fails_with_whatever_it_gets_is_given_up(photos, outcome):
    done = Done(photos, always(outcome), servers=1)
    assert "No server is left" in done.error and done.tally == "0 detailed"
    assert MAX_STRIKES <= done.details(0) <= MAX_STRIKES + 1
    (line,) = [line for line in done.said if "left out" in line]
    assert line == f"{outcome.reason}. It failed with {MAX_STRIKES} different pictures in a row. It is left out."


def test_one_broken_server_leaves_the_work_to_the_others(photos):
    done = Done(photos, lambda server, call, number: READY if call == "check" else DONE if server else BROKEN)
    assert done.tally == "6 detailed"


def test_a_server_that_is_down_costs_no_picture_a_try(photos):
    def often_down(server: int, call: str, number: int) -> Outcome:
        return DONE if call == "detail" else READY if number > 30 else UNREACHABLE

    assert Done(photos, often_down, servers=1).tally == "6 detailed"


def test_a_server_that_refuses_the_workflow_is_left_out(photos):
    def one_refuses(server: int, call: str, number: int) -> Outcome:
        if call == "check":
            return READY
        return DONE if server else Outcome("refused", "host0 has no such checkpoint.")

    done = Done(photos, one_refuses)
    assert done.tally == "6 detailed"
    assert [line for line in done.said if "left out" in line] == ["host0 has no such checkpoint. It is left out."]
    alone = Done(photos, one_refuses, servers=1, settings="others")
    assert "No server is left" in alone.error and alone.tally == "0 detailed"
    assert "No server is left" in Done(photos, lambda *_: Outcome("failed", "An error."), 1, "others").error


def test_a_failed_picture_does_not_stop_the_others(photos):
    def third_fails(server: int, call: str, number: int) -> Outcome:
        return READY if call == "check" else Outcome("failed", "No memory.") if number == 3 else DONE

    done = Done(photos, third_fails, servers=1)
    assert done.tally == "5 detailed, 1 failed" and sum("No memory." in line for line in done.said) == 1
    assert Done(photos, always(DONE)).tally == "1 detailed, 5 skipped"


def test_without_any_server_it_gives_up_in_the_end(photos):
    done = Done(photos, lambda *_: UNREACHABLE, patience=0.05)
    assert "No server has answered" in done.error and done.tally == "0 detailed"
    assert 2 <= len(done.said) <= 4  # each server once, not at every check


def test_it_does_not_give_up_before_each_server_was_asked(photos):
    class Slow(Servers):
        waits = 0

        def wait(self, seconds: float) -> list[tuple[Any, Outcome]]:
            self.waits += 1
            time.sleep(0.001)
            return super().wait(seconds) if self.waits % 3 == 0 else []

    done = Done(photos, lambda *_: UNREACHABLE, patience=0.0, pool=Slow)
    assert "No server has answered" in done.error and len(done.said) == 2


def test_a_file_that_went_away_is_told(photos):
    def removes(server: int, call: str, number: int) -> Outcome:
        for file in photos.glob("*.png"):
            file.unlink(missing_ok=True)
        return READY if call == "check" else DONE

    done = Done(photos, removes, servers=1, per_server=1)
    assert done.tally == "0 detailed, 6 failed"


def test_a_result_that_was_painted_over_is_kept_and_told(photos):
    assert Done(photos, always(DONE)).tally == "6 detailed"
    (photos.parent / "out" / "3.png").write_bytes(b"painted over")
    again = Done(photos, always(DONE), settings="others")
    assert again.tally == "5 detailed, 1 failed"
    assert any("is there already" in line and "3.png" in line for line in again.said)
    assert (photos.parent / "out" / "3.png").read_bytes() == b"painted over"


def test_what_appears_while_a_server_works_is_kept_and_told(photos):
    def another_writes(server: int, call: str, number: int) -> Outcome:
        (photos.parent / "out" / "0.png").write_bytes(b"mine")
        return READY if call == "check" else DONE

    done = Done(photos, another_writes)
    assert done.tally == "5 detailed, 1 failed"
    assert (photos.parent / "out" / "0.png").read_bytes() == b"mine"
