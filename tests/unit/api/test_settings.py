"""The settings file, and sentences about what is wrong in it."""

import json

import pytest
from afterdetail.api.settings import Settings, load

KEY = "a-long-enough-key"


def test_without_a_file_the_environment_gives_the_key(tmp_path):
    assert load(tmp_path / "none.json", {}) == Settings()
    assert load(tmp_path / "none.json", {"AFTERDETAIL_API_KEY": f" {KEY} "}).api_keys == (KEY,)


def test_keys_of_file_and_environment_both_count(tmp_path):
    path = tmp_path / "service.json"
    path.write_text(json.dumps({"enabled": True, "api_keys": [KEY]}))
    assert load(path, {"AFTERDETAIL_API_KEY": "another-long-key-x"}).api_keys == (KEY, "another-long-key-x")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"enabeld": True}, "enabeld"),
        ({"api_keys": ["short"]}, "api_keys"),
        ({"api_keys": KEY}, "api_keys"),
        ({"max_jobs_per_key": 0}, "max_jobs_per_key"),
        ({"public_url": "ftp://x"}, "public_url"),
        ([], "dictionary"),
    ],
)
def test_a_wrong_setting_is_named_and_no_key_is_shown(tmp_path, settings, name):
    path = tmp_path / "service.json"
    path.write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=name) as caught:
        load(path, {})
    assert KEY not in str(caught.value) and "short;" not in str(caught.value)
