"""Every attack of 2015, done in the simulated plant, has the consequence that was observed in the real one."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from swatlib.plant import CLOSED, OFF, ON, OPEN, TAG_NAMES
from swatlib.simulation import simulate
from swatlib.simulation.attacks import Attack, attacks_2015

Scene = namedtuple("Scene", "before during after")
MINUTE = pd.Timedelta("1min")


@pytest.fixture(scope="module")
def scene(whole_2015):
    """Function from an attack's number to its minute before, its rows, and the three minutes after."""
    events = whole_2015.events.set_index("attack")

    def cut(number):
        start, end = events.loc[number, ["start", "end"]]
        bounds = (start - MINUTE, start), (start, end), (end, end + 3 * MINUTE)
        return Scene(*(whole_2015.between(*bound).frame for bound in bounds))

    return cut


def slope(level, seconds):
    """mm/s over `seconds` after the first 50, a minute averaged at both ends."""
    part = level.iloc[50 : seconds + 50]
    return (part.iloc[-60:].mean() - part.iloc[:60].mean()) / (len(part) - 60)


def ever(tag, code):
    return bool((tag == code).any())


def always(tag, code):
    return bool((tag == code).all())


def test_attack_1_opens_mv101_and_overfills_t101(scene):
    before, during, _ = scene(1)
    assert before.MV101.iloc[-1] == CLOSED and always(during.MV101.iloc[10:], OPEN)
    still, drawn = ((during.P101.iloc[10:] == code).sum() for code in (OFF, ON))
    assert during.LIT101.max() - before.LIT101.iloc[-1] == pytest.approx(0.48 * still + 0.016 * drawn, abs=12)
    assert 820 < during.LIT101.max() < 1000  # on normal days it stays below 816
    assert during.FIT101.iloc[30:].mean() == pytest.approx(2.54, abs=0.05)


def test_attack_2_runs_p102_beside_p101(scene):
    _, during, _ = scene(2)
    assert always(during.P101, ON) and always(during.P102, ON)
    assert 2.79 < during.FIT201.iloc[20:].mean() < 2.82
    assert slope(during.LIT101, 300) == pytest.approx(-0.55, abs=0.02)


def test_attack_3_freezes_then_ramps_lit101_until_mv101_shuts(scene):
    before, during, after = scene(3)
    assert during.LIT101.iloc[:91].nunique() == 1
    assert np.diff(during.LIT101.iloc[100:].astype(float)) == pytest.approx(0.927, abs=1e-3)
    assert during.LIT101.iloc[-1] == pytest.approx(917, abs=20)
    assert always(before.MV101, OPEN) and during.MV101.iloc[-1] == CLOSED
    assert after.LIT101.iloc[0] == pytest.approx(749, abs=20)


def test_attack_6_spoofs_ait202_and_stops_p203(scene):
    before, during, after = scene(6)
    assert always(during.AIT202, 6) and always(during.P203, OFF)
    assert before.P203.iloc[-1] == ON and after.P203.iloc[10] == ON
    assert after.AIT202.iloc[0] == pytest.approx(before.AIT202.median(), abs=0.1)


def test_attack_7_shuts_mv201_and_drains_t301(scene):
    before, during, after = scene(7)
    assert always(during.LIT301, 1200)
    assert always(during.MV201.iloc[10:], CLOSED) and always(during.P101.iloc[1:], OFF)
    assert during.FIT201.iloc[30:].max() < 0.01
    assert slope(during.LIT101, 360) == pytest.approx(0.488, abs=0.01)
    assert before.LIT301.iloc[-1] - after.LIT301.iloc[0] == pytest.approx(190, abs=20)


def test_attack_8_backwashes_every_163_seconds_and_empties_t401(scene):
    before, during, after = scene(8)
    starts = np.flatnonzero(np.diff((during.P602 == ON).astype(int)) == 1)
    assert len(starts) == 6
    assert np.diff(starts) == pytest.approx(163, abs=5) and np.diff(starts).mean() == pytest.approx(163, abs=2)
    assert before.LIT401.iloc[-1] - after.LIT401.iloc[0] == pytest.approx(316, abs=30)
    assert during.LIT301.max() == pytest.approx(1009, abs=8)


def test_attack_10_moves_fit401_alone(scene):
    before, during, _ = scene(10)
    assert always(during.FIT401, np.float32(0.7)) and always(during.UV401, ON) and always(during.P501, ON)
    assert during.FIT501.mean() == pytest.approx(before.FIT501.mean(), abs=0.005)


@pytest.mark.parametrize("number", [11, 40])
def test_attacks_11_and_40_trip_lamp_and_high_pressure_pump(scene, number):
    before, during, after = scene(number)
    settled = during.iloc[-60:]
    assert during.UV401.iloc[0] == OFF and always(during.P501.iloc[3:], OFF) and always(during.P402, ON)
    assert settled[["FIT501", "FIT502", "FIT503", "FIT504"]].mean().to_list() == pytest.approx(
        [1.23, 0.86, 0.34, 0.0], abs=0.04
    )
    assert settled[["PIT501", "PIT503"]].mean().to_list() == pytest.approx([165, 135], abs=2)
    assert during.AIT402.iloc[-1] > before.AIT402.iloc[-1] + 80
    assert during.AIT504.max() == pytest.approx(before.AIT504.mean() + 5.3, abs=0.8)
    assert always(after.UV401.iloc[5:], ON) and always(after.P501.iloc[5:], ON)


def test_attack_11_lets_the_chlorine_through(scene):
    before, during, after = scene(11)
    assert during.AIT402.iloc[-1] == pytest.approx(297, abs=15)
    assert during.AIT502.iloc[-1] == pytest.approx(271, abs=20)
    assert during.AIT501.iloc[-1] - before.AIT501.iloc[-1] == pytest.approx(0.345, abs=0.03)
    assert slope(during.LIT401, 500) > 0.15
    assert after.AIT402.iloc[-1] < 175


def test_attack_16_ramps_lit301_down_and_starts_p101_early(scene):
    before, during, after = scene(16)
    assert np.diff(during.LIT301.astype(float)) == pytest.approx(-0.913, abs=1e-3)
    assert always(before.P101, OFF) and always(during.P101.iloc[60:], ON) and during.MV201.iloc[-1] == OPEN
    assert after.LIT301.iloc[0] == pytest.approx(819, abs=15)


def test_attack_17_holds_the_backwash_at_step_10(scene):
    before, during, _after = scene(17)
    assert always(during.MV303, CLOSED) and always(during.MV301.iloc[30:], OPEN)
    assert always(during.P302, OFF) and always(during.P602, OFF)
    assert before.LIT401.iloc[-1] - during.LIT401.iloc[-1] == pytest.approx(0.338 * 704, abs=15)
    assert during.LIT301.max() == pytest.approx(1012, abs=8) and during.P101.iloc[-1] == OFF
    assert during.LIT101.iloc[-1] > before.LIT101.iloc[-1] + 100


@pytest.mark.parametrize(("number", "value"), [(19, 16), (20, 255)])
def test_attacks_19_and_20_move_ait504_alone(scene, number, value):
    before, during, _ = scene(number)
    assert always(during.AIT504, value)
    assert always(during.P501, ON) and always(during.UV401, ON)
    assert during.PIT501.mean() == pytest.approx(before.PIT501.mean(), abs=1)


def test_attack_21_spoofs_lit101_while_the_tank_hardly_moves(scene):
    before, during, after = scene(21)
    assert always(during.LIT101, 700) and always(during.MV101.iloc[10:], OPEN) and always(during.P101, ON)
    assert after.LIT101.iloc[0] == pytest.approx(before.LIT101.iloc[-1] + 10, abs=15)


def test_attack_22_switches_the_lamp_off_and_hides_it_on_ait502(scene):
    _, during, after = scene(22)
    assert always(during.UV401, OFF) and always(during.AIT502, 150) and always(during.P501.iloc[3:], OFF)
    assert during.FIT401.iloc[-60:].mean() == pytest.approx(1.22, abs=0.02)
    assert during.AIT402.iloc[-1] == pytest.approx(282, abs=15)
    assert after.AIT502.iloc[0] == pytest.approx(257, abs=30)


def test_attack_23_freezes_the_ultrafiltration_at_step_9(scene):
    before, during, after = scene(23)
    assert always(during.DPIT301, 45) and always(during.MV302, OPEN)
    assert always(during.P302.iloc[5:], OFF) and always(during.P602, OFF)
    assert before.LIT401.iloc[-1] - after.LIT401.iloc[0] == pytest.approx(237, abs=20)
    assert during.LIT301.max() == pytest.approx(1010, abs=8) and during.P101.iloc[-1] == OFF
    assert during.LIT101.iloc[-1] == pytest.approx(789, abs=50)


def test_attack_24_stops_the_dosing_and_hardly_shows(scene):
    before, during, _ = scene(24)
    assert always(before.P203.iloc[-5:], ON) and always(during.P203, OFF) and always(during.P205, OFF)
    assert during.AIT202.iloc[-1] - before.AIT202.mean() == pytest.approx(0.08, abs=0.03)
    assert during.AIT203.iloc[-1] - before.AIT203.mean() == pytest.approx(-14, abs=4)


def test_attack_25_keeps_the_ultrafiltration_idle(scene):
    before, during, after = scene(25)
    assert always(during.LIT401, 1000) and always(during.P302, OFF) and always(during.P402, ON)
    assert before.LIT401.iloc[-1] - after.LIT401.iloc[0] == pytest.approx(205, abs=10)


def test_attack_26_runs_both_raw_water_pumps_and_fills_t301(scene):
    _before, during, after = scene(26)
    assert always(during.P101, ON) and always(during.P102, ON) and always(during.LIT301, 801)
    assert 2.79 < during.FIT201.iloc[20:].mean() < 2.82
    assert during.LIT101.iloc[-1] == pytest.approx(435, abs=20) and during.MV101.iloc[-1] == OPEN
    assert after.LIT301.iloc[0] > 1000


def test_attack_27_keeps_the_ultrafiltration_running_up_to_1000(scene):
    before, during, _ = scene(27)
    assert always(during.LIT401.iloc[:533], 600) and always(during.P302, ON)
    assert before.LIT401.iloc[-1] == pytest.approx(870, abs=15)
    assert during.LIT401.iloc[-60:].mean() == pytest.approx(1000, abs=15)


def test_attack_28_stops_everything_downstream_for_nine_hours(scene):
    _before, during, _ = scene(28)
    empty = np.flatnonzero(during.P402 == OFF)[0] / 60
    assert always(during.P302, OFF) and empty == pytest.approx(37, abs=2)
    end = during.iloc[-3600:]
    assert (end[["P402", "UV401", "P501", "P101", "P302"]] == OFF).mean().min() > 0.99
    assert always(end.MV304, OPEN) and always(end.MV302, CLOSED)
    assert end[["FIT401", "FIT501", "FIT502", "FIT503", "FIT504"]].median().max() < 0.003
    assert end[["PIT501", "PIT503", "LIT401", "LIT301", "LIT101"]].mean().to_list() == pytest.approx(
        [9.5, 3.4, 248, 1012, 812], abs=8
    )
    assert end[["AIT402", "AIT502"]].iloc[-1].to_list() == pytest.approx([333, 190], abs=20)
    assert end.AIT203.iloc[-1] - during.AIT203.min() == pytest.approx(60, abs=15)
    assert end.AIT501.iloc[-1] == pytest.approx(7.44, abs=0.05)


def test_attack_30_empties_t101_behind_a_constant_reading(scene):
    _before, during, after = scene(30)
    assert always(during.LIT101, 700) and always(during.MV101, CLOSED)
    assert 2.79 < during.FIT201.iloc[30:].mean() < 2.82
    assert after.LIT101.iloc[0] == pytest.approx(190, abs=30)
    assert during.LIT301.iloc[-1] == pytest.approx(935, abs=20)


def test_attack_31_starts_the_ultrafiltration_early(scene):
    before, during, after = scene(31)
    assert always(before.P302.iloc[-10:], OFF) and always(during.P302.iloc[15:], ON) and always(during.LIT401, 600)
    assert before.LIT301.iloc[-1] - after.LIT301.iloc[0] == pytest.approx(150, abs=15)


def test_attack_32_shuts_mv201_and_fills_t101(scene):
    before, during, _ = scene(32)
    assert always(during.LIT301, 1201) and always(during.MV201.iloc[10:], CLOSED) and always(during.P101.iloc[1:], OFF)
    assert during.LIT101.iloc[-1] - before.LIT101.iloc[-1] == pytest.approx(275, abs=20)


def test_attack_33_shuts_mv101_and_drains_t101(scene):
    _before, during, after = scene(33)
    assert always(during.LIT101, 801) and always(during.MV101.iloc[10:], CLOSED) and always(during.P101, ON)
    assert after.LIT101.iloc[0] == pytest.approx(295, abs=15)


def test_attack_34_hands_over_to_p102(scene):
    before, during, after = scene(34)
    assert always(before.P101, ON) and always(during.P101, OFF) and always(during.P102, ON)
    assert during.FIT201.min() > 2.3
    assert always(after.P101, ON) and always(after.P102, OFF)


def test_attack_35_stops_both_raw_water_pumps(scene):
    before, during, _after = scene(35)
    assert always(during.P101, OFF) and always(during.P102, OFF)
    assert (
        during.FIT201.iloc[30:].max() == 0 and always(during.P203.iloc[30:], OFF) and always(during.P205.iloc[30:], OFF)
    )
    assert during.LIT101.iloc[-1] - before.LIT101.iloc[-1] == pytest.approx(217, abs=20)
    assert before.LIT301.iloc[-1] - during.LIT301.iloc[-1] == pytest.approx(190, abs=25)


def test_attack_36_holds_p101_off_and_overfills_t101(scene):
    before, during, after = scene(36)
    assert always(during.LIT101, 244) and always(during.P101, OFF) and always(during.MV101.iloc[10:], OPEN)
    assert after.LIT101.iloc[0] - before.LIT101.iloc[-1] == pytest.approx(250, abs=15)
    assert before.LIT301.iloc[-1] - during.LIT301.iloc[-1] == pytest.approx(230, abs=15)
    assert during.MV201.iloc[-1] == OPEN and during.FIT201.max() < 0.01


def test_attack_37_stops_p501_behind_a_normal_fit502(scene):
    _before, during, after = scene(37)
    settled = during.iloc[60:]
    assert always(during.P501, OFF) and always(during.FIT502, np.float32(1.29))
    assert settled[["FIT401", "FIT501"]].mean().to_list() == pytest.approx([1.25, 1.26], abs=0.04)
    assert settled.PIT501.mean() == pytest.approx(168, abs=6)
    assert always(after.P501.iloc[5:], ON)


def test_attack_38_moves_ait402_and_ait502_alone(scene):
    before, during, _ = scene(38)
    assert always(during.AIT402, 260) and always(during.AIT502, 260)
    pumps = ["P401", "P402", "P403", "P404", "UV401", "P501"]
    assert (during[pumps] == before[pumps].iloc[-1]).all(axis=None)


def test_attack_39_does_not_trip_the_lamp(scene):
    before, during, _ = scene(39)
    assert always(during.FIT401, 0.5) and always(during.AIT502, 140) and always(during.UV401, ON)
    assert during.FIT501.mean() == pytest.approx(before.FIT501.mean(), abs=0.005)


def test_attack_41_overfills_t301_behind_a_slow_ramp(scene):
    _before, during, after = scene(41)
    slopes = np.diff(during.LIT301.astype(float))
    assert slopes[:1183] == pytest.approx(-0.5, abs=1e-3) and (slopes[1184:] > -0.3).all()
    assert always(during.MV201, OPEN) and always(during.P101, ON)
    assert 1010 < after.LIT301.iloc[0] < 1150


@pytest.mark.parametrize("number", [4, 13, 14, 29])
def test_invisible_attacks_leave_no_trace(number):
    attacks = [attack for attack in attacks_2015() if attack.name == number]
    start = attacks[0].start - pd.Timedelta("8h")
    done = simulate("12h", attacks=attacks, start=start)
    assert done.events["attack"].to_list() == [number]
    assert done.label.sum() == attacks[0].duration
    assert done.frame.equals(simulate("12h", attacks=None, start=start).frame)


def test_every_attack_finds_its_condition_within_the_wait(whole_2015):
    begun = whole_2015.events.set_index("attack")["start"]
    waited = {a.name: begun[a.name] - a.start for a in attacks_2015()}
    assert len(waited) == 36
    assert max(waited.values()) < pd.Timedelta("2h") and min(waited.values()) == pd.Timedelta(0)


def test_spoofed_tags_are_tags(whole_2015):
    visible = whole_2015.events.query("visibility != 'invisible'")
    assert len(visible) == 32
    assert set(";".join(visible["points"]).split(";")) <= set(TAG_NAMES)


QUIET = {"start": "2015-12-23", "seed": 7}
AT = 24 * 3600


@pytest.fixture(scope="module")
def undisturbed():
    return simulate("26h", attacks=None, **QUIET).frame


def disturbed(effect, when=""):
    """Rows of the ten minutes in which one effect acts."""
    done = simulate("26h", attacks=[Attack(effect, 600, AT, when=when)], **QUIET)
    return done.between(done.events["start"].item(), done.events["end"].item()).frame


def test_a_bias_moves_a_reading_and_keeps_its_texture(undisturbed):
    rows = disturbed("AIT202 bias 0.002")
    off = rows["AIT202"] - undisturbed["AIT202"].loc[rows.index]
    assert off.median() == pytest.approx(0.002, abs=2e-4)
    assert (rows["AIT202"].diff() == 0).mean() > 0.8


def test_noise_blurs_a_reading_by_its_standard_deviation(undisturbed):
    rows = disturbed("FIT401 noise 0.01")
    assert (rows["FIT401"] - undisturbed["FIT401"].loc[rows.index]).std() == pytest.approx(0.01, rel=0.15)


def test_a_replay_is_what_was_recorded(undisturbed):
    rows = disturbed("AIT503 replay 3000")
    recorded = undisturbed["AIT503"].shift(3_000).loc[rows.index]
    np.testing.assert_array_equal(rows["AIT503"], recorded)


def test_a_slow_sensor_follows_smoothly(undisturbed):
    rows = disturbed("PIT501 slow 20")
    assert rows["PIT501"].diff().abs().mean() < undisturbed["PIT501"].loc[rows.index].diff().abs().mean()
    assert rows["PIT501"].mean() == pytest.approx(undisturbed["PIT501"].loc[rows.index].mean(), abs=0.3)


def test_a_wash_is_a_backwash_before_its_time():
    rows = disturbed("P602 wash", "UF_STEP = 7 and UF_SECONDS > 300")
    assert ((rows["P602"] == ON).sum(), rows["DPIT301"].max() < 25) == (31, True)


def test_what_no_plc_commands_is_off_again_after_it_was_forced():
    done = simulate("26h", attacks=[Attack("P402 force off; P401 force on", 600, AT)], **QUIET)
    after = done.between(done.events["end"].item()).frame
    assert (always(after["P401"], OFF), always(after["P402"].iloc[1:], ON)) == (True, True)


@pytest.mark.parametrize("text", ["MV101 bias 3", "LIT101 wash", "LIT101 replay 90000", "LIT101 bias", "P602 wash 3"])
def test_effects_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match="can't"):
        Attack(text)
