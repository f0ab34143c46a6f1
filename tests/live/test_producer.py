"""The producer on a real broker: everything once, in order, whoever is killed."""

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from functools import partial

import numpy as np
import pandas as pd
import psutil
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import client, influx_sink, messages, send, topics
from typer.testing import CliRunner
from waiting import wait

from swatlib.cli.app import app
from swatlib.live import producer, topic
from swatlib.live.plant import AttackedPlant, PlantRun
from swatlib.live.wiring import Connections
from swatlib.plant import TAG_NAMES
from swatlib.servers.broker import broker_admin
from swatlib.simulation import Attack, SimulatedPlant, simulate

ROWS = 20_000


@pytest.fixture(scope="module")
def frame():
    values = np.random.default_rng(0).normal(500, 10, (ROWS, len(TAG_NAMES))).astype(np.float32)
    return pd.DataFrame(values, pd.date_range("2015-12-28", periods=ROWS, freq="s", name="time"), TAG_NAMES)


def held(kafka, name) -> pd.DataFrame:
    """All messages of a topic, decoded; those of one plant in their order."""
    there = messages(kafka, name)
    written = pd.to_datetime([message.timestamp()[1] for message in there], unit="ms", utc=True)
    found = topic.decode([message.value() for message in there], written)
    return found.assign(key=[message.key().decode() for message in there])


def rests(kafka, name) -> bool:
    """Whether half a second adds nothing to a topic."""
    before = len(held(kafka, name))
    time.sleep(0.5)
    return len(held(kafka, name)) == before


def test_every_row_is_sent_once_in_its_order(kafka, names, frame):
    assert send(kafka, names[0], frame).rows == ROWS
    found = held(kafka, names[0])
    assert found["time"].dt.tz_localize(None).tolist() == frame.index.tolist()
    assert np.array_equal(found[list(TAG_NAMES)].to_numpy(), frame.to_numpy())
    assert found["key"].tolist() == found["plant"].tolist() == ["swat"] * ROWS


def test_a_killed_producer_goes_on_where_it_was(kafka, names, frame, tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    random.seed(seed)
    frame.to_parquet(tmp_path / "rows.parquet")
    program = (
        "import pandas, sys; from swatlib.live.producer import Producer, blocks\n"
        "servers, name, rows = sys.argv[1:]\n"
        "print('ready', flush=True)\n"
        "print(Producer(servers, 'swat', 500, topic=name).send(blocks(pandas.read_parquet(rows), rows=500)))"
    )
    command = [sys.executable, "-c", program, kafka, names[0], str(tmp_path / "rows.parquet")]
    before = 0
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout.readline() == "ready\n"
            wait(lambda least=before: len(held(kafka, names[0])) > least)
            time.sleep(random.uniform(0, 1))
            sender.send_signal(signal.SIGKILL)
        before = len(held(kafka, names[0]))
    assert before < ROWS
    assert send(kafka, names[0], frame) == producer.Sent("swat", ROWS - before, before, frame.index[before - 1])
    assert held(kafka, names[0])["time"].dt.tz_localize(None).tolist() == frame.index.tolist()


def test_a_file_sent_twice_is_refused_with_the_way_out(kafka, names, frame):
    send(kafka, names[0], frame[:100])
    again = send(kafka, names[0], frame[:100])
    assert (again.rows, again.held) == (0, 100)
    assert "give the plant another name with --plant" in str(again)
    assert send(kafka, names[0], frame[:100], plant="another").rows == 100


def test_rows_are_found_behind_those_of_other_plants(kafka, frame):
    names = topics(kafka, partitions=1)
    send(kafka, names[0], frame[:50])
    send(kafka, names[0], frame[:5000], plant="another")
    assert send(kafka, names[0], frame[:60]).rows == 10


def test_the_clock_now_keeps_the_spacing_and_its_shift(kafka, names, frame):
    uneven = frame.iloc[[0, 1, 5, 6]]
    send(kafka, names[0], uneven[:2], clock=producer.NOW)
    again = send(kafka, names[0], uneven, clock=producer.NOW)
    assert (again.rows, again.last) == (2, uneven.index[1])
    times = held(kafka, names[0])["time"]
    assert (times - times[0]).dt.total_seconds().tolist() == [0, 1, 5, 6]
    assert abs(times[0] - pd.Timestamp.now("UTC")) < pd.Timedelta("1h")


@pytest.mark.parametrize(("zone", "ahead"), [(None, "0h"), ("Asia/Singapore", "8h")])
def test_the_attacks_of_a_file_are_stored_beside_its_rows_in_utc(kafka, influxdb, tmp_path, monkeypatch, zone, ahead):
    monkeypatch.setenv("SWAT_KAFKA", kafka)
    monkeypatch.setenv("SWAT_INFLUX_URL", influxdb.url)
    monkeypatch.setenv("SWAT_INFLUX_TOKEN_FILE", str(influxdb.tokens))
    hour = simulate("1h", [Attack("LIT101 spoof 700", 300, 1_800)])
    hour.frame.assign(attack=hour.label).tz_localize(zone).to_parquet(tmp_path / "hour.parquet")
    plant = f"of a file {ahead}"
    words = ["produce", str(tmp_path / "hour.parquet"), "--plant", plant, "--speed", "fast"]
    assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    [stored] = influx_sink(influxdb).attacks(plant).to_numpy().tolist()
    assert stored == ["run 1", *(hour.events[["start", "end"]].iloc[0] - pd.Timedelta(ahead))]
    assert producer.Producer(kafka, plant).last()[0] == hour.frame.index[-1] - pd.Timedelta(ahead)


def test_a_plant_keeps_the_clock_that_its_rows_have(kafka, names, frame):
    send(kafka, names[0], frame[:2])
    send(kafka, names[0], frame[:2], plant="moved", clock=producer.NOW)
    with pytest.raises(producer.ProducerError, match="swat in the topic have the clock original, those now now; give"):
        send(kafka, names[0], frame[:4], clock=producer.NOW)
    with pytest.raises(producer.ProducerError, match="moved in the topic have the clock now, those now original; give"):
        send(kafka, names[0], frame[:4], plant="moved")


def test_what_was_not_sent_is_told_as_what_it_is(kafka, names, frame):
    send(kafka, names[0], frame[100:200])
    again, older, more = (send(kafka, names[0], part) for part in (frame[150:200], frame[:50], frame[190:210]))
    for sent, rows in ((again, 50), (older, 50)):
        assert str(sent).startswith(f"Nothing was sent: none of {rows} rows is newer than the last one of plant swat")
    assert str(more) == "10 rows of plant swat sent after 10 that are not newer than those of the topic."


@pytest.fixture
def ctrl_c():
    """Starts a timer that sends Ctrl-C in half a second."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    yield timer.start
    timer.cancel()
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_producer_and_leaves_no_gap(kafka, names, frame, ctrl_c):
    before = psutil.Process().num_threads()
    parts = itertools.count()

    def when_some_rows_are_there(*_):
        if next(parts) == 0:
            wait(lambda: messages(kafka, names[0]))
            ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        waiting = producer.Producer(kafka, "swat", 2_000, topic=names[0])
        waiting.send(producer.blocks(frame), when_some_rows_are_there)
    wait(lambda: psutil.Process().num_threads() <= before)
    left = send(kafka, names[0], frame)
    assert 0 < left.held < left.rows + left.held == ROWS
    assert held(kafka, names[0])["time"].dt.tz_localize(None).tolist() == frame.index.tolist()


@pytest.mark.parametrize(
    "ask",
    [
        lambda servers: producer.Producer(servers, "swat").last(),
        lambda servers: producer.Control(servers, "swat"),
        lambda servers: producer.request_attack(servers, topic.Command("swat", "LIT101 freeze")),
        producer.create_topics,
    ],
    ids=["last", "control", "attack", "topics"],
)
def test_ctrl_c_ends_what_waits_for_a_broker_that_says_nothing(ask, ctrl_c):
    ctrl_c()
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(KeyboardInterrupt):
        ask(f"127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - began < 15  # seconds; without an answer all of them end after 30


class Halting(list[bytes]):
    """Messages of which the last 40 come when the broker has answered to the others."""

    def __getitem__(self, which):
        return Halting(super().__getitem__(which))

    def __iter__(self):
        for number, each in enumerate(super().__iter__()):
            if number == len(self) - 40:
                time.sleep(0.5)
            yield each


@pytest.mark.parametrize("handed", [list, Halting], ids=["at once", "with a halt"])
def test_a_refused_row_ends_a_producer_and_nothing_is_stored_after_it(kafka, names, frame, handed, monkeypatch):
    changed = [ConfigEntry("max.message.bytes", "100000", incremental_operation=AlterConfigOpType.SET)]
    small = ConfigResource("topic", names[0], incremental_configs=changed)
    admin = broker_admin(kafka)  # which has to live until it is answered
    admin.incremental_alter_configs([small])[small].result()
    encode = topic.encode
    monkeypatch.setattr(topic, "encode", lambda *args: handed(encode(*args)))
    monkeypatch.setattr(producer, "LINGER", 200)  # a first row that goes alone, while others wait for a core, is small
    two_batches = 2 * 2**18 // len(encode(frame[:1], "swat")[0])  # both too large; the rest would not be
    parts = [frame[:10], frame[10 : 10 + two_batches + 40]]
    with pytest.raises(producer.ProducerError, match="Message size too large"):
        stored = partial(wait, lambda: len(held(kafka, names[0])) >= 10)
        producer.Producer(kafka, "swat", None, topic=names[0]).send(parts, lambda part, _: len(part) == 10 and stored())
    assert held(kafka, names[0])["time"].dt.tz_localize(None).tolist() == frame.index[:10].tolist()


def test_a_broker_that_hangs_ends_a_producer_after_its_patience(services, kafka, names, frame, monkeypatch, caplog):
    monkeypatch.setattr(producer, "UNHEARD", 0.5)
    broker = psutil.Process(services.pid("kafka"))
    try:
        with pytest.raises(producer.ProducerError, match="it acknowledged no row for 1 s"):
            waiting = producer.Producer(kafka, "swat", None, topic=names[0], patience=1)
            waiting.send(producer.blocks(frame), lambda *_: broker.suspend())
    finally:
        broker.resume()
    assert caplog.text.count("acknowledged no row for 1 s; it is tried again for up to 1 s") == 1
    wait(lambda: rests(kafka, names[0]))  # what the broker had been sent before, it stores now
    left = send(kafka, names[0], frame)
    assert left.rows + left.held == ROWS
    assert held(kafka, names[0])["time"].dt.tz_localize(None).tolist() == frame.index.tolist()


@pytest.fixture(scope="module")
def of_seven(kafka):
    """A topic of seven partitions."""
    return topics(kafka, partitions=7)[0]


@settings(max_examples=50, deadline=None)
@given(key=st.binary(min_size=1, max_size=30))
def test_rows_go_where_kafka_puts_their_key(kafka, of_seven, key):
    told = []
    with client(kafka, partitioner="murmur2") as each:
        each.produce(of_seven, b"", key, on_delivery=lambda _, message: told.append(message.partition()))
    assert told == [producer.partition_of(key, 7)]


def test_rows_far_ahead_of_the_present_are_refused(kafka, names, frame):
    days = frame[:3].set_axis(frame.index[0] + pd.to_timedelta([0, 1, 3], unit="D"))
    with pytest.raises(producer.ProducerError, match=r"more than a day ahead .*; use speed 1 with clock now, or"):
        send(kafka, names[0], days, clock=producer.NOW)


@pytest.mark.parametrize(("year", "says"), [("1999", "before 2000"), ("2190", "more than a day ahead")])
def test_rows_that_the_stream_would_reject_by_their_year_are_refused(kafka, names, frame, year, says):
    rows = frame[:3].set_axis(pd.date_range(f"{year}-12-28", periods=3, freq="s", name="time"))
    with pytest.raises(producer.ProducerError, match=rf"lies {says} and would be rejected; use clock now$"):
        send(kafka, names[0], rows)


def test_a_plant_hears_the_attacks_that_are_meant_for_it(kafka, names):
    with closing(producer.Control(kafka, "swat", names[2])) as control:
        ramp = topic.Command("swat", "LIT101 ramp +1", 300)
        producer.request_attack(kafka, topic.Command("another", "LIT101 freeze"), names[2])
        producer.request_attack(kafka, ramp, names[2])
        heard = []
        while not heard:
            heard = control.commands()
        assert heard == [ramp]


def test_a_running_plant_takes_attacks_and_survives_bad_ones(caplog):
    sent = [[topic.Command("swat", "LIT999 freeze")], [topic.Command("swat", "LIT101 spoof 700", 2)], []]
    told, start = [], pd.Timestamp("2015-12-22 16:00")
    running = AttackedPlant(SimulatedPlant(start), lambda: sent.pop(0), lambda *what: told.append(what[1:]))
    rows = pd.concat(itertools.islice(running.frames(rows=2), 3))
    assert rows["LIT101"].eq(700).tolist() == [False, False, True, True, False, False]
    assert told == [(start + pd.Timedelta("2s"), start + pd.Timedelta("4s"))]
    assert "attack 'LIT999 freeze' on swat was not launched: no tag 'LIT999'" in caplog.text


def test_a_plant_that_runs_again_counts_the_rows_that_the_topic_held(kafka, files):
    producer.create_topics(kafka)
    first, again = (PlantRun(Connections(kafka, files, files, ""), "again", rows=2, past=30) for _ in range(2))
    first.send()
    assert first.left_out == 0
    again.send()
    assert 0 < again.left_out == (first.time - again.first).total_seconds()


def test_a_broker_that_is_away_is_named():
    with pytest.raises(producer.ProducerError, match=r"^the Kafka broker at 127.0.0.1:9 did not answer \("):
        producer.Producer("127.0.0.1:9", "swat", patience=1).last()


@pytest.mark.parametrize(("wrong", "why"), [({"clock": "later"}, "original or now"), ({"speed": 0}, "above 0")])
def test_settings_that_make_no_sense_say_what_does(wrong, why):
    with pytest.raises(ValueError, match=why):
        producer.Producer("127.0.0.1:9", "swat", **wrong)
