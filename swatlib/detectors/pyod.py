"""Any detector of PyOD, by its name. PyOD itself, whose import takes two seconds, is imported when one is made."""

import importlib
import inspect
import pkgutil
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from swatlib.detectors.base import Detector, on_finite, sample, seeded
from swatlib.limits import Count, RowCount
from swatlib.wording import did_you_mean

if TYPE_CHECKING:
    from pyod.models.base import BaseDetector

BATCHED = (
    "ecod",
    "copod",
    "cd",
    "lmdd",
    "rod",
    "sos",
    "ts_kshape",
    "ts_matrix_profile",
    "ts_sand",
    "ts_spectral_residual",
)
CALLED = {"lstmad": "ts_lstm", "timeseriesod": "ts_od"}  # classes that are called otherwise than their module
SUPERVISED = ("devnet", "xgbod")
NO_DETECTORS = {"base", "base_dl", "combination", "embedding", "gaal_base", "sklearn_base", "so_gaal_new", "thresholds"}


@dataclass
class PyOD(Detector):
    """`pyod.models.<name>.<Name>`, fitted on a random sample of `rows` rows. High = anomalous. What it draws without a
    seed of its own follows from `seed`.

    `fit` raises ValueError for a name PyOD does not have, and for one that needs labels or what is not installed.
    In BATCHED are those whose score of a row depends on the rows scored with it.
    """

    name: str = "HBOS"
    parameters: dict[str, Any] = field(default_factory=dict)
    rows: Count = 50_000
    seed: RowCount = 0

    @property
    def row_by_row(self) -> bool:
        return module_of(self.name) not in BATCHED

    def fit(self, X: np.ndarray) -> Self:
        self.model_ = _model(self.name, self.parameters)
        with seeded(self.seed):
            self.model_.fit(sample(X, self.rows, self.seed))
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(self.model_.decision_function, X)


def names() -> list[str]:
    """Modules of PyOD that are named after a detector, those that need torch or labels among them."""
    package = find_spec("pyod")
    folders = [str(Path(each) / "models") for each in (package and package.submodule_search_locations) or ()]
    modules = [module.name for module in pkgutil.iter_modules(folders)]
    return [name for name in modules if not name.startswith("_") and name not in NO_DETECTORS]


def module_of(name: str) -> str:
    """The module of a detector by its name or that of its class: "AutoEncoder" and "auto_encoder" are one."""
    plain = {each.removeprefix("ts_").replace("_", ""): each for each in names()} | CALLED
    return plain.get(name.lower().removeprefix("ts_").replace("_", ""), name.lower())


def kind_of(name: str) -> "type[BaseDetector]":
    """The only detector class of a module of PyOD.

    Raises ImportError when a package is missing, or the NameError of a module that does not check for it.
    """
    from pyod.models.base import BaseDetector

    module = importlib.import_module(f"pyod.models.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseDetector)]
    (kind,) = (kind for kind in kinds if kind.__module__ == module.__name__)
    return kind


def made(name: str, features: int | None = None, **parameters: Any) -> "BaseDetector":
    """A detector of PyOD by its module; some are made for a number of features. Raises what `kind_of` raises."""
    from pyod.models.lof import LOF

    kind = kind_of(name)
    if features and "n_features" in inspect.signature(kind).parameters:
        parameters = {"n_features": features} | parameters
    needed = {"detector_list": [LOF(15), LOF(20)], "n_bins": 2} if name == "lscp" else {}  # it has no default
    return kind(**needed | parameters)


def refuse_parameters(name: str, parameters: dict[str, Any]) -> None:
    """Raises ValueError for a parameter that a detector has not; nothing for one whose package is missing."""
    with suppress(ImportError, NameError):
        has = list(inspect.signature(kind_of(module_of(name))).parameters)
        if unknown := [each for each in parameters if each not in has]:
            hint = did_you_mean(unknown[0], has)
            raise ValueError(f"pyod:{name} has no parameter {unknown[0]!r}.{hint} There are {', '.join(has)}.")


def missing_package(error: Exception) -> str:
    """Name of the package whose absence made a module fail; some modules use torch without importing it."""
    text = str(error).lower()
    return "torch" if "torch" in text or "'nn'" in text else getattr(error, "name", None) or "a package"


def lacking(name: str, error: Exception) -> str:
    """What a detector needs that is not installed, and how to get it."""
    package = missing_package(error)
    how = (
        "type pip install 'swatlib[deep]', in a clone pip install -e '.[deep]'"
        if package == "torch"
        else "choose another"
    )
    return f"pyod:{name} needs {package}, which is not installed; {how}"


def refuse_unusable(name: str) -> None:
    """Raises ValueError for a name that PyOD does not know, with the nearest, and for a detector fitted on labels."""
    known = names()
    if module_of(name) not in known:
        hint = did_you_mean(name, known)
        raise ValueError(f"PyOD has no detector {name!r}; its modules are {', '.join(sorted(known))}.{hint}")
    if module_of(name) in SUPERVISED:
        raise ValueError(f"pyod:{name} is fitted on labels, which no detector is given here; choose another")


def _model(name: str, parameters: dict) -> "BaseDetector":
    refuse_unusable(name)
    try:
        return made(module_of(name), **parameters)
    except (ImportError, NameError) as error:
        raise ValueError(lacking(name, error)) from None
