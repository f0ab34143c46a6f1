import pandas as pd

from swatlib.metrics import definitions
from swatlib.results.readable import HEADINGS, readable


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
