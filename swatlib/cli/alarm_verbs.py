"""The verbs of alarm episodes, which `swatlib.cli.app` adds to its own. What a verb needs is imported when it runs."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swatlib.cli.terminal import TEN_YEARS, out, print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from swatlib.live.sink import InfluxSink

alarms = typer.Typer(
    help="Alarm episodes of a live plant: list, acknowledge, shelve; maintenance windows.",
    epilog="Example: python -m swatlib alarms ack 'valve tested by hand'",
    no_args_is_help=True,
)
maintenance_verbs = typer.Typer(
    help="Maintenance windows: alarms within one are kept and shown, and no alert of them is sent.",
    epilog="Example: python -m swatlib alarms maintenance begin 'pump P101 is exchanged' --minutes 120",
    no_args_is_help=True,
)
alarms.add_typer(maintenance_verbs, name="maintenance")
Folder = Annotated[
    Path | None, typer.Option(help="Data, logs and tokens of the servers. Default: SWAT_SERVICES_FOLDER.")
]


def _plant(name: str) -> str:
    """The name of a plant, which may be none that a plant can have."""
    from swatlib.live.line_protocol import name_fault

    if fault := name_fault(name):
        raise typer.BadParameter(f"plant {fault}")
    return name


Plant = Annotated[str, typer.Option(help="Name of the plant.", callback=_plant)]
Note = Annotated[str, typer.Argument(help="Why, in a few words; kept beside the episode and shown on the boards.")]
Start = Annotated[str | None, typer.Option(help="First second of the episode (UTC); the newest one if not said.")]
FORM = "%Y-%m-%d %H:%M:%S"
LONGEST_MINUTES = 31 * 24 * 60  # of a maintenance window
EPISODE_COLUMNS = [
    "end",
    "standing",
    "peak",
    "lead",
    "strongest",
    "why",
    "detectors",
    "acknowledged",
    "shelved_until",
    "note",
]


@alarms.command("list", epilog="Example: python -m swatlib alarms list --plant swat")
def list_episodes(plant: Plant = "swat", most: Annotated[int, typer.Option(min=1)] = 20, folder: Folder = None) -> None:
    """The newest episodes, the newest first; times in UTC."""
    from swatlib.live.episodes import stored_episodes

    found = stored_episodes(_sinks(folder)[0], plant, most)
    if found.empty:
        out.print(f"Plant {plant} has no alarm episode; `python -m swatlib alarms watch` stores them as they come.")
    else:
        print_table(_spelled(found[[name for name in EPISODE_COLUMNS if name in found]]))


@alarms.command(epilog="Example: python -m swatlib alarms ack 'valve tested by hand'")
def ack(note: Note, plant: Plant = "swat", start: Start = None, folder: Folder = None) -> None:
    """Acknowledge an episode: it was seen, and this is why it was raised."""
    _say_of_it(note, plant, start, folder, None)


@alarms.command(epilog="Example: python -m swatlib alarms shelve 'LIT101 is calibrated' --minutes 30")
def shelve(
    note: Note,
    plant: Plant = "swat",
    start: Start = None,
    minutes: Annotated[float, typer.Option(help="For how long, from now on.", min=1, max=TEN_YEARS)] = 60.0,
    folder: Folder = None,
) -> None:
    """Shelve an episode for a stated time, which acknowledges it too."""
    _say_of_it(note, plant, start, folder, minutes)


@alarms.command(epilog="Example: python -m swatlib alarms watch")
def watch(
    every: Annotated[float, typer.Option(help="Seconds between two looks at the scores.", min=1)] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    beat: Annotated[Path | None, typer.Option(help="A file touched after each look, for health checks.")] = None,
    folder: Folder = None,
) -> None:
    """Store the alarm episodes of all plants as their scores come, until Ctrl-C."""
    from swatlib.live.episodes import EpisodeWatch
    from swatlib.live.sink import SinkError

    sinks = _sinks(folder)
    looking, told = EpisodeWatch(*sinks), False
    while True:
        try:
            looking.look()
            told = False
            if beat:
                beat.touch()
        except SinkError as error:
            if once:
                raise
            looking = EpisodeWatch(*sinks)  # which goes on from what is stored
            if not told:
                say(f"{error}; it is asked again every {every:g} s")
            told = True
        if once:
            return
        time.sleep(every)


@maintenance_verbs.command(
    "begin", epilog="Example: python -m swatlib alarms maintenance begin 'pump P101 is exchanged' --minutes 120"
)
def begin_window(
    note: Note,
    plant: Plant = "swat",
    minutes: Annotated[float, typer.Option(help="How long it lasts.", min=1, max=LONGEST_MINUTES)] = 60.0,
    start: Annotated[str | None, typer.Option(help="When it begins (UTC); now if not said.")] = None,
    folder: Folder = None,
) -> None:
    """Begin a maintenance window, or plan one."""
    import pandas as pd

    from swatlib.live.maintenance import begin_maintenance

    first = pd.Timestamp.now("UTC").tz_localize(None).floor("s") if start is None else _time(start)
    end = first + pd.Timedelta(minutes, "min")
    _refused(begin_maintenance)(*_sinks(folder), plant, note, first, end)
    out.print(f"Maintenance of plant {plant} from {_exact(first)} to {end:{FORM}} (UTC): no alert.", highlight=False)


@maintenance_verbs.command("end", epilog="Example: python -m swatlib alarms maintenance end")
def end_window(
    plant: Plant = "swat",
    start: Annotated[str | None, typer.Option(help="Begin of the window (UTC); those that are on if not said.")] = None,
    folder: Folder = None,
) -> None:
    """End a maintenance window early."""
    from swatlib.live.maintenance import end_maintenance

    ended = _refused(end_maintenance)(*_sinks(folder), plant, None if start is None else _time(start))
    for first, window in ended.iterrows():
        said = f"The maintenance of plant {plant} from {_exact(first)} to {window['end']:{FORM}} is ended."
        out.print(said, highlight=False)


@maintenance_verbs.command("list", epilog="Example: python -m swatlib alarms maintenance list")
def list_windows(plant: Plant = "swat", folder: Folder = None) -> None:
    """Maintenance windows, the newest first; times in UTC."""
    from swatlib.live.maintenance import maintenance_windows

    found = maintenance_windows(_sinks(folder)[0], plant)
    if found.empty:
        out.print(f"Plant {plant} has no maintenance window.")
    else:
        print_table(_spelled(found))


def _refused(act: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with a ValueError as what the user typed wrong."""

    def acted(*given: Any) -> Any:
        try:
            return act(*given)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return acted


def _spelled(table: "pd.DataFrame") -> "pd.DataFrame":
    """The same with times and states as texts; acknowledged and shelved_until are stored as seconds since 1970."""
    import pandas as pd

    def text(when: object) -> str:
        return "" if pd.isna(when) else f"{pd.Timestamp(when, unit='s' if isinstance(when, float) else None):{FORM}}"

    times = [name for name in ("end", "acknowledged", "shelved_until") if name in table]
    table = table.assign(**{name: [text(when) for when in table[name]] for name in times})
    if "standing" in table:
        table["standing"] = ["yes" if each else "no" for each in table["standing"]]
    return table.set_axis(pd.Index([_exact(when) for when in table.index], name=table.index.name))


def _exact(when: "pd.Timestamp") -> str:
    """A time as `--start` takes it, with the fraction of a second where there is one."""
    return str(when).rstrip("0") if when.nanosecond or when.microsecond else f"{when:{FORM}}"


def _time(text: str) -> "pd.Timestamp":
    """A time in UTC. Raises typer.BadParameter."""
    import pandas as pd

    with suppress(ValueError):
        when = pd.Timestamp(text).as_unit("ns")
        if when is not pd.NaT:
            return when.tz_convert(None) if when.tz else when
    raise typer.BadParameter(f"{text!r} is no time from 1678 to 2261; write it as in '2026-03-01 10:00'")


def _say_of_it(note: str, plant: str, start: str | None, folder: Path | None, minutes: float | None) -> None:
    import pandas as pd

    from swatlib.live.episodes import acknowledge

    reader, to = _sinks(folder)
    which = _episode(reader, plant, start)
    until = None if minutes is None else pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(minutes, "min")
    acknowledge(to, plant, which, note, until)
    shelved = "" if until is None else f", shelved until {until:{FORM}}"
    out.print(f"The episode of plant {plant} from {_exact(which)} on is acknowledged{shelved}.", highlight=False)


def _episode(reader: "InfluxSink", plant: str, start: str | None) -> "pd.Timestamp":
    """Start of the episode that is meant. Raises typer.BadParameter where there is none."""
    from swatlib.live.episodes import stored_episodes

    found = stored_episodes(reader, plant, 1_000)
    if found.empty:
        raise typer.BadParameter(
            f"plant {plant} has no alarm episode; name another with --plant, or see that "
            "`python -m swatlib alarms watch` runs, which stores them."
        )
    if start is None:
        return found.index[0]
    meant = _time(start)
    if meant not in found.index:
        raise typer.BadParameter(
            f"no episode of plant {plant} begins at {start}; `python -m swatlib alarms list` shows them."
        )
    return meant


def _sinks(folder: Path | None) -> "tuple[InfluxSink, InfluxSink]":
    """Where is read and where is written, since episodes are kept in InfluxDB."""
    from swatlib.live.wiring import connect_influxdb

    to, reader = connect_influxdb(folder)
    return reader, to
