"""Points of the live stream: their names, their line protocol, and the two places they go, InfluxDB or files.

| measurement   | tags            | fields                                                                       |
|---------------|-----------------|------------------------------------------------------------------------------|
| `reading`     | plant           | one a tag of the plant; `label` where the source knows it                    |
| `score`       | plant, detector | score, threshold, alarm, lead (the tag that contributes most while in alarm) |
| `attack`      | plant           | title, start, end (seconds since 1970); known or launched                    |
| `pipeline`    | query           | one point a batch of the stream: see `swatlib.live.stream`                   |
| `episode`     | plant           | an alarm episode, at its start: see `swatlib.live.episodes`; what was said   |
| `maintenance` | plant           | end (seconds since 1970), note: see `swatlib.live.maintenance`               |

A point is a function of its row alone, so one that is written again overwrites itself. A reading that is missing
and a score that can't be had are fields left out. Retention is infinite.
"""

from swatlib.live.sink.database import InfluxSink
from swatlib.live.sink.files import FileSink, copy
from swatlib.live.sink.points import (
    ATTACK_EVENT,
    EPISODE,
    MAINTENANCE,
    PIPELINE,
    READING,
    SCORE,
    SCORE_FIELDS,
    Sink,
    SinkError,
    attack_point,
    point,
    quoted,
    reading_points,
    score_points,
    time_of,
)

__all__ = [
    "ATTACK_EVENT",
    "EPISODE",
    "MAINTENANCE",
    "PIPELINE",
    "READING",
    "SCORE",
    "SCORE_FIELDS",
    "FileSink",
    "InfluxSink",
    "Sink",
    "SinkError",
    "attack_point",
    "copy",
    "point",
    "quoted",
    "reading_points",
    "score_points",
    "time_of",
]
