"""The verbs of the live stream, which `swatlib.cli.app` adds to its own.

What a verb needs is imported when it runs, so that `--help` answers at once.
"""

import math
import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from swatlib.cli.terminal import TEN_YEARS, Steps, out, print_table, refuse_typed, say
from swatlib.wording import count, listed

if TYPE_CHECKING:
    from swatlib.pipeline import Pipeline
    from swatlib.servers.records import Record

USUAL_PLANT = "swat"
LINE_EVERY = 10.0  # seconds between two lines that say what happens, where no terminal is

live_verbs = typer.Typer()
services = typer.Typer(
    help="Kafka, InfluxDB and Telegraf without containers.",
    epilog="Example: python -m swatlib services start",
    no_args_is_help=True,
)
live_verbs.add_typer(services, name="services")

Names = Annotated[list[str] | None, typer.Argument(help="kafka, influxdb, telegraf; all when none is named.")]
Processes = Annotated[
    list[str] | None,
    typer.Argument(help="kafka, influxdb, telegraf, or stream: that of a live run; all when none is named."),
]
Folder = Annotated[
    Path | None, typer.Option(help="Data, logs and tokens of the servers. Default: SWAT_SERVICES_FOLDER.")
]
Plant = Annotated[str, typer.Option(help="Name of the plant, the key of its messages and the tag of its points.")]
Speed = Annotated[str, typer.Option(help="1 is the plant's pace, 60 sixty times it, fast as fast as possible.")]
Trusted = Annotated[
    list[str] | None,
    typer.Option("--trust", metavar="CLASS", help="A class of your own in the pipeline, which is run; may repeat."),
]
PlantSeed = Annotated[int, typer.Option(help="Of the simulated plant.")]


@services.command("install", epilog="Example: python -m swatlib services install kafka")
def install_servers(
    names: Names = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Make no archive of Java's classes.")] = False,
) -> None:
    """Install the servers on this machine: Kafka's jars fetched and checked, InfluxDB and Telegraf built.

    Beside Kafka archives of Java's classes are made, so that Kafka and the stream start in less time.

    It needs Java for Kafka, Go for Telegraf, Go and Rust for InfluxDB; it names what is missing and installs the rest.
    After an interruption the same command continues.
    """
    from swatlib.servers import SERVER_NAMES, MissingError, ServicesError, install

    with Steps() as say:
        installed = install(names or SERVER_NAMES, say)
        if isinstance(installed.get("kafka"), Path) and not quick:
            _make_archives(say)
    reasons = [found for found in installed.values() if isinstance(found, ServicesError)]
    for name, found in installed.items():
        mark = "[red]not installed.[/] " if found in reasons else ""
        out.print(f"{name}: {mark}{escape(str(found))}", soft_wrap=True, highlight=False, markup=True)
    if any(names or not isinstance(reason, MissingError) for reason in reasons):
        raise typer.Exit(1)


def _make_archives(say: Callable[[str], None]) -> None:
    from swatlib.servers import ServicesError, connector
    from swatlib.servers.kafka_java import has_broker_classes
    from swatlib.servers.spark_java import has_driver_classes

    try:
        if has_driver_classes(connector()) and has_broker_classes():
            return
        say("keeping Java's classes, so that Kafka and the stream start in less time (half a minute)")
        from swatlib.live.class_archive import make_archives

        make_archives()
    except (ServicesError, OSError) as reason:
        out.print(f"no archive of Java's classes: {reason}", soft_wrap=True, highlight=False)


@services.command(epilog="Example: python -m swatlib services start kafka influxdb --port kafka=9092")
def start(
    names: Names = None,
    folder: Folder = None,
    port: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PORT", help="May repeat; the default is a free one.")
    ] = None,
) -> None:
    """Start servers that run on when this terminal closes, on the ports of last time or on free ones.

    It ends with 1 beside a server that ran already and does not answer.
    """
    from swatlib.servers import Services

    servers = Services(folder, names or (), _ports(port or []))
    if others := [name for name in servers.ports if name not in servers.names]:
        raise typer.BadParameter(f"{others[0]} is not among what starts: {', '.join(servers.names)}; name it too.")
    with Steps() as say:
        say(f"starting {', '.join(servers.names)}")
        started = servers.start()
    met = servers.status()
    complaints = {name: met[name].complaint for name in servers.names if name not in started and met[name].complaint}
    for name in servers.names:
        runs = "runs" if name in started else "ran already"
        out.print(f"{name} {runs} at {met[name].address}, process {servers.pid(name)}", highlight=False)
    for complaint in complaints.values():
        out.print(complaint, soft_wrap=True, highlight=False)
    if complaints:
        raise typer.Exit(1)


@services.command(epilog="Example: python -m swatlib services stop")
def stop(names: Processes = None, folder: Folder = None) -> None:
    """Stop servers, and the stream of a live run; data, tokens and ports stay for the next start."""
    from swatlib.servers import Services

    servers = Services(folder)
    stopped = servers.stop(*(names or ()))
    those = f"{listed(names)} {'does' if len(names) == 1 else 'do'} not run" if names else "nothing runs"
    said = f"stopped {', '.join(stopped)}" if stopped else f"{those} in {servers.folder}"
    out.print(said, soft_wrap=True, highlight=False)


@services.command(epilog="Example: python -m swatlib services status")
def status(folder: Folder = None) -> None:
    """What runs, where, and since when."""
    from swatlib.servers import Services

    servers = Services(folder)
    table = Table("server", "version", "state", "address", "process", "since", box=None, header_style="dim")
    for name, each in servers.status().items():
        record = each.record
        table.add_row(name, record.version if record else "", each.state, each.address, *_process(record))
    out.print(table)
    out.print(f"data, logs and tokens in {servers.folder}", soft_wrap=True, highlight=False)


@services.command(epilog="Example: python -m swatlib services logs kafka --follow")
def logs(
    name: Annotated[str, typer.Argument(help="kafka, influxdb, telegraf or stream.")],
    folder: Folder = None,
    lines: Annotated[int, typer.Option(help="How many of the last ones.", min=0)] = 30,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines as they come, until Ctrl-C.")] = False,
) -> None:
    """What a server has logged."""
    from swatlib.servers import Services, ServicesError

    log = Services(folder).log(name)
    if not log.exists():
        raise ServicesError(f"{name} has not been started in {log.parent}.")
    with log.open(encoding="utf-8", errors="replace") as file:
        for line in file.readlines()[-lines:] if lines else ():
            typer.echo(line, nl=False)
        while follow:
            typer.echo(file.read(), nl=False)
            time.sleep(0.3)


def _process(record: "Record | None") -> tuple[str, str]:
    """Number of the process and when it started, in local time; empty for a server that was stopped."""
    if not record or not record.pid:
        return "", ""
    return str(record.pid), f"{datetime.fromisoformat(record.since).astimezone():%Y-%m-%d %H:%M:%S}"


@live_verbs.command(epilog="Example: python -m swatlib produce attack.csv --plant tuesday --speed 60")
def produce(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Of one recording; none: a simulated plant runs now.")
    ] = None,
    *,
    plant: Plant = USUAL_PLANT,
    speed: Speed = "1",
    clock: Annotated[Literal["original", "now"], typer.Option(help="A file's times as they are, or from now on.")] = (
        "original"
    ),
    seed: PlantSeed = 0,
    folder: Folder = None,
) -> None:
    """Send a recording, or a simulated plant that takes attacks, to Kafka; started again, it goes on where it was."""
    from swatlib.data import attacks, load
    from swatlib.data.recording import zone_of
    from swatlib.live.links import links
    from swatlib.live.plant import PlantRun
    from swatlib.live.producer import Producer, blocks
    from swatlib.live.sink import FileSink
    from swatlib.live.wiring import attack_recorder, connect

    only, of = (["seed"], "a simulated plant") if files else (["clock"], "a file")
    refuse_typed(context, only, f"it is of {of}; leave it out.")
    at = connect(folder)
    if isinstance(at.to, FileSink):  # known and launched attacks are points too
        say(at.sentence)
    if files:
        recording = load(*files)
        events, ahead = attacks(recording), recording.utc_offset
        if ahead and clock == "original":  # messages have their times in UTC
            say(f"the file states {zone_of(ahead)}; its rows are sent with their times in UTC")
            recording = recording.at(recording.frame.index - ahead)
            events = events.assign(start=events["start"] - ahead, end=events["end"] - ahead)
        sender = Producer(at.servers, plant, _rate(speed), clock, monitor=at.monitor("producer"))
        for link in links(plant, *recording.frame.index[[0, -1]]) if clock == "original" else ():
            out.print(link, soft_wrap=True, highlight=False)
        recorder = attack_recorder(events, plant, at)
        out.print(str(sender.send(blocks(recording.frame, recording.label), recorder)))
    elif _rate(speed) != 1:
        raise typer.BadParameter("a plant that runs now has speed 1; `python -m swatlib live --minutes` goes faster")
    else:
        Producer(at.servers, plant)  # refuses a name that no plant can have
        attacked = _typed(plant=plant if plant != USUAL_PLANT else None, folder=folder)
        said = f"{plant} runs now, Ctrl-C ends it. Attack it: python -m swatlib attack LIT101 ramp +1{attacked}"
        out.print(said, soft_wrap=True, highlight=False)
        PlantRun(at, plant, seed=seed).send()


@live_verbs.command(epilog="Example: python -m swatlib stream models/swat")
def stream(
    pipeline: Annotated[
        Path | None,
        typer.Argument(
            help="What `python -m swatlib fit` saved; none: readings are stored and not scored.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    *,
    trust: Trusted = None,
    batch: Annotated[int, typer.Option(help="Rows at most in a batch.", min=1)] = 60_000,
    tasks: Annotated[
        int | None,
        typer.Option(
            help="Groups of plants scored side by side, fixed with the checkpoint; if not said, one a core, at most 4.",
            min=1,
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Spark's offsets and state; it is what a restart needs.")
    ] = None,
    after: Annotated[
        list[str] | None, typer.Option(metavar="SERVER", help="Wait for a server that is being started; repeatable.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Score what comes on the topic SWAT and store it, until Ctrl-C; started again, it goes on where it was."""
    from swatlib.servers import connector
    from swatlib.servers.spark_java import begin_java
    from swatlib.settings import settings

    begin_java(settings().spark_master, connector())  # before the imports that take long
    from swatlib.live.wiring import SPARK_RUNS, begin_spark, configured_stream, connect, stream_folder
    from swatlib.saved import require_unchanged

    if pipeline:
        require_unchanged(pipeline)
    kept = checkpoint or stream_folder(folder) / "checkpoint"
    options = {"batch": batch, "tasks": tasks or 0, "trusted": tuple(trust or ())}
    with ThreadPoolExecutor(1) as aside:
        connecting = aside.submit(connect, folder, after or ())  # while Java starts
        begin_spark(pipeline, kept, **options)
        at = connecting.result()
    out.print(at.sentence, soft_wrap=True, highlight=False)
    out.print(SPARK_RUNS)
    configured_stream(at, pipeline, kept, **options).run()


@live_verbs.command(epilog="Example: python -m swatlib upload ~/points")
def upload(
    points: Annotated[
        Path | None, typer.Argument(help="Folder of line protocol; none: where the stream put it.", file_okay=False)
    ] = None,
    *,
    folder: Folder = None,
) -> None:
    """Store in InfluxDB the points that the stream put into files while there was none; twice does no harm."""
    from swatlib.live.sink import FileSink, copy
    from swatlib.live.wiring import connect_influxdb, points_folder

    files = FileSink(points or points_folder(folder))
    if not files.names():
        raise typer.BadParameter(f"{files.folder} holds no points (files that end in .lp)")
    to, _ = connect_influxdb(folder)
    for name, stored in copy(files, to).items():
        are = "is" if stored == 1 else "are"
        out.print(f"{name}: {count(stored, 'point')} {are} in InfluxDB at {to.url}", soft_wrap=True, highlight=False)
    for path in files.cut_short():
        out.print(
            f"{path}: its last line has no line break, as when its writer was killed, and is not stored; "
            "end the line if it is whole, and upload again", soft_wrap=True, highlight=False,
        )  # fmt: skip


@live_verbs.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: python -m swatlib attack LIT101 ramp +1 --for 300",
)
def attack(
    effects: Annotated[list[str], typer.Argument(help="TAG spoof NUMBER, ramp NUMBER, freeze, or force STATE.")],
    *,
    seconds: Annotated[int, typer.Option("--for", help="Duration in seconds.", min=1)] = 300,
    plant: Plant = USUAL_PLANT,
    folder: Folder = None,
) -> None:
    """Attack the simulated plant that runs; several effects are joined by ';'."""
    from swatlib.live.plant import check_attack
    from swatlib.live.producer import request_attack
    from swatlib.live.topic import Command
    from swatlib.live.wiring import connect

    text = " ".join(effects)
    check_attack(text, seconds)
    request_attack(connect(folder).servers, Command(plant, text, seconds))
    say(f"{text}, for {seconds} s, was sent to plant {plant}; it begins with its next row, if it runs")


@live_verbs.command("live", epilog="Example: python -m swatlib live --minutes 10 --speed 60 --attack 'LIT101 ramp +1'")
def run_live(
    pipeline: Annotated[Path | None, typer.Argument(help="A saved one; none: the default, simulated days.")] = None,
    *,
    trust: Trusted = None,
    minutes: Annotated[
        float | None, typer.Option(help="Of the plant's time; none: until Ctrl-C.", min=1, max=TEN_YEARS)
    ] = None,
    speed: Speed = "1",
    attacks: Annotated[
        list[str] | None, typer.Option("--attack", metavar="EFFECTS", help="May repeat: one after the other.")
    ] = None,
    plant: Annotated[
        str | None, typer.Option(help="Name of the plant; none: swat without --minutes, else a new one.")
    ] = None,
    seed: PlantSeed = 0,
    folder: Folder = None,
) -> None:
    """Servers, a simulated plant and the stream at once, on this machine; Ctrl-C ends all of it."""
    from swatlib.live.session import Live, check_run
    from swatlib.live.wiring import delay_table
    from swatlib.pipeline import Pipeline

    rate = _rate(speed)
    check_run(minutes, rate, attacks or (), plant)
    fitted = Pipeline.load(pipeline, trust or ()) if pipeline else _default(folder, seed)
    with Live(fitted, minutes, rate, attacks or (), plant, seed, folder) as run:
        out.print(f"{run.sentence} The stream logs to {run.log}", soft_wrap=True, highlight=False)
        with _Reported() as report:
            run.wait(lambda: report(run.progress))
        rows, delays, batches, (points, differences) = run.sent, run.delays(), run.batches(), run.parity()
    if len(delays):
        print_table(delay_table(delays))
    latency = batches["latency_p95"].median()
    out.print(f"{rows:,} rows stored, {batches['rows_per_second'].max():,.0f} rows/s at best, {latency:.1f} s from "
              "sent to stored (p95)", highlight=False)  # fmt: skip
    if differences:
        out.print(str(differences), style="red")
        raise typer.Exit(1)
    out.print(f"{points:,} scores equal those of the pipeline offline")


def _typed(**options: object) -> str:
    """Options as they are typed in a shell, without those that are None."""
    return "".join(f" --{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None)


def _rate(speed: str) -> float | None:
    """ "fast" or a factor."""
    if speed == "fast":
        return None
    with suppress(ValueError):
        if 0 < float(speed) < math.inf:
            return float(speed)
    raise typer.BadParameter(f"speed {speed!r}: give a number above 0, or fast for as fast as possible")


def _default(folder: Path | None, seed: int) -> "Pipeline":
    """The default pipeline, fitted on two simulated days and saved beside the stream's own files."""
    from swatlib.live.wiring import stream_folder
    from swatlib.pipeline import DEFAULT, Pipeline
    from swatlib.simulation import simulate

    saved = stream_folder(folder) / f"default-{seed}"
    if saved.exists():
        try:
            if (found := Pipeline.load(saved)).detectors == DEFAULT:
                return found
        except ValueError as outdated:
            say(str(outdated))
    out.print(f"fitting {', '.join(DEFAULT)} on two simulated days")
    fitted = Pipeline().fit(simulate("54 h", attacks=None, seed=seed))
    fitted.save(saved)
    return fitted


class _Reported:
    """What happens now: one line that changes in a terminal, elsewhere a line at most every LINE_EVERY seconds."""

    def __enter__(self) -> "_Reported":
        self._line, self._next, self._last = out.status(""), 0.0, ""
        self._line.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.stop()

    def __call__(self, text: str) -> None:
        self._line.update(escape(text))  # which reads it as markup, whatever the console does
        if not out.is_terminal and text != self._last and time.monotonic() >= self._next:
            say(text)
            self._last, self._next = text, time.monotonic() + LINE_EVERY


def _ports(assignments: list[str]) -> dict[str, int]:
    ports = {}
    for assignment in assignments:
        name, _, port = assignment.partition("=")
        if not port.isdigit() or not 0 < int(port) < 65_536:
            raise typer.BadParameter(f"'{assignment}': a port is given as in --port kafka=9092.")
        ports[name] = int(port)
    return ports
