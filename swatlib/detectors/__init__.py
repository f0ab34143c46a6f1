"""Detectors by name: one contract (`base.Detector`), one small file a family."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from swatlib.detectors.base import Detector
from swatlib.detectors.forecast import Forecast
from swatlib.detectors.forest import DistilledForest, Forest
from swatlib.detectors.guard import Guard
from swatlib.detectors.neighbours import DBSCAN, LOF, KMeans
from swatlib.detectors.pca import PCA
from swatlib.detectors.svm import OneClassSVM

DETECTORS: dict[str, Callable[[], Detector]] = {
    "guard": Guard,
    "guard-brief": partial(Guard, doublings=0),
    "ocsvm": OneClassSVM,
    "iforest": Forest,
    "iforest-lr": DistilledForest,
    "kmeans": KMeans,
    "lof": LOF,
    "dbscan": DBSCAN,
    "pca": PCA,
    "forecast": Forecast,
}
TITLES = {
    "guard": "guard of the checks",
    "guard-brief": "guard that holds no alarm",
    "ocsvm": "one-class SVM",
    "iforest": "isolation forest",
    "iforest-lr": "isolation forest, distilled",
    "kmeans": "k-means",
    "lof": "local outlier factor",
    "dbscan": "DBSCAN",
    "pca": "PCA residual",
    "forecast": "linear forecast",
}


def make(name: str) -> Detector:
    """A new detector by name: one of DETECTORS, or "pyod:NAME". Raises ValueError for any other name."""
    if name.startswith("pyod:"):
        from swatlib.detectors.pyod import PyOD  # PyOD takes two seconds to import, and only this needs it

        return PyOD(name.removeprefix("pyod:"))
    if name not in DETECTORS:
        near = get_close_matches(name, DETECTORS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"detector {name!r} is unknown; {hint}choose from {', '.join(DETECTORS)}, or pyod:NAME")
    return DETECTORS[name]()
