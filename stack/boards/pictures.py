"""Pictures of the boards for docs/ from their files and what is stored: `python stack/boards/pictures.py FOLDER PLANT`.

FOLDER is that of the servers, which run; the picture shows the plant's last quarter of an hour.
"""

import sys
from pathlib import Path

import pandas as pd

from swatlib.live.links import CHRONOGRAF, GRAFANA, Window, ask, panels
from swatlib.live.sink import InfluxSink
from swatlib.plots.boards import board
from swatlib.servers import Services
from swatlib.settings import ROOT

LENGTH = pd.Timedelta("15min")
PIXELS_PER_INCH = 100
PICTURES = {
    "overview": ("Grafana: SWaT overview", GRAFANA / "swat-overview.json"),
    "detector": ("Grafana: a detector, PCA", GRAFANA / "swat-pca.json"),
    "plant": ("Grafana: the plant", GRAFANA / "swat-plant.json"),
    "health": ("Chronograf: is every part alive?", CHRONOGRAF / "health.dashboard"),
    "machine": ("Chronograf: machine and processes", CHRONOGRAF / "machine.dashboard"),
    "stream": ("Chronograf: stream, broker, storage", CHRONOGRAF / "stream.dashboard"),
}


def draw(reader: InfluxSink, plant: str, to: Path) -> None:
    """All pictures into a folder. Raises ValueError for a plant of which nothing is stored."""
    last = reader.select(f'SELECT last("LIT101") FROM "reading" WHERE "plant" = \'{plant}\'')
    if last.empty:
        raise ValueError(f"nothing is stored of plant {plant}")
    end = pd.Timestamp(last["time"].iloc[0])
    window = Window(plant, end - LENGTH, end)
    events = reader.attacks(plant, window.start, window.end)
    for name, (title, path) in PICTURES.items():
        answered = [(panel, ask(panel, window, reader)) for panel in panels(path, headings=True)]
        figure = board(title, answered, window.start, window.end, events)
        figure.savefig(to / f"board-{name}.png", dpi=PIXELS_PER_INCH)


if __name__ == "__main__":
    influx = Services(Path(sys.argv[1])).influxdb
    draw(InfluxSink(influx.url, influx.org, influx.bucket, influx.token("read")), sys.argv[2], ROOT / "docs")
