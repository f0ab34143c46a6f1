from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from swatlib.data import DataError, load
from swatlib.pipeline import Pipeline
from swatlib.simulation import simulate

DAYS = {"a": ("2015-12-23", "2015-12-23 06:00"), "b": ("2015-12-24", "2015-12-24 04:00")}


def unfitted():
    return Pipeline(("guard", "pca"), startup=0)


@pytest.fixture
def files(normal, tmp_path):
    """Two files of normal days, six and four hours."""
    paths = {name: tmp_path / f"{name}.parquet" for name in DAYS}
    for name, span in DAYS.items():
        part = normal.between(*span)
        part.frame.assign(attack=part.label).to_parquet(paths[name])
    return paths


@pytest.fixture
def saved(files, tmp_path):
    """The folder of a pipeline fitted on the first file."""
    return unfitted().fit(load(files["a"])).save(tmp_path / "old")


def test_a_refit_with_new_days_is_the_fit_on_old_and_new_together(saved, files, normal):
    refit = Pipeline.load(saved).refit(load(files["b"]))
    together = unfitted().fit(*(load(files[name]) for name in DAYS))
    rows = normal.frame.iloc[-3_000:]
    pd.testing.assert_frame_equal(refit.score(rows), together.score(rows), check_exact=True)
    assert (refit.fitted_on, refit.checked_) == (together.fitted_on, together.checked_)
    assert [str(origin) for origin in refit.fitted_on] == [
        "a.parquet: 21,600 rows from 2015-12-23 00:00:00 to 2015-12-23 05:59:59",
        "b.parquet: 14,400 rows from 2015-12-24 00:00:00 to 2015-12-24 03:59:59",
    ]


def test_simulated_days_are_simulated_again():
    days = simulate("14 h", attacks=None, seed=3).between("2015-12-22 22:00", "2015-12-23 06:00")
    more = simulate("8 h", attacks=None, seed=4)
    pipeline = Pipeline(("pca",), startup=0).fit(days)
    assert pipeline.refit(more).thresholds_ == Pipeline(("pca",), startup=0).fit(days, more).thresholds_


def test_each_recording_reaches_fit_thresholds_and_check(normal):
    """Half an hour of other rows in a part of the second recording changes what is set on that part, and no other."""
    first, second = (normal.between(*DAYS[name]) for name in DAYS)
    fits = [unfitted().fit(first, second)]
    for begin in (0, 7_600, 11_900):
        frame = second.frame.copy()
        frame.iloc[begin : begin + 1_800] *= 1.5
        fits.append(unfitted().fit(first, replace(second, frame=frame)))
    known, *others = [(fit.features.to_dict(), fit.thresholds_["pca"], fit.checked_["pca"]) for fit in fits]
    changed = [[a != b for a, b in zip(known, other, strict=True)] for other in others]
    assert changed[0][0] and changed[1][:2] == [False, True] and changed[2] == [False, True, True]


def test_a_file_that_has_gone_changed_or_moved_is_one_sentence_or_found(saved, files, tmp_path):
    more, moved = load(files["b"]), files["a"].rename(tmp_path / "moved.parquet")
    with pytest.raises(DataError, match=r"a\.parquet is not at .*; say where it lies with `--normal a\.parquet`"):
        Pipeline.load(saved).refit(more)
    assert len(Pipeline.load(saved).refit(more, files=[moved]).fitted_on) == 2
    with pytest.raises(DataError, match=r"b\.parquet is not what the pipeline was fitted on \(a\.parquet\)"):
        Pipeline.load(saved).refit(more, files=[moved, files["b"]])
    files["a"].write_bytes(files["b"].read_bytes())
    with pytest.raises(DataError, match=r"a\.parquet has changed since the pipeline was fitted on it"):
        Pipeline.load(saved).refit(more)


def test_rows_that_nothing_can_give_again_are_named(normal):
    part = normal.between(*DAYS["a"])
    source = replace(part.source[0], name="made by hand", simulated="")
    by_hand = unfitted().fit(replace(part, source=(source,)))
    with pytest.raises(DataError, match="'made by hand' was neither read from a file nor simulated"):
        by_hand.refit(normal.between(*DAYS["b"]))
    edited = unfitted().fit(replace(part, frame=part.frame * np.float32(1.01)))
    with pytest.raises(DataError, match="come out otherwise now, so nothing can be added to them"):
        edited.refit(normal.between(*DAYS["b"]))


def test_attack_rows_and_rows_that_come_twice_are_not_added(saved, files, attacked):
    pipeline = Pipeline.load(saved)
    with pytest.raises(DataError, match="rows are labelled attack; fit on normal days only"):
        pipeline.refit(attacked)
    with pytest.raises(ValueError, match="21,600 rows from 2015-12-23 00:00:00 to 2015-12-23 05:59:59 stand in two"):
        pipeline.refit(load(files["a"]))


def test_rows_that_lack_readings_and_come_twice_are_not_added(normal):
    part = normal.between(*DAYS["a"])
    frame = part.frame.copy()
    frame.iloc[::2, frame.columns.get_loc("AIT401")] = frame.iloc[1::2, frame.columns.get_loc("AIT402")] = np.nan
    with pytest.raises(ValueError, match="21,600 rows from 2015-12-23 00:00:00 to 2015-12-23 05:59:59 stand in two"):
        unfitted().fit(replace(part, frame=frame), replace(part, frame=frame))


def test_recordings_of_other_tags_or_another_pace_do_not_join(normal):
    first, second = (normal.between(*DAYS[name]) for name in DAYS)
    with pytest.raises(ValueError, match="the recordings to fit on differ in FIT101; give each the same tags"):
        unfitted().fit(first, replace(second, frame=second.frame.drop(columns="FIT101")))
    with pytest.raises(ValueError, match="have a row every 1 s and every 5 s; resample one"):
        unfitted().fit(first, second.take(slice(None, None, 5)))
    with pytest.raises(ValueError, match="fit takes one Recording"):
        unfitted().fit()
