"""Detectors that are not of swatlib: from a class to a saved pipeline, and one sentence for what can't be used."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import OneClassSVM

from swatlib import provenance
from swatlib.data import Recording
from swatlib.detectors import described, make, title
from swatlib.detectors.base import Detector
from swatlib.detectors.foreign import Foreign
from swatlib.detectors.neighbours import LOF
from swatlib.detectors.own_classes import found_class
from swatlib.detectors.soundness import fitted, try_out
from swatlib.pipeline import Pipeline
from swatlib.settings import NOTEBOOKS

EXAMPLE = f"{NOTEBOOKS / 'my_detector.py'}"
OWN = """
class Distance:
    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X):
        self.mean_ = X.mean(axis=0)

    def score(self, X):
        return (abs(X - self.mean_) ** self.power).sum(axis=1)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with `own.py`; modules that a test runs are forgotten after it."""
    before = dict(sys.modules)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    yield tmp_path
    for name in [name for name in sys.modules if name not in before]:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def short(normal):
    return normal.between("2015-12-23", "2015-12-23 06:00")


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(500, 4))


@dataclass
class Bare(Detector):
    """A detector of the contract without contributions."""

    def fit(self, X):
        self.mean_ = np.nanmean(X, axis=0)
        return self

    def score(self, X):
        return np.abs(X - self.mean_).sum(axis=1)


@dataclass
class Choosy(Bare):
    """One that leaves out rows in which the first feature is below its mean."""

    def score(self, X):
        return np.where(X[:, 0] < self.mean_[0], np.nan, super().score(X))


def test_a_detector_that_leaves_out_many_normal_rows_is_named(short):
    pipeline = Pipeline({"choosy": Choosy(), "pca": "pca"}, startup=0).fit(short)
    hours = len(pipeline.maxima_["choosy"]) * 24 / pipeline.blocks_per_day_["choosy"]
    said = f"Not all of the 3.0 h of normal rows given to set thresholds do so, {hours:.1f} h for choosy: "
    assert hours < 2.2 and pipeline.caveat.startswith(said)
    assert "Not all" not in pipeline.only("pca").caveat


@pytest.mark.parametrize(("rows", "named"), [(np.arange(46_800, 47_520), False), (np.arange(17) * 3_600, True)])
def test_one_gap_in_normal_rows_names_nobody_and_many_the_detector_with_history(normal, rows, named):
    frame = normal.between("2015-12-23", "2015-12-23 17:00").frame
    holed = Recording(frame.drop(frame.index[(rows[:, None] + np.arange(30)).ravel()]))
    assert ("h for guard" in Pipeline(("guard", "pca")).fit(holed).caveat) is named


def test_a_detector_goes_the_whole_way_from_its_file_to_another_process(here, short, attacked):
    part = attacked.frame.iloc[:4_000]
    given = {
        "mine": make(f"{EXAMPLE}:ZScore:window=30"),
        "bare": make("own.py:Distance:power=1"),
        "lof50": LOF(neighbours=50),
        "forest": IsolationForest(n_estimators=10, random_state=0),
        "pca": "pca",
    }
    pipeline = Pipeline(given, startup=0).fit(short)
    scores, table = pipeline.score(part), pipeline.calibration()
    assert table["parameters"].tolist() == [
        "ZScore(window=30)",
        "Distance(power=1)",
        "LOF(neighbours=50)",
        "IsolationForest(n_estimators=10, random_state=0)",
        "PCA()",
    ]
    assert pipeline.rank(part, "bare", [3_000])[1].notna().all()
    folder = pipeline.save("saved")
    assert Pipeline.untrusted(folder) == ["my_detector.ZScore", "own.Distance"]
    (here / "own.py").unlink()  # its source is in the folder
    part.to_parquet("part.parquet")
    program = (
        "import sys, pandas\n"
        "from swatlib.pipeline import Pipeline\n"
        "loaded = Pipeline.load('saved', trusted=['my_detector.ZScore', 'own.Distance'])\n"
        "scores = loaded.score(pandas.read_parquet('part.parquet'))\n"
        "scores.columns = ['/'.join(column) for column in scores]\n"
        "scores.to_parquet('scores.parquet')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    again = pd.read_parquet("scores.parquet")
    again.columns = pd.MultiIndex.from_tuples([tuple(name.split("/")) for name in again])
    pd.testing.assert_frame_equal(again, scores, check_exact=True, check_freq=False, check_names=False)


def test_named_ones_give_the_same_beside_others_as_alone(short, attacked):
    part = attacked.frame.iloc[:4_000]
    named, mixed = (Pipeline(each, startup=0).fit(short) for each in (("pca",), {"mine": Bare(), "pca": "pca"}))
    pd.testing.assert_frame_equal(mixed.only("pca").score(part), named.score(part), check_exact=True)
    assert named.calibration().columns[0] == "threshold"


def test_a_class_that_is_not_trusted_is_not_run(here, short):
    folder = Pipeline({"mine": "own.py:Distance"}, startup=0).fit(short).save("saved")
    with pytest.raises(ValueError, match=r"holds objects of own.Distance, .* --trust own.Distance"):
        Pipeline.load(folder)
    with (folder / "own.py").open("a") as file:
        file.write("print('changed')\n")
    with pytest.raises(ValueError, match=r"own.py is missing or is not the file that was saved"):
        Pipeline.load(folder, trusted=["own.Distance"])


@pytest.mark.parametrize(
    ("crafted", "says"),
    [
        ({"modules": {"own": hashlib.sha256(b"raise SystemExit").hexdigest()}}, "holds objects of own, which are not"),
        ({"given": {"pca": "saved/own.py:Distance"}}, "names 'saved/own.py:Distance', which is no detector of swatlib"),
    ],
    ids=["source", "text"],
)
def test_nothing_that_lies_in_a_folder_is_run_without_trust(here, short, crafted, says):
    folder = Pipeline(("pca",), startup=0).fit(short).save("saved")
    (folder / "own.py").write_text("raise SystemExit")
    description = json.loads((folder / "pipeline.json").read_text()) | crafted
    del description["sha256"]
    digest = hashlib.sha256(json.dumps(description).encode()).hexdigest()
    (folder / "pipeline.json").write_text(json.dumps({**description, "sha256": digest}))
    with pytest.raises(ValueError, match=says):
        Pipeline.load(folder)


def test_a_class_of_a_notebook_is_not_saved(here, short):
    class Local(Bare):
        pass

    Local.__module__ = "__main__"
    with pytest.raises(ValueError, match=r"Local is defined in a notebook or program.* put it into a file"):
        Pipeline({"mine": Local()}, startup=0).fit(short).save("saved")


def test_an_edited_class_is_another_detector(here):
    same, other = "own.py:Distance", "own.py:Distance:power=3"
    before = [Pipeline({"mine": text}).identity("mine") for text in (same, same, other)]
    (here / "own.py").write_text(OWN.replace("sum", "max"))
    after = Pipeline({"mine": same}).identity("mine")
    assert before[0] == before[1] and len({*before, after}) == 3
    assert Pipeline(("pca",)).identity("pca") == "pca"


@pytest.mark.parametrize("how", ["step", "function"])
def test_what_a_detector_holds_at_any_depth_makes_another_when_it_is_edited(here, how):
    found = []
    for factor in (1, 2):
        source = (
            f"class Step:\n    def fit(self, X, y=None): return self\n    def transform(self, X): return X * {factor}\n"
        )
        (here / "held.py").write_text(source + f"def function(X): return X * {factor}\n")
        step = found_class("held.py", "Step")
        held = step() if how == "step" else FunctionTransformer(sys.modules["held"].function)
        found.append(Pipeline({"mine": make_pipeline(held, IsolationForest(random_state=0))}).identity("mine"))
    assert None not in found and found[0] != found[1]


def test_a_class_whose_file_imports_another_file_is_not_cached(here, monkeypatch):
    monkeypatch.syspath_prepend(here)
    (here / "helping.py").write_text("FACTOR = 1.0\n")
    (here / "helped.py").write_text(f"from helping import FACTOR\n{OWN}")
    assert Pipeline({"mine": "helped.py:Distance"}).identity("mine") is None
    assert Pipeline({"mine": "own.py:Distance"}).identity("mine") is not None


def test_a_network_fitted_with_another_torch_is_another_detector(monkeypatch):
    versions = iter(["2.15", "2.16", "2.16"])
    monkeypatch.setattr(provenance, "_version", lambda package: next(versions))
    pipeline = Pipeline(("pyod:KNN", "pca"))
    assert pipeline.identity("pyod:KNN") != pipeline.identity("pyod:KNN")
    assert pipeline.identity("pca") == "pca"


def test_classes_of_two_files_of_one_name_are_not_saved_as_one(here, short):
    for folder, how in (("a", "sum"), ("b", "max")):
        (here / folder).mkdir()
        (here / folder / "twice.py").write_text(OWN.replace("sum", how) + "\n\nSTANDARD = Distance()\n")
    fitted_both = Pipeline(("a/twice.py:Distance", "b/twice.py:Distance"), startup=0).fit(short)
    with pytest.raises(
        ValueError, match=r"^the detectors are of two files twice\.py, and one can be saved beside them; give each file"
    ):
        fitted_both.save("saved")
    for folder in "ab":
        alone = fitted_both.only(f"{folder}/twice.py:Distance")
        again = Pipeline.load(alone.save(folder + "-saved"), ["twice.Distance"])
        assert again.score(short.frame).equals(alone.score(short.frame))


def test_an_edited_file_that_was_imported_is_not_cached(here, monkeypatch):
    spec = importlib.util.spec_from_file_location("own", here / "own.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "own", module)
    spec.loader.exec_module(module)
    assert Pipeline({"mine": module.Distance()}).identity("mine") is None


@pytest.mark.parametrize(
    "model",
    [
        IsolationForest(n_estimators=20, random_state=0),
        OneClassSVM(),
        PCA(2),
        "pyod:PCA",
        "own.py:Distance",
        "sklearn.mixture:GaussianMixture:n_components=2",
        type("Upside", (), {"fit": lambda self, X: None, "decision_function": lambda self, X: -(X**2).sum(axis=1)})(),
    ],
    ids=lambda model: model if isinstance(model, str) else type(model).__name__,
)
def test_high_is_anomalous_whatever_the_convention(model, rows, here):
    detector = make(model) if isinstance(model, str) else Foreign(model)
    detector.fit(rows)
    near, far = detector.score(rows), detector.score(rows + np.array([9, -9, 9, -9]))
    assert np.median(far) > np.quantile(near, 0.99)
    holed = rows.copy()
    holed[5, 2] = np.nan
    assert np.flatnonzero(np.isnan(detector.score(holed))).tolist() == [5]


def test_fitting_leaves_what_was_given_alone(short):
    given = IsolationForest(n_estimators=10, random_state=0)
    Pipeline({"forest": given}, startup=0).fit(short)
    assert not hasattr(given, "estimators_")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "lof:neighbors=50",
            r"lof has no parameter 'neighbors'. Did you mean 'neighbours'\? There are neighb",
        ),
        ("lof:neighbours=some", "LOF: neighbours is 'some'; give a whole number of 1 or more"),
        ("lof:neighbours=1:neighbours=2", "gives neighbours twice"),
        ("lof:neighbours", "'lof:neighbours' is no detector; write it as in lof:NAME=VALUE"),
        ("pyod:KNN:neighbors=20", "pyod:KNN has no parameter 'neighbors'. Did you mean 'n_neighbors'"),
        ("none.py:ZScore", "there is no file none.py, neither here nor beside the notebooks"),
        ("own.py", "'own.py' is no detector; write it as in own.py:CLASS"),
        ("own.py:Distanze", r"own.py has no class 'Distanze'. Did you mean 'Distance'\? There are Distance."),
        ("own.py:Distance:width=2", "own.py:Distance has no parameter 'width'. There are power."),
        ("broken.py:Any", "broken.py can't be run: SyntaxError"),
        ("json.py:Any", "json.py has the name of another module; give the file a name of its own"),
        ("nowhere.at:All", r"the module nowhere.at can't be imported \(No module named 'nowhere'\)"),
        ("sklearn.svm:OneClassSVN", "sklearn.svm has no class 'OneClassSVN'. Did you mean 'OneClassSVM'"),
        (
            "sklearn.preprocessing:StandardScaler",
            "StandardScaler has none of the methods score_samples",
        ),
        ("collections:Counter", "Counter has no method fit; a detector has"),
        (
            "sklearn.linear_model:LogisticRegression",
            "LogisticRegression.fit needs y beside X, and no",
        ),
    ],
)
def test_a_text_that_is_no_detector_is_answered_in_one_sentence(here, text, says):
    (here / "broken.py").write_text("class Any(:")
    (here / "json.py").write_text("class Any: pass")
    with pytest.raises(ValueError, match=says):
        Pipeline((text,))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"mine": LOF}, r"mine: LOF is a class; give an object of it: LOF\(\)"),
        ({"mine": LogisticRegression()}, "mine: LogisticRegression.fit needs y"),
        ({"pca": LOF()}, "pca is the name of a detector of swatlib; give yours another name"),
        ({"a\\b": "pca"}, "without quotes and backslashes"),
        ({"": "pca"}, "a detector's name is ''; give a text of 1 to"),
        ({}, "there is no detector to fit"),
    ],
)
def test_a_dict_of_detectors_that_makes_no_sense_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Pipeline(given)


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (lambda X: X.sum(), r"d: Odd.score gave an array of shape \(\) and type float64 for 64 rows; give one number"),
        (lambda X: X, r"shape \(64, 4\)"),
        (lambda X: X[1:, 0], r"shape \(63,\)"),
        (lambda X: np.full(len(X), np.nan), "d: Odd gives NaN for all of 64 rows without NaN, with 0 rows before them"),
        (
            lambda X: np.abs(X - X.mean()).sum(axis=1),
            r"d: Odd scores a row by the rows scored with it: .* among 64 rows, .* among 1",
        ),
        (lambda X: -np.abs(X).sum(axis=1), r"d: Odd scores 64 rows far outside lower \(.*turn the sign of its scores"),
        (lambda X: 0 * X[:, 0], r"d: Odd scores 64 rows far outside no higher \(0\) .*; give a finer score$"),
        (
            lambda X: 1e-99 * np.abs(X).sum(axis=1),
            r"d: Odd scores 64 rows far outside .*e-98, which is 0 in the single",
        ),
        (lambda X: np.nansum(X**2, axis=1), "d: Odd gives a score to a row with NaN"),
        (lambda X: X @ np.ones(3), r"d: Odd.score failed on 64 rows × 4 features: ValueError: matmul"),
    ],
    ids=["scalar", "matrix", "short", "nan", "company", "sign", "constant", "tiny", "holes", "error"],
)
def test_scores_that_can_not_be_used_are_refused_with_the_rows_met(rows, score, says):
    odd = type("Odd", (Bare,), {"score": lambda self, X: score(X)})()
    with pytest.raises(ValueError, match=says):
        fitted("d", odd, rows)


@pytest.mark.parametrize("method", ["fit", "score", "contributions"])
def test_a_detector_that_changes_what_others_see_is_refused(rows, method):
    def changing(self, X):
        answer = getattr(Bare, method)(self, X)
        X *= 0.5
        return answer

    with pytest.raises(ValueError, match=rf"d: Odd\.{method} changes the rows that it is given"):
        fitted("d", type("Odd", (Bare,), {method: changing})(), rows.copy())


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"sees": "readings"}, "Odd.sees is 'readings'; choose features or checks"),
        ({"history": 2.5}, "Odd.history is 2.5; give a whole number of rows"),
        ({"history": "3"}, "Odd.history is '3'; give"),
        ({"history": -1}, "Odd.history is -1; give"),
        ({"tail_scale": 5}, "Odd.tail_scale is 5; give two numbers above 0"),
        ({"tail_scale": ("a", None)}, r"Odd.tail_scale is \('a', None\); give two numbers above 0"),
        ({"tail_scale": (1.0, -1.0)}, r"Odd.tail_scale is \(1.0, -1.0\); give two numbers above 0"),
    ],
)
def test_what_a_class_says_of_itself_and_nobody_can_use_is_refused_at_once(said, answer):
    with pytest.raises(ValueError, match=f"mine: {answer}"):
        Pipeline({"mine": type("Odd", (Bare,), said)()})


def test_contributions_of_another_shape_are_refused(rows):
    odd = type("Odd", (Bare,), {"contributions": lambda self, X: X[:, :2]})()
    with pytest.raises(ValueError, match=r"d: Odd.contributions gave an array of shape \(64, 2\) for 64 rows"):
        fitted("d", odd, rows)


def test_a_class_of_another_library_is_refused_by_its_own_method(rows):
    with pytest.raises(ValueError, match=r"d: KMeans.score gave an array of shape \(\) for 64 rows"):
        fitted("d", Foreign(KMeans(2, n_init=1)), rows)


def test_what_no_row_shows_is_met_on_made_up_rows():
    with pytest.raises(ValueError, match="scores a row by the rows scored with it"):
        try_out("d", type("Odd", (Bare,), {"score": lambda self, X: np.abs(X - X.mean()).sum(axis=1)})())
    try_out("d", Bare())


def test_a_detector_of_any_name_that_is_allowed_is_saved(rows, short, tmp_path):
    names = ["检测器" * 50, "detector " * 16]
    folder = Pipeline(dict.fromkeys(names, "pca"), startup=0).fit(short).save(tmp_path / "saved")
    assert list(Pipeline.load(folder).detectors) == names


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("score", r"d: Odd\.score failed on [\d,]+ rows × .* features: IndexError: many$"),
        ("contributions", r"d: Odd\.contributions failed on .* features: IndexError: many$"),
    ],
)
def test_what_fails_on_more_rows_than_were_tried_is_told_with_its_name(method, says, short, attacked):
    def failing(self, X):
        if len(X) > 64:  # as many are tried after the fit
            raise IndexError("many")
        return Bare.score(self, X) if method == "score" else np.ones(X.shape)

    odd = type("Odd", (Bare,), {method: failing, "fit": lambda self, X: setattr(self, "mean_", 0.0) or self})
    with pytest.raises(ValueError, match=says):
        Pipeline({"d": odd()}, startup=0, budget=40.0).fit(short).score(attacked.frame)


def test_a_class_with_the_interface_of_another_library_may_have_no_contributions(rows):
    odd = type("Odd", (), {"fit": Bare.fit, "score": Bare.score, "contributions": lambda self, X: None})()
    assert fitted("d", Foreign(odd), rows).contributions(rows) is None


def test_scores_that_are_no_real_numbers_are_refused(rows):
    odd = type("Odd", (), {"fit": Bare.fit, "score": lambda self, X: Bare.score(self, X) + 0j})()
    with pytest.raises(ValueError, match=r"^d: Odd\.score gave an array of type complex128; give real numbers$"):
        fitted("d", Foreign(odd), rows)


def test_a_function_without_a_name_is_not_saved(here, short):
    (here / "nameless.py").write_text(OWN.replace("self.power = power", "self.power, self.by = power, lambda: 0"))
    pipeline = Pipeline({"d": "nameless.py:Distance"}, startup=0).fit(short)
    with pytest.raises(ValueError, match=r"^d can't be saved: it holds nameless\.<lambda>, which no other process"):
        pipeline.save("saved")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "pyod:KNN:method=foo",
            "pyod:KNN:method=foo can't be fitted on 500 rows × 4 features: AttributeError: .*; give",
        ),
        ("pyod:HBOS:n_bins=2.5", "pyod:HBOS:n_bins=2.5 can't be fitted on 500 rows × 4 features: TypeError: .*; give"),
        ("kmeans:clusters=9000", "kmeans:clusters=9000: n_samples=500 should be >= n_clusters=9000"),
    ],
)
def test_a_parameter_that_a_library_can_not_use_is_told_with_the_name_of_the_detector(text, says, rows):
    with pytest.raises(ValueError, match=f"^{says}"):
        fitted(text, make(text), rows)


def test_an_infinite_score_of_a_normal_row_is_refused_and_of_another_is_the_largest(short, attacked):
    class Odd(Bare):
        infinite = True

        def score(self, X):
            return super().score(X) + (np.inf if self.infinite and len(X) > 2_100 else 0)

    with pytest.raises(ValueError, match=r"^odd gives [\d,]+ normal rows from 2015-\S+ \S+ on an infinite score"):
        Pipeline({"odd": Odd()}, startup=0).fit(short)
    Odd.infinite = False
    pipeline = Pipeline({"odd": Odd()}, startup=0).fit(short)
    Odd.infinite = True
    judged = pipeline.score(attacked.frame.iloc[:4_000])["odd"]
    assert judged["score"].max() == np.finfo(np.float32).max and judged["alarm"].iloc[-1]


@pytest.mark.parametrize("name", ["my det.py", "mein-melder.py"])
def test_a_file_that_no_module_can_be_named_after_is_told_so(name, here):
    (here / name).write_text(OWN)
    with pytest.raises(ValueError, match="is no name of a module; use letters, digits and _ alone"):
        make(f"{name}:ZScore")


def test_titles_and_parameters_are_worded():
    assert title("lof:neighbours=50:rows=100") == "local outlier factor, neighbours=50, rows=100"
    assert title("../my_detector.py:ZScore:window=30") == "ZScore, window=30"
    assert title("pyod:KNN") == "pyod:KNN"
    assert described("kmeans:clusters=5") == "KMeans(clusters=5)"


def test_a_module_of_another_place_is_not_replaced(here):
    sys.modules["own"] = ModuleType("own")
    try:
        with pytest.raises(ValueError, match=r"own.py has the name of another module"):
            make("own.py:Distance")
    finally:
        del sys.modules["own"]
