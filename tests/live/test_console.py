"""The console of notebook 05, its buttons pressed: alarm episodes of scores stored on a real InfluxDB."""

from types import SimpleNamespace

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
from rig import influx_sink

from swatlib.live import sink
from swatlib.live.console import console
from swatlib.live.episodes import stored_episodes
from swatlib.live.sink import FileSink

START = pd.Timestamp("2015-12-28 10:00")


def live(reader, name):
    """What the console needs of a run whose plant has ended."""
    connections = SimpleNamespace(reader=reader, to=reader)
    pipeline = SimpleNamespace(detectors=("pca",))
    return SimpleNamespace(
        name=name, at=connections, pipeline=pipeline, progress="done", listeners=[], minutes=1.0, speed=1.0
    )


@pytest.fixture
def to(influxdb):
    return influx_sink(influxdb)


class Panel:
    """Widgets of a console by what stands beside them."""

    def __init__(self, whole):
        self.named = {}
        self.add(whole)
        self.answer = whole.children[-1]

    def add(self, widget):
        self.named.setdefault(getattr(widget, "description", ""), widget)
        for child in getattr(widget, "children", ()):
            self.add(child)

    def press(self, name):
        self.named[name].click()
        return self.answer.value

    def __getitem__(self, name):
        return self.named[name]


@pytest.fixture
def panel(to, request):
    """The console of a plant with two alarms."""
    plant = request.node.name
    on = np.isin(np.arange(120), [*range(10, 20), *range(100, 120)])
    scored = pd.DataFrame({"score": on * 2.0, "threshold": 1.0, "alarm": on, "lead": np.where(on, "LIT101", None)},
                          pd.date_range(START, periods=120, freq="s"))  # fmt: skip
    to.write(sink.score_points(pd.concat({"pca": scored}, axis=1), plant), plant)
    return Panel(console(live(to, plant)))


def at(second):
    return START + pd.Timedelta(second, "s")


def test_the_newest_alarms_are_shown_with_their_state(panel):
    assert "2 alarm episodes" in panel.press("Show alarms")
    assert panel["alarm"].options == (
        ("12-28 10:01:40, 20 s, LIT101, standing", at(100)),
        ("12-28 10:00:10, 10 s, LIT101, over", at(10)),
    )


def test_an_alarm_is_acknowledged_with_a_note(panel, to, request):
    panel.press("Show alarms")
    panel["alarm"].value, panel["note"].value = at(10), "valve tested"
    assert panel.press("Acknowledge") == "the alarm of 2015-12-28 10:00:10 is acknowledged"
    assert panel["alarm"].value == at(10)
    assert panel["alarm"].options[1][0] == "12-28 10:00:10, 10 s, LIT101, acknowledged: valve tested"
    assert stored_episodes(to, request.node.name)["note"].dropna().to_dict() == {at(10): "valve tested"}


def test_an_alarm_is_shelved_for_a_stated_time(panel, to, request):
    panel.press("Show alarms")
    panel["shelve (min)"].value = 30
    before = pd.Timestamp.now("UTC").timestamp()
    assert "is acknowledged, shelved until" in panel.press("Shelve")
    assert panel["alarm"].options[0][0].endswith("shelved")
    until = stored_episodes(to, request.node.name).loc[at(100), "shelved_until"]
    assert before + 1800 <= until <= pd.Timestamp.now("UTC").timestamp() + 1800


def test_what_cannot_be_done_is_said(panel, to, tmp_path):
    assert panel.press("Acknowledge") == "no alarm is chosen; press Show alarms"
    assert "0 alarm episodes" in Panel(console(live(to, "never scored"))).press("Show alarms")
    rows = console(live(FileSink(tmp_path), "of files")).children
    assert "kept in InfluxDB" in " ".join(each.value for each in rows if isinstance(each, widgets.Label))
