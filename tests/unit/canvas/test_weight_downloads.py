"""Fetching weights for the canvas: progress, the end, a problem, and a stop."""

import threading
import time
from types import SimpleNamespace

import pytest
from afterdetail.canvas import weight_downloads
from afterdetail.canvas.weight_downloads import Downloads
from afterdetail.detectors.store import WeightsError


@pytest.fixture
def fetching(monkeypatch):
    """Makes a detector whose fetch is the given function."""

    def make(fetch):
        monkeypatch.setattr(weight_downloads.registry, "find", lambda name: SimpleNamespace(fetch=fetch))
        return Downloads()

    return make


def ended(downloads):
    deadline = time.monotonic() + 60
    while not (state := downloads.state("face")).ended:
        assert time.monotonic() < deadline, "the download did not end"
        time.sleep(0.005)
    return state


def test_bytes_are_counted_until_the_end(fetching):
    def fetch(progress):
        progress(3, 10)
        progress(10, 10)

    downloads = fetching(fetch)
    downloads.start("face")
    state = ended(downloads)
    assert (state.done, state.total, state.problem) == (10, 10, "")


def test_a_problem_is_a_sentence(fetching):
    def fetch(progress):
        raise WeightsError("The server stopped answering.")

    downloads = fetching(fetch)
    downloads.start("face")
    assert ended(downloads).problem == "The server stopped answering."


def test_a_stop_ends_it_at_the_next_bytes_and_a_new_start_goes_on(fetching):
    def fetch(progress):
        for done in range(10_000):
            progress(done, 10_000)
            time.sleep(0.001)

    downloads = fetching(fetch)
    downloads.start("face")
    downloads.cancel("face")
    state = ended(downloads)
    assert state.problem.startswith("Stopped") and state.done < 10_000
    downloads.start("face")
    assert not downloads.state("face").ended
    downloads.cancel("face")
    ended(downloads)


def test_a_start_right_after_a_stop_goes_on(fetching):
    both_pressed = threading.Event()

    def fetch(progress):
        assert both_pressed.wait(60)
        progress(10, 10)

    downloads = fetching(fetch)
    downloads.start("face")
    downloads.cancel("face")
    downloads.start("face")
    both_pressed.set()
    state = ended(downloads)
    assert (state.done, state.problem) == (10, "")


def test_what_is_missing_is_told_with_size_licence_and_source():
    rows = weight_downloads.missing()
    assert rows["face_yolov8n"]["size"] == 6230011 and rows["face_yolov8n"]["licence"] == "Apache-2.0"
    assert "face_full_mediapipe" not in rows
