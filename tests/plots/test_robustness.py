import pandas as pd

from swatlib.plots import after_the_fit, under_stress


def test_a_stress_has_a_mark_for_each_detector_and_a_line_from_the_undisturbed():
    rows = [
        (name, stress, 30 - i, float(i), i / 4)
        for i, stress in enumerate(("none", "clock"))
        for name in ("guard", "pca")
    ]
    table = pd.DataFrame(rows, columns=["detector", "stress", "found", "false_alarms_per_day", "in_alarm_outside"])
    found, false, within = under_stress(table).axes
    assert [label.get_text() for label in found.get_yticklabels()] == ["none", "clock"]
    assert [line.get_xdata().tolist() for line in found.lines] == [[30, 29], [30, 29]]
    assert [len(each.get_segments()) for each in false.collections] == [2, 2]
    assert [line.get_xdata().tolist() for line in within.lines] == [[0, 0.25], [0, 0.25]]


def test_the_days_after_a_fit_stand_beside_the_budget():
    table = pd.DataFrame({"seed": 1, "detector": "pca", "day": range(6, 11), "false_alarms": [0, 3, 0, 6, 0]})
    (ax,) = after_the_fit(table.assign(scored_days=1.0, budget=2.0)).axes
    rate, budget = ax.lines
    assert (rate.get_ydata().tolist(), set(budget.get_ydata())) == ([1.5, 1, 3, 2, 3], {2.0})
