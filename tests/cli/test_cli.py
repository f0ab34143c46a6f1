import json
import os
import subprocess
import sys
from typing import get_args

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from swatlib.alarms import BLOCKS_PER_DAY
from swatlib.cli.app import Budget, app
from swatlib.data import load
from swatlib.pipeline import Pipeline
from swatlib.settings import settings


@pytest.fixture(scope="session")
def cache_of_all():
    """The cache folder outside of `run`."""
    return settings().cache_folder


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the command line in a folder of its own; gives the exit code, what was printed and what was complained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / "reports"))
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))

    def invoke(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return result.exit_code, result.stdout, result.stderr

    return invoke


@pytest.fixture
def notebook(tmp_path):
    """A notebook with two parameters."""
    cells = [new_code_cell("seconds = 0.0\nnote = ''", metadata={"tags": ["parameters"]})]
    nbformat.write(new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    return tmp_path / "01-one.ipynb"


@pytest.mark.parametrize("name", ["rows.txt", "rows", "rows.csv.gz", "folder.csv"])
def test_a_file_of_no_known_form_is_refused_before_anything_is_simulated(run, tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    code, _, said = run("simulate", name, "--duration", "9999d")
    assert code == 1 and f"can't write {name}: give the name of a file that ends in .xlsx, .csv, .parquet" in said


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "parquet"])
def test_what_is_simulated_can_be_inspected(run, tmp_path, suffix):
    code, printed, _ = run("simulate", f"rows.{suffix}", "--duration", "15min", "--start", "2015-12-28 10:20")
    assert code == 0 and "900 rows from 2015-12-28 10:20:00 to 2015-12-28 10:34:59, 51 tags, " in printed
    code, printed, _ = run("inspect", f"rows.{suffix}")
    recording = load(tmp_path / f"rows.{suffix}")
    assert code == 0 and f"{recording.label.sum():,} labelled attack" in printed
    assert [finding for finding in (recording.checksum, *recording.findings) if finding not in printed] == []
    assert "level of T101" in printed


def test_fit_saves_a_pipeline(run):
    code, printed, _ = run("fit", "model", "--days-normal", 0.15, "--detector", "pca", "--budget", 2)
    assert code == 0 and printed.startswith("model: pca, fitted on simulated")
    assert Pipeline.load("model").budget == 2


def test_a_place_that_takes_no_pipeline_is_refused_before_anything_is_fitted(run, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").touch()
    places = {
        "notes": "notes holds something else than a pipeline",
        "notes/a.txt/model": "a.txt is a file, and a folder",
    }
    for place, says in places.items():
        code, _, said = run("fit", place, "--days-normal", 3_660)
        assert code == 1 and says in said


def test_a_refit_adds_new_days_to_those_of_the_old_pipeline(run):
    run("simulate", "new.parquet", "--duration", "6h", "--seed", 5, "--no-attacks")
    run("fit", "old", "--days-normal", 0.25, "--detector", "pca", "--budget", 2)
    code, printed, _ = run("fit", "both", "--from", "old", "--add", "new.parquet")
    assert "• pca: " in printed and "refit is due: " in printed
    assert code == 0 and " seed 0: 21,600 rows from " in printed and "; new.parquet: 21,600 rows from " in printed
    both = Pipeline.load("both")
    assert (both.budget, len(both.fitted_on)) == (2, 2)
    assert run("fit", "more", "--from", "old")[0] == run("fit", "more", "--from", "old", "--add", "old")[0] == 2
    for option, value in (("--detector", "pca"), ("--budget", 1), ("--days-normal", 2), ("--seed", 0)):
        code, _, said = run("fit", "more", "--from", "old", "--add", "new.parquet", option, value)
        assert code == 2 and f"{option}: a refit keeps" in " ".join(said.split())
    code, _, said = run("fit", "again", "--from", "both", "--add", "new.parquet")
    assert code == 1 and "21,600 rows from 2015-12-22 16:00:00 to 2015-12-22 21:59:59 stand in two" in said


def test_a_refit_finds_several_files_that_have_moved(run, tmp_path):
    names = {seed: tmp_path / f"{seed}.parquet" for seed in (1, 2, 3, 4)}
    for seed, path in names.items():
        run("simulate", path, "--duration", "4h", "--seed", seed, "--no-attacks")
    options = ("--normal", names[1], "--normal", names[2])
    code, printed, _ = run("fit", "old", *options, "--detector", "pca")
    assert code == 0 and all(f"{names[seed].name}: label in column 'attack'" in printed for seed in (1, 2))
    moved = [path.rename(tmp_path / f"moved-{path.name}") for path in (names[1], names[2])]
    refit = "fit", "new", "--from", "old", "--add", names[3], "--add", names[4], "--normal", moved[0]
    code, _, said = run(*refit)
    assert code == 1 and "2.parquet is not at" in said
    code, printed, _ = run(*refit, "--normal", moved[1])
    assert code == 0 and all(f"{names[seed].name}: label in column 'attack'" in printed for seed in (3, 4))
    assert len(Pipeline.load("new").fitted_on) == 4


def test_fit_and_compare_say_what_the_files_held_and_what_the_days_can_not_tell(run):
    assert run("simulate", "normal.csv", "--duration", "4h", "--no-attacks")[0] == 0
    assert run("simulate", "attack.parquet", "--duration", "3h", "--start", "2015-12-28 09:00")[0] == 0
    fitted = run("fit", "model", "--normal", "normal.csv", "--detector", "pca")[1]
    compared = run("compare", "--normal", "normal.csv", "--attack", "attack.parquet", "--detector", "pca")[1]
    for finding in load("normal.csv").findings:
        assert finding in fitted and f"normal file: {finding}" in compared
    assert "h of calibration can't tell 1 from" in compared


@pytest.mark.parametrize("speed", ["0", "-1", "inf", "nan", "quick"])
def test_a_speed_that_is_none_is_refused_before_anything_starts(run, speed):
    code, _, said = run("live", "--minutes", 5, "--speed", speed)
    assert code == 2 and "give a number above 0, or fast" in " ".join(said.replace("│", " ").split())


def test_an_attack_on_no_tag_is_refused_before_anything_is_fitted(run, tmp_path):
    code, printed, said = run("live", "--minutes", 5, "--attack", "LIT999 freeze", "--folder", tmp_path / "none")
    assert (code, printed, (tmp_path / "none").exists()) == (1, "", False) and "no tag 'LIT999' in the plant" in said


def test_a_budget_that_is_typed_may_be_as_high_as_that_of_a_pipeline():
    assert get_args(Budget)[1].max == BLOCKS_PER_DAY


def test_minutes_without_end_are_refused_before_anything_starts(run):
    assert run("live", "--minutes", "inf")[0] == run("alarms", "shelve", "a note", "--minutes", "inf")[0] == 2


@pytest.mark.parametrize(
    ("words", "says"), [(("--clock", "now"), "clock: it is of a file"), (("rows.csv", "--seed", 3), "seed: it is of a")]
)
def test_what_a_producer_would_pass_over_is_refused(run, words, says):
    code, _, said = run("produce", *words)
    assert (code, says in " ".join(said.split())) == (2, True)


def test_compare_computes_what_is_not_in_the_cache_and_prints_a_row_for_each(run):
    span = "compare", "--start", "2015-12-28 06:00", "--days-normal", 0.15, "--days-attack", 0.1, "--detector", "pca"
    calls = (), (), ("--detector", "kmeans"), ("--force",)
    printed = [run(*span, *more)[1].splitlines() for more in calls]
    assert [lines[0] for lines in printed] == [
        "computed: pca",
        "computed: nothing, all was in the cache",
        "computed: kmeans",
        "computed: pca",
    ]
    assert printed[0][1:] == printed[1][1:] == printed[3][1:]
    names = [line.split()[0] for line in printed[2]]
    baselines = ["random", "all-alarm", "latched", "only-largest", "all-but-largest", "oracle", "delayed-oracle"]
    assert names[names.index("pca") :][:9] == ["pca", "kmeans", *baselines]


def test_report_types_its_parameters(run, notebook, tmp_path):
    code, printed, _ = run("report", notebook, "-p", "seconds=0.01", "-p", "note=3", "--name", "one")
    assert (code, printed.splitlines()[-1]) == (0, f"Report: {tmp_path / 'reports' / 'index.html'}")
    assert json.loads((tmp_path / "reports" / "one" / "run.json").read_text())["parameters"] == {
        "seconds": 0.01,
        "note": "3",
    }


def test_the_eleven_days_are_left_out_of_a_notebook_that_has_no_days(run, notebook, tmp_path):
    code, _, complained = run("report", notebook, "--whole", "--name", "one")
    assert (code, complained) == (0, "")
    assert json.loads((tmp_path / "reports" / "one" / "run.json").read_text())["parameters"] == {}


def test_files_are_seen_from_the_callers_folder(run, notebook, tmp_path):
    (tmp_path / "a.csv").write_text("")
    code, _, complained = run("report", notebook, "--normal", "a.csv", "--attack", "a.csv")
    assert (code, "no parameter 'normal'" in complained) == (1, True)
    code, _, complained = run("report", notebook, "--normal", "a.csv")
    assert (code, "--normal and --attack go together" in complained) == (2, True)


def test_an_error_is_one_sentence_and_a_traceback_when_asked_for(run, tmp_path):
    (tmp_path / "text.csv").write_text("no table\n")
    code, _, complained = run("inspect", "text.csv")
    assert (code, complained.count("\n"), complained[:17]) == (1, 1, "Error: text.csv: ")
    command = [sys.executable, "-m", "swatlib", "--debug", "inspect", "text.csv"]
    debugged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (debugged.returncode, debugged.stderr.splitlines()[0]) == (1, "Traceback (most recent call last):")


def test_a_file_where_a_folder_is_wanted_is_named_with_what_to_do(run, tmp_path):
    (tmp_path / "rows.csv").touch()
    code, _, complained = run("simulate", tmp_path / "rows.csv" / "more.csv", "--duration", 60)
    said = f"Error: {tmp_path / 'rows.csv'} is a file, and a folder is wanted; name another place\n"
    assert (code, complained) == (1, said)


def test_the_port_of_a_server_that_is_not_to_start_is_refused(run, tmp_path):
    code, _, said = run("services", "start", "kafka", "--port", "influxdb=8086", "--folder", tmp_path / "servers")
    assert code == 2 and "influxdb is not among what starts: kafka" in " ".join(said.replace("│", " ").split())
    assert not (tmp_path / "servers").exists()


@pytest.mark.parametrize("verb", [("fit", "model"), ("compare",), ("benchmark", "swat-sim-1")])
def test_an_unknown_detector_is_named_before_anything_is_read(run, tmp_path, verb):
    (tmp_path / "bad.csv").write_text("no table\n")
    files = () if verb[0] == "benchmark" else ("--normal", "bad.csv")
    files += ("--attack", "bad.csv") if verb[0] == "compare" else ()
    code, printed, complained = run(*verb, *files, "--detector", "oracel")
    assert (code, printed, complained.count("\n")) == (1, "", 1)
    assert "'oracel'" in complained and "bad.csv" not in complained


def test_simulated_rows_without_an_attack_are_said_to_have_none(run):
    printed = run("simulate", "hours.csv", "--duration", "2h", "--start", "2015-12-28 10:00")[1]
    assert "No row is under attack: the first attack is due at 2015-12-28 10:28:58" in printed
    assert "Try --start '2015-12-27 10:00:00' --duration 2d." in printed
    assert "under attack" not in run("simulate", "hours.csv", "--duration", "60", "--no-attacks")[1]


def test_completion_is_that_of_the_script():
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "swatlib", "--show-completion", "bash"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "complete -o default -F _swatlib_completion swatlib" in shown.stdout


def test_bench_writes_what_it_measured(run, tmp_path):
    code, printed, _ = run("bench", "simulate")
    record = json.loads(next((tmp_path / "reports" / "bench").glob("*.json")).read_text())
    assert code == 0 and "946,719 s" in printed
    assert [figure["figure"] for figure in record["figures"]] == ["946,719 s with the attacks of 2015, compiled"]
    assert record["figures"][0]["holds"] == (record["figures"][0]["measured"] <= 3)


def test_bench_names_what_it_can_measure(run):
    code, _, complained = run("bench", "sream")
    works = "read, cache, simulate, fit, row, autoencoder, metrics, vus, explore, stream, boards, score, run"
    hint = "Did you mean 'stream'?"
    assert (code, complained) == (1, f"Error: There is no work 'sream' to measure. {hint} There are: {works}.\n")


def test_what_a_benchmark_prints_fits_a_terminal(cache_of_all, run, tmp_path, monkeypatch):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(cache_of_all))  # other tests judge this run too
    code, printed, _ = run("benchmark", "swat-sim-1", "--run", "3", "--detector", "guard")
    assert (code, "…" in printed) == (0, False)
    assert [line.split()[0] for line in printed.splitlines() if line.startswith(("guard", "latched", "freeze"))] == [
        "guard",
        "latched",
        "freeze",
    ]
    assert (tmp_path / "reports" / "benchmark" / "swat-sim-1-3" / "summary.csv").is_file()


@pytest.mark.parametrize(
    ("verb", "typed"),
    [("fit", "--days-normal"), ("fit", "--seed"), ("compare", "--days-attack"), ("compare", "--start")],
)
def test_an_option_of_the_simulated_plant_is_refused_beside_files(run, verb, typed):
    run("simulate", "rows.parquet", "--duration", "60", "--no-attacks")
    files = ("--normal", "rows.parquet", *(("--attack", "rows.parquet") if verb == "compare" else ()))
    code, _, said = run(verb, *(("model",) if verb == "fit" else ()), *files, typed, "3")
    assert code == 2 and f"{typed}: it is of the simulated plant" in said


def test_a_budget_above_what_a_pipeline_takes_is_named_with_its_option(run):
    code, _, said = run("fit", "model", "--budget", 49)
    assert code == 2 and "Invalid value for '--budget'" in said
