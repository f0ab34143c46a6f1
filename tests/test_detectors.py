"""One contract, every detector crossed with every check."""

import inspect
from dataclasses import asdict

import numpy as np
import pytest

from swatlib import arrays
from swatlib.arrays import moving_mean
from swatlib.detectors import DETECTORS, TITLES, base, make

NAMES = [*DETECTORS, "pyod:PCA"]
WIDTH = 6


def correlated(rows, seed):
    """Positive and skewed, so that the isolated rows lie on one side, where a plane can find them too."""
    rng = np.random.default_rng(seed)
    slow = np.sin(np.arange(rows)[:, None] / np.array([300, 470]))
    return np.exp(slow @ rng.uniform(0.2, 0.7, size=(2, WIDTH)) + rng.normal(size=(rows, WIDTH)) * 0.1)


@pytest.fixture(scope="module")
def rows():
    return correlated(6_000, seed=1)


@pytest.fixture(scope="module", params=NAMES)
def detector(request, rows):
    return make(request.param).fit(rows)


@pytest.mark.parametrize(
    ("written", "name"), [("isolation_forrest", "iforest"), ("Local outlier factor", "lof"), ("pac", "pca")]
)
def test_the_nearest_detector_is_named_by_its_title_too(written, name):
    with pytest.raises(ValueError, match=f"There is no detector '{written}'. Did you mean '{name}'"):
        make(written)


def test_high_is_anomalous(detector, rows):
    far = rows.copy()
    far[3_000:] += 8
    scores = detector.score(far)
    assert np.nanmedian(scores[3_200:]) > np.nanquantile(scores[detector.history : 3_000], 0.95)


def test_a_score_a_row_and_none_without_history(detector, rows):
    scores = detector.score(rows)
    assert scores.shape == (len(rows),)
    assert np.isnan(scores[: detector.history]).all()
    assert np.isfinite(scores[detector.history :]).all()


def test_scores_of_a_piece_with_history_are_those_of_the_whole(detector, rows):
    whole = detector.score(rows)
    for size in (1, 7, 500):
        piece = detector.score(rows[2_000 - detector.history : 2_000 + size])[detector.history :]
        np.testing.assert_allclose(piece, whole[2_000 : 2_000 + size], rtol=1e-9)


def test_rows_with_nan_have_no_score_and_spoil_no_other(detector, rows):
    holed = rows.copy()
    holed[1_000, 3] = np.nan
    scores = detector.score(holed)
    assert np.isnan(scores[1_000])
    assert np.isfinite(scores[1_001 + detector.history :]).all()


def test_scoring_and_fitting_leave_parameters_and_rows_alone(detector, rows):
    before, kept = asdict(detector), rows.copy()
    detector.fit(rows).score(rows)
    assert asdict(detector) == before
    np.testing.assert_array_equal(rows, kept)


def test_the_same_rows_give_the_same_detector(detector, rows):
    again = type(detector)(**asdict(detector)).fit(rows)
    np.testing.assert_array_equal(again.score(rows), detector.score(rows))


def test_contributions_name_the_feature_that_was_moved(detector, rows):
    far = rows.copy()
    far[3_000:, 2] += 8
    parts = detector.contributions(far)
    if parts is None:
        assert detector.__class__.__name__ in ("OneClassSVM", "Forest", "PyOD")
        return
    assert parts.shape == rows.shape
    assert (np.nan_to_num(parts[3_100:3_200]).argmax(axis=1) == 2).mean() > 0.9


def test_no_detector_can_be_given_a_label(detector):
    for method in (detector.fit, detector.score, detector.contributions):
        assert list(inspect.signature(method).parameters) == ["X"]


def test_every_detector_has_a_title():
    assert list(TITLES) == list(DETECTORS)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'kmeans'"):
        make("kmean")
    with pytest.raises(ValueError, match=r"PyOD has no detector 'HBSO'; .*Did you mean 'hbos'"):
        make("pyod:HBSO")


@pytest.mark.parametrize(
    ("name", "says"),
    [("xgbod", "is fitted on labels"), ("so_gaal", "needs torch, which is not installed"), ("base", "has no detector")],
)
def test_a_detector_of_pyod_that_can_not_be_had_is_refused(name, says):
    with pytest.raises(ValueError, match=says):
        make(f"pyod:{name}").fit(np.ones((10, 2)))


@pytest.mark.parametrize("written", ["pyod:LODA", "pyod:IForest", "sklearn.ensemble:IsolationForest:n_estimators=20"])
def test_a_class_that_draws_without_a_seed_of_its_own_gives_the_same_scores_again(written):
    X = np.random.default_rng(0).normal(size=(300, 4))
    before = np.random.get_state()[1].tolist()
    first, again = (make(written).fit(X).score(X) for _ in range(2))
    assert first.tolist() == again.tolist()
    assert np.random.get_state()[1].tolist() == before


def test_a_detector_of_pyod_is_found_however_its_class_is_spelt():
    rng = np.random.default_rng(1)
    for name in ("lscp", "feature_bagging"):
        scores = make(f"pyod:{name}").fit(rng.normal(size=(200, 3))).score(rng.normal(size=(5, 3)))
        assert scores.shape == (5,) and np.isfinite(scores).all()


@pytest.mark.parametrize("name", ["pca", "forecast"])
def test_a_residual_counts_for_less_the_further_its_feature_is_from_its_mean(name, rows):
    plain, tolerant = (make(f"{name}:tolerance={tolerance}").fit(rows) for tolerance in (0, 0.5))
    parts, far = plain.contributions(rows), np.abs(moving_mean(rows, plain.window))
    np.testing.assert_array_equal(plain.score(rows), parts.max(axis=1))
    np.testing.assert_allclose(tolerant.score(rows), (parts / (1 + 0.5 * far)).max(axis=1))
    np.testing.assert_array_equal(tolerant.contributions(rows), parts)


@pytest.mark.parametrize("name", ["pca", "forecast", "autoencoder"])
def test_residuals_taken_piece_by_piece_have_the_scale_of_all(name, rows, monkeypatch):
    rows = rows.copy()
    rows[:, 0], rows[::2_000, 0] = 1, 2  # moves in so few rows that its spread is the scale
    rows[698:703, 1] = np.nan
    whole = make(name).fit(rows).scale_
    monkeypatch.setattr(arrays, "CHUNK_ROWS", 700)
    monkeypatch.setattr(base, "CHUNK_COLUMNS", 2)
    np.testing.assert_allclose(make(name).fit(rows).scale_, whole, rtol=1e-12)


def test_rows_without_nan_are_no_copy_where_they_follow_each_other(rows):
    holed = rows.copy()
    holed[:3] = np.nan
    assert np.shares_memory(base.finite(holed), holed)
    holed[50, 1] = np.nan
    np.testing.assert_array_equal(base.finite(holed), np.delete(rows, [0, 1, 2, 50], axis=0))


def test_the_forecast_follows_a_feature_that_has_moved_for_good(rows):
    rows = np.hstack([rows, rows[:, :1] + np.random.default_rng(3).normal(size=(len(rows), 1)) * 0.01])  # nearly equal
    moved = rows.copy()
    moved[3_000:, 0] += 1
    off = []
    for model in (make("forecast"), make("forecast:ridge=0.0001")):
        residual = model.fit(rows).residual(moved) - model.residual(rows)
        off.append(np.abs(residual[3_200:].mean(axis=0)).max())
    assert off[0] < off[1] / 2


@pytest.mark.parametrize("name", ["pca", "forecast"])
def test_the_mean_of_linear_residuals_is_the_residual_of_mean_rows(name, rows):
    model = make(name).fit(rows)
    mean = np.abs(moving_mean(model.residual(rows), model.window)) / model.scale_
    np.testing.assert_allclose(model.contributions(rows), mean, atol=1e-9)


@pytest.mark.parametrize("name", ["pca", "forecast"])
@pytest.mark.parametrize("value", [0.0, 0.5, 0.1])
def test_a_feature_that_is_constant_on_the_fit_rows_alarms_when_it_moves(name, value, rows):
    still = np.column_stack([rows, np.full(len(rows), value)])
    model = make(name).fit(still)
    moved = still.copy()
    moved[-100:, -1] += 0.5
    assert np.isfinite(model.score(still)[model.history :]).all()
    assert model.score(still)[model.history :].max() < 100 < model.score(moved)[-100:].max()
