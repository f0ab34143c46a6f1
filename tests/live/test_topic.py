"""Messages: what is written is what is read, and what can't be read says why."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from swatlib.live import topic
from swatlib.plant import TAG_NAMES

WRITTEN = pd.Timestamp("2026-06-01", tz="UTC")
TIMES = st.integers(pd.Timestamp("2001-01-01").value, pd.Timestamp("2026-01-01").value)
READINGS = hnp.arrays(np.float32, (3, len(TAG_NAMES)), elements=st.floats(width=32, allow_infinity=False))


def written(count):
    return pd.DatetimeIndex([WRITTEN] * count)


def message(**changes) -> bytes:
    return json.dumps({"plant": "swat", "time": "2015-12-28T10:29:14Z", "LIT101": 500.5, **changes}).encode()


def reason(*messages):
    return topic.decode(messages, written(len(messages)))["reason"].tolist()


@given(READINGS, st.lists(TIMES, min_size=3, max_size=3), st.text(min_size=1), st.sampled_from([None, True, False]))
def test_what_is_encoded_is_decoded(values, times, plant, label):
    frame = pd.DataFrame(values, pd.DatetimeIndex(times), TAG_NAMES)
    labels = None if label is None else pd.Series(label, frame.index)
    found = topic.decode(topic.encode(frame, plant, labels), written(3))
    assert np.array_equal(found[list(TAG_NAMES)].to_numpy(), values, equal_nan=True)
    assert (found["plant"].tolist(), found["label"].tolist()) == ([plant] * 3, [label] * 3)
    assert found["time"].astype("int64").tolist() == times
    assert found["reason"].isna().all()


@given(READINGS, st.lists(TIMES, min_size=3, max_size=3))
def test_a_broken_neighbour_changes_nothing(values, times):
    messages = topic.encode(pd.DataFrame(values, pd.DatetimeIndex(times), TAG_NAMES), "swat")
    alone = topic.decode(messages, written(3))
    beside = topic.decode([*messages, b"{"], written(4))
    pd.testing.assert_frame_equal(beside.iloc[:3], alone)


@given(st.lists(st.binary() | st.text().map(str.encode) | st.just(message()), min_size=1, max_size=5))
def test_any_bytes_are_a_row_or_a_reason(messages):
    found = topic.decode(messages, written(len(messages)))
    assert (found["reason"].isna() == found["time"].notna()).all()


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=3)


@given(st.sampled_from(["plant", "time", "LIT101", "MV101", "label", "other"]), JSON)
def test_one_message_is_judged_alike_alone_and_among_broken_ones(name, value):
    changed = message(**{name: value})
    alone, beside = topic.decode([changed], written(1)), topic.decode([changed, b""], written(2)).iloc[:1]
    pd.testing.assert_frame_equal(alone, beside)


def test_naive_times_are_written_as_utc_with_their_fraction():
    times = pd.DatetimeIndex(["2019-07-20 04:30:00.004013", "2019-07-20 04:30:01"])
    assert topic.iso(times).to_pylist() == ["2019-07-20T04:30:00.004013Z", "2019-07-20T04:30:01.000000Z"]
    assert topic.iso(times[1:].tz_localize("Asia/Singapore")).to_pylist() == ["2019-07-19T20:30:01Z"]


def test_numbers_are_written_as_short_as_they_read():
    frame = pd.DataFrame({"FIT101": [2.427057], "MV101": [2.0]}, pd.DatetimeIndex(["2015-12-28"]), dtype=np.float32)
    assert topic.encode(frame, "swat") == [
        b'{"plant":"swat","time":"2015-12-28T00:00:00Z","FIT101":2.427057,"MV101":2}'
    ]


def test_an_infinite_reading_is_not_sent():
    frame = pd.DataFrame({"FIT101": [np.inf]}, pd.DatetimeIndex(["2015-12-28"]), dtype=np.float32)
    with pytest.raises(ValueError, match="FIT101 is infinite at 2015-12-28"):
        topic.encode(frame, "swat")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"", "not JSON in UTF-8"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (message()[:-5], "not JSON in UTF-8"),
        (message() + message(), "not JSON in UTF-8"),
        (b"[1, 2]", "a JSON object is wanted, this is list"),
        (message(plant=None), "plant is None; wanted: a name"),
        (message(plant=7), "plant is 7; wanted: a name"),
        (b'{"time":"2015-12-28T10:29:14Z"}', "plant is missing"),
        (b'{"plant":"swat"}', "time is missing"),
        (message(time=1451298554), "time is 1451298554; wanted: ISO 8601"),
        (message(time="28/12/2015 10:29:14 AM"), "time is '28/12/2015 10:29:14 AM'; wanted: ISO 8601"),
        (message(time="2015-12-28T10:29:14"), "wanted: ISO 8601 with its zone"),
        (message(time="1970-01-01T00:00:00Z"), "absurdly far away"),
        (message(time="2026-06-03T00:00:00Z"), "absurdly far away"),
        (message(LIT101="high"), "LIT101 is 'high'; wanted: a number"),
        (message(LIT101=True), "LIT101 is True; wanted: a number"),
        (message(LIT101=float("nan")), "LIT101 is NaN"),
        (message(LIT101=float("-inf")), "LIT101 is infinite"),
        (message(LIT101=1e39), "LIT101 is infinite"),
        (message(label="yes"), "label is 'yes'; wanted: true, false or nothing"),
    ],
)
def test_what_cannot_be_read_says_why(broken, why):
    good, bad = reason(message(), broken)
    assert good is None
    assert why in bad


def test_a_missing_tag_is_no_error():
    found = topic.decode([message(LIT101=None)], written(1))
    assert found.loc[0, list(TAG_NAMES)].isna().all()
    assert found["reason"].tolist() == [None]


def test_a_command_comes_back_as_it_was_sent():
    command = topic.Command("swat", "LIT101 ramp +1", 300, "a ramp")
    assert topic.Command.decode(command.encode()) == command


def test_a_command_that_is_none_says_what_is_wanted():
    with pytest.raises(ValueError, match="an object with plant, effects, seconds, name is wanted"):
        topic.Command.decode(b'{"plants": "swat"}')
