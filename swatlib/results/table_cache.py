"""Tables of studies in the cache folder: a folder an entry, a parquet a table."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.cached import Form, cached

TABLE_NAMES = "tables.json"  # of all tables that belong to an entry
Tables = Mapping[str, pd.DataFrame]


def cached_tables(name: str, depends: Any, make: Callable[[], Tables], force: bool = False) -> dict[str, pd.DataFrame]:
    """The tables that `make` gives, kept for next time. depends: all that they depend on, as JSON takes it.

    In columns of objects a missing value is NaN. force: make them anew.
    """
    made = cached("tables", name, depends, Form("", _write, _read), lambda: dict(make()), force).the_value()
    return {kind: _plain(table) for kind, table in made.items()}


def _write(folder: Path, tables: Tables) -> None:
    folder.mkdir()
    (folder / TABLE_NAMES).write_text(json.dumps(list(tables)))
    for name, table in tables.items():
        arrow = pa.Table.from_pandas(table)
        pq.write_table(arrow, folder / f"{name}.parquet", compression="zstd", write_page_checksum=True)


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    try:
        paths = {name: folder / f"{name}.parquet" for name in json.loads((folder / TABLE_NAMES).read_text())}
        return {name: pq.read_table(path, page_checksum_verification=True).to_pandas() for name, path in paths.items()}
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    filled = table.copy(deep=False)
    for name, column in table.select_dtypes(object).items():
        filled[name] = column.where(column.notna(), np.nan)
    return filled
