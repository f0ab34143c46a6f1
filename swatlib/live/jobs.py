"""The verbs under `services` that prepare servers of one's own, and wait for them: what compose.yaml runs once.

What a verb needs is imported when it runs, so that `--help` answers at once.
"""

import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

EVERY = 2.0  # seconds between two looks for the first score


@app.command(epilog="Example: SWAT_KAFKA=plant:9092 python -m swatlib services settle kafka")
def settle(
    names: Annotated[list[str], typer.Argument(help="kafka, influxdb.")],
    *,
    hand_out: Annotated[
        Path | None, typer.Option(help="Folder in which each container finds its secrets; the tokens lie in set-up/.")
    ] = None,
    owner: Annotated[int | None, typer.Option(help="Number of the user that the containers run as.")] = None,
) -> None:
    """Make what is missing on the servers that the settings name: topics; organisation, buckets, tokens.

    Tokens go into the folder SWAT_INFLUX_TOKEN_FILE.
    """
    from swatlib.live.services import handing
    from swatlib.live.services.influx import set_up

    wanted = _settings(names)
    if "kafka" in names:
        from swatlib.live.producer import create_topics
        from swatlib.live.topic import TOPICS

        create_topics(wanted["SWAT_KAFKA"])
        typer.echo(f"{wanted['SWAT_KAFKA']} has the topics {', '.join(TOPICS)}")
    if "influxdb" in names:
        made = set_up(wanted["SWAT_INFLUX_URL"], Path(wanted["SWAT_INFLUX_TOKEN_FILE"]).expanduser())
        typer.echo(f"{made.url} has the organisation {made.org}, its buckets, and tokens in {made.tokens}")
        if hand_out:
            handing.hand_out(hand_out, owner)


@app.command(epilog="Example: docker compose run --rm ready")
def ready() -> None:
    """Wait until InfluxDB, as the settings name it, holds a score of the last hour."""
    from swatlib.live.services import Influx
    from swatlib.live.sink import InfluxSink
    from swatlib.settings import settings

    wanted, own = _settings(["influxdb"]), settings()
    tokens = Path(wanted["SWAT_INFLUX_TOKEN_FILE"]).expanduser()
    at = Influx(wanted["SWAT_INFLUX_URL"], own.influx_org, own.influx_bucket, tokens)
    reader, said = InfluxSink(at.url, at.org, at.bucket, at.token("read")), None
    while lack := _lack(reader):
        if lack != said:
            typer.echo(f"{lack}, waiting")
        said = lack
        time.sleep(EVERY)
    typer.echo("the stream scores")


def _lack(reader) -> str:
    """Why there is nothing to see yet; empty when there is."""
    from swatlib.live.sink import SCORE, SinkError

    try:
        scored = len(reader.select(f'SELECT last("score") FROM "{SCORE}" WHERE time > now() - 1h'))
    except SinkError as reason:
        return str(reason)
    return "" if scored else f"no score in {reader.url} yet"


def _settings(names: list[str]) -> dict[str, str]:
    """Variable to value, of the servers named. Raises ServicesError with the first that is missing."""
    from swatlib.live.services import ServicesError
    from swatlib.settings import settings

    own = settings()
    known = {
        "kafka": {"SWAT_KAFKA": own.kafka},
        "influxdb": {"SWAT_INFLUX_URL": own.influx_url, "SWAT_INFLUX_TOKEN_FILE": own.influx_token_file},
    }
    for name in names:
        if name not in known:
            raise ServicesError(f"'{name}' can't be settled. There are {', '.join(known)}.")
        for variable, value in known[name].items():
            if not value:
                raise ServicesError(f"{variable} is not set; it says where {name} is.")
    return {variable: str(value) for name in names for variable, value in known[name].items()}
