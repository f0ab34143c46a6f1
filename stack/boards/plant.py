"""The plant: six stages, each with its levels against their set points, flows, pressures, chemistry and actuators."""

import grafana
import queries
from grafana import BLUE, GREEN, GREY, ORANGE, RED, Page, influxql, prop

from swatlib.plant import CLOSED, GAUGED_TANKS, OFF, ON, OPEN, STAGES, TAGS, TRAVELLING, stage_tags

UNITS = {"mm": "lengthmm", "kPa": "pressurekpa", "m³/h": "m³/h", "mV": "mV", "pH": "pH", "µS/cm": "µS/cm", "ppm": "ppm"}
GROUPS = {"Flow": ("flow",), "Pressure": ("pressure",), "Chemistry": ("conductivity", "pH", "ORP", "hardness")}
SWITCH = {str(OFF): ("off", GREY), str(ON): ("on", GREEN)}
VALVE = {str(TRAVELLING): ("travelling", ORANGE), str(CLOSED): ("closed", GREY), str(OPEN): ("open", BLUE)}
TANKS = {tank.level: tank for tank in GAUGED_TANKS}


def board() -> Page:
    page = Page("swat-plant", "Plant", "The 51 tags by stage; dashed lines are the set points of the tanks.")
    for stage, name in STAGES.items():
        page.add(grafana.heading(f"{stage} {name}"), 24, 1)
        panels = list(_panels(stage))
        for number, panel in enumerate(panels):  # 24 columns shared out to the last one
            page.add(panel, 24 * (number + 1) // len(panels) - 24 * number // len(panels), 8)
    return page


def _panels(stage: str):
    tags = [TAGS[name] for name in stage_tags(stage)]
    yield from (_level(tag.name) for tag in tags if tag.name in TANKS)
    for title, kinds in GROUPS.items():
        if chosen := [tag for tag in tags if tag.kind in kinds]:
            yield _sensors(title, chosen)
    yield _actuators([tag for tag in tags if not tag.is_sensor])


def _level(name: str):
    tank = TANKS[name]
    panel = grafana.series(f"Level of {tank.name}", influxql(queries.means((name,)), "$col")).unit(UNITS["mm"])
    points = {tank.low_low: RED, tank.low: ORANGE, tank.high: ORANGE, tank.high_high: RED}
    return grafana.dashed_at(panel, points)


def _sensors(title: str, tags: list):
    panel = grafana.series(title, influxql(queries.means(tuple(tag.name for tag in tags)), "$col"))
    for tag in tags:
        panel = panel.override_by_name(tag.name, [prop("unit", UNITS[tag.unit])])
    return panel


def _actuators(tags: list):
    panel = grafana.timeline("Pumps and valves", influxql(queries.states(tuple(tag.name for tag in tags)), "$col"))
    return panel.mappings(grafana.words(SWITCH)).override_by_regexp("/^MV/", [grafana.words_of(VALVE)])
