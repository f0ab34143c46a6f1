"""Boards of Chronograf: files that it reads as they are. Its page fills in `:dashboardTime:` and `:interval:`."""

import json

WITHIN = "time > :dashboardTime: AND time < :upperDashboardTime:"
GREEN, YELLOW, RED, BLUE = "#4ED8A0", "#FFD255", "#BF3D5E", "#00C9FF"
PALETTE = ("#00C9FF", "#9394FF", "#FFD255")
WIDE = 12  # columns of the grid


def metric(select: str, measurement: str, where: str = "", every: str = ":interval:") -> str:
    """`select` from Telegraf's bucket, all series together, by interval over the page's time: null where there is none,
    so that lines of cells side by side span the same time.
    """
    within = f'FROM "telegraf"."autogen"."{measurement}" WHERE {WITHIN}{where}'
    return f"SELECT {select} {within} GROUP BY time({every})"


def rates(measurement: str, tag: str = "", **fields: str) -> str:
    """Growth of counters per second, name to field, summed over a tag, in the same intervals.

    A counter that restarts from 0 with its server gives no value there. A rate has no value where it can't be computed,
    hence the outer query.
    """
    grown = ", ".join(f'non_negative_derivative(last("{field}"), 1s) AS "{name}"' for name, field in fields.items())
    summed = ", ".join(f'sum("{name}") AS "{name}"' for name in fields)
    by_tag = f', "{tag}"' if tag else ""
    return f"SELECT {summed} FROM ({metric(grown, measurement)}{by_tag}) WHERE {WITHIN} GROUP BY time(:interval:)"


def each(function: str, field: str, measurement: str, tag: str, *values: str) -> list[str]:
    """A query for each value of a tag, whose line has the value's name."""
    return [metric(f'{function}("{field}") AS "{it}"', measurement, f" AND \"{tag}\" = '{it}'") for it in values]


def last(field: str, measurement: str, *tags: str, where: str = "", scale: str = "") -> str:
    """The last value in the page's time."""
    by = " GROUP BY " + ", ".join(f'"{tag}"' for tag in tags) if tags else ""
    select = f'last("{field}"){scale} AS "last"'
    return f'SELECT {select} FROM "telegraf"."autogen"."{measurement}" WHERE {WITHIN}{where}{by}'


class Board:
    """Cells set from left to right."""

    def __init__(self, number: int, name: str):
        self.whole = {"id": number, "name": name, "organization": "default", "cells": []}
        self.x = self.y = self.line = 0

    def lines(
        self,
        name: str,
        width: int,
        query: str | list[str],
        unit: str = "",
        base: str = "10",
        kind: str = "line",
        height: int = 3,
        up_to: str = "",
    ):
        """Lines over time; `kind`: line, line-stacked, bar. `base` 2: thousands are 1024. One line needs no legend.

        `up_to`: where the axis ends, whatever the values: a line at zero has numbers then, and a catch-up does
        not flatten the rest. The name says so.
        """
        name = f"{name}, up to {up_to}" if up_to else name
        y = {"label": unit, "base": base, "bounds": ["0", up_to], "scale": "linear", "prefix": "", "suffix": ""}
        scale = [{"type": "scale", "hex": color, "id": color, "name": color, "value": "0"} for color in PALETTE]
        several = not isinstance(query, str) or query.partition(" FROM ")[0].count(" AS ") > 1
        legend = {"legend": {"type": "static", "orientation": "bottom"}} if several else {}
        return self._cell(name, kind, width, height, query, axes={"y": y}, colors=scale, **legend)

    def number(
        self, name: str, width: int, query: str, suffix: str = "", steps: dict = (), digits: int = 0, height: int = 2
    ):
        """One value. `steps`: from which number on it has which background."""
        colors = [{"type": "background", "hex": color, "value": str(value)} for value, color in dict(steps).items()]
        base = colors or [{"type": "text", "hex": BLUE, "value": "-1000000"}]
        shown = {"decimalPlaces": {"isEnforced": True, "digits": digits}, "axes": {"y": {"suffix": suffix}}}
        return self._cell(name, "single-stat", width, height, query, colors=base, **shown)

    def gauge(self, name: str, width: int, query: str, suffix: str, yellow: int, red: int):
        """A number from 0 to 100."""
        marks = (("min", GREEN, 0), ("threshold", YELLOW, yellow), ("threshold", RED, red), ("max", RED, 100))
        colors = [{"type": kind, "hex": color, "value": str(value)} for kind, color, value in marks]
        shown = {"decimalPlaces": {"isEnforced": True, "digits": 0}, "axes": {"y": {"suffix": suffix}}}
        return self._cell(name, "gauge", width, 3, query, colors=colors, **shown)

    def table(
        self, name: str, width: int, query: str, flux: bool = False, height: int = 3, digits: int = 1, names: dict = ()
    ):
        """Rows as they come. `names`: column, as Chronograf calls it, to its heading; the time is left out then."""
        sort = {"internalName": "time", "displayName": "", "visible": True}
        options = {"verticalTimeAxis": True, "sortBy": sort, "wrapping": "truncate", "fixFirstColumn": True}
        places = {"isEnforced": True, "digits": digits}
        hidden = [{"internalName": "time", "displayName": "", "visible": False}] if names else []
        fields = [{"internalName": key, "displayName": said, "visible": True} for key, said in dict(names).items()]
        shown = {
            "fieldOptions": hidden + fields,
            "timeFormat": "HH:mm:ss",
            "decimalPlaces": places,
            "tableOptions": options,
        }
        return self._cell(name, "table", width, height, query, "flux" if flux else "influxql", **shown)

    def json(self) -> str:
        """The board as Chronograf reads it."""
        return json.dumps(self.whole, indent=1, ensure_ascii=False) + "\n"

    def _cell(
        self, name: str, kind: str, width: int, height: int, query: str | list[str], language: str = "influxql", **more
    ):
        if self.x + width > WIDE:
            self.x, self.y, self.line = 0, self.y + self.line, 0
        place = {"x": self.x, "y": self.y, "w": width, "h": height}
        asked = [{"query": one, "type": language} for one in ([query] if isinstance(query, str) else query)]
        identity = f"{self.whole['id']}-{len(self.whole['cells']) + 1}"
        self.whole["cells"].append({"i": identity, "name": name, "type": kind, **place, "queries": asked, **more})
        self.x, self.line = self.x + width, max(self.line, height)
        return self
