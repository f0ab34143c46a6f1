import numpy as np
import pandas as pd
import pytest

from swatlib.plant import ACTUATORS, CLOSED, FLOWS, GAUGED_TANKS, OFF, ON, OPEN, TAG_NAMES, TAGS
from swatlib.simulation import Attack, simulate
from swatlib.simulation.parameters import PARAMETERS

STEADY = slice(pd.Timestamp("2015-12-23 06:00"), pd.Timestamp("2015-12-28 10:00"))


@pytest.fixture(scope="module")
def steady(whole_2015):
    """The normal days after the start-up."""
    return whole_2015.frame.loc[STEADY]


def starts(tag, code=ON):
    """Seconds at which `tag` takes `code`."""
    is_on = (tag == code).to_numpy()
    return np.flatnonzero(is_on[1:] & ~is_on[:-1]) + 1


def runs(tag, code=ON):
    """Lengths in seconds of the whole stretches with `code`."""
    edges = np.flatnonzero(np.diff((tag == code).astype(int)))
    first = 0 if not (tag == code).iloc[0] else 1
    return np.diff(edges)[first::2]


def residual(readings):
    """Readings less their centred mean over 61 s."""
    return (readings - readings.rolling(61, center=True).mean()).dropna()


# --- the plant at rest and in its cycle


def test_frame_has_51_float_columns_in_plant_order(whole_2015):
    frame = whole_2015.frame
    assert frame.columns.to_list() == list(TAG_NAMES)
    assert set(frame.dtypes) == {np.dtype("float32")}
    assert frame.index.name == "time" and len(frame) == 946_719
    assert frame.notna().all(axis=None)


def test_actuators_show_their_codes_and_no_other(whole_2015):
    frame = whole_2015.frame
    assert all(set(frame[name].unique()) <= set(TAGS[name].codes) for name in ACTUATORS)


def test_pumps_not_in_use_stay_off_in_the_normal_week(steady):
    unused = ["P102", "P201", "P202", "P204", "P206", "P401", "P403", "P404", "P502", "P601", "P603"]
    assert (steady[unused] == OFF).all(axis=None)


def test_t101_fills_once_or_twice_in_a_cycle(steady):
    shut = runs(steady.MV101, CLOSED)
    assert np.quantile(shut, [0.05, 0.95]) == pytest.approx([664, 1186], rel=0.05)
    assert 0.2 < np.mean(shut < 900) < 0.9


def test_ultrafiltration_starts_every_32_or_40_minutes(steady):
    minutes = np.diff(starts(steady.P302)) / 60
    assert np.median(minutes[minutes < 36]) == pytest.approx(32.2, rel=0.05)
    assert np.median(minutes[minutes > 36]) == pytest.approx(40.4, rel=0.05)


@pytest.mark.parametrize(
    ("tag", "mean"),
    {"LIT101": 592, "LIT301": 900.5, "LIT401": 894.9, "DPIT301": 16.5, "FIT101": 1.83, "FIT201": 1.83, "FIT301": 1.85,
     "AIT201": 259.4, "AIT202": 8.389, "AIT203": 328.9, "AIT401": 148.806, "AIT402": 153.96, "AIT501": 7.853,
     "AIT502": 144.8, "AIT503": 264, "AIT504": 12.87, "FIT401": 1.7294, "FIT501": 1.7399, "FIT502": 1.3031,
     "FIT503": 0.7307, "FIT504": 0.306, "PIT501": 247.3, "PIT502": 1.26, "PIT503": 186.5}.items(),
)  # fmt: skip
def test_means_are_within_5_percent_of_the_recorded_ones(steady, tag, mean):
    assert steady[tag].mean() == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize(("tag", "sd"), [("LIT301", 71), ("LIT401", 60.8), ("DPIT301", 6.7), ("FIT301", 0.81)])
def test_swings_are_within_6_percent_of_the_recorded_ones(steady, tag, sd):
    assert steady[tag].std() == pytest.approx(sd, rel=0.06)


@pytest.mark.parametrize(
    ("tag", "share"), [("MV101", 0.725), ("P101", 0.748), ("MV201", 0.74), ("P302", 0.833), ("MV302", 0.80)]
)
def test_duty_cycles_are_within_three_points_of_the_recorded_ones(steady, tag, share):
    assert (steady[tag] == 2).mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("tag", "low", "high"), [("LIT101", 489, 815.6), ("LIT301", 787.5, 1013.0), ("LIT401", 775.3, 1001.9)]
)
def test_levels_turn_where_the_recorded_ones_do(steady, tag, low, high):
    assert [steady[tag].min(), steady[tag].max()] == pytest.approx([low, high], abs=6)


def test_tanks_fill_and_drain_at_the_recorded_slopes(steady):
    filling = (steady.MV101 == OPEN) & (steady.P101 == OFF)
    draining = (steady.MV101 == CLOSED) & (steady.P101 == ON)
    half_minute = steady.LIT101.diff(60)
    whole = {name: mask.rolling(150).min() == 1 for name, mask in (("up", filling), ("down", draining))}
    assert half_minute[whole["up"]].mean() / 60 == pytest.approx(0.4879, rel=0.03)
    assert half_minute[whole["down"]].mean() / 60 == pytest.approx(-0.4821, rel=0.03)


@pytest.mark.parametrize("tank", GAUGED_TANKS, ids=lambda tank: tank.name)
def test_levels_follow_the_flows(steady, tank):
    arriving = sum(
        flow.gain * steady[flow.meter] * _open(steady, flow.path) for flow in FLOWS if flow.sink == tank.name
    )
    leaving = sum(steady[flow.meter] for flow in FLOWS if flow.source == tank.name)
    balance = ((arriving - leaving) / 3.6 / tank.area).cumsum()
    error = (steady[tank.level] - balance).diff(600).dropna()
    lags = (getattr(PARAMETERS["2015"], f"{tank.level.lower()}_{way}") for way in ("rising", "falling"))
    assert error.abs().quantile(0.99) < 0.48 * sum(lags)  # mm/s: as fast as a tank fills or drains


def _open(frame, path):
    return np.logical_and.reduce([frame[valve] == position for valve, position in path] or [True])


def test_ro_flows_balance_in_every_state(whole_2015):
    frame = whole_2015.frame.loc["2015-12-28 10:00":"2015-12-29 10:00"]
    attacked = whole_2015.label.loc[frame.index].rolling(700).max()[::-1].rolling(60).max()[::-1] == 1
    error = frame.FIT501 + frame.FIT504 - frame.FIT503 - frame.FIT502
    assert error[~attacked].rolling(600).mean().dropna().between(0, 0.022).all()


def test_backwash_sequence_keeps_its_times(steady):
    assert np.median(runs(steady.P602)) == pytest.approx(31, abs=1)
    assert np.median(starts(steady.MV303, OPEN)[:50] - starts(steady.P602)[:50]) == pytest.approx(-1, abs=1)
    off = runs(steady.P302, OFF)
    assert np.median(off[off < 200]) == pytest.approx(115, abs=2)
    assert np.median(runs(steady.MV302, CLOSED)[runs(steady.MV302, CLOSED) < 200]) == pytest.approx(139, abs=12)


@pytest.mark.parametrize(
    ("valve", "seconds"), [("MV101", 8.2), ("MV201", 7.4), ("MV301", 6.6), ("MV302", 7), ("MV303", 8.3), ("MV304", 7.5)]
)
def test_valves_travel_as_long_as_recorded(steady, valve, seconds):
    assert np.median(runs(steady[valve], 0)) == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize("pump", ["P203", "P205"])
def test_dosing_follows_p101_by_9_to_10_seconds(steady, pump):
    delay = starts(steady[pump])[:60] - starts(steady.P101)[:60]
    assert set(delay) <= {8, 9, 10, 11} and 9 <= np.median(delay) <= 10


def test_pit502_is_high_by_day_and_low_at_night(steady):
    hours = steady.PIT502.groupby(steady.index.hour).mean()
    assert hours.loc[10:17].to_list() == pytest.approx([1.55] * 8, abs=0.05)
    assert hours.loc[[22, 23, 0, 1, 2, 3, 4, 5]].to_list() == pytest.approx([0.95] * 8, abs=0.05)


def test_membrane_fouls_by_0_19_kpa_a_day(steady):
    filtering = steady.DPIT301[(steady.MV302 == OPEN) & (steady.MV304 == CLOSED) & (steady.P302 == ON)]
    days = filtering.resample("1D").median().iloc[1:-1]
    assert np.diff(days) == pytest.approx(0.19, abs=0.05)


def test_start_up_takes_as_long_as_recorded(whole_2015):
    frame = whole_2015.frame.iloc[:21_600]
    assert frame.LIT101.iloc[0] == pytest.approx(124.3, abs=1)
    assert frame.LIT101.iloc[998] == pytest.approx(253.8, rel=0.1)  # on later days more comes in than goes out
    begun = {"P101": 282, "P302": 9 * 60, "P402": 14 * 60}
    assert {tag: starts(frame[tag])[0] for tag in begun} == pytest.approx(begun, rel=0.06)
    full = [
        np.flatnonzero(frame.LIT301 > 1000)[0],
        starts(frame.MV101, CLOSED)[0],
        np.flatnonzero(frame.LIT401 > 1000)[0],
    ]
    # T101 fills 14 minutes sooner than recorded, for the same reason
    assert np.array(full) / 3600 == pytest.approx([3.2, 4.4, 4.75], rel=0.06)


# --- the transmitters

TOO_NOISY = {"AIT201", "AIT504", "FIT301", "PIT502"}  # so that their changes are as large as recorded
TOO_QUIET = {"LIT401"}  # so that T401 is full as often as recorded before the membrane is washed

HOLD = {"FIT101": .11, "LIT101": .06, "AIT201": .98, "AIT202": .90, "AIT203": .94, "FIT201": .66, "DPIT301": .55,
        "FIT301": .66, "LIT301": .08, "AIT401": 1.0, "AIT402": .91, "FIT401": .65, "LIT401": .08, "AIT501": .95,
        "AIT502": .91, "AIT503": .93, "AIT504": .93, "FIT501": .69, "FIT502": .15, "FIT503": .81, "FIT504": .77,
        "PIT501": .76, "PIT502": .93, "PIT503": .78}  # fmt: skip
NOISE = {"LIT101": .8, "LIT301": .79, "LIT401": .72, "AIT201": .030, "AIT202": .0014, "AIT203": .057, "FIT201": .0016,
         "DPIT301": .05, "FIT301": .0016, "AIT402": .089, "FIT401": .0019, "AIT501": .0007, "AIT502": .086,
         "AIT503": .125, "AIT504": .070, "FIT501": .0017, "FIT502": .0130, "FIT503": .0008, "FIT504": .0008,
         "PIT501": .158, "PIT502": .029, "PIT503": .141}  # fmt: skip


@pytest.fixture(scope="module")
def filtering(steady):
    """A quarter of an hour in which all stages run undisturbed, twenty times."""
    quiet = (steady.P101 == ON) & (steady.MV101 == OPEN) & (steady.MV304 == CLOSED) & (steady.P302 == ON)
    ends = np.flatnonzero((quiet.rolling(1100).min() == 1) & (quiet.rolling(1100).min().shift(-1) != 1))
    return [steady.iloc[end - 900 : end + 1].astype("float64") for end in ends[:20]]


def test_readings_are_held_as_often_as_recorded(filtering):
    held = {tag: np.mean([(part[tag].diff().iloc[1:] == 0).mean() for part in filtering]) for tag in HOLD}
    off = {tag for tag in HOLD if abs(held[tag] - HOLD[tag]) > 0.04}
    assert off <= {"FIT301", "PIT501"}


def test_noise_has_the_recorded_size(filtering):
    noise = {tag: np.sqrt(np.mean([residual(part[tag]).var() for part in filtering])) for tag in NOISE}
    ratio = {tag: noise[tag] / NOISE[tag] for tag in NOISE}
    assert {tag for tag in NOISE if ratio[tag] > 1.25} <= TOO_NOISY
    assert {tag for tag in NOISE if ratio[tag] < 0.75} <= TOO_QUIET
    assert all(0.5 < part < 2 for part in ratio.values())


def test_noise_is_correlated(filtering):
    rho = {
        tag: np.mean([residual(part[tag]).autocorr() for part in filtering]) for tag in ("LIT301", "FIT401", "PIT501")
    }
    assert rho == pytest.approx({"LIT301": 0.95, "FIT401": 0.88, "PIT501": 0.91}, abs=0.05)


def test_readings_are_multiples_of_their_resolution(steady):
    multiples = steady.LIT301.astype("float64") / 0.04
    assert np.abs(multiples - multiples.round()).max() < 0.01


def test_meter_of_a_dry_pipe_reads_zero(steady):
    assert steady.FIT201[(steady.P101 == OFF).rolling(60).min() == 1].max() == 0


# --- June 2017, and dosing


@pytest.fixture(scope="module")
def june():
    """Two days at the operating point of June 2017, after one of start-up."""
    return simulate("3 days", attacks=None, parameters="2017", start="2017-06-12").frame.iloc[86_400:]


def test_june_2017_runs_the_other_pumps_at_the_other_figures(june):
    assert (june.P302 == OFF).all() and (june.P402 == OFF).all()
    minutes = {tag: np.diff(starts(june[tag])).max() / 60 for tag in ("P101", "MV101", "P602")}
    assert minutes == pytest.approx({"P101": 49, "MV101": 40, "P602": 60}, rel=0.07)
    figures = {
        **{"LIT101": 691, "LIT401": 876, "FIT401": 1.647, "FIT502": 1.352, "FIT503": 0.609, "FIT504": 0.316},
        **{"AIT203": 342, "AIT402": 179, "AIT501": 7.28, "AIT502": 208, "PIT501": 262, "PIT503": 184},
    }
    assert june[list(figures)].mean().to_dict() == pytest.approx(figures, rel=0.05)


def test_june_2017_acid_holds_the_ph_near_7(june):
    flowing = june.AIT202[(june.P101 == ON).rolling(600).min() == 1]
    assert flowing.between(6.8, 7.3).all()
    assert np.median(np.diff(starts(june.P203))) == pytest.approx(1.9 * 60, rel=0.2)


def test_salt_dosing_raises_ait503():
    attacks = [Attack("AIT201 spoof 240; AIT503 spoof 250", start=7_200, duration="8min")]
    dosed, plain = (simulate("3h", attacks=list_).frame for list_ in (attacks, None))
    assert (dosed.P201 == ON).sum() > 400
    assert (dosed.AIT503 - plain.AIT503).iloc[-1200:].max() == pytest.approx(29, abs=8)
