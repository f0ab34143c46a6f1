"""What a pipeline made of an attacked recording: scores, thresholds, rankings of tags, and the tables that follow."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from swatlib.alarm_episodes import detector_episodes
from swatlib.arrays import count_within, intervals_of, mask_of
from swatlib.metrics import attribution, per_attack
from swatlib.metrics.case import event_intervals
from swatlib.metrics.event_based import first_rows
from swatlib.plant import stage_of, stage_tags


@dataclass(frozen=True)
class DetectionResults:
    """Of one or several detectors.

    scores: as `Pipeline.score` gives them. calibration, caveat: as in the `Pipeline`. rankings: of each detector what
    `Pipeline.rank` gives, at the first row of each alarm and at the first alarm row of each attack. nameable: of each
    the tags that it can name. thresholds: those of each at every budget of `alarms.BUDGETS` and at its own. on_delay,
    hold: as in `Pipeline`. computed: detectors that were fitted for it, the others were cached. notes: faults of
    the cache.
    """

    scores: pd.DataFrame
    calibration: pd.DataFrame
    caveat: str | None
    rankings: dict[str, pd.DataFrame]
    nameable: dict[str, tuple[str, ...]]
    thresholds: pd.DataFrame
    on_delay: tuple[int, int]
    hold: int
    computed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def detectors(self) -> list[str]:
        return list(self.scores.columns.unique(0))

    @property
    def tags(self) -> list[str]:
        """Tags that there are to rank."""
        return list(self.scores[self.detectors[0]]["lead"].cat.categories)

    def per_attack(self, events: pd.DataFrame) -> pd.DataFrame:
        """`metrics.per_attack` of every detector, whose name is the index `detector`."""
        fields = ((name, self.scores[name]) for name in self.detectors)
        tables = {name: per_attack(events, judged["alarm"], judged["lead"]) for name, judged in fields}
        return pd.concat(tables, names=["detector"]).droplevel(1)

    def episodes(self, events: pd.DataFrame) -> pd.DataFrame:
        """`alarm_episodes.detector_episodes`, why being what the lead tag does at the start, and the attacks met.

        attacks: names of those that the episode overlaps; None where it is false.
        """
        table = detector_episodes(self.scores)
        for name, each in table.groupby("detector"):
            why = self.rankings[name]["why"].reindex(pd.DatetimeIndex(each["start"]), method="ffill")
            table.loc[each.index, "why"] = why.to_numpy()
        spans = table[["start", "end"]].itertuples(index=False)
        met = [events["attack"][(events["start"] <= end) & (events["end"] > start)] for start, end in spans]
        return table.assign(attacks=[", ".join(map(str, names)) or None for names in met])

    def named(self, events: pd.DataFrame) -> pd.DataFrame:
        """Per detector and attack found: `why`, and the ranking of tags, at its first alarm row."""
        ranked = {name: self._ranked(name, events) for name in self.detectors}
        return pd.concat(ranked, names=["detector", "attack"])

    def hit_rates(self, events: pd.DataFrame) -> pd.DataFrame:
        """`metrics.attribution` of every detector, for the attacked tags and for the tags of the attacked stages.

        Index (detector, right, first), right being "tag" or "stage". Each found attack counts once, by the ranking at
        its first alarm row; an attack on nothing that this recording has a tag of is left out.
        """
        tables, known = {}, {*self.tags}
        for name in self.detectors:
            ranked = self._ranked(name, events)
            tags = ranked.drop(columns="why")
            points = events.set_index("attack")["points"].reindex(ranked.index).fillna("")
            for right, targets in (("tag", _points), ("stage", _stages)):
                wanted = [targets(each) & known for each in points]
                tables[name, right] = attribution(tags.to_numpy().tolist(), wanted, self.nameable[name])
        return pd.concat(tables, names=["detector", "right"])

    def blamed(self, events: pd.DataFrame, most: int = 10) -> pd.DataFrame:
        """How many alarms that touch no event each tag leads at their beginning (tags × detectors), most first."""
        counts = {}
        for name in self.detectors:
            judged = self.scores[name]
            alarms = intervals_of(judged["alarm"].to_numpy())
            false = alarms[count_within(mask_of(event_intervals(events, judged.index), len(judged)), alarms) == 0]
            counts[name] = judged["lead"].iloc[false[:, 0]].astype(object).value_counts()
        table = pd.DataFrame(counts).fillna(0).astype(int).rename_axis("leading tag")
        return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index].head(most)

    def _ranked(self, name: str, events: pd.DataFrame) -> pd.DataFrame:
        """Ranking of each attack found (attacks × places)."""
        alarm, ranking = self.scores[name]["alarm"], self.rankings[name]
        first = first_alarms(alarm, events)
        found = pd.Series(alarm.index[first], events["attack"])[first >= 0]
        # An alarm that fell silent at first, beside a detector of longer history, is ranked at its true beginning.
        return ranking.reindex(found, method="ffill").set_axis(found.index)


def first_alarms(alarm: pd.Series, events: pd.DataFrame) -> np.ndarray:
    """First alarm row of each event (m,), -1 where there is none."""
    return first_rows(alarm.to_numpy(), event_intervals(events, alarm.index))


def _points(points: str) -> set[str]:
    return set(points.split(";"))


def _stages(points: str) -> set[str]:
    return {tag for point in points.split(";") if point for tag in stage_tags(stage_of(point))}
