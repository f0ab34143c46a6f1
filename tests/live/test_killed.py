"""Producer, worker, stream and servers are killed as they come: every point is there once, equal to the offline one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from rig import influx_sink, topics
from waiting import wait

from swatlib.live import sink
from swatlib.live.parity import unequal
from swatlib.pipeline import Pipeline
from swatlib.servers import Services

SENDER = """
import sys, pandas
from swatlib.live.producer import Producer, blocks
servers, name, rows, speed = sys.argv[1:]
Producer(servers, "swat", float(speed), topic=name).send(blocks(pandas.read_parquet(rows), rows=100))
"""
STREAM = """
import sys
from pathlib import Path
from rig import stream
from swatlib.live.sink import InfluxSink
servers, folder, readings, rejected, pipeline, url, org, bucket, token = sys.argv[1:]
to = InfluxSink(url, org, bucket, Path(token).read_text(), patience=20)
stream(servers, to, Path(folder), (readings, rejected), Path(pipeline), batch=1_000).run()
"""
SLOWLY, QUICKLY = "75", "10000"  # rows a second: 10,000 last longer than all kills, since an idle stream has no worker


def is_worker(process: psutil.Process) -> bool:
    try:
        return "swatlib.live.stream.workers" in process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie, which is one of its kinds
        return False


class Victims:
    """Producer, stream and servers of their own, each of which can be killed and is started again."""

    def __init__(self, servers: Services, folder: Path, names: tuple[str, ...], pipeline: Path, rows: pd.DataFrame):
        self.servers, influxdb = servers, servers.influxdb
        rows.to_parquet(folder / "rows.parquet")
        place = (influxdb.url, influxdb.org, influxdb.bucket, influxdb.tokens / "write")
        self.programs = {
            "producer": (SENDER, servers.kafka, names[0], folder / "rows.parquet", SLOWLY),
            "driver": (STREAM, servers.kafka, folder, *names[:2], pipeline, *place),
        }
        self.running = {name: self._start(name) for name in self.programs}
        self.forked: set[psutil.Process] = set()

    def kill(self, name: str) -> None:
        if name == "worker":
            random.choice(wait(self._workers, 300)).kill()
        elif name in self.running:
            self.running[name].kill()
            self.running[name].wait()
            self.running[name], self.forked = self._start(name), set() if name == "driver" else self.forked
        else:
            os.kill(self.servers.pid(name), signal.SIGKILL)
            self.servers.restart(name)

    def hurry(self) -> None:
        """Kill the producer a last time; the next one sends what is left as fast as it can."""
        *given, _ = self.programs["producer"]
        self.programs["producer"] = (*given, QUICKLY)
        self.kill("producer")

    def _workers(self) -> list[psutil.Process]:
        """Spark's Python workers, and the process that they are forked from; when it is killed, they score on."""
        self.forked.update(psutil.Process(self.running["driver"].pid).children(recursive=True))
        return [each for each in self.forked if is_worker(each)]

    def _start(self, name: str) -> subprocess.Popen:
        program, *given = self.programs[name]
        with Path(self.servers.folder, f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", program, *map(str, given)], cwd=Path(__file__).parent, stdout=log, stderr=log
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running.values():
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.kill()
            process.wait()
            psutil.wait_procs(family, timeout=20)


def stored(reader: sink.InfluxSink) -> int:
    """Points of `score` that InfluxDB holds."""
    found = reader.select('SELECT count("alarm") FROM "score"')
    return 0 if found.empty else int(found["count"].sum())


def test_whoever_is_killed_every_point_is_there_once(need, quick, attacked, tmp_path):
    need("kafka", "influxdb")
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    random.seed(seed)
    rows = attacked.frame.iloc[:10_000]
    offline = Pipeline.load(quick).score(rows)
    victims = random.sample(["driver", *["worker", "producer", "kafka", "influxdb"] * 2], 9)
    with Services(tmp_path / "services", ("kafka", "influxdb")) as servers:
        names, reader = topics(servers.kafka), influx_sink(servers.influxdb)
        with Victims(servers, tmp_path, names, quick, rows) as all_of_them:
            for victim in victims:
                time.sleep(random.uniform(1, 4))
                print("kill", victim)
                all_of_them.kill(victim)
            all_of_them.hurry()
            deadline = time.monotonic() + 300
            while (all_of_them.running["producer"].poll() is None or stored(reader) < 2 * len(rows)) and (
                time.monotonic() < deadline
            ):
                time.sleep(1)
        assert unequal(reader.scores("swat"), offline) == []
        assert np.array_equal(reader.readings("swat").to_numpy(), rows.to_numpy())
