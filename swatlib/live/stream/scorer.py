"""The stateful operator: what Spark runs in its workers for each plant of a batch."""

import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StatefulProcessor

from swatlib.live import sink, topic
from swatlib.live.line_protocol import nanoseconds
from swatlib.pipeline import Pipeline
from swatlib.plant import TAG_NAMES

HISTORY = "times binary, rows binary"
OUTCOME = (
    "partition int, offset long, value binary, reason string, "
    "stored long, latency double, late long, gaps long, missing long, alarms long"
)
COUNTS = {"rows_out": "stored", "late": "late", "gaps": "gaps", "missing": "missing", "alarms": "alarms"}


def ship(spark: SparkSession, folder: Path) -> str:
    """Hand a saved pipeline's files to the workers; the name that `loaded` takes. Raises ValueError when it is none."""
    Pipeline.load(folder)
    files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
    name = f"pipeline-{sha256(b''.join(files.values())).hexdigest()[:16]}.zip"
    packed = Path(SparkFiles.getRootDirectory()) / "packed" / name
    if not packed.exists():
        packed.parent.mkdir(exist_ok=True)
        with ZipFile(packed, "w") as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        spark.sparkContext.addFile(str(packed))
    return name


@lru_cache(maxsize=1)
def loaded(name: str) -> Pipeline:
    """The pipeline that was shipped, loaded once a worker process."""
    with tempfile.TemporaryDirectory() as folder, ZipFile(SparkFiles.get(name)) as archive:
        archive.extractall(folder)
        return Pipeline.load(folder)


class Scorer(StatefulProcessor):
    """Scores the new rows of one plant on top of its past ones, and stores both before the batch can end."""

    def __init__(self, shipped: str | None, to: sink.Sink):
        self.shipped, self.to = shipped, to

    def init(self, handle) -> None:
        self._past = handle.getValueState("past", HISTORY)

    def handleInputRows(self, key, rows, timerValues) -> Iterator[pd.DataFrame]:  # noqa: N802 (Spark's name)
        (plant,) = key
        # one plant is one Kafka partition, so its offsets are the order in which its rows were sent
        messages = pd.concat(rows, ignore_index=True).sort_values(["partition", "offset"], ignore_index=True)
        written = pd.to_datetime(messages["written"], unit="ms", utc=True)
        found = topic.decode(messages["value"].tolist(), pd.DatetimeIndex(written))
        reason = found["reason"].mask((found["plant"] != plant) & found["reason"].isna(), "its plant is not its key")
        good = reason.isna().to_numpy()
        yield messages.loc[~good, ["partition", "offset", "value"]].assign(reason=reason[~good]).pipe(_outcome)
        if good.any():
            yield from self._store(plant, found[good], messages.loc[good, "written"].to_numpy())

    def _store(self, plant: str, found: pd.DataFrame, written: np.ndarray) -> Iterator[pd.DataFrame]:
        past = self._history()
        times = found["time"].dt.tz_localize(None).to_numpy()
        fresh = newer(times, past.index[-1:].to_numpy())
        counts = {"late": int((~fresh).sum())}
        if fresh.any():
            new = found.loc[fresh, list(TAG_NAMES)].set_index(pd.DatetimeIndex(times[fresh], name="time"))
            whole = pd.concat([past, new])
            counts |= self._write(plant, whole, len(new), found["label"][fresh])
            counts["missing"] = int(new.isna().sum().sum())
        latency, rows = np.unique(np.round(time.time() * 1000 - written[fresh]), return_counts=True)
        yield _outcome(pd.DataFrame([counts]))
        yield _outcome(pd.DataFrame({"latency": latency / 1000, "stored": rows}))

    def _write(self, plant: str, whole: pd.DataFrame, new: int, label: pd.Series) -> dict[str, int]:
        """Store points of the last `new` rows of `whole`, then keep what the next rows will need."""
        self.to.write(sink.reading_points(whole.iloc[-new:], plant, label if label.notna().any() else None), plant)
        if self.shipped is None:
            self._keep(whole.iloc[-1:])
            return {}
        pipeline = loaded(self.shipped)
        scored = pipeline.score(whole[list(pipeline.tags)]).iloc[-new:]
        self.to.write(sink.score_points(scored, plant), plant)
        self._keep(whole.iloc[-pipeline.history :])
        steps = np.diff(whole.index[-new - 1 :])
        alarms = scored.xs("alarm", axis=1, level=1).any(axis=1)
        return {"gaps": int((steps > pipeline.gap * pipeline.period_).sum()), "alarms": int(alarms.sum())}

    def _history(self) -> pd.DataFrame:
        times, rows = self._past.get() or (b"", b"")
        index = pd.DatetimeIndex(np.frombuffer(times, np.int64).view("datetime64[ns]"), name="time")
        return pd.DataFrame(
            np.frombuffer(rows, np.float32).reshape(-1, len(TAG_NAMES)), index=index, columns=list(TAG_NAMES)
        )

    def _keep(self, frame: pd.DataFrame) -> None:
        self._past.update((nanoseconds(frame.index).tobytes(), frame.to_numpy(np.float32).tobytes()))


def newer(times: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Which of `times`, in the order they came, are newer than all before them and than `last` (none or one)."""
    before = np.maximum.accumulate(np.concatenate([[np.datetime64("1677-12-31")], last, times]))
    return times > before[-len(times) - 1 : -1]


def _outcome(frame: pd.DataFrame) -> pd.DataFrame:
    names = [part.split()[0] for part in OUTCOME.split(", ")]
    types = {**dict.fromkeys(("value", "reason"), object), **dict.fromkeys(COUNTS.values(), np.int64)}
    return frame.reindex(columns=names).fillna(dict.fromkeys(COUNTS.values(), 0)).astype(types)
