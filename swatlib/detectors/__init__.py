"""Detectors by name: one contract (`base.Detector`), one small file a family."""

from collections.abc import Callable
from functools import partial

from swatlib.detectors.base import Detector
from swatlib.detectors.forecast import Forecast
from swatlib.detectors.forest import DistilledForest, Forest
from swatlib.detectors.guard import Guard
from swatlib.detectors.neighbours import DBSCAN, LOF, KMeans
from swatlib.detectors.pca import PCA
from swatlib.detectors.svm import OneClassSVM
from swatlib.wording import did_you_mean

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
    """A new detector by name: one of DETECTORS, or "pyod:NAME". Raises ValueError that suggests the nearest name."""
    if name.startswith("pyod:"):
        from swatlib.detectors.pyod import PyOD, refuse_unusable  # PyOD takes two seconds to import

        refuse_unusable(name.removeprefix("pyod:"))
        return PyOD(name.removeprefix("pyod:"))
    if name not in DETECTORS:
        raise ValueError(
            f"There is no detector {name!r}.{_nearest(name)} There are {', '.join(DETECTORS)}, and pyod:NAME."
        )
    return DETECTORS[name]()


def _nearest(name: str) -> str:
    """A hint that takes titles too: "isolation_forrest" is near to the title of iforest."""
    titles = {title.lower().replace(" ", "_"): short for short, title in reversed(TITLES.items())}
    near = did_you_mean(name.replace(" ", "_"), [*DETECTORS, *titles])
    for title, short in titles.items():
        near = near.replace(f"'{title}'", f"'{short}'")
    return near
