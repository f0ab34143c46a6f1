from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swatlib.data import Recording, Source, attacks
from swatlib.metrics import evaluate
from swatlib.simulation import Attack, simulate
from swatlib.studies.protocols import (
    Protocol,
    attack_counts,
    baseline_figures,
    baselines_sentence,
    comparison_box,
    effects,
    effects_sentence,
    evaluate_all,
    evaluate_under,
    first_movements,
    label_headline,
    labels,
    may_compare,
    movements_sentence,
    phantoms,
    protocol_headline,
    published_results,
    recoveries,
    single_changes,
    spread_sentence,
    step_table,
    steps_sentence,
    touching_attacks,
    windows,
)
from swatlib.studies.protocols.figures import PROTOCOL_STEPS
from swatlib.studies.protocols.protocol import CHOICES, Answer, ProtocolStudy

LABEL = np.zeros(100, dtype=bool)
LABEL[20:40] = LABEL[60:70] = True
SCORE = np.where(LABEL, 2.0, 0.0)
SCORE[60:70] = 0.5
SCORE[80:90] = 1.0


def small_study(score=SCORE, alarm=None) -> ProtocolStudy:
    answer = Answer(score, score > 1.5 if alarm is None else alarm, validation=np.linspace(0, 0.4, 50))
    moved = np.roll(LABEL, 5)
    return ProtocolStudy("pca", {"dropped": answer, "kept": answer}, {"true": LABEL, "official": moved})


def f1(**choices) -> float:
    return evaluate_under(small_study(), Protocol(**choices))["f1"]


def test_each_threshold_is_the_one_it_says():
    found = [evaluate_under(small_study(), Protocol(threshold=name))["found"] for name in CHOICES["threshold"]]
    assert found == [1, 2, 2, 2]
    assert f1() == pytest.approx(40 / 50)
    assert f1(threshold="validation maximum") == pytest.approx(60 / 70)


def test_adjustment_labels_and_sampling_do_what_they_say():
    thin = np.where(np.arange(100) % 10 == 5, SCORE, 0.0)
    study = small_study(thin)
    assert evaluate_under(study)["f1"] == pytest.approx(4 / 32)
    assert evaluate_under(study, Protocol(adjustment="PA"))["f1"] == pytest.approx(40 / 50)
    assert evaluate_under(study, Protocol(adjustment="PA%20"))["f1"] == pytest.approx(4 / 32)
    assert f1(labels="official") == pytest.approx(30 / 50)
    official = {
        kind: evaluate_under(small_study(), Protocol(labels="official", sampling=f"10 s, label {kind}"))
        for kind in ("max", "min")
    }
    assert (official["max"]["attacks"], official["max"]["recall"]) == (2, pytest.approx(2 / 5))
    assert (official["min"]["attacks"], official["min"]["recall"]) == (1, 1.0)


def test_the_longest_attack_is_cut_to_550_s():
    label = np.zeros(3_000, dtype=bool)
    label[100:1_100] = label[2_000:2_100] = True
    answer = Answer(label.astype(float), label & (np.arange(3_000) < 1_500), np.zeros(10))
    study = ProtocolStudy("pca", {"dropped": answer, "kept": answer}, {"true": label})
    assert evaluate_under(study)["recall"] == pytest.approx(1_000 / 1_100)
    assert evaluate_under(study, Protocol(longest="cut"))["recall"] == pytest.approx(550 / 650)


@pytest.mark.parametrize(("period", "recall"), [(2, 1 / 100), (10, 3 / 500), (30, 3 / 500)])
def test_ten_seconds_are_as_many_rows_as_the_recording_takes_and_a_longer_row_stays(period, recall):
    label = np.zeros(1_000, dtype=bool)
    label[100:600] = True
    answer = Answer(label.astype(float), label & (np.arange(1_000) < 103), np.zeros(10))
    study = ProtocolStudy("pca", {"dropped": answer}, {"true": label}, float(period))
    assert evaluate_under(study, Protocol(sampling="10 s, label max"))["recall"] == pytest.approx(recall)
    assert evaluate_under(study, Protocol(longest="cut"))["recall"] == pytest.approx(3 / round(550 / period))


@given(
    arrays(bool, 40).filter(np.any),
    arrays(float, 40, elements=st.integers(0, 6).map(float)),
    st.sampled_from(CHOICES["adjustment"]),
)
def test_the_best_threshold_on_the_test_is_the_best_there_is(label, score, adjustment):
    answer = Answer(score, score > 9, score)
    study = ProtocolStudy("pca", {"dropped": answer}, {"true": label})
    best = evaluate_under(study, Protocol(threshold="best on test", adjustment=adjustment))["f1"]
    name = {"none": "f1", "PA%20": "pa_k20_f1", "PA": "pa_f1"}[adjustment]
    assert best == pytest.approx(max(evaluate(label, score > level)[name] for level in np.unique(score)))


def test_every_protocol_is_judged_and_the_tables_agree_with_it():
    study = small_study()
    table = evaluate_all(study).set_index(list(CHOICES))["f1"]
    assert len(table) == np.prod([len(choices) for choices in CHOICES.values()])
    ours = single_changes(study)["f1"]
    assert ours["sampling", "10 s, label min"] == table["budget", "none", "10 s, label min", "true", "whole", "dropped"]
    assert list(step_table(study)["step"]) == ["this workbench", *(step for step, _ in PROTOCOL_STEPS)]
    assert (
        step_table(study)["f1"].iloc[-1]
        == table["best on test", "PA", "10 s, label max", "official", "whole", "dropped"]
    )


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(ValueError, match="adjustment 'PA100' is unknown; choose one of none, PA%20, PA"):
        Protocol(adjustment="PA100")


def test_a_protocol_that_leaves_no_attack_has_no_f1():
    label = np.zeros(100, dtype=bool)
    label[5:18] = True
    answer = Answer(label.astype(float), label, np.zeros(50))
    study = ProtocolStudy(
        "pca", {"dropped": answer, "kept": answer}, {"true": label, "official": np.zeros(100, dtype=bool)}
    )
    table = evaluate_all(study).set_index(["sampling", "labels"])
    lost = (table.index.get_level_values("sampling") == "10 s, label min") | (table.index.get_level_values(1) != "true")
    np.testing.assert_array_equal(table["f1"].isna(), lost)
    assert table.loc[lost, ["found", "attacks"]].to_numpy().max() == 0
    assert "nan" not in spread_sentence(table.reset_index()) + steps_sentence(step_table(study))


def test_a_recording_with_one_label_has_no_step_of_labels():
    study = replace(small_study(), labels={"true": LABEL})
    assert "official labels" not in list(step_table(study)["step"])
    assert len(evaluate_all(study)) == len(evaluate_all(small_study())) / 2


@pytest.fixture(scope="module")
def files_of_2015():
    """The rows of 2015 as far as labels go: 449,919 of one tag, with the official label."""
    index = pd.date_range("2015-12-28 10:00", periods=450_000, freq="s", name="time")
    index = index[(index < "2015-12-31 18:00") | (index >= "2015-12-31 18:01:21")]
    table = pd.read_csv(files("swatlib.data") / "tables" / "label_runs_2015.csv", parse_dates=["start", "end"])
    label = pd.Series(False, index, name="attack")
    for run in table.itertuples():
        label[run.start : run.end] = True
    frame = pd.DataFrame({"LIT101": np.zeros(len(index), np.float32)}, index)
    recording = Recording(frame, label, source=(Source("attack.xlsx", "0"),))
    return replace(recording, events=attacks(recording))


def test_attacks_are_counted_in_every_way_in_use(files_of_2015):
    counts = attack_counts(files_of_2015, labels(files_of_2015)["true"])
    assert counts["attacks"].to_dict() == {
        "listed": 41,
        "carried out": 36,
        "runs of the official label": 35,
        "the same without the phantom": 34,
        "runs of the true label": 35,
    }
    assert counts["found"].to_list() == [36, 36, 34, 34, 35]


def test_official_rows_have_both_labels_and_published_figures_to_go_with(files_of_2015):
    known = labels(files_of_2015)
    assert {kind: int(label.sum()) for kind, label in known.items()}["official"] == 54_621
    assert known["true"].sum() < 54_621
    said = may_compare(files_of_2015).groupby("rows")["compare"].unique().str.join("").to_dict()
    assert said == {"all": "yes", "all, own list": "yes", "10 s": "yes", "longest cut": "yes", "excerpt": "no"}
    assert "never one at a false-alarm budget" in comparison_box(files_of_2015, files_of_2015)
    part = files_of_2015.between("2015-12-29")
    assert set(may_compare(part)["compare"]) == {"no"}
    assert "of the 449,919 rows that the figures are about" in comparison_box(part, part)


def test_a_simulated_run_has_both_labels_and_nothing_published_to_go_with():
    run = simulate("24h", start="2015-12-28 08:00")
    known = labels(run)
    phantom = slice("2015-12-29 06:30:00", "2015-12-29 06:42:00")
    assert (known["official"][phantom].sum(), known["true"][phantom].sum()) == (721, 0)
    assert set(may_compare(run)["compare"]) == {"no"}
    assert "Nothing published: these rows are simulated" in comparison_box(run, run)


def test_other_attacks_have_one_label():
    assert list(labels(simulate("2h", attacks=[Attack("LIT101 spoof 700", start=3_600)]))) == ["true"]


def test_published_figures_say_their_protocol_and_source():
    table = published_results()
    assert table.notna().all().all()
    assert table.loc[table["method"] == "USAD", ["value", "threshold"]].to_numpy().tolist() == [
        ["0.792", "best on test"]
    ]


def test_the_official_windows_of_2015_lie_off_as_is_known(files_of_2015):
    table = windows(files_of_2015).set_index("attack")
    late = (table["official_start"] - table["true_start"]).dt.total_seconds()
    assert late[[1, 23, 28, 30, 36]].to_list() == [16, 27, 0, 37, -66]
    assert touching_attacks(files_of_2015)["attacks"].to_list() == ["10 and 11", "27 and 28"]
    assert phantoms(files_of_2015).to_numpy().tolist() == [
        [pd.Timestamp("2015-12-29 06:30"), pd.Timestamp("2015-12-29 06:42:01"), 721]
    ]


def test_attacked_tags_first_move_at_the_true_start(normal, attacked):
    table = first_movements(normal, attacked).set_index("attack")
    assert (table["offset_s"] - table["true_offset_s"]).abs()[[1, 2, 6, 7, 8, 10, 11]].max() <= 2
    assert table.loc[1, ["tag", "true_offset_s"]].to_list() == ["MV101", -16]
    assert np.isnan(table.loc[4, "offset_s"]), "MV504 is no tag"


def test_recovery_ends_with_the_last_alarm_before_ten_quiet_minutes(attacked):
    events, alarm = windows(attacked).set_index("attack"), attacked.label.copy()
    end = events["true_end"]
    alarm[end[6] : end[6] + pd.Timedelta("90s")] = True
    alarm[end[11] + pd.Timedelta("590s") : end[11] + pd.Timedelta("599s")] = True
    alarm[end[11] + pd.Timedelta("20min") : end[11] + pd.Timedelta("21min")] = True
    table = recoveries(attacked, alarm).set_index("attack")
    assert table.loc[[6, 7, 11], "recovery_s"].to_list() == [91, 0, 600]
    assert not table.loc[7, "cut_off"]
    assert table.loc[10, "cut_off"], "11 begins where 10 ends"
    assert recoveries(attacked, ~attacked.label & alarm).empty


def test_only_true_labels_make_a_perfect_detector_perfect(attacked):
    scored = pd.DataFrame({"alarm": attacked.label, "score": attacked.label.astype(float)})
    table = effects(attacked, scored)
    assert table["perfect", "true"][["f1", "event_f1", "average_precision", "vus_pr"]].to_list() == [1, 1, 1, 1]
    assert table["perfect", "official"]["f1"] < 0.95
    pd.testing.assert_frame_equal(table["detector"][["official", "true"]], table["perfect"])


@pytest.mark.parametrize(("rows", "attack", "lacks"), [("attacked", 8, "official"), ("files_of_2015", 36, "true")])
def test_a_cut_between_both_starts_of_an_attack_leaves_the_figures_of_one_label(rows, attack, lacks, request):
    whole = request.getfixturevalue(rows)
    first, second = sorted(windows(whole).set_index("attack").loc[attack, ["true_start", "official_start"]])
    run = whole.between(first - pd.Timedelta("5min"), second - pd.Timedelta("5s"))
    alarm = pd.Series(False, run.frame.index)
    table = effects(run, pd.DataFrame({"alarm": alarm, "score": 0.0}))
    np.testing.assert_array_equal(table.loc["f1"].isna(), table.columns.get_level_values(1).str.startswith(lacks))
    assert "nan" not in effects_sentence(table)
    assert attack_counts(run, alarm).loc[f"runs of the {lacks} label", ["attacks", "found"]].to_list() == [0, 0]


def test_alarms_in_recovery_are_forgiven(attacked):
    late = attacked.label | attacked.label.shift(120, fill_value=False)
    table = effects(attacked, pd.DataFrame({"alarm": late, "score": late.astype(float)}))["detector"]
    assert table.loc["precision", "true"] < 0.95
    assert table.loc["precision", "true, recovery forgiven"] == 1


@pytest.mark.parametrize("attacks", [None, [Attack("LIT101 spoof 700", start=3_600)]])
def test_a_recording_without_official_label_has_nothing_to_hold_against_its_rows(attacks):
    run = simulate("8h", attacks=attacks)
    alarm = pd.Series(True, run.frame.index)
    scored = pd.DataFrame({"alarm": alarm, "score": 1.0})
    tables = [windows(run), first_movements(run, run), touching_attacks(run), phantoms(run), recoveries(run, alarm)]
    assert [len(table) for table in [*tables, effects(run, scored)]] == [0] * 6
    assert movements_sentence(tables[1]) == effects_sentence(effects(run, scored))
    assert label_headline(effects(run, scored), tables[3], tables[2])["f1_true"] is None


def test_without_a_label_there_is_no_figure_and_the_reason_is_said():
    study, run = replace(small_study(), labels={}), simulate("2h", attacks=None)
    counts = attack_counts(run, pd.Series(False, run.frame.index))
    tables = [step_table(study), single_changes(study), evaluate_all(study), counts, baseline_figures(run)]
    assert [len(table) for table in tables] == [0] * 5
    assert steps_sentence(tables[0]) == spread_sentence(tables[2]) == baselines_sentence(tables[4], tables[0])
    assert protocol_headline(tables[2], counts)["attacks_found"] is None
