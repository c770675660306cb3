import logging

from afterdetail.nodes.notes import notes_ui


def test_a_note_is_shown_by_every_node_and_logged_by_the_first(caplog):
    with caplog.at_level(logging.INFO, "afterdetail"):
        assert notes_ui(["a mask is ignored.", "too small: 5 %."], logged=["a mask is ignored."]) == {
            "notes": ["a mask is ignored.", "too small: 5 %."]
        }
    assert caplog.messages == ["too small: 5 %."]


def test_nothing_to_tell_is_an_empty_list():
    """ComfyUI joins what a node says for each item of a list by the keys of the first item."""
    assert notes_ui([]) == {"notes": []}
