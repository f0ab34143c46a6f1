"""What the operator does, which Spark runs in its workers for each plant of a batch."""

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from swatlib.cluster.shipping import Shipped, loaded
from swatlib.live import sink, topic
from swatlib.live.acceptance import FOLLOWING, JUMP, JUMPED, LATE, TAKEN, Position, accept
from swatlib.live.line_protocol import name_fault, nanoseconds
from swatlib.pipeline import Pipeline
from swatlib.plant import TAG_NAMES

WHY_JUMPED = (
    f"its time lies more than {pd.Timedelta(JUMP).days} day after the row before; "
    f'such rows are taken from the {FOLLOWING}rd that goes on from there, or with "restart": true'
)
WHY_LATE = (
    "its time is not after that of the last row taken from its plant: it came late, or its row or another one of this "
    "time was sent before"
)
WHY = {TAKEN: None, LATE: WHY_LATE, JUMPED: WHY_JUMPED}
OUTCOME = (
    "partition int, offset long, value binary, reason string, "
    "stored long, latency double, late long, gaps long, missing long, alarms long"
)
OUTCOME_NAMES = [part.split()[0] for part in OUTCOME.split(", ")]
NOTHING = {"value": None, "reason": None, **dict.fromkeys(("partition", "offset", "latency"), math.nan)}
COUNTS = {"rows_out": "stored", "late": "late", "gaps": "gaps", "missing": "missing", "alarms": "alarms"}

_log = logging.getLogger(__name__)


class Scorer:
    """Scores the new rows of one plant together with its past ones; stores rows and scores before the batch ends."""

    def __init__(self, shipped: Shipped | None, to: sink.Sink):
        self.shipped, self.to = shipped, to

    def keep_in(self, past: Any, jump: Any) -> None:
        """Values of Spark's state store, each of the plant whose rows it is called with."""
        self._past, self._jump = past, jump

    def outcomes(self, plant: str, rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Frames as OUTCOME says, of one plant's messages."""
        # one plant is one Kafka partition, so its offsets are the order in which its rows were sent
        messages = pd.concat(rows, ignore_index=True).sort_values(["partition", "offset"], ignore_index=True)
        found = topic.decode(messages["value"].tolist(), topic.broker_times(messages["written"]))
        past = self._history()
        reason = self._judge(plant, found, past)
        taken = reason.isna().to_numpy()
        rejected = messages.loc[~taken, ["partition", "offset", "value"]].assign(reason=reason).reset_index(drop=True)
        yield _outcome(len(rejected), late=rejected["reason"].eq(WHY_LATE).to_numpy(int), **rejected)
        if taken.any():
            yield from self._store(plant, past, found[taken], messages.loc[taken, "written"])

    def _judge(self, plant: str, found: pd.DataFrame, past: pd.DataFrame) -> pd.Series:
        """Why each message is rejected; None where its row is taken."""
        fault = name_fault(plant)
        reason = found["reason"]
        for wrong, why in (
            ((found["plant"] != plant).to_numpy(), "its plant is not its key"),
            (fault is not None, f"plant {fault}"),
            (found[list(TAG_NAMES)].isna().all(axis=1).to_numpy(), "it holds no reading of a known tag"),
        ):
            reason = reason.mask(reason.isna() & wrong, why)
        good = reason.isna().to_numpy()
        newest = int(nanoseconds(past.index)[-1]) if len(past) else None
        before = Position(newest, len(past) == 1, *(self._jump.get() or ()))
        times, restart = nanoseconds(pd.DatetimeIndex(found.loc[good, "time"])), found.loc[good, "restart"].to_numpy()
        verdicts, after = accept(times, restart, before)
        if (after.jump, after.jumps) != (before.jump, before.jumps):
            self._jump.update((after.jump, after.jumps))
        reason[good] = [WHY[verdict] for verdict in verdicts.tolist()]
        return reason

    def _store(self, plant: str, past: pd.DataFrame, taken: pd.DataFrame, written: pd.Series) -> Iterator[pd.DataFrame]:
        times = pd.DatetimeIndex(taken["time"].dt.tz_localize(None), name="time")
        new = taken[list(TAG_NAMES)].set_index(times)
        counts = Counter({"missing": int(new.isna().sum().sum())})
        # rows go back in time where the first one of a plant had the wrong time: a new history begins there
        for part in np.split(np.arange(len(new)), np.flatnonzero(np.diff(times) < pd.Timedelta(0)) + 1):
            if len(part):
                before = past if len(past) and past.index[-1] < times[part[0]] else past.iloc[:0]
                past = pd.concat([before, new.iloc[part]])
                counts.update(self._write(plant, past, len(part), taken["label"].iloc[part]))
        latency, rows = np.unique(np.round(time.time() * 1000 - written.to_numpy()), return_counts=True)
        yield _outcome(1, **counts)
        yield _outcome(len(rows), latency=latency / 1000, stored=rows)

    def _write(self, plant: str, whole: pd.DataFrame, new: int, label: pd.Series) -> dict[str, int]:
        """Store points of the last `new` rows of `whole` and keep the history; counts of gaps and alarms."""
        # two rows at least are kept: a plant with a single row is one whose first row may have had the wrong time
        self.to.write(sink.reading_points(whole.iloc[-new:], plant, label if label.notna().any() else None), plant)
        if self.shipped is None:
            self._keep(whole.iloc[-2:])
            return {}
        pipeline = loaded(self.shipped)
        self._remark_on_pace(plant, pipeline, whole.index)
        scored = pipeline.score_last(whole[list(pipeline.tags)], new)
        self.to.write(sink.score_points(scored, plant), plant)
        self._keep(whole.iloc[-max(pipeline.history, 2) :])
        steps = np.diff(whole.index[-new - 1 :])
        alarms = scored.xs("alarm", axis=1, level=1).any(axis=1)
        return {"gaps": int((steps > pipeline.gap * pipeline.period_).sum()), "alarms": int(alarms.sum())}

    def _remark_on_pace(self, plant: str, pipeline: Pipeline, times: pd.DatetimeIndex) -> None:
        """In the stream's log, of a plant of another pace than the fit's: its scores don't mean what they should.

        It is scored all the same, since an error would end the stream for all plants.
        """
        if len(times) <= max(pipeline.history, 1):  # too few to judge: no row of them has a score
            return
        try:
            pipeline.require_period(pd.Timedelta(np.median(np.diff(times))))
        except ValueError as error:
            _log.warning("plant %s: %s", plant, error)

    def _history(self) -> pd.DataFrame:
        times, rows = self._past.get() or (b"", b"")
        index = pd.DatetimeIndex(np.frombuffer(times, np.int64).view("datetime64[ns]"), name="time")
        return pd.DataFrame(
            np.frombuffer(rows, np.float32).reshape(-1, len(TAG_NAMES)), index=index, columns=list(TAG_NAMES)
        )

    def _keep(self, frame: pd.DataFrame) -> None:
        self._past.update((nanoseconds(frame.index).tobytes(), frame.to_numpy(np.float32).tobytes()))


def _outcome(rows: int, **columns: Any) -> pd.DataFrame:
    """Columns of OUTCOME, `rows` long or one value for all; what is not given is null, of a count 0."""
    values = {**dict.fromkeys(COUNTS.values(), 0), **NOTHING, **columns}
    return pd.DataFrame({name: values[name] for name in OUTCOME_NAMES}, index=range(rows))
