"""What compose runs once before the rest: `python stack/jobs.py secrets FOLDER`, `topics`, `pipeline FOLDER`,
`agent FOLDER`; and, as a health check, `flowing`. Each does no harm when it is done already.
"""

import os
import secrets as random
import shutil
import sys
import time
from contextlib import closing
from pathlib import Path

from swatlib.servers.influx import READ, SECRET, WRITE, set_up
from swatlib.servers.tools import store
from swatlib.settings import environment, settings

INFLUXDB = "influxdb"  # the folder where all its tokens lie
PASSWORD, JUPYTER = "grafana-password", "jupyter-token"
SWAT, GRAFANA = "1000:1000", "472:0"  # user and group that the containers run as
# folder of a service: whose it is, and what that service may know
SHARES = {
    "stream": (SWAT, (WRITE,)),
    "telegraf": (SWAT, (WRITE,)),
    "episodes": (SWAT, (READ, WRITE)),
    "chronograf": (SWAT, (READ,)),
    "notebooks": (environment().get("NOTEBOOKS_USER", SWAT), (READ, WRITE, JUPYTER)),
    "grafana": (GRAFANA, (READ, PASSWORD)),
}


def secrets(folder: str) -> None:
    """Tokens of InfluxDB and two passwords, made at the first start; each service has a folder with its own alone."""
    top = Path(folder)
    set_up(settings().influx_url, top / INFLUXDB)
    for name in (PASSWORD, JUPYTER):
        if not (top / INFLUXDB / name).exists():
            store(top / INFLUXDB / name, random.token_urlsafe(24), SECRET)
    for service, (user, names) in SHARES.items():
        share(top / INFLUXDB, top / service, names, user)
    owner = top.stat()
    hand_over(top / INFLUXDB, f"{owner.st_uid}:{owner.st_gid}")


def share(source: Path, target: Path, names: tuple[str, ...], user: str) -> None:
    """Copies that only `user` (uid:gid) can read. The folder stays the same one: it may be mounted already."""
    target.mkdir(exist_ok=True)
    for name in names:
        store(target / name, (source / name).read_text(encoding="utf-8"), SECRET)
    hand_over(target, user)


def hand_over(folder: Path, user: str) -> None:
    """A folder and its files to a user (uid:gid), where we may."""
    uid, gid = map(int, user.split(":"))
    folder.chmod(0o700)
    for path in (folder, *folder.iterdir()):
        if os.geteuid() == 0:
            os.chown(path, uid, gid)


def topics() -> None:
    """The topics, the one of readings with TOPIC_PARTITIONS partitions."""
    from swatlib.live.producer import create_topics

    create_topics(settings().kafka, int(environment()["TOPIC_PARTITIONS"]))


def pipeline(folder: str) -> None:
    """A pipeline fitted with the options FIT of `swatlib fit`; one that is there and can be read stays.

    Another, of an earlier version say, is kept beside it.
    """
    from swatlib.cli.app import app
    from swatlib.saved import require_unchanged

    if Path(folder).exists():
        try:
            require_unchanged(Path(folder))
        except ValueError as refusal:
            kept = Path(folder).rename(f"{folder}-refused-{time.time():.0f}")
            print(f"{refusal}. It is kept as {kept}, and another one is fitted.", flush=True)
        else:
            return
    app(["fit", folder, *environment().get("FIT", "").split()])


def agent(folder: str) -> None:
    """The agent that shows Kafka's figures over HTTP."""
    from swatlib.servers.installation import installed

    (jar,) = (installed("kafka") / "agent").glob("*.jar")
    shutil.copyfile(jar, Path(folder) / "jolokia.jar")


def flowing(seconds: float = 30.0) -> None:
    """Fails unless a reading reached the topic within so many seconds."""
    from swatlib.live.topic import READINGS
    from swatlib.servers.broker import broker_reader, has_messages_since

    with closing(broker_reader(settings().kafka)) as reader:
        if not has_messages_since(reader, READINGS, time.time() - seconds):
            sys.exit(f"No reading reached the topic {READINGS} within {seconds:.0f} s.")


JOBS = {job.__name__: job for job in (secrets, topics, pipeline, agent, flowing)}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:] or [""]
    if name not in JOBS:
        sys.exit(f"There is no job '{name}'; there are {', '.join(JOBS)}.")
    JOBS[name](*arguments)
