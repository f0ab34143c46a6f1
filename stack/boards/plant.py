"""The plant: six stages, each with its levels against their set points, flows, pressures, chemistry and actuators."""

import grafana
import queries
from grafana import BLUE, GREEN, GREY, ORANGE, RED, Page, Query, influxql, prop

from swatlib.plant import CLOSED, GAUGED_TANKS, OFF, ON, OPEN, STAGES, TAGS, TRAVELLING, stage_tags

UNITS = {"mm": "lengthmm", "kPa": "pressurekpa", "m³/h": "m³/h", "mV": "mV", "pH": "pH", "µS/cm": "µS/cm", "ppm": "ppm"}
GROUPS = {"Flow": ("flow",), "Pressure": ("pressure",), "Chemistry": ("conductivity", "pH", "ORP", "hardness")}
SWITCH = {str(OFF): ("off", GREY), str(ON): ("on", GREEN)}
VALVE = {str(TRAVELLING): ("travelling", ORANGE), str(CLOSED): ("closed", GREY), str(OPEN): ("open", BLUE)}
TANKS = {tank.level: tank for tank in GAUGED_TANKS}


def board() -> Page:
    """The first panel of sensors asks for all sensors, the first one of actuators for all actuators."""
    page = Page("swat-plant", "Plant", "The 51 tags by stage; dashed lines are the set points of the tanks.")
    sources: dict[bool, int] = {}  # whether of sensors: number of the panel that asks
    for stage, name in STAGES.items():
        page.add(grafana.heading(f"{stage} {name}"), 24, 1)
        groups = list(_groups(stage))
        for number, (title, tags) in enumerate(groups):  # 24 columns shared out to the last one
            source = sources.setdefault(tags[0].is_sensor, page.next)
            query = _all(tags[0].is_sensor) if source == page.next else grafana.shared(source)
            page.add(_panel(title, tags, query), 24 * (number + 1) // len(groups) - 24 * number // len(groups), 8)
    return page


def _groups(stage: str):
    """Titles of a stage's panels, and their tags."""
    tags = [TAGS[name] for name in stage_tags(stage)]
    yield from ((f"Level of {TANKS[tag.name].name}", [tag]) for tag in tags if tag.name in TANKS)
    for title, kinds in GROUPS.items():
        if chosen := [tag for tag in tags if tag.kind in kinds]:
            yield title, chosen
    yield "Pumps and valves", [tag for tag in tags if not tag.is_sensor]


def _all(sensors: bool) -> Query:
    ask = queries.means if sensors else queries.states
    return influxql(ask(tuple(tag.name for tag in TAGS.values() if tag.is_sensor == sensors)), "$col")


def _panel(title: str, tags: list, query: Query):
    kind = _level if tags[0].name in TANKS else _sensors if tags[0].is_sensor else _actuators
    return grafana.only(kind(title, tags, query), *(tag.name for tag in tags))


def _level(title: str, tags: list, query: Query):
    tank = TANKS[tags[0].name]
    panel = grafana.series(title, query).unit(UNITS["mm"])
    points = {tank.low_low: RED, tank.low: ORANGE, tank.high: ORANGE, tank.high_high: RED}
    return grafana.dashed_at(panel, points)


def _sensors(title: str, tags: list, query: Query):
    panel = grafana.series(title, query)
    for tag in tags:
        panel = panel.override_by_name(tag.name, [prop("unit", UNITS[tag.unit])])
    return panel


def _actuators(title: str, tags: list, query: Query):
    panel = grafana.timeline(title, query)
    return panel.mappings(grafana.words(SWITCH)).override_by_regexp("/^MV/", [grafana.words_of(VALVE)])
