"""Files that people write by hand."""

import pytest
from afterdetail.files.reading import json_object


def test_an_object_is_read(tmp_path):
    (tmp_path / "styles.json").write_text('{"ü": [1]}', encoding="utf-8")
    assert json_object(tmp_path / "styles.json") == {"ü": [1]}


@pytest.mark.parametrize("data", [b"{", b"[]", b"", b"\xff\xfe{}"])
def test_anything_else_is_said_with_the_file_name(tmp_path, data):
    (tmp_path / "styles.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"styles\.json .*Correct it or remove it\."):
        json_object(tmp_path / "styles.json")
    with pytest.raises(ValueError, match=r"none\.json cannot be read"):
        json_object(tmp_path / "none.json")
