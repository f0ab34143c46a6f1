"""The simulated SWaT plant: all 51 tags at 1 Hz, its PLCs, its transmitters and the attacks of 2015.

parameters → control, process, chemistry, measurement → kernel → operator, attacks → run → write, cache; realism, which
holds rows against the recorded plant
"""

from swatlib.simulation.attacks import Attack
from swatlib.simulation.cache import cached_simulation
from swatlib.simulation.run import (
    SimulatedPlant,
    is_simulated_2015,
    official_events,
    official_label,
    running,
    simulate,
)
from swatlib.simulation.write import write_like_swat

__all__ = [
    "Attack",
    "SimulatedPlant",
    "cached_simulation",
    "is_simulated_2015",
    "official_events",
    "official_label",
    "running",
    "simulate",
    "write_like_swat",
]
