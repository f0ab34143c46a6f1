"""Results of detectors on the runs of a benchmark: by attack, by day and in all."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY, mask_of
from swatlib.data import attacks
from swatlib.metrics import intervals, per_attack
from swatlib.metrics.bootstrap import DRAWS
from swatlib.metrics.case import make_case, rate
from swatlib.metrics.point_based import f1, precision, recall
from swatlib.plant import TAGS
from swatlib.studies.benchmark.budgets import curve_of_runs
from swatlib.studies.benchmark.runs import BenchmarkRun

DETECTOR_KEY = ["kind", "detector"]
ECHO_ROWS = 60  # rows after an attack in which an alarm is its echo


@dataclass(frozen=True)
class BenchmarkResult:
    """Tables of one or several runs; in each, `kind` is "detector" or "baseline".

    attacks: one row a run, detector and attack: `class`, `visible`, `found`, `delay_s`, `lead_tag`, `near` (that tag
    is attacked, or of the stage of one that is), `standing` (the alarm was on already when the attack began, so
    that the detection is luck). days: one row a run, detector and day: `false_alarms` (alarms that touch no
    attack), `echoes` (those of them that begin within a minute of an attack's end, by its release or the plant's
    answer), `normal_days` (time with a score, outside attacks). runs: one row a run and detector: `in_alarm` and
    `in_alarm_outside` (shares of time with a score, all and outside attacks), precision, recall and f1 over rows,
    `harmless` and `harmless_alarmed` (disturbances, and those an alarm touched). budget_attacks, budget_days: what
    detectors are worth at each budget, as `at_budgets` gives it; empty where that was not asked.
    """

    attacks: pd.DataFrame
    days: pd.DataFrame
    runs: pd.DataFrame
    budget_attacks: pd.DataFrame = field(default_factory=pd.DataFrame)
    budget_days: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All of them as one."""
        parts = list(parts)
        tables = {each.name: [getattr(part, each.name) for part in parts] for each in fields(cls)}
        return cls(**{name: pd.concat(each, ignore_index=True) for name, each in tables.items()})

    def renamed(self, detectors: dict[str, str]) -> Self:
        """The same with other names for its detectors."""
        return type(self)(**{name: table.replace({"detector": detectors}) for name, table in vars(self).items()})

    def summary(self) -> pd.DataFrame:
        """One row (kind, detector) over all runs, the visible attacks alone.

        `delay_median_s` leaves out findings by an alarm that stood already. `near` is a share of the attacks found,
        `false_alarms_per_day` and `echoes` are alarms over all days together.
        `recall_95`, `false_alarms_95`: the 95 % intervals of `draws`, in words.
        """
        visible = self._visible.groupby(DETECTOR_KEY, sort=False)
        by, days = self.runs.groupby(DETECTOR_KEY, sort=False), self.days.groupby(DETECTOR_KEY, sort=False)
        ends = intervals(self.draws())
        table = pd.DataFrame({"found": visible["found"].sum(), "of": visible.size()})
        table["recall"] = table["found"] / table["of"]
        table["recall_95"] = _span(ends["event_recall"])
        table["delay_median_s"] = self._visible[~self._visible["standing"]].groupby(DETECTOR_KEY)["delay_s"].median()
        table["near"] = visible["near"].sum() / table["found"]
        table["standing"] = visible["standing"].sum()
        table["false_alarms_per_day"] = days["false_alarms"].sum() / days["normal_days"].sum()
        table["false_alarms_95"] = _span(ends["false_alarms_per_day"])
        table["echoes"] = days["echoes"].sum() / days["normal_days"].sum()
        for name in ("in_alarm_outside", "precision", "recall", "f1"):
            table[f"{name}_rows" if name == "recall" else name] = by[name].mean()
        table["harmless_alarmed"] = by["harmless_alarmed"].sum()
        table["harmless"] = by["harmless"].sum()
        return table

    def by_class(self) -> pd.DataFrame:
        """Share of the visible attacks of each class (rows) that each detector (columns) finds; how many there were."""
        visible = self._visible[self._visible["kind"] == "detector"]
        table = visible.pivot_table("found", "class", "detector", aggfunc="mean", sort=False)
        first = visible[visible["detector"] == visible["detector"].iloc[0]]
        return table.assign(of=first.groupby("class").size())

    def curve(self) -> pd.DataFrame:
        """Attacks found, median delay and time in alarm of each detector at every budget, for `plots.over_budgets`."""
        return curve_of_runs(self.budget_attacks, self.budget_days)

    def draws(self, number: int = DRAWS, seed: int = 0) -> pd.DataFrame:
        """The bootstrap over attacks and over days: draws × (kind, detector, metric), for `intervals` and `beats`.

        event_recall: attacks are drawn by name, so that one which comes in every run of swat-2015 is drawn once for
        all. false_alarms_per_day: days are drawn, whatever run they are of.
        """
        generator = np.random.default_rng(seed)
        share = self._visible.pivot_table("found", "attack", DETECTOR_KEY, aggfunc="mean", sort=False)
        alarms, days = (
            self.days.pivot(index=["run", "day"], columns=DETECTOR_KEY, values=of)
            for of in ("false_alarms", "normal_days")
        )
        over_attacks, over_days = (
            generator.multinomial(each, np.full(each, 1 / each), number) for each in (len(share), len(alarms))
        )
        parts = {}
        for name in share:
            found = over_attacks @ share[name] / len(share)
            false = rate(over_days @ alarms[name].to_numpy(), over_days @ days[name].to_numpy())
            parts[name] = pd.DataFrame({"event_recall": found, "false_alarms_per_day": false})
        return pd.concat(parts, axis=1, names=[*DETECTOR_KEY, "metric"]).rename_axis("draw")

    @property
    def _visible(self) -> pd.DataFrame:
        return self.attacks[self.attacks["visible"]]


def evaluate_run(run: BenchmarkRun, scores: pd.DataFrame, kind: str = "detector") -> BenchmarkResult:
    """Result of every detector of `scores` on one run; alarms, lead tags and which rows have a score are read."""
    return BenchmarkResult.joined(_judge_one(run, name, scores[name], kind) for name in scores.columns.unique(0))


def _judge_one(run: BenchmarkRun, name: str, scored: pd.DataFrame, kind: str) -> BenchmarkResult:
    events, alarm = attacks(run.attacked), scored["alarm"]
    case = make_case(run.attacked.label, alarm, scored.get("score"), events)  # baselines have none
    who = {"run": run.name, "kind": kind, "detector": name}
    attack_table = per_attack(events, alarm, scored["lead"])
    found = attack_table[["attack", "found", "delay_s", "lead_tag", "standing"]].assign(**who)
    found["class"] = found["attack"].map(run.classes)
    found["visible"] = (events["visibility"] != "invisible").to_numpy()
    found["near"] = [
        near(tag, points) for tag, points in zip(attack_table["lead_tag"], attack_table["points"], strict=True)
    ]
    times = alarm.index
    alarmed = [alarm[(times >= event.start) & (times < event.end)].any() for event in run.harmless.itertuples()]
    whole = {
        "in_alarm": float(rate(case.rows(case.alarm), case.rows(case.judged))),
        "in_alarm_outside": float(rate(case.rows(case.alarm & case.quiet), case.rows(case.quiet))),
        "precision": float(precision(case)),
        "recall": float(recall(case)),
        "f1": float(f1(case)),
        "harmless": len(alarmed),
        "harmless_alarmed": int(np.sum(alarmed)),
    }
    return BenchmarkResult(found, _by_day(case).assign(**who), pd.DataFrame([who | whole]))


def _by_day(case) -> pd.DataFrame:
    """False alarms and normal time of each day, counted from the first row; an alarm is of the day it begins in."""
    day = (case.seconds // SECONDS_PER_DAY).astype(int)
    ended = mask_of(np.column_stack([case.spans[:, 1], case.spans[:, 1] + ECHO_ROWS]).clip(max=len(day)), len(day))
    false = np.array([start for start, stop in case.alarms if not case.in_event[start:stop].any()], int)
    counts = {
        "false_alarms": np.bincount(day[false], minlength=day[-1] + 1),
        "echoes": np.bincount(day[false[ended[false]]], minlength=day[-1] + 1),
        "normal_days": case.row_days * np.bincount(day[case.quiet], minlength=day[-1] + 1),
    }
    return pd.DataFrame(counts).rename_axis("day").reset_index()


def near(tag, points: str) -> bool:
    """Whether `tag` is one of the attacked `points`, or of the stage of one."""
    stages = {TAGS[point].stage for point in points.split(";") if point in TAGS}
    return tag in TAGS and TAGS[tag].stage in stages


def _span(ends: pd.DataFrame) -> pd.Series:
    spans = ends.itertuples(index=False, name=None)
    return pd.Series(["–" if np.isnan(low) else f"{low:.2f}–{high:.2f}" for low, high in spans], ends.index)
