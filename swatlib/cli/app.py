"""The verbs of `python -m swatlib`; each is a few calls that a notebook could make too.

What a verb needs is imported when it runs, so that `--help` answers at once.
"""

import gc
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from typer.core import TyperGroup

from swatlib.cli import live_verbs as commands
from swatlib.cli.alarm_verbs import alarms
from swatlib.cli.stopping import Ended, end_at_first_signal
from swatlib.cli.terminal import CountedBar, NotebookBars, PointBar, err, out, print_table, refuse_typed, say
from swatlib.wording import count, listed

if TYPE_CHECKING:
    import pandas as pd

    from swatlib.cluster import Crew, Place
    from swatlib.data import Recording
    from swatlib.pipeline import Pipeline
    from swatlib.report.sweep_points import Sweep

WHOLE_2015 = {"start": "2015-12-22 16:00", "days_normal": 5.75, "days_attack": 449_919 / (24 * 3_600)}
COMPARED = (
    "event_recall",
    "event_f1",
    "alarms_per_day",
    "false_alarms_per_day",
    "false_positive_rate",
    "delay_median_s",
    "f1",
    "average_precision",
)
JUDGED = ("found", "of", "recall_95", "delay_median_s", "near", "false_alarms_per_day", "in_alarm_outside")
LIVE_NOTEBOOK = "05-live"  # needs servers
FIELD_ROWS = (1_000, 5_000, 20_000)
WRITTEN = (".xlsx", ".csv", ".parquet")
REFIT_KEEPS = ("detector", "budget", "days_normal", "seed")  # options that say nothing beside --from
SIMULATED = ("start", "days_normal", "days_attack")  # options that say nothing beside files
TOO_SHORT = "no advice on a refit: less than an hour of these rows has a score"
ENDED_BY_USER = 130  # what a shell reports for a program that Ctrl-C ended


class _Verbs(TyperGroup):
    """An error that its user can mend is one sentence; `--debug` shows where it arose."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            # asyncio remarks on what was cut off, long after the notebook it belonged to was saved
            warnings.filterwarnings("ignore", "coroutine .* was never awaited")
            err.print("Stopped.")
            raise typer.Exit(error.code if isinstance(error, Ended) else ENDED_BY_USER) from None
        except (ValueError, OSError) as error:
            if ctx.params["debug"]:
                raise
            err.print(f"[bold red]Error:[/] {escape(_in_words(error))}", soft_wrap=True, highlight=False)
            raise typer.Exit(1) from None


def _in_words(error: ValueError | OSError) -> str:
    """What it says, of an answer of the system in a sentence with what to do."""
    if not isinstance(error, OSError) or error.strerror is None or type(error).__module__ != "builtins":
        return str(error)
    if error.filename and isinstance(error, FileExistsError | NotADirectoryError) and Path(error.filename).is_file():
        return f"{error.filename} is a file, and a folder is wanted; name another place"
    place = f"{error.filename} can't be read or written: " if error.filename else ""
    return f"{place}{error.strerror.lower()}; give another place, or mend this one"


app = typer.Typer(cls=_Verbs, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(commands.live_verbs)
app.add_typer(alarms, name="alarms")

NormalFile = Annotated[
    Path | None, typer.Option("--normal", help="File of normal days.", exists=True, dir_okay=False, resolve_path=True)
]
AttackFile = Annotated[
    Path | None, typer.Option("--attack", help="File with attacks.", exists=True, dir_okay=False, resolve_path=True)
]
DaysNormal = Annotated[float, typer.Option(help="Normal days to simulate when no file is given.", min=0.1, max=3_660)]
DaysAttack = Annotated[
    float, typer.Option(help="Days with attacks to simulate when no file is given.", min=0.1, max=3_660)
]
Seed = Annotated[int, typer.Option(help="Of the simulated plant: the same seed gives the same rows.")]
Detectors = Annotated[
    list[str] | None,
    typer.Option(
        "--detector",
        metavar="DETECTOR",
        help="As in pca, lof:neighbours=50, pyod:KNN, my_detector.py:ZScore. Repeat; the default is all seven.",
    ),
]
Budget = Annotated[float, typer.Option(help="False alarms per day that each detector may raise.", min=0.001, max=48)]
Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="NAME=VALUES",
        help="Compute each value, as in budget=0.5,1,2 or seed=1..5, on a page of their own; repeat for a grid.",
    ),
]
SweepName = Annotated[str | None, typer.Option("--name", help="Of the sweep, for its folder.")]
PointJobs = Annotated[
    int | None,
    typer.Option(help="Processes side by side; if not said, 1, and for a sweep as many as fit.", min=1),
]
Runs = Annotated[
    list[int] | None,
    typer.Option("--run", help="Seed of the plant, or run of swat-sim-1; repeat; the published ones if not said."),
]

On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="MASTER",
        help="Spark's executors do the work: spark://host:7077, local-cluster[2,1,1024]; see docs/scaling-out.md.",
    ),
]


@app.callback()
def main(debug: Annotated[bool, typer.Option(help="Show where an error arose.")] = False) -> None:
    """Attack detection on the Secure Water Treatment testbed (SWaT): from recordings to an illustrated report."""


@app.command(epilog="Example: python -m swatlib report 03-detector -p detector=pca -p budget=0.5")
def report(
    notebooks: Annotated[list[str] | None, typer.Argument(help="By name or path; all when none is named.")] = None,
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="May repeat; a list takes commas."),
    ] = None,
    normal: NormalFile = None,
    attack: AttackFile = None,
    sweep: Sweeps = None,
    whole: Annotated[bool, typer.Option("--whole", help="Simulate all eleven days of 2015, not a small part.")] = False,
    name: Annotated[str | None, typer.Option(help="Of the run, for its folder; the default is date and time.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Notebooks, or points of a sweep, side by side; if not said, one a core, as far as there are 1.5 GB "
            "of free memory for each.",
            min=1,
        ),
    ] = None,
    on: On = None,
) -> None:
    """Execute notebooks into reports/<run>/; reports/index.html shows them as they come.

    The notebooks simulate the plant, or read your files. Each takes those of the parameters that it has. Ctrl-C ends
    the run and keeps what it has. With --sweep, a run for each point of a grid and one page of all; the same command
    again computes only what is missing or failed.
    """
    end_at_first_signal()
    from swatlib.report import notebook_parameters as cells
    from swatlib.report.forked_kernel import prepare_forks

    paths = [cells.find_notebook(each) for each in notebooks] if notebooks else _that_can_run(cells.all_notebooks())
    known = {key: default for path in paths for key, default in cells.defaults(path).items()}
    simulated = {key: value for key, value in WHOLE_2015.items() if key in known} if whole and not normal else {}
    values = simulated | _files(normal, attack) | cells.parse_assignments(parameter or (), known)
    if sweep:
        from swatlib.report.sweep_points import notebook_sweep

        axes, fixed = _axes(sweep, known, values)
        if both := [each for each in axes if each in cells.parse_assignments(parameter or (), known)]:
            raise cells.ReportError(f"{both[0]} is given by -p and by --sweep; leave out one of them.")
        _sweep(notebook_sweep(paths, axes, fixed, name), jobs, on)
        return
    if on:
        raise typer.BadParameter("--on goes with --sweep: a run of notebooks without it is made on this machine.")
    forked = prepare_forks()  # it imports while this process does
    from swatlib.report.runner import report as execute

    gc.freeze()  # all that was imported stays; to compile the plant takes a fifth less when it is not looked through
    with NotebookBars() as bars:
        index = execute(paths, values, name, jobs, bars.begin, bars, forked)
    say(f"Report: {index}")


@app.command(epilog="Example: python -m swatlib simulate two-days.xlsx --duration 2d --start '2015-12-27 16:00'")
def simulate(
    path: Annotated[Path, typer.Argument(help=".xlsx or .csv in the form of the official files, or .parquet")],
    *,
    duration: Annotated[str, typer.Option(help="Seconds, or as pandas writes it: 90min, 12h, 2d.")] = "1d",
    start: Annotated[str, typer.Option(help="First second, with empty tanks; attacks begin on 2015-12-28.")] = (
        "2015-12-22 16:00"
    ),
    attacks: Annotated[bool, typer.Option(help="With the attacks of 2015 that fall into the time.")] = True,
    seed: Seed = 0,
    plant: Annotated[
        Literal["2015", "2017"],
        typer.Option(help="Parameters of the plant."),
    ] = "2015",
    labels: Annotated[Literal["exact", "official"], typer.Option(help="Official ones err as in 2015.")] = "exact",
) -> None:
    """Simulate the plant and write what it recorded to a file."""
    from pandas import Timedelta

    from swatlib.simulation import simulate as run
    from swatlib.simulation.attacks import first_attack_2015

    if path.suffix not in WRITTEN or path.is_dir():
        raise ValueError(f"can't write {path}: give the name of a file that ends in {', '.join(WRITTEN)}")
    span = int(duration) if duration.isdigit() else duration
    recording = run(span, "2015" if attacks else [], seed, start, plant, labels)
    _write(recording, path)
    say(f"{path}: {_extent(recording)}")
    if attacks and recording.events is not None and recording.events.empty:
        first = first_attack_2015(recording.frame.index[0])
        say(
            f"No row is under attack: the first attack is due at {first} and needs full tanks, which take a day to "
            f"fill. Try --start '{first.floor('h') - Timedelta('1d')}' --duration 2d."
        )


@app.command(epilog="Example: python -m swatlib inspect SWaT_Dataset_Attack_v0.xlsx")
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Files of one recording: xlsx, csv, parquet, zip.")],
) -> None:
    """Say what a file holds, what was wrong with it and what was done about it; list its tags."""
    from swatlib.data import load

    recording = load(*files)
    say(_extent(recording), f"checksum {recording.checksum}", *(f"• {finding}" for finding in recording.findings))
    print_table(_tag_table(recording))


@app.command(epilog="Example: python -m swatlib fit models/swat --normal SWaT_Dataset_Normal_v1.xlsx --detector pca")
def fit(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the pipeline is saved.", file_okay=False)],
    *,
    normal: Annotated[
        list[Path] | None,
        typer.Option("--normal", help="File of normal days; repeat.", exists=True, dir_okay=False, resolve_path=True),
    ] = None,
    days_normal: DaysNormal = 2.0,
    seed: Seed = 0,
    detector: Detectors = None,
    budget: Budget = 1.0,
    old: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A pipeline to refit, with its detectors and budget.", exists=True, file_okay=False
        ),
    ] = None,
    add: Annotated[
        list[Path] | None,
        typer.Option(
            "--add", help="File of further normal days; repeat.", exists=True, dir_okay=False, resolve_path=True
        ),
    ] = None,
    trust: commands.Trusted = None,
) -> None:
    """Fit a pipeline on normal days, from a file or simulated, and save it.

    With --from and --add an older pipeline is fitted anew on its own normal days, found again and held to their
    checksum, and on new ones; --normal then says where a file of it lies that has moved.
    """
    from swatlib.arrays import SECONDS_PER_DAY
    from swatlib.data import load
    from swatlib.saved import check_place
    from swatlib.simulation import simulate as run

    check_place(folder)
    if bool(old) != bool(add):
        raise typer.BadParameter("--from and --add go together: a pipeline, and new normal days for it.")
    if old:
        refuse_typed(
            context,
            REFIT_KEEPS,
            f"a refit keeps the detectors, the budget and the normal days of {old}; leave it out, or fit without "
            "--from.",
        )
        pipeline = _refit(old, [load(path) for path in add or ()], trust or (), normal or [])
    else:
        if normal:
            refuse_typed(
                context, ("days_normal", "seed"), "it is of the simulated plant; leave it out, or fit without --normal."
            )
        pipeline = _pipeline(detector, budget)  # names an unknown detector before anything is read
        days = [load(path) for path in normal or ()]
        if findings := [finding for each in days for finding in _found(each, days)]:
            say(*findings)
        pipeline.fit(*days or [run(round(days_normal * SECONDS_PER_DAY), attacks=None, seed=seed)])
    pipeline.save(folder)
    say(f"{folder}: {', '.join(pipeline.detectors)}, fitted on {'; '.join(map(str, pipeline.fitted_on))}")
    if pipeline.caveat:
        say(pipeline.caveat)
    if own := pipeline.untrusted(folder):
        say(f"To stream it: python -m swatlib stream {folder} {' '.join(f'--trust {name}' for name in own)}")


@app.command(epilog="Example: python -m swatlib score plants models/swat --on spark://host:7077")
def score(
    folder: Annotated[Path, typer.Argument(help="Parquet files of readings, as in plant=a/day=2026-01-01/.")],
    pipeline: Annotated[Path, typer.Argument(help="What `python -m swatlib fit` saved.", exists=True, file_okay=False)],
    *,
    to: Annotated[Path | None, typer.Option(help="Where scores go; the default is beside FOLDER.")] = None,
    trust: commands.Trusted = None,
    on: On = None,
    jobs: PointJobs = None,
    force: Annotated[bool, typer.Option("--force", help="Score anew what is there.")] = False,
) -> None:
    """Score recordings of many plants into Parquet, partitioned alike, equal to one pass over each plant.

    Started again, it scores what is missing or has changed. docs/scaling-out.md describes both folders.
    """
    end_at_first_signal()
    from swatlib.cluster import score_folder

    with CountedBar("pieces scored") as bar:
        done = score_folder(folder, pipeline, to, _place(on, jobs), trust or (), bar.begin, bar, force)
    say(
        f"{count(sum(done.pieces.values()), 'piece')} of {count(len(done.pieces), 'plant')}, {done.kept:,} of them kept"
    )
    say(f"{count(done.rows, 'row')} scored into {done.to}")
    if done.stale:
        say(f"There are scores without readings, which were left: {listed(done.stale, 3)}")


@app.command(epilog="Example: python -m swatlib compare --normal normal.xlsx --attack attack.xlsx --detector pca")
def compare(
    context: typer.Context,
    *,
    normal: NormalFile = None,
    attack: AttackFile = None,
    start: Annotated[str, typer.Option(help="First simulated second; attacks begin on 2015-12-28.")] = (
        "2015-12-26 10:00"
    ),
    days_normal: DaysNormal = 2.0,
    days_attack: DaysAttack = 1.0,
    seed: Seed = 0,
    detector: Detectors = None,
    budget: Budget = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Compute anew what the cache holds.")] = False,
) -> None:
    """Fit on normal days, judge on the attacks, and print a row for each detector and each baseline."""
    from swatlib.data import attacks
    from swatlib.metrics import verdict
    from swatlib.results import cached_comparison, cached_draws, cached_results
    from swatlib.studies.pair import recordings

    pipeline = _pipeline(detector, budget)
    if files := _files(normal, attack):
        refuse_typed(context, SIMULATED, "it is of the simulated plant; leave it out, or compare without files.")
    normal_days, attacked = recordings(
        **files, start=start, days_normal=days_normal, days_attack=days_attack, seed=seed
    )
    results, events = cached_results(pipeline, normal_days, attacked, force), attacks(attacked)
    table = cached_comparison(results.scores, attacked.label, events, seed, force)
    say(*results.notes, f"computed: {', '.join(results.computed) or 'nothing, all was in the cache'}")
    each = (("normal", normal_days), ("attack", attacked)) if normal else ()
    found = [f"{which} file: {finding}" for which, recording in each for finding in recording.findings]
    say(*found, f"fitted on {_extent(normal_days)}", f"judged on {_extent(attacked)}, {count(len(events), 'attack')}")
    if results.caveat:
        say(results.caveat)
    print_table(_metric_table(table))
    samples = cached_draws(results.scores, attacked.label, events, seed, force)
    say(verdict(table, samples).replace("**", ""))


@app.command(epilog="Example: python -m swatlib benchmark swat-sim-1 --run 3 --detector guard --detector pca")
def benchmark(
    name: Annotated[
        Literal["swat-2015", "swat-sim-1", "swat-stress", "swat-days", "swat-budgets"],
        typer.Argument(help="Which benchmark: attacks, what else goes wrong, or normal days after the fit."),
    ],
    *,
    run: Runs = None,
    detector: Detectors = None,
    budget: Budget = 1.0,
    sweep: Sweeps = None,
    sweep_name: SweepName = None,
    jobs: PointJobs = None,
    on: On = None,
) -> None:
    """Compare detectors on every run of a benchmark; for the speed of this package see `bench`.

    swat-stress judges the schedule of 2015 with one thing wrong at a time, swat-days the normal days after a fit,
    swat-budgets whether budgets of 0.5, 1 and 4 are kept on the two days after 2.25 and 5.75 normal days of 20 plants,
    and what comes of fits on 4 to 36 hours.

    Tables here and as CSV under reports/benchmark/. With --sweep of run, detector or budget, a page under reports/.
    """
    from swatlib.studies.benchmark import run_benchmark, save_tables

    if sweep:
        from swatlib.pipeline import DEFAULT
        from swatlib.report.sweep_points import benchmark_sweep

        given = {"run": run or [], "detector": list(detector or DEFAULT), "budget": budget}
        axes, fixed = _axes(sweep, {"run": 1, "detector": "", "budget": 1.0}, given)
        end_at_first_signal()
        _sweep(benchmark_sweep(name, axes, fixed, sweep_name), jobs, on)
        return
    pipeline = _pipeline(detector, budget)
    runs = tuple(run or ())
    with _crew(on, jobs, detector or ()) as crew:
        if name not in ("swat-2015", "swat-sim-1"):
            _other_days(name, runs, pipeline, crew)
            return
        judged = run_benchmark(name, runs, lambda: deepcopy(pipeline), lambda done: say(f"{done}: done"), crew=crew)
    say(f"{name}: {count(judged.runs['run'].nunique(), 'run')}, budget {budget:g} false alarms per day")
    summed, shares = judged.summary(), judged.by_class()
    for table in (summed.droplevel("kind")[list(JUDGED)], shares):
        print_table(table)
    say(f"Tables: {save_tables(name, runs, summary=summed, classes=shares, curve=judged.curve(), **vars(judged))}")


@app.command(epilog="Example: python -m swatlib ablation swat-sim-1 --run 1 --run 2")
def ablation(
    name: Annotated[Literal["swat-2015", "swat-sim-1"], typer.Argument(help="Which benchmark.")],
    *,
    run: Runs = None,
) -> None:
    """Judge the guard without each of its parts in turn; a table here and as CSV under reports/benchmark/."""
    from swatlib.studies.benchmark import ablation as parts
    from swatlib.studies.benchmark import save_tables

    runs = tuple(run or ())
    table = parts(name, runs, progress=lambda done: say(f"{done}: done"))
    print_table(table[[*JUDGED, "earns"]])
    say(f"Tables: {save_tables(name, runs, ablation=table)}")


@app.command(epilog="Example: python -m swatlib ceiling --run 3 --jobs 2")
def ceiling(
    *,
    run: Annotated[
        list[int] | None, typer.Option("--run", help="Run of swat-sim-1; repeat; all if not said.", min=1)
    ] = None,
    jobs: PointJobs = None,
    on: On = None,
) -> None:
    """Ask which attacks of swat-sim-1 could be found at all, by a clairvoyant that knows each in advance.

    An oracle study: it compares the plant with and without each attack, and nothing of it reaches a detector. A table
    by kind here, beside what the detectors found as published, and one row an attack as CSV under reports/benchmark/.
    """
    from swatlib.studies.benchmark import save_tables
    from swatlib.studies.ceiling import SHARED_BY, by_kind, ceiling_trials
    from swatlib.studies.measured import measured_benchmark

    runs = tuple(run or ())
    with _crew(on, jobs) as crew:
        table = ceiling_trials(runs, lambda done: say(f"{done}: done"), crew=crew)
    kinds = by_kind(table, measured_benchmark("swat-sim-1"))
    say(
        f"One false alarm a day for each attack alone (once_a_day), or for {SHARED_BY} such templates together (shared)"
    )
    print_table(kinds)
    say(f"Tables: {save_tables('swat-sim-1', runs, ceiling=table, kinds=kinds)}")


@app.command(epilog="Example: python -m swatlib slides 2026-11-24-210000")
def slides(
    report: Annotated[str, typer.Argument(help="Name or folder of a run with 04-comparison or 08-attacks.")],
) -> None:
    """Make slides of an executed run: one page to show, a PDF where Chromium is found, figures and tables as files."""
    from swatlib.report.slides import slides as make

    made = make(report)
    say(*made.notes, f"Slides: {made.page}")
    say(f"PDF: {made.pdf}" if made.pdf else "No PDF: no Chromium is found; the browser's own print makes one.")
    say(f"Figures and tables: {made.files}")


@app.command(epilog="Example: python -m swatlib field --detector hbos --detector knn --rows 1000")
def field(
    *,
    detector: Annotated[
        list[str] | None, typer.Option("--detector", help="Name in PyOD; repeat; all if not said.")
    ] = None,
    rows: Annotated[
        list[int] | None, typer.Option(help="Rows to fit on; repeat; 1000, 5000 and 20000 if not said.", min=1)
    ] = None,
    run: Annotated[int, typer.Option(help="Run of swat-sim-1.")] = 3,
    seconds: Annotated[float, typer.Option(help="Processor time for one fit and its scores.", min=1)] = 120.0,
    gigabytes: Annotated[float, typer.Option(help="Address space for it.", min=0.5)] = 4.0,
    sweep: Sweeps = None,
    sweep_name: SweepName = None,
    jobs: PointJobs = None,
    on: On = None,
) -> None:
    """Try every detector of PyOD on the same rows, each within limits of time and memory.

    Results are kept as they come: started again, the same command goes on where it stopped. With --sweep of detector,
    rows, run, seconds or gigabytes, a page under reports/.
    """
    from swatlib.studies.pyod_field import ProcessLimits
    from swatlib.studies.pyod_field import field as attempt_all

    if sweep:
        from swatlib.report.sweep_points import field_sweep

        given = {"detector": detector, "rows": rows, "run": run, "seconds": seconds, "gigabytes": gigabytes}
        axes, fixed = _field_axes(sweep, given)
        end_at_first_signal()
        _sweep(field_sweep(axes, fixed, sweep_name), jobs, on)
        return
    limits = ProcessLimits(seconds, gigabytes)
    with _crew(on, jobs) as crew:
        table = attempt_all(tuple(detector or ()), tuple(rows or FIELD_ROWS), run, limits, say, crew)
    shown = ["rows", "status", "fit_s", "average_precision", "found", "says"]
    print_table(table.reset_index().set_index("detector")[shown])


@app.command(epilog="Example: python -m swatlib bench read stream")
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="What to measure; all if not said.")] = None,
) -> None:
    """Measure the speed and memory of this package against its goals; for detectors see `benchmark`.

    A table here and a JSON under reports/bench/.
    """
    from swatlib.cli.performance import measure_performance

    measure_performance(names or [], out)


def _other_days(name: str, seeds: tuple[int, ...], pipeline: "Pipeline", crew: "Crew") -> None:
    """swat-stress, swat-days or swat-budgets: a table a figure, and all of them as CSV."""
    from swatlib.studies.benchmark import save_tables
    from swatlib.studies.kept_budgets import budget_trials, kept_budgets, short_fits
    from swatlib.studies.later_days import another_day, later_summary
    from swatlib.studies.stress_trials import by_stress, stress_test

    def told(done: str) -> None:
        say(f"{done}: done")

    if name == "swat-stress":
        table = stress_test(seeds, lambda: deepcopy(pipeline), progress=told, crew=crew)
        for figure in ("found", "false_alarms_per_day", "in_alarm_outside", "unscored"):
            say(figure)
            print_table(by_stress(table, figure))
        first = table.drop_duplicates(["seed", "stress"])
        say(*(f"{row.stress}, seed {row.seed}: {row.done or 'nothing'}. {row.says}" for row in first.itertuples()))
        tables = {"stress": table}
    elif name == "swat-budgets":
        table = budget_trials(seeds, lambda: deepcopy(pipeline), told, crew=crew)
        tables = {"budgets": table, "summary": kept_budgets(table), "hours": short_fits(table, pipeline.budget)}
        print_table(tables["summary"].reset_index(["days_given", "budget"]))
        print_table(tables["hours"].reset_index("hours"))
    else:
        table = another_day(seeds, lambda: deepcopy(pipeline), told, crew=crew)
        tables = {"days": table, "summary": later_summary(table)}
        print_table(tables["summary"])
    say(f"Tables: {save_tables(name, seeds, **tables)}")


def _axes(
    sweep: list[str], known: dict[str, Any], given: dict[str, Any]
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The axes of a sweep, and the parameters that are given and not swept."""
    from swatlib.report.sweep_grid import parse_sweeps

    axes = parse_sweeps(sweep, known)
    return axes, {name: value for name, value in given.items() if name not in axes}


def _field_axes(sweep: list[str], given: dict[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Detectors and rows that are given beside others are axes too: a point is one detector and one size."""
    known = {"detector": "", "rows": 1_000, "run": 3, "seconds": 120.0, "gigabytes": 4.0}
    axes, fixed = _axes(sweep, known, given)
    if "detector" not in axes:
        from swatlib.detectors.pyod import names

        axes["detector"] = fixed.pop("detector") or names()
    if "rows" not in axes:
        axes["rows"] = list(fixed.pop("rows") or FIELD_ROWS)
    return axes, fixed


def _sweep(given: "Sweep", jobs: int | None, on: str | None) -> None:
    from swatlib.report.sweep import sweep

    with PointBar() as bar:
        if on is None:
            page = sweep(given, jobs, bar.begin, bar)
        else:
            with _crew(on, jobs, given.texts, given.context.get("notebooks", ())) as crew:
                page = sweep(given, crew.width, bar.begin, bar, crew.run)
    say(f"Sweep: {page}")


@contextmanager
def _crew(
    on: str | None, jobs: int | None, detectors: Iterable[str] = (), paths: Iterable[str] = ()
) -> Iterator["Crew"]:
    """Those who do the work, with the files that detectors name. paths: of files that must be the same everywhere."""
    end_at_first_signal()
    from swatlib.cluster import crew_on, files_named

    files = files_named(detectors) | {path: Path(path).read_bytes() for path in paths}
    with crew_on(_place(on, jobs), files) as crew:
        yield crew


def _that_can_run(paths: list[Path]) -> list[Path]:
    """All of them, without the live part where this machine has no servers; that is said, and how to get them."""
    from swatlib.servers import ServicesError, available, connector, java
    from swatlib.settings import settings

    try:
        java(), connector()
    except ServicesError as lack:
        say(f"{LIVE_NOTEBOOK} is left out. {lack}")
        return [path for path in paths if path.stem != LIVE_NOTEBOOK]
    own = settings().influx_url or "influxdb" in available()
    more = "" if own else " Into InfluxDB: `python -m swatlib services install influxdb`."
    say(f"{LIVE_NOTEBOOK} runs Kafka and Spark; points go to {'files' if more else 'InfluxDB'}.{more}")
    return paths


def _place(on: str | None, jobs: int | None) -> "Place":
    """Where the work is done. Raises ServicesError where Spark is asked for and there is no Java."""
    if on is None:
        return jobs or 1
    if jobs is not None:
        raise typer.BadParameter("--on and --jobs exclude each other: the executors do the work, or processes here.")
    from swatlib.servers import java

    java()
    return on


def _files(normal: Path | None, attack: Path | None) -> dict[str, str]:
    if bool(normal) != bool(attack):
        raise typer.BadParameter("--normal and --attack go together: one file to learn from, one to judge by.")
    return {"normal": str(normal), "attack": str(attack)} if normal else {}


def _pipeline(detectors: Sequence[str] | None, budget: float) -> "Pipeline":
    """A pipeline to fit. Raises ValueError for a detector that is unknown, before anything is read or simulated."""
    from swatlib.detectors import refuse_useless
    from swatlib.pipeline import DEFAULT, Pipeline

    for text in detectors or ():
        refuse_useless(text)
    return Pipeline(tuple(detectors or DEFAULT), budget)


def _refit(old: Path, new: list["Recording"], trust: Iterable[str], files: list[Path]) -> "Pipeline":
    """A saved pipeline, fitted on its rows and on new normal days; says first what it made of these."""
    from swatlib.pipeline import Pipeline
    from swatlib.studies.later_days import alarms_by_day, refit_advice

    before = Pipeline.load(old, trust)
    for recording in new:
        if recording.findings:
            say(*_found(recording, new))
        days = alarms_by_day(before, recording)
        say(f"{old} as it was, on {_extent(recording)}:")
        for name, each in days.groupby("detector", sort=False):
            known = each["scored_days"].sum() * 24 >= 1
            say(f"• {name}: {refit_advice(each, before.budget, len(each)) if known else TOO_SHORT}")
    return before.refit(*new, files=files)


def _found(recording: "Recording", among: Sequence["Recording"]) -> list[str]:
    """Its findings, with the name of its file where there are several recordings."""
    name = f"{recording.source[0].name}: " if len(among) > 1 else ""
    return [f"{name}{finding}" for finding in recording.findings]


def _write(recording: "Recording", path: Path) -> None:
    from swatlib.atomic import replacing
    from swatlib.simulation import write_like_swat

    if path.suffix != ".parquet":
        write_like_swat(recording, path)
        return
    with replacing(path) as temporary:
        recording.frame.assign(attack=recording.label).to_parquet(temporary)


def _extent(recording: "Recording") -> str:
    first, last = recording.frame.index[[0, -1]]
    names = ", ".join(source.name for source in recording.source)
    label = "no label" if recording.label is None else f"{recording.label.sum():,} labelled attack"
    return (
        f"{names}: {len(recording.frame):,} rows from {first} to {last}, {len(recording.frame.columns)} tags, {label}"
    )


def _tag_table(recording: "Recording") -> "pd.DataFrame":
    """The columns that are needed first stand first: a narrow terminal leaves out the last ones."""
    from swatlib.data.facts import tag_table

    first = ["description", "unit", "min", "mean", "max", "unchanged"]
    described = tag_table(recording).rename_axis("tag")
    return described[[*first, *(name for name in described if name not in first)]]


def _metric_table(compared: "pd.DataFrame") -> "pd.DataFrame":
    return compared.reindex(columns=list(COMPARED)).dropna(axis=1, how="all").droplevel("kind").rename_axis("")
