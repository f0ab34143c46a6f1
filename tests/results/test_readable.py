import numpy as np
import pandas as pd
import pytest

from swatlib.metrics import definitions
from swatlib.results.readable import HEADINGS, readable
from swatlib.wording import number


def test_headings_are_words_and_cells_are_texts():
    table = pd.DataFrame(
        {
            "delay_s": [12.0, None],
            "found": [True, False],
            "start": [pd.Timestamp("2015-12-28 10:28:58"), pd.NaT],
            "event_f1": [0.12345, 1.0],
            "rows": [449_919, 1],
            "points": ["LIT101", None],
        },
        index=pd.Index(["average_precision", "pca"], name="lead_tag"),
    )
    shown = readable(table)
    assert shown.columns.tolist() == ["delay (s)", "found", "start", "event F1", "rows", "points"]
    assert (shown.index.tolist(), shown.index.name) == (["average precision", "pca"], "lead tag")
    assert shown.to_numpy().tolist() == [
        ["12", "yes", "2015-12-28 10:28:58", "0.123", "449,919", "LIT101"],
        ["–", "no", "–", "1.00", "1", "–"],
    ]


def test_every_metric_has_words():
    assert [name for name in definitions().index if name not in HEADINGS] == []


def test_an_empty_table_stays_empty():
    assert readable(pd.DataFrame(columns=["delay_s"])).columns.tolist() == ["delay (s)"]


def test_a_share_is_in_percent_and_a_text_stays():
    shown = readable(pd.DataFrame({"recall": [0.8613, None, "86% (74–94)"], "delay_s": [1.6, None, "2 (1–3)"]}))
    assert shown.to_dict("list") == {
        "recall (rows)": ["86.1%", "–", "86% (74–94)"],
        "delay (s)": ["2", "–", "2 (1–3)"],
    }


def test_what_is_no_finite_number_is_a_dash_or_its_own_text():
    table = pd.DataFrame({name: [np.inf, [1, 2], pd.Timedelta("3h"), True] for name in ("delay_s", "recall", "f1")})
    assert readable(table).to_numpy().T.tolist() == 3 * [["–", "[1, 2]", "0 days 03:00:00", "yes"]]


@pytest.mark.parametrize(
    ("value", "says"),
    [(999.4, "999"), (999.7, "1,000"), (-999.7, "-1,000"), (1e30, "1.00e+30"), (-0.0, "0.00"), (10**18, f"{10**18:,}")],
)
def test_a_number_has_three_figures_and_reads_the_same_on_both_sides_of_a_thousand(value, says):
    assert number(value) == says
