"""From readings to alarms: one object, fitted in notebooks, that scores a file and a stream row by row the same."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from swatlib.alarm_episodes import detector_episodes
from swatlib.alarms import (
    BLOCKS_PER_DAY,
    LEAST_BLOCKS,
    MOST_BLOCKS_PER_DAY,
    Budget,
    alarms_per_day,
    beyond_calibration,
    block_maxima,
    blocks_per_day,
    expected_alarms,
    on_delayed,
    rounded,
    rows_since_above,
    threshold,
    unscored_calibration,
)
from swatlib.arrays import CHUNK_ROWS, SECONDS_PER_DAY, joined_intervals, moving_mean, segments
from swatlib.data import Recording
from swatlib.detectors import DETECTORS, described, is_ours, is_plain, unfitted
from swatlib.detectors.base import Detector
from swatlib.detectors.own_classes import identity
from swatlib.detectors.soundness import declared, explained, fitted, scored
from swatlib.limits import Count, Limits, Share, check_parameters
from swatlib.normal_parts import (
    MOST_STARTUP,
    judged_days,
    normal_frames,
    parts_of,
    require_readings,
    shortened,
    usual_pace,
)
from swatlib.origins import Origin, origin_of, refuse_strangers, same_rows
from swatlib.provenance import optional_version
from swatlib.saved import read_pipeline, untrusted, write_pipeline
from swatlib.views.base import View
from swatlib.views.checks import Checks
from swatlib.views.features import Features
from swatlib.wording import count, did_you_mean, listed, sentences

DEFAULT = ("guard", "ocsvm", "iforest", "kmeans", "lof", "pca", "forecast")
LONGEST_NAME = 150  # characters of a detector's name
LARGEST_SCORE = float(np.finfo(np.float32).max)  # of a score; line protocol and JSON have no infinity
VIEWS: dict[str, type[View]] = {"features": Features, "checks": Checks}  # what a detector may see
FITTED_EACH = ("models_", "thresholds_", "checked_", "maxima_", "blocks_per_day_")  # what a fit keeps of each detector
Seconds = Annotated[float, Limits(0, 1e9)]
OffDelay = Annotated[float, Limits(0, SECONDS_PER_DAY / BLOCKS_PER_DAY)]  # seconds


@dataclass
class Pipeline:
    """Features and checks, detectors, thresholds and delays of the alarm, fitted on normal days and frozen.

    Parameters
    ----------
    detectors
        Texts that `swatlib.detectors.make` takes, each once: "pca", "lof:neighbours=50", "my_detector.py:ZScore". Or
        names of your choice to detectors: a text, an object of a class derived from `Detector`, or one with the
        interface of scikit-learn or PyOD, as in {"mine": ZScore(window=60), "lof50": LOF(neighbours=50), "pca": "pca"}.
    budget
        False alarms per day that each detector may raise, above 0 and up to 48.
    features, checks
        What the detectors see.
    smoothing
        Rows over which a score is averaged.
    on_delay
        (k, n): an alarm begins when k of the last n scores exceed the threshold.
    off_delay
        Seconds for which that has to be over before the alarm ends (terms of ISA-18.2), so that what exceeds the
        threshold again and again is one episode. Up to half an hour.
    startup
        Seconds left out before fitting, while the tanks fill; of a recording of less than four times that, its first
        quarter.
    shares
        Contiguous parts of the normal days; their sum is 1. The first fits the detectors, the second sets thresholds
        which the third checks, then thresholds are set anew on both: more days tell them better.
    gap
        A gap in time of more than this many sampling periods begins a new history.

    Raises
    ------
    ValueError
        For a parameter of another type or outside its limits, and for a detector that is unknown or can't be one.

    Examples
    --------
    >>> from swatlib import Pipeline, simulate
    >>> pipeline = Pipeline(("pca",), startup=0).fit(simulate("18h", attacks=None))
    >>> scores = pipeline.score(simulate("1h", attacks=None, seed=1).frame)
    >>> scores["pca"].columns.tolist()
    ['score', 'threshold', 'alarm', 'lead']
    """

    detectors: tuple[str, ...] | Mapping[str, Any] = DEFAULT
    budget: Budget = 1.0
    features: Features = field(default_factory=Features)
    checks: Checks = field(default_factory=Checks)
    smoothing: Count = 10
    on_delay: tuple[Count, Count] = (8, 10)
    off_delay: OffDelay = 60.0
    startup: Seconds = 6 * 3600
    shares: tuple[Share, Share, Share] = (0.5, 0.3, 0.2)
    gap: Count = 10

    def __post_init__(self) -> None:
        check_parameters(self)
        if not self.detectors:
            raise ValueError(f"there is no detector to fit; name one or more of {', '.join(DEFAULT)}")
        if len(set(self.detectors)) < len(self.detectors):
            raise ValueError(f"Pipeline: detectors is {self.detectors}; name each detector once")
        if self.on_delay[0] > self.on_delay[1]:
            raise ValueError(f"Pipeline: on_delay is {self.on_delay}; give (k, n) with k of 1 to n")
        if not math.isclose(sum(self.shares), 1) or 0 in self.shares:
            raise ValueError(f"Pipeline: shares is {self.shares}; give three shares above 0 whose sum is 1")
        for name in self.detectors:
            _refuse_name(name, self._given(name))
            self._unfitted(name)

    def fit(self, *recordings: Recording) -> Self:
        """Fit on normal rows of one recording or several, of which each loses its start-up and gives to every part.

        Raises DataError when a recording holds an attack row; ValueError when it is short, when it holds no readings
        of the plant's tags, when a tag has no reading in a part, or when two recordings differ in their tags or hold
        the same rows.
        """
        check_parameters(self)
        models = {name: self._row_by_row(name) for name in self.detectors}
        frames = normal_frames(recordings)
        self._refuse_short(frames, models)
        least = 2 * max(self._view(model.sees).history for model in models.values())
        fit, calibrate, check = parts_of(frames, self.startup, self.shares, least)
        self.period_ = usual_pace(fit)
        day = round(pd.Timedelta("1d") / self.period_)
        self.tags_ = tuple(fit[0].columns)
        fits: dict[str, Detector] = {}
        for what in dict.fromkeys(model.sees for model in models.values()):
            fits |= self._fits({name: model for name, model in models.items() if model.sees == what}, what, fit)
        self.models_: dict[str, Any] = {name: fits[name] for name in models}
        self.origins_ = tuple(map(origin_of, recordings))
        on_calibrate = _on_one_thread(self._decisive, calibrate, fit)
        on_check = _on_one_thread(self._decisive, check, calibrate)
        self._set_thresholds(on_calibrate, day)
        self.checked_ = {n: alarms_per_day(s, self.thresholds_[n], day, self.hold) for n, s in on_check.items()}
        self._set_thresholds({n: np.concatenate([on_calibrate[n], score]) for n, score in on_check.items()}, day)
        return self

    def _set_thresholds(self, decisive: Mapping[str, np.ndarray], day: int) -> None:
        """On values of `_decisive`, of rows that fitted no detector. day: rows of a day."""
        self.maxima_ = {name: _maxima(name, score, day) for name, score in decisive.items()}
        self.blocks_per_day_ = {name: blocks_per_day(score, day) for name, score in decisive.items()}
        self.thresholds_ = self.thresholds([self.budget])[self.budget].to_dict()

    @property
    def history(self) -> int:
        """Past rows that a scored row depends on."""
        return max(map(self._needs, self._fitted().values()))

    def refit(self, *more: Recording, files: Iterable[str | Path] = ()) -> Self:
        """A new pipeline, fitted on the rows of the fit and on further normal days.

        files: where files lie now that were read from elsewhere. Raises what `fit` raises, and DataError when rows of
        the fit are not found or have changed, and for a file that holds none of them.
        """
        files = tuple(files)
        refuse_strangers(self.fitted_on, files)
        known = (same_rows(origin, self.tags, files) for origin in self.fitted_on)
        return deepcopy(self).fit(*known, *more)

    @property
    def fitted_on(self) -> tuple[Origin, ...]:
        """Where the normal rows of each recording came from that it was fitted on."""
        self._fitted()
        return self.origins_

    @property
    def hold(self) -> int:
        """Rows for which the off-delay holds an alarm."""
        self._fitted()
        return round(pd.Timedelta(self.off_delay, "s") / self.period_)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags it was fitted on, and that a frame to score must have."""
        self._fitted()
        return self.tags_

    def thresholds(self, budgets: Iterable[float]) -> pd.DataFrame:
        """Threshold of each detector at each of the budgets (detectors × budgets), as `fit` would set it there."""
        blocks, budgets = self._calibrated(), [*budgets]
        found = {
            name: [threshold(maxima, budget, per_day, scale) for budget in budgets]
            for name, (maxima, per_day, scale) in blocks.items()
        }
        table = pd.DataFrame.from_dict(found, "index", columns=budgets)
        return table.rename_axis(index="detector", columns="budget")

    @property
    def caveat(self) -> str | None:
        """Sentences, None without one: where a short recording lost less than the start-up, where a detector has no
        score in much of what sets thresholds, where thresholds lie beyond all that the calibration shows."""
        blocks = {name: (len(maxima), per_day) for name, (maxima, per_day, _) in self._calibrated().items()}
        spans = [pd.Timestamp(each.last) - pd.Timestamp(each.first) for each in self.origins_]
        rows = [each.rows for each in self.origins_]
        given = judged_days(rows, spans, self.period_, self.startup, self.shares)
        share, days = sum(self.shares[1:]), min(number / per_day for number, per_day in blocks.values())
        said = (
            shortened(spans, self.startup),
            unscored_calibration(blocks, given),
            beyond_calibration(days * BLOCKS_PER_DAY, self.budget, share, self.startup),
        )
        return sentences(said)

    def _calibrated(self) -> dict[str, tuple[np.ndarray, float, tuple[float, float] | None]]:
        """Of each detector the largest score of each block of the rows that set the thresholds, blocks per day, and its
        `tail_scale`."""
        if not hasattr(self, "maxima_"):
            self._fitted()
        return {
            name: (np.array(self.maxima_[name]), self.blocks_per_day_[name], self._unfitted(name).tail_scale)
            for name in self.detectors
        }

    def calibration(self) -> pd.DataFrame:
        """One row a detector: threshold, budget, and false alarms per day.

        These are from and to how many are to be expected on later days (eight times in ten), which differ from those
        that set the threshold as simulated days do, and how many there were on the check part, with a threshold set
        without it.

        Where one is no plain name, first the class and the parameters of each that differ from their defaults.
        """
        plain = all(is_plain(self._given(name)) for name in self.detectors)
        expected = {
            name: expected_alarms(maxima, self.thresholds_[name], per_day, scale)
            for name, (maxima, per_day, scale) in self._calibrated().items()
        }
        columns = {
            **({} if plain else {"parameters": {name: described(self._given(name)) for name in self.detectors}}),
            "threshold": self.thresholds_,
            "budget": self.budget,
            "expected per day, from": {name: low for name, (low, _) in expected.items()},
            "expected per day, to": {name: high for name, (_, high) in expected.items()},
            "false alarms per day on the check part": self.checked_,
        }
        return pd.DataFrame(columns, index=list(self.detectors)).rename_axis("detector")

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Scores of every detector on the rows of `frame` (rows × tags, times ascending).

        Columns (detector, field): `score` (float32, high = anomalous), `threshold`, `alarm` (bool) and `lead` (the tag
        that contributes most while in alarm; while the off-delay holds the alarm, the last one that did). The first
        `history` rows, those after a gap in time, and those with a reading missing for long have score NaN and no
        alarm; such a row ends an alarm, and no off-delay goes beyond it. Raises ValueError when tags or the time
        between rows differ from those of the fit, when times do not ascend, or when a reading is infinite.
        """
        frame = self._same_tags(frame)
        if len(frame) > self.history:
            self.require_period(pd.Timedelta(np.median(np.diff(frame.index))))
        return self._scored(frame)

    def score_last(self, frame: pd.DataFrame, rows: int) -> pd.DataFrame:
        """What `score` gives for the last `rows` rows of any longer frame that ends with this one, bit for bit.

        Before them stand the `history` rows that came before, or all that there are. The time between rows is not
        judged, since a piece may be irregular where the whole is not: `require_period` judges that of the whole.
        """
        return self._scored(self._same_tags(frame)).iloc[len(frame) - rows :]

    def require_period(self, period: pd.Timedelta) -> None:
        """Raises ValueError when the usual time between rows of a frame differs from that of the fit."""
        if not self.period_ / 2 < period < self.period_ * 2:
            raise ValueError(
                f"the frame has a row every {period.total_seconds():g} s, the pipeline was fitted on one every "
                f"{self.period_.total_seconds():g} s; resample the frame, or fit on days of its kind"
            )

    def _scored(self, frame: pd.DataFrame) -> pd.DataFrame:
        judged = {name: _blank(len(frame)) for name in self.models_}
        with _controller().limit(limits=1):  # a second thread waits more than it works; a stream has a process a core
            for start, stop in self._chunks(frame.index):
                seen = self._see(frame, start, stop)
                for name, columns in judged.items():
                    X = seen[self.models_[name].sees]
                    for column, values in zip(columns, self._judge(name, X, stop - start), strict=True):
                        column[start:stop] = values
        return self._table(frame.index, judged)

    def episodes(self, scores: pd.DataFrame, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        """Alarm episodes, a row each: detector, start, end, lasts_s, peak, lead, why (`swatlib.alarm_episodes`).

        scores: as `score` gives them. frame: the readings that were scored; with them `why` says what the lead tag does
        at the start, as in "LIT101 jumps". Raises ValueError when the frame lacks a row at which an episode begins.
        """
        table = detector_episodes(scores)
        if frame is None:
            return table
        for name, each in table.groupby("detector"):
            rows = frame.index.searchsorted(each["start"])
            if len(lacks := each["start"][~each["start"].isin(frame.index)]):
                raise ValueError(f"the frame has no row at {lacks.iloc[0]}, where an episode begins; give that scored")
            table.loc[each.index, "why"] = self.rank(frame, name, rows.tolist(), places=1)["why"].to_numpy()
        return table

    def rank(self, frame: pd.DataFrame, detector: str, rows: Iterable[int], places: int = 10) -> pd.DataFrame:
        """Tags of `frame` by what they contribute to a detector's score at each of `rows` (numbers of rows).

        Rows × (`why`, then places 1, 2, …; no more than there are tags with a feature), the largest contribution first:
        place 1 is the `lead` that `score` gives, `why` says what it does. A tag counts by the largest of its features;
        a method without contributions is explained as in `score`. None in rows without a score.
        """
        frame, rows = self._same_tags(frame), list(rows)
        if outside := [row for row in rows if not 0 <= row < len(frame)]:
            raise ValueError(f"the frame has no row {outside[0]}; give numbers from 0 to {len(frame) - 1}")
        scored = list(self._chunks(frame.index))
        columns = ["why", *range(1, min(places, len(self.nameable(detector))) + 1)]
        empty: list[str | None] = [None] * len(columns)
        with _controller().limit(limits=1):
            first = [
                (any(a <= row < b for a, b in scored) and self._first(detector, frame, row, places)) or empty
                for row in rows
            ]
        return pd.DataFrame(first, frame.index[rows], columns, dtype=object)

    def nameable(self, detector: str) -> tuple[str, ...]:
        """Tags that a detector can name: those that some feature or check of what it sees is about."""
        return tuple(self.tags[number] for number in sorted(set(self._view(self._model(detector).sees).tag_numbers)))

    def only(self, *detectors: str) -> Self:
        """The same pipeline with some of its detectors; one that is fitted, as if with these alone."""
        for name in detectors:
            self._require(name)
        alone = copy(self)
        several = isinstance(self.detectors, Mapping)
        alone.detectors = {name: self._given(name) for name in detectors} if several else detectors
        for what in FITTED_EACH if hasattr(self, "models_") else ():
            setattr(alone, what, {name: getattr(self, what)[name] for name in detectors})
        return alone

    def identity(self, detector: str) -> str | None:
        """Text that differs where the scores of a detector may; None where that can't be known.

        Of a detector by name it is that name, with the version of torch for those of PyOD, which may be networks; of
        another one a digest of its source and parameters.
        """
        given = self._given(detector)
        if not is_ours(given):
            return identity(self._unfitted(detector))
        return f"{given}, torch {optional_version('torch')}" if given.startswith("pyod:") else given

    def save(self, folder: str | Path) -> Path:
        """Write pipeline.json and one skops file a detector; an older pipeline in `folder` is replaced as a whole.

        The file of a class of your own is put beside them. Raises ValueError for a detector that can't be saved.
        """
        write_pipeline(Path(folder), self._description(), self._fitted())
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path, trusted: Iterable[str] = ()) -> Self:
        """Read what `save` wrote.

        trusted: names of classes of your own, as in "my_detector.ZScore"; their source that was saved is run. Raises
        ValueError for another format or scikit-learn, a file that has changed, or a class that is not trusted.
        """
        saved, models = read_pipeline(Path(folder), trusted)
        views: dict[str, Any] = {what: kind.from_dict(saved[what]) for what, kind in VIEWS.items() if saved[what]}
        texts = saved.get("given") or {name: name for name in saved["settings"]["detectors"]}
        if others := [text for text in texts.values() if text is not None and not is_ours(text)]:
            # `save` writes none: a text that names a class would run its file, whoever trusts it
            raise ValueError(f"{folder} names {others[0]!r}, which is no detector of swatlib; fit the pipeline anew")
        if saved.get("given"):
            saved["settings"]["detectors"] = {name: texts.get(name) or model for name, model in models.items()}
        pipeline = cls(**saved["settings"], **views)
        pipeline.tags_ = tuple(saved["tags"])
        pipeline.period_ = pd.Timedelta(saved["period"])
        pipeline.origins_ = tuple(Origin.from_dict(each) for each in saved["fitted on"])
        pipeline.thresholds_, pipeline.checked_ = saved["thresholds"], saved["checked"]
        pipeline.maxima_, pipeline.blocks_per_day_ = saved["maxima"], saved["blocks per day"]
        pipeline.models_ = models
        return pipeline

    @staticmethod
    def untrusted(folder: str | Path) -> list[str]:
        """Names of the classes that `load` of this folder has to be given as `trusted`."""
        return untrusted(Path(folder))

    def _refuse_short(self, frames: list[pd.DataFrame], models: dict[str, Detector]) -> None:
        """Raises ValueError when parts are shorter than views and thresholds need, with hours to give."""
        rows, period = sum(map(len, frames)), usual_pace(frames)
        given = rows * period
        past = max(max(2 * self._view(each.sees).history, self._decides(each)) for each in models.values()) * period
        blocks = LEAST_BLOCKS * pd.Timedelta("1d") / MOST_BLOCKS_PER_DAY
        used = max(past / self.shares[0], blocks / self.shares[1])
        needed = min(used + len(frames) * pd.Timedelta(self.startup, "s"), used / (1 - MOST_STARTUP))
        if given < needed:
            tenths = pd.Timedelta("6min")
            raise ValueError(
                f"a pipeline is fitted on {math.ceil(needed / tenths) / 10} hours of normal rows or more, and "
                f"{given // tenths / 10} hours were given; give more normal days"
            )

    def _fits(self, models: Mapping[str, Detector], what: str, frames: list[pd.DataFrame]) -> dict[str, Detector]:
        """Detectors fitted on what one view, fitted first, sees of the frames."""
        view = self._view(what)
        pieces = [frames[number].iloc[start:stop] for number, start, stop in self._pieces(frames, what)]
        view.fit(*pieces)
        seen = _transformed(view, pieces)
        return {name: _on_one_thread(fitted, name, model, seen) for name, model in models.items()}

    def _pieces(self, frames: list[pd.DataFrame], what: str) -> list[tuple[int, int, int]]:
        """Segments of normal rows, each longer than the past that a view needs: number of the frame, first row, and the
        one after the last."""
        least, gap = self._view(what).history, self.gap * self.period_
        spans = [(number, *span) for number, frame in enumerate(frames) for span in segments(frame.index, gap)]
        pieces = [(number, start, stop) for number, start, stop in spans if stop - start > least]
        if not pieces:
            raise ValueError(
                f"the normal days from {frames[0].index[0]} to {frames[-1].index[-1]} have "
                f"{len(spans) - len(frames):,} gaps, and no segment of more than {least:,} rows without one; "
                "give more normal days"
            )
        return pieces

    def _same_tags(self, frame: pd.DataFrame) -> pd.DataFrame:
        require_readings(frame)
        lacks, extra = (sorted(map(str, a - b)) for a, b in _both_ways(set(self.tags), set(frame.columns)))
        if lacks or extra:
            raise ValueError(
                f"the frame differs from the {len(self.tags)} tags the pipeline was fitted on: "
                f"it lacks {', '.join(lacks) or 'none'}, it has in addition {', '.join(map(str, extra)) or 'none'}; "
                "select the tags of `pipeline.tags`, or fit on those the frame has"
            )
        return frame[list(self.tags)]

    def _chunks(self, index: pd.DatetimeIndex) -> Iterator[tuple[int, int]]:
        """Start and stop of the rows to score, of bounded number, each with `history` rows before it without a gap."""
        for first, last in segments(index, self.gap * self.period_):
            for start in range(first + self.history, last, CHUNK_ROWS):
                yield start, min(start + CHUNK_ROWS, last)

    def _view(self, what: str) -> View:
        return getattr(self, what)

    def _see(self, frame: pd.DataFrame, start: int, stop: int) -> dict[str, np.ndarray]:
        """What each kind of detector sees of rows `start` to `stop`, and of the past that it needs for them."""
        seen = {}
        for what in VIEWS:
            needs = [self._needs(model) for model in self.models_.values() if model.sees == what]
            if needs:
                seen[what] = self._view(what).transform(frame.iloc[start - max(needs) : stop])
        return seen

    def _needs(self, model: Detector) -> int:
        """Rows of readings before a row that its alarm depends on."""
        return self._decides(model) + self.hold

    def _decides(self, model: Detector) -> int:
        """Rows of readings before a row that decide whether it exceeds the threshold."""
        return self._view(model.sees).history + self._past(model)

    def _judge(self, name: str, X: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score, alarm and number of the leading tag (-1: none) of the last `rows` rows of X."""
        X = X[-(rows + self._past(self.models_[name]) + self.hold) :]
        score = self._smoothed(name, X)
        since = self._since_above(name, score)[-rows:]
        return score[-rows:], since <= self.hold, self._leads(name, X, since)

    def _since_above(self, name: str, score: np.ndarray) -> np.ndarray:
        """Rows since k of n scores last exceeded the threshold; up to `hold` of them are in alarm."""
        return rows_since_above(on_delayed(score, *self.on_delay), self.thresholds_[name], self.hold)

    def _past(self, model: Detector) -> int:
        """Rows of what it sees before a row that decide whether it exceeds the threshold."""
        return model.history + self.smoothing - 1 + self.on_delay[1] - 1

    def _smoothed(self, name: str, X: np.ndarray) -> np.ndarray:
        """Scores with the digits that are stored, so that alarms follow from what is stored; none is infinite."""
        score = moving_mean(rounded(scored(name, self.models_[name], X)), self.smoothing)
        return score.clip(-LARGEST_SCORE, LARGEST_SCORE).astype(np.float32).astype(np.float64)

    def _decisive(self, frames: list[pd.DataFrame], earlier: list[pd.DataFrame]) -> dict[str, np.ndarray]:
        """Per detector the value that must exceed the threshold for an alarm, on normal rows.

        earlier: the rows before each frame, of which the first rows have their past; they are not scored themselves.
        Raises ValueError for a detector that gives a normal row an infinite score: no threshold would be above it.
        """
        scores: dict[str, list[np.ndarray]] = {name: [] for name in self.models_}
        for what in {model.sees for model in self.models_.values()}:
            names = [name for name, model in self.models_.items() if model.sees == what]
            past = max(self._decides(self.models_[name]) for name in names)
            joined = [pd.concat([first.iloc[-past:], then]) for first, then in zip(earlier, frames, strict=True)]
            for number, start, stop in self._pieces(joined, what):
                own = len(joined[number]) - len(frames[number]) - start  # first row of the piece that counts
                for rows, before in _chunks_of(joined[number].iloc[start:stop], past):
                    X = self._view(what).transform(rows)
                    for name in names:
                        score = self._smoothed(name, X)
                        infinite = np.flatnonzero(score[before:] >= LARGEST_SCORE)
                        if len(infinite):
                            raise ValueError(
                                f"{name} gives {count(len(infinite), 'normal row')} from "
                                f"{rows.index[len(rows) - len(score) + before + infinite[0]]} on an infinite score; "
                                "give finite numbers, or NaN where there is none"
                            )
                        decisive = on_delayed(score, *self.on_delay)
                        scores[name].append(decisive[before:][max(own, 0) :])
                    own -= len(rows) - before
        return {name: np.concatenate(pieces) for name, pieces in scores.items()}

    def _leads(self, name: str, X: np.ndarray, since: np.ndarray) -> np.ndarray:
        """Number of the tag behind the largest contribution, of each of the last rows in alarm; else -1.

        since: of each of these rows as `_since_above` gives it: the tag is that of the row that last was above.
        """
        model, alarm = self.models_[name], since <= self.hold
        decided = np.arange(len(X) - len(since), len(X)) - since
        above, named = np.zeros(len(X), bool), np.zeros(len(X), np.int16)
        above[decided[alarm]] = True
        past, numbers = model.history + self.smoothing - 1, self._view(model.sees).tag_numbers
        for start, stop in joined_intervals(above, past):
            begin = max(start - past, 0)
            parts = self._parts(name, X[begin:stop])[start - begin :]
            named[start:stop] = numbers[np.nan_to_num(parts).argmax(axis=1)]
        return np.where(alarm, named[decided], np.int16(-1))

    def _first(self, detector: str, frame: pd.DataFrame, row: int, places: int) -> list[str]:
        """What the largest contribution at a row means, and the tags that contribute most; of equal ones the first.

        While the off-delay holds an alarm these are those of the row that last was above, as for the lead.
        """
        model = self._model(detector)
        view = self._view(model.sees)
        X = view.transform(frame.iloc[row - self._needs(model) : row + 1])
        score = self._smoothed(detector, X)
        if np.isnan(score[-1]):
            return []
        since = self._since_above(detector, score)[-1]
        stop = len(X) - (since if since <= self.hold else 0)
        parts = np.nan_to_num(self._parts(detector, X[stop - model.history - self.smoothing : stop])[-1])
        order = np.argsort(-parts, kind="stable")
        numbers = list(dict.fromkeys(view.tag_numbers[order]))[:places]
        return [view.says_[order[0]], *(self.tags[number] for number in numbers)]

    def _parts(self, name: str, X: np.ndarray) -> np.ndarray:
        """Contributions (rows × features), averaged like the score.

        A method without contributions is explained by the squares of the features, their distance from a normal day.
        """
        parts = explained(name, self.models_[name], X)
        return moving_mean(rounded(X**2 if parts is None else parts), self.smoothing)

    def _table(self, index: pd.DatetimeIndex, judged: Mapping[str, tuple[np.ndarray, ...]]) -> pd.DataFrame:
        tags = pd.CategoricalDtype(list(self.tags))
        columns: dict[tuple[str, str], Any] = {}
        for name, (score, alarm, lead) in judged.items():
            columns[name, "score"], columns[name, "threshold"] = score, self.thresholds_[name]
            columns[name, "alarm"], columns[name, "lead"] = alarm, pd.Categorical.from_codes(lead, dtype=tags)
        return pd.DataFrame(columns, index)

    def _description(self) -> dict[str, Any]:
        used = {model.sees for model in self._fitted().values()}
        settings = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in VIEWS}
        return {
            "settings": settings | {"detectors": tuple(self.detectors)},
            "given": self._texts(),
            "period": str(self.period_),
            "fitted on": [each.to_dict() for each in self.origins_],
            "thresholds": self.thresholds_,
            "checked": self.checked_,
            "maxima": self.maxima_,
            "blocks per day": self.blocks_per_day_,
            "tags": self.tags_,
            **{what: self._view(what).to_dict() if what in used else None for what in VIEWS},
        }

    def _texts(self) -> dict[str, str | None]:
        """Text of each detector, None for one that only its own file can give; empty when the names say all."""
        given = {name: self._given(name) for name in self.detectors}
        texts = {name: each if is_ours(each) else None for name, each in given.items()}
        return {} if all(name == text for name, text in texts.items()) else texts

    def _fitted(self) -> dict[str, Detector]:
        if not hasattr(self, "models_"):
            raise ValueError("the pipeline is not fitted; call `fit` with normal days, or `Pipeline.load` a saved one")
        return self.models_

    def _model(self, detector: str) -> Detector:
        models = self._fitted()
        self._require(detector)
        return models[detector]

    def _require(self, detector: str) -> None:
        if detector not in self.detectors:
            hint = did_you_mean(str(detector), self.detectors)
            raise ValueError(f"no detector {detector!r} in this pipeline; it has {listed(self.detectors)}.{hint}")

    def _given(self, detector: str) -> Any:
        """What a detector was given as: its text, or an object."""
        return self.detectors[detector] if isinstance(self.detectors, Mapping) else detector

    def _unfitted(self, detector: str) -> Detector:
        """A detector to fit, apart from the one that was given. Raises ValueError, with its name, for what is none."""
        given = self._given(detector)
        try:
            return declared(deepcopy(unfitted(given)))
        except ValueError as error:
            raise (error if given is detector else ValueError(f"{detector}: {error}")) from None

    def _row_by_row(self, detector: str) -> Detector:
        model = self._unfitted(detector)
        if not model.row_by_row:
            raise ValueError(
                f"{detector} scores a row by the rows scored with it, so pieces and whole differ; choose another"
            )
        return model


def _transformed(view: View, pieces: Sequence[pd.DataFrame]) -> np.ndarray:
    """What a view sees of all rows of the pieces, one below the other."""
    seen, first = np.empty((sum(map(len, pieces)), len(view.names_))), 0
    for rows, before in (each for piece in pieces for each in _chunks_of(piece, view.history)):
        stop = first + len(rows) - before
        seen[first:stop] = view.transform(rows)[before:]
        first = stop
    return seen


def _chunks_of(frame: pd.DataFrame, past: int) -> Iterator[tuple[pd.DataFrame, int]]:
    """Rows of bounded number with the `past` rows before them, or all that there are, and how many of these."""
    for start in range(0, len(frame), CHUNK_ROWS):
        begin = max(start - past, 0)
        yield frame.iloc[begin : start + CHUNK_ROWS], start - begin


def _blank(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, alarm and number of the leading tag before anything is scored."""
    return np.full(rows, np.nan, np.float32), np.zeros(rows, bool), np.full(rows, -1, np.int16)


def _refuse_name(name: Any, given: Any) -> None:
    """Raises ValueError for a name that can't stand in tables, files and points, or that is another detector's."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or {*name} & {*"\\'\""}:
        raise ValueError(
            f"Pipeline: a detector's name is {name!r:.60}; give a text of 1 to {LONGEST_NAME} printable characters, "
            "without quotes and backslashes"
        )
    another = not isinstance(given, str) or given != name
    if another and (name in DETECTORS or name.startswith("pyod:")):
        raise ValueError(f"Pipeline: {name} is the name of a detector of swatlib; give yours another name")


def _maxima(name: str, decisive: np.ndarray, day: int) -> list[float]:
    try:
        return block_maxima(decisive, day).tolist()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _on_one_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives, on one thread; the libraries that have threads may have been loaded a moment ago."""
    with ThreadpoolController().limit(limits=1):
        return function(*arguments)


def _both_ways(a: set, b: set) -> tuple[tuple[set, set], tuple[set, set]]:
    return (a, b), (b, a)
