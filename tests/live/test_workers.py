"""Spark's Python workers, as they are before there are rows."""

import gc

from swatlib.live.stream import workers


def test_what_was_imported_is_not_looked_through_after_each_task(monkeypatch):
    passed_over = []
    monkeypatch.setattr(workers.daemon, "manager", lambda: passed_over.append(gc.get_freeze_count()))
    workers.serve()
    gc.unfreeze()
    assert passed_over[0] > 100_000
