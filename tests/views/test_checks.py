import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from swatlib.arrays import difference, moving_sum, rows_since
from swatlib.plant import CLOSED, OFF, ON, OPEN, TAGS
from swatlib.views.checks import CHECK_KINDS, Checks
from swatlib.views.checks.base import jumps_back


@pytest.fixture(scope="module")
def checks(normal):
    return Checks().fit(normal.frame)


@pytest.fixture
def rows(normal):
    """Three hours in which P101 starts at row 4,700, and runs for 50 minutes."""
    starts = np.flatnonzero(np.diff(normal.frame["P101"]) > 0) + 1
    first = starts[starts > 4_700][0] - 4_700
    return normal.frame.iloc[first : first + 10_800].copy()


def strongest(checks, frame, limits, when=slice(5_000, 5_100)):
    """Tag and kind of the evidence that goes furthest beyond normal days."""
    evidence = checks.transform(frame)[when] / limits
    return checks.names_[np.unravel_index(evidence.argmax(), evidence.shape)[1]]


@pytest.fixture(scope="module")
def limits(checks, normal):
    return np.maximum(np.nanmax(checks.transform(normal.frame), axis=0), 1)


def test_evidence_of_a_piece_with_history_is_that_of_the_whole(checks, normal):
    whole = checks.transform(normal.frame.iloc[:5_000])
    for size in (1, 7, 500):
        piece = checks.transform(normal.frame.iloc[3_000 - checks.history : 3_000 + size])
        np.testing.assert_array_equal(piece[checks.history :], whole[3_000 : 3_000 + size])


def test_so_it_is_where_readings_and_valves_jump_to_and_fro(checks, normal):
    frame, rng = normal.frame.iloc[:8_000].copy(), np.random.default_rng(0)
    for start in rng.integers(0, 8_000, 30):
        for tag, value in {"AIT202": 6.0, "PIT501": 300.0, "MV101": OPEN}.items():
            frame.loc[frame.index[start : start + rng.integers(1, 900)], tag] = value
    whole = checks.transform(frame)
    for start in range(checks.history, 8_000, 50):
        piece = checks.transform(frame.iloc[start - checks.history : start + 1])
        np.testing.assert_array_equal(piece[-1], whole[start])


def test_evidence_sees_no_later_row(checks, rows):
    changed = rows.copy()
    changed.iloc[6_000:] = 0
    np.testing.assert_array_equal(checks.transform(rows)[:6_000], checks.transform(changed)[:6_000])


def test_later_normal_rows_are_hardly_evidence_beyond_what_earlier_ones_taught(normal):
    taught = Checks().fit(normal.frame.iloc[:100_000])
    limits = np.maximum(np.nanmax(taught.transform(normal.frame.iloc[:100_000]), axis=0), 1)
    later = taught.transform(normal.frame.iloc[100_000:])[taught.history :] / limits
    assert (later > 2).any(axis=1).mean() < 1e-3


def spoof(frame, tag, values):
    frame.loc[frame.index[5_000 : 5_000 + len(values)], tag] = np.float32(values)
    return frame


@pytest.mark.parametrize(
    ("tag", "values", "kind"),
    [
        ("AIT202", np.full(300, 6.0), "jump"),
        ("FIT401", np.full(300, 1.2), "jump"),
        ("P102", np.full(300, ON), "dwell"),
        ("UV401", np.full(300, OFF), "dwell"),
        ("LIT301", 900 + np.arange(300) * 1.0, "balance"),
    ],
)
def test_what_is_done_to_a_tag_speaks_of_that_tag(checks, rows, limits, tag, values, kind):
    changed = spoof(rows, tag, values)
    found = {
        name
        for name, most in zip(
            checks.names_, np.nanmax(checks.transform(changed)[5_000:5_300] / limits, axis=0), strict=True
        )
        if most > 2
    }
    assert f"{tag} {kind}" in found


@pytest.mark.parametrize(
    ("jumps", "back"),
    [
        ({}, []),
        ({10: 5}, []),
        ({10: 5, 90: -4}, [90]),
        ({10: 5, 90: 4}, []),
        ({10: 5, 110: -4}, []),  # too late
        ({10: 5, 30: 5, 90: -4}, []),  # of two
        ({10: 5, 60: -5, 90: 5}, [60]),  # to and fro is noise
        ({10: 5, 60: -5, 170: 5}, [60]),
        ({10: 5, 60: -2}, []),  # no jump
    ],
)
def test_a_jump_back_is_one_the_other_way_than_the_only_one_before(jumps, back):
    moves = np.zeros(200)
    moves[list(jumps)] = list(jumps.values())
    assert jumps_back(moves, 3, within=100).tolist() == back


def test_an_attack_begins_with_a_jump_and_ends_without_one(checks, rows, limits):
    changed = checks.transform(spoof(rows, "AIT202", np.full(600, 6.0))) / limits
    of = [name == "AIT202 jump" for name in checks.names_]
    assert changed[5_000, of].min() > 8 and changed[5_600, of].max() == 0


def test_a_frozen_sensor_is_noticed_within_a_minute(checks, rows, limits):
    frozen = spoof(rows, "LIT101", np.full(60, rows["LIT101"].iloc[5_000]))
    assert strongest(checks, frozen, limits, slice(5_000, 5_060)) == "LIT101 freeze"


def test_a_sensor_that_stands_still_for_minutes_on_normal_days_is_watched_too(checks, rows, limits):
    of = checks.names_.index("AIT202 freeze")
    frozen = spoof(rows, "AIT202", np.full(600, rows["AIT202"].iloc[5_000]))
    assert 8 * limits[of] > 120 and checks.transform(frozen)[5_599, of] > 2 * limits[of]


@pytest.mark.parametrize(("tag", "slope"), [("FIT401", 6e-5), ("PIT503", -0.008), ("LIT101", 0.5)])
def test_a_made_up_ramp_is_noticed_by_the_noise_it_lacks(checks, rows, limits, tag, slope):
    ramp = spoof(rows, tag, rows[tag].iloc[5_000] + slope * np.arange(300))
    of = checks.names_.index(f"{tag} freeze")
    evidence = checks.transform(ramp)[:, of] / limits[of]
    assert evidence[5_000] < 1 and evidence[5_299] > 1.5


def test_a_made_up_ramp_of_a_reading_that_seldom_changes_takes_no_step_back(checks, rows, limits):
    ramp = spoof(rows, "AIT401", rows["AIT401"].iloc[5_000] + 6e-4 * np.arange(600))
    of = checks.names_.index("AIT401 trend")
    evidence = checks.transform(ramp)[:, of] / limits[of]
    assert evidence[5_000] <= 1 and evidence[5_599] > 1.5


def test_a_missing_reading_is_no_straight_line(checks, rows):
    rows.loc[rows.index[5_000:5_100], "LIT101"] = np.nan
    assert checks.transform(rows)[5_100, checks.names_.index("LIT101 freeze")] == 0


def test_a_stand_by_pump_that_takes_over_is_no_evidence(checks, rows, limits):
    changed = rows.copy()
    both = changed.loc[changed.index[5_000:5_300], ["P101", "P102"]].to_numpy()
    changed.loc[changed.index[5_000:5_300], ["P101", "P102"]] = both[:, ::-1]
    assert np.nanmax(checks.transform(changed)[5_000:5_300] / limits) <= 1


def test_dosing_that_stops_while_water_runs_lasts_too_long(checks, rows, limits):
    changed = spoof(spoof(rows, "P203", np.full(60, OFF)), "P205", np.full(60, OFF))
    assert strongest(checks, changed, limits, slice(5_000, 5_060)) in ("P203 dwell", "P205 dwell")


def test_a_valve_that_opens_at_the_wrong_level_is_noticed_at_once(checks, rows, limits):
    shut = np.flatnonzero((rows["MV101"] == CLOSED) & (rows["LIT101"] > 650))
    first = shut[shut > 2_000][50]
    rows.iloc[first : first + 5, rows.columns.get_loc("MV101")] = 0
    assert strongest(checks, rows, limits, slice(first, first + 1)) == "MV101 move"


@pytest.mark.parametrize("level", [400, 300])
def test_a_valve_that_opens_late_does_what_is_right(checks, rows, limits, level):
    shut = np.flatnonzero((rows["MV101"] == CLOSED) & (rows["LIT101"] > 650))
    first = shut[shut > 2_000][50]
    rows.iloc[first : first + 5, rows.columns.get_loc("MV101")] = 0
    rows.iloc[first : first + 5, rows.columns.get_loc("LIT101")] = level
    of = checks.names_.index("MV101 move")
    assert checks.transform(rows)[first, of] == 0


def test_a_reading_that_jumps_back_does_not_creep(checks, rows):
    flat = rows.iloc[[5_000] * 3_000].set_axis(rows.index[:3_000])
    flat.iloc[1_500:2_000, flat.columns.get_loc("AIT202")] = 6.0
    creep = checks.transform(flat)[:, checks.names_.index("AIT202 creep")]
    assert creep[1_499] == creep[1_900] == creep[2_000:].max() == 0 and creep[1_510] > 0


def test_water_adds_up_by_the_time_between_rows(normal):
    tenth = normal.frame.iloc[::10]
    balance = Checks(("balance",)).fit(tenth)
    short = slice(len(balance.names_) // 2)  # over the longer span T301 gains more than its meters say
    by_time = np.nanquantile(balance.transform(tenth)[:, short], 0.9, axis=0)
    balance.checks_[0].seconds_ = 1.0
    assert (by_time < np.nanquantile(balance.transform(tenth)[:, short], 0.9, axis=0) / 4).all()


def test_every_column_names_its_tag_and_kind(checks):
    assert (
        len(checks.names_)
        == len(checks.tag_of_)
        == checks.transform(pd.DataFrame(0.0, range(3), checks.tags_)).shape[1]
    )
    assert {name.split()[1] for name in checks.names_} == set(CHECK_KINDS)
    assert set(checks.tag_of_) <= set(TAGS)


@pytest.mark.parametrize("kind", CHECK_KINDS)
def test_every_kind_works_alone_and_on_a_plant_with_fewer_tags(normal, kind):
    few = normal.frame[["FIT101", "LIT101", "MV101", "P101", "FIT201"]]
    alone = Checks((kind,)).fit(few)
    evidence = alone.transform(few.iloc[:3_000])
    assert evidence.shape == (3_000, len(alone.tag_of_))
    assert np.isfinite(evidence[alone.history :]).all()


def test_an_unknown_kind_is_refused(normal):
    with pytest.raises(ValueError, match="there is no check 'jmup'; choose from jump"):
        Checks(("jmup",)).fit(normal.frame)


def test_a_long_hole_has_no_evidence(checks, rows):
    rows.iloc[5_000:5_100, 0] = np.nan
    missing = np.isnan(checks.transform(rows)).any(axis=1)
    assert (missing[checks.history : 5_000 + checks.carry].any(), missing[5_000 + checks.carry : 5_100].all()) == (
        False,
        True,
    )


def test_checks_survive_json(checks, normal):
    again = Checks.from_dict(json.loads(json.dumps(checks.to_dict())))
    part = normal.frame.iloc[:2_000]
    np.testing.assert_array_equal(again.transform(part), checks.transform(part))
    assert again == checks


whole_numbers = arrays.arrays(np.float64, st.tuples(st.integers(1, 70), st.just(2)), elements=st.integers(-9, 9))


@given(whole_numbers, st.integers(0, 5))
def test_a_window_sum_is_the_sum_of_the_last_rows(X, doublings):
    expected = pd.DataFrame(X).rolling(2**doublings, min_periods=1).sum()
    np.testing.assert_array_equal(moving_sum(X, doublings), expected)


@given(whole_numbers, st.integers(1, 30))
def test_rows_since_counts_from_the_last_time(X, most):
    happened = difference(X) != 0
    counts = rows_since(happened, most)
    for row, column in np.ndindex(X.shape):
        last = np.flatnonzero(happened[: row + 1, column])
        assert counts[row, column] == (min(row - last[-1], most) if len(last) else min(row + most, most))
