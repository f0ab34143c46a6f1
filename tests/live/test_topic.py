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


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["plant", "time", "LIT101", "MV101", "label", "restart", "other"])
CHANGED = st.dictionaries(NAMES, JSON, max_size=2).map(lambda changes: message(**changes))
SPLICED = st.tuples(st.integers(0, 70), st.binary(max_size=4), st.integers(0, 4)).map(
    lambda at: message()[: at[0]] + at[1] + message()[at[0] + at[2] :]
)
ANY = (
    st.none() | st.binary() | st.text().map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()) | CHANGED | SPLICED
)


@given(st.lists(ANY, min_size=1, max_size=5))
def test_whatever_came_is_a_row_or_a_reason(messages):
    found = topic.decode(messages, written(len(messages)))
    assert (found["reason"].isna() == found["time"].notna()).all()
    assert found["reason"].dropna().map(lambda why: 0 < len(why.encode()) < 300).all()


@given(ANY)
def test_one_message_is_judged_alike_alone_and_among_broken_ones(changed):
    alone, beside = topic.decode([changed], written(1)), topic.decode([changed, b""], written(2)).iloc[:1]
    pd.testing.assert_frame_equal(alone, beside)


@pytest.mark.parametrize("milliseconds", [-(2**63), -1, 0, 2**63 - 1])
def test_any_time_of_a_broker_is_a_time(milliseconds):
    assert 1970 <= topic.broker_times([milliseconds])[0].year <= 2200


def test_a_row_after_a_pause_says_so():
    times = pd.DatetimeIndex(["2015-12-28 10:29:14", "2016-12-28 10:29:14"])
    frame = pd.DataFrame({"MV101": [2.0, 1.0]}, times, dtype=np.float32)
    messages = topic.encode(frame, "swat", restart=np.array([False, True]))
    assert [b"restart" in each for each in messages] == [False, True]
    assert topic.decode(messages, written(2))["restart"].tolist() == [False, True]


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
        (None, "the message has no value"),
        (message(LIT101=int("1" * 400)), "LIT101 is infinite"),
        (message().replace(b"500.5", b"1" * 5_000), "LIT101 is infinite"),
        (message().replace(b"500.5", b"1e400"), "LIT101 is infinite"),
        (message()[:-1] + b', "LIT101": 2}', "LIT101 stands there twice"),
        (message(plant="\ud800"), "plant is '\\ud800'; wanted: a name"),
        (message(time="\ud800"), "wanted: ISO 8601"),
        (message(time={"at": 1}), "wanted: ISO 8601"),
        (message(time="9999-12-31T00:00:00Z"), "wanted: ISO 8601"),
        (message(LIT101={"value": 1}), "LIT101 is {'value': 1}; wanted: a number"),
        (message(restart=1), "restart is 1; wanted: true, false or nothing"),
        (message().replace(b"swat", b"sw\xffat"), "not JSON in UTF-8"),
        (message()[:-1] + b', "other": ' + b"[" * 3_000 + b"]" * 3_000 + b"}", "more than 100 opening brackets"),
        (message(other="x" * 10**6), "longer than 8,192 bytes"),
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


@pytest.mark.parametrize("effects", ["", " ", "LIT101\nfreeze", None])
def test_a_command_without_an_effect_is_none(effects):
    with pytest.raises(ValueError, match=r"wanted: 1 to \d+ printable characters"):
        topic.Command("swat", effects)


@given(
    ANY
    | st.dictionaries(st.sampled_from(["plant", "effects", "seconds", "name"]), JSON).map(
        lambda v: json.dumps(v).encode()
    )
)
def test_whatever_came_is_a_command_or_an_error(value):
    try:
        command = topic.Command.decode(value)
    except ValueError as error:
        assert "is no command" in str(error)
    else:
        assert topic.Command.decode(command.encode()) == command


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": "300"}, {"seconds": 10**400}, {"seconds": 0}, {"name": 7}, {"name": "a\nb"}, {"effects": ["a"]}],
)
def test_a_command_of_other_types_is_none(wrong):
    with pytest.raises(ValueError, match="is no command"):
        topic.Command.decode(json.dumps({"plant": "swat", "effects": "LIT101 freeze", **wrong}).encode())


def test_a_command_that_is_none_says_what_is_wanted():
    with pytest.raises(ValueError, match="an object with plant, effects, seconds, name is wanted"):
        topic.Command.decode(b'{"plants": "swat"}')
