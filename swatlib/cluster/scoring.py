"""A folder of readings of many plants, scored by a saved pipeline: equal to one pass over each plant, bit for bit."""

import hashlib
import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swatlib.atomic import replacing
from swatlib.cached import KINDS
from swatlib.cluster.crew import ClusterError, Crew, Place, crew_on, values_of
from swatlib.cluster.pieces import (
    Extent,
    Piece,
    PlacedPiece,
    extent_of,
    find_pieces,
    last_readings,
    plan,
    readings,
    usual_period,
)
from swatlib.cluster.shipping import Shipped, loaded
from swatlib.pipeline import Pipeline
from swatlib.provenance import code_digest, versions
from swatlib.side_by_side import Outcome

SCORES_FORMAT = 1
SCORES_FILE = "scores.parquet"
SURVEYED = 50  # pieces that a worker looks at at once
MADE_OF = b"swatlib"
SCORES_SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us")),
        ("detector", pa.string()),
        ("score", pa.float32()),
        ("threshold", pa.float64()),
        ("alarm", pa.bool_()),
        ("lead", pa.string()),
    ]
)


@dataclass(frozen=True)
class Scored:
    """What became of a folder. pieces: by plant. rows: that were scored now. kept: pieces that were there already.

    stale: places of scores whose readings are gone.
    """

    to: Path
    pieces: dict[str, int]
    rows: int
    kept: int
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Work:
    """A piece to score, and where all lies."""

    folder: Path
    to: Path
    planned: PlacedPiece
    shipped: Shipped
    marker: Path
    made_of: str

    @property
    def path(self) -> Path:
        return self.to / self.planned.extent.piece.place / SCORES_FILE


def score_folder(
    folder: Path,
    model: Path,
    to: Path | None = None,
    where: Place = 1,
    trusted: Iterable[str] = (),
    begin: Callable[[list[str]], None] = lambda pieces: None,
    ended: Callable[[int, Outcome[int]], None] = lambda place, outcome: None,
    force: bool = False,
) -> Scored:
    """Score all pieces of a folder into another one, partitioned alike: a file of scores a piece.

    Parameters
    ----------
    folder, to
        As `swatlib.cluster.pieces` describes it; without `to`, beside it. On a cluster all machines have both.
    model
        What `Pipeline.save` wrote. trusted: classes of one's own that it may hold.
    begin, ended
        Called with the names of the pieces to score, and after each that is scored.
    force
        Score what is there already, too.

    A file has a row for each reading and detector: time, detector, score, threshold, alarm, lead. Each is written as a
    whole. One that is there is kept where readings, pipeline, code and packages are those it was made of. Raises
    ValueError with a sentence for what can't be scored; of pieces that failed, after all others are scored.
    """
    folder, to = folder.resolve(), _apart(folder.resolve(), to)
    pieces = find_pieces(folder)
    pipeline = Pipeline.load(model, trusted)
    with crew_on(where) as crew, _marked(to) as marker:
        shipped = crew.ship(model, trusted)
        plants = plan(_surveyed(crew, folder, pieces, pipeline, marker), pipeline.history)
        for plant, planned in plants.items():
            _refuse_clock(pipeline, folder, plant, planned)
        works = [
            _Work(folder, to, each, shipped, marker, _made_of(shipped, each)) for of in plants.values() for each in of
        ]
        missing = [work for work in works if force or not _is_made(work)]
        names = [work.planned.extent.piece.called for work in missing]
        begin(names)
        outcomes = crew.run(missing, score_piece, ended=ended)
    rows = values_of(outcomes, names)
    return Scored(
        to,
        {plant: len(planned) for plant, planned in plants.items()},
        sum(rows),
        len(works) - len(missing),
        _stale(to, works),
    )


def read_scores(folder: str | Path) -> pd.DataFrame:
    """Scores of one plant, or of one of its pieces, in the form of `Pipeline.score`.

    Raises ValueError where there are none, those of several plants or of several pipelines, and for a damaged file.
    """
    paths = sorted(Path(folder).rglob(SCORES_FILE))
    if not paths:
        raise ValueError(f"{folder} holds no {SCORES_FILE}; `python -m swatlib score` makes them")
    if len({Piece(path.parent.relative_to(folder).as_posix(), ()).plant for path in paths}) > 1:
        raise ValueError(f"{folder} holds scores of several plants; name the folder of one")
    tables = [_read(path) for path in paths]
    made = [json.loads(table.schema.metadata[MADE_OF]) for table in tables]
    if len({each.get("pipeline") for each in made}) > 1:
        raise ValueError(f"{folder} holds scores of several pipelines; run `python -m swatlib score` again")
    tags = pd.CategoricalDtype(made[0]["tags"])
    if not sum(map(len, tables)):
        raise ValueError(f"the scores in {folder} have no row")
    joined = pd.concat([_wide(table, tags) for table in tables if len(table)])
    return joined.sort_index(kind="stable")


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        said = str(error).partition("\n")[0]
        raise ValueError(f"{path} is damaged ({said}); delete it and run `python -m swatlib score` again") from None


def score_piece(work: _Work) -> int:
    """Score a piece after the rows before it and write its scores; how many rows it has."""
    _refuse_apart(work.folder, work.marker)
    pipeline, rows = loaded(work.shipped), 0
    past = last_readings(work.folder, work.planned.before, pipeline.tags, pipeline.history)
    about = {"made_of": work.made_of, "pipeline": work.shipped.archive, "tags": pipeline.tags}
    schema = SCORES_SCHEMA.with_metadata({MADE_OF: json.dumps(about)})
    checked = {"compression": "zstd", "write_page_checksum": True}
    work.path.parent.mkdir(parents=True, exist_ok=True)
    for left in work.path.parent.glob(f".{work.path.stem}.*"):  # of a worker that was killed
        left.unlink(missing_ok=True)
    with replacing(work.path) as unfinished, pq.ParquetWriter(unfinished, schema, **checked) as writer:
        for frame in readings(work.folder, work.planned.extent, pipeline.tags):
            whole = pd.concat([past, frame])
            for table in _long(pipeline.score_last(whole, len(frame)), schema):
                writer.write_table(table)
            past, rows = whole.iloc[-pipeline.history :], rows + len(frame)
    return rows


def _surveyed(crew: Crew, folder: Path, pieces: list[Piece], pipeline: Pipeline, marker: Path) -> list[Extent]:
    """Extents of the pieces that hold rows. Raises ClusterError with the first fault."""
    look = partial(_extents, folder, pipeline.tags, pipeline.period_, marker)
    groups = [tuple(pieces[start : start + SURVEYED]) for start in range(0, len(pieces), SURVEYED)]
    found = [extent for extents in values_of(crew.run(groups, look)) for extent in extents]
    if not found:
        raise ValueError(f"the parquet files of {folder} hold no row")
    return found


def _extents(
    folder: Path, tags: tuple[str, ...], period: pd.Timedelta, marker: Path, pieces: tuple[Piece, ...]
) -> list[Extent]:
    _refuse_apart(folder, marker)
    found = (extent_of(folder, piece, tags, period) for piece in pieces)
    return [extent for extent in found if extent is not None]


def _refuse_apart(folder: Path, marker: Path) -> None:
    """Raises ClusterError on a machine that has other folders under the same names."""
    for path in (folder, marker):
        if not path.exists():
            where = path.parent if path == marker else path
            raise ClusterError(
                f"{where} is not the same folder on {socket.gethostname()}; put readings and scores on storage that "
                "all machines have under the same path"
            )


@contextmanager
def _marked(to: Path) -> Iterator[Path]:
    """A new file in the folder of scores, by which workers know that they have the same folder."""
    path = to / f".swatlib-{uuid4().hex}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _apart(folder: Path, to: Path | None) -> Path:
    to = folder.with_name(f"{folder.name}-scores") if to is None else to.resolve()
    if to == folder or folder in to.parents or to in folder.parents:
        raise ValueError(f"scores can't go to {to}: they would lie among the readings of {folder}; name another folder")
    return to


def _refuse_clock(pipeline: Pipeline, folder: Path, plant: str, planned: list[PlacedPiece]) -> None:
    if sum(each.extent.rows for each in planned) <= pipeline.history:
        return
    period = usual_period(folder, planned)
    if period is not None:
        try:
            pipeline.require_period(period)
        except ValueError as error:
            raise ValueError(f"{plant or folder}: {error}") from None


def _made_of(shipped: Shipped, planned: PlacedPiece) -> str:
    """Digest of all that the scores of a piece depend on."""
    stamps = [f"{each.piece.place} {each.stamp}" for each in (*planned.before, planned.extent)]
    parts = [SCORES_FORMAT, shipped.archive, *_code(), *stamps]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _code() -> tuple[str, ...]:
    return code_digest(KINDS["results"]), json.dumps(versions())


def _is_made(work: _Work) -> bool:
    """Whether the scores of a piece are there, of the same readings, pipeline and code."""
    try:
        about = json.loads((pq.read_schema(work.path).metadata or {})[MADE_OF])
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return False
    return about["made_of"] == work.made_of


def _stale(to: Path, works: list[_Work]) -> tuple[str, ...]:
    there = {path.parent.relative_to(to).as_posix() for path in to.rglob(SCORES_FILE)}
    return tuple(sorted(there - {work.planned.extent.piece.place for work in works}))


def _long(scores: pd.DataFrame, schema: pa.Schema) -> Iterator[pa.Table]:
    """A table of each detector, in its order."""
    times = pa.array(scores.index.to_numpy().astype("datetime64[us]"))
    for name in scores.columns.unique(0):
        judged = scores[name]
        lead = pa.array(judged["lead"]).cast(pa.string())
        columns = [
            times,
            pa.array([name] * len(judged)),
            *(judged[field].to_numpy() for field in schema.names[2:5]),
            lead,
        ]
        yield pa.table(columns, schema=schema)


def _wide(table: pa.Table, tags: pd.CategoricalDtype) -> pd.DataFrame:
    """The form of `Pipeline.score`: columns (detector, field)."""
    frame = table.to_pandas().astype({"time": "datetime64[ns]"})
    parts = {
        name: each.drop(columns="detector").set_index("time").assign(lead=each["lead"].astype(tags).to_numpy())
        for name, each in frame.groupby("detector", sort=False)
    }
    return pd.concat({name: part.astype({"lead": tags}) for name, part in parts.items()}, axis=1)
