"""The boards asked outside Grafana and Chronograf: the same files, the same queries, their variables filled in here.

Tests hold with it that every panel has data; the notebook draws the overview with it where no Grafana runs.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from swatlib.live.sink import InfluxSink, Sink
from swatlib.servers.influx import direct
from swatlib.settings import ROOT

GRAFANA = ROOT / "stack" / "grafana" / "dashboards"
CHRONOGRAF = ROOT / "stack" / "chronograf"
TAGS = {"time", "detector", "plant", "query", "alias", "filter", "interface", "topic", "partition", "request", "bucket"}
PIXELS = 600  # points a line at most


@dataclass(frozen=True)
class Window:
    """What a board shows: a plant, from `start` to `end` (UTC)."""

    plant: str
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def interval(self) -> int:
        """Seconds that Grafana would put for `$__interval`."""
        return max(1, round((self.end - self.start).total_seconds() / PIXELS))


@dataclass(frozen=True)
class Panel:
    """A panel as its file has it: where it stands (24 columns), what it asks, and its options."""

    title: str
    kind: str
    place: dict[str, int]
    targets: tuple[dict, ...]
    whole: dict

    @property
    def interval(self) -> int:
        """Its own lower bound for the interval, in seconds."""
        return int(self.whole.get("interval", "1s").removesuffix("s"))


def panels(path: Path, headings: bool = False) -> list[Panel]:
    """Panels of a Grafana board, its headings (kind `row`) too where wanted, or cells of a Chronograf board."""
    board = json.loads(path.read_text(encoding="utf-8"))
    return _cells(board["cells"]) if "cells" in board else _panels(board["panels"], headings)


def _panels(found: list[dict], headings: bool) -> list[Panel]:
    return [
        Panel(each["title"], each["type"], each["gridPos"], tuple(each.get("targets", ())), each)
        for each in found
        if headings or each["type"] != "row"
    ]


def _cells(found: list[dict]) -> list[Panel]:
    """Of 12 columns and higher rows; `rawQuery` as Grafana marks what isn't Flux."""
    return [
        Panel(
            each["name"],
            each["type"],
            {"x": 2 * each["x"], "y": 2 * each["y"], "w": 2 * each["w"], "h": 2 * each["h"]},
            tuple(query if query["type"] == "flux" else {**query, "rawQuery": True} for query in each["queries"]),
            each,
        )
        for each in found
    ]


def filled(target: dict, window: Window, least: int = 1) -> str:
    """The query of a target as Grafana or Chronograf would send it."""
    if "rawQuery" not in target:
        return filled_flux(target["query"], window)
    within = f"time >= {_nanoseconds(window.start)} AND time <= {_nanoseconds(window.end)}"
    interval = f"{max(window.interval, least)}s"
    return (
        target["query"]
        .replace("$timeFilter", within)
        .replace("$__interval", interval)
        .replace(":interval:", interval)
        .replace(":dashboardTime:", f"'{window.start.isoformat()}Z'")
        .replace(":upperDashboardTime:", f"'{window.end.isoformat()}Z'")
        .replace("$plant", re.escape(window.plant).replace("/", r"\/"))
    )


def filled_flux(query: str, window: Window) -> str:
    """The same for Flux."""
    names = {
        "v.timeRangeStart": f"{window.start.isoformat()}Z",
        "v.timeRangeStop": f"{window.end.isoformat()}Z",
        "v.windowPeriod": f"{window.interval}s",
        "v.defaultBucket": '"swat"',
        "${plant}": window.plant.replace("\\", "\\\\").replace('"', '\\"'),
    }
    for name, value in names.items():
        query = query.replace(name, value)
    return query


def ask(panel: Panel, window: Window, reader: InfluxSink) -> list[pd.DataFrame]:
    """Answers to a panel's queries, one a target. Raises SinkError for a query that InfluxDB refuses."""
    return [asked(target, window, reader, panel.interval) for target in panel.targets]


def asked(target: dict, window: Window, reader: InfluxSink, least: int = 1) -> pd.DataFrame:
    """The answer to one query; no row where it has no value."""
    query = filled(target, window, least)
    found = reader.select(query) if "rawQuery" in target else reader.flux(query)
    return _with_values(found)


def _with_values(found: pd.DataFrame) -> pd.DataFrame:
    """Without rows that hold nothing but a time and tags, which fill(null) makes."""
    values = [name for name in found if name not in TAGS] or list(found)
    return found.dropna(subset=values, how="all") if len(found) else found


def overview(reader: Sink, plant: str, start: pd.Timestamp, end: pd.Timestamp) -> Iterator[tuple]:
    """Each panel of the overview with its answers, as `plots.board` takes them; none where points go to files."""
    window = Window(plant, start, end)
    if isinstance(reader, InfluxSink):
        yield from ((panel, ask(panel, window, reader)) for panel in panels(GRAFANA / "swat-overview.json"))


def links(plant: str, start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    """Addresses of the overview and of the health board on this machine, where they answer, at the plant's own time."""
    first, last = (_nanoseconds(when) // 1_000_000 for when in (start, end))
    bounds = f"lower={start.isoformat()}Z&upper={end.isoformat()}Z"
    pages = {
        "http://localhost:3000": f"/d/swat-overview?var-plant={quote(plant)}&from={first}&to={last}",
        "http://localhost:8888": f"/sources/0/dashboards/9001?{bounds}",
    }
    return [place + page for place, page in pages.items() if _answers(place)]


def _answers(place: str) -> bool:
    try:
        direct.open(place, timeout=1).close()
    except OSError:
        return False
    return True


def _nanoseconds(when: pd.Timestamp) -> int:
    return int(when.as_unit("ns").value)
