"""Columns to lines of text, in Arrow's own loops: tens of thousands of rows of 51 tags a second."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def text(values) -> pa.StringArray:
    """Numbers as the shortest text that reads back as the same number of the same width; NaN becomes null."""
    return pa.array(np.asarray(values), from_pandas=True).cast(pa.string())


def fields(columns: Mapping[str, pa.Array], between: str) -> pa.StringArray:
    """One text a row: `name` + `between` + value of every column, joined by commas; nulls are left out."""
    named = [pc.binary_join_element_wise(name + between, values, "") for name, values in columns.items()]
    rows = pc.binary_join_element_wise(*named, ",", null_handling="skip")
    return rows if len(rows) else pa.array([""] * len(named[0]))  # Arrow forgets the length when nothing is left at all


def joined(*parts: pa.Array | str) -> pa.StringArray:
    """The parts of each row side by side."""
    return pc.binary_join_element_wise(*parts, "")


def nanoseconds(times: pd.DatetimeIndex) -> np.ndarray:
    """Times as int64 nanoseconds since 1970; naive ones are taken as UTC."""
    aware = times.tz_localize("UTC") if times.tz is None else times
    return aware.as_unit("ns").asi8
