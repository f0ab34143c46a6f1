"""The overview: which detectors see an attack, how soon, and does the stream keep up?"""

import alarm_system
import grafana
import queries
from detector import ALARM, alarms
from grafana import GREEN, ORANGE, RED, Page, flux, influxql, prop
from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.models import common

TIME = [prop("unit", "dateTimeAsIso"), prop("decimals", 0)]
STREAM = ("mean rows_per_second processed", "sum rows_out stored_per_interval", "max behind lag",
          "max latency_p50 p50", "max latency_p95 p95")  # fmt: skip
FRESH = ("max latency_p95 latency", "sum rejected rejected")
WALL = "Of the last minute, whatever time range the board shows."


def board() -> Page:
    page = Page("swat-overview", "SWaT overview", "All detectors beside the known attacks, and the stream's health.")
    page.mark_maintenance()
    page.add(alarms("Known attacks and alarms"), 24, 9)
    page.add(_excess(), 24, 9)
    page.add(_now(), 12, 10)
    page.add(_delay(), 6, 10)
    page.add(_alarms_an_hour(), 6, 10)
    page.add(alarm_system.episodes(), 24, 8)
    page.add(_attacks(), 7, 7)
    page.add(_maintenance(), 9, 7)
    page.add(_plants(), 8, 7)
    stream, source = influxql(queries.stream(*STREAM), "$col"), page.next
    page.add(_stream("Throughput (rows/s)", "rows/s", stream, "processed", "stored_per_interval"), 6, 7)
    page.add(_stream("Consumer lag (messages)", "messages", grafana.shared(source), "lag"), 5, 7)
    page.add(_stream("End-to-end latency (s), p50 and p95", "s", grafana.shared(source), "p50", "p95"), 5, 7)
    fresh, source = influxql(queries.stream_now(*FRESH), as_table=True), page.next
    late, none = {None: GREEN, 5: ORANGE, 30: RED}, {None: GREEN, 1: RED}
    page.add(_fresh("Latency now (s), p95", fresh, "/^latency$/", "suffix: s", late), 4, 7)
    page.add(_fresh("Rejected messages", grafana.shared(source), "/^rejected$/", "none", none), 4, 7)
    return page


def _excess():
    panel = grafana.series(
        "Score above threshold (multiples of the threshold)",
        influxql(queries.excess(), "$tag_detector"),
        unit="multiples of the threshold",
    )
    panel = grafana.by_detector(panel)
    scale = parts.ScaleDistributionConfig().type(common.ScaleDistribution.SYMLOG).log(10).linear_threshold(1)
    return grafana.dashed_at(panel, {0: RED}).scale_distribution(scale)


def _now():
    link = {"title": "its board", "url": "/d/swat-${__value.raw}?${__url_time_range}&${plant:queryparam}"}
    panel = grafana.rows("Now", influxql(queries.now(), as_table=True), "no score in this time").decimals(3)
    state = [grafana.words_of(ALARM), prop("custom.cellOptions", {"type": "color-background"})]
    hidden = [prop("custom.hideFrom.viz", True)]
    panel = panel.override_by_name("detector", [prop("links", [link])]).override_by_name("alarm", state)
    return panel.override_by_name("Time", hidden)  # of the range's start, not of a point


def _delay():
    panel = grafana.rows("Detection delay of the last attack", flux(queries.delay()), "no known attack in this time")
    return panel.description("To the first alarm that begins within the attack; on: an alarm stood already.")


def _alarms_an_hour():
    panel = grafana.rows("Alarm episodes per hour", flux(queries.alarms_an_hour()), "no score in this time")
    return panel.decimals(1).description("Over the time that the board shows.")


def _attacks():
    panel = grafana.rows("Known attacks", influxql(queries.attacks(), as_table=True), "no known attack in this time")
    return panel.override_by_name("until", TIME)


def _maintenance():
    panel = grafana.rows("Maintenance windows", flux(queries.maintenance()), "no maintenance window")
    panel = panel.description("Alarms within one are kept, and no alert of them is sent.")
    return panel.override_by_regexp("/^(start|until)$/", TIME)


def _plants():
    panel = grafana.rows("Plants and their time ranges", flux(queries.PLANTS), "no plant")
    fields = "from=${__data.fields.start.numeric}&to=${__data.fields.stop.numeric}&var-plant=${__value.raw}"
    link = {"title": "on its own time", "url": f"/d/swat-overview?{fields}"}
    panel = panel.override_by_name("plant", [prop("links", [link])])
    return panel.override_by_regexp("/^(start|stop)$/", TIME)


def _stream(title: str, unit: str, query: grafana.Query, *names: str):
    return grafana.only(grafana.counts(title, query, unit=unit), *names).interval("10s")


def _fresh(title: str, query: grafana.Query, field: str, unit: str, steps: dict):
    return grafana.number(title, query, field=field, unit=unit, steps=steps).description(WALL)
