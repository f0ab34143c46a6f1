"""Alarm episodes of a plant, made of its stored scores, and what people say of them.

An episode lasts from the first row in which any detector is in alarm to the last one before a row in which none is. It
is a function of the scores alone: whoever makes it gets the same, and storing it again changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from swatlib.alarm_episodes import PLANT_FIELDS, plant_episodes
from swatlib.live import sink
from swatlib.live.line_protocol import string
from swatlib.live.sink import EPISODE, SCORE, InfluxSink

PIECE = pd.Timedelta("1h")  # of scores that are read in one piece


def with_rest(before: pd.Series, more: pd.Series) -> pd.Series:
    """An episode that stood where one piece of scores ended, together with its rest."""
    higher = before if before["peak"] >= more["peak"] else more
    names = list(dict.fromkeys(f"{before['detectors']}, {more['detectors']}".split(", ")))
    return pd.Series(
        {
            "end": more["end"],
            "standing": more["standing"],
            "peak": higher["peak"],
            "lead": before["lead"],
            "strongest": higher["strongest"],
            "why": higher["why"],
            "detectors": ", ".join(names),
            "agree": len(names),
        },
        name=before.name,
    )


@dataclass
class EpisodeWatch:
    """Stores the episodes of all plants as their scores come. `look` once, and again whenever there may be more."""

    reader: InfluxSink
    to: InfluxSink
    _next: dict[str, pd.Timestamp] = field(default_factory=dict)  # plant → from where on scores are still to be read
    _standing: dict[str, pd.Series] = field(default_factory=dict)

    def look(self) -> int:
        """Store what is new; how many episodes began or went on."""
        return sum(self.look_at(plant) for plant in plants(self.reader))

    def look_at(self, plant: str) -> int:
        """The same for one plant, which has scores."""
        count = 0
        for scored in self._pieces(plant):
            rows = [row for _, row in plant_episodes(scored).iterrows()]
            stood = self._standing.pop(plant, None)
            if stood is not None and rows and rows[0].name == scored.index[0]:
                rows[0] = with_rest(stood, rows[0])
            elif stood is not None:
                rows.insert(0, pd.Series({**stood, "standing": False}, name=stood.name))
            for row in rows:
                self.to.write(episode_point(plant, row), plant)
            if rows and rows[-1]["standing"]:
                self._standing[plant] = rows[-1]
            count += len(rows)
        return count

    def _pieces(self, plant: str) -> Iterator[pd.DataFrame]:
        """Scores not yet read, in pieces; of a row only when all detectors have theirs."""
        start = self._next.get(plant) or self._begin(plant)
        last = _last(self.reader, plant)
        while start is not None and last is not None and start <= last:
            end = min(start + PIECE, last + pd.Timedelta(1, "ns"))
            scored = self.reader.scores(plant, start, end)
            if len(scored):
                yield scored
            start = end if len(scored) or end > last else _first(self.reader, plant, end)
            if start is not None:
                self._next[plant] = start

    def _begin(self, plant: str) -> pd.Timestamp | None:
        """Where a watch of before ended: at the begin of an episode that stood, or after the last one; else at once.

        None for a plant without a score, as of its first minutes.
        """
        asked = (
            f'SELECT "end", "standing" FROM "{EPISODE}" WHERE "plant" = {sink.quoted(plant)} ORDER BY time DESC LIMIT 1'
        )
        found = self.reader.select(asked)
        if len(found):
            row = found.iloc[0]
            return pd.Timestamp(int(row["time"])) if row["standing"] else sink.time_of(row["end"]) + pd.Timedelta("1ns")
        return _first(self.reader, plant, pd.Timestamp(0))


def episode_point(plant: str, episode: pd.Series) -> pa.StringArray:
    """The line of an episode, at its start; `end` in seconds since 1970."""
    texts = {name: string(episode[name]) for name in ("lead", "strongest", "why", "detectors")}
    numbers = {"end": f"{episode['end'].timestamp()}", "peak": f"{episode['peak']}", "agree": f"{episode['agree']}i"}
    fields = {**numbers, **texts, "standing": str(bool(episode["standing"])).lower()}
    return sink.point(EPISODE, {"plant": plant}, fields, pd.Timestamp(episode.name))


def stored_episodes(reader: InfluxSink, plant: str, most: int = 20) -> pd.DataFrame:
    """The newest episodes of a plant, the newest first, with what was said of them."""
    asked = f'SELECT * FROM "{EPISODE}" WHERE "plant" = {sink.quoted(plant)} ORDER BY time DESC LIMIT {most}'
    found = reader.select(asked)
    if found.empty:
        return pd.DataFrame(columns=list(PLANT_FIELDS))
    table = found.set_index(pd.DatetimeIndex(pd.to_datetime(found["time"]), name="start")).drop(columns="time")
    return table.assign(end=[sink.time_of(end) for end in table["end"]])


def episode_state(episode: pd.Series) -> str:
    """What the boards call it: shelved, acknowledged, standing or over. episode: as `stored_episodes` has it."""
    until = episode.get("shelved_until")
    if pd.notna(until) and until > pd.Timestamp.now("UTC").timestamp():
        return "shelved"
    if pd.notna(episode.get("acknowledged")):
        return "acknowledged"
    return "standing" if episode["standing"] else "over"


def acknowledge(to: InfluxSink, plant: str, start: pd.Timestamp, note: str, shelved_until: pd.Timestamp | None) -> None:
    """Keep beside an episode that it was seen, with a note; and until when it is shelved."""
    now = pd.Timestamp.now("UTC").timestamp()
    until = None if shelved_until is None else f"{shelved_until.timestamp()}"
    said = {"acknowledged": f"{now}", "note": string(note), "shelved_until": until}
    to.write(sink.point(EPISODE, {"plant": plant}, said, start), plant)


def plants(reader: InfluxSink) -> list[str]:
    """Plants that have points of scores, some of which may lack the score itself."""
    found = reader.select(f'SHOW TAG VALUES FROM "{SCORE}" WITH KEY = "plant"')
    return sorted(found["value"]) if len(found) else []


def _first(reader: InfluxSink, plant: str, since: pd.Timestamp) -> pd.Timestamp | None:
    """The first row with a score from a time on, where there is one."""
    within = f'"plant" = {sink.quoted(plant)} AND time >= {since.as_unit("ns").value}'
    found = reader.select(f'SELECT first("score") FROM "{SCORE}" WHERE {within}')
    return pd.Timestamp(int(found["time"].iloc[0])) if len(found) else None


def _last(reader: InfluxSink, plant: str) -> pd.Timestamp | None:
    """The last row of which every detector that scored within the last minutes has its score, where there is one."""
    asked = f'SELECT last("score") FROM "{SCORE}" WHERE "plant" = {sink.quoted(plant)} GROUP BY "detector"'
    found = reader.select(asked)
    times = pd.to_datetime(found["time"] if len(found) else [])
    return times[times > times.max() - PIECE].min() if len(times) else None
