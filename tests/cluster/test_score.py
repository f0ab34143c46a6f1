"""A folder of many plants scored in pieces: equal to one pass over each plant, whoever works, whatever is killed."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tries import dies_or_fails_once, fails_once
from written import ROWS, write, write_in_pieces

from swatlib.cluster import map_on, read_scores, score_folder
from swatlib.cluster.pieces import Piece
from swatlib.cluster.scoring import SCORES_FILE
from swatlib.live.parity import unequal
from swatlib.pipeline import Pipeline


@pytest.mark.parametrize("where", [1, 2])
def test_pieces_give_what_one_pass_gives(folder, quick, one_pass, tmp_path, where):
    done = score_folder(folder, quick, tmp_path / "scores", where)
    assert (done.pieces, done.rows, done.kept) == ({"plant=north": 6, "plant=south": 3}, 2 * ROWS, 0)
    assert {plant: unequal(read_scores(done.to / plant), whole) for plant, whole in one_pass.items()} == {
        "plant=north": [],
        "plant=south": [],
    }
    assert one_pass["plant=south"]["pca"]["alarm"].any() and one_pass["plant=north"]["pca"]["score"].isna().sum() > 700
    assert sorted(path.name for path in done.to.rglob("*") if path.is_file()) == [SCORES_FILE] * 9


def test_what_is_there_is_kept_and_what_changed_is_scored_anew(folder, quick, one_pass, plants, tmp_path):
    readings, to = tmp_path / "readings", tmp_path / "readings-scores"
    write_in_pieces(plants["plant=south"], readings / "plant=south", (1_000, 2_000))
    score_folder(readings, quick)
    assert (score_folder(readings, quick).rows, score_folder(readings, quick, force=True).rows) == (0, ROWS)
    (to / "plant=south" / "day=1" / SCORES_FILE).write_bytes(b"PAR1 cut short")
    assert score_folder(readings, quick).rows == 1_000
    write(plants["plant=south"].iloc[:500], readings / "plant=south" / "day=0")
    done = score_folder(readings, quick)  # the day after the one that changed has another history
    assert (done.rows, done.kept) == (1_500, 1)
    assert (
        unequal(
            read_scores(to),
            Pipeline.load(quick).score(plants["plant=south"].drop(plants["plant=south"].index[500:1_000])),
        )
        == []
    )


def test_pieces_behind_links_and_of_any_case_are_scored(quick, plants, tmp_path):
    readings = tmp_path / "readings"
    write_in_pieces(plants["plant=south"], tmp_path / "elsewhere", (1_000, 2_000))
    readings.mkdir()
    for day in ("day=0", "day=1", "day=2"):
        (readings / day).symlink_to(tmp_path / "elsewhere" / day)
    (readings / "day=1" / "part-0.parquet").rename(readings / "day=1" / "part-0.PARQUET")
    (readings / "day=0" / "up").symlink_to(readings)
    (readings / "here").symlink_to(readings)
    assert score_folder(readings, quick).rows == ROWS


def test_scores_that_are_damaged_or_of_two_pipelines_are_not_read(quick, plants, tmp_path):
    readings, to, other = tmp_path / "readings", tmp_path / "readings-scores", tmp_path / "other"
    write_in_pieces(plants["plant=south"].iloc[:1_500], readings, (1_000,))
    first = (score_folder(readings, quick).to / "day=0" / SCORES_FILE).read_bytes()
    another = Pipeline.load(quick)
    another.budget = 2.0
    score_folder(readings, another.save(other))
    (to / "day=0" / SCORES_FILE).write_bytes(first)
    with pytest.raises(ValueError, match="holds scores of several pipelines; run `python -m swatlib score` again"):
        read_scores(to)
    middle = len(first) // 3
    (to / "day=0" / SCORES_FILE).write_bytes(first[:middle] + bytes([first[middle] ^ 0x55]) + first[middle + 1 :])
    with pytest.raises(ValueError, match=r"day=0/scores\.parquet is damaged \(.*\); delete it and run"):
        read_scores(to)


def test_a_piece_that_fails_is_named_and_the_others_are_scored(quick, plants, tmp_path):
    frame = plants["plant=south"].copy()
    frame.iloc[1_100] = np.inf
    write_in_pieces(frame, tmp_path / "readings", (1_000, 2_000))
    with pytest.raises(ValueError, match=r"^day=1: \w+ is infinite at .*"):
        score_folder(tmp_path / "readings", quick)
    there = sorted(path.parent.name for path in (tmp_path / "readings-scores").rglob("*") if path.is_file())
    assert there == ["day=0", "day=2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="LIT101"), "part-0.parquet has no column LIT101, which the pipeline needs"),
        (lambda frame: frame.astype({"LIT101": str}), "part-0.parquet: LIT101 holds .*string, not numbers; convert it"),
        (lambda frame: frame.reset_index(drop=True), "part-0.parquet has 0 columns of times, and one is needed"),
        (lambda frame: frame.rename(columns={"LIT102": "LIT101"}).assign(**{"LIT 101": 1.0}), "holds LIT101 twice"),
        (lambda frame: frame.set_axis(frame.index + pd.Timedelta(1, "ns")), "has times with nanoseconds"),
        (
            lambda frame: frame.iloc[::3],
            "plant=a: the frame has a row every 3 s, the pipeline was fitted on one every 1 s",
        ),
        (lambda frame: frame.iloc[:0], "the parquet files of .* hold no row"),
    ],
)
def test_readings_that_can_not_be_scored_are_said_in_one_sentence(quick, plants, tmp_path, change, said):
    write(change(plants["plant=south"]), tmp_path / "readings" / "plant=a")
    with pytest.raises(ValueError, match=said):
        score_folder(tmp_path / "readings", quick)


def test_a_folder_that_is_none_of_plants_is_said_in_one_sentence(quick, plants, tmp_path):
    frame, readings = plants["plant=south"], tmp_path / "readings"

    def said():
        with pytest.raises(ValueError) as error:
            score_folder(readings, quick)
        return str(error.value)

    assert re.search("there is no folder .*readings; name one with parquet files", said())
    readings.mkdir()
    assert re.search("readings holds no parquet file; readings lie as in", said())
    write(frame, readings / "north")
    assert re.search("north says neither plant nor time; name folders as in plant=a/day=2026-01-01", said())
    (readings / "north").rename(readings / "day=1")
    write(frame.iloc[100:], readings / "day=2")
    assert re.search("day=2 begins at .* before day=1 ends at .*; pieces of a plant must follow one another", said())
    with pytest.raises(ValueError, match="they would lie among the readings"):
        score_folder(readings, quick, readings / "scores")


def test_the_plant_is_what_its_folder_says_and_the_rest_divides_the_time():
    places = ["site=x/plant=a/year=2026/month=1", "day=1/plant=a", "day=1", "."]
    assert [Piece(place, ()).plant for place in places] == ["site=x/plant=a", "plant=a", "", ""]


def test_spark_and_pandas_read_the_scores(folder, quick, tmp_path):
    score_folder(folder, quick, tmp_path / "scores")
    frame = pd.read_parquet(tmp_path / "scores", filters=[("plant", "=", "north"), ("detector", "=", "pca")])
    assert (len(frame), set(frame.columns)) == (
        ROWS,
        {"time", "detector", "score", "threshold", "alarm", "lead", "plant", "day"},
    )
    kinds = pq.read_schema(tmp_path / "scores" / "plant=north" / "day=0" / SCORES_FILE)
    assert kinds.field("time").type == pa.timestamp("us")  # Spark reads no nanoseconds


def test_a_try_that_fails_or_is_killed_is_tried_again(tmp_path):
    assert map_on(1, fails_once, [tmp_path / name for name in "abc"]) == ["a", "b", "c"]
    assert map_on(2, dies_or_fails_once, [tmp_path / name for name in "dEfG"]) == ["d", "E", "f", "G"]
    assert all((tmp_path / name).exists() for name in "abcdEfG")
    assert multiprocessing.active_children() == []


def test_what_its_user_can_mend_is_not_tried_again(tmp_path):
    ended = []
    with pytest.raises(ValueError, match=r"^invalid literal for int\(\) with base 10: 'x' \(1 more of 3 failed too\)$"):
        map_on(1, int, ["1", "x", "y"], lambda place, outcome: ended.append((place, outcome.value)))
    assert ended == [(0, 1), (1, None), (2, None)]
    with pytest.raises(ValueError, match=r" \(2 more of 3 failed too\)$"):
        map_on(1, int, ["z", "x", "y"])
    with pytest.raises(ValueError, match=r"^TypeError: object of type 'int' has no len\(\)$"):
        map_on(1, len, [1])


def test_a_master_that_can_not_be_used_is_said_in_one_sentence():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as without_a_session:
        met = without_a_session.submit(map_on, "spark://127.0.0.1:1", abs, [1]).exception()
    assert re.search(r"no Spark master answers at spark://127\.0\.0\.1:1 .* or leave out --on", str(met))
    with pytest.raises(ValueError, match="cluster is no Spark master; give spark://host:7077"):
        map_on("cluster", abs, [1])
