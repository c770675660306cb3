"""Widgets and settings have the same names, and the defaults of the settings."""

from dataclasses import fields

import pytest
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings
from rig.make import import_comfy

import_comfy(on_cpu=True)

from afterdetail.nodes.after_detailer import AfterDetail  # noqa: E402
from afterdetail.nodes.inpaint import AfterDetailInpaint  # noqa: E402
from afterdetail.nodes.regions import AfterDetailRegions  # noqa: E402
from afterdetail.nodes.widgets import Options  # noqa: E402

SETTINGS_OF = {
    AfterDetail: (MaskSettings, FitSettings, SampleSettings, PaintSettings),
    AfterDetailRegions: (MaskSettings, FitSettings),
    AfterDetailInpaint: (SampleSettings, PaintSettings),
}
PAIRS = [(node, kind) for node, kinds in SETTINGS_OF.items() for kind in kinds]


@pytest.mark.parametrize(("node", "kind"), PAIRS)
def test_an_untouched_node_gives_the_settings_defaults(node, kind):
    assert Options(node, {}).settings(kind) == kind()


@pytest.mark.parametrize(("node", "kind"), PAIRS)
def test_a_setting_without_its_widget_is_an_error(node, kind):
    """A widget that was renamed on one side only must not silently count as untouched."""
    options = Options(node, {})
    name = fields(kind)[0].name
    options.values = {other: value for other, value in options.values.items() if other != name}
    with pytest.raises(LookupError, match=name):
        options.settings(kind)


def test_a_value_that_is_given_wins():
    assert Options(AfterDetail, {"steps": 7}).settings(SampleSettings) == SampleSettings(steps=7)


def test_the_schema_is_built_once(monkeypatch):
    calls = []
    schema = AfterDetail.define_schema.__func__

    def counted(cls):
        calls.append(cls)
        return schema(cls)

    monkeypatch.setattr(AfterDetail, "define_schema", classmethod(counted))
    for _ in range(3):
        Options(AfterDetail.PREPARE_CLASS_CLONE(None), {})
    assert len(calls) == 1
