import numpy as np
import pytest

from swatlib.detectors.pyod import names
from swatlib.studies import pyod_field as module
from swatlib.studies.pyod_field import FIT, ProcessLimits, attempt, field


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Rows of noise, the last fifth of the attacked ones far off."""
    rng = np.random.default_rng(5)
    fit, heldout, attacked = (rng.normal(size=(rows, 4)) for rows in (15_000, 1_000, 1_000))
    attacked[800:] += 12
    path = tmp_path_factory.mktemp("field") / "rows.npz"
    np.savez(path, fit=fit, heldout=heldout, attacked=attacked, event=np.r_[np.zeros(800, int), np.ones(200, int)])
    return path


@pytest.mark.parametrize(
    ("name", "limits", "status"),
    [
        ("hbos", ProcessLimits(seconds=0.01), "time-out"),
        ("sos", ProcessLimits(gigabytes=1.5), "out of memory"),
        ("deep_svdd", ProcessLimits(), "needs torch"),
        ("ts_anomaly_transformer", ProcessLimits(), "needs torch"),
        ("xgbod", ProcessLimits(), "needs labels"),
    ],
)
def test_what_fails_says_how(data, name, limits, status):
    outcome = attempt(name, 15_000, data, limits)
    assert (outcome["status"], bool(outcome["says"])) == (status, True)


def test_scores_that_know_nothing_stand_beside_the_others(data):
    outcome = attempt("random", 1_000, data, ProcessLimits())
    assert outcome["average_precision"] == pytest.approx(0.2, abs=0.05)


def test_what_took_too_long_is_not_tried_on_more_rows(data, tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    monkeypatch.setattr(module, "prepare_field", lambda _: data)
    table = field(("hbos",), (1_000, 500), limits=ProcessLimits(seconds=0.01))
    assert table["says"].to_list() == ["500 rows took more than 0.01 s", "0.01 s"]
    assert table["status"].to_list() == ["time-out"] * 2


@pytest.mark.parametrize("rows", [0, FIT + 1])
def test_a_size_that_can_not_be_drawn_is_refused(data, monkeypatch, rows):
    monkeypatch.setattr(module, "prepare_field", lambda _: data)
    with pytest.raises(ValueError, match=f"{rows:,} rows to fit on can't be drawn; there are 50,000"):
        field(("hbos",), (rows,))


def test_what_runs_is_measured_and_not_computed_again(data, tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path))
    monkeypatch.setattr(module, "prepare_field", lambda _: data)
    first = field(("hbos",), (1_000,))
    monkeypatch.setattr(module, "attempt", lambda *_: pytest.fail("computed again"))
    again = field(("hbos", "HBOS"), (1_000, 1_000))
    outcome = first.iloc[0]
    assert (outcome["status"], outcome["found"], outcome["of"]) == ("ok", 1, 1)
    assert outcome["average_precision"] > 0.95 and outcome["memory_mb"] > 50
    assert again.equals(first)


def test_the_features_of_a_run_are_made_again_only_when_their_file_is_gone(tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path))
    made = []

    def arrays(_):
        made.append("made")
        yield "fit", np.arange(3.0)

    monkeypatch.setattr(module, "benchmark_runs", lambda *_: iter(["a run"]))
    monkeypatch.setattr(module, "_arrays", arrays)
    paths = [module.prepare_field(3), module.prepare_field(3)]
    assert (len(set(paths)), len(made), np.load(paths[0])["fit"].tolist()) == (1, 1, [0.0, 1.0, 2.0])
    paths[0].unlink()
    assert (module.prepare_field(3), len(made)) == (paths[0], 2) and paths[0].is_file()


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="PyOD has no detector 'hbso'"):
        field(("hbso",))


def test_the_field_is_that_of_pyod():
    assert {"iforest", "knn", "ecod", "lof", "kde"} <= set(names())
    assert not {"base", "thresholds"} & set(names())
