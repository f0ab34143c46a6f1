"""The plant as data: its 51 tags in the order of the official files, five tanks, and the flows between them.

Every tag name, unit, code, set point and tank section is written here and nowhere else.
Sources: the tag list and set points of the SWaT dataset and of the plant's published PLC code; sections and
meter gains from the slopes of the levels in the recordings of December 2015.
"""

import math
from dataclasses import dataclass

STAGES = {
    "P1": "raw water",
    "P2": "chemical dosing",
    "P3": "ultrafiltration",
    "P4": "dechlorination",
    "P5": "reverse osmosis",
    "P6": "backwash",
}

OFF, ON = 1, 2  # pumps and the UV lamp
TRAVELLING, CLOSED, OPEN = 0, 1, 2  # motorised valves

_SWITCH = {OFF: "off", ON: "on"}
_VALVE = {TRAVELLING: "travelling", CLOSED: "closed", OPEN: "open"}
_CODES = {"pump": _SWITCH, "lamp": _SWITCH, "valve": _VALVE}
_UNITS = {
    "flow": "m³/h",
    "level": "mm",
    "pressure": "kPa",
    "conductivity": "µS/cm",
    "pH": "pH",
    "ORP": "mV",
    "hardness": "ppm",
}


@dataclass(frozen=True)
class Tag:
    """One column of a recording. `kind` is the measured quantity, or "pump", "valve", "lamp"."""

    name: str
    stage: str
    kind: str
    description: str

    @property
    def unit(self) -> str:
        """Unit of a sensor's readings; empty for an actuator."""
        return _UNITS.get(self.kind, "")

    @property
    def codes(self) -> dict[int, str]:
        """What each recorded number means, for an actuator; empty for a sensor."""
        return _CODES.get(self.kind, {})

    @property
    def is_sensor(self) -> bool:
        return self.kind in _UNITS


_TABLE = """
P1 FIT101  flow         inflow to the raw-water tank T101
P1 LIT101  level        level of T101
P1 MV101   valve        inlet of T101
P1 P101    pump         raw-water pump, duty
P1 P102    pump         raw-water pump, standby
P2 AIT201  conductivity conductivity of the feed
P2 AIT202  pH           pH after HCl dosing
P2 AIT203  ORP          oxidation-reduction potential after NaOCl dosing
P2 FIT201  flow         flow from T101 to T301
P2 MV201   valve        inlet of T301
P2 P201    pump         NaCl dosing, duty
P2 P202    pump         NaCl dosing, standby
P2 P203    pump         HCl dosing, duty
P2 P204    pump         HCl dosing, standby
P2 P205    pump         NaOCl dosing, duty
P2 P206    pump         NaOCl dosing, standby
P3 DPIT301 pressure     differential pressure over the UF membrane
P3 FIT301  flow         flow into the UF membrane
P3 LIT301  level        level of the UF feed tank T301
P3 MV301   valve        UF backwash inlet
P3 MV302   valve        UF permeate to T401
P3 MV303   valve        UF backwash outlet
P3 MV304   valve        UF drain
P3 P301    pump         UF feed pump, standby in 2015
P3 P302    pump         UF feed pump, duty in 2015
P4 AIT401  hardness     hardness of the RO feed
P4 AIT402  ORP          oxidation-reduction potential of the RO feed
P4 FIT401  flow         RO feed flow out of T401
P4 LIT401  level        level of the RO feed tank T401
P4 P401    pump         RO feed pump, standby in 2015
P4 P402    pump         RO feed pump, duty in 2015
P4 P403    pump         NaHSO3 dosing, duty
P4 P404    pump         NaHSO3 dosing, standby
P4 UV401   lamp         UV dechlorination
P5 AIT501  pH           pH at the RO membrane
P5 AIT502  ORP          oxidation-reduction potential at the RO membrane
P5 AIT503  conductivity conductivity of the RO feed
P5 AIT504  conductivity conductivity of the RO permeate
P5 FIT501  flow         RO membrane inlet
P5 FIT502  flow         RO permeate
P5 FIT503  flow         RO reject
P5 FIT504  flow         RO recirculation
P5 P501    pump         RO high-pressure pump, duty
P5 P502    pump         RO high-pressure pump, standby
P5 PIT501  pressure     RO feed pressure
P5 PIT502  pressure     RO permeate pressure
P5 PIT503  pressure     RO reject pressure
P6 FIT601  flow         UF backwash flow
P6 P601    pump         permeate pump, not in use
P6 P602    pump         UF backwash pump
P6 P603    pump         reject pump, not in use
"""


def _tag(line: str) -> Tag:
    stage, name, kind, description = line.split(maxsplit=3)
    return Tag(name, stage, kind, description)


TAGS = {tag.name: tag for tag in map(_tag, _TABLE.strip().splitlines())}
TAG_NAMES = tuple(TAGS)
SENSORS = tuple(name for name, tag in TAGS.items() if tag.is_sensor)
ACTUATORS = tuple(name for name, tag in TAGS.items() if not tag.is_sensor)

# duty and standby: either of them can do the work of the other
_DUTY_AND_STANDBY = "P101 P102, P201 P202, P203 P204, P205 P206, P301 P302, P401 P402, P403 P404, P501 P502"
PUMP_PAIRS = tuple(tuple(pair.split()) for pair in _DUTY_AND_STANDBY.split(", "))


@dataclass(frozen=True)
class Flow:
    """Water that `meter` measures on its way from one place to another.

    `gain` turns the reading into what arrives there (a meter that reads too high, a membrane that holds back a part).
    `path`: the valves on the way, with the position that each must have; empty: the way is always open.
    """

    meter: str
    source: str
    sink: str
    gain: float = 1.0
    path: tuple[tuple[str, int], ...] = ()


FLOWS = (
    Flow("FIT101", "supply", "T101", gain=0.972),
    Flow("FIT201", "T101", "T301"),
    Flow("FIT301", "T301", "T401", gain=0.961, path=(("MV302", OPEN), ("MV304", CLOSED))),
    Flow("FIT401", "T401", "RO"),
    Flow("FIT502", "RO", "T601"),
    Flow("FIT503", "RO", "T602"),
    Flow("FIT601", "T602", "UF"),
)


@dataclass(frozen=True)
class Tank:
    """A tank: its level tag, section in m², and the level's set points in mm (the PLC's LL, L, H, HH).

    A tank with level switches only has no level tag (an empty name), and NaN for the other values.
    """

    name: str
    description: str
    level: str = ""
    area: float = math.nan
    low_low: float = math.nan
    low: float = math.nan
    high: float = math.nan
    high_high: float = math.nan

    @property
    def inflows(self) -> tuple[Flow, ...]:
        return tuple(flow for flow in FLOWS if flow.sink == self.name)

    @property
    def outflows(self) -> tuple[Flow, ...]:
        return tuple(flow for flow in FLOWS if flow.source == self.name)

    @property
    def balance_tags(self) -> frozenset[str]:
        """Tags that the mass balance of the tank needs: its level, its meters, the valves in their way."""
        flows = self.inflows + self.outflows
        return frozenset({self.level, *(f.meter for f in flows), *(valve for f in flows for valve, _ in f.path)})


TANKS = {
    tank.name: tank
    for tank in (
        Tank("T101", "raw water", "LIT101", 1.407, 250, 500, 800, 1100),
        Tank("T301", "UF feed", "LIT301", 1.41, 250, 800, 1000, 1200),
        Tank("T401", "RO feed", "LIT401", 1.42, 250, 800, 1000, 1200),
        Tank("T601", "RO permeate, level switches only"),
        Tank("T602", "backwash water, level switches only"),
    )
}
GAUGED_TANKS = tuple(tank for tank in TANKS.values() if tank.level)


def stage_tags(stage: str) -> tuple[str, ...]:
    """Names of the tags of one stage, in plant order. `stage` is one of "P1" … "P6"."""
    if stage not in STAGES:
        raise KeyError(f"no stage {stage!r} in the plant; the stages are {', '.join(STAGES)}")
    return tuple(name for name, tag in TAGS.items() if tag.stage == stage)


def stage_of(point: str) -> str:
    """Stage of a point of attack, also of one that is not recorded: its number begins with that of the stage."""
    return f"P{point.lstrip('ABCDEFGHIJKLMNOPQRSTUVWXYZ')[:1]}"
