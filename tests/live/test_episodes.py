"""Alarm episodes: made of scores alone, the same in one piece and in many, and kept with what is said of them."""

import numpy as np
import pandas as pd
import pytest
from rig import influx_sink
from typer.testing import CliRunner

from swatlib.alarm_episodes import PLANT_FIELDS, plant_episodes
from swatlib.cli.app import app
from swatlib.live import sink
from swatlib.live.episodes import EpisodeWatch, acknowledge, stored_episodes
from swatlib.live.sink import InfluxSink

START = pd.Timestamp("2015-12-28 10:00")


def at(second):
    return START + pd.Timedelta(second, "s")


def scores(seconds=60, **alarms):
    """Scores whose alarms last from one second to before another; those of `pca` are three times its threshold."""
    times = pd.date_range(START, periods=seconds, freq="s")
    parts = {}
    for name, spans in alarms.items():
        on = np.zeros(seconds, bool)
        for first, last in spans:
            on[first:last] = True
        high = 3.0 if name == "pca" else 2.0
        lead = np.where(on, "LIT101" if name == "pca" else "P101", None)
        parts[name] = pd.DataFrame(
            {"score": np.where(on, high, 0.5), "threshold": 1.0, "alarm": on, "lead": lead}, times
        )
    return pd.concat(parts, axis=1)


def test_an_episode_lasts_while_any_detector_is_in_alarm():
    found = plant_episodes(scores(pca=[(12, 20)], lof=[(10, 15), (40, 60)]))
    assert found.to_dict("index") == {
        at(10): {"end": at(19), "standing": False, "peak": 2.0, "lead": "P101",
                 "strongest": "pca", "why": "LIT101 at the peak", "detectors": "lof, pca", "agree": 2},
        at(40): {"end": at(59), "standing": True, "peak": 1.0, "lead": "P101",
                 "strongest": "lof", "why": "P101 at the peak", "detectors": "lof", "agree": 1},
    }  # fmt: skip


def test_without_an_alarm_there_is_no_episode():
    assert plant_episodes(scores(pca=[])).empty


@pytest.fixture
def to(influxdb):
    return influx_sink(influxdb)


def stored(to, plant):
    """What is stored, oldest first, as `plant_episodes` has it."""
    found = stored_episodes(to, plant).sort_index()
    return found[list(PLANT_FIELDS)].to_dict("index")


@pytest.mark.parametrize("cut", [5, 11, 12, 15, 20, 45])
def test_episodes_are_the_same_however_scores_come(to, cut):
    whole, plant = scores(pca=[(12, 20)], lof=[(10, 15), (40, 50)]), f"cut at {cut}"
    looking = EpisodeWatch(to, to)
    for part in (whole.iloc[:cut], whole.iloc[cut:]):
        to.write(sink.score_points(part, plant), plant)
        looking.look()
    assert stored(to, plant) == plant_episodes(whole).to_dict("index")


def test_a_watch_goes_on_where_another_one_ended(to):
    whole = scores(pca=[(12, 20)], lof=[(40, 50)])
    for part in (whole.iloc[:45], whole.iloc[45:]):
        to.write(sink.score_points(part, "restarted"), "restarted")
        EpisodeWatch(to, to).look()
    assert stored(to, "restarted") == plant_episodes(whole).to_dict("index")


def test_a_detector_that_has_no_points_any_more_is_in_no_alarm(to):
    hour = pd.Timedelta("1h")
    for part in (scores(pca=[(12, 20)], lof=[(10, 15)]), scores(pca=[(12, 20)]).shift(freq=hour)):
        to.write(sink.score_points(part, "fewer"), "fewer")
        EpisodeWatch(to, to).look()  # the second reads rows of both, and of `pca` alone
    spans = [(start, row["end"], row["detectors"]) for start, row in stored(to, "fewer").items()]
    assert spans == [(at(10), at(19), "lof, pca"), (at(12) + hour, at(19) + hour, "pca")]


def test_a_plant_without_a_score_keeps_no_other_from_its_episodes(to):
    whole = scores(pca=[(12, 20)])
    unscored = whole.copy()
    unscored["pca", "score"] = np.nan
    to.write(sink.score_points(unscored, "a new one"), "a new one")
    to.write(sink.score_points(whole, "another"), "another")
    EpisodeWatch(to, to).look()
    assert (stored(to, "a new one"), set(stored(to, "another"))) == ({}, {at(12)})


@pytest.mark.parametrize("note", ["a\x85b", "two\nlines\tand a tab", 'see [/wiki/P101] in C:\\x "now"', "\x00 \u2028"])
def test_any_note_comes_back_on_one_line(to, note):
    to.write(sink.score_points(scores(pca=[(12, 20)]), "noted"), "noted")
    EpisodeWatch(to, to).look()
    acknowledge(to, "noted", at(12), note, None)
    assert stored_episodes(to, "noted")["note"].to_list() == ["".join(c if c.isprintable() else " " for c in note)]


def test_a_pause_of_years_is_passed_over_at_once(to, monkeypatch):
    whole = scores(pca=[(12, 20)])
    later = whole.set_axis(whole.index + pd.Timedelta("3650d"))
    for part in (whole, later):
        to.write(sink.score_points(part, "paused"), "paused")
    asked = []
    monkeypatch.setattr(InfluxSink, "scores", recorded(InfluxSink.scores, asked))
    EpisodeWatch(to, to).look()
    assert set(stored(to, "paused")) == {at(12), at(12) + pd.Timedelta("3650d")}
    assert len([plant for plant in asked if plant == "paused"]) == 3


def recorded(function, calls):
    """The same function, which notes the plant that it was asked about."""

    def noting(self, plant, *bounds):
        calls.append(plant)
        return function(self, plant, *bounds)

    return noting


def test_a_row_whose_scores_are_not_all_there_is_read_later(to):
    whole = scores(pca=[(12, 20)], lof=[(10, 60)])
    looking = EpisodeWatch(to, to)
    to.write(sink.score_points(whole[["lof"]], "late"), "late")
    to.write(sink.score_points(whole[["pca"]].iloc[:15], "late"), "late")
    looking.look()
    [one] = stored(to, "late").values()
    assert one["end"] == at(14)
    to.write(sink.score_points(whole[["pca"]].iloc[15:], "late"), "late")
    looking.look()
    assert stored(to, "late") == plant_episodes(whole).to_dict("index")


def test_what_is_said_stays_beside_an_episode_that_goes_on(to):
    whole = scores(pca=[(12, 60)])
    looking = EpisodeWatch(to, to)
    to.write(sink.score_points(whole.iloc[:30], "said"), "said")
    looking.look()
    acknowledge(to, "said", at(12), 'the "valve"', at(90))
    to.write(sink.score_points(whole.iloc[30:], "said"), "said")
    looking.look()
    [row] = stored_episodes(to, "said").to_dict("records")
    assert (row["note"], row["shelved_until"], row["end"]) == ('the "valve"', at(90).timestamp(), at(59))


def test_episodes_are_listed_acknowledged_and_shelved_at_the_terminal(to, influxdb_alone):
    to.write(sink.score_points(scores(pca=[(12, 20)], lof=[(40, 50)]), "typed"), "typed")

    def typed(*words):
        done = CliRunner().invoke(
            app, ["alarms", *words, "--plant", "typed"] if words[0] != "watch" else ["alarms", *words]
        )
        return done.exit_code, " ".join(done.output.split())

    assert "has no alarm episode" in typed("list")[1]
    assert typed("watch", "--once")[0] == 0
    assert "is acknowledged." in typed("ack", "seen")[1]
    assert "is acknowledged, shelved until" in typed("shelve", "calibrated", "--start", "2015-12-28 10:00:12")[1]
    listed = typed("list")
    assert listed[0] == 0 and "2015-12-28 10:00:40 2015-12-28 10:00:49 no" in listed[1] and "None" not in listed[1]
    said = stored_episodes(to, "typed")
    assert list(said["note"]) == ["seen", "calibrated"] and list(said["shelved_until"].notna()) == [False, True]
    half = scores(pca=[(12, 20)]).shift(freq="400ms").shift(freq="1h")
    to.write(sink.score_points(half, "typed"), "typed")
    assert typed("watch", "--once")[0] == 0 and "2015-12-28 11:00:12.4" in typed("list")[1]
    assert typed("ack", "late", "--start", "2015-12-28 11:00:12.4")[0] == 0
    for start in ("", "when it rains", "9999-01-01"):
        code, complained = typed("ack", "seen", "--start", start)
        assert code == 2 and f"{start!r} is no time from 1678 to 2261" in complained
    code, complained = typed("ack", "seen", "--start", "2015-12-28 10:00:13")
    assert code != 0 and "no episode of plant typed begins at" in complained
