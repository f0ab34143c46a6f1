"""Any object with scikit-learn's or PyOD's interface of outlier detection, as a detector."""

import inspect
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from swatlib.detectors.base import Detector, on_finite, sample, seeded
from swatlib.detectors.soundness import PROBED, UnsoundError, far_outside
from swatlib.limits import Count, RowCount
from swatlib.wording import listed

METHODS = ("score_samples", "decision_function", "score")
ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass
class Foreign(Detector):
    """`model` fitted on a random sample of `rows` rows, its scores turned so that high = anomalous. What it draws from
    numpy without a seed of its own follows from `seed`.

    Low is anomalous in `score_samples`, and in the `decision_function` of scikit-learn; high is in that of PyOD and in
    `score`. For a `decision_function` of neither, rows far outside those of the fit tell. A row is scored by itself;
    rows with NaN are left out.
    """

    model: Any
    rows: Count = 50_000
    seed: RowCount = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_incomplete(self.model)

    @property
    def given(self) -> object:
        return self.model

    def fit(self, X: np.ndarray) -> Self:
        rows = sample(X, self.rows, self.seed)
        self.model_ = deepcopy(self.model)
        with seeded(self.seed):
            self.model_.fit(rows)
        self.sign_ = _sign(self.model_) or _sign_by(self.model_, rows)
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda Z: self.sign_ * _scores(self.model_, Z), X)

    def contributions(self, X: np.ndarray) -> np.ndarray | None:
        given = getattr(self.model_, "contributions", None)
        if given is None or given(np.zeros((1, X.shape[1]))) is None:
            return None
        return on_finite(lambda Z: np.asarray(given(Z), float), X)


def as_detector(given: object) -> Detector:
    """A detector of the contract as it is, any other object wrapped. Raises ValueError for what can't be one."""
    if isinstance(given, type):
        raise ValueError(f"{given.__name__} is a class; give an object of it: {given.__name__}()")
    return given if isinstance(given, Detector) else Foreign(given)


def _refuse_incomplete(model: object) -> None:
    kind = type(model).__name__
    if not callable(getattr(model, "fit", None)):
        raise ValueError(f"{kind} has no method fit; a detector has fit(X), and score(X) or {listed(METHODS[:2])}")
    if not any(callable(getattr(model, name, None)) for name in METHODS):
        raise ValueError(f"{kind} has none of the methods {listed(METHODS)}; a detector has fit(X) and one of these")
    others = list(inspect.signature(model.fit).parameters.values())[1:]  # type: ignore[attr-defined]
    if needed := [each.name for each in others if each.default is each.empty and each.kind not in ANY_NUMBER]:
        raise ValueError(f"{kind}.fit needs {listed(needed)} beside X, and no detector is given a label here")


def _method(model: object) -> str:
    if _is_of(model, "pyod"):
        return "decision_function"
    return next(name for name in METHODS if callable(getattr(model, name, None)))


def _sign(model: object) -> int | None:
    """What turns the model's scores so that high = anomalous; None where no convention says it."""
    method = _method(model)
    if method == "decision_function" and not _is_of(model, "sklearn"):
        return 1 if _is_of(model, "pyod") else None
    return 1 if method == "score" else -1


def _sign_by(model: object, rows: np.ndarray) -> int:
    near, far = _scores(model, rows), _scores(model, far_outside(rows[-PROBED:], rows))
    return 1 if np.nanmedian(far) > np.nanmedian(near) else -1


def _scores(model: object, X: np.ndarray) -> np.ndarray:
    method = _method(model)
    values = np.asarray(getattr(model, method)(X))
    if values.shape != (len(X),):
        raise UnsoundError(f"{method} gave an array of shape {values.shape} for {len(X):,} rows; give one number a row")
    if values.dtype.kind not in "fiubO":
        raise UnsoundError(f"{method} gave an array of type {values.dtype}; give real numbers")
    return values.astype(float)


def _is_of(model: object, package: str) -> bool:
    return any(kind.__module__.startswith(f"{package}.") for kind in type(model).__mro__)
