"""A live run from its start to its end: what it says meanwhile, and what is stored then."""

import re

from swatlib.live import session
from swatlib.live.plant import PAST_ROWS
from swatlib.pipeline import DEFAULT


def test_progress_says_what_is_waited_for(live, monkeypatch):
    waiting = r".*: no row for \d+ s, waiting for Spark to start; the stream logs to "
    with monkeypatch.context() as before:
        before.setattr(session, "SPARK_RUNS", "a line that no stream prints")
        before.setattr(session, "SILENCE", 3_600.0)
        assert re.fullmatch(r"starting Spark \(\d+ s\)", live.progress)
        before.setattr(session, "SILENCE", 0.0)
        assert re.fullmatch(waiting + re.escape(str(live.log)), live.progress)
    said = set()
    live.wait(lambda: said.add(live.progress.partition(" (")[0]), 0.5)
    assert {"scoring the first 1,750 rows", "done, 600 rows stored"} <= said


def test_a_run_shows_its_attack_its_pace_and_equal_scores(live):
    live.wait()
    assert live.delays()["attack"].tolist() == list(live.attacks)
    assert live.delays()[["pca", "kmeans"]].min(axis=None) < 60
    assert live.parity() == (len(DEFAULT) * (600 + PAST_ROWS), [])
    assert live.batches()["rows_out"].sum() == 600 + PAST_ROWS
    assert live.batches()["rejected"].sum() == 0
    assert [len(each) for each in (live.readings(), live.scores(), live.events())] == [600, 600, 1]
