"""The board of one detector: its state, alarms, scores and lead tags, and the time since its last score."""

import re

import grafana
import queries
from grafana import GREEN, PURPLE, RED, Page, flux, influxql

from swatlib.detectors import title as title_of

ALARM = {"true": ("ALARM", RED), "false": ("normal", GREEN)}
ATTACK = [grafana.words_of({queries.NONE: (queries.NONE, grafana.BLUE)}), grafana.prop("custom.insertNulls", False)]
NO_ALARM = "no alarm in this time"
POINTS = 10  # number of the panel "Scores in alarm"
OLD = {None: GREEN, 10: grafana.ORANGE, 60: RED}  # seconds without a point


def board(name: str) -> Page:
    """The board of the detector that the pipeline calls `name`."""
    title, only = title_of(name), f" AND {queries.one(name)}"
    page = Page(_uid(name), f"Detector: {title}", f"Scores of {title}: high is anomalous, alarm above threshold.")
    page.add(_state(only), 4, 4)
    ages, source = flux(queries.ages(name)), page.next
    page.add(grafana.number("Time since the last score (s)", ages, field="/^score$/", unit="s", steps=OLD), 4, 4)
    page.add(grafana.number("Alarm episodes", flux(queries.alarms_counted(name)), unit="none"), 4, 4)
    alarmed = grafana.number("Time since the last alarm (s)", grafana.shared(source), field="/^alarm$/", unit="s")
    page.add(alarmed, 4, 4)
    page.add(grafana.number("Time in alarm (s)", influxql(queries.seconds_in_alarm(name)), unit="suffix: s"), 4, 4)
    page.add(grafana.number("Last lead tag", grafana.shared(POINTS), field="/^lead$/", newest="first"), 4, 4)
    page.add(_scores(name), 24, 9)
    page.add(alarms("Alarms and known attacks", only), 24, 5)
    leads = grafana.rows("Lead tags", flux(queries.leads(name)), NO_ALARM)
    page.add(leads.description("n: seconds in alarm in which the tag is the lead tag."), 8, 9)
    asked = influxql(queries.points_in_alarm(name), as_table=True)
    page.add(grafana.rows("Scores in alarm", asked, NO_ALARM), 16, 9)
    return page


def _uid(name: str) -> str:
    """What stands in the board's address, at most the 40 characters that Grafana takes."""
    return f"swat-{re.sub(r'[^a-zA-Z0-9_-]', '-', name)}"[:40]


def alarms(title: str, condition: str = ""):
    """A row for the known attacks, then one per detector."""
    asked = influxql(queries.alarms(condition), "$tag_detector", ref="B")
    panel = grafana.timeline(title, flux(queries.TRUTH), asked).mappings(grafana.words(ALARM))
    return panel.override_by_name("known attacks", [*ATTACK, grafana.colored(PURPLE)])


def _state(only: str):
    query = influxql(f'SELECT last("alarm") AS "alarm" FROM "score" {queries.WITHIN}{only}', as_table=True)
    return grafana.number("State", query, field="/^alarm$/").mappings(grafana.words(ALARM))


def _scores(name: str):
    query = influxql(queries.score_and_threshold(name), "$col")
    panel = grafana.series("Score and threshold", query, unit="score")
    panel = panel.override_by_name("score", [grafana.colored(grafana.COLOURS.get(name, grafana.INK))])
    dashed = grafana.prop("custom.lineStyle", {"fill": "dash", "dash": [10, 6]})
    return panel.override_by_name("threshold", [grafana.colored(RED), dashed])
