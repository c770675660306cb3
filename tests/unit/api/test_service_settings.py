"""The settings, and sentences about what is wrong in them."""

import json
from pathlib import Path

import pytest
from afterdetail.api.service_settings import Settings, settings_of
from afterdetail.api.settings_file import enabled_by, read

KEY = "a-long-enough-key"
SOURCE = Path("user", "service.json")


def test_without_a_file_the_environment_gives_the_key():
    assert settings_of({}, {}, SOURCE) == Settings()
    assert settings_of({}, {"AFTERDETAIL_API_KEY": f" {KEY} "}, SOURCE).api_keys == (KEY,)


def test_keys_of_file_and_environment_both_count():
    found = settings_of({"enabled": True, "api_keys": [KEY]}, {"AFTERDETAIL_API_KEY": "another-long-key-x"}, SOURCE)
    assert found.api_keys == (KEY, "another-long-key-x")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"enabeld": True}, "enabeld"),
        ({"api_keys": ["short"]}, "api_keys"),
        ({"api_keys": KEY}, "api_keys"),
        ({"max_jobs_per_key": 0}, "max_jobs_per_key"),
        ({"public_url": "ftp://x"}, "public_url"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_no_key_is_shown(settings, name):
    with pytest.raises(ValueError, match=name) as caught:
        settings_of(settings, {}, SOURCE)
    assert str(SOURCE) in str(caught.value)
    assert KEY not in str(caught.value) and "short;" not in str(caught.value)


@pytest.mark.parametrize("text", ["{enabled: true}", "", "[]", '"x"', "null", "\ufeff{}", '{"enabled": tru'])
def test_a_file_that_is_no_table_is_named(tmp_path, text):
    path = tmp_path / "service.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"service\.json .*Correct it or remove it\."):
        read(path)


def test_a_file_that_is_there_is_read_and_none_is_an_empty_table(tmp_path):
    path = tmp_path / "service.json"
    assert read(path) == {}
    path.write_text(json.dumps({"enabled": True}), encoding="utf-8")
    assert read(path) == {"enabled": True}


@pytest.mark.parametrize(
    ("value", "enabled"),
    [("1", True), (" On ", True), ("true", True), ("0", False), ("off", False), ("", None), (None, None)],
)
def test_the_environment_goes_before_the_file(value, enabled):
    assert enabled_by({} if value is None else {"AFTERDETAIL_API": value}) is enabled
