"""The template browser's titles and order, and the pictures that templates start from."""

from afterdetail.canvas.templates import LIST, PACK, PICTURES, WORKFLOWS, file_of, offer_pictures, titled, titles


def test_every_workflow_has_a_title_in_words():
    stems = {path.stem for path in WORKFLOWS.glob("*.json")}
    assert stems <= set(titles())
    assert all(" " in title and title[0].isupper() and "/" not in title for title in titles().values())
    assert len(set(titles().values())) == len(titles())


def test_they_stand_in_the_order_of_the_table_and_others_last():
    assert titled(["zzz", "outpaint", "detail-faces-sd15"]) == [
        "Fix faces - SD 1.5 (start here)",
        "Make a picture larger - SD 1.5",
        "zzz",
    ]


def test_files_are_served_by_their_titles_and_no_others():
    here = f"{LIST}/{PACK.name}"
    assert file_of(f"{here}/Fix hands - SD 1.5.json") == WORKFLOWS / "detail-hands-sd15.json"
    assert file_of(f"{here}/Fix hands - SD 1.5.jpg") == WORKFLOWS / "detail-hands-sd15.jpg"
    for other in ("detail-hands-sd15.json", "../api/Fix hands - SD 1.5.json", "Fix hands - SD 1.5.py"):
        assert file_of(f"{here}/{other}") is None


def test_pictures_are_offered_once_and_none_is_overwritten(tmp_path):
    own = tmp_path / "afterdetail-face.jpg"
    own.write_bytes(b"mine")
    offer_pictures(tmp_path)
    assert own.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in PICTURES.glob("afterdetail-*")}


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_fail(tmp_path, caplog):
    offer_pictures(tmp_path / "missing")
    assert "is missing for the templates" in caplog.text
