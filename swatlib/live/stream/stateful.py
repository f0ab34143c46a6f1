"""The stateful operator as Spark gets it: it names its state at once, and unpacks what scores where there are rows.

For each query that starts, Spark asks an operator for its state in a Python of its own, while the query waits. That one
imports this module and nothing else: no pandas, a fifth of the processor time.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyspark.serializers import CPickleSerializer
from pyspark.sql.streaming import StatefulProcessor

if TYPE_CHECKING:
    import pandas as pd

    from swatlib.live.stream.scorer import Scorer

STATE = {"past": "times binary, rows binary", "jump": "time long, rows long"}
_pickled = CPickleSerializer()


class StatefulScorer(StatefulProcessor):
    """A scorer, packed, and the state of each plant that it is called with."""

    def __init__(self, scorer: "Scorer"):
        self._packed = _pickled.dumps(scorer)
        self._unpacked: Scorer | None = None

    def init(self, handle: Any) -> None:
        self._state = [handle.getValueState(name, schema) for name, schema in STATE.items()]

    def handleInputRows(  # noqa: N802 (Spark's name)
        self, key: Any, rows: "Iterator[pd.DataFrame]", timerValues: Any
    ) -> "Iterator[pd.DataFrame]":
        if self._unpacked is None:
            self._unpacked = _pickled.loads(self._packed)
        self._unpacked.keep_in(*self._state)
        (plant,) = key
        yield from self._unpacked.outcomes(plant, rows)
