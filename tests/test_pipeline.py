import inspect
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swatlib.alarms import alarms_per_day, block_maxima, blocks_per_day, on_delayed, threshold
from swatlib.data import DataError
from swatlib.detectors import DETECTORS
from swatlib.live.plant import PAST_ROWS
from swatlib.pipeline import DEFAULT, Pipeline
from swatlib.saved import SAVED_FORMAT
from swatlib.views.checks import Checks


@pytest.fixture(scope="module")
def part(attacked):
    """Attacks 1 to 3: two hours around the first alarms."""
    return attacked.frame.iloc[:7_200]


@pytest.fixture(scope="module")
def at_once(fitted, part):
    return fitted.score(part)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pieces_with_history_give_the_same_numbers_as_the_whole(fitted, part, at_once, size):
    history = fitted.history
    starts = range(3_000, 3_000 + 12 * size if size < 1000 else len(part), size)
    pieces = [fitted.score(part.iloc[start - history : start + size]).iloc[history:] for start in starts]
    pd.testing.assert_frame_equal(
        pd.concat(pieces), at_once.loc[pieces[0].index[0] : pieces[-1].index[-1]], check_exact=True
    )


@settings(deadline=None, max_examples=15)
@given(st.data())
def test_pieces_of_any_size_anywhere_give_the_same_numbers(fitted, part, at_once, data):
    size = data.draw(st.integers(1, 1500))
    start = data.draw(st.integers(fitted.history, len(part) - size))
    piece = fitted.score(part.iloc[start - fitted.history : start + size]).iloc[fitted.history :]
    pd.testing.assert_frame_equal(piece, at_once.iloc[start : start + size], check_exact=True)


def test_scores_have_one_block_a_detector(fitted, at_once, part):
    fields = ["score", "threshold", "alarm", "lead"]
    assert list(at_once.columns) == [(name, field) for name in DEFAULT for field in fields]
    assert at_once.index.equals(part.index)
    assert at_once["pca"].dtypes.astype(str).to_dict() == {
        "score": "float32",
        "threshold": "float64",
        "alarm": "bool",
        "lead": "category",
    }


def test_a_plant_that_begins_sends_the_history_of_the_default_detectors_at_once(fitted):
    assert fitted.history <= PAST_ROWS


def test_the_first_history_rows_are_warm_up(fitted, at_once):
    for name in DEFAULT:
        head, rest = at_once[name].iloc[: fitted.history], at_once[name].iloc[fitted.history :]
        assert head["score"].isna().all() and not head["alarm"].any()
        assert rest["score"].notna().all()


def test_a_lead_is_named_exactly_while_in_alarm(scored):
    for name in DEFAULT:
        pd.testing.assert_series_equal(scored[name]["lead"].notna(), scored[name]["alarm"], check_names=False)


@pytest.mark.parametrize("name", DEFAULT)
def test_a_ranking_begins_with_the_lead(fitted, scored, attacked, name):
    rows = np.flatnonzero(scored[name]["alarm"])[::500]
    ranking = fitted.rank(attacked.frame, name, rows)
    assert ranking[1].tolist() == scored[name]["lead"].iloc[rows].tolist()
    assert ranking["why"].str.split().str[0].tolist() == ranking[1].tolist()
    assert ranking.drop(columns="why").nunique(axis=1).eq(10).all()


def looped(judged, pipeline):
    """Alarm and lead as a loop gives them from the stored scores, from the row on where all that decides is stored."""
    (k, n), hold = pipeline.on_delay, pipeline.hold
    score, last, alarm, lead = judged["score"].to_numpy(), -hold - 1, [], []
    for row in range(len(judged)):
        window = score[max(row - n + 1, 0) : row + 1]
        if (window > judged["threshold"].iloc[0]).sum() >= k and not np.isnan(window).any():
            last = row
        elif np.isnan(score[row]):
            last = -hold - 1
        alarm.append(row - last <= hold)
        lead.append(judged["lead"].iloc[last] if alarm[-1] else None)
    return alarm[n + hold :], lead[n + hold :]


def kept(judged, pipeline):
    told = judged.iloc[pipeline.on_delay[1] + pipeline.hold :]
    return told["alarm"].tolist(), told["lead"].astype(object).where(told["alarm"], None).tolist()


@pytest.mark.parametrize("name", DEFAULT)
def test_an_alarm_lasts_for_the_off_delay_and_keeps_its_lead(fitted, scored, name):
    judged = scored[name].iloc[fitted.history : 20_000]
    assert judged["alarm"].any() and kept(judged, fitted) == looped(judged, fitted)


def test_no_off_delay_goes_beyond_a_row_without_a_score(fitted, scored, attacked):
    lasts = np.flatnonzero(np.diff(scored["pca"]["alarm"].astype(int)) == -1)[0]  # last row of an alarm
    lacking = attacked.frame.iloc[: lasts + 400].copy()
    lacking.iloc[lasts - 50 : lasts - 30, 0] = np.nan
    judged = fitted.score(lacking)["pca"].iloc[fitted.history :]
    assert judged["score"].isna().any() and judged["alarm"].iloc[lasts - 45 - fitted.history]
    assert kept(judged, fitted) == looped(judged, fitted)


def test_a_row_without_a_score_has_no_ranking(fitted, part):
    ranking = fitted.rank(part, "pca", [0, fitted.history - 1, fitted.history])
    assert ranking.notna().any(axis=1).tolist() == [False, False, True]
    assert fitted.rank(part, "guard", [0]).isna().all(axis=None)


def test_a_row_that_lacks_a_reading_has_no_ranking(fitted, part):
    lacking = part.copy()
    lacking.iloc[4_000:4_100, 0] = np.nan
    assert fitted.score(lacking)["guard"]["score"].iloc[4_050:4_051].isna().all()
    assert fitted.rank(lacking, "guard", [4_050]).isna().all(axis=None)


@pytest.fixture(scope="module")
def small(normal):
    """Three hours."""
    return normal.between(end="2015-12-23 03:00")


def test_one_of_several_is_as_if_fitted_alone(small, part):
    together, alone = (Pipeline(names, startup=0).fit(small) for names in (("kmeans", "forecast"), ("kmeans",)))
    pd.testing.assert_frame_equal(together.only("kmeans").score(part), alone.score(part), check_exact=True)


def test_a_gap_in_time_begins_a_new_history(fitted, part, at_once):
    later = part.iloc[3_600:].set_axis(part.index[3_600:] + pd.Timedelta("1h"))
    scores = fitted.score(pd.concat([part.iloc[:3_600], later]))
    pd.testing.assert_frame_equal(scores.iloc[:3_600], at_once.iloc[:3_600], check_freq=False)
    pd.testing.assert_frame_equal(scores.iloc[3_600:], fitted.score(later), check_freq=False)


def test_attack_rows_are_refused(attacked):
    with pytest.raises(DataError, match="rows are labelled attack; fit on normal days only"):
        Pipeline(startup=0).fit(attacked)


def test_attacks_that_no_label_tells_are_refused_too(attacked):
    unlabelled = replace(attacked, label=None)
    with pytest.raises(DataError, match="9 attacks are known in the time of this recording"):
        Pipeline(startup=0).fit(unlabelled)


def test_a_detector_whose_scores_depend_on_the_piece_is_refused(normal):
    with pytest.raises(ValueError, match="pyod:ECOD scores a row by the rows scored with it"):
        Pipeline(("pyod:ECOD",), startup=0).fit(normal)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.iloc[::10], "a row every 10 s, the pipeline was fitted on one every 1 s"),
        (lambda frame: frame.iloc[::-1], "not made of ascending times"),
        (lambda frame: frame.reset_index(drop=True), "not made of ascending times"),
    ],
)
def test_rows_on_another_clock_are_refused(fitted, attacked, change, says):
    with pytest.raises(ValueError, match=says):
        fitted.score(change(attacked.frame))


def test_fit_takes_nothing_but_recordings():
    assert list(inspect.signature(Pipeline.fit).parameters) == ["self", "recordings"]


def test_a_label_of_nothing_changes_nothing(small):
    with_label, without = (
        Pipeline(("kmeans", "pca"), startup=0).fit(replace(small, label=label))
        for label in (small.frame["P101"] > 9, None)
    )
    assert with_label.thresholds_ == without.thresholds_


def test_budget_is_kept_within_reason_on_the_check_block(fitted):
    assert max(fitted.checked_.values()) <= 5  # two alarms in the ten hours of a check part on two days


def test_an_off_delay_of_none_leaves_what_is_above(small):
    held, bare = (Pipeline(("kmeans",), startup=0, off_delay=seconds).fit(small) for seconds in (60, 0))
    assert held.history == bare.history + 60
    assert held.thresholds_ == bare.thresholds_ and held.checked_["kmeans"] <= bare.checked_["kmeans"]


def test_a_frame_with_other_tags_is_refused_with_the_difference(fitted, part):
    with pytest.raises(ValueError, match="it lacks LIT101, it has in addition LIT999"):
        fitted.score(part.rename(columns={"LIT101": "LIT999"}))


@pytest.fixture(scope="module")
def short(normal):
    """Twenty hours."""
    return normal.between(end="2015-12-23 20:00")


@pytest.fixture(scope="module")
def half(normal):
    """Twelve hours."""
    return normal.between(end="2015-12-23 12:00")


@pytest.fixture(scope="module")
def whole(half):
    return Pipeline(("guard", "pca", "forecast"), startup=0).fit(half)


@pytest.mark.parametrize("begins", [0.2, 0.6, 0.9], ids=["fit", "thresholds", "check"])
def test_a_hole_in_the_normal_days_moves_no_threshold_and_raises_no_alarm(half, whole, begins):
    rows, first = len(half.frame), round(begins * len(half.frame))
    kept = np.r_[0:first, first + 3_600 : rows]
    holed = replace(half, frame=half.frame.iloc[kept], label=half.label.iloc[kept])
    pieces = Pipeline(whole.detectors, startup=0).fit(holed)
    assert pieces.thresholds_ == pytest.approx(whole.thresholds_, rel=0.5, abs=0.5)  # the guard counts in bits
    assert max(pieces.checked_.values()) < 24
    assert pieces.models_["guard"].scale_.max() < 2 * whole.models_["guard"].scale_.max()


def shredded(recording, rows):
    """The recording with an hour left out after every so many rows."""
    index = recording.frame.index + pd.to_timedelta(np.arange(len(recording.frame)) // rows, "h")
    return replace(recording, frame=recording.frame.set_axis(index), label=None)


def test_holes_cut_the_days_alike_in_any_company(short):
    days = shredded(short, 1_440)
    alone, beside = (Pipeline(names, startup=0).fit(days) for names in (("kmeans",), ("guard", "kmeans")))
    assert beside.thresholds_["kmeans"] == alone.thresholds_["kmeans"]


@pytest.mark.parametrize("lacking", [slice(30_000, 30_500), slice(-20, None)], ids=["amid", "at the end"])
def test_rows_that_lack_a_reading_are_a_hole_to_the_checks(normal, lacking):
    frame = normal.frame.iloc[:60_000].copy()
    frame.iloc[lacking, frame.columns.get_loc("AIT202")] = np.nan
    holed, whole = (Checks(("dwell", "move")).fit(each) for each in (frame, normal.frame.iloc[:60_000]))
    assert [unit for *_, unit in holed.checks_[1].limits_] == pytest.approx(
        [unit for *_, unit in whole.checks_[1].limits_]
    )


def test_normal_days_in_shreds_are_refused(normal):
    with pytest.raises(
        ValueError, match=r"have 172 gaps, and no segment of more than 1,258 rows without one; give more normal days"
    ):
        Pipeline(("guard",), startup=0).fit(shredded(normal, 500))


def test_a_tag_without_a_reading_in_a_part_is_named(normal):
    frame = normal.frame.copy()
    frame.loc[frame.index[: len(frame) // 2], "FIT201"] = np.nan
    with pytest.raises(
        ValueError, match="FIT201 has no reading in the part of the normal days that fits the detectors"
    ):
        Pipeline(("pca",), startup=0).fit(replace(normal, frame=frame))


def test_no_detector_is_refused(normal):
    with pytest.raises(ValueError, match="there is no detector to fit; name one or more of guard, ocsvm"):
        Pipeline(()).fit(normal)


@pytest.mark.parametrize(("hours", "startup", "needed"), [(1, 6 * 3_600, 2.3), (2, 6 * 3_600, 2.3), (1, 0, 1.7)])
def test_too_few_normal_hours_are_refused_with_how_many_it_takes(normal, hours, startup, needed):
    said = f"fitted on {needed} hours of normal rows or more, and {hours}.0 hours were given"
    with pytest.raises(ValueError, match=said):
        Pipeline(("pca",), startup=startup).fit(normal.between("2015-12-23 00:00", f"2015-12-23 0{hours}:00"))


def test_thresholds_are_set_on_what_is_scored_of_all_rows_after_those_of_the_fit(half, whole):
    unseen, scores = slice(round(0.5 * len(half.frame)), None), whole.score(half.frame)
    for name in whole.detectors:
        decisive = on_delayed(scores[name, "score"].to_numpy(np.float64), *whole.on_delay)
        assert block_maxima(decisive[unseen]).tolist() == whole.maxima_[name]


def test_the_check_part_is_judged_with_a_threshold_set_without_it(short):
    pipeline = Pipeline(("guard",), startup=0, budget=8.0).fit(short)
    score = pipeline.score(short.frame)["guard", "score"].to_numpy(np.float64)
    parts = np.round(np.array([0.5, 0.8]) * len(score)).astype(int)
    _, calibrate, check = np.split(on_delayed(score, *pipeline.on_delay), parts)
    level = threshold(block_maxima(calibrate), 8.0, blocks_per_day(calibrate), pipeline.models_["guard"].tail_scale)
    levels = (level, pipeline.thresholds_["guard"])
    without, anew = (alarms_per_day(check, each, hold=pipeline.hold) for each in levels)
    assert pipeline.checked_["guard"] == without != anew


def test_the_hours_that_are_asked_for_are_enough(normal):
    assert Pipeline(("pca",), startup=0).fit(normal.between("2015-12-23 00:00", "2015-12-23 01:42")).thresholds_


def test_four_normal_hours_fit_and_say_what_was_left_out_and_can_not_be_told(normal):
    pipeline = Pipeline(("guard", "pca")).fit(normal.between("2015-12-23 00:00", "2015-12-23 04:00"))
    said = "Of 4.0 normal hours the first quarter is left out as start-up, not the 6 h of a longer recording; "
    assert pipeline.caveat.startswith(said) and ". 1.5 h of calibration can't tell 1 from" in pipeline.caveat
    assert all(10 <= len(maxima) <= 12 for maxima in pipeline.maxima_.values())


def test_a_saved_pipeline_scores_the_same(fitted, part, at_once, tmp_path):
    again = Pipeline.load(fitted.save(tmp_path / "pipeline"))
    pd.testing.assert_frame_equal(again.score(part), at_once, check_exact=True)
    assert again == fitted


def test_saving_again_replaces_and_leaves_nothing_behind(fitted, tmp_path):
    for _ in range(2):
        fitted.save(tmp_path / "pipeline")
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline"]


def test_a_folder_with_something_else_is_not_overwritten(fitted, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else than a pipeline"):
        fitted.save(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_changed_or_foreign_file_is_refused(fitted, tmp_path):
    folder = fitted.save(tmp_path / "pipeline")
    (folder / "pca.skops").write_bytes(b"changed")
    with pytest.raises(ValueError, match=r"pca.skops is missing or is not the file that was saved"):
        Pipeline.load(folder)
    saved = json.loads((folder / "pipeline.json").read_text()) | {"format": 0}
    (folder / "pipeline.json").write_text(json.dumps(saved))
    with pytest.raises(ValueError, match=f"was saved with format 0, this is {SAVED_FORMAT}"):
        Pipeline.load(folder)
    with pytest.raises(ValueError, match=r"holds no pipeline.json"):
        Pipeline.load(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-200],
        lambda text: "[]",
        lambda text: "",
        lambda text: text.replace('"tags"', '"tag"'),
        lambda text: text.replace('"budget": 1.0', '"budget": 2.0'),
    ],
)
def test_a_damaged_description_is_one_sentence(fitted, tmp_path, damage):
    description = fitted.save(tmp_path / "pipeline") / "pipeline.json"
    description.write_text(damage(description.read_text()))
    with pytest.raises(ValueError, match=r"pipeline.json is damaged; fit the pipeline anew"):
        Pipeline.load(tmp_path / "pipeline")


def test_detectors_that_are_no_default_go_through_save_and_load_too(small, tmp_path):
    others = [name for name in DETECTORS if name not in DEFAULT]
    pipeline = Pipeline((*others, "pyod:PCA"), startup=0).fit(small)
    again = Pipeline.load(pipeline.save(tmp_path / "one"))
    rows = small.frame.iloc[:2_000]
    pd.testing.assert_frame_equal(again.score(rows), pipeline.score(rows), check_exact=True)


def test_large_attacks_of_the_first_day_are_found(scored, attacked):
    event = attacked.events.set_index("attack").loc[8]
    alarms = scored.xs("alarm", axis=1, level=1).loc[event["start"] : event["end"]]
    assert np.count_nonzero(alarms.any()) >= 4
