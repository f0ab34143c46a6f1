"""What the simulated plant is made of: two parameter sets, the transmitters, the slow drifts.

The figures come from recordings of December 2015 and June 2017: slopes of levels, step responses, statistics of ten
hours of normal operation. Flows in m³/h, levels in mm, pressures in kPa, times in seconds.
"""

from collections import namedtuple
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from swatlib.plant import FLOWS, SENSORS, TAG_NAMES, TANKS

PlantRecord = Any  # one record of float64 fields (`record`), read by attribute in compiled code
SetPoints = namedtuple("SetPoints", "low_low low high high_high")
set101, set301, set401 = (
    SetPoints(tank.low_low, tank.low, tank.high, tank.high_high)
    for tank in (TANKS["T101"], TANKS["T301"], TANKS["T401"])
)
_GAIN = {flow.meter: flow.gain for flow in FLOWS}


@dataclass(frozen=True)
class Parameters:
    """One operating point of the plant. The defaults are those of December 2015."""

    # tanks
    area_t101: float = TANKS["T101"].area
    area_t301: float = TANKS["T301"].area
    area_t401: float = TANKS["T401"].area
    brim: float = 1250.0
    suction: float = 30.0
    gain_fit101: float = _GAIN["FIT101"]
    recovery_uf: float = _GAIN["FIT301"]
    # pumps on duty
    duty_uf: float = 302
    duty_ro: float = 402
    # flows
    raw_flow: float = 2.542
    raw_flow_more: float = 0.02  # while a pump draws from T101
    raw_flow_unmetered: float = 0.043  # at the same time, beside FIT101
    raw_ripple: float = 0.057
    feed_flow: float = 2.440
    feed_flow_at_start: float = 2.466
    feed_flow_of_two: float = 2.805
    uf_flow: float = 2.2123
    uf_flow_at_start: float = 2.240
    flush_flow: float = 2.235
    both_ways_flow: float = 2.32
    gravity_flow: float = 0.40
    backwash_flow: float = 1.738
    ro_flow: float = 1.7294
    ro_flow_unboosted: float = 1.24
    ro_reject: float = 0.7307
    ro_reject_unboosted: float = 0.342
    ro_recirculation: float = 0.306
    ro_inlet_gain: float = 0.0105
    # travel of the motorised valves
    travel_mv101: float = 8.67
    travel_mv201: float = 7.93
    travel_mv301: float = 7.04
    travel_mv302: float = 7.47
    travel_mv303: float = 8.74
    travel_mv304: float = 8.05
    stroke_spread: float = 0.45  # standard deviation of a stroke's length, in seconds
    # lags of the level transmitters
    lit101_rising: float = 20.0
    lit101_falling: float = 16.0
    lit301_rising: float = 20.0
    lit301_falling: float = 14.0
    lit401_rising: float = 12.0
    lit401_falling: float = 24.0
    # ultrafiltration
    recovery_wander: float = 0.002  # standard deviation of the recovery, which wanders over `recovery_hours`
    recovery_hours: float = 2.0
    flush_seconds: float = 32
    backwash_seconds: float = 31
    drain_seconds: float = 43
    filtration_pulses: float = 30
    dp_idle: float = 2.0
    dp_flush: float = 9.58
    dp_both_ways: float = 14.0
    dp_filtration: float = 18.55
    dp_backwash: float = 0.035
    dp_drain: float = 2.6
    fouling_per_run: float = 0.08
    fouling_per_day: float = 0.19
    # reverse osmosis
    pit501: float = 247.3
    pit501_unboosted: float = 165.1
    pit503: float = 186.3
    pit503_unboosted: float = 134.7
    pressure_by_day: float = 1.0
    pit503_per_pit501: float = 0.75
    ro_flow_per_kpa: float = 0.003
    pit502_night: float = 0.95
    pit502_day: float = 1.55
    morning: float = 7.75
    evening: float = 20.0
    # water quality
    ait201: float = 261.0
    ait202_flowing: float = 8.404
    ait202_still: float = 8.446
    acid: float = 0.03
    acid_seconds: float = 8.0
    ait203: float = 331.5
    ait401: float = 148.806
    ait402: float = 154.0
    ait501: float = 7.853
    ait502_below_ait402: float = 9.2
    ait503: float = 260.0
    ait504: float = 12.8
    ait504_restart: float = 100.0
    # days that differ
    operator_changes: float = 1.0  # of set points and dosing, a day


PARAMETERS = {"2015": Parameters()}
PARAMETERS["2017"] = replace(
    PARAMETERS["2015"],
    area_t401=1.51,
    gain_fit101=0.97,
    recovery_uf=1.0,
    duty_uf=301,
    duty_ro=401,
    raw_flow=4.50,
    feed_flow=2.375,
    feed_flow_at_start=2.400,
    uf_flow=2.046,
    uf_flow_at_start=2.07,
    flush_flow=2.07,
    both_ways_flow=2.12,
    backwash_flow=1.72,
    ro_flow=1.647,
    ro_reject=0.609,
    ro_recirculation=0.316,
    ro_inlet_gain=0.010,
    travel_mv101=9.8,
    travel_mv201=7.5,
    travel_mv301=7.1,
    travel_mv303=9.3,
    travel_mv304=8.0,
    backwash_seconds=36,
    drain_seconds=53,
    dp_idle=2.9,
    dp_flush=9.5,
    dp_both_ways=12.5,
    dp_filtration=17.6,
    dp_drain=3.7,
    pit501=262.0,
    pit503=183.8,
    pit502_night=0.85,
    pit502_day=2.1,
    morning=9.0,
    evening=19.75,
    ait201=163.0,
    ait202_flowing=8.0,
    ait202_still=8.1,
    acid=1.3,
    acid_seconds=75.0,
    ait203=342.0,
    ait401=0.0,
    ait402=179.0,
    ait501=7.28,
    ait502_below_ait402=-29.0,
    ait503=248.0,
    ait504=37.0,
    ait504_restart=310.0,
)

# sigma: standard deviation of the fast noise; rho: its correlation after one second; step: resolution; smooth: share of
# the noise that passes in a second; lag: time constant of each of three lags in series, in seconds. A second gives a
# new value with the probability rate × (1 - eager + eager × move / sigma), and surely after a move of `prompt` sigma.
# The rate changes: its logarithm has the standard deviation `spread` and wanders over `calm` seconds. wander: standard
# deviation of what wanders over `slowness` seconds; drift: that of a random walk after one day; bound: how far both
# together reach; below `rest` the noise has another sigma, and below `cut` the meter shows 0. stir: standard deviation
# of the logarithm of the noise, which grows and falls with the rate: a lively transmitter moves further. rest_rate:
# factor of the rate below `rest`, where moves are then counted in `rest_sigma` (0: the same rate, moves in sigma)
_TRANSMITTERS = """
tag     sigma  rho step     smooth lag rate   eager prompt spread calm wander slowness drift bound rest  rest_sigma cut  stir rest_rate
FIT101  .017   .45 .0003    1      1.2 1.6    .81   11     .014   410  .0068  2200     0     0     .05   0          .005 0    0
LIT101  .79    .88 .0393    .68    0   .98    .014  3.2    0      200  0      400      0     0     .05   0          0    0    0
AIT201  .07    .3  .032     1      0   .0055  .95   9      1.7    210  2.2    17000    .8    6     .05   0          0    0    0
AIT202  .0014  .74 .0003    1      4.7 .095   .32   3.3    .82    81   .008   4500     .01   .1    .05   0          0    0    0
AIT203  .063   .35 .026     1      1.6 .037   .93   4.7    .95    84   .61    3400     2     10    .05   0          0    0    0
FIT201  .0015  .67 .0001294 1      2.5 .33    .019  4.3    .4     85   .0028  9800     0     0     .05   0          .005 0    0
DPIT301 .067   .91 .0064    1      2.3 .8     .72   5.3    .34    160  .035   8300     0     0     2.3   0          0    0    0
FIT301  .0026  .92 .000128  1      2.2 .55    .72   3      .62    94   .013   6400     0     0     .05   0          .005 0    0
LIT301  .98    .92 .04      .68    0   1.1    .14   7.9    0      200  0      400      0     0     .05   0          0    0    0
AIT401  .0021  .56 .0048    1      0   .00034 .73   8.3    .3     390  .00037 1900     0     0     .05   0          0    .65  0
AIT402  .082   .45 .026     1      0   .075   .95   5.9    .22    390  .85    4400     .5    5     .05   0          0    0    0
FIT401  .0021  .9  .00013   1      1.5 .58    .79   8      .48    120  .0029  5000     0     0     .05   0          .005 0    0
LIT401  .54    .6  .0384    .5     0   .97    0     12     0      160  0      450      0     0     .05   0          0    0    0
AIT501  .0011  .46 .0003    1      0   .025   .053  12     1.2    55   .0087  19000    .001  .03   .05   0          0    0    0
AIT502  .084   .42 .026     1      12  .078   .65   12     .35    150  0      3900     0     0     .05   0          0    0    0
AIT503  .086   .22 .032     1      2.1 .02    .78   4.9    1.5    48   2.6    3800     .5    6     .05   0          0    0    0
AIT504  .1     .33 .038     1      4.4 .034   .99   3.6    .83    580  .39    5700     .1    1.2   .05   0          0    0    0
FIT501  .0019  .91 .00013   1      1   .51    .76   5.6    .36    130  0      16000    0     0     .05   0          0    0    0
FIT502  .013   .81 .00013   1      1.9 1.8    .76   7.1    .4     90   0      4000     0     0     .05   0          0    0    0
FIT503  .00079 .64 .00013   1      1.4 .17    .96   11     .76    76   .00038 1200     0     0     .05   0          0    0    0
FIT504  .00075 .73 .00006   1      2   .19    .77   4.2    1.1    70   .00041 970      0     0     .05   0          .005 0    0
PIT501  .16    .91 .016     1      0   .43    .97   12     .55    40   .45    2500     .2    2.5   .05   0          0    0    0
PIT502  .046   .49 .016     1      1.6 .027   .87   3.4    1      130  .02    3200     0     0     .05   0          0    0    0
PIT503  .17    .94 .016     1      0   .3     .43   5.5    .33    98   .12    300      0     0     .05   0          0    0    0
FIT601  .0003  .45 .0000641 1      2.4 .7     .22   5      .9     450  .00067 3500     0     0     .0002 .00007     0    0    .0011
"""  # noqa: E501 - one row a transmitter

# fmt: off
_COLUMNS = ["sigma", "rho", "step", "smooth", "lag", "rate", "eager", "prompt", "spread", "calm", "wander", "slowness",
            "drift", "bound", "rest", "rest_sigma", "cut", "stir", "rest_rate"]
(SIGMA, RHO, READING_STEP, SMOOTH, LAG, RATE, EAGER, PROMPT, SPREAD, CALM, WANDER, SLOWNESS, DRIFT, BOUND, AT_REST,
 REST_SIGMA, CUT, STIR, REST_RATE, FRESH, SHARE, PER_STEP, PER_SIGMA, PER_REST_SIGMA) = range(len(_COLUMNS) + 5)
# fmt: on


def transmitter_table() -> np.ndarray:
    """One row a sensor in plant order, one column a property (SIGMA to REST_RATE).

    Beside them what a step would compute anew: FRESH, the share of new noise in a second; SHARE, what a lag passes on
    in a second (0: no lag); PER_STEP, PER_SIGMA and PER_REST_SIGMA, the inverses of step and sigmas.
    """
    (_, *names), *lines = (line.split() for line in _TRANSMITTERS.strip().splitlines())
    given = pd.DataFrame({tag: values for tag, *values in lines}, index=names, dtype=float).T
    table = given.loc[list(SENSORS), _COLUMNS].to_numpy()
    fresh = np.sqrt(1.0 - table[:, RHO] ** 2)
    inverses = [_inverse(table[:, column]) for column in (READING_STEP, SIGMA, REST_SIGMA)]
    return np.column_stack([table, fresh, _inverse(table[:, LAG]), *inverses])


def fast_noise() -> dict[str, float]:
    """Standard deviation of the fast noise of each sensor, in its unit."""
    return dict(zip(SENSORS, transmitter_table()[:, SIGMA].tolist(), strict=True))


def _inverse(values: np.ndarray) -> np.ndarray:
    """1 / values, and 0 where they are 0."""
    return np.divide(1.0, values, out=np.zeros(len(values)), where=values > 0)


def record(fields: Iterable[str]) -> np.ndarray:
    """One record of float64 fields, all zero, in an array of length 1: compiled code reads `array[0].field`."""
    return np.zeros(1, dtype=[(name, "f8") for name in fields])


def parameter_set(parameters: str | Parameters) -> Parameters:
    """The parameter set of that name, or the one given. ValueError for an unknown name."""
    if isinstance(parameters, Parameters):
        return parameters
    if parameters not in PARAMETERS:
        raise ValueError(f"no parameter set {parameters!r}; there are {', '.join(map(repr, PARAMETERS))}")
    return PARAMETERS[parameters]


def parameter_record(parameters: Parameters) -> np.ndarray:
    """The parameter set for the compiled step."""
    values = asdict(parameters)
    filled = record(values)
    filled[0] = tuple(values.values())
    return filled


CLOCKS = ("UF_STEP", "UF_SECONDS")  # step of the UF sequencer and its age: no tags, but a condition may name them
TAG_FIELDS = (*TAG_NAMES, *CLOCKS)
LESS, EQUAL, MORE = -1, 0, 1
DISTORTIONS = ("bias", "noise", "replay", "slow")  # effects that change a reading and do not replace it
REPLAY_SECONDS = 7_200  # seconds back that a replay can reach
