"""The boards' files read outside Grafana and Chronograf: queries with the variables filled in, and their answers."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from swatlib.live.sink import InfluxSink
from swatlib.settings import ROOT

GRAFANA = ROOT / "stack" / "grafana" / "dashboards"
CHRONOGRAF = ROOT / "stack" / "chronograf"
TAG_COLUMNS = {
    "time",
    "detector",
    "plant",
    "query",
    "alias",
    "filter",
    "interface",
    "topic",
    "partition",
    "request",
    "bucket",
}
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
class BoardPanel:
    """A panel as its file has it: what it asks, and its options. shared: it shows what another panel asks."""

    title: str
    kind: str
    targets: tuple[dict, ...]
    whole: dict
    shared: bool = False

    @property
    def interval(self) -> int:
        """Its own lower bound for the interval, in seconds."""
        return int(self.whole.get("interval", "1s").removesuffix("s"))


def panels(path: Path) -> list[BoardPanel]:
    """Panels of a Grafana board, or cells of a Chronograf board."""
    board = json.loads(path.read_text(encoding="utf-8"))
    if "cells" in board:
        return [BoardPanel(each["name"], each["type"], _queries(each), each) for each in board["cells"]]
    by_number = {each["id"]: each for each in board["panels"]}
    return [_panel(each, by_number) for each in board["panels"] if each["type"] != "row"]


def _panel(whole: dict, by_number: dict[int, dict]) -> BoardPanel:
    asks = [each["panelId"] for each in whole["targets"] if "panelId" in each]
    source = by_number[asks[0]] if asks else whole
    return BoardPanel(whole["title"], whole["type"], tuple(source["targets"]), whole, bool(asks))


def regions(path: Path) -> list[dict]:
    """Targets of the annotations of a Grafana board, which it asks at every refresh too."""
    return [each["target"] for each in json.loads(path.read_text(encoding="utf-8"))["annotations"]["list"]]


def _queries(cell: dict) -> tuple[dict, ...]:
    """With `rawQuery`, as Grafana marks what isn't Flux."""
    return tuple(query if query["type"] == "flux" else {**query, "rawQuery": True} for query in cell["queries"])


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
    values = {
        "v.timeRangeStart": f"{window.start.isoformat()}Z",
        "v.timeRangeStop": f"{window.end.isoformat()}Z",
        "v.windowPeriod": f"{window.interval}s",
        "v.defaultBucket": '"swat"',
        "${plant:doublequote}": '"' + window.plant.replace('"', '\\"') + '"',
    }
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def ask_panel(panel: BoardPanel, window: Window, reader: InfluxSink) -> list[pd.DataFrame]:
    """Answers to a panel's queries, what it shows of them, one a target. Raises SinkError for one that is refused."""
    return [_shown(panel, asked(target, window, reader, panel.interval)) for target in panel.targets]


def _shown(panel: BoardPanel, answer: pd.DataFrame) -> pd.DataFrame:
    """The columns that a panel's filter, or the field of its number, leaves."""
    names = {name for each in panel.whole.get("transformations", ()) for name in each["options"]["include"]["names"]}
    field = panel.whole.get("options", {}).get("reduceOptions", {}).get("fields", "").strip("/")
    kept = [name for name in answer if name in TAG_COLUMNS or name in names or re.search(field or "$^", name)]
    return _with_values(answer[kept]) if names or field else answer


def asked(target: dict, window: Window, reader: InfluxSink, least: int = 1) -> pd.DataFrame:
    """The answer to one query; no row where it has no value."""
    query = filled(target, window, least)
    found = reader.select(query) if "rawQuery" in target else reader.flux(query)
    return _with_values(found)


def _with_values(found: pd.DataFrame) -> pd.DataFrame:
    """Without rows that hold nothing but a time and tags, which fill(null) makes."""
    values = [name for name in found if name not in TAG_COLUMNS] or list(found)
    return found.dropna(subset=values, how="all") if len(found) else found


def _nanoseconds(when: pd.Timestamp) -> int:
    return int(when.as_unit("ns").value)
