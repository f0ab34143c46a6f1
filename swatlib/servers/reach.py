"""What runs already: servers that the settings name, or those started here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from swatlib.servers import influx
from swatlib.servers.influx import Influx
from swatlib.servers.kinds import address
from swatlib.servers.services import Services, Status
from swatlib.servers.tools import ServicesError
from swatlib.settings import settings


@dataclass(frozen=True)
class RunningServers:
    """What answers: host:port of a broker, and an InfluxDB; None for what isn't there.

    telegraf: host:port of its listeners, `stream` and `producer`, at its last start; whether it runs is not checked.
    complaints: by name, a sentence on what runs in the folder and does not answer.
    """

    kafka: str | None
    influxdb: Influx | None
    telegraf: Mapping[str, str] = field(default_factory=dict, compare=False)
    complaints: Mapping[str, str] = field(default_factory=dict, compare=False)


def find_servers(folder: Path | None = None) -> RunningServers:
    """Ask what the settings name; where they name nothing, look among the servers started in `folder`.

    Raises ServicesError, with the variable's name, for a server of the settings that does not answer or refuses.
    """
    here = Services(folder)
    met = here.status()
    running = [name for name, status in met.items() if status.state == "running"]
    return RunningServers(
        kafka=_own_kafka() or (here.kafka if "kafka" in running else None),
        influxdb=_own_influxdb() or (here.influxdb if "influxdb" in running else None),
        telegraf=_listeners(met["telegraf"]),
        complaints={name: status.complaint for name, status in met.items() if status.complaint},
    )


def find_influxdb(folder: Path | None = None) -> Influx | None:
    """InfluxDB alone, for what needs no Kafka: that of the settings, or the one started in `folder`.

    Raises ServicesError, in a sentence that says why, for one that does not answer.
    """
    if own := _own_influxdb():
        return own
    here = Services(folder)
    met = here.status()["influxdb"]
    if met.complaint:
        raise ServicesError(met.complaint)
    return here.influxdb if met.state == "running" else None


def _listeners(met: Status) -> dict[str, str]:
    own = {"stream": settings().telegraf_stream, "producer": settings().telegraf_producer}
    record = met.record
    known = {name: address(record.ports[name]) for name in own} if record else {}
    return known | {name: value for name, value in own.items() if value}


def _own_kafka() -> str | None:
    from swatlib.servers.broker import kafka_answers

    servers = settings().kafka
    if servers and not kafka_answers(servers):
        raise ServicesError(f"SWAT_KAFKA={servers}: no Kafka answers there; give host:port of a running broker.")
    return servers


def _own_influxdb() -> Influx | None:
    own = settings()
    if not own.influx_url:
        return None
    if not own.influx_token_file:
        raise ServicesError(
            "SWAT_INFLUX_URL needs SWAT_INFLUX_TOKEN_FILE beside it: a file with a token for its bucket."
        )
    found = Influx(own.influx_url.rstrip("/"), own.influx_org, own.influx_bucket, own.influx_token_file.expanduser())
    if not influx.healthy(found.url):
        raise ServicesError(f"SWAT_INFLUX_URL={own.influx_url}: no InfluxDB 2 answers there.")
    try:
        influx.try_write(found)
    except ServicesError as refusal:
        absent = isinstance(refusal, influx.RefusedError) and refusal.code == 404
        variables = "SWAT_INFLUX_ORG or SWAT_INFLUX_BUCKET" if absent else "SWAT_INFLUX_TOKEN_FILE"
        raise ServicesError(f"{variables} does not fit: {refusal}") from None
    return found
