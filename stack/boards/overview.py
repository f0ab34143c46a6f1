"""The overview: which detectors see an attack, how soon, and does the stream keep up?"""

import grafana
import queries
from detector import ALARM, alarms
from grafana import GREEN, ORANGE, RED, Page, flux, influxql, prop
from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.models import common

NAMED = prop("displayName", "${__field.labels.detector}")
TIME = [prop("unit", "dateTimeAsIso"), prop("decimals", 0)]
WALL = "Of the last minute, whatever time range the board shows."


def board() -> Page:
    page = Page("swat-overview", "SWaT overview", "All detectors beside the known attacks, and the stream's health.")
    page.add(alarms("Known attacks and alarms"), 24, 9)
    page.add(_excess(), 24, 9)
    page.add(_now(), 12, 8)
    page.add(_delay(), 6, 8)
    page.add(_alarms_an_hour(), 6, 8)
    page.add(_attacks(), 12, 7)
    page.add(_plants(), 12, 7)
    page.add(_stream("Throughput (rows/s)", "mean rows_per_second processed", "sum rows_out stored_per_interval"), 8, 7)
    page.add(_stream("Consumer lag (messages)", "max behind lag"), 5, 7)
    latency = _stream("End-to-end latency (s), p50 and p95", "max latency_p50 p50", "max latency_p95 p95")
    page.add(latency.unit("s"), 5, 7)
    late = {None: GREEN, 5: ORANGE, 30: RED}
    page.add(_fresh("Latency now (s), p95", 'max("latency_p95")', "s", late), 3, 7)
    page.add(_fresh("Rejected messages", 'sum("rejected")', "short", {None: GREEN, 1: RED}), 3, 7)
    return page


def _excess():
    panel = grafana.series(
        "Score above threshold (multiples of the threshold)", influxql(queries.excess(), "$tag_detector")
    )
    scale = parts.ScaleDistributionConfig().type(common.ScaleDistribution.SYMLOG).log(10).linear_threshold(1)
    return grafana.dashed_at(panel, {0: RED}).scale_distribution(scale)


def _now():
    link = {"title": "its board", "url": "/d/swat-${__value.raw}?${__url_time_range}&${plant:queryparam}"}
    panel = grafana.rows("Now", influxql(queries.now(), as_table=True)).decimals(3)
    state = [grafana.words_of(ALARM), prop("custom.cellOptions", {"type": "color-background"})]
    hidden = [prop("custom.hideFrom.viz", True)]
    panel = panel.override_by_name("detector", [prop("links", [link])]).override_by_name("alarm", state)
    return panel.override_by_name("Time", hidden)  # of the range's start, not of a point


def _delay():
    panel = grafana.number("Detection delay of the last attack (s)", flux(queries.delay()), unit="s")
    return panel.override_by_regexp("/.*/", [NAMED]).description("To the first alarm that begins within the attack.")


def _alarms_an_hour():
    panel = grafana.series("Alarm episodes per hour", flux(queries.alarms_an_hour()))
    panel = panel.insert_nulls(False).draw_style(common.GraphDrawStyle.BARS).fill_opacity(60).min(0).decimals(0)
    return panel.override_by_regexp("/.*/", [NAMED])


def _attacks():
    panel = grafana.rows("Known attacks", influxql(queries.attacks(), as_table=True))
    return panel.override_by_name("until", TIME)


def _plants():
    panel = grafana.rows("Plants and their time ranges", flux(queries.PLANTS))
    fields = "from=${__data.fields.start.numeric}&to=${__data.fields.stop.numeric}&var-plant=${__value.raw}"
    link = {"title": "on its own time", "url": f"/d/swat-overview?{fields}"}
    panel = panel.override_by_name("plant", [prop("links", [link])])
    return panel.override_by_regexp("/^(start|stop)$/", TIME)


def _stream(title: str, *fields: str):
    return grafana.series(title, influxql(queries.stream(*fields), "$col")).min(0).interval("10s")


def _fresh(title: str, field: str, unit: str, steps: dict):
    return grafana.number(title, influxql(queries.stream_now(field)), unit=unit, steps=steps).description(WALL)
