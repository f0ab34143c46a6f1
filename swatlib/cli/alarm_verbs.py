"""The verbs of alarm episodes, which `swatlib.cli.app` adds to its own. What a verb needs is imported when it runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swatlib.cli.terminal import out, print_table

if TYPE_CHECKING:
    import pandas as pd

    from swatlib.live.sink import InfluxSink

alarms = typer.Typer(
    help="Alarm episodes of a live plant: list, acknowledge, shelve.",
    epilog="Example: python -m swatlib alarms ack 'valve tested by hand'",
    no_args_is_help=True,
)
Folder = Annotated[
    Path | None, typer.Option(help="Data, logs and tokens of the servers. Default: SWAT_SERVICES_FOLDER.")
]
Plant = Annotated[str, typer.Option(help="Name of the plant.")]
Note = Annotated[str, typer.Argument(help="Why, in a few words; kept beside the episode and shown on the boards.")]
Start = Annotated[str | None, typer.Option(help="First second of the episode (UTC); the newest one if not said.")]
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
        print_table(found[[name for name in EPISODE_COLUMNS if name in found]])


@alarms.command(epilog="Example: python -m swatlib alarms ack 'valve tested by hand'")
def ack(note: Note, plant: Plant = "swat", start: Start = None, folder: Folder = None) -> None:
    """Acknowledge an episode: it was seen, and this is why it was raised."""
    _say_of_it(note, plant, start, folder, None)


@alarms.command(epilog="Example: python -m swatlib alarms shelve 'LIT101 is calibrated' --minutes 30")
def shelve(
    note: Note,
    plant: Plant = "swat",
    start: Start = None,
    minutes: Annotated[float, typer.Option(help="For how long, from now on.", min=1)] = 60.0,
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

    looking = EpisodeWatch(*_sinks(folder))
    while True:
        looking.look()
        if beat:
            beat.touch()
        if once:
            return
        time.sleep(every)


def _say_of_it(note: str, plant: str, start: str | None, folder: Path | None, minutes: float | None) -> None:
    import pandas as pd

    from swatlib.live.episodes import acknowledge

    reader, to = _sinks(folder)
    which = _episode(reader, plant, start)
    until = None if minutes is None else pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(minutes, "min")
    acknowledge(to, plant, which, note, until)
    shelved = "" if until is None else f", shelved until {until:%Y-%m-%d %H:%M:%S}"
    out.print(
        f"The episode of plant {plant} from {which:%Y-%m-%d %H:%M:%S} on is acknowledged{shelved}.", highlight=False
    )


def _episode(reader: "InfluxSink", plant: str, start: str | None) -> "pd.Timestamp":
    """Start of the episode that is meant. Raises typer.BadParameter where there is none."""
    import pandas as pd

    from swatlib.live.episodes import stored_episodes

    found = stored_episodes(reader, plant, 1_000)
    if found.empty:
        raise typer.BadParameter(
            f"plant {plant} has no alarm episode; `python -m swatlib alarms list` shows which has."
        )
    if start is None:
        return found.index[0]
    meant = pd.Timestamp(start)
    if meant not in found.index:
        raise typer.BadParameter(
            f"no episode of plant {plant} begins at {start}; `python -m swatlib alarms list` shows them."
        )
    return meant


def _sinks(folder: Path | None) -> "tuple[InfluxSink, InfluxSink]":
    """Where is read and where is written. Raises ServicesError where points go to files."""
    from swatlib.live.sink import InfluxSink
    from swatlib.live.wiring import connect
    from swatlib.servers import ServicesError

    at = connect(folder)
    if not isinstance(at.reader, InfluxSink) or not isinstance(at.to, InfluxSink):
        raise ServicesError(f"Alarm episodes are kept in InfluxDB. {at.sentence}")
    return at.reader, at.to
