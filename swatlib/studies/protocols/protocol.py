"""One detector's answers, and the choices that turn them into a figure."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from swatlib.cached import rows_digest, warn_of
from swatlib.data import Recording
from swatlib.normal_parts import settled
from swatlib.pipeline import Pipeline
from swatlib.results import cached_fit, cached_results, cached_tables
from swatlib.results.fit_cache import detector_part, parameters, recording_digest
from swatlib.studies.protocols.truth import labels

QUANTILE = 0.999  # of the validation scores: between the .99 and the 1 that papers take
CUT_S = 550  # Garg et al., IEEE TNNLS 2021, cut attack 28 to so many points, one a second

CHOICES = {
    "threshold": ("budget", "validation maximum", "validation quantile", "best on test"),
    "adjustment": ("none", "PA%20", "PA"),
    "sampling": ("1 s", "10 s, label max", "10 s, label min"),
    "labels": ("true", "official"),
    "longest": ("whole", "cut"),
    "startup": ("dropped", "kept"),
}


@dataclass(frozen=True)
class Protocol:
    """How scores become one F1. The defaults are those of this workbench; CHOICES has the others.

    threshold: from a false-alarm budget with on-delay and off-delay, the largest or the .999 quantile of the scores of
    normal days that were not fitted, or the best on the test labels. adjustment: none, point adjustment, or that of Kim
    et al. sampling: rows as they are (1 s), or medians of the scores over 10 s, labelled attack if any row is (max) or
    all are (min). labels: true or official. longest: the longest attack whole or cut to 550 s. startup: the hours in
    which the tanks fill dropped before the fit, or kept. Raises ValueError for a choice that is none.
    """

    threshold: str = "budget"
    adjustment: str = "none"
    sampling: str = "1 s"
    labels: str = "true"
    longest: str = "whole"
    startup: str = "dropped"

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r} is unknown; choose one of {', '.join(allowed)}")


@dataclass(frozen=True)
class Answer:
    """Scores and alarms on the attacked rows (n,), and scores on normal rows that were not fitted (v,)."""

    score: np.ndarray
    alarm: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True)
class ProtocolStudy:
    """Answers by what was done with the start-up, labels by their kind, each bool (n,), and seconds from row to row."""

    detector: str
    answers: dict[str, Answer]
    labels: dict[str, np.ndarray]
    period: float = 1.0

    def rows(self, seconds: float) -> int:
        """How many rows make so many seconds, at least one."""
        return max(1, round(seconds / self.period))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """CHOICES, less the labels that this recording has not."""
        return CHOICES | {"labels": tuple(kind for kind in CHOICES["labels"] if kind in self.labels)}

    @property
    def digest(self) -> str:
        """Digest of all that a figure under any protocol depends on."""
        answers = [
            part for _, each in sorted(self.answers.items()) for part in (each.score, each.alarm, each.validation)
        ]
        named = pd.DataFrame({kind: self.labels[kind] for kind in sorted(self.labels)})
        return rows_digest(*answers, named, np.array([self.period]))

    def protocols(self) -> list[Protocol]:
        """Every combination of choices."""
        return [Protocol(**dict(zip(CHOICES, each, strict=True))) for each in product(*self.choices().values())]


def protocol_study(
    normal: Recording, attacked: Recording, detector: str = "pca", budget: float = 1.0, force: bool = False
) -> ProtocolStudy:
    """Fit the detector on the normal days, once with and once without their start-up, and score both recordings.

    What the cache holds is not computed again, unless with `force`.
    """
    pipelines = {
        "dropped": Pipeline((detector,), budget=budget),
        "kept": Pipeline((detector,), budget=budget, startup=0),
    }
    answers = {startup: _answer(pipeline, normal, attacked, force) for startup, pipeline in pipelines.items()}
    known = {kind: label.to_numpy() for kind, label in labels(attacked).items()}
    return ProtocolStudy(detector, answers, known, attacked.period.total_seconds())


def _answer(pipeline: Pipeline, normal: Recording, attacked: Recording, force: bool) -> Answer:
    (detector,) = pipeline.detectors
    results = cached_results(pipeline, normal, attacked, force)
    warn_of(results.notes)
    scored = results.scores[detector]
    depends = [recording_digest(normal), parameters(pipeline), detector_part(pipeline, detector)]
    unseen = cached_tables("validation", depends, lambda: {"unseen": _unseen(pipeline, normal)}, force)["unseen"]
    validation = unseen["score"].to_numpy(float)
    return Answer(scored["score"].to_numpy(float), scored["alarm"].to_numpy(bool), validation)


def _unseen(pipeline: Pipeline, normal: Recording) -> pd.DataFrame:
    """Scores on the normal rows that were not fitted."""
    used = settled(normal.frame, pipeline.startup)
    unseen = used.iloc[round(pipeline.shares[0] * len(used)) :]
    (detector,) = pipeline.detectors
    return cached_fit(pipeline, normal).score(unseen)[detector][["score"]].dropna().reset_index(drop=True)
