"""The stream: one Spark query that scores every reading of the topic `SWAT` with a fitted pipeline.

    SWAT → rows by plant → decode → [past rows | new rows] → Pipeline.score → points from the executors
                              └ what can't be stored → SWAT.rejected

Each plant's last `history` rows are kept in Spark's own state store, so a row gets the same score as offline, in
whatever batch it comes, whichever worker scores it and whatever was killed before. Points are functions of their row
alone: a batch that failed is repeated and overwrites what it had stored.

Irregular rows (all are counted in the point `pipeline`):

* not readable, without a reading, of a plant whose name can't be stored, or with a time before 2000 or a day ahead of
  the broker: sent to `SWAT.rejected` with the reason, the bytes as they came (the first 8,192 of them)
* more than a day after the row before: rejected too, unless the plant goes on from there (`swatlib.live.acceptance`)
* not newer than the newest row of its plant (late, or a repeat): rejected too, and counted as late
* a tag missing: the pipeline carries its last value for at most `Features.carry` rows; after that, and until the
  history is whole again, the points have no score and no alarm
* a gap in time of more than `Pipeline.gap` periods: a new history begins, scores return after `history` rows
* a pace other than that of the fit: scored, and remarked on in the log, since its scores don't mean what they should
"""

from importlib import import_module

__all__ = ["Stream", "StreamError"]


def __getattr__(name: str):
    # Imported when first asked for: a worker needs no query
    if name not in __all__:
        raise AttributeError(f"module 'swatlib.live.stream' has no attribute {name!r}")
    return getattr(import_module("swatlib.live.stream.query"), name)
