"""The stream on two executors of a Spark cluster, one session for all tests."""

import sys
from pathlib import Path

import pyspark
import pytest
from executor_classes import executor_classes_read
from rig import drain, send, stream
from sklearn.ensemble import IsolationForest

from swatlib.detectors import make
from swatlib.live.parity import unequal
from swatlib.pipeline import Pipeline

CLUSTER = "local-cluster[2,1,1024]"
PLANTS = tuple(f"plant {number}" for number in range(1, 9))


@pytest.fixture(autouse=True)
def home(monkeypatch):
    monkeypatch.setenv("SPARK_HOME", str(Path(pyspark.__file__).parent))
    with executor_classes_read():
        yield


def test_a_class_of_ones_own_travels_to_the_workers(kafka, names, files, normal, attacked, tmp_path, monkeypatch):
    forest = IsolationForest(n_estimators=20, random_state=0)
    given = {"mine": make("my_detector.py:ZScore:window=30"), "forest": forest}
    own = Pipeline(given, startup=0).fit(normal.between(end="2015-12-23 06:00"))
    folder = own.save(tmp_path / "own")
    with pytest.raises(ValueError, match=r"holds objects of my_detector.ZScore"):
        drain(stream(kafka, files, tmp_path, names, folder, master=CLUSTER))
    monkeypatch.delitem(sys.modules, "my_detector")
    rows = attacked.frame.iloc[:4_000]
    send(kafka, names[0], rows)
    drain(stream(kafka, files, tmp_path, names, folder, master=CLUSTER, trusted=("my_detector.ZScore",)))
    offline = own.score(rows)
    assert unequal(files.scores("swat"), offline) == []
    assert offline["mine"]["score"].notna().sum() > 3_000


def test_eight_plants_on_two_executors(kafka, names, files, quick, attacked, tmp_path):
    parts = {plant: attacked.frame.iloc[1_000 * i : 1_000 * i + 2_000] for i, plant in enumerate(PLANTS)}
    for plant, frame in parts.items():
        send(kafka, names[0], frame, plant)
    spark = drain(stream(kafka, files, tmp_path, names, quick, master=CLUSTER, tasks=8))
    tracker = spark.sparkContext._jsc.sc().statusStore().executorList(False)
    worked = [tracker.apply(i).completedTasks() for i in range(tracker.size()) if tracker.apply(i).id() != "driver"]
    pipeline = Pipeline.load(quick)
    assert {plant: unequal(files.scores(plant), pipeline.score(parts[plant])) for plant in PLANTS} == {
        plant: [] for plant in PLANTS
    }
    assert len(worked) == 2 and all(worked)
