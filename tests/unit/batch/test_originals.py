"""Nothing is written over a picture that the batch did not make, however its path is written."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from pathlib import Path

import pytest
from afterdetail.batch.journal import ForeignFile, Journal
from afterdetail.batch.originals import require_kept, without_results
from afterdetail.batch.sources import Source, collect

COMPOSED, DECOMPOSED = unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pictures in `a`, where the command is called from; `out` is somewhere else."""
    folder = tmp_path / "a"
    folder.mkdir()
    for name in ("one.png", "two.png"):
        (folder / name).write_bytes(name.encode())
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return folder


def look(*arguments: object, output: object = "a", suffix: str = "", urls: tuple[str, ...] = ()) -> list[str]:
    """The names of the results, once all have been found to be in nobody's way."""
    with Journal(Path(str(output))) as journal:
        found = collect([str(argument) for argument in arguments], urls, Path(str(output)), suffix)
        sources = without_results(found, journal)
        require_kept(sources, journal, (".png",))
        return [source.name for source in sources]


def refused(*arguments: object, **options: object) -> str:
    with pytest.raises(ValueError, match=r"another --output folder, or add a --suffix such as") as error:
        look(*arguments, **options)  # pyright: ignore[reportArgumentType]
    return str(error.value)


def make(output: object, name: str, source: object, image: bytes = b"result", content: str = "sha") -> None:
    with Journal(Path(str(output))) as journal:
        journal.done(name, f"{content} settings", ".png", image, {"source": str(source)})


@pytest.mark.parametrize("arguments", [("a",), ("a/*.png",), ("a/one.png", "a/two.png"), ("a/one.png",)])
@pytest.mark.parametrize("output", ["a", "a/../a", "out/../a"])
def test_originals_in_the_output_folder_are_refused_with_both_paths(photos, arguments, output):
    said = refused(*arguments, output=output)
    assert f"The result of {photos / 'one.png'} would be written to {photos / 'one.png'}, which is the source" in said
    assert ("more results" in said) == (arguments != ("a/one.png",))
    assert (photos / "one.png").read_bytes() == b"one.png"


def test_another_name_keeps_them_and_results_are_no_sources_of_the_next_run(photos):
    for arguments in (("a",), ("a/*.png",), ("a/one.png", "a/two.png")):
        assert look(*arguments, suffix="_x") == ["one_x", "two_x"]
    make("a", "one_x", photos / "one.png")
    assert look("a/one.png", "a/one_x.png", "a/two.png", suffix="_x") == ["one_x", "two_x"]
    with pytest.raises(ValueError, match="results of earlier runs"):
        look("a/one_x.png", suffix="_x")
    (photos / "one_x.png").write_bytes(b"painted over by hand, so it is a picture like any other")
    assert look("a/one_x.png", suffix="_x") == ["one_x_x"]


@pytest.mark.parametrize("kind", ["symlink_to", "hardlink_to"])
def test_a_result_that_would_replace_a_link_to_an_original_is_refused(photos, kind):
    getattr(Path("out/one.png"), kind)(photos / "one.png")
    said = refused("a", output="out")
    assert str(photos / "one.png") in said and "one.png, which is the source" in said


def test_an_original_that_is_a_link_keeps_link_and_file(photos):
    Path("out/one.png").write_bytes(b"the file itself")
    (photos / "one.png").unlink()
    (photos / "one.png").symlink_to(Path("out/one.png").resolve())
    assert "which is the source" in refused("a/one.png", output="out")
    assert "which is the source" in refused("a/one.png", output="a")


def test_folders_that_are_links_lead_to_the_same_files(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos, target_is_directory=True)
    assert "which is the source" in refused("a", output="link")
    assert "which is the source" in refused("link/one.png", output="a")
    (tmp_path / "out" / "a").symlink_to(photos, target_is_directory=True)
    assert "which is the source" in refused(f"{tmp_path}/*/one.png", output="out")


def test_case_and_unicode_forms_are_the_same_name_on_some_file_systems(photos):
    Path("b").mkdir()
    for original, name in (("PHOTO", "photo"), (DECOMPOSED, COMPOSED)):
        clash, other = photos / f"{original}.png", Path(f"b/{name}.jpg").resolve()
        clash.write_bytes(b"1")
        other.write_bytes(b"2")
        sources = [Source("elsewhere", str(clash)), Source(name, str(other))]
        with Journal(photos) as journal, pytest.raises(ValueError, match="would be written to") as error:
            require_kept(sources, journal, (".png",))
        assert f"which is the source {clash}" in str(error.value) and str(other) in str(error.value)


def test_sources_whose_names_differ_in_form_only_have_results_of_their_own(photos):
    for folder, name in (("b", COMPOSED), ("c", DECOMPOSED), ("d", DECOMPOSED.upper())):
        Path(folder).mkdir()
        Path(folder, f"{name}.png").write_bytes(b"")
    names = look("b", "c", "d", output="out")
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == 3


@pytest.mark.parametrize("file", ["one.png", "one.json", "one.png/"])
def test_what_others_have_put_there_is_refused(photos, file):
    foreign = Path("out") / file
    foreign.mkdir() if file.endswith("/") else foreign.write_text('{"mine": true}')
    assert f"{foreign.resolve()}, which no batch has made" in refused("a", output="out")
    foreign.rmdir() if file.endswith("/") else foreign.unlink()
    assert look("a", output="out")


def test_a_dangling_link_is_refused(photos):
    Path("out/one.png").symlink_to("gone.png")
    assert "which no batch has made" in refused("a", output="out")


def test_a_result_is_replaced_by_a_newer_one_of_the_same_source_only(photos):
    make("out", "one", photos / "one.png")
    assert look("a/one.png", output="out") == ["one"]
    Path("b").mkdir()
    Path("b/one.png").write_bytes(b"another picture")
    said = refused("b/one.png", output="out")
    assert str(Path("b/one.png").resolve()) in said and f"one.png, the result of {photos / 'one.png'}." in said


def test_a_result_that_was_painted_over_is_no_result_any_more(photos):
    make("out", "one", photos / "one.png")
    Path("out/one.png").write_bytes(b"painted over by hand")
    with Journal(Path("out")) as journal, pytest.raises(ForeignFile, match="not as a batch has left it"):
        journal.require_ours("one.png")


def test_a_folder_that_was_moved_has_the_same_sources(photos):
    make("out", "one", photos / "one.png", content=hashlib.sha256(b"one.png").hexdigest())
    photos.rename("moved")
    assert look("moved", output="out") == ["one", "two"]


def test_urls_do_not_replace_what_others_have_put_there(photos):
    url = "https://host/image.png"
    (name,) = look(output="out", urls=(url,))
    Path("out", f"{name}.png").write_bytes(b"mine")
    assert f"The result of {url} would be written over" in refused(output="out", urls=(url,))


@pytest.mark.parametrize("file", ["one.png", "one.json"])
def test_what_appears_during_the_run_is_kept_as_well(photos, file):
    with Journal(Path("out")) as journal:
        Path("out", file).write_bytes(b"mine")
        with pytest.raises(ForeignFile, match="is there already"):
            journal.done("one", "sha settings", ".png", b"result", {"source": "one.png"})
        with pytest.raises(ForeignFile, match="is there already"):
            journal.require_ours("one.png", "one.json")
    assert Path("out", file).read_bytes() == b"mine" and not journal.has("one", "sha settings")


def test_a_run_that_was_killed_between_its_files_knows_them(photos, monkeypatch):
    make("out", "one", photos / "one.png", b"old")
    for stop_at in range(3):
        with Journal(Path("out")) as journal, monkeypatch.context() as patch:
            writes = iter(range(stop_at))
            replace = Path.replace

            def stopped(path: Path, target: Path, writes=writes, replace=replace) -> Path:
                if next(writes, None) is None:
                    raise KeyboardInterrupt
                return replace(path, target)

            patch.setattr(Path, "replace", stopped)
            patch.setattr(os, "fsync", lambda descriptor: None)
            try:
                journal.done("one", "sha other", ".png", b"new", {"source": str(photos / "one.png")})
            except KeyboardInterrupt:
                assert stop_at < 2
        assert look("a/one.png", output="out") == ["one"]
    with Journal(Path("out")) as journal:
        assert journal.has("one", "sha other")


def test_files_that_were_whole_before_the_last_line_are_done(photos):
    make("out", "one", photos / "one.png")
    journal = Path("out/batch.jsonl")
    before, _ = journal.read_text().splitlines()
    journal.write_text(f"{before}\n")
    with Journal(Path("out")) as again:
        assert again.has("one", "sha settings")
    assert json.loads(journal.read_text().splitlines()[-1])["file"] == "one.png"


def test_results_of_version_0_1_are_known_and_never_taken_for_another_source_s(photos):
    for file in ("one.png", "one.json"):
        Path("out", file).write_bytes(b"{}")
    Path("out/batch.jsonl").write_text('{"name": "one", "key": "sha settings", "file": "one.png", "failed": null}\n')
    assert "the result of another picture" in refused("a/one.png", output="out")
    with Journal(Path("out")) as journal:
        assert journal.has("one", "sha settings")
