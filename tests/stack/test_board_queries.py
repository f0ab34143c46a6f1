"""What queries of boards say of alarms and attacks that were stored by hand, on a real InfluxDB."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from swatlib.live import sink
from swatlib.live.boards import GRAFANA, Window, ask_panel, panels, regions
from swatlib.live.boards import asked as ask
from swatlib.live.episodes import EpisodeWatch, acknowledge
from swatlib.live.maintenance import begin_maintenance
from swatlib.live.sink import InfluxSink
from swatlib.settings import ROOT

START = pd.Timestamp("2015-12-28 10:00")
PANELS = {panel.title: panel for name in ("swat-alarms", "swat-overview") for panel in panels(GRAFANA / f"{name}.json")}


@pytest.fixture(scope="module")
def asked(influxdb):
    """Ask a panel of two boards about a plant, ten minutes from START on."""
    reader = InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("read"))

    def answered(title, plant):
        return ask_panel(PANELS[title], Window(plant, START, START + pd.Timedelta("10min")), reader)

    return answered


@pytest.fixture(scope="module")
def store(influxdb):
    writer = InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("write"))

    def write(plant, attacks, **alarms):
        """`attacks`: title to its first and last second; `alarms`: detector to a list of such seconds."""
        times = pd.date_range(START, periods=600, freq="s")
        parts = {}
        for name, spans in alarms.items():
            on = np.isin(np.arange(600), [second for span in spans for second in range(*span)])
            parts[name] = pd.DataFrame(
                {"score": on * 2.0, "threshold": 1.0, "alarm": on, "lead": "LIT101"}, index=times
            )
        lines = [sink.score_points(pd.concat(parts, axis=1), plant)] if parts else []
        lines += [
            sink.attack_point(plant, title, *(START + pd.Timedelta(each, "s") for each in span))
            for title, span in attacks.items()
        ]
        writer.write(pa.concat_arrays(lines), plant)

    return write


def test_while_attacks_overlap_each_is_named_until_its_own_end(store, asked):
    store("overlapping", {"LIT101 spoof 1": (100, 300), "P101 force off": (200, 400)}, pca=[(0, 1)])
    truth = asked("Known attacks and alarms", "overlapping")[0]
    assert list(truth["known attacks"]) == [
        "none", "LIT101 spoof 1", "LIT101 spoof 1 + P101 force off", "P101 force off", "none",
    ]  # fmt: skip


def test_a_delay_is_a_time_or_a_word(store, asked):
    store("delayed", {"LIT101 spoof 1": (100, 300)}, pca=[(107, 120)], lof=[(50, 200), (250, 260)], guard=[(20, 30)])
    [delays] = asked("Detection delay of the last attack", "delayed")
    assert dict(zip(delays["detector"], delays["delay"], strict=True)) == {"guard": "none", "lof": "on", "pca": "7 s"}


def test_a_plant_whose_name_holds_a_quote_is_asked_for(store, asked):
    store('the 10" pipe', {"LIT101 spoof 1": (100, 300)}, pca=[(107, 120)])
    [delays] = asked("Detection delay of the last attack", 'the 10" pipe')
    assert delays["delay"].tolist() == ["7 s"]


def test_without_an_attack_there_is_no_delay(store, asked):
    store("at peace", {}, pca=[(107, 120)])
    assert asked("Detection delay of the last attack", "at peace")[0].empty


def test_episodes_per_hour_name_every_detector(store, asked):
    store("counted", {}, pca=[(10, 20), (30, 40)], lof=[])
    [counted] = asked("Alarm episodes per hour", "counted")
    assert dict(zip(counted["detector"], counted["episodes"], strict=True)) == {"lof": 0.0, "pca": pytest.approx(12.0)}


def test_alarms_are_bands_without_holes(store, asked):
    store("banded", {}, pca=[(100, 200)])
    alarms = asked("Known attacks and alarms", "banded")[1]
    assert len(alarms) == 120 and alarms["max"].notna().all()


@pytest.fixture
def episodes(influxdb, store):
    """Store alarms and make their episodes; gives the sink."""
    to = InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("operator"))

    def make(plant, **alarms):
        store(plant, {}, **alarms)
        EpisodeWatch(to, to).look()
        return to

    return make


def number(answer):
    return answer["_value"].sum()


def test_the_newest_episode_stands_first_with_its_state_and_note(episodes, asked):
    to = episodes("listed", pca=[(10, 20), (300, 310), (590, 600)], lof=[(15, 25)])
    acknowledge(to, "listed", START + pd.Timedelta("300s"), "tested", None)
    [table] = asked("Alarm episodes", "listed")
    shown = table[["lasts", "state", "peak", "strongest", "detectors", "note"]].fillna("").to_numpy().tolist()
    assert shown == [
        ["10 s", "standing", 1.0, "pca", "pca", ""],
        ["10 s", "acknowledged", 1.0, "pca", "pca", "tested"],
        ["15 s", "over", 1.0, "pca", "pca, lof", ""],
    ]
    assert number(asked("Episodes not acknowledged", "listed")[0]) == 2
    assert number(asked("Episodes standing", "listed")[0]) == 1
    assert number(asked("Most episodes in 10 minutes", "listed")[0]) == 3


def test_a_lead_tag_chatters_from_three_episodes_in_ten_minutes_on(episodes, asked):
    episodes("twice", pca=[(0, 70), (140, 210)])
    assert asked("Chattering lead tags", "twice")[0].empty
    episodes("chattering", pca=[(0, 70), (140, 210), (280, 350)])
    [chattering] = asked("Chattering lead tags", "chattering")
    assert chattering[["lead", "episodes"]].to_numpy().tolist() == [["LIT101", 3]]
    [frequent] = asked("Most frequent lead tags", "chattering")
    assert frequent[["lead", "episodes"]].to_numpy().tolist() == [["LIT101", 3]]


@pytest.fixture
def maintained(influxdb):
    """Keep a maintenance window of a plant from one second to another."""
    to = InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("operator"))

    def keep(plant, first, last):
        begin_maintenance(to, to, plant, "pump", at(first), at(last))
        return to

    return keep


def at(second):
    return START + pd.Timedelta(second, "s")


def alerted(influxdb, plant, until):
    """Detectors that the rule of Grafana counts in its 15 s before a second; 0: it has no row for this plant."""
    rule = yaml.safe_load((ROOT / "stack" / "grafana" / "provisioning" / "alerting" / "swat.yaml").read_text())
    query = rule["groups"][0]["rules"][0]["data"][0]
    window = Window("", at(until - query["relativeTimeRange"]["from"]), at(until))
    reader = InfluxSink(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token("read"))
    found = ask(query["model"], window, reader)
    return int(found.loc[found["plant"] == plant, "_value"].sum()) if len(found) else 0


def test_the_rule_counts_detectors_in_alarm_outside_maintenance(influxdb, store, maintained):
    store("maintained", {}, pca=[(100, 500)], lof=[(100, 500)], kmeans=[(100, 103)])
    assert [alerted(influxdb, "maintained", second) for second in (100, 110, 200, 300, 510, 530)] == [0, 3, 2, 2, 2, 0]
    maintained("maintained", 180, 310)
    maintained("another plant", 0, 600)
    assert [alerted(influxdb, "maintained", second) for second in (110, 181, 200, 300, 320, 330)] == [3, 2, 0, 0, 2, 2]


def test_the_rule_does_not_count_a_shelved_episode_but_the_one_after_it(influxdb, episodes):
    to = episodes("shelved", pca=[(100, 300), (400, 500)], lof=[(100, 300), (400, 500)])
    assert [alerted(influxdb, "shelved", second) for second in (200, 450)] == [2, 2]
    acknowledge(to, "shelved", at(100), "seen", None)
    assert alerted(influxdb, "shelved", 200) == 2
    acknowledge(to, "shelved", at(100), "calibrated", at(250))
    assert [alerted(influxdb, "shelved", second) for second in (200, 249, 270, 450)] == [0, 0, 2, 2]
    acknowledge(to, "shelved", at(100), "calibrated", at(3600))
    assert [alerted(influxdb, "shelved", second) for second in (200, 270, 300, 450)] == [0, 0, 0, 2]


def test_the_overview_shows_maintenance_as_a_region_a_row_and_a_state(episodes, asked, maintained):
    to = maintained("in maintenance", 90, 200)
    episodes("in maintenance", pca=[(100, 110), (300, 310)])
    begin_maintenance(to, to, "in maintenance", "planned", at(86_400), at(90_000))
    [table] = asked("Maintenance windows", "in maintenance")
    assert table[["start", "until", "note"]].to_numpy().tolist() == [
        [at(86_400).value // 10**6, at(90_000).value // 10**6, "planned"],
        [at(90).value // 10**6, at(200).value // 10**6, "pump"],
    ]
    [shown] = asked("Alarm episodes", "in maintenance")
    assert list(shown["state"]) == ["over", "maintenance"]
    [region] = [each for each in regions(GRAFANA / "swat-overview.json") if "maintenance" in each["query"]]
    found = ask(region, Window("in maintenance", at(100), at(600)), to)
    assert found[["time", "timeEnd", "text"]].astype(str).to_numpy().tolist() == [
        ["2015-12-28 10:01:30+00:00", "2015-12-28 10:03:20+00:00", "maintenance: pump"]
    ]
