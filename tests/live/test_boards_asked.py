"""Every query of every board, run on real servers that hold ten streamed minutes with attacks."""

import pandas as pd
import pytest
import yaml
from rig import alert
from waiting import wait

from swatlib.live import sink
from swatlib.live.boards import CHRONOGRAF, GRAFANA, Window, ask_panel, asked, filled, panels
from swatlib.live.episodes import EpisodeWatch
from swatlib.live.maintenance import begin_maintenance
from swatlib.pipeline import DEFAULT
from swatlib.servers.kinds import address
from swatlib.settings import ROOT

ALERT = yaml.safe_load((ROOT / "stack" / "grafana" / "provisioning" / "alerting" / "swat.yaml").read_text())
OF_ALARMS = {"Time since the last alarm (s)", "Time in alarm (s)", "Last lead tag", "Lead tags",
             "Scores in alarm"}  # fmt: skip


@pytest.fixture(scope="module")
def run(need, live):
    """The run when it has ended, with an alert, and maintenance in its first minute."""
    need("telegraf")
    live.wait()
    EpisodeWatch(live.at.reader, live.at.to).look()
    first = live.plant.first
    begin_maintenance(live.at.reader, live.at.to, live.name, "pump", first, first + pd.Timedelta("1min"))
    alert(address(live.servers.status()["telegraf"].record.ports["alerts"]), live.name)
    live.until = pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta("10s")
    wait(lambda: len(live.at.reader.select('SELECT * FROM "telegraf"."autogen"."alert"')))
    return live


@pytest.fixture(scope="module")
def window(run):
    return Window(run.name, run.plant.first, run.until)


@pytest.fixture(scope="module")
def reader(run):
    return run.at.reader


@pytest.fixture(scope="module")
def alarmed(run):
    """Detectors that raised an alarm."""
    alarms = run.scores().xs("alarm", axis=1, level=1).any()
    return set(alarms.index[alarms])


@pytest.fixture(scope="module")
def alarmed_during(run):
    """Detectors in alarm during the attack; others may have been before or after it, as the hour of the day has it."""
    event = run.events().iloc[0]
    alarms = run.scores().xs("alarm", axis=1, level=1)[event["start"] : event["end"]].any()
    return set(alarms.index[alarms])


@pytest.mark.parametrize("board", [path.stem for path in sorted(GRAFANA.glob("*.json"))])
def test_each_panel_of_a_board_has_data(board, window, reader, alarmed):
    without_alarms = OF_ALARMS if board.removeprefix("swat-") in set(DEFAULT) - alarmed else set()
    empty = [
        panel.title
        for panel in panels(GRAFANA / f"{board}.json")
        for answer in ask_panel(panel, window, reader)
        if answer.empty and panel.title != "Chattering lead tags"  # an attack that lasts does not chatter
    ]
    assert set(empty) == without_alarms


def test_most_detectors_raise_an_alarm_and_their_boards_show_the_attack(window, reader, alarmed_during, run):
    assert len(alarmed_during) >= 4
    [panel] = [each for each in panels(GRAFANA / "swat-overview.json") if each.kind == "state-timeline"]
    truth, alarms = ask_panel(panel, window, reader)
    assert list(truth["known attacks"]) == ["none", *run.attacks, "none"]
    event = run.events().iloc[0]
    within = pd.to_datetime(alarms["time"]).between(event["start"], event["end"])
    assert set(alarms["detector"][within & alarms["max"].astype(bool)]) == alarmed_during


@pytest.mark.parametrize("board", ["health", "machine", "stream"])
def test_each_cell_of_chronograf_has_data(board, window, reader):
    # The plant of this run is a thread of the tests: no process of a producer, so its line lacks.
    absent = "\"filter\" = 'producer'"
    cells = panels(CHRONOGRAF / f"{board}.dashboard")
    asking = [(cell.title, target) for cell in cells for target in cell.targets if absent not in target["query"]]
    assert [title for title, target in asking if asked(target, window, reader).empty] == []


@pytest.mark.parametrize("board", ["health", "machine", "stream"])
def test_lines_side_by_side_span_the_pages_time(board, window, reader):
    lines = [cell for cell in panels(CHRONOGRAF / f"{board}.dashboard") if cell.kind.startswith(("line", "bar"))]
    spans = {}
    for cell in lines:
        for target in cell.targets:
            found = reader.select(filled(target, window))
            if found.empty and "'producer'" in target["query"]:
                continue
            times = pd.to_datetime(found["time"])
            step = times.sort_values().diff().max()
            spans[cell.title] = (times.min() <= window.start < times.min() + step, window.end <= times.max() + step)
    assert lines and spans == {cell.title: (True, True) for cell in lines}


def test_the_alert_counts_the_detectors_that_agree(run, reader, alarmed_during):
    query = ALERT["groups"][0]["rules"][0]["data"][0]["model"]
    event = run.events().iloc[0]
    during = asked(query, Window(run.name, event["start"], event["end"]), reader)
    assert dict(zip(during["plant"], during["_value"], strict=True)) == {run.name: len(alarmed_during)}
    before = Window(run.name, event["start"] - pd.Timedelta("1d"), run.plant.first)
    assert asked(query, before, reader).empty


def test_a_minute_without_scores_is_a_gap(run, reader, fitted):
    scored = fitted.score(run.readings()[list(fitted.tags)]).iloc[-300:]
    kept = scored.drop(scored.index[100:160])
    run.at.to.write(sink.score_points(kept, "gapped"), "gapped")
    [panel] = [each for each in panels(GRAFANA / "swat-pca.json") if each.title == "Score and threshold"]
    answer = reader.select(filled(panel.targets[0], Window("gapped", scored.index[0], scored.index[-1])))
    missing = pd.to_datetime(answer["time"][answer["threshold"].isna()])
    assert list(missing) == list(scored.index[100:160])


def test_the_boards_token_cannot_write_and_the_streams_cannot_read(run):
    with pytest.raises(sink.SinkError, match="403"):
        run.at.reader.write(sink.score_points(run.pipeline.score(run.readings()), "swat"), "swat")
    with pytest.raises(sink.SinkError, match="database not found"):  # it may not even see that there is one
        run.at.to.select('SELECT * FROM "score" LIMIT 1')
