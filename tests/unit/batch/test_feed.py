import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from afterdetail.batch import feed
from afterdetail.batch.feed import Feed, Picture
from afterdetail.batch.sources import Source
from afterdetail.batch.whole_pictures import problem
from PIL import Image


def png(side: int = 8) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "PNG")
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    failures = 0

    def do_GET(self) -> None:
        body, status, claimed = png(), 200, None
        match self.path.strip("/"):
            case "loop":
                return self.redirect("/loop")
            case "moved":
                return self.redirect("/ok.png")
            case "file":
                return self.redirect("file:///etc/passwd")
            case "large":
                body = b"x" * 5000
            case "cut":
                claimed = len(body) + 10
            case "gone":
                status = 404
            case "page":
                body = b"<html></html>"
            case "busy" if Handler.failures:
                Handler.failures -= 1
                status = 503
        self.send_response(status)
        self.send_header("Content-Length", str(claimed or len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(feed, "MAX_BYTES", 4000)
    monkeypatch.setattr(feed, "FIRST_PAUSE_SECONDS", 0.01)


def taken(*places: object) -> list[Picture]:
    with Feed([Source(f"{i}", str(place)) for i, place in enumerate(places)], problem) as pictures:
        found = []
        while not pictures.empty:
            picture = pictures.take(None)
            assert picture is not None
            found.append(picture)
            if picture.reason is None:
                assert picture.read() == png()
            if picture.source.is_url and picture.path:
                path = picture.path
                picture.drop()
                assert not path.exists()
        return sorted(found, key=lambda picture: int(picture.source.name))


def test_files_are_read_and_stay(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.png").write_bytes(png()[:30])
    a, b, c, d = taken(tmp_path / "a.png", tmp_path / "b.png", tmp_path / "gone.png", tmp_path)
    assert a.reason is None and len(a.sha256) == 64
    assert "truncated" in str(b.reason) and "could not be read" in str(c.reason) and d.reason
    assert (tmp_path / "a.png").exists()


def test_urls_are_downloaded_and_dropped(url):
    Handler.failures = 1
    ok, moved, busy = taken(f"{url}/ok.png", f"{url}/moved", f"{url}/busy")
    assert [picture.reason for picture in (ok, moved, busy)] == [None] * 3
    assert ok.sha256 == moved.sha256


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("gone", "404"),
        ("large", "more than"),
        ("cut", "could not be read"),
        ("page", "no picture of a known format"),
        ("loop", "redirects"),
        ("file", "redirects"),
    ],
)
def test_a_download_that_fails_says_why(url, path, said):
    (picture,) = taken(f"{url}/{path}")
    assert said in str(picture.reason)


def test_no_server_is_told(monkeypatch):
    monkeypatch.setattr(feed, "ATTEMPTS", 1)
    (picture,) = taken("http://127.0.0.1:1/a.png")
    assert "could not be read" in str(picture.reason)


def test_a_large_file_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x" * 5000)
    assert "more than" in str(taken(tmp_path / "a.png")[0].reason)


def test_a_file_that_changes_while_it_waits_is_told(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    with Feed([Source("a", str(path))], problem) as pictures:
        picture = pictures.take(None)
        assert picture is not None
        path.write_bytes(png(9))
        with pytest.raises(ValueError, match="was changed"):
            picture.read()


def test_only_a_few_are_read_ahead(tmp_path):
    asked: list[int] = []

    def sources() -> Iterator[Source]:
        for i in range(1000):
            asked.append(i)
            yield Source(f"{i}", str(Path(tmp_path / "gone")))

    with Feed(sources(), problem) as pictures:
        pictures.take(None)
        assert len(asked) <= feed.AHEAD + 1
