"""The PyOD field: every detector of PyOD on the same rows, each in a process of its own with limits of time and memory.

A detector that fails is a row of the table too. Rows are cached as they come, so that a run can be taken up again.
"""

import hashlib
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from swatlib.atomic import replacing, write_text
from swatlib.cached import Form, cached
from swatlib.cluster import HERE, Crew, values_of
from swatlib.detectors.base import seeded
from swatlib.detectors.pyod import SUPERVISED, made, missing_package, names
from swatlib.memory import keep_memory
from swatlib.metrics.case import event_intervals
from swatlib.settings import settings
from swatlib.side_by_side import Outcome
from swatlib.studies.benchmark import BenchmarkRun, benchmark_runs
from swatlib.studies.pair import without_startup
from swatlib.views.features import Features
from swatlib.wording import did_you_mean

RANDOM = "random"
FIELD_COLUMNS = [
    "detector",
    "rows",
    "status",
    "fit_s",
    "score_s",
    "memory_mb",
    "average_precision",
    "found",
    "of",
    "says",
]
# elsewhere libraries of the system may not survive a fork
ATTEMPTS = get_context("forkserver") if sys.platform == "linux" else get_context("spawn")
IMPORTED_ONCE = ("pyod.models.base", "sklearn.metrics", __name__)  # by the process that is forked for each attempt
FIT, THIN = 50_000, 10  # rows to draw from; of the rows to score every tenth
PATIENCE = 20  # times the limit that a process which waits more than it computes may take


@dataclass(frozen=True)
class ProcessLimits:
    """What one fit and its scores may take: seconds of processor time, which no other work on the machine changes, and
    GB of address space. To exceed them is an outcome.
    """

    seconds: float = 120.0
    gigabytes: float = 4.0


def field(
    detectors: tuple[str, ...] = (),
    sizes: tuple[int, ...] = (1_000, 5_000, 20_000),
    run: int = 3,
    limits: ProcessLimits = ProcessLimits(),
    progress: Callable[[str], None] = lambda _: None,
    crew: Crew = HERE,
) -> pd.DataFrame:
    """One row a detector and size: status and figures, on the features of a run of swat-sim-1; the first is `random`.

    status: "ok", "time-out", "out of memory", "needs labels", "needs NAME" (a package that is not there) or
    "error", whose text stands in `says`. A detector that takes too long for a size is not tried on larger ones.
    fit_s, score_s: seconds of processor time, that of processes which a detector starts itself not among them.
    memory_mb: most that the process held. average_precision: over every tenth attacked row. found, of: attacks with
    a score above all but 0.1 % of other normal rows. What was computed with the same features, PyOD and limits is
    read from reports/field/. A name or size given twice counts once. Raises ValueError for an unknown name, and for
    sizes that are not between 1 and FIT. crew: does the work, side by side where it is several.
    """
    chosen = list(dict.fromkeys(name.lower() for name in detectors)) or [RANDOM, *names()]
    sizes = tuple(dict.fromkeys(sizes))
    refuse_field(chosen, sizes)
    data = prepare_field(run)
    digest = hashlib.sha256(f"{data.name} {version('pyod')} {asdict(limits)} processor".encode()).hexdigest()[:12]
    path = settings().reports_folder / "field" / f"{digest}.csv"
    done = _cached(path)

    def keep(each: tuple[str, int], row: dict) -> None:
        done.loc[each, FIELD_COLUMNS[2:]] = pd.Series(row)
        write_text(path, done.sort_index().to_csv())
        _say(progress, done, each)

    for size in sorted(sizes):
        missing = []
        for each in ((name, size) for name in chosen):
            if each in done.index:
                _say(progress, done, each)
            elif smaller := _too_long(done, *each):
                keep(each, {"status": "time-out", "says": f"{smaller:,} rows took more than {limits.seconds:g} s"})
            else:
                missing.append(each)

        def ended(place: int, outcome: Outcome[dict], of: list[tuple[str, int]] = missing) -> None:
            if outcome.value is not None:
                keep(of[place], outcome.value)

        points = [(name, rows, run, data, limits) for name, rows in missing]
        values_of(crew.run(points, _attempt_on, ended=ended), [f"{name}, {rows:,} rows" for name, rows in missing])
    return _cached(path).loc[[(name, rows) for name in chosen for rows in sizes]]


def _too_long(done: pd.DataFrame, name: str, rows: int) -> int:
    """The least number of rows, fewer than these, that took this detector too long; 0 where there is none."""
    smaller = done[(done["status"] == "time-out") & (done.index.get_level_values("detector") == name)]
    return min((size for size in smaller.index.get_level_values("rows") if size < rows), default=0)


def _say(progress: Callable[[str], None], done: pd.DataFrame, each: tuple[str, int]) -> None:
    progress(f"{each[0]}, {each[1]:,} rows: {done.loc[each, 'status']}")


def _attempt_on(point: tuple[str, int, int, Path, ProcessLimits]) -> dict:
    """What `attempt` gives, on the machine that is asked, which must make the same features of the run."""
    name, rows, run, features, limits = point
    data = features if features.exists() else prepare_field(run)
    if data.name != features.name:
        raise ValueError(f"run {run} has other features on {socket.gethostname()}; let machines of one kind work")
    return attempt(name, rows, data, limits)


def refuse_field(detectors: Iterable[str], sizes: Iterable[int]) -> None:
    """Raises ValueError for a name that PyOD has not, and for sizes that are not between 1 and FIT."""
    if unknown := [name for name in detectors if name not in {RANDOM, *names()}]:
        hint = did_you_mean(unknown[0], names())
        raise ValueError(f"PyOD has no detector {unknown[0]!r}.{hint} Choose from {', '.join(names())}")
    if wrong := [size for size in sizes if not 1 <= size <= FIT]:
        raise ValueError(f"{wrong[0]:,} rows to fit on can't be drawn; there are {FIT:,}")


def by_size(table: pd.DataFrame) -> pd.DataFrame:
    """What ran, a detector a row: average precision and attacks found at each size, seconds and memory at the largest.

    The best at its largest size comes first. table: as `field` gives it.
    """
    ran = table[table["status"] == "ok"]
    sizes = {name: ran[name].unstack("rows") for name in ("average_precision", "found")}
    largest = ran.groupby("detector")[["fit_s", "score_s", "memory_mb"]].last()
    wide = pd.concat(sizes | {"largest": largest}, axis=1)
    return wide.loc[ran.groupby("detector")["average_precision"].last().sort_values(ascending=False).index]


def not_run(table: pd.DataFrame) -> pd.DataFrame:
    """What did not run at some size: its outcomes, the sizes (rows), and what the last of them said."""
    failed = table[table["status"] != "ok"].reset_index()
    groups = failed.groupby(["status", "detector"], sort=True)
    return groups.agg(rows=("rows", lambda sizes: ", ".join(f"{size:,}" for size in sizes)), says=("says", "last"))


def attempt(name: str, rows: int, data: Path, limits: ProcessLimits) -> dict:
    """Fit and score in a new process; what came of it, as a row of the table."""
    if name in SUPERVISED:
        return {"status": "needs labels", "says": "is fitted on labels, which no detector is given here"}
    ATTEMPTS.set_forkserver_preload([*IMPORTED_ONCE])
    ours, theirs = ATTEMPTS.Pipe(duplex=False)
    process = ATTEMPTS.Process(target=_work, args=(theirs, name, rows, data, limits), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()  # all is imported, the clock may start
        return ours.recv() if ours.poll(PATIENCE * limits.seconds) else _timed_out(limits)
    except EOFError:  # it died before it could say why
        process.join()
        if process.exitcode == -signal.SIGPROF:
            return _timed_out(limits)
        return {"status": "error", "says": f"the process ended with code {process.exitcode}"}
    finally:
        process.kill()
        process.join()


def _timed_out(limits: ProcessLimits) -> dict:
    return {"status": "time-out", "says": f"{limits.seconds:g} s"}


def _work(answer, name: str, rows: int, data: Path, limits: ProcessLimits) -> None:
    keep_memory()
    most = int(limits.gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    answer.send(None)
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)  # its signal ends the process
    try:
        answer.send(_measure(name, rows, data))
    except (ImportError, NameError) as error:
        answer.send({"status": f"needs {missing_package(error)}", "says": _one_line(error)})
    except MemoryError as error:
        answer.send({"status": "out of memory", "says": str(error) or f"{limits.gigabytes:g} GB"})
    except Exception as error:  # whatever it is, it is the outcome
        answer.send({"status": "error", "says": f"{type(error).__name__}: {_one_line(error)}"[:200]})


def _measure(name: str, rows: int, data: Path) -> dict:
    from sklearn.metrics import average_precision_score

    given = np.load(data)
    drawn = np.random.default_rng(0).choice(len(given["fit"]), rows, replace=False)
    model = _Random() if name == RANDOM else made(name, given["fit"].shape[1])
    started = time.process_time()
    with seeded(0):
        model.fit(given["fit"][np.sort(drawn)])
    fitted = time.process_time()
    heldout, score = model.decision_function(given["heldout"]), model.decision_function(given["attacked"])
    scored = time.process_time()
    if not np.isfinite(score).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(score)):,} of {len(score):,} scores are not finite")
    event = given["event"]
    caught = np.unique(event[(score > np.quantile(heldout, 0.999)) & (event > 0)])
    return {
        "status": "ok",
        "fit_s": fitted - started,
        "score_s": scored - fitted,
        "memory_mb": _peak_mb(),
        "average_precision": average_precision_score(event > 0, score),
        "found": len(caught),
        "of": int(event.max()),
        "says": "",
    }


class _Random:
    """Random scores: the baseline of the other detectors."""

    def fit(self, X: np.ndarray) -> None:
        self.drawn_ = np.random.default_rng(0)

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return self.drawn_.random(len(X))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _peak_mb() -> float:
    """Most memory this process held; Linux's ru_maxrss would be that of the process which started it, if larger."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def prepare_field(number: int) -> Path:
    """Features of a run, in the cache folder: rows to fit on, other normal ones, attacked ones, their event.

    Their file is named after what it holds, so that what was computed on them serves as long as they are the same.
    """
    path = _kept_features(number)
    return path if path.exists() else _kept_features(number, force=True)


def _kept_features(number: int, force: bool = False) -> Path:
    form = Form(".txt", _write_name, _read_name)
    return cached("tables", "field", [number, FIT, THIN], form, lambda: _save_features(number), force).the_value()


def _write_name(path: Path, features: Path) -> None:
    path.write_text(features.stem)


def _read_name(path: Path) -> Path:
    if not re.fullmatch("[0-9a-f]{16}", name := path.read_text()):
        raise ValueError("no name of a file of features")
    return _features_file(name)


def _features_file(name: str) -> Path:
    return settings().cache_folder / "field" / f"{name}.npz"


def _save_features(number: int) -> Path:
    arrays = dict(_arrays(next(iter(benchmark_runs("swat-sim-1", (number,))))))
    digest = hashlib.sha256(b"".join(name.encode() + array.tobytes() for name, array in arrays.items())).hexdigest()[
        :16
    ]
    path = _features_file(digest)
    if not path.exists():
        with replacing(path) as unfinished:
            np.savez(unfinished, allow_pickle=False, **arrays)
    return path


def _arrays(run: BenchmarkRun) -> Iterator[tuple[str, np.ndarray]]:
    frame = without_startup(run.normal)
    half = len(frame) // 2
    features = Features().fit(frame.iloc[:half])
    X = features.transform(frame.iloc[:half])[features.history :]
    yield "fit", X[np.linspace(0, len(X) - 1, min(FIT, len(X))).astype(int)]
    yield "heldout", features.transform(frame.iloc[half:])[features.history :: THIN]
    index = run.attacked.frame.index
    numbers = np.zeros(len(index), int)
    for number, (start, stop) in enumerate(event_intervals(run.attacked.events, index), 1):
        numbers[start:stop] = number
    yield "attacked", features.transform(run.attacked.frame)[features.history :: THIN]
    yield "event", numbers[features.history :: THIN]


def _cached(path: Path) -> pd.DataFrame:
    index = FIELD_COLUMNS[:2]
    if path.exists():
        return pd.read_csv(path, keep_default_na=True).astype({"says": object}).set_index(index)
    return pd.DataFrame(columns=FIELD_COLUMNS).astype({"status": object, "says": object}).set_index(index)
