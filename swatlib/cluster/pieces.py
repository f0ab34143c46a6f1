"""Readings of many plants in a folder of parquet: pieces in the order of their time, each with what comes before it.

    plant=north/day=2026-01-01/part-0.parquet
    plant=north/day=2026-01-02/part-0.parquet
    plant=south/…

A piece is a folder that holds parquet files. `plant=` says whose it is, and what stands before it (`site=north`); every
other part of its path divides the time, whatever it is called. The order of pieces is that of their times.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.data import names
from swatlib.plant import TAGS
from swatlib.wording import count, listed

TIME_NAMES = ("time", "timestamp", "datetime")
TIME_PARTS = ("year", "month", "week", "day", "date", "hour")
READ_ROWS = 100_000  # at once, of a piece whose files are in the order of time
MICROSECOND = 1_000  # ns: what Spark can read of a parquet


class PieceError(ValueError):
    """A folder of readings that can't be scored as it is; the message names the piece."""


@dataclass(frozen=True)
class Piece:
    """place: its folder, relative to that of all. files: names."""

    place: str
    files: tuple[str, ...]

    @property
    def plant(self) -> str:
        """The parts of its place that say whose it is; "" where none does."""
        parts = PurePosixPath(self.place).parts
        keys = [part.partition("=")[0] for part in parts]
        until = keys.index("plant") if "plant" in keys else -1
        return "/".join(part for part, key in zip(parts[: until + 1], keys, strict=False) if key not in TIME_PARTS)

    @property
    def called(self) -> str:
        """Its place, or its first file where all lie in one folder."""
        return self.place if self.place != "." else self.files[0]


@dataclass(frozen=True)
class Extent:
    """When a piece is: first and last time (ns), rows, its files in order; `in_order`: one begins as another ends.

    steps: of those within the piece, how many there are, and how many are usual for the pipeline.
    """

    piece: Piece
    first: int
    last: int
    rows: int
    steps: tuple[int, int]
    in_order: bool
    stamp: str


@dataclass(frozen=True)
class PlacedPiece:
    """A piece, and the pieces before it that hold its history, the nearest last."""

    extent: Extent
    before: tuple[Extent, ...]


def _parquet_files(folder: Path) -> Iterator[Path]:
    """Those behind links too, but for links that lead back to a folder above."""
    for place, folders, files in os.walk(folder, followlinks=True):
        above = {each.resolve() for each in (Path(place), *Path(place).parents) if each.is_relative_to(folder)}
        folders[:] = [name for name in folders if Path(place, name).resolve() not in above]
        yield from (Path(place, file) for file in files if file.lower().endswith(".parquet"))


def find_pieces(folder: Path) -> list[Piece]:
    """All pieces of a folder. Raises PieceError where there is none, or a folder that says neither plant nor time."""
    if not folder.is_dir():
        raise PieceError(f"there is no folder {folder}; name one with parquet files, as in plant=a/day=2026-01-01")
    found = defaultdict(list)
    for path in sorted(_parquet_files(folder)):
        inside = path.relative_to(folder)
        if not any(part.startswith((".", "_")) for part in inside.parts):
            found[inside.parent.as_posix()].append(path.name)
    if not found:
        raise PieceError(f"{folder} holds no parquet file; readings lie as in plant=a/day=2026-01-01/readings.parquet")
    for place in found:
        if plain := [part for part in PurePosixPath(place).parts if "=" not in part]:
            raise PieceError(
                f"{folder / place}: {plain[0]} says neither plant nor time; name folders as in plant=a/day=2026-01-01"
            )
    if "." in found and len(found) > 1:
        raise PieceError(f"{folder / found['.'][0]} lies beside folders; put it into one, as in plant=a/day=2026-01-01")
    return [Piece(place, tuple(inside)) for place, inside in found.items()]


def extent_of(folder: Path, piece: Piece, tags: Iterable[str], period: pd.Timedelta) -> Extent | None:
    """Look at the columns and times of a piece; None where it holds no row.

    Raises PieceError for a column that lacks or can't be read, and for times that are missing.
    """
    times = {}
    for name in piece.files:
        columns_of(folder / piece.place / name, tags)
        stamps = _times(folder / piece.place / name)
        if len(stamps):
            times[name] = stamps
    if not times:
        return None
    files = sorted(times, key=lambda name: (times[name][0], name))
    joined = np.concatenate([times[name] for name in files])
    in_order = bool((np.diff(joined) >= 0).all())
    steps = np.diff(joined if in_order else np.sort(joined))
    usual = np.count_nonzero((steps > period.value / 2) & (steps < period.value * 2))
    return Extent(
        Piece(piece.place, tuple(files)),
        int(joined.min()),
        int(joined.max()),
        len(joined),
        (len(steps), int(usual)),
        in_order,
        _stamp(folder, piece),
    )


def plan(extents: Iterable[Extent], history: int) -> dict[str, list[PlacedPiece]]:
    """By plant, its pieces in the order of time, each with the pieces before it that hold `history` rows.

    Raises PieceError for two pieces of a plant that overlap in time.
    """
    plants = defaultdict(list)
    for extent in extents:
        plants[extent.piece.plant].append(extent)
    return {plant: list(_in_order(each, history)) for plant, each in sorted(plants.items())}


def _in_order(extents: list[Extent], history: int) -> Iterator[PlacedPiece]:
    extents = sorted(extents, key=lambda each: (each.first, each.last))
    for number, extent in enumerate(extents):
        first = number
        while first and sum(each.rows for each in extents[first:number]) < history:
            first -= 1
        if number and extent.first < extents[number - 1].last:
            earlier = extents[number - 1]
            raise PieceError(
                f"{extent.piece.called} begins at {pd.Timestamp(extent.first)}, before {earlier.piece.called} ends at "
                f"{pd.Timestamp(earlier.last)}; pieces of a plant must follow one another"
            )
        yield PlacedPiece(extent, tuple(extents[first:number]))


def usual_period(folder: Path, planned: list[PlacedPiece]) -> pd.Timedelta | None:
    """Median time between all rows of a plant; None where the steps that were counted say that it is the pipeline's."""
    extents = [each.extent for each in planned]
    usual, steps = sum(each.steps[1] for each in extents), sum(each.rows for each in extents) - 1
    if 2 * usual > steps:
        return None
    times = np.concatenate([_times(folder / each.piece.place / name) for each in extents for name in each.piece.files])
    return pd.Timedelta(int(np.median(np.diff(np.sort(times)))))


def readings(folder: Path, extent: Extent, tags: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    """Rows of a piece in the order of time (rows × tags, float32), few at once where its files are in order."""
    tables = (
        table
        for name in extent.piece.files
        for table in _tables(folder / extent.piece.place / name, tags, extent.in_order)
    )
    if extent.in_order:
        yield from map(_frame, tables)
    else:
        yield _frame(pa.concat_tables(tables)).sort_index(kind="stable")


def last_readings(folder: Path, before: tuple[Extent, ...], tags: tuple[str, ...], rows: int) -> pd.DataFrame:
    """The last rows of pieces that follow one another."""
    kept = _frame(
        pa.table({"time": pa.array([], pa.timestamp("ns")), **{tag: pa.array([], pa.float32()) for tag in tags}})
    )
    for extent in before:
        for frame in readings(folder, extent, tags):
            kept = pd.concat([kept, frame]).iloc[-rows:]
    return kept


def columns_of(path: Path, tags: Iterable[str]) -> dict[str, str]:
    """Name in the file of the column `time` and of each tag. Raises PieceError for what lacks or is no number."""
    try:
        schema = pq.read_schema(path)
    except pa.ArrowException as error:
        raise PieceError(f"{path} can't be read as parquet ({str(error).splitlines()[0]}); copy it again") from None
    columns = {"time": _time_column(path, schema)}
    for column in schema.names:
        tag = names.tag(column)
        if tag is None:
            continue
        if tag in columns:
            raise PieceError(f"{path} holds {tag} twice, as {columns[tag]!r} and {column!r}; leave one out")
        if unit := names.other_unit(column, TAGS[tag]):
            raise PieceError(f"{path} holds {tag} in {unit}, and {TAGS[tag].unit} is needed; convert it")
        columns[tag] = column
    if lacking := [tag for tag in tags if tag not in columns]:
        raise PieceError(f"{path} has no column {listed(lacking)}, which the pipeline needs; add it, or fit anew")
    for tag in tags:
        kind = schema.field(columns[tag]).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise PieceError(f"{path}: {columns[tag]} holds {kind}, not numbers; convert it")
    return columns


def _time_column(path: Path, schema: pa.Schema) -> str:
    known = [column for column in schema.names if column.strip().lower() in TIME_NAMES]
    found = known or [each.name for each in schema if pa.types.is_timestamp(each.type)]
    if len(found) != 1:
        raise PieceError(
            f"{path} has {count(len(found), 'column')} of times, and one is needed; call it time (it has "
            f"{listed(schema.names, 6)})"
        )
    if not pa.types.is_timestamp(schema.field(found[0]).type):
        raise PieceError(f"{path}: {found[0]} holds {schema.field(found[0]).type}, not timestamps; convert it")
    return found[0]


def _times(path: Path) -> np.ndarray:
    """Times of a file in ns, UTC where it names a zone."""
    column = pq.read_table(path, columns=[_time_column(path, pq.read_schema(path))], partitioning=None)[0]
    if column.null_count:
        raise PieceError(f"{path} has {count(column.null_count, 'row')} without a time; leave them out")
    stamps = column.cast(pa.timestamp("ns", column.type.tz)).to_numpy().astype(np.int64)
    if (stamps % MICROSECOND).any():
        raise PieceError(f"{path} has times with nanoseconds, which Spark can't read; round them to microseconds")
    return stamps


def _tables(path: Path, tags: tuple[str, ...], in_parts: bool) -> Iterator[pa.Table]:
    """Columns `time` and tags of a file."""
    columns = columns_of(path, tags)
    wanted = [columns["time"], *(columns[tag] for tag in tags)]
    with pq.ParquetFile(path) as file:
        rows = READ_ROWS if in_parts else max(file.metadata.num_rows, 1)
        for batch in file.iter_batches(rows, columns=wanted):
            found = pa.Table.from_batches([batch]).select(wanted)
            times = pa.array(found[0].cast(pa.timestamp("ns", found[0].type.tz)).to_numpy().astype("datetime64[ns]"))
            values = [found[column].cast(pa.float32(), safe=False) for column in wanted[1:]]
            yield pa.table([times, *values], ["time", *tags])


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas().set_index("time")


def _stamp(folder: Path, piece: Piece) -> str:
    """Differs where a file of the piece was written anew."""
    stats: Mapping[str, object] = {name: (folder / piece.place / name).stat() for name in piece.files}
    return " ".join(f"{name}:{each.st_size}:{each.st_mtime_ns}" for name, each in stats.items())  # type: ignore[attr-defined]
