"""Thousands of messages of all kinds through the real query: each is stored, or rejected with a reason."""

import gzip
import json
import random

import pandas as pd
import pytest
from confluent_kafka import Message
from rig import client, drain, messages, send, stream, topics

from swatlib.live import sink, topic
from swatlib.live.parity import unequal
from swatlib.live.producer import Producer
from swatlib.live.stream.scorer import WHY_LATE
from swatlib.pipeline import Pipeline
from swatlib.plant import TAG_NAMES

MESSAGES, GOOD = 6_000, 1_500
LETTERS = "aB/_ ,=\\\n\t\0%\"'.é\u2028\ufffd\U0001f30a\ud800"
SCALARS = [None, True, False, 0, -0.0, -1, 1.5, 1e-320, 1e38, 1e39, 10**400, "", "1.5", float("nan"), float("-inf")]


class Arbitrary:
    """Messages (key, value, headers) of many kinds, from a seed."""

    def __init__(self, seed: int, good: list[bytes]):
        self.random, self.good = random.Random(seed), good
        self.plants = [self.text(self.random.choice([1, 2, 3, 8, 250])) for _ in range(150)]
        self.kinds = [self.bytes, self.value, self.spliced, self.row, self.row, self.of_today, self.odd, self.large]

    def messages(self, count):
        """So many, none of which is a row of the plant whose scores are compared."""
        drawn = [self.message() for _ in range(count)]
        values = [value for _, value, _ in drawn]
        rows = topic.decode(values, topic.broker_times([2**42] * count))["reason"].isna()
        return [
            (b"mutant" if row and key in (b"swat", None) else key, value, headers)
            for (key, value, headers), row in zip(drawn, rows, strict=True)
        ]

    def message(self):
        value = self.random.choice(self.kinds)()
        plant = self.random.choice(self.plants).encode(errors="replace")
        key = self.random.choice([b"swat", b"mutant", b"mutant", None, plant, b"\xff\xfe"])
        header = [(self.random.choice(["shift", "", "é"]), self.random.choice([b"", b"x", b"9" * 30, b"\xff"]))]
        return key, value, self.random.choice([[], header])

    def text(self, length):
        return "".join(self.random.choices(LETTERS, k=length))

    def json(self, depth=3):
        inner = self.random.randrange(depth + 1)
        if inner == 0:
            return self.random.choice([*SCALARS, self.text(3)])
        names = self.random.choices([*TAG_NAMES[:3], "plant", "time", self.text(2)], k=self.random.randrange(3))
        return self.random.choice(
            [[self.json(inner - 1) for _ in names], {name: self.json(inner - 1) for name in names}]
        )

    def bytes(self):
        return self.random.choice([None, self.random.randbytes(self.random.randrange(60))])

    def value(self):
        return json.dumps(self.json()).encode()

    def spliced(self):
        whole, at = self.random.choice(self.good), self.random.randrange(1_000)
        return whole[:at] + self.random.randbytes(self.random.randrange(3)) + whole[at + self.random.randrange(3) :]

    def row(self):
        """A row in which some names have another value."""
        names = self.random.sample([*TAG_NAMES, "plant", "time", "label", "restart", "other"], k=3)
        changes = {name: self.json() for name in names}
        plant = self.random.choice([*self.plants, "mutant", "mutant", "swat"])
        return json.dumps({**json.loads(self.random.choice(self.good)), "plant": plant, **changes}).encode()

    def of_today(self):
        record = json.loads(self.random.choice(self.good))
        time = f"{self.random.choice([2016, 2019, 2026])}-11-{self.random.randrange(1, 28):02}T00:00:00Z"
        return json.dumps({**record, "time": time, "plant": self.random.choice(["swat ", "mutant"])}).encode()

    def odd(self):
        whole = self.random.choice(self.good)
        return self.random.choice(
            [
                b'{"plant":"swat","time":"2015-12-28T10:29:14Z"}',
                whole[:-1] + b',"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
                whole[:-1] + b',"plant":"mutant"}',
                whole.replace(b'"swat"', b'"\\ud800"'),
                whole.replace(b"{", b"\xef\xbb\xbf{"),
                b"{}",
                gzip.compress(whole),
                whole + b"\n" + whole,
                b" " + whole + b"\r\n",
            ]
        )

    def large(self):
        return self.random.choice(self.good)[:-1] + b',"x":"' + b"x" * self.random.choice([10**3, 10**4, 10**5]) + b'"}'


def places(servers: str, name: str) -> dict[str, Message]:
    """All messages of a topic by their place in it, as `SWAT.rejected` names it."""
    return {f"{name}-{each.partition()}-{each.offset()}": each for each in messages(servers, name)}


def total(files, name: str) -> int:
    return int(files.batches()[name].sum())


def test_each_message_is_stored_or_rejected(kafka, quick, attacked, tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    names, files, rows = topics(kafka), sink.FileSink(tmp_path / "points"), attacked.frame.iloc[:GOOD]
    good = topic.encode(rows, "swat")
    arbitrary = Arbitrary(seed, good)
    others = arbitrary.messages(MESSAGES - GOOD - 4)
    others += [(b"swat", good[0][:-1] + b',"x":"' + b"x" * 1_040_000 + b'"}', [])] * 3  # as long as the broker takes
    behind = sorted(arbitrary.random.choices(range(1, GOOD), k=len(others)))
    large = {"message.max.bytes": 2**22}
    with client(kafka, **large) as plain, client(kafka, **large, **{"compression.type": "gzip"}) as packed:
        for number, message in enumerate(good):
            plain.produce(names[0], message, b"swat")
            while behind and behind[0] <= number:
                behind.pop(0)
                key, value, headers = others.pop()
                producer = plain if key == b"swat" else arbitrary.random.choice([plain, packed])
                producer.produce(names[0], value, key, headers=headers)
        plain.produce(names[0], good[0], b"swat")  # late in any case
    drain(stream(kafka, files, tmp_path, names, quick, batch=1_500))

    sent, rejected = places(kafka, names[0]), messages(kafka, names[1])
    assert len(sent) == MESSAGES
    assert total(files, "rows_out") + total(files, "rejected") == MESSAGES
    late = [record for record in rejected if dict(record.headers())["reason"] == WHY_LATE.encode()]
    assert len(late) == total(files, "late") > 0
    assert len({record.key() for record in rejected}) == len(rejected) == total(files, "rejected")
    assert all(dict(record.headers())["reason"] for record in rejected)
    assert [
        each.key()
        for each in rejected
        if each.value() != (whole := sent[each.key().decode()].value()) and each.value() != whole[: topic.LONGEST]
    ] == []
    assert sum(line.startswith("reading,") for name in files.names() for line in files.lines(name)) == total(
        files, "rows_out"
    )
    assert unequal(files.scores("swat"), Pipeline.load(quick).score(rows)) == []


def test_a_producer_goes_on_after_messages_that_are_none(kafka, attacked):
    names, rows = topics(kafka), attacked.frame.iloc[:60]
    send(kafka, names[0], rows[:50])
    today = topic.encode(rows[:1].set_axis(pd.DatetimeIndex([pd.Timestamp.now()])), "swat")[0]
    odd = [None, b"", b"\xff", b"[" * 9_000, today, topic.encode(rows[:1], "swat")[0].replace(b"FIT101", b"FIT101\xff")]
    with client(kafka) as producer:
        for value in odd:
            producer.produce(names[0], value, b"swat", headers=[("shift", b"no number")])
            producer.produce(names[0], value, b"swat")
    assert len({message.partition() for message in messages(kafka, names[0])}) == 1
    again = send(kafka, names[0], rows)
    assert (again.rows, again.held, again.last) == (10, 50, rows.index[49])


def test_a_recording_with_a_gap_of_a_year_is_stored_whole(kafka, attacked, tmp_path):
    names, files, rows = topics(kafka), sink.FileSink(tmp_path / "points"), attacked.frame.iloc[:60]
    later = rows.set_axis(rows.index.where(rows.index < rows.index[30], rows.index + pd.Timedelta("365D")))
    send(kafka, names[0], later[:45])
    send(kafka, names[0], later)
    drain(stream(kafka, files, tmp_path, names, None))
    assert files.readings("swat").index.equals(later.index)


def test_a_plant_whose_name_cannot_be_stored_is_refused():
    with pytest.raises(ValueError, match="no line break"):
        Producer("127.0.0.1:9", "a\nb")
