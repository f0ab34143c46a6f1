"""Any detector of PyOD, by its name."""

import importlib
import pkgutil
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Self

import numpy as np
import pyod.models

from swatlib.detectors.base import Detector, on_finite, sample

BATCHED = ("ECOD", "COPOD", "CD")


@dataclass
class PyOD(Detector):
    """`pyod.models.<name>.<Name>`, fitted on `rows` drawn rows. High = anomalous.

    Raises ValueError for a name PyOD does not have. Those of BATCHED score a row by the rows that are scored with it.
    """

    name: str = "HBOS"
    parameters: dict[str, Any] = field(default_factory=dict)
    rows: int = 50_000
    seed: int = 0

    @property
    def row_by_row(self) -> bool:
        return self.name.upper() not in BATCHED

    def fit(self, X: np.ndarray) -> Self:
        self.model_ = _model(self.name)(**self.parameters)
        self.model_.fit(sample(X, self.rows, self.seed))
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(self.model_.decision_function, X)


def _model(name: str) -> type:
    modules = [module.name for module in pkgutil.iter_modules(pyod.models.__path__)]
    if name.lower() not in modules:
        near = get_close_matches(name.lower(), modules, 1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        raise ValueError(f"PyOD has no detector {name!r}{hint}; its modules are {', '.join(sorted(modules))}")
    module = importlib.import_module(f"pyod.models.{name.lower()}")
    return next(value for key, value in vars(module).items() if key.lower() == name.lower())
