"""Two executors of a Spark cluster, one session for all tests: the same results as here, whoever is killed."""

import os
import signal
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from executor_classes import executor_classes_kept
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pyspark.sql import SparkSession

from swatlib.cluster import crew_on, map_on, read_scores, score_folder, spark
from swatlib.live.parity import unequal
from swatlib.live.stream import Stream, StreamError
from swatlib.pipeline import Pipeline
from swatlib.report.sweep import sweep
from swatlib.report.sweep_points import notebook_sweep
from swatlib.settings import settings
from swatlib.studies import pyod_field

MASTER = "local-cluster[2,1,1024]"
CELL = """
from swatlib.report.headline import headline
headline(f1=budget / (seed + 1), attacks=3)
"""


@pytest.fixture(scope="module")
def crew(need, tmp_path_factory):
    need()
    if (running := SparkSession.getActiveSession()) is not None:
        running.stop()
    with executor_classes_kept(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAT_CACHE_FOLDER", str(tmp_path_factory.mktemp("cache")))
        with crew_on(MASTER, {"given.txt": b"of the one who asks"}) as executors:
            yield executors


def test_pieces_scored_on_executors_give_what_one_pass_gives(crew, folder, own, plants, tmp_path):
    with pytest.raises(ValueError, match=r"holds objects of my_detector\.ZScore, which are not of swatlib"):
        score_folder(folder, own, tmp_path / "scores", MASTER)
    trusted = ("my_detector.ZScore",)
    done = score_folder(folder, own, tmp_path / "scores", MASTER, trusted)
    whole = {plant: Pipeline.load(own, trusted).score(frame) for plant, frame in plants.items()}
    assert (done.pieces, done.rows) == ({"plant=north": 6, "plant=south": 3}, 6_000)
    assert {plant: unequal(read_scores(done.to / plant), scores) for plant, scores in whole.items()} == {
        plant: [] for plant in plants
    }
    assert whole["plant=north"]["mine"]["score"].notna().any()


def test_a_sweep_is_the_same_here_in_two_processes_and_on_executors(crew, tmp_path, monkeypatch):
    first = new_code_cell("seed = 0\nbudget = 1.0", metadata={"tags": ["parameters"]})
    path = tmp_path / "01-one.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# About one"), first, new_code_cell(CELL)]), path)
    figures = {}
    for where in (1, 2, MASTER):
        monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / f"reports-{where}"))
        with crew_on(where) as those:
            page = sweep(notebook_sweep([path], {"seed": [0, 1]}, {}), those.width, run_all=those.run)
        figures[where] = pd.read_csv(page.with_name("figures.csv")).drop(columns="seconds")
    assert figures[1].equals(figures[2]) and figures[1].equals(figures[MASTER])
    assert len(figures[1]) == 2


def test_the_field_is_the_same_here_and_on_executors(crew, tmp_path, monkeypatch):
    drawn = np.random.default_rng(0)
    arrays = {name: drawn.normal(size=(2_000, 4)) for name in ("fit", "heldout", "attacked")}
    data = settings().cache_folder / "field" / "rows.npz"
    data.parent.mkdir()
    np.savez(data, event=np.arange(2_000) // 1_900, **arrays)
    monkeypatch.setattr(pyod_field, "prepare_field", lambda _: data)
    tables = {}
    for where in (1, MASTER):
        monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / f"reports-{where}"))
        with crew_on(where) as those:
            tables[where] = pyod_field.field(("hbos", "xgbod"), (500,), crew=those)
    same = ["status", "average_precision", "found", "of", "says"]
    assert tables[1][same].equals(tables[MASTER][same])
    assert tables[1]["status"].to_list() == ["ok", "needs labels"]


def test_an_executor_or_a_worker_that_is_killed_is_replaced_and_its_try_repeated(crew, tmp_path):
    def killed(name):
        """Kills the process that is its victim, the first time that it is asked."""
        first = not (tmp_path / name).exists()
        (tmp_path / name).touch()
        daemon = psutil.Process().parent()
        if first and name == "worker":
            os.kill(os.getpid(), signal.SIGKILL)
        if first and name == "executor":
            daemon.parent().kill()
        return name

    assert map_on(MASTER, killed, ["worker", "executor", "nobody"]) == ["worker", "executor", "nobody"]


def test_what_would_come_again_is_said_once_and_what_may_not_is_tried_again(crew, tmp_path):
    def failing(name):
        with (tmp_path / name).open("a") as file:
            print("tried", file=file)
        raise {"disk": OSError, "value": ValueError}[name]("it was full")

    outcomes = crew.run(["disk", "value"], failing)
    assert [outcome.error for outcome in outcomes] == ["OSError: it was full (tried 4 times)", "it was full"]
    assert [len((tmp_path / name).read_text().splitlines()) for name in ("disk", "value")] == [4, 1]


def test_executors_get_the_files_that_are_named_and_are_held_to_the_same_code(crew, monkeypatch):
    assert crew.run(["given.txt"], lambda name: Path(name).read_text())[0].value == "of the one who asks"
    assert not Path("given.txt").exists()
    with pytest.raises(ValueError, match=r"this process has a Spark session on local-cluster.* already; stop it first"):
        map_on("local[2]", abs, [1])
    monkeypatch.setattr(spark, "_this_package", lambda: ("code 0123456789ab",))
    error = crew.run([1], abs)[0].error
    assert "is here; install the same swatlib and packages everywhere" in error


def test_a_stream_beside_them_says_that_their_java_has_no_connector(crew, tmp_path):
    with pytest.raises(StreamError, match="has no connector to Kafka; start the stream in a new process, or restart"):
        Stream("127.0.0.1:9", None, tmp_path, None).start(SparkSession.getActiveSession())
