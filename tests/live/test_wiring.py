"""Attacks that are stored, and tables of delays from stored attacks and scores."""

import numpy as np
import pandas as pd
import pytest

from swatlib.live import sink
from swatlib.live.plant import AttackedPlant
from swatlib.live.sink import FileSink
from swatlib.live.topic import Command
from swatlib.live.wiring import (
    BATCH_HEADINGS,
    STOOD,
    Connections,
    attack_recorder,
    batch_table,
    connect,
    delay_table,
    detection_delays,
    detections,
    quickest_delays,
)
from swatlib.servers import ServicesError
from swatlib.simulation import SimulatedPlant

START = pd.Timestamp("2026-01-01")


@pytest.fixture
def delays(tmp_path):
    """Two attacks of 10 s, 20 s and 50 s after START; `a` is on from 15 to 30 s and at 53 s, `b` at 22 s."""
    files = FileSink(tmp_path)
    at = Connections("nowhere", files, files, "")
    for second in (20, 50):
        start = START + pd.Timedelta(second, "s")
        at.store_attack("p", f"at {second}", start, start + pd.Timedelta("10s"))
    index = pd.date_range(START, periods=70, freq="s", name="time")
    rows = np.arange(70)
    alarms = {"a": (rows >= 15) & (rows < 30) | (rows == 53), "b": rows == 22}
    parts = {
        name: pd.DataFrame(
            {"score": np.float32(1), "threshold": 2.0, "alarm": alarm, "lead": np.where(alarm, "LIT101", None)}, index
        )
        for name, alarm in alarms.items()
    }
    files.write(sink.score_points(pd.concat(parts, axis=1), "p"), "p")
    return detection_delays(at, "p", START)


def test_what_to_type_for_a_server_names_a_folder_that_is_not_the_usual_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_SERVICES_FOLDER", str(tmp_path / "usual"))
    for name in ("SWAT_KAFKA", "SWAT_INFLUX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServicesError, match=r"^No Kafka runs: type `python -m swatlib services start`, or set"):
        connect(tmp_path / "usual")
    with pytest.raises(ServicesError, match=r"services start --folder '\S+/an other'`, or set SWAT_KAFKA"):
        connect(tmp_path / "an other")


def test_known_attacks_are_stored_when_their_rows_are_sent(tmp_path):
    files = FileSink(tmp_path)
    at = Connections("nowhere", files, files, "")
    starts = START + pd.to_timedelta([50, 20], unit="s")
    known = pd.DataFrame({"attack": ["8", "run 7"], "start": starts, "end": starts + pd.Timedelta("5s")})
    recorder, titles = attack_recorder(known.assign(points=["MV101;P102", ""]), "p", at), []
    for seconds in (30, 60):
        rows = pd.DataFrame(index=pd.date_range(START, periods=seconds, freq="s") + pd.Timedelta("1h"))
        recorder(rows, pd.Timedelta("1h"))
        titles.append(files.attacks("p")["title"].to_list())
    assert titles == [["run 7"], ["run 7", "8: MV101;P102"]]
    assert (files.attacks("p")["start"] - pd.Timedelta("1h")).to_list() == sorted(starts)


def test_attacks_that_begin_in_the_same_row_are_both_stored(tmp_path):
    files, effects = FileSink(tmp_path), ["LIT101 freeze", "LIT301 freeze"]
    at = Connections("nowhere", files, files, "")
    running = AttackedPlant(
        SimulatedPlant(START),
        lambda: [Command("p", each, 5) for each in effects],
        lambda command, *span: at.store_attack("p", command.effects, *span),
    )
    next(running.frames(2))
    stored = files.attacks("p")
    assert (stored["title"].to_list(), stored["start"].to_list()) == (effects, [START, START])


def test_an_alarm_that_stood_already_is_on_and_no_delay(delays):
    assert delays[["attack", "lead_tag", "a"]].to_numpy().tolist() == [
        ["at 20", "LIT101", STOOD],
        ["at 50", "LIT101", 3.0],
    ]
    assert delays["b"].fillna("none").tolist() == [2.0, "none"]


def test_a_table_for_people_has_units_and_a_dash_for_no_alarm(delays):
    table = delay_table(delays)
    assert [table.index.name, *table] == ["attack", "lead tag", "a (s)", "b (s)"]
    assert table.to_numpy().tolist() == [["LIT101", STOOD, 2.0], ["LIT101", 3.0, "–"]]
    assert delay_table(delays[:0]).empty


def test_a_table_of_batches_counts_in_whole_rows():
    one = dict.fromkeys(BATCH_HEADINGS, 3.0) | {"seconds": 1.234, "latency_p95": float("nan")}
    table = batch_table(pd.DataFrame([one], index=pd.DatetimeIndex([START], name="time")))
    assert table.astype(str).to_numpy().tolist() == [["3", "3", "3", "3", "1.23", "3.0", "3", "3.0", "nan"]]
    assert list(table) == list(BATCH_HEADINGS.values())


def test_the_quickest_detector_counts(delays):
    assert quickest_delays(delays).tolist() == [2.0, 3.0]
    assert detections(delays) == "2 of 2 attacks so far raised an alarm, the quickest after 2 s."
    assert detections(delays.drop(columns="b")) == (
        "1 of 2 attacks so far raised an alarm, the quickest after 3 s; in 1 an alarm stood already."
    )
    assert detections(delays[:0]) == "0 of 0 attacks so far raised an alarm."
