import numpy as np
import pandas as pd

from swatlib.plots import after_the_fit, under_stress
from swatlib.plots.annotations import detector_title


def table_of(*stresses):
    rows = [(name, stress, 30 - i, float(i), i / 4) for i, stress in enumerate(stresses) for name in ("guard", "pca")]
    return pd.DataFrame(rows, columns=["detector", "stress", "found", "false_alarms_per_day", "in_alarm_outside"])


def bars_of(ax):
    return [bar[:, 0].tolist() for each in ax.collections for bar in each.get_segments()]


def test_a_stress_has_a_mark_for_each_detector_and_a_line_from_the_undisturbed():
    found, false, within = under_stress(table_of("none", "clock")).axes
    assert [label.get_text() for label in found.get_yticklabels()] == ["none", "clock"]
    assert [line.get_xdata().tolist() for line in found.lines] == [[30, 29], [30, 29]]
    assert [len(each.get_segments()) for each in false.collections] == [2, 2]
    assert [line.get_xdata().tolist() for line in within.lines] == [[0, 0.25], [0, 0.25]]


def test_the_lines_begin_at_the_undisturbed_wherever_its_row_stands():
    found, *_ = under_stress(table_of("none", "clock").sort_values("stress")).axes
    assert bars_of(found) == [[30, 29], [30, 30]] * 2


def test_without_the_undisturbed_there_is_no_line_and_no_note_on_one():
    figure = under_stress(table_of("clock", "noise"))
    assert [bars_of(ax) for ax in figure.axes] == [[]] * 3
    assert figure.get_supxlabel() == ""


def test_a_stress_without_a_figure_keeps_its_row():
    table = table_of("none", "clock", "noise")
    table.loc[table["stress"] == "noise", "found"] = np.nan
    found, *_ = under_stress(table).axes
    assert [label.get_text() for label in found.get_yticklabels()] == ["none", "clock", "noise"]


def test_detectors_have_the_titles_that_they_have_in_other_figures():
    days = pd.DataFrame({"seed": 1, "detector": ["guard", "pca"], "day": 6, "false_alarms": 0})
    for figure in (under_stress(table_of("none", "clock")), after_the_fit(days.assign(scored_days=1.0, budget=2.0))):
        (legend,) = figure.legends
        said = {text.get_text() for text in legend.get_texts()}
        assert said >= {detector_title("guard"), detector_title("pca")} and not said & {"guard", "pca"}


def test_the_days_after_a_fit_stand_beside_the_budget():
    table = pd.DataFrame({"seed": 1, "detector": "pca", "day": range(6, 11), "false_alarms": [0, 3, 0, 6, 0]})
    (ax,) = after_the_fit(table.assign(scored_days=1.0, budget=2.0)).axes
    rate, budget = ax.lines
    assert (rate.get_ydata().tolist(), set(budget.get_ydata())) == ([1.5, 1, 3, 2, 3], {2.0})
