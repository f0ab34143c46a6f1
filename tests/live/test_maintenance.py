"""Maintenance windows: kept in InfluxDB, begun, planned, listed and ended at the terminal."""

import re

import pandas as pd
import pytest
from rig import influx_sink
from typer.testing import CliRunner

from swatlib.cli.alarm_verbs import LONGEST_MINUTES
from swatlib.cli.app import app
from swatlib.live.maintenance import LONGEST_WINDOW, begin_maintenance, end_maintenance, maintenance_windows

START = pd.Timestamp("2015-12-28 10:00")


@pytest.fixture
def to(influxdb):
    return influx_sink(influxdb)


def now():
    return pd.Timestamp.now("UTC").tz_localize(None).round("ms")


def test_windows_are_listed_with_their_state_the_newest_first(to):
    hour, here = pd.Timedelta("1h"), now()
    for start, note in ((here - 3 * hour, "pump"), (here - hour / 2, 'the "valve"'), (here + hour, "later")):
        begin_maintenance(to, to, "kept", note, start, start + hour)
    windows = maintenance_windows(to, "kept")
    assert windows["state"].to_list() == ["planned", "now", "over"]
    assert windows["note"].to_list() == ["later", 'the "valve"', "pump"]
    assert (windows["end"] - windows.index).to_list() == [hour] * 3


def test_a_window_that_is_on_ends_now_and_a_planned_one_is_never_on(to):
    here = now()
    begin_maintenance(to, to, "ended", "pump", here, here + pd.Timedelta("1h"))
    begin_maintenance(to, to, "ended", "later", here + pd.Timedelta("1d"), here + pd.Timedelta("2d"))
    assert end_maintenance(to, to, "ended").index.to_list() == [here]
    assert end_maintenance(to, to, "ended", here + pd.Timedelta("1d")).index.to_list() == [here + pd.Timedelta("1d")]
    windows = maintenance_windows(to, "ended")
    assert windows["state"].to_list() == ["ended early"] * 2
    assert windows["end"].iloc[0] == windows.index[0] and here < windows["end"].iloc[1] <= now()


def test_what_is_no_window_is_refused_in_a_sentence(to):
    with pytest.raises(ValueError, match="up to 31 days"):
        begin_maintenance(to, to, "refused", "", START, START)
    with pytest.raises(ValueError, match="up to 31 days"):
        begin_maintenance(to, to, "refused", "", START, START + pd.Timedelta("32d"))
    begin_maintenance(to, to, "refused", "first", START, START + pd.Timedelta("1h"))
    with pytest.raises(ValueError, match="begins at 2015-12-28 10:00:00 already"):
        begin_maintenance(to, to, "refused", "second", START, START + pd.Timedelta("2h"))
    with pytest.raises(ValueError, match="no maintenance window of plant refused is on"):
        end_maintenance(to, to, "refused")
    assert maintenance_windows(to, "refused")["note"].to_list() == ["first"]


def test_windows_are_begun_listed_and_ended_at_the_terminal(to, influxdb_alone):
    def typed(*words):
        done = CliRunner().invoke(app, ["alarms", "maintenance", words[0], "--plant", "typed", *words[1:]])
        return done.exit_code, " ".join(done.output.split())

    assert typed("list") == (0, "Plant typed has no maintenance window.")
    assert typed("begin", "pump is exchanged", "--minutes", "30", "--start", "2015-12-28 10:00") == (
        0, "Maintenance of plant typed from 2015-12-28 10:00:00 to 2015-12-28 10:30:00 (UTC): no alert.",
    )  # fmt: skip
    assert typed("begin", "now")[0] == 0
    listed = typed("list")[1]
    assert "pump is exchanged" in listed
    begun = re.search(r"end note state ([\d-]+ [\d:]+) ", listed)[1]
    assert "is ended." in typed("end", "--start", begun)[1]
    code, said = typed("end")
    assert code != 0 and "no maintenance window of plant typed is on" in said
    code, said = typed("begin", "for longer than it may", "--minutes", str(LONGEST_MINUTES + 1))
    assert (
        code == 2 and "less than or equal to 44640" in said and pd.Timedelta(LONGEST_MINUTES, "min") == LONGEST_WINDOW
    )
    code, said = typed("begin", "then", "--start", "when it rains")
    assert code != 0 and "is no time" in said
    code, said = typed("list", "--plant", "two\nlines")
    assert code == 2 and "plant holds '\\n'; wanted: no line break" in said
