"""The stream on real servers: every point is the one that the pipeline gives offline, whatever happens."""

import itertools
import json
from collections import Counter
from contextlib import closing
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest
from rig import client, drain, influx_sink, messages, send, stream
from telling import telling
from waiting import wait

from swatlib.detectors import make
from swatlib.live import sink, topic
from swatlib.live.parity import unequal
from swatlib.live.plant import AttackedPlant
from swatlib.live.producer import Control, Producer, create_topics, request_attack
from swatlib.live.stream import StreamError
from swatlib.live.stream.progress import batch_fields
from swatlib.live.stream.scorer import WHY_LATE
from swatlib.pipeline import Pipeline
from swatlib.servers.broker import broker_admin
from swatlib.simulation import SimulatedPlant


@pytest.fixture(scope="module")
def pipeline(fitted, tmp_path_factory):
    """The folder of the default pipeline, all its detectors."""
    return fitted.save(tmp_path_factory.mktemp("fitted") / "swat")


@pytest.fixture(scope="module")
def rows(attacked):
    """20,000 rows with the first attacks of 2015."""
    return attacked.frame.iloc[:20_000]


def fields(files, name) -> list[float]:
    """A field of every `pipeline` point."""
    lines = [line.rsplit(" ", 2)[1] for line in files.lines(sink.PIPELINE)]
    return [float(dict(part.split("=") for part in line.split(","))[name]) for line in lines]


def test_a_batch_of_which_spark_knows_no_rate_and_no_offset_has_its_point():
    sources = [{"latestOffset": {"swat": {"0": 7}}, "endOffset": None}]
    point = batch_fields({"batchId": 3, "numInputRows": 0, "batchDuration": 500, "sources": sources})
    assert (point["rows_per_second"], point["seconds"], point["behind"]) == (None, 0.5, 7)


def test_spark_shows_no_token(kafka, influxdb, names, quick, rows, tmp_path):
    to = influx_sink(influxdb)
    send(kafka, names[0], rows.iloc[:1_000], "hidden")
    with_page = {"spark.ui.enabled": "true", "spark.ui.port": "0"}
    spark = drain(stream(kafka, to, tmp_path, names, quick, options=with_page))
    at, application = spark.sparkContext.uiWebUrl, spark.sparkContext.applicationId
    paths = ["environment/", "jobs/", "stages/", "SQL/", "SQL/execution/?id=0", "StreamingQuery/", "executors/"]
    paths += [f"api/v1/applications/{application}/{part}" for part in ("environment", "stages", "sql", "jobs")]
    pages = [urlopen(f"{at}/{path}", timeout=20).read().decode() for path in paths]
    assert min(map(len, pages)) > 100
    assert to.token not in "".join(pages)
    assert telling([to.token], tmp_path) == []  # offsets, commits, state


@pytest.mark.parametrize(("batch", "first", "last", "least"), [(300, 14_300, 16_300, 4), (5_000, 9_000, 19_000, 7)])
def test_every_point_in_influxdb_equals_the_offline_one(
    kafka, influxdb, names, pipeline, rows, tmp_path, batch, first, last, least
):
    to, plant = influx_sink(influxdb), f"batches of {batch}"
    rows = rows[first:last]
    send(kafka, names[0], rows, plant)
    drain(stream(kafka, to, tmp_path, names, pipeline, batch=batch))
    offline = Pipeline.load(pipeline).score(rows)
    assert unequal(to.scores(plant), offline) == []
    assert np.array_equal(to.readings(plant).to_numpy(), rows.to_numpy())
    assert offline.xs("alarm", axis=1, level=1).any().sum() >= least  # of seven detectors


def test_small_batches_change_nothing(kafka, names, files, quick, rows, tmp_path):
    """First those of a row, then those of seven."""
    pipeline = Pipeline.load(quick)
    head, alarm = 2 * pipeline.history, int(pipeline.score(rows)["kmeans", "alarm"].to_numpy().argmax())
    rows = rows.iloc[alarm - 2 - head : alarm + 17]  # k-means raises its first alarm two rows after the head
    parts = {head: rows[:head], 1: rows[head : head + 3], 7: rows[head + 3 :]}
    for batch, part in parts.items():
        send(kafka, names[0], part)
        drain(stream(kafka, files, tmp_path, names, quick, batch=batch))
    offline = pipeline.score(rows)
    assert unequal(files.scores("swat"), offline) == []
    assert set(offline["kmeans"]["alarm"].iloc[head : head + 3]) == {False, True}
    assert Counter(fields(files, "rows_in")) == {head: 1, 1: 3, 7: 2, 2: 1}


def test_broken_messages_are_rejected_with_a_reason_and_stop_nobody(kafka, names, files, quick, rows, tmp_path):
    good = topic.encode(rows.iloc[:4_000], "swat")
    bad = [broken(number, good[number]) for number in range(400)]
    with client(kafka) as producer:
        for number, message in enumerate(good):
            producer.produce(names[0], message, b"swat")
            if number % 10 == 0:
                wrong = bad[number // 10]
                producer.produce(names[0], wrong, b"swat" if wrong.startswith(b"{") else None)
    drain(stream(kafka, files, tmp_path, names, quick))
    assert unequal(files.scores("swat"), Pipeline.load(quick).score(rows.iloc[:4_000])) == []
    sent_back = messages(kafka, names[1])
    assert sorted(message.value() for message in sent_back) == sorted(bad)
    assert {header for message in sent_back for header, _ in message.headers()} == {"reason"}
    assert all(dict(message.headers())["reason"] for message in sent_back)
    assert (sum(fields(files, "rows_out")), sum(fields(files, "rejected"))) == (4_000, 400)


def broken(number: int, message: bytes) -> bytes:
    """A message of the kind `number`, one of many that can't be read."""
    record = json.loads(message)
    kinds = [
        b"", b"\xff\xfe\x00", message[: number % 200 + 1], message + message, b"[]", b"null",
        {"plant": None}, {"plant": ""}, {"plant": number}, {"plant": "another"},
        {"time": None}, {"time": number}, {"time": "yesterday"}, {"time": "2015-12-28T10:00:00"},
        {"time": "1970-01-01T00:00:00Z"}, {"time": "2999-01-01T00:00:00Z"},
        {"LIT101": "500"}, {"LIT101": True}, {"MV101": [1]}, {"P101": float("nan")}, {"P101": float("inf")},
        {"FIT101": 1e300}, {"label": "Attack"},
    ]  # fmt: skip
    kind = kinds[number % len(kinds)]
    return kind if isinstance(kind, bytes) else json.dumps(record | kind).encode()


def test_silence_repeats_holes_and_other_clocks(kafka, names, files, quick, rows, tmp_path):
    """One topic, one run: a plant silent for an hour, one a year ahead, late rows, a missing tag, a file sent twice."""
    pipeline, part = Pipeline.load(quick), rows.iloc[:1_500]
    silent = part.set_axis(part.index + pd.to_timedelta(3_600 * (np.arange(1_500) >= 700), unit="s"))
    ahead = part.set_axis(part.index + pd.Timedelta("365D"))
    holes = part.mask(
        (np.arange(1_500) >= 600)[:, None] & (np.arange(1_500) < 630)[:, None] & (part.columns == "LIT101")
    )
    shuffled = part.iloc[np.r_[0:600, 500:600, 600:1_500]]
    plants = {"silent": silent, "ahead": ahead, "holes": holes, "again": part}
    for plant, frame in plants.items():
        send(kafka, names[0], frame, plant)
    with client(kafka) as producer:
        for message in topic.encode(shuffled, "late"):
            producer.produce(names[0], message, b"late")
    drain(stream(kafka, files, tmp_path, names, quick, batch=2_500))
    before = files.scores("again")
    with client(kafka) as producer:
        for message in topic.encode(part, "again"):
            producer.produce(names[0], message, b"again")
    send(kafka, names[0], part, "anew")
    drain(stream(kafka, files, tmp_path, names, quick, batch=2_500))
    assert {plant: unequal(files.scores(plant), pipeline.score(frame)) for plant, frame in plants.items()} == {
        plant: [] for plant in plants
    }
    assert unequal(files.scores("late"), pipeline.score(part)) == []
    assert files.scores("again").equals(before)
    assert unequal(files.scores("anew"), pipeline.score(part)) == []
    totals = {name: sum(fields(files, name)) for name in ("late", "gaps", "missing")}
    assert totals == {"late": 100 + 1_500, "gaps": 1, "missing": 30}
    sent_back = messages(kafka, names[1])
    assert len(sent_back) == len({message.key() for message in sent_back}) == 100 + 1_500
    assert {dict(message.headers())["reason"] for message in sent_back} == {WHY_LATE.encode()}


def test_an_attack_that_is_launched_shows_as_an_alarm(kafka, influxdb, names, quick, normal, tmp_path):
    """The plant, the console's command, Kafka, Spark and InfluxDB; the latency is in the plant's time."""
    to, plant, told = influx_sink(influxdb), SimulatedPlant(normal.frame.index[0]), []
    plant.run("1D")
    with closing(Control(kafka, "swat", names[2])) as control:
        running = AttackedPlant(plant, control.commands, lambda *what: told.append(what))
        send_on = Producer(kafka, "swat", None, topic=names[0])
        send_on.send(itertools.islice(running.frames(600), 1))
        request_attack(kafka, topic.Command("swat", "LIT301 spoof 1200", 120), names[2])
        send_on.send(running.frames(10, lambda: bool(told) and plant.time >= told[0][2]))
    drain(stream(kafka, to, tmp_path, names, quick))
    _, start, end = told[0]
    alarm = to.scores("swat", start, end)["pca", "alarm"]
    print(f"first alarm {(alarm.idxmax() - start).total_seconds():.0f} s after the attack began")
    assert alarm.any()
    assert not to.scores("swat", start - pd.Timedelta("60s"), start)["pca", "alarm"].any()


def test_a_class_that_is_not_trusted_is_refused_before_there_are_rows(kafka, names, files, normal, tmp_path):
    own = Pipeline({"mine": make("my_detector.py:ZScore:window=30")}, startup=0)
    folder = own.fit(normal.between(end="2015-12-23 06:00")).save(tmp_path / "own")
    asked = itertools.count()
    with pytest.raises(ValueError, match=r"holds objects of my_detector.ZScore"):
        stream(kafka, files, tmp_path, names, folder).run(lambda: next(asked) > 500)


def test_a_checkpoint_that_is_damaged_is_named_with_what_to_do(kafka, names, quick, rows, files, tmp_path):
    send(kafka, names[0], rows.iloc[:100])
    drain(stream(kafka, files, tmp_path, names, quick))
    (tmp_path / "checkpoint" / "metadata").write_text("")
    with pytest.raises(
        StreamError, match=r"can't start with the checkpoint .*/checkpoint: [^\n]*; if it is damaged, delete"
    ):
        drain(stream(kafka, files, tmp_path, names, quick))


def test_a_checkpoint_of_another_kafka_or_of_a_topic_made_anew_is_refused(kafka, names, quick, rows, files, tmp_path):
    send(kafka, names[0], rows.iloc[:100])
    drain(stream(kafka, files, tmp_path, names, quick))
    kept = tmp_path / "checkpoint" / "kafka-cluster"
    here = kept.read_text()
    kept.write_text("of-before")  # as earlier versions wrote it
    with pytest.raises(StreamError, match=r"another Kafka \(cluster of-before; at .* would pass over rows; delete it"):
        drain(stream(kafka, files, tmp_path, names, quick))
    kept.write_text(here)
    admin = broker_admin(kafka)
    admin.delete_topics([names[0]])[names[0]].result()
    wait(lambda: names[0] not in admin.list_topics(timeout=10).topics)
    create_topics(kafka, 4, names)
    send(kafka, names[0], rows.iloc[:200])  # beyond the offset that the checkpoint holds
    with pytest.raises(StreamError, match=rf"is of the topic {names[0]} as it was before it was made anew, and would"):
        drain(stream(kafka, files, tmp_path, names, quick))


def test_a_second_stream_with_the_same_checkpoint_is_refused(kafka, names, quick, files, tmp_path):
    first = stream(kafka, files, tmp_path, names, quick)
    with first._alone(), pytest.raises(StreamError, match=r"another stream runs with the checkpoint \S+; end it"):
        drain(first)


def test_another_number_of_tasks_than_the_checkpoint_has_is_remarked_on(
    kafka, names, quick, rows, files, tmp_path, caplog
):
    send(kafka, names[0], rows.iloc[:100])
    drain(stream(kafka, files, tmp_path, names, quick, tasks=2))
    said = {}
    for tasks in (2, 3, 0):
        caplog.clear()
        stream(kafka, files, tmp_path, names, quick, tasks=tasks)._remark_on_tasks()
        said[tasks] = "/checkpoint is of 2 tasks, so it goes on with that, not 3;" in caplog.text
    assert said == {2: False, 3: True, 0: False}
