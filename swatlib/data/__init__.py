"""Recordings of the plant: what a file holds, in one form whatever form it came in.

    path → formats (delimited, workbook) → Table → clean → Recording → order → loading
                                                    │                           │
                roles (names), readings (values), times, labels, shape        cache

`formats` gets tables out of bytes and understands nothing in them; `clean` understands one table; `order` puts rows,
and files, one after the other; `events` says which attacks a recording holds.
"""

from swatlib.data.events import attacks, correct_labels, has_official_labels, listed_2015, normal_frame
from swatlib.data.loading import load
from swatlib.data.recording import EVENT_COLUMNS, DataError, Recording, Source

__all__ = [
    "EVENT_COLUMNS",
    "DataError",
    "Recording",
    "Source",
    "attacks",
    "correct_labels",
    "has_official_labels",
    "listed_2015",
    "load",
    "normal_frame",
]
