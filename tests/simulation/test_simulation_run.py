import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swatlib.plant import ACTUATORS, ON, OPEN, TAG_NAMES, TAGS
from swatlib.simulation import Attack, SimulatedPlant, simulate
from swatlib.simulation.attacks import Effect, conditions, table_2015


def test_same_seed_same_rows():
    one, two = (simulate("2h", seed=3) for _ in range(2))
    assert one.frame.equals(two.frame) and one.checksum == two.checksum


def test_other_seed_other_rows():
    assert simulate("1h", seed=3).checksum != simulate("1h", seed=4).checksum


ATTACKS = (
    Attack("LIT101 freeze for 90; LIT101 ramp +0.5 after 90", duration=400, start=700, name="ramp"),
    Attack("P101 force off", duration="5min", start="2016-03-01 00:25", when="P101 = 2 and LIT101 > 262"),
    Attack("FIT201 spoof 1.5; MV201 force closed for 20", duration=60, start=2500),
)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 900), max_size=12))
def test_stepping_gives_the_rows_of_a_whole_run(pieces):
    whole = simulate(3_700, attacks=ATTACKS, seed=5, start="2016-03-01")
    plant = SimulatedPlant(start="2016-03-01", seed=5)
    for attack in ATTACKS:
        plant.attack(attack)
    rows, left = [], len(whole.frame)
    for piece in [*pieces, *[1] * 50]:
        rows.append(plant.run(min(piece, left)))
        left -= len(rows[-1])
    rows.append(plant.run(left))
    assert np.array_equal(np.concatenate(rows), whole.frame.to_numpy())
    assert plant.events.equals(whole.events)


def test_attack_switched_on_and_off_from_outside_acts_in_between():
    whole = simulate(900, attacks=[Attack("LIT101 spoof 700", start=300, duration=200)])
    plant = SimulatedPlant()
    rows = [plant.run(300)]
    plant.attack(Attack("LIT101 spoof 700", duration="1h", name="mine"))
    rows += [plant.run(200)]
    plant.stop("mine")
    rows += [plant.run(400)]
    assert np.array_equal(np.concatenate(rows), whole.frame.to_numpy())
    assert plant.events[["attack", "start", "end"]].to_numpy().tolist() == [
        ["mine", pd.Timestamp("2015-12-22 16:05"), pd.Timestamp("2015-12-22 16:08:20")]
    ]


# --- attacks as data


def test_own_attacks_give_events_and_labels():
    recording = simulate(
        1_000, attacks=[Attack("LIT101 spoof 700; P102 force on", duration=60, start=100, name="mine")]
    )
    start = recording.frame.index[0]
    assert recording.events.iloc[0].to_list() == [
        "mine",
        start + pd.Timedelta("100s"),
        start + pd.Timedelta("160s"),
        "LIT101;P102",
        "LIT101 spoof 700; P102 force on",
        "",
    ]
    assert np.flatnonzero(recording.label).tolist() == list(range(100, 160))
    assert (recording.frame.LIT101.iloc[100:160] == 700).all() and recording.frame.P102.iloc[99:161].sum() == 122


def test_no_attacks_no_label():
    recording = simulate(100, attacks=None)
    assert recording.label is None and recording.events.empty


def test_attacks_of_2015_outside_the_span_do_not_happen():
    recording = simulate("1h")
    assert recording.events.empty and not recording.label.any()


def test_any_tag_can_be_frozen_and_spoofed():
    effects = "; ".join(f"{name} freeze" for name in TAG_NAMES)
    rows = SimulatedPlant()
    rows.run(1_200)
    rows.attack(Attack(effects, duration=50))
    assert all(len(set(column)) == 1 for column in rows.run(50).T)


@pytest.mark.parametrize("name", ACTUATORS)
def test_any_actuator_can_be_forced(name):
    word, code = ("open", OPEN) if TAGS[name].kind == "valve" else ("on", ON)
    frame = simulate(1_500, attacks=[Attack(f"{name} force {word}", start=1_200, duration=300)]).frame
    assert (frame[name].iloc[1_215:] == code).all()


def test_delayed_attacks_keep_their_order():
    waiting = Attack("P102 force on", start=10, duration=20, name="first", when="LIT101 > 140")
    after = Attack("P201 spoof 2", start=40, duration=20, name="second")
    events = simulate(300, attacks=[waiting, after]).events
    assert events["attack"].to_list() == ["first", "second"]
    assert events["start"].iloc[1] == events["end"].iloc[0]


def test_attack_whose_condition_never_comes_is_done_after_the_wait():
    never = Attack("P102 force on", start=10, duration=5, when="LIT101 > 5000", wait=60)
    assert simulate(300, attacks=[never]).events["start"].iloc[0] == pd.Timestamp("2015-12-22 16:01:10")


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("LIT301 spoof 1200", Effect("LIT301", "spoof", 1200.0)),
        ("LIT101 ramp +0.927 after 91", Effect("LIT101", "ramp", 0.927, 91)),
        ("LIT101 freeze for 91", Effect("LIT101", "freeze", None, 0, 91)),
        ("MV101 force open after 3 for 4", Effect("MV101", "force", 2.0, 3, 4)),
        ("P102 force off", Effect("P102", "force", 1.0)),
    ],
)
def test_effects_are_read_from_text(text, effect):
    assert Effect.parse(text) == effect


def test_conditions_are_read_from_text():
    assert conditions("P101 = 2 and LIT301 < 950.5 and UF_STEP > 6") == [
        ("P101", 0, 2.0),
        ("LIT301", -1, 950.5),
        ("UF_STEP", 1, 6.0),
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: simulate(-1), "duration of -1"),
        (lambda: simulate("tomorrow"), "duration"),
        (lambda: simulate(10, parameters="2016"), "'2016'.*'2015', '2017'"),
        (lambda: simulate(10, attacks="2019"), "'2019'.*'2015'"),
        (lambda: simulate(10, attacks=["LIT101 spoof 800"]), r"holds 'LIT101 spoof 800': give each as in Attack\("),
        (lambda: simulate(10, labels="none"), "'exact' or 'official'"),
        (lambda: simulate(10, attacks=[], labels="official"), "attacks='2015' alone"),
        (lambda: Attack("LIT1O1 spoof 3"), "no tag 'LIT1O1'.*Did you mean 'LIT101'"),
        (lambda: Attack("LIT101 push 3"), "can't read the effect 'LIT101 push 3'.*TAG spoof NUMBER"),
        (lambda: Attack("LIT101 spoof"), "can't read the effect"),
        (lambda: Attack("LIT101 spoof high"), "can't read the effect"),
        (lambda: Attack("LIT101 spoof 1e39"), "can't read the effect"),
        (lambda: Attack("LIT101 force on"), "it is a sensor"),
        (lambda: Attack("MV101 force on"), "can't read the effect 'MV101 force on'"),
        (lambda: Attack("LIT101 freeze", when="P101 is on"), "can't read 'P101 is on'"),
        (lambda: Attack("LIT101 freeze", duration=-3), "duration of -3"),
        (lambda: Attack("LIT101 freeze", start="half an hour"), "start: 'half an hour' is no time.*, like 30min$"),
        (lambda: Attack("LIT101 freeze", start="2015-12-28 10:00+08:00"), "on the clock of the plant.*without a zone"),
        (lambda: Attack("LIT101 freeze", start="-5min"), "a duration of '-5min' makes no sense"),
        (lambda: SimulatedPlant().attack(Attack("LIT101 freeze", start="2015-12-01")), "the plant is at"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    "start",
    [
        1800,
        "1800",
        "30min",
        "0.5h",
        "00:30:00",
        np.int64(1800),
        np.timedelta64(30, "m"),
        pd.Timedelta("30min").to_pytimedelta(),
        "2016-03-01 00:30",
        "20160301 00:30:00",
        "20160301 003000",
        np.datetime64("2016-03-01T00:30"),
    ],
)
def test_a_start_is_a_time_or_how_long_after_the_first_row(start):
    assert Attack("LIT101 freeze", start=start).begins(pd.Timestamp("2016-03-01"), 7) == 1_800


@pytest.mark.parametrize("span", [90, "90", "1.5min", np.int64(90), np.float32(90), np.timedelta64(90, "s")])
def test_a_duration_is_seconds_or_what_pandas_takes(span):
    assert (Attack("LIT101 freeze", span).duration, Attack("LIT101 freeze", wait=span).wait) == (90, 90)


# --- labels


def test_exact_label_is_the_seconds_of_the_events(whole_2015):
    label = whole_2015.label
    assert label.sum() == (whole_2015.events["end"] - whole_2015.events["start"]).dt.total_seconds().sum()
    assert not label.loc[:"2015-12-28 10:00"].any()


def test_official_label_has_the_phantom_and_the_official_lengths():
    recording = simulate("2 days", labels="official", start="2015-12-28 00:00")
    label = recording.label
    assert label.loc["2015-12-29 06:30:00":"2015-12-29 06:42:00"].sum() == 721
    lengths = table_2015().set_index("attack").eval("(end - start)").dt.total_seconds() + 1
    first = recording.events.iloc[0]
    late = table_2015().iloc[0]
    begin = first.start + (late.start - late.begin)
    assert label.loc[begin : begin + pd.Timedelta(lengths[1] - 1, unit="s")].all()
    assert label.sum() == pytest.approx(lengths[recording.events["attack"]].sum() + 721, abs=60)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": "yesterday?"}, "start: 'yesterday\\?' is no time from 1900 to 2189"),
        ({"start": "2015-12-28T10:00+08:00"}, "without a zone"),
        ({"start": "NaT"}, "start: 'NaT' is no time"),
        ({"start": "9999-01-01"}, "start: '9999-01-01' is no time"),
        ({"seed": -1}, "seed: -1 is below 0"),
        ({"duration": "99999d"}, "a duration of '99999d' is over 3,660 days"),
    ],
)
def test_what_can_not_be_simulated_is_said_in_a_sentence(given, said):
    with pytest.raises(ValueError, match=said):
        simulate(**({"duration": 60} | given))
