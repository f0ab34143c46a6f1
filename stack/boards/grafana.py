"""Boards and panels of Grafana, as the grafana-foundation-sdk makes them, with what it cannot do added afterwards."""

import json
from collections.abc import Callable, Iterable

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from queries import REGIONS, maintenance_regions

from swatlib.pipeline import DEFAULT
from swatlib.plots.looks import looks
from swatlib.plots.style import BLACK

INFLUXQL = common.DataSourceRef(type_val="influxdb", uid="swat-influxql")
FLUX = common.DataSourceRef(type_val="influxdb", uid="swat-flux")
MIXED = common.DataSourceRef(type_val="datasource", uid="-- Mixed --")
SAME = common.DataSourceRef(type_val="datasource", uid="-- Dashboard --")  # answers that another panel has got
GAP = 600_000  # ms between two points that break a line; a smaller value would break it between long intervals
GREEN, RED, ORANGE, BLUE, PURPLE, GREY = "green", "red", "orange", "blue", "purple", "#808080"
INK = "text"  # Grafana's own black or white, after its theme
BAND = "5s"  # rows come each second: in shorter intervals some lack, and a band becomes a comb
COLOURS = {
    name: INK if look.colour == BLACK else look.colour for name, look in looks(DEFAULT).items()
}  # as figures have them


class Query(Builder):
    """A query for a data source that the SDK does not support."""

    def __init__(self, source: common.DataSourceRef, ref: str, **whole):
        self.source = source
        self.whole = {"refId": ref, "datasource": {"type": source.type_val, "uid": source.uid}, **whole}

    def build(self) -> UnknownDataquery:
        return UnknownDataquery(self.whole)


def influxql(query: str, alias: str = "", as_table: bool = False, ref: str = "A") -> Query:
    """`alias`: `$col` names a series after its AS, `$tag_x` after its tag."""
    form = {"resultFormat": "table" if as_table else "time_series", **({"alias": alias} if alias else {})}
    return Query(INFLUXQL, ref, rawQuery=True, query=query, **form)


def flux(query: str, ref: str = "A") -> Query:
    return Query(FLUX, ref, query=query)


def shared(panel: int) -> Query:
    """What the panel of this number asks: it is asked once for all that show parts of it."""
    return Query(SAME, "A", panelId=panel, withTransforms=False)


def only(panel, *names: str):
    """Show no series but these; others that share the query show the rest."""
    kept = {"include": {"names": ["Time", *names]}}
    return panel.with_transformation(models.DataTransformerConfig(id_val="filterFieldsByName", options=kept))


def series(title: str, *queries: Query, unit: str = "") -> timeseries.Panel:
    """Lines over time, broken at gaps; `unit` stands beside the axis."""
    panel = timeseries.Panel().show_points(common.VisibilityMode.NEVER).line_width(1).insert_nulls(GAP)
    panel = _with(panel, title, queries).legend(_legend())
    return panel.axis_label(unit) if unit else panel


def counts(title: str, *queries: Query, unit: str) -> timeseries.Panel:
    """Lines from 0 on, which stay readable beside a spike: logarithmic above 10. The axis reaches 1 at least."""
    scale = parts.ScaleDistributionConfig().type(common.ScaleDistribution.SYMLOG).log(10).linear_threshold(10)
    panel = series(title, *queries, unit=unit).min(0).axis_soft_max(1).scale_distribution(scale)
    return panel.description("Logarithmic above 10, so that a catch-up does not flatten the rest.")


def by_detector(panel):
    """Each detector in its own colour, by name."""
    for name, colour in COLOURS.items():
        panel = panel.override_by_name(name, [colored(colour)])
    return panel


def timeline(title: str, *queries: Query) -> statetimeline.Panel:
    """One row per series, coloured by state, with the same gaps."""
    panel = statetimeline.Panel().merge_values(True).row_height(0.85).line_width(0).fill_opacity(80).interval(BAND)
    hidden = parts.VizLegendOptions().show_legend(False).display_mode(common.LegendDisplayMode.LIST)
    return _with(panel.insert_nulls(GAP).legend(hidden.placement(common.LegendPlacement.BOTTOM)), title, queries)


def number(
    title: str, query: Query, field: str = "", unit: str = "", steps: dict = (), newest: str = "last"
) -> stat.Panel:
    """One value. `steps`: from which number on it has which colour. `field`: a regular expression; needed for text."""
    chosen = parts.ReduceDataOptions().calcs([f"{newest}NotNull"]).values(False)
    panel = _with(stat.Panel(), title, [query]).reduce_options(chosen.fields(field) if field else chosen)
    panel = panel.graph_mode(common.BigValueGraphMode.NONE).no_value("none")
    panel = panel.unit(unit) if unit else panel
    return panel.thresholds(_thresholds(steps)) if steps else panel


def rows(title: str, query: Query, none: str) -> table.Panel:
    """A table; `none` is what it says where there is no row."""
    return _with(table.Panel(), title, [query]).cell_height(common.TableCellHeight.SM).no_value(none)


def heading(title: str) -> builders.Row:
    return builders.Row(title)


def colored(color: str) -> models.DynamicConfigValue:
    return prop("color", {"mode": "fixed", "fixedColor": color})


def prop(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val=name, value=value)


def words(meaning: dict[str, tuple[str, str]]) -> list[models.ValueMapping]:
    """value → (word, colour), for all values of a panel."""
    return [models.ValueMap(options={
        value: models.ValueMappingResult(text=word, color=color, index=index)
        for index, (value, (word, color)) in enumerate(meaning.items())
    })]  # fmt: skip


def words_of(meaning: dict[str, tuple[str, str]]) -> models.DynamicConfigValue:
    """The same for the series of an override."""
    named = {value: {"text": word, "color": color} for value, (word, color) in meaning.items()}
    return prop("mappings", [{"type": "value", "options": named}])


def steps_of(steps: dict) -> list[models.Threshold]:
    return [models.Threshold(value=value, color=color) for value, color in steps.items()]


def _thresholds(steps: dict) -> builders.ThresholdsConfig:
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps_of(steps))


def dashed_at(panel: timeseries.Panel, lines: dict) -> timeseries.Panel:
    """Dashed lines at fixed values, e.g. set points."""
    style = parts.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(_thresholds({None: "transparent", **lines})).thresholds_style(style)


def _with(panel, title: str, queries: Iterable[Query]):
    sources = {query.source.uid: query.source for query in queries}
    panel = panel.title(title).datasource(MIXED if len(sources) > 1 else next(iter(sources.values())))
    for query in queries:
        panel = panel.with_target(query)
    return panel


def _legend():
    shown = parts.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST)
    return shown.placement(common.LegendPlacement.BOTTOM)


class Page:
    """Panels set from left to right, each as wide and high as asked; the next one that doesn't fit begins a line."""

    def __init__(self, uid: str, title: str, description: str):
        self.board = builders.Dashboard(title).uid(uid).tags(["swat"]).description(description).timezone("utc")
        self.board = self.board.refresh("10s").time("now-15m", "now").tooltip(models.DashboardCursorSync.CROSSHAIR)
        self.board = self.board.readonly().link(_others()).with_variable(_plant())
        self.board = self.board.annotation(_shown("Attacks", PURPLE, REGIONS))
        self.x = self.y = self.line = self.count = 0

    @property
    def next(self) -> int:
        """Number of the panel that is added next."""
        return self.count + 1

    def mark_maintenance(self) -> "Page":
        """Show maintenance windows as regions too."""
        self.board = self.board.annotation(_shown("Maintenance", GREY, maintenance_regions()))
        return self

    def add(self, panel, width: int, height: int) -> "Page":
        if self.x + width > 24:
            self.x, self.y, self.line = 0, self.y + self.line, 0
        place = models.GridPos(x=self.x, y=self.y, w=width, h=height)
        self.count += 1
        panel = panel.id(self.count).grid_pos(place)
        self.board = (self.board.with_row if isinstance(panel, builders.Row) else self.board.with_panel)(panel)
        self.x, self.line = self.x + width, max(self.line, height)
        return self

    def json(self) -> str:
        """The board as Grafana reads it."""
        whole = json.loads(JSONEncoder(sort_keys=True).encode(self.board.build()))
        for each in (*whole["links"], *whole["annotations"]["list"]):
            each.pop("placement", None)  # else hidden in a small menu
        for panel in whole["panels"]:
            panel.get("options", {}).pop("perPage", None)  # else a pager takes room
        return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _others():
    link = builders.DashboardLink("SWaT").type(models.DashboardLinkType.DASHBOARDS).tags(["swat"])
    return link.include_vars(True).keep_time(True)


def _plant():
    ask = 'SHOW TAG VALUES FROM "reading" WITH KEY = "plant"'
    variable = builders.QueryVariable("plant").label("Plant").datasource(INFLUXQL).query(ask)
    return variable.refresh(models.VariableRefresh.ON_DASHBOARD_LOAD).sort(models.VariableSort.ALPHABETICAL_ASC)


def _shown(name: str, colour: str, query: str):
    shown = builders.AnnotationQuery().name(name).enable(True).icon_color(colour).datasource(FLUX)
    return shown.target(flux(query, "Anno"))


Make = Callable[[], Page]
