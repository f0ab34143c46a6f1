"""The operator that Spark runs for each plant, run by hand: batches of any size, and what becomes of a message."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from swatlib.cluster.shipping import packed_pipeline
from swatlib.live import topic
from swatlib.live.sink import FileSink
from swatlib.live.stream.scorer import WHY_LATE, Scorer
from swatlib.live.stream.stateful import StatefulScorer

WRITTEN = pd.Timestamp("2026-06-01").value // 10**6


class Value:
    """A value of Spark's state store."""

    kept = None

    def get(self):
        return self.kept

    def update(self, value):
        self.kept = value


class Handle:
    """What Spark hands to the operator."""

    def getValueState(self, *_):  # noqa: N802 (Spark's name)
        return Value()


def row(second: int, **changes) -> bytes:
    time = pd.Timestamp("2015-12-28 10:29:00") + pd.Timedelta(second, "s")
    return json.dumps({"plant": "swat", "time": f"{time.isoformat()}Z", "FIT101": 1.5, **changes}).encode()


def outcome(values: list, cuts=(), plant: str = "swat"):
    """Times stored, places and reasons of what was rejected, and rows that were late, of messages in such batches."""
    frame = pd.DataFrame({"value": values, "partition": 0, "offset": range(len(values)), "written": WRITTEN})
    with TemporaryDirectory() as folder:
        to = FileSink(Path(folder))
        operator = StatefulScorer(Scorer(None, to))
        operator.init(Handle())
        batches = np.split(np.arange(len(values)), sorted(cut for cut in cuts if 0 < cut < len(values)))
        found = [out for batch in batches for out in operator.handleInputRows((plant,), [frame.iloc[batch]], None)]
        whole = pd.concat(found)
        stored = to.readings(plant).index.tolist()
    rejected = whole.loc[whole["reason"].notna(), ["offset", "reason"]].to_numpy().tolist()
    late = int(whole["late"].sum())
    assert whole["stored"].sum() + len(rejected) == len(values)
    assert late == sum(reason == WHY_LATE for _, reason in rejected)
    return stored, rejected, late


TODAY = 86_400 * 3_000
KINDS = st.sampled_from(
    [
        None, b"", row(1), row(2), row(3), row(4), row(5), row(TODAY), row(TODAY + 1), row(TODAY + 2), row(TODAY + 3),
        row(TODAY, restart=True), row(-TODAY // 3), row(6, FIT101=None), row(6, plant="other"), row(6, FIT101="a"),
    ]
)  # fmt: skip


@hypothesis_settings(max_examples=40)
@given(st.lists(KINDS, min_size=1, max_size=14), st.sets(st.integers(1, 13)))
def test_batches_of_any_size_give_the_same(values, cuts):
    assert outcome(values, cuts) == outcome(values)


def reasons(*values, plant: str = "swat") -> list[str]:
    return [reason for _, reason in outcome([*(row(second) for second in range(5)), *values], plant=plant)[1]]


def test_what_cannot_be_stored_is_rejected_with_the_reason():
    assert (
        reasons(row(6, FIT101=None), row(6, FIT101=None, OTHER=1), row(6, FIT101=None, label=True))
        == ["it holds no reading of a known tag"] * 3
    )
    assert reasons(None, row(6, plant="other")) == ["the message has no value", "its plant is not its key"]
    assert reasons(row(6).replace(b"1.5", b"1" + b"0" * 400)) == [
        "FIT101 is infinite; leave out a reading that is missing"
    ]


def test_a_row_that_comes_late_or_again_is_rejected_with_the_reason():
    assert reasons(row(3), row(4), row(4, FIT101=2.5), row(5)) == [WHY_LATE] * 3
    assert outcome([row(0), row(1), row(0)], cuts=(2,)) == ([*outcome([row(0), row(1)])[0]], [[2, WHY_LATE]], 1)


def test_a_plant_that_no_point_can_name_is_rejected():
    for plant in ("x" * 300, "a\nb", "a\\"):
        stored, rejected, _ = outcome([row(second, plant=plant) for second in range(3)], plant=plant)
        assert (stored, [why.startswith("plant ") for _, why in rejected]) == ([], [True] * 3)


def test_one_row_of_today_is_rejected_and_the_others_are_stored():
    stored, rejected, late = outcome([row(0), row(1), row(TODAY), row(2), row(3)])
    assert (len(stored), [place for place, _ in rejected], late) == (4, [2], 0)
    assert "more than 1 day after the row before" in rejected[0][1]


def test_a_plant_of_another_pace_ends_no_stream_and_is_remarked_on(quick, attacked, tmp_path, caplog):
    slow = attacked.frame.iloc[:3_000:3]
    values = pd.DataFrame(
        {"value": topic.encode(slow, "swat"), "partition": 0, "offset": range(len(slow)), "written": WRITTEN}
    )
    to = FileSink(tmp_path)
    operator = StatefulScorer(Scorer(packed_pipeline(quick).shipped, to))
    operator.init(Handle())
    found = pd.concat(operator.handleInputRows(("swat",), [values], None))
    assert (found["stored"].sum(), found["reason"].notna().sum()) == (1_000, 0)
    assert len(to.scores("swat")) == 1_000
    assert "plant swat: the frame has a row every 3 s, the pipeline was fitted on one every 1 s" in caplog.text


def test_the_python_that_spark_asks_for_the_state_imports_nothing_that_scores():
    packed = StatefulScorer(Scorer(None, FileSink(Path("points"))))
    asked = f"import pickle, sys; pickle.loads({pickle.dumps(packed)!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "swatlib.live.stream.stateful" in loaded
    assert {"pandas", "numpy", "swatlib.live.stream.scorer"}.isdisjoint(loaded)


def test_a_first_row_of_today_is_no_reason_to_lose_the_others():
    stored, rejected, late = outcome([row(TODAY), row(0), row(1), row(2)], cuts=(2,))
    assert (len(stored), rejected, late) == (4, [], 0)
