"""Networks of PyOD, fitted by it with torch, and its windows over time; scored here row by row.

PyOD computes in single precision, where the score of a row depends on how many rows are scored with it; here it is
computed in double precision from the fitted weights, which are kept as arrays. A window ends at the row it scores, so
that a score depends on no later row.
"""

import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from swatlib.arrays import intervals_of
from swatlib.detectors.base import Detector, on_finite, sample
from swatlib.limits import Count, RowCount

ROWS_A_PIECE, WINDOWS_A_PIECE = 20_000, 256
WINDOWED = {"ts_lstm": 50, "ts_anomaly_transformer": 100, "ts_od": 50}  # rows of each, as PyOD has them


@dataclass
class Network(Detector):
    """A network of PyOD that scores single rows: `auto_encoder`, `vae` or `deep_svdd`. High = anomalous.

    Fitted on a random sample of `rows` rows, on a GPU where there is one. The autoencoders score the distance of a row
    from what they make of it, `vae` of the mean of its code; `deep_svdd` the distance of its image from the centre.
    """

    name: str = "auto_encoder"
    parameters: dict[str, Any] = field(default_factory=dict)
    rows: Count = 50_000
    seed: RowCount = 0

    def fit(self, X: np.ndarray) -> Self:
        rows = sample(X, self.rows, self.seed)
        model = self._fitted(rows)
        self.features_ = rows.shape[1]
        self.weights_ = {key: each.cpu().numpy() for key, each in _NETS[self.name](model).state_dict().items()}
        self.learned_ = _learned(self.name, model)
        self._net = None
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_finite(lambda rows: _in_pieces(self._distance, rows, ROWS_A_PIECE), X)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_net"}

    def _fitted(self, rows: np.ndarray) -> Any:
        with _drawn_from(self.seed):
            model = _unfitted(self.name, self.parameters, rows.shape[1], self.seed)
            model.fit(rows)
            return model

    def _distance(self, rows: np.ndarray) -> np.ndarray:
        """Scores of finite rows, or of windows (windows × rows × features)."""
        import torch

        net = getattr(self, "_net", None) or self._rebuilt()
        with torch.no_grad():
            device = next(net.parameters()).device
            return NETWORKS[self.name](net, rows, self.learned_, lambda each: torch.from_numpy(each).to(device))

    def _rebuilt(self) -> Any:
        import torch

        with _drawn_from(self.seed):
            net = _blank(self.name, _unfitted(self.name, self.parameters, self.features_, self.seed), self.features_)
        net.load_state_dict({key: torch.from_numpy(np.array(each)) for key, each in self.weights_.items()})
        self._net = net.double().eval().to("cuda" if torch.cuda.is_available() else "cpu")
        return self._net


@dataclass
class WindowNetwork(Network):
    """A network of PyOD over windows of rows: `ts_lstm`, which predicts the next row, or `ts_anomaly_transformer`.

    Fitted on `rows` consecutive rows. The score of a row is that of the window that ends there. High = anomalous.
    """

    name: str = "ts_lstm"
    rows: Count = 10_000

    @property
    def window(self) -> int:
        """Rows of a window; the LSTM predicts the row after them."""
        return self.parameters.get("window_size", WINDOWED[self.name]) + (self.name == "ts_lstm")

    @property
    def history(self) -> int:
        return self.window - 1

    def fit(self, X: np.ndarray) -> Self:
        return super().fit(consecutive(X, self.rows))

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_windows(self._distance, X, self.window)


@dataclass
class TimeWindows(Detector):
    """PyOD's `ts_od`: any of its detectors (`detector=IForest`) over windows of consecutive rows. High = anomalous.

    Fitted on `rows` consecutive rows. The score of a row is that of the window that ends there.
    """

    name: str = "ts_od"
    parameters: dict[str, Any] = field(default_factory=dict)
    rows: Count = 10_000
    seed: RowCount = 0

    @property
    def window(self) -> int:
        """Rows of a window."""
        return self.parameters.get("window_size", WINDOWED[self.name])

    @property
    def history(self) -> int:
        return self.window - 1

    def fit(self, X: np.ndarray) -> Self:
        with _drawn_from(self.seed):
            model = _unfitted(self.name, self.parameters, X.shape[1], self.seed)
            self.model_ = model.fit(consecutive(X, self.rows)).detector_
        return self

    def score(self, X: np.ndarray) -> np.ndarray:
        return on_windows(lambda each: self.model_.decision_function(each.reshape(len(each), -1)), X, self.window)


def consecutive(X: np.ndarray, rows: int) -> np.ndarray:
    """At most `rows` rows of X that follow each other without NaN, from amid the longest such run."""
    spans = intervals_of(np.isfinite(X).all(axis=1))
    first, last = spans[(spans[:, 1] - spans[:, 0]).argmax()]
    start = max(first, (first + last - rows) // 2)
    return X[start : min(last, start + rows)]


def on_windows(function: Callable[[np.ndarray], np.ndarray], X: np.ndarray, window: int) -> np.ndarray:
    """`function` of the windows (windows × rows × features) that end at each row; NaN where one has NaN or is cut."""
    out = np.full(len(X), np.nan)
    if len(X) >= window:
        there = sliding_window_view(np.isfinite(X).all(axis=1), window).all(axis=1)
        ends = np.flatnonzero(there) + window - 1
        windows = sliding_window_view(X, window, axis=0)
        out[ends] = _in_pieces(
            lambda some: function(np.ascontiguousarray(windows[some - window + 1].transpose(0, 2, 1))),
            ends,
            WINDOWS_A_PIECE,
        )
    return out


def _in_pieces(function: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, most: int) -> np.ndarray:
    parts = [function(rows[start : start + most]) for start in range(0, len(rows), most)]
    return np.concatenate(parts) if parts else np.empty(0)


def _unfitted(name: str, parameters: Mapping[str, Any], features: int, seed: int) -> Any:
    """A detector of PyOD, silent, and seeded where it can be."""
    from swatlib.detectors.pyod import kind_of

    kind = kind_of(name)
    has = inspect.signature(kind).parameters
    ours = {"n_features": features, "verbose": 0, "random_state": seed, "window_size": WINDOWED.get(name)}
    return kind(**{each: value for each, value in ours.items() if each in has} | dict(parameters))


@contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    """What PyOD draws from generators that all share comes from this seed; they are put back after it."""
    ordinary, arrays = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        import torch
    except ImportError:
        torch = None
    try:
        if torch is not None:
            torch.manual_seed(seed)
        yield
    finally:
        random.setstate(ordinary)
        np.random.set_state(arrays)


_NETS: dict[str, Callable[[Any], Any]] = {
    "auto_encoder": lambda model: model.model,
    "vae": lambda model: model.model,
    "deep_svdd": lambda model: model.model_,
    "ts_lstm": lambda model: model.model_._net,
    "ts_anomaly_transformer": lambda model: model.model_,
}


def _blank(name: str, model: Any, features: int) -> Any:
    """The network of a detector that is not fitted."""
    if name in {"auto_encoder", "vae"}:
        model.feature_size = features
        model.build_model()
        return model.model
    module = inspect.getmodule(type(model))
    if name == "deep_svdd":
        given = ("use_ae", "hidden_neurons", "hidden_activation", "output_activation", "dropout_rate", "l2_regularizer")
        return module.InnerDeepSVDD(features, **{each: getattr(model, each) for each in given})  # type: ignore[union-attr]
    if name == "ts_lstm":
        return module._LSTMModel(features, model.hidden_size, model.n_layers)._net  # type: ignore[union-attr]
    sizes = ("window_size", "d_model", "n_heads", "n_layers", "dropout")
    return module._AnomalyTransformerModel(features, **{each: getattr(model, each) for each in sizes})  # type: ignore[union-attr]


def _learned(name: str, model: Any) -> dict[str, np.ndarray]:
    """What a detector learned beside its network."""
    if name in {"auto_encoder", "vae"}:
        plain = model.X_mean is None
        return {} if plain else {"mean": model.X_mean, "scale": model.X_std + 1e-8}
    if name == "deep_svdd":
        scaler = {"mean": model.scaler_.mean_, "scale": model.scaler_.scale_} if model.preprocessing else {}
        return {**scaler, "centre": model.c_.cpu().numpy().astype(float)}
    if name == "ts_lstm":
        return {"mean": model.error_mu_, "inverse": model.error_cov_inv_}
    return {}


def _scaled(rows: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
    return (rows - learned["mean"]) / learned["scale"] if "scale" in learned else rows


def _reconstruction(net: Any, rows: np.ndarray, learned: Mapping[str, np.ndarray], tensor: Callable) -> np.ndarray:
    Z = _scaled(rows, learned)
    return np.linalg.norm(Z - net(tensor(Z)).cpu().numpy(), axis=1)


def _of_the_mean(net: Any, rows: np.ndarray, learned: Mapping[str, np.ndarray], tensor: Callable) -> np.ndarray:
    """PyOD draws a code for each row at each time, so that no row has the same score twice; here its mean counts."""
    Z = _scaled(rows, learned)
    return np.linalg.norm(Z - net.decode(net.encode(tensor(Z))[0]).cpu().numpy(), axis=1)


def _from_centre(net: Any, rows: np.ndarray, learned: Mapping[str, np.ndarray], tensor: Callable) -> np.ndarray:
    return ((net(tensor(_scaled(rows, learned))).cpu().numpy() - learned["centre"]) ** 2).sum(axis=1)


def _prediction(net: Any, windows: np.ndarray, learned: Mapping[str, np.ndarray], tensor: Callable) -> np.ndarray:
    """Mahalanobis distance of the error of the last row, predicted from those before it."""
    error = windows[:, -1] - net(tensor(np.ascontiguousarray(windows[:, :-1]))).cpu().numpy() - learned["mean"]
    return (error @ learned["inverse"] * error).sum(axis=1)


def _attention(net: Any, windows: np.ndarray, learned: Mapping[str, np.ndarray], tensor: Callable) -> np.ndarray:
    """Error of the last row, weighed by how its attention to the window differs from that to its neighbours."""
    import torch

    made, associations = net(tensor(windows))
    discrepancy = inspect.getmodule(type(net))._compute_association_discrepancy(associations)  # type: ignore[union-attr]
    weight = torch.softmax(-discrepancy, dim=-1)[:, -1].cpu().numpy()
    return weight * ((windows[:, -1] - made[:, -1].cpu().numpy()) ** 2).mean(axis=1)


NETWORKS: dict[str, Callable[..., np.ndarray]] = {
    "auto_encoder": _reconstruction,
    "vae": _of_the_mean,
    "deep_svdd": _from_centre,
    "ts_lstm": _prediction,
    "ts_anomaly_transformer": _attention,
}
