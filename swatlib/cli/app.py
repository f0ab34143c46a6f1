"""The command line, `python -m swatlib`: each verb is a few calls that a notebook could make too.

What a verb needs is imported when it runs, so that `--help` answers at once.
"""

import warnings
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from swatlib.cli import live as commands

WHOLE_2015 = {"start": "2015-12-22 16:00", "days_normal": 5.75, "days_attack": 449_919 / 86_400}
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
LIVE = "05-live"  # needs servers
ENDED_BY_USER = 130  # what a shell reports for a program that Ctrl-C ended

out = Console()
err = Console(stderr=True)


class _Verbs(TyperGroup):
    """An error that its user can mend is one sentence; `--debug` shows where it arose."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # asyncio remarks on what was cut off, long after the notebook it belonged to was saved
            warnings.filterwarnings("ignore", "coroutine .* was never awaited")
            err.print("Stopped.")
            raise typer.Exit(ENDED_BY_USER) from None
        except (ValueError, OSError) as error:
            if ctx.params["debug"]:
                raise
            err.print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
            raise typer.Exit(1) from None


app = typer.Typer(cls=_Verbs, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(commands.app)

NormalFile = Annotated[
    Path | None, typer.Option("--normal", help="File of normal days.", exists=True, dir_okay=False, resolve_path=True)
]
AttackFile = Annotated[
    Path | None, typer.Option("--attack", help="File with attacks.", exists=True, dir_okay=False, resolve_path=True)
]
DaysNormal = Annotated[float, typer.Option(help="Normal days to simulate when no file is given.", min=0.1)]
DaysAttack = Annotated[float, typer.Option(help="Days with attacks to simulate when no file is given.", min=0.1)]
Seed = Annotated[int, typer.Option(help="Of the simulated plant: the same seed, the same rows.")]
Detectors = Annotated[list[str], typer.Option("--detector", help="Repeat for several; the default is all seven.")]
Budget = Annotated[float, typer.Option(help="False alarms a day that each detector may raise.", min=0.001)]


@app.callback()
def main(debug: Annotated[bool, typer.Option(help="Show where an error arose.")] = False) -> None:
    """Attack detection on the Secure Water Treatment testbed (SWaT): from recordings to an illustrated report."""


@app.command(epilog="Example: python -m swatlib report 03-detector -p detector=pca -p budget=0.5")
def report(
    notebooks: Annotated[list[str] | None, typer.Argument(help="By name or path; all when none is named.")] = None,
    *,
    parameter: Annotated[list[str], typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="May repeat.")] = (),
    normal: NormalFile = None,
    attack: AttackFile = None,
    whole: Annotated[bool, typer.Option("--whole", help="Simulate all eleven days of 2015, not a small part.")] = False,
    name: Annotated[str | None, typer.Option(help="Of the run, for its folder; the default is date and time.")] = None,
) -> None:
    """Execute notebooks into reports/<run>/ and rebuild reports/index.html.

    The notebooks simulate the plant, or read your files. Each takes those of the parameters that it has.
    """
    from swatlib.report import notebook_parameters as cells
    from swatlib.report.run import report as execute

    paths = [cells.find_notebook(each) for each in notebooks] if notebooks else _that_can_run(cells.all_notebooks())
    known = {key: default for path in paths for key, default in cells.defaults(path).items()}
    simulated = WHOLE_2015 if whole and not normal else {}
    values = simulated | _files(normal, attack) | cells.parse(parameter, known)
    with _Steps(len(paths)) as steps:
        index = execute(paths, values, name, progress=steps)
    _say(f"Report: {index}")


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
    plant: Annotated[Literal["2015", "2017"], typer.Option(help="Parameters of the plant.")] = "2015",
    labels: Annotated[Literal["exact", "official"], typer.Option(help="Official ones err as in 2015.")] = "exact",
) -> None:
    """Simulate the plant and write what it recorded to a file."""
    from swatlib.simulation import simulate as run

    span = int(duration) if duration.isdigit() else duration
    recording = run(span, "2015" if attacks else None, seed, start, plant, labels)
    _write(recording, path)
    _say(f"{path}: {_extent(recording)}")


@app.command(epilog="Example: python -m swatlib inspect SWaT_Dataset_Attack_v0.xlsx")
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Of one recording: xlsx, csv, parquet, zip.")],
) -> None:
    """Say what is in a file, what was found amiss and what was done about it; list its tags."""
    from swatlib.data import load

    recording = load(*files)
    _say(_extent(recording), f"checksum {recording.checksum}", *(f"• {finding}" for finding in recording.findings))
    out.print(_tag_table(recording))


@app.command(epilog="Example: python -m swatlib fit models/swat --normal SWaT_Dataset_Normal_v1.xlsx --detector pca")
def fit(
    folder: Annotated[Path, typer.Argument(help="Where the pipeline is saved.")],
    *,
    normal: NormalFile = None,
    days_normal: DaysNormal = 2.0,
    seed: Seed = 0,
    detector: Detectors = (),
    budget: Budget = 1.0,
) -> None:
    """Fit a pipeline on normal days, from a file or simulated, and save it."""
    from swatlib.data import load
    from swatlib.simulation import simulate as run

    recording = load(normal) if normal else run(round(days_normal * 86_400), attacks=None, seed=seed)
    pipeline = _pipeline(detector, budget).fit(recording)
    pipeline.save(folder)
    _say(f"{folder}: {', '.join(pipeline.detectors)}, fitted on {_extent(recording)}")


@app.command(epilog="Example: python -m swatlib compare --normal normal.xlsx --attack attack.xlsx --detector pca")
def compare(
    *,
    normal: NormalFile = None,
    attack: AttackFile = None,
    start: Annotated[str, typer.Option(help="First simulated second; attacks begin on 2015-12-28.")] = (
        "2015-12-26 10:00"
    ),
    days_normal: DaysNormal = 2.0,
    days_attack: DaysAttack = 1.0,
    seed: Seed = 0,
    detector: Detectors = (),
    budget: Budget = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Compute anew what the results store holds.")] = False,
) -> None:
    """Fit on normal days, judge on the attacks, print one row a detector, and rows that know nothing."""
    from swatlib.data import attacks
    from swatlib.metrics import compare as judge
    from swatlib.metrics import compare_resampled, verdict
    from swatlib.results.cache import cached_results
    from swatlib.studies.pair import recordings

    source = _files(normal, attack) or {"start": start, "days_normal": days_normal, "days_attack": days_attack}
    normal_days, attacked = recordings(**source, seed=seed)
    kept, events = cached_results(_pipeline(detector, budget), normal_days, attacked, force), attacks(attacked)
    table = judge(kept.scores, attacked.label, events, seed)
    _say(*kept.notes, f"computed: {', '.join(kept.computed) or 'nothing, all was kept'}")
    _say(f"fitted on {_extent(normal_days)}", f"judged on {_extent(attacked)}, {len(events)} attacks")
    out.print(_metric_table(table))
    samples = compare_resampled(kept.scores, attacked.label, events, seed)
    _say(verdict(table, samples).replace("**", ""))


@app.command(epilog="Example: python -m swatlib benchmark swat-sim-1 --run 3 --detector guard --detector pca")
def benchmark(
    name: Annotated[Literal["swat-2015", "swat-sim-1"], typer.Argument(help="Which benchmark.")],
    *,
    run: Annotated[list[int], typer.Option(help="Seed of swat-2015 (1, 2, 3), run of swat-sim-1 (all).")] = (),
    detector: Detectors = (),
    budget: Budget = 1.0,
) -> None:
    """Fit and judge a pipeline on every run of a benchmark; tables here and as CSV under reports/benchmark/."""
    from swatlib.studies.benchmark import run_benchmark, save_tables

    judged = run_benchmark(name, tuple(run), lambda: _pipeline(detector, budget), lambda done: _say(f"{done}: done"))
    _say(f"{name}: {judged.runs['run'].nunique()} runs, budget {budget:g} false alarms a day")
    summed, shares = judged.summary(), judged.by_class()
    for table in (summed.droplevel("kind")[list(JUDGED)], shares):
        out.print(_plain_table(table))
    _say(f"Tables: {save_tables(name, tuple(run), summary=summed, classes=shares, **vars(judged))}")


@app.command(epilog="Example: python -m swatlib ablation swat-sim-1 --run 1 --run 2")
def ablation(
    name: Annotated[Literal["swat-2015", "swat-sim-1"], typer.Argument(help="Which benchmark.")],
    *,
    run: Annotated[list[int], typer.Option(help="Seed of swat-2015 (1, 2, 3), run of swat-sim-1 (all).")] = (),
) -> None:
    """Judge the guard without each of its parts in turn; a table here and as CSV under reports/benchmark/."""
    from swatlib.studies.benchmark import ablation as parts
    from swatlib.studies.benchmark import save_tables

    table = parts(name, tuple(run), progress=lambda done: _say(f"{done}: done"))
    out.print(_plain_table(table[[*JUDGED, "earns"]]))
    _say(f"Tables: {save_tables(name, tuple(run), ablation=table)}")


@app.command(epilog="Example: python -m swatlib slides 2026-11-24-210000")
def slides(
    report: Annotated[str, typer.Argument(help="Name or folder of a run with 04-comparison or 08-attacks.")],
) -> None:
    """Make slides of an executed run: one page to show, a PDF where Chromium is found, figures and tables as files."""
    from swatlib.report.slides import slides as make

    made = make(report)
    _say(*made.notes, f"Slides: {made.page}")
    _say(f"PDF: {made.pdf}" if made.pdf else "No PDF: no Chromium is found; the browser's own print makes one.")
    _say(f"Figures and tables: {made.files}")


@app.command(epilog="Example: python -m swatlib field --detector hbos --detector knn --rows 1000")
def field(
    *,
    detector: Annotated[list[str], typer.Option("--detector", help="Name in PyOD; repeat; all if not said.")] = (),
    rows: Annotated[list[int], typer.Option(help="Rows to fit on; repeat.", min=1)] = (1_000, 5_000, 20_000),
    run: Annotated[int, typer.Option(help="Run of swat-sim-1.")] = 3,
    seconds: Annotated[float, typer.Option(help="Time for one fit and its scores.", min=1)] = 120.0,
    gigabytes: Annotated[float, typer.Option(help="Address space for it.", min=0.5)] = 4.0,
) -> None:
    """Try every detector of PyOD on the same rows, each with limits of time and memory; takes up where it stopped."""
    from swatlib.studies.pyod_field import Limits
    from swatlib.studies.pyod_field import field as attempt_all

    table = attempt_all(tuple(detector), tuple(rows), run, Limits(seconds, gigabytes), _say)
    shown = ["rows", "status", "fit_s", "average_precision", "found", "says"]
    out.print(_plain_table(table.reset_index().set_index("detector")[shown]))


@app.command(epilog="Example: python -m swatlib bench read stream")
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="What to measure; all if not said.")] = None,
) -> None:
    """Measure speed and memory against the goals; a table here and a JSON under reports/bench/."""
    from swatlib.cli.performance import bench as measure

    measure(names or [], out)


def _that_can_run(paths: list[Path]) -> list[Path]:
    """All of them, without the live part where this machine has no servers; that is said, and how to get them."""
    from swatlib.servers import ServicesError, available, connector, java
    from swatlib.settings import settings

    try:
        java(), connector()
    except ServicesError as lack:
        _say(f"{LIVE} is left out. {lack}")
        return [path for path in paths if path.stem != LIVE]
    own = settings().influx_url or "influxdb" in available()
    more = "" if own else " Into InfluxDB: `python -m swatlib services install influxdb`."
    _say(f"{LIVE} runs Kafka and Spark; points go to {'files' if more else 'InfluxDB'}.{more}")
    return paths


class _Steps:
    """The state of a run in the terminal: one bar a notebook, or one line each where there is no terminal."""

    def __init__(self, total: int):
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells"),
            TimeElapsedColumn(),
        )
        self.bars = Progress(*columns, console=out, disable=not out.is_terminal)
        self.total, self.tasks = total, {}

    def __enter__(self):
        self.bars.start()
        return self

    def __exit__(self, *_):
        self.bars.stop()

    def __call__(self, step) -> None:
        if step.name not in self.tasks:
            label = f"{len(self.tasks) + 1}/{self.total} {step.name}"
            self.tasks[step.name] = self.bars.add_task(label, total=step.cells)
        self.bars.update(self.tasks[step.name], completed=step.cells_run)
        if step.seconds:
            self.bars.stop_task(self.tasks[step.name])
            if not out.is_terminal:
                label = self.bars.tasks[self.tasks[step.name]].description
                out.print(f"{label}: {step.status}, {step.seconds:.0f} s", highlight=False)


def _files(normal: Path | None, attack: Path | None) -> dict[str, str]:
    if bool(normal) != bool(attack):
        raise typer.BadParameter("--normal and --attack go together: one file to learn from, one to judge by.")
    return {"normal": str(normal), "attack": str(attack)} if normal else {}


def _pipeline(detectors, budget: float):
    from swatlib.pipeline import Pipeline

    return Pipeline(detectors=tuple(detectors), budget=budget) if detectors else Pipeline(budget=budget)


def _write(recording, path: Path) -> None:
    from swatlib.atomic import replacing
    from swatlib.simulation import write_like_swat

    if path.suffix != ".parquet":
        write_like_swat(recording, path)
        return
    with replacing(path) as temporary:
        recording.frame.assign(attack=recording.label).to_parquet(temporary)


def _extent(recording) -> str:
    first, last = recording.frame.index[[0, -1]]
    names = ", ".join(source.name for source in recording.source)
    label = "no label" if recording.label is None else f"{recording.label.sum():,} labelled attack"
    return (
        f"{names}: {len(recording.frame):,} rows from {first} to {last}, {len(recording.frame.columns)} tags, {label}"
    )


def _tag_table(recording) -> Table:
    from swatlib.studies.pair import tag_table

    described = tag_table(recording)
    table = Table("tag", *described.columns, box=None, header_style="dim")
    for name, row in described.iterrows():
        table.add_row(name, *(each if isinstance(each, str) else f"{each:.4g}" for each in row))
    return table


def _metric_table(compared) -> Table:
    from swatlib.wording import number

    shown = compared.reindex(columns=COMPARED).dropna(axis=1, how="all")
    table = Table("", *(name.replace("_", " ") for name in shown), box=None, header_style="dim")
    table.columns[0].no_wrap = True
    for (_, name), row in shown.iterrows():
        table.add_row(name, *map(number, row.where(row.notna(), None)))
    return table


def _plain_table(frame) -> Table:
    from swatlib.wording import number

    heads = (str(name).replace("_", " ") for name in frame)
    table = Table(frame.index.name or "", *heads, box=None, header_style="dim")
    table.columns[0].no_wrap = True
    for name, row in frame.iterrows():
        table.add_row(str(name), *map(number, row.where(row.notna(), None)))
    return table


def _say(*lines: str) -> None:
    out.print("\n".join(lines), soft_wrap=True, highlight=False, markup=False)
