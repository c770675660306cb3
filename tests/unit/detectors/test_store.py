"""Downloads from a server on this machine that cuts, stalls, lies and forgets. No other address is asked."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from afterdetail.detectors import store
from afterdetail.detectors.store import Weight, WeightsError, download
from afterdetail.detectors.yolo.predictor import YoloDetector

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
BODY = (FIXTURES / "tiny_face.pt").read_bytes()
TAG = '"v1"'


@dataclass
class Server:
    """What it serves and how it misbehaves; `requests` are the Range headers it has seen ("" for none)."""

    url: str = ""
    body: bytes = BODY
    tag: str = TAG
    status: int = 200
    claims: int | None = None
    """Content-Length instead of the true one; "no length" if -1."""
    cut: list[int] = field(default_factory=list)
    """For each request in turn, after how many bytes the connection ends."""
    stall: float = 0
    ranges: bool = True
    start_shift: int = 0
    requests: list[str] = field(default_factory=list)


def handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            server.requests.append(asked)
            start = int(asked[6:-1]) if asked and server.ranges and self.headers.get("If-Range") == server.tag else 0
            body = server.body[start:]
            status = 206 if start else server.status
            if start >= len(server.body) > 0:
                status, body = 416, b""
            self.send_response(status)
            if server.tag:
                self.send_header("ETag", server.tag)
            if server.claims != -1:
                self.send_header("Content-Length", str(len(body) if server.claims is None else server.claims))
            if status == 206:
                first = start + server.start_shift
                self.send_header("Content-Range", f"bytes {first}-{len(server.body) - 1}/{len(server.body)}")
            self.end_headers()
            end = server.cut.pop(0) if server.cut else len(body)
            with suppress(ConnectionError):  # the client may have seen enough
                self.wfile.write(body[:end])
            if server.stall and end < len(body):
                self.wfile.flush()
                time.sleep(server.stall)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(server: Server) -> Iterator[None]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
    server.url = f"http://127.0.0.1:{http.server_address[1]}/tiny.pt"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


def weight(server: Server, **changes) -> Weight:
    sha256 = hashlib.sha256(BODY).hexdigest()
    made = Weight("tiny", "tiny.pt", "ultralytics_bbox", server.url, len(BODY), sha256, "test")
    return replace(made, **changes)


def refused(weight: Weight, folder: Path, accept: Callable[[Path], object] = YoloDetector.open) -> str:
    """The sentence of a failed download; the file must not have appeared, and the sentence says where to put it."""
    with pytest.raises(WeightsError) as caught:
        download(weight, folder, accept)
    assert not (folder / weight.file).exists()
    assert str(folder) in str(caught.value) and weight.url in str(caught.value) and weight.file in str(caught.value)
    return str(caught.value)


def assert_complete(folder: Path) -> None:
    assert (folder / "tiny.pt").read_bytes() == BODY
    assert [path.name for path in folder.iterdir()] == ["tiny.pt"]


def test_a_download_arrives_whole_and_leaves_nothing_beside_it(server, tmp_path):
    seen: list[tuple[int, int]] = []
    path = download(weight(server), tmp_path / "new", YoloDetector.open, lambda *now: seen.append(now))
    assert path == tmp_path / "new" / "tiny.pt"
    assert_complete(tmp_path / "new")
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert YoloDetector.open(path).names == ("face",)


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    (tmp_path / "tiny.pt").write_bytes(b"mine")
    assert download(weight(server), tmp_path, YoloDetector.open).read_bytes() == b"mine"
    assert server.requests == []


def test_a_cut_is_taken_up_where_it_happened(server, tmp_path):
    server.cut = [200_000, 100_000]
    download(weight(server), tmp_path, YoloDetector.open)
    assert_complete(tmp_path)
    starts = [int(asked[6:-1]) if asked else 0 for asked in server.requests]
    assert starts[0] == 0 < starts[1] < starts[2] and len(starts) == 3


def test_after_too_many_cuts_the_next_call_goes_on(server, tmp_path):
    server.cut = [70_000] * store.ATTEMPTS
    refused(weight(server), tmp_path)
    kept = (tmp_path / "tiny.pt.part").stat().st_size
    assert kept > 70_000 * (store.ATTEMPTS - 1)
    server.requests.clear()
    download(weight(server), tmp_path, YoloDetector.open)
    assert server.requests == [f"bytes={kept}-"]
    assert_complete(tmp_path)


def test_a_server_that_never_sends_anything_is_asked_once(server, tmp_path):
    server.cut = [0] * 10
    refused(weight(server), tmp_path)
    assert len(server.requests) == 1


def test_a_stalled_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "READ_SECONDS", 1.0)
    server.cut, server.stall = [1000, 0, 0], 600
    start = time.monotonic()
    assert "stopped answering" in refused(weight(server), tmp_path)
    assert time.monotonic() - start < 300


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.ranges, server.cut = False, [200_000]
    download(weight(server), tmp_path, YoloDetector.open)
    assert_complete(tmp_path)


def test_another_version_on_the_server_is_not_mixed_with_the_first(server, tmp_path):
    server.cut = [200_000] + [0] * 5
    refused(weight(server, size=None, sha256=None), tmp_path)
    server.cut, server.tag, server.body = [], '"v2"', BODY[:-1] + b"\x01"
    accepted: list[bytes] = []
    download(weight(server, size=None, sha256=None), tmp_path, lambda path: accepted.append(path.read_bytes()))
    assert accepted == [server.body]


@pytest.mark.parametrize("tag", ["", 'W/"weak"', "bare", '"' + "x" * 500 + '"'])
def test_without_a_strong_tag_nothing_is_taken_up(server, tmp_path, tag):
    server.tag, server.cut = tag, [200_000]
    download(weight(server), tmp_path, YoloDetector.open)
    assert server.requests == ["", ""]
    assert_complete(tmp_path)


def test_a_resume_at_another_place_is_refused(server, tmp_path):
    server.cut, server.start_shift = [200_000], 5
    assert "another place" in refused(weight(server), tmp_path)


def test_a_part_that_is_longer_than_the_file_is_dropped(server, tmp_path):
    (tmp_path / "tiny.pt.part").write_bytes(BODY + b"more")
    (tmp_path / "tiny.pt.part.etag").write_text(TAG)
    download(weight(server), tmp_path, YoloDetector.open)
    assert_complete(tmp_path)


def test_a_whole_part_is_only_verified(server, tmp_path):
    (tmp_path / "tiny.pt.part").write_bytes(BODY)
    download(weight(server), tmp_path, YoloDetector.open)
    assert server.requests == []
    assert_complete(tmp_path)


def test_a_length_that_is_not_the_file_s_is_refused_before_a_byte_is_kept(server, tmp_path):
    server.claims = len(BODY) + 1
    assert f"{len(BODY) + 1} bytes" in refused(weight(server), tmp_path)
    server.claims = 100
    assert "100 bytes" in refused(weight(server), tmp_path)


def test_a_length_that_is_too_short_gives_a_file_that_is_refused(server, tmp_path):
    server.claims = 1000
    assert "something other than" in refused(weight(server, size=None, sha256=None), tmp_path)
    assert not (tmp_path / "tiny.pt.part").exists()


def test_a_server_that_tells_no_length_is_held_to_the_size_in_the_table(server, tmp_path):
    server.claims = -1
    download(weight(server), tmp_path, YoloDetector.open)
    assert_complete(tmp_path)


def test_a_server_that_sends_for_ever_is_stopped(server, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MAX_SIZE", 100_000)
    server.claims = -1
    assert "more than the 100000 bytes" in refused(weight(server, size=None, sha256=None), tmp_path)
    server.body = BODY + b"more"
    assert "more than" in refused(weight(server), tmp_path)


def test_another_checksum_is_refused_and_forgotten(server, tmp_path):
    server.body = BODY[:-1] + b"\x01"
    said = refused(weight(server), tmp_path)
    assert "SHA-256" in said and hashlib.sha256(BODY).hexdigest() in said
    assert list(tmp_path.iterdir()) == []


def test_without_a_checksum_the_reader_decides(server, tmp_path):
    unknown = weight(server, sha256=None)
    assert "no checksum" in unknown.check and "SHA-256" in weight(server).check
    download(unknown, tmp_path, YoloDetector.open)
    assert_complete(tmp_path)
    server.body = b"<html>please sign in</html>".ljust(len(BODY))
    other = replace(unknown, file="other.pt")
    assert "web page" in refused(other, tmp_path)


@pytest.mark.parametrize("status", [401, 404, 429, 500, 204])
def test_a_refusal_of_the_server_is_told(server, tmp_path, status):
    server.status = status
    assert str(status) in refused(weight(server), tmp_path)


def test_no_connection_is_told(tmp_path):
    server = Server()
    with serving(server):
        pass  # the port is closed again
    assert "no connection" in refused(weight(server), tmp_path)


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match="could not be written"):
        download(weight(server), tmp_path / "file" / "folder", YoloDetector.open)


def test_cancelling_keeps_what_came_for_the_next_time(server, tmp_path):
    class Cancelled(BaseException):
        pass

    def cancel(done: int, total: int) -> None:
        if done > 100_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(weight(server), tmp_path, YoloDetector.open, cancel)
    assert 100_000 < (tmp_path / "tiny.pt.part").stat().st_size < len(BODY)
    download(weight(server), tmp_path, YoloDetector.open)
    assert server.requests[1].startswith("bytes=")
    assert_complete(tmp_path)


def test_the_table_is_complete():
    table = store.weights()
    assert {"face_yolov8n", "hand_yolov8n"} <= set(table)
    for name, entry in table.items():
        assert name == entry.name == Path(entry.file).stem
        assert entry.url.startswith("https://") and entry.url.endswith(".pt")
        assert entry.sha256 is None or re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.size is None or entry.size > 10**6
        assert entry.folder in ("ultralytics_bbox", "ultralytics_segm") and entry.licence
