"""What is asked of a detector that is not of this package, on rows that it was fitted on; one sentence if it fails."""

from numbers import Real
from typing import Any
from zlib import crc32

import numpy as np

from swatlib.arrays import intervals_of
from swatlib.detectors.base import Detector

SEEN = ("features", "checks")
PROBED = 64  # rows that are scored, after those that a score depends on
TRIED_ROWS, TRIED_FEATURES = 2_000, 40
FAR = 3.0  # times the range of a feature
DIRECTED = ("sklearn.", "pyod.")  # their classes keep the convention, whatever they think of rows far outside
ALIKE = 2.0**-15  # relative; scores are rounded to 16 bits


class UnsoundError(ValueError):
    """Scores that can't be used; the message says why, without the name of the detector."""


def declared(detector: Detector) -> Detector:
    """The detector. Raises ValueError for what its class says of itself and no pipeline can use."""
    who, past, scale = type(detector.given).__name__, detector.history, detector.tail_scale
    if detector.sees not in SEEN:
        raise ValueError(f"{who}.sees is {detector.sees!r}; choose {' or '.join(SEEN)}")
    if not isinstance(past, int | np.integer) or isinstance(past, bool) or past < 0:
        raise ValueError(f"{who}.history is {past!r}; give a whole number of rows, 0 or more")
    if scale is not None and not (
        np.shape(scale) == (2,) and all(isinstance(each, Real) and 0 < each < np.inf for each in scale)
    ):
        raise ValueError(
            f"{who}.tail_scale is {scale!r}; give two numbers above 0, a median and a standard deviation, or None"
        )
    return detector


def fitted(name: str, detector: Detector, X: np.ndarray) -> Detector:
    """The detector, fitted on X. Raises ValueError, with its name, for one whose scores can't be used.

    Those of this package are held to the same by its tests.
    """
    if _is_of_swatlib(detector):
        return _fitted_by_library(name, detector, X)
    who = _who(name, detector)
    _called(who, "fit", detector, X)
    rows = _probe(X, detector.history)
    _refuse_unsound(who, detector, rows, far_outside(rows[detector.history :], X))
    return detector


def _fitted_by_library(name: str, detector: Detector, X: np.ndarray) -> Detector:
    """Fitted; what scikit-learn or PyOD says of a parameter, or fails at, is a sentence with the detector's name."""
    try:
        return detector.fit(X)
    except ValueError as error:
        if name in str(error):
            raise
        raise ValueError(f"{name}: {error}") from error
    except (AttributeError, IndexError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ValueError(
            f"{name} can't be fitted on {len(X):,} rows × {X.shape[1]:,} features: {type(error).__name__}: {error}; "
            "give other parameters"
        ) from error


def scored(name: str, detector: Detector, X: np.ndarray) -> np.ndarray:
    """Its scores of X. Raises ValueError, with its name, where rows show what those of the fit did not."""
    if _is_of_swatlib(detector):
        return detector.score(X)
    who = _who(name, detector)
    return _numbers(who, _answer(who, "score", detector, X), len(X))


def explained(name: str, detector: Detector, X: np.ndarray) -> np.ndarray | None:
    """Its contributions to the scores of X. Raises ValueError, with its name, where it fails on these rows."""
    if _is_of_swatlib(detector):
        return detector.contributions(X)
    who = _who(name, detector)
    return _one_a_feature(who, _answer(who, "contributions", detector, X), X)


def try_out(name: str, detector: Detector) -> None:
    """Fit a detector on made-up rows, and raise ValueError, as `fitted` does, where that shows it can't be used.

    It takes a moment, so that a fault is met before days are read or simulated.
    """
    rows, features = np.arange(detector.history + TRIED_ROWS), np.arange(1, TRIED_FEATURES + 1)
    slow = np.sin(rows[:, None] / (50 * features)) * features
    fitted(name, detector, slow + np.random.default_rng(0).normal(size=slow.shape))


def far_outside(rows: np.ndarray, X: np.ndarray) -> np.ndarray:
    """The rows, each feature moved to one side, by FAR times its range in X."""
    side = np.random.default_rng(0).choice((-1.0, 1.0), rows.shape[1])
    return rows + side * FAR * np.maximum(np.nanmax(X, axis=0) - np.nanmin(X, axis=0), 1e-3)


def _refuse_unsound(who: str, detector: Detector, rows: np.ndarray, outside: np.ndarray) -> None:
    score, past = _one_a_row(who, detector, rows), detector.history
    scored = score[past:]
    if np.isnan(scored).all():
        raise ValueError(f"{who} gives NaN for all of {len(scored):,} rows without NaN, with {past:,} rows before them")
    for rows_alone in (1, len(scored) // 2):
        _refuse_company(who, detector, rows, score, rows_alone)
    holed = rows.copy()
    holed[-1, 0] = np.nan
    if not np.isnan(_one_a_row(who, detector, holed)[-1]):
        raise ValueError(f"{who} gives a score to a row with NaN; give NaN for it")
    far = _one_a_row(who, detector, np.vstack([rows[:past], outside]))[past:]
    if np.isnan(far).all():
        raise ValueError(
            f"{who} gives NaN for all of {len(far):,} rows far outside those of the fit; give a high score"
        )
    told = type(detector.given).__module__.startswith(DIRECTED)
    outer, usual = np.nanmean(far), np.nanmedian(scored)
    if not (told or outer > usual):
        how, advice = ("lower", "turn the sign of its scores") if outer < usual else ("no higher", "give a finer score")
        raise ValueError(
            f"{who} scores {len(far):,} rows far outside {how} ({outer:.3g}) than rows of the fit ({usual:.3g}), and "
            f"high must be anomalous; {advice}"
        )
    if 0 < max(abs(outer), abs(usual)) < np.finfo(np.float32).tiny:
        raise ValueError(
            f"{who} scores {len(far):,} rows far outside {outer:.3g}, which is 0 in the single precision that scores "
            "are stored in; multiply its scores, or give their logarithm"
        )
    _one_a_feature(who, _called(who, "contributions", detector, rows), rows)


def _one_a_feature(who: str, parts: Any, X: np.ndarray) -> np.ndarray | None:
    if parts is not None and np.shape(parts) != X.shape:
        raise ValueError(
            f"{who}.contributions gave an array of shape {np.shape(parts)} for {len(X):,} rows × {X.shape[1]:,} "
            "features; give one number for each of them, or None"
        )
    return parts


def _is_of_swatlib(detector: Detector) -> bool:
    return detector.given is detector and type(detector).__module__.startswith("swatlib.")


def _who(name: str, detector: Detector) -> str:
    return f"{name}: {type(detector.given).__name__}"


def _refuse_company(who: str, detector: Detector, rows: np.ndarray, score: np.ndarray, few: int) -> None:
    """Raises ValueError when the last few rows, with their history, have other scores alone than among all."""
    alone = _one_a_row(who, detector, rows[len(rows) - few - detector.history :])[-few:]
    among = score[-few:]
    unlike = ~np.isclose(alone, among, rtol=ALIKE, atol=1e-9, equal_nan=True)
    if unlike.any():
        raise ValueError(
            f"{who} scores a row by the rows scored with it: {among[unlike][-1]:.6g} among {len(rows):,} rows, "
            f"{alone[unlike][-1]:.6g} among {few + detector.history:,}, of which {detector.history:,} are its history; "
            "pieces and whole differ, so it can't be used on a stream"
        )


def _one_a_row(who: str, detector: Detector, rows: np.ndarray) -> np.ndarray:
    return _numbers(who, _called(who, "score", detector, rows), len(rows))


def _numbers(who: str, answer: Any, rows: int) -> np.ndarray:
    score = np.asarray(answer)
    if score.shape != (rows,) or score.dtype.kind not in "fiub":
        raise ValueError(
            f"{who}.score gave an array of shape {score.shape} and type {score.dtype} for {rows:,} rows; "
            "give one number a row"
        )
    return score


def _called(who: str, method: str, detector: Detector, X: np.ndarray) -> Any:
    """What the method gives. Raises ValueError when it fails, and when it changes X, which other detectors see too."""
    if detector.given is not detector:  # what a detector wraps is given copies
        return _answer(who, method, detector, X)
    before = _sum_of(X)
    answer = _answer(who, method, detector, X)
    if _sum_of(X) != before:
        raise ValueError(
            f"{who}.{method} changes the rows that it is given, which other detectors see too; work on a copy of them"
        )
    return answer


def _sum_of(X: np.ndarray) -> int:
    """A checksum: enough to see a change by mistake, in a third of the time of a digest."""
    return crc32((X.T if X.T.flags.c_contiguous else np.ascontiguousarray(X)).data)


def _answer(who: str, method: str, detector: Detector, X: np.ndarray) -> Any:
    try:
        return getattr(detector, method)(X)
    except UnsoundError as error:
        raise ValueError(f"{who}.{error}") from None
    except Exception as error:  # of whatever kind: the code is not ours
        raise ValueError(
            f"{who}.{method} failed on {len(X):,} rows × {X.shape[1]:,} features: {type(error).__name__}: {error}"
        ) from error


def _probe(X: np.ndarray, history: int) -> np.ndarray:
    """Consecutive rows without NaN from amid the longest run, so many that PROBED have a history, or all of it."""
    spans = intervals_of(np.isfinite(X).all(axis=1))
    if not len(spans):
        raise ValueError(f"none of {len(X):,} rows to fit on is without NaN; give more normal days")
    first, last = spans[(spans[:, 1] - spans[:, 0]).argmax()]
    start = max(first, (first + last - history - PROBED) // 2)
    return X[start : min(last, start + history + PROBED)]
