"""The template browser's titles and order, and the pictures that templates start from."""

import json
import re

from afterdetail.canvas.templates import (
    INDEX,
    LIST,
    PACK,
    PICTURES,
    WORKFLOWS,
    category,
    file_of,
    offer_pictures,
    templates,
    titled,
)

START = "Fix faces - SD 1.5 (start here)"
LINE = 120
"""Characters of a description that a card shows in two lines."""


def test_every_workflow_has_a_title_in_words():
    stems = {path.stem for path in WORKFLOWS.glob("*.json")}
    titles = [template.title for template in templates()]
    assert stems <= {template.stem for template in templates()}
    assert all(" " in title and title[0].isupper() and "/" not in title for title in titles)
    assert len(set(titles)) == len(titles)


def test_every_description_says_in_a_line_what_it_does_and_needs():
    for _, title, description, _ in templates():
        does, needs = description.removesuffix(".").split(". Needs ")
        assert does and needs and title not in description and len(description) <= LINE, title
        assert not set("-_") & set(description), f"{title}: the page draws these as spaces"
    assert len({template.description for template in templates()}) == len(templates())


def test_a_note_can_be_understood_without_another_template():
    subjects = {template.stem: template.title.split(" - ")[0] for template in templates()}
    for stem, title in subjects.items():
        graph = json.loads((WORKFLOWS / f"{stem}.json").read_text(encoding="utf-8"))
        notes = [node["widgets_values"][0] for node in graph["nodes"] if node["type"] == "MarkdownNote"]
        assert notes, stem
        for text in notes:
            assert not re.match("The same|As ", text), f"{stem}: {text}"
            assert not [other for other in {*subjects, *subjects.values()} - {stem, title} if other in text], stem


def test_the_category_has_every_workflow_in_order():
    stems = [path.stem for path in WORKFLOWS.glob("*.json")]
    assert category()["moduleName"] == PACK.name
    assert [card["title"] for card in category()["templates"]] == titled(stems)


def test_those_that_open_as_an_app_are_named_so_and_found_by_either_name():
    apps = [card["name"] for card in category()["templates"] if card["name"].endswith(".app")]
    assert len(apps) == 5 and f"{START}.app" in apps
    here = f"{LIST}/{PACK.name}"
    assert (
        file_of(f"{here}/{START}.app.json") == file_of(f"{here}/{START}.json") == WORKFLOWS / "detail-faces-sd15.json"
    )
    assert file_of(f"{here}/{START}.app.jpg") == WORKFLOWS / "detail-faces-sd15.jpg"


def test_the_index_is_known_in_every_language_and_nothing_else():
    assert all(INDEX.fullmatch(f"/templates/{name}") for name in ("index.json", "index.fr.json", "index.zh-TW.json"))
    assert not any(INDEX.fullmatch(f"/templates/{name}") for name in ("index_logo.json", "index.mcp.json", "a.json"))


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
