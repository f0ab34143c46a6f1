"""What was stored, as the tables that the rest of the project works with."""

import numpy as np
import pandas as pd

from swatlib.live import line_protocol
from swatlib.live.sink.points import SCORE_FIELDS, Time
from swatlib.plant import TAG_NAMES


def bound(when: Time, default: int = 0) -> int:
    """A time in nanoseconds since 1970, `default` for None."""
    return default if when is None else int(line_protocol.nanoseconds(pd.DatetimeIndex([pd.Timestamp(when)]))[0])


def as_readings(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(columns=list(TAG_NAMES), index=pd.DatetimeIndex([], name="time"), dtype=np.float32)
    return _by_time(table).reindex(columns=list(TAG_NAMES)).astype(np.float32)


def as_attacks(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(columns=["title", "start", "end"])
    whole = _by_time(table)[["title", "start", "end"]].reset_index(drop=True)
    return whole.assign(
        **{name: pd.to_datetime(whole[name], unit="s").astype("datetime64[ns]") for name in ("start", "end")}
    )


def as_batches(table: pd.DataFrame) -> pd.DataFrame:
    return _by_time(table) if len(table) else pd.DataFrame(index=pd.DatetimeIndex([], name="time"))


def as_scored(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame(index=pd.DatetimeIndex([], name="time"))
    types = {"score": np.float32, "threshold": np.float64, "alarm": bool}
    parts = {name: _by_time(part).reindex(columns=list(SCORE_FIELDS)).astype(types)
             for name, part in table.groupby("detector", sort=False)}  # fmt: skip
    whole = pd.concat(parts, axis=1).sort_index()
    for name in parts:  # a row that a detector has no point of is no alarm of it
        whole[name, "alarm"] = whole[name, "alarm"].eq(True)
    return whole


def _by_time(table: pd.DataFrame) -> pd.DataFrame:
    table = table.drop_duplicates("time", keep="last").sort_values("time")
    return table.set_index(pd.DatetimeIndex(pd.to_datetime(table["time"]), name="time"))
