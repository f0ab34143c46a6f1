"""The producer of `stream_performance`, in a process that imports no more than a producer does."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from swatlib.live.producer import Producer, blocks


def send_rows(servers: str, rows: Path, count: int, speed: float | None, plants: tuple[str, ...]) -> None:
    """The first `count` rows of a parquet from each plant, side by side."""
    frame = pd.read_parquet(rows).iloc[:count]
    with ThreadPoolExecutor(len(plants)) as threads:
        list(threads.map(lambda plant: Producer(servers, plant, speed).send(blocks(frame)), plants))
