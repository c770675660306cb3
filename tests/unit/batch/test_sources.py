from pathlib import Path

import pytest
from afterdetail.batch.sources import collect, listed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.JPG", "sub/a.png", "notes.txt", ".hidden/c.png", "out/a.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "in"


def names(*arguments: object, output: Path = Path("elsewhere"), urls: tuple[str, ...] = ()) -> list[str]:
    return [source.name for source in collect([str(argument) for argument in arguments], urls, output)]


def test_a_folder_keeps_its_shape_without_hidden_files_other_files_and_results(folder):
    assert names(folder, output=folder / "out") == ["a", "b", "sub/a"]
    assert names(folder) == ["a", "b", "out/a", "sub/a"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*.png", ["a"]), ("**/*.png", ["a", "sub/a"]), ("s*/?.png", ["sub/a"]), ("*.txt", ["notes"])],
)
def test_a_pattern_is_relative_to_its_last_plain_folder(folder, pattern, expected):
    assert [name for name in names(folder / pattern, output=folder / "out") if "hidden" not in name] == expected


def test_results_are_found_out_whatever_way_the_folders_are_written(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    assert names("..", output=folder / "out") == names(folder, output=Path("../out")) == ["a", "b", "sub/a"]
    assert names("../*/*.png", folder / "sub" / "a.png", output=folder / "out") == [".hidden/c", "sub/a"]


def test_a_relative_pattern_and_a_relative_output_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert names("*/*.png", output=Path("out")) == [".hidden/c", "sub/a"]


def test_a_file_has_its_own_name(folder):
    assert names(folder / "sub" / "a.png") == ["a"]


def test_the_same_file_named_twice_is_one(folder):
    assert names(folder / "a.png", folder / "*.png", folder / "a.png") == ["a"]


def test_equal_names_are_told_apart_and_stay_the_same(folder):
    (folder / "A.webp").write_bytes(b"")
    first, *others = names(folder / "a.png", folder / "A.webp", folder / "sub")
    assert first.startswith("a-") and len({first, *others}) == 3
    assert names(folder / "sub", folder / "A.webp", folder / "a.png")[-1] == first


def test_urls_are_named_after_their_file_and_told_apart_by_their_query():
    urls = (
        "https://host/dir/my%20photo.jpg",
        "https://host/image?id=1",
        "https://host/image?id=2",
        "http://host/../..",
    )
    photo, one, two, none = names(urls=urls)
    assert photo.startswith("my_photo-") and one.startswith("image-") and one != two
    assert all("/" not in name and ".." not in name for name in (photo, one, two, none))
    assert names("https://host/image?id=2") == [two]


def test_nothing_is_told(folder):
    with pytest.raises(ValueError, match=r"gone is no folder, file, pattern or URL"):
        names(folder / "gone")
    with pytest.raises(ValueError, match="There is no picture in"):
        names(folder / "*.gif")


def test_a_list_has_urls_and_comments_only():
    assert listed("# mine\nhttps://host/a.png\n\n  http://host/b.png \r\n") == [
        "https://host/a.png",
        "http://host/b.png",
    ]
    for line in ("/etc/passwd", "file:///etc/passwd", "ftp://host/a.png"):
        with pytest.raises(ValueError, match="is no URL"):
            listed(line)
