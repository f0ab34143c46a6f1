"""What the command line prints: sentences, tables that fit the terminal, and the progress of long work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from swatlib.wording import count, listed, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from swatlib.report.run_record import Step
    from swatlib.report.sweep_page import SweptPoint
    from swatlib.side_by_side import Outcome

NARROWEST_TEXT = 24  # characters to which a column of words may be wrapped before a column is left out
BETWEEN = 2  # spaces between columns
TEN_YEARS = 5_260_000  # minutes, the most that an option takes

out = Console(emoji=False, markup=False)  # names and notes are the user's: [P101] is no markup
err = Console(stderr=True, emoji=False)


def say(*lines: str) -> None:
    """Print lines as they are, not wrapped."""
    out.print("\n".join(lines), soft_wrap=True, highlight=False)


def refuse_typed(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Raises typer.BadParameter for the first of these options that was typed: it would be passed over in silence."""
    for name in names:
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"--{name.replace('_', '-')}: {why}")


def _text(form: str = "{task.description}") -> TextColumn:
    return TextColumn(form, markup=False)


@dataclass(frozen=True)
class _Column:
    """A heading and its cells as text. words: a column of words, which may be wrapped."""

    heading: str
    cells: list[str]
    words: bool

    @property
    def natural(self) -> int:
        """Width of the longest cell, or of the longest word of the heading."""
        return max([0, *map(len, self.cells), *map(len, self.heading.split())])

    @property
    def narrowest(self) -> int:
        if not self.words:
            return self.natural
        words = [len(word) for text in (self.heading, *self.cells) for word in text.split()]
        return max([min(self.natural, NARROWEST_TEXT), *words])


def print_table(frame: pd.DataFrame) -> None:
    """Print a table, index first, in the width of the terminal; columns from the right that don't fit are left out.

    Numbers have three figures; `_` in a heading is a space. What was left out is said in a line below.
    """
    columns = [_column(str(frame.index.name or ""), list(frame.index))]
    columns += [_column(str(name), list(frame.iloc[:, place])) for place, name in enumerate(frame)]
    kept = len(columns)
    while kept > 1 and _width([column.narrowest for column in columns[:kept]]) > out.width:
        kept -= 1
    out.print(_table(columns[:kept], out.width), soft_wrap=False)
    if left_out := [column.heading for column in columns[kept:]]:
        say(f"Left out for want of width: {listed(left_out)}.")


def _table(columns: list[_Column], width: int) -> Table:
    """Columns of words share what the others leave of the width."""
    table = Table(box=None, header_style="dim", padding=(0, BETWEEN, 0, 0), pad_edge=False)
    spare = width - _width([column.narrowest for column in columns])
    for column in columns:
        wide = min(column.natural, column.narrowest + max(spare, 0))
        spare -= wide - column.narrowest
        table.add_column(column.heading, width=wide, justify="left" if column.words else "right")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


def _width(widths: list[int]) -> int:
    return sum(widths) + BETWEEN * (len(widths) - 1)


def _column(name: str, values: list[Any]) -> _Column:
    cells = [each if isinstance(each, str) else number(each) for each in values]
    words = any(isinstance(each, str) for each in values) and not name.endswith(")")  # a unit: numbers, or none to give
    return _Column(name.replace("_", " "), cells, words)


class Steps:
    """A line for each step with the time it takes: a spinner in a terminal, a line at its start and end elsewhere."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(), _text(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=out, disable=not out.is_terminal)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self.bar.stop()

    def __call__(self, text: str) -> None:
        self._end()
        self.bar.add_task(text, total=None)
        if not out.is_terminal:
            say(text)

    def _end(self) -> None:
        for task in self.bar.tasks[-1:]:
            self.bar.stop_task(task.id)
            if not out.is_terminal:
                say(f"  {task.elapsed or 0:.0f} s")


class PointBar:
    """The points of a sweep: one bar in a terminal, and a line when a point ends."""

    def __init__(self) -> None:
        columns = (_text(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=out, disable=not out.is_terminal)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, page: Path, points: int, kept: int, jobs: int) -> None:
        """Say where the page is and what is computed."""
        there = f", {kept} of them there already" if kept else ""
        say(f"Page: {page}", f"{count(points, 'point')}{there}, {jobs} at a time (--jobs sets another number)")
        self.task = self.bar.add_task("points", total=points, completed=kept)

    def __call__(self, point: SweptPoint) -> None:
        """Called when a point begins and when it has ended."""
        from swatlib.report.sweep_grid import in_words

        if point.status in {"done", "failed"}:
            self.bar.advance(self.task)
            said = f": {point.error}" if point.error else ""
            say(f"{in_words(point.parameters)}: {point.status}, {point.seconds:.0f} s{said}")


class CountedBar:
    """How much of long work is done: one bar in a terminal; elsewhere a line for each part that ends."""

    def __init__(self, what: str, names: Sequence[str] = ()) -> None:
        columns = (_text(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=out, disable=not out.is_terminal)
        self.task = self.bar.add_task(what, total=len(names) or None)
        self.names, self.done = names, 0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, names: Sequence[str]) -> None:
        """The parts that are to be done, by name."""
        self.names = names
        self.bar.update(self.task, total=len(names))

    def __call__(self, place: int, outcome: Outcome) -> None:
        """Called when a part has ended; one that failed is named at once."""
        self.done += 1
        self.bar.update(self.task, completed=self.done)
        if outcome.error is not None or not out.is_terminal:
            state = f"{outcome.seconds:.1f} s" if outcome.error is None else outcome.error
            say(f"{self.done}/{len(self.names)} {self.names[place]}: {state}")


class NotebookBars:
    """The state of a run of notebooks: a bar for each in a terminal; elsewhere a line when one starts and ends."""

    def __init__(self) -> None:
        columns = (
            _text(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells"),
            TimeElapsedColumn(),
            _text("{task.fields[status]}"),
        )
        self.bars = Progress(*columns, console=out, disable=not out.is_terminal)
        self.labels: dict[str, str] = {}
        self.tasks: dict[str, TaskID] = {}
        self.told: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def begin(self, index: Path, steps: list[Step], jobs: int) -> None:
        """Say where the pages will be and how many notebooks run side by side."""
        from swatlib.report.start_order import cores, free_memory

        say(f"Pages as they are made: {index}")
        if len(steps) > 1:
            machine = f"{count(cores(), 'core')}, {free_memory() / 1e9:.0f} GB of free memory"
            say(f"{len(steps)} notebooks, {min(jobs, len(steps))} at a time ({machine}; --jobs sets another number)")
        for place, step in enumerate(steps, start=1):
            self.labels[step.name] = f"{place}/{len(steps)} {step.name}"
            self.tasks[step.name] = self.bars.add_task(
                self.labels[step.name], total=step.cells, start=False, status=step.status
            )

    def __call__(self, step: Step) -> None:
        """Called when a notebook starts, after each of its cells, and when it has ended."""
        task = self.tasks[step.name]
        if step.status != "waiting" and not self.bars.tasks[task].started:
            self.bars.start_task(task)
        self.bars.update(task, completed=step.cells_run, status=step.status)
        if step.seconds:
            self.bars.stop_task(task)
        if not out.is_terminal and self.told.get(step.name) != step.status:
            say(f"{self.labels[step.name]}: {step.status}" + (f", {step.seconds:.0f} s" if step.seconds else ""))
            self.told[step.name] = step.status
