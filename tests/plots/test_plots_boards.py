"""Boards drawn from their files: what stands where, in the file's own words."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from swatlib.plots import board
from swatlib.plots.answers import broken, series, spans, table, written
from swatlib.plots.boards import KINDS, matches, overrides, step_of, unit_of

START = pd.Timestamp("2026-01-01 10:00:00")
END = START + pd.Timedelta("60s")
WORDS = [{"type": "value", "options": {"true": {"text": "ALARM", "color": "red"}, "false": {"text": "quiet"}}}]


def stamps(*seconds):
    return [(START + pd.Timedelta(second, "s")).as_unit("ns").value for second in seconds]


def panel(kind, title="A title", x=0, y=0, **defaults):
    whole = {"fieldConfig": {"defaults": defaults, "overrides": []}}
    return SimpleNamespace(title=title, kind=kind, place={"x": x, "y": y, "w": 12, "h": 8}, whole=whole)


def drawn(kind, answer, **defaults):
    return texts(board("A board", [(panel(kind, **defaults), [answer])], START, END))


def texts(figure):
    figure.canvas.draw()
    inside = [text.get_text() for ax in figure.axes for text in ax.texts]
    rows = [label.get_text() for ax in figure.axes if ax.axison for label in ax.get_yticklabels()]
    legends = [text.get_text() for ax in figure.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
    return [text.get_text() for text in figure.texts], inside, rows, legends


def test_a_board_says_what_it_is_and_where_it_comes_from():
    (title, source), _, _, _ = drawn("stat", pd.DataFrame({"time": stamps(1), "last": [1.0]}))
    assert title == "A board"
    assert source == "drawn by swatlib from the board's file and stored data · 2026-01-01 10:00 to 10:01 UTC"


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_without_data_says_so(kind):
    assert drawn(kind, pd.DataFrame())[1] == ["A title", "no data"]


def test_lines_are_named_after_their_tags():
    answer = pd.DataFrame({"time": stamps(0, 1, 0, 1), "max": [1.0, 2, 3, 4], "detector": ["pca", "pca", "lof", "lof"]})
    assert drawn("timeseries", answer)[3] == ["pca", "lof"]
    assert {name: list(values) for name, values in series([answer]).items()} == {"pca": [1, 2], "lof": [3, 4]}


def test_a_state_is_written_in_the_files_words():
    answer = pd.DataFrame({"time": stamps(0, 30, 59), "max": [False, True, True], "detector": "pca"})
    _, inside, rows, _ = drawn("state-timeline", answer, mappings=WORDS)
    assert (inside, rows) == (["A title", "quiet", "ALARM"], ["pca"])


def test_a_state_ends_at_a_hole_unless_it_lasts():
    values = pd.Series(["on", "on", "off"], START + pd.to_timedelta([0, 1, 50], "s"))
    seconds = [[(each - spans_start) * 86_400 for each in span[:2]] for span in spans(values, (START, END), False)
               for spans_start in [next(spans(values, (START, END), False))[0]]]  # fmt: skip
    assert np.round(seconds).tolist() == [[0, 1], [50, 50]]
    lasting = [span[2] for span in spans(values, (START, END), True)]
    assert lasting == ["on", "off"]


def test_a_line_breaks_where_nothing_came_for_half_a_minute():
    values = pd.Series(1.0, START + pd.to_timedelta([0, 1, 2, 40, 41], "s"))
    assert list(broken(values).isna()) == [False, False, False, True, False, False]


def test_a_number_has_unit_word_and_the_colour_of_its_limit():
    assert drawn("stat", pd.DataFrame({"time": stamps(1), "last": [12.5]}), unit="s")[1] == ["A title", "12.5 s"]
    assert drawn("stat", pd.DataFrame({"time": stamps(1), "alarm": [True]}), mappings=WORDS)[1] == ["A title", "ALARM"]
    steps = [{"value": None, "color": "green"}, {"value": 10, "color": "orange"}]
    assert [step_of(value, steps) for value in (9, 10, "word")] == ["green", "orange", None]


def test_a_table_has_its_columns_and_times_as_a_clock():
    answer = pd.DataFrame({"time": stamps(5), "title": ["LIT101 ramp"], "end": [int(END.timestamp())]})
    assert table(answer) == {"time": ["10:00:05"], "title": ["LIT101 ramp"], "end": ["10:01:00"]}


def test_overrides_are_met_by_name_and_by_expression():
    whole = {"fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": "/^MV/"},
                                            "properties": [{"id": "unit", "value": "s"}]}]}}  # fmt: skip
    assert (overrides(whole, "MV101"), overrides(whole, "P101")) == ({"unit": "s"}, {})
    assert matches({"id": "byName", "options": "truth"}, "truth")


def test_units_are_grafanas_or_chronografs():
    assert unit_of({"fieldConfig": {"defaults": {"unit": "lengthmm"}}}) == "lengthmm"
    assert unit_of({"axes": {"y": {"suffix": " %"}}}) == "%"
    assert [written(12.345, "lengthmm"), written(25_600_000, "bytes"), written(50, "%")] == [
        "12.35 mm",
        "25.6 MB",
        "50 %",
    ]


def test_without_answers_the_reason_stands_in_its_place():
    assert texts(board("A board", [], START, END))[0][0].startswith("The board asks InfluxDB")
