"""Networks of PyOD: skipped without torch (`pip install -e '.[deep]'`)."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import skops.io

from swatlib.detectors import make
from swatlib.detectors.deep import consecutive, on_windows
from swatlib.detectors.soundness import try_out

TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed; pip install -e '.[deep]'")
QUICK = {
    "pyod:AutoEncoder": "epoch_num=1",
    "pyod:VAE": "epoch_num=1",
    "pyod:DeepSVDD": "epochs=1",
    "pyod:LSTMAD": "window_size=5:epochs=1:hidden_size=8:rows=400",
    "pyod:AnomalyTransformer": "window_size=8:d_model=16:n_heads=2:n_layers=1:epochs=1:rows=300",
}


@pytest.fixture(scope="module")
def rows():
    rng, time = np.random.default_rng(0), np.arange(1_500)[:, None]
    return np.sin(time / np.array([20, 35, 50])) + rng.normal(0, 0.05, (1_500, 3))


def test_windows_end_at_the_row_that_they_score():
    counted = np.arange(8.0)[:, None]
    counted[5] = np.nan
    seen = on_windows(lambda windows: windows[:, 0, 0] * 10 + windows[:, -1, 0], counted, 3)
    assert pd.Series(seen).fillna(-1).tolist() == [-1, -1, 2, 13, 24, -1, -1, -1]
    assert consecutive(counted, 3)[:, 0].tolist() == [1, 2, 3]


def test_windows_over_time_need_no_torch(rows):
    detector = make("pyod:TimeSeriesOD:window_size=10:rows=500").fit(rows)
    spoiled = rows.copy()
    spoiled[1_000:1_020] += 4
    score = detector.score(spoiled)
    assert np.isnan(score[:9]).all() and np.isfinite(score[9:]).all()
    np.testing.assert_array_equal(detector.score(spoiled[:1_000]), score[:1_000])
    assert score[1_005:1_020].mean() > np.nanquantile(score[:1_000], 0.99)


@pytest.mark.skipif(TORCH, reason="torch is installed")
@pytest.mark.parametrize("name", QUICK)
def test_without_torch_one_sentence_names_the_extra(name):
    with pytest.raises(ValueError, match=r"needs torch, which is not installed; type pip install 'swatlib\[deep\]'"):
        make(name)


@needs_torch
@pytest.mark.parametrize("name", QUICK)
def test_a_network_keeps_the_contract(name):
    try_out(name, make(f"{name}:{QUICK[name]}"))


@needs_torch
@pytest.mark.parametrize("name", QUICK)
def test_a_network_scores_the_same_after_it_was_saved(name, rows):
    text = f"{name}:{QUICK[name]}"
    detector, again = make(text).fit(rows), make(text).fit(rows)
    np.testing.assert_array_equal(detector.score(rows), again.score(rows))
    dumped = skops.io.dumps(detector)
    loaded = skops.io.loads(dumped, trusted=skops.io.get_untrusted_types(data=dumped))
    assert {kind.partition(".")[0] for kind in skops.io.get_untrusted_types(data=dumped)} == {"swatlib"}
    np.testing.assert_array_equal(loaded.score(rows), detector.score(rows))


@needs_torch
def test_the_scores_are_those_of_pyod(rows):
    from pyod.models.auto_encoder import AutoEncoder

    theirs = AutoEncoder(epoch_num=1, verbose=0, random_state=0).fit(rows).decision_function(rows)
    np.testing.assert_allclose(make("pyod:AutoEncoder:epoch_num=1").fit(rows).score(rows), theirs, rtol=1e-4)
