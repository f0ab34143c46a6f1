import itertools
import json
import re

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from swatlib.pipeline import Pipeline
from swatlib.plant import STAGES
from swatlib.plots.annotations import width_of
from swatlib.plots.naming import PANELS
from swatlib.plots.sketch import STAGE_EDGES
from swatlib.plots.style import SLIDE_WIDTH, Figure
from swatlib.report import pdf as browser
from swatlib.report.export import Files
from swatlib.report.notebook_parameters import as_typed, parse_assignments
from swatlib.report.runner import report
from swatlib.report.slide_content import ATTACKED_HEADS, PLANT_INCHES, SlideData, deck
from swatlib.report.slides import _on_slide, slides
from swatlib.results.result_cache import cached_results
from swatlib.settings import ROOT
from swatlib.studies.pair import recordings

PARAMETERS = """
normal = ""
attack = ""
start = "2015-12-27 10:00"
days_normal = 1.0
days_attack = 0.2
seed = 0
detectors = ("pca", "kmeans")
budget = 1.0
"""
COMPARES = """
from swatlib import Pipeline, attacks
from swatlib.report.headline import headline
from swatlib.metrics import compare, summary
from swatlib.studies.pair import recordings
from swatlib.results import cached_results
normal_days, attacked = recordings(normal, attack, start, days_normal, days_attack, seed)
kept = cached_results(Pipeline(tuple(detectors), budget=budget), normal_days, attacked)
headline(normal_days, attacked, **summary(compare(kept.scores, attacked.label, attacks(attacked), seed)))
"""
STYLE = ROOT / "swatlib" / "report" / "templates" / "slides.css"
FETCHED = re.compile(r"<(script|img|iframe|link)[^>]*(src|href)=.(?!data:)|@import|url\((?!data:)", re.IGNORECASE)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of an executed run of a small comparison."""
    folder = tmp_path_factory.mktemp("run")
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[first, new_code_cell(COMPARES)]), folder / "04-comparison.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAT_REPORTS_FOLDER", str(folder / "reports"))
        patch.setenv("SWAT_CACHE_FOLDER", str(folder / "cache"))
        report([folder / "04-comparison.ipynb"], {"budget": 2.0}, name="small")
    return folder / "reports" / "small"


def in_folders_of(run, monkeypatch):
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(run.parent))
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(run.parent.parent / "cache"))
    monkeypatch.setattr(browser, "NAMES", ())


@pytest.fixture(autouse=True)
def folders(run, monkeypatch):
    in_folders_of(run, monkeypatch)


@pytest.fixture(scope="module")
def small(run):
    """What `slides` makes of that run, without a browser."""
    with pytest.MonkeyPatch.context() as patch:
        in_folders_of(run, patch)
        return slides("small")


@pytest.fixture(scope="module")
def texts():
    return lambda page: [re.sub(r"<[^>]+>|data:[^\"]+", " ", part) for part in page.read_text().split("<section")[1:]]


def test_the_deck_asks_shows_and_doubts_in_this_order(run, small, texts):
    titles = re.findall(r"<h1>(.*?)</h1>", small.page.read_text())
    assert [re.sub(r"\d+: .*", "", title) for title in titles] == [
        "Who notices that a water plant is under attack?",
        "The plant",
        "Method",
        "Results",
        "Alarms over time",
        "Attack by attack",
        "Does it name what was attacked?",
        *["Attack "] * 4,  # two slides for each
        "Limits",
        "How to reproduce this",
    ]
    assert (small.page, small.pdf, small.notes) == (run / "slides.html", None, ())
    said = texts(small.page)
    assert "the same for all: 2 ," in " ".join(said[2].split())
    assert "--help" not in said[-1] and "python -m swatlib report 04-comparison -p budget=2.0" in said[-1]


def test_results_have_a_row_for_each_detector_and_two_baselines_and_one_form_of_number_in_a_column(small):
    page = small.page.read_text().split("<section")[4]
    lines = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    head, *rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines]
    assert head[1:] == ATTACKED_HEADS
    assert [row[0] for row in rows] == ["PCA residual", "k-means", "<em>random</em>", "<em>all-alarm</em>"]
    two, one = r"\d\.\d\d", r"\d+\.\d"
    forms = (r"\d+ of \d+", r"–|\d+ (s|min)|\S+ h", two, one, rf"–|{one} to {one}", rf"{one}%", two)
    for row in rows:
        assert all(re.fullmatch(form, cell) for cell, form in zip(row[1:], forms, strict=True))


def test_no_type_is_smaller_than_eighteen_pixels(run):
    sizes = re.findall(r"font-size: (\d+)px", STYLE.read_text())
    assert min(map(int, sizes)) >= 18


def test_a_label_beside_a_low_axis_of_a_slide_is_broken():
    figure = Figure(6.0)
    for ax in figure.subplots(6):
        ax.set_ylabel("flow (m³/h)")
    _on_slide(figure, SLIDE_WIDTH)
    assert {ax.get_ylabel() for ax in figure.axes} == {"flow\n(m³/h)"}


def test_headings_in_the_figures_of_a_slide_have_room():
    part = PLANT_INCHES / (STAGE_EDGES[-1] - STAGE_EDGES[0] + 1.5)  # of the sketch; its source stands before the stages
    columns = zip(STAGES.values(), itertools.pairwise(STAGE_EDGES), strict=True)
    assert all(width_of(name) + 0.1 < part * (right - left) for name, (left, right) in columns)
    assert all(width_of(says, 9, "bold") < SLIDE_WIDTH / 3 for says in PANELS.values())


def test_a_list_is_given_as_the_command_line_takes_it():
    given = {"detectors": ["pca", "kmeans"], "force": True, "none": []}
    typed = [f"{name}={as_typed(value)}" for name, value in given.items()]
    assert typed == ["detectors=pca,kmeans", "force=true", "none="]
    assert parse_assignments(typed, given) == given


def test_a_run_of_one_detector_has_slides(run):
    record = json.loads((run / "run.json").read_text()) | {"name": "one"}
    step = record["notebooks"][0]
    step |= {"name": "03-detector", "numbers": {}}
    step["parameters"]["detector"] = step["parameters"].pop("detectors")[0]
    (run.parent / "one").mkdir(exist_ok=True)
    (run.parent / "one" / "run.json").write_text(json.dumps(record))
    assert "Compared: PCA residual." in slides("one").page.read_text()


def test_days_without_a_label_show_alarms_a_day_and_no_interval(run, tmp_path):
    normal_days, _ = recordings("", "", "2015-12-27 10:00", 1.0, 0.2, 0)
    pipeline = Pipeline(("pca", "kmeans"), budget=2.0)
    found = cached_results(pipeline, normal_days, normal_days)
    record = json.loads((run / "run.json").read_text())
    made = deck(SlideData(record, {"seed": 0}, pipeline, normal_days, normal_days, found), Files(tmp_path))
    assert [slide.title for slide in made][3:] == ["Results", "Alarms over time", "Limits", "How to reproduce this"]
    assert made[3].lines[1].startswith("|  | alarms per day |\n") and len(made[3].lines) == 2
    assert "days with no known attacks" in made[1].lines[1] and "nan" not in str(made)


def test_the_deck_fetches_nothing(small):
    assert FETCHED.findall(small.page.read_text()) == []


def test_figures_and_tables_are_files_with_captions(small):
    folder = small.files
    figures = {path.stem for path in folder.glob("*.svg")}
    assert figures == {path.stem for path in folder.glob("*.pdf")}
    assert {"plant", "alarms", "matrix", "naming"} < figures and len(figures) == 6
    tables = {path.stem for path in folder.glob("*.csv")}
    assert tables == {path.stem for path in folder.glob("*.tex")} == {"calibration", "comparison", "attacks", "naming"}
    captions = (folder / "captions.md").read_text()
    assert set(re.findall(r"^\*\*(.+?)\*\*: .", captions, re.MULTILINE)) == figures | tables


def test_every_column_of_a_file_has_a_name(small):
    for path in small.files.glob("*.csv"):
        assert all(path.read_text().splitlines()[0].split(",")), path.name


def test_the_table_is_that_of_the_run(run, small):
    table = pd.read_csv(small.files / "comparison.csv", index_col=["kind", "name"])
    numbers = json.loads((run / "run.json").read_text())["notebooks"][0]["numbers"]
    best = table.loc[("detector", numbers["best detector"])]
    assert best["event_f1"] == pytest.approx(numbers["event f1"])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_run_gives_the_same_bytes_and_a_pdf_has_a_page_a_slide(small, monkeypatch):
    first = contents(small.files)
    monkeypatch.setattr(browser, "NAMES", ("chromium", "google-chrome"))
    again = slides("small")
    assert contents(again.files) == first
    if browser.chromium():
        pages = len(re.findall(rb"/Type\s*/Page\b", again.pdf.read_bytes()))
        assert pages == again.page.read_text().count("<section")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda step: step["numbers"].update({"event f1": 0.123}), "The run's event f1 was 0.123, now it is .*changed"),
        (
            lambda step: step["numbers"].update({"its hits": "0 of 9"}),
            "The run's its hits was 0 of 9, now it is .*changed",
        ),
        (lambda step: step["numbers"].update({"found by any": 99}), "The run's found by any was 99, now it is"),
        (lambda step: step["data"][0].update(sha256="00" * 32), "data of the run had the checksums 0000.*report anew"),
        (
            lambda step: step.update(status="failed"),
            "has no 04-comparison, .* or 03-detector that ran to its end",
        ),
    ],
    ids=["figures", "naming", "found", "data", "status"],
)
def test_a_run_that_says_something_else_is_refused(run, change, says):
    record = json.loads((run / "run.json").read_text()) | {"name": "other"}
    change(record["notebooks"][0])
    (run.parent / "other").mkdir(exist_ok=True)
    (run.parent / "other" / "run.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=says):
        slides("other")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "name: Field required"),
        ("[]", "Input should be an object"),
        ('{"name": ', "Invalid JSON: .*"),
    ],
)
def test_a_record_that_is_none_is_refused_by_its_file(tmp_path, text, says):
    (tmp_path / "run.json").write_text(text)
    refusal = f"{tmp_path.name}/run.json can't be read: {says}; delete its folder, or make that report anew"
    with pytest.raises(ValueError, match=refusal):
        slides(str(tmp_path))


def test_an_unknown_run_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"There is no run 'smal' in .*\. Did you mean 'small'\? There are: .*small"):
        slides("smal")


def test_a_browser_that_fails_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match=r"false could not print slides.html"):
        browser.print_pdf(tmp_path / "slides.html", tmp_path / "slides.pdf", "false")
    assert list(tmp_path.iterdir()) == []
