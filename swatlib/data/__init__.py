"""Recordings of the plant: what a file holds, in one form whatever form it came in.

    path → formats (delimited, workbook) → Table → companions → clean → Recording → order → loading
                                                                │                           │
                            roles (names), readings (values, codes), labels, facts       cache
                            times (time_spellings)

`formats` gets tables out of bytes and understands nothing in them; `companions` passes over what holds no recorded row;
`clean` understands one table; `order` puts rows, and files, one after the other; `events` says which attacks a
recording holds, `labels_2015` what is known of December 2015. Every line of a file is a row of the recording, or a
finding says why it is not.
"""

from swatlib.data.events import attacks, correct_labels, normal_frame
from swatlib.data.labels_2015 import has_official_labels, listed_2015
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
