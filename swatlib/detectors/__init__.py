"""Detectors by name: one contract (`base.Detector`), one small file a family; and those of one's own."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from swatlib.detectors.autoencoder import Autoencoder
from swatlib.detectors.base import Detector
from swatlib.detectors.forecast import Forecast
from swatlib.detectors.foreign import ANY_NUMBER, as_detector
from swatlib.detectors.forest import DistilledForest, Forest
from swatlib.detectors.guard import Guard
from swatlib.detectors.neighbours import DBSCAN, LOF, KMeans
from swatlib.detectors.own_classes import found_class
from swatlib.detectors.parsing import parsed, titled
from swatlib.detectors.pca import PCA
from swatlib.detectors.soundness import try_out
from swatlib.detectors.svm import OneClassSVM
from swatlib.wording import did_you_mean, listed

DETECTORS: dict[str, Callable[[], Detector]] = {
    "guard": Guard,
    "guard-brief": partial(Guard, memory=1),
    "ocsvm": OneClassSVM,
    "iforest": Forest,
    "iforest-lr": DistilledForest,
    "kmeans": KMeans,
    "lof": LOF,
    "dbscan": DBSCAN,
    "pca": PCA,
    "forecast": Forecast,
    "autoencoder": Autoencoder,
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
    "autoencoder": "autoencoder",
}


def make(text: str) -> Detector:
    """A new detector from a text, with parameters after it, as in "lof:neighbours=50".

    One of DETECTORS; "pyod:KNN"; "my_detector.py:ZScore", a class in a file; "sklearn.svm:OneClassSVM", a class of a
    module. Raises ValueError for what is not there, with the nearest name.
    """
    what, parameters = parsed(text)
    if what in DETECTORS:
        return _made(what, DETECTORS[what], parameters)
    if what.startswith("pyod:"):
        return _of_pyod(what.removeprefix("pyod:"), parameters)
    where, _, kind = what.rpartition(":")
    if where and where not in DETECTORS and kind.isidentifier():
        return as_detector(_made(what, found_class(where, kind), parameters))
    if where in DETECTORS or what.endswith(".py"):
        example = f"{where}:NAME=VALUE" if where else f"{what}:CLASS"
        raise ValueError(f"{text!r} is no detector; write it as in {example}")
    raise ValueError(
        f"There is no detector {what!r}.{_nearest(what)} There are {', '.join(DETECTORS)}, pyod:NAME, "
        "and classes of your own, as in my_detector.py:ZScore."
    )


def unfitted(given: object) -> Detector:
    """A detector from its text, or an object that is one."""
    return make(given) if isinstance(given, str) else as_detector(given)


def is_ours(given: object) -> bool:
    """Whether it is the text of a detector that swatlib or PyOD has."""
    return isinstance(given, str) and (given.startswith("pyod:") or parsed(given)[0] in DETECTORS)


def refuse_useless(text: str) -> None:
    """Raises ValueError for what `make` refuses, and for a class of one's own that made-up rows show to be useless."""
    detector = make(text)
    if not is_ours(text):
        try_out(text, detector)


def is_plain(given: object) -> bool:
    """Whether it is the name of a detector with its own parameters: one of DETECTORS, or pyod:NAME."""
    return isinstance(given, str) and (given in DETECTORS or re.fullmatch(r"pyod:\w+", given) is not None)


def title(name: str) -> str:
    """A detector's title for readers, with the parameters that its name holds."""
    what, parameters = titled(name)
    return ", ".join(filter(None, (TITLES.get(what, what), parameters)))


def described(given: object) -> str:
    """Class of a detector and the parameters that differ from their defaults: "LOF(neighbours=50)"."""
    subject = unfitted(given).given
    changed = []
    for each in inspect.signature(type(subject)).parameters.values():
        value = getattr(subject, each.name, each.default)
        if repr(value) != repr(each.default):
            changed.append(f"{each.name}={value!r}")
    return f"{type(subject).__name__}({', '.join(changed)})"


def _made(what: str, factory: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    has = inspect.signature(factory).parameters
    if unknown := [name for name in parameters if name not in has and "kwargs" not in has]:
        there = f"There are {', '.join(has)}." if has else "It has none."
        raise ValueError(f"{what} has no parameter {unknown[0]!r}.{did_you_mean(unknown[0], has)} {there}")
    needed = [each.name for each in has.values() if each.default is each.empty and each.kind not in ANY_NUMBER]
    if lacking := [name for name in needed if name not in parameters]:
        raise ValueError(f"{what} needs {listed(lacking)}; write it as in {what}:{lacking[0]}=1")
    try:
        return factory(**parameters)
    except TypeError as error:
        raise ValueError(f"{what} can't be made: {error}") from error


def _of_pyod(name: str, parameters: dict[str, Any]) -> Detector:
    from swatlib.detectors import deep
    from swatlib.detectors.pyod import PyOD, lacking, module_of, refuse_parameters, refuse_unusable

    refuse_unusable(name)
    module = module_of(name)
    ours = {each: parameters.pop(each) for each in ("rows", "seed") if each in parameters}
    if parameters:
        refuse_parameters(name, parameters)
    if module == "ts_od":
        return deep.TimeWindows(module, parameters, **ours)
    if module not in deep.NETWORKS:
        return PyOD(name, parameters, **ours)
    try:
        import_module("torch")
    except ImportError as error:
        raise ValueError(lacking(name, error)) from None
    return (deep.WindowNetwork if module in deep.WINDOWED else deep.Network)(module, parameters, **ours)


def _nearest(name: str) -> str:
    """A hint that takes titles too: "isolation_forrest" is near to the title of iforest."""
    titles = {title.lower().replace(" ", "_"): short for short, title in reversed(TITLES.items())}
    near = did_you_mean(name.replace(" ", "_"), [*DETECTORS, *titles])
    for title, short in titles.items():
        near = near.replace(f"'{title}'", f"'{short}'")
    return near
