import json
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from nbformat import NotebookNode

from swatlib.data import Recording, Source
from swatlib.report.headline import headline, read_key_figures
from swatlib.wording import number


def test_a_headline_reads_the_same_everywhere(capsys):
    frame = pd.DataFrame({"LIT101": [1.0]}, index=pd.DatetimeIndex(["2015-12-28 10:00"]))
    headline(Recording(frame, source=(Source("file.xlsx", "00"),)), f1=0.5, found="1 of 2")
    assert capsys.readouterr().out.splitlines() == [
        "file.xlsx: 1 rows, 2015-12-28 10:00:00 to 2015-12-28 10:00:00",
        "f1     0.500",
        "found  1 of 2",
    ]
    with pytest.raises(TypeError, match="headline f1: a number or a few words are wanted, met list"):
        headline(f1=[1])


def test_key_figures_are_published_in_their_order_and_not_shown(capsys):
    key = {"guard": {"event F1": np.float64(0.5), "F1": np.nan}, "random": {"event F1": 0.1, "F1": 0.2}}
    with patch("swatlib.report.headline.display") as display:
        headline(key=key, attacks=3)
    metadata = json.loads(json.dumps(display.call_args.kwargs["metadata"], sort_keys=True))
    output = NotebookNode(metadata=metadata)
    read = read_key_figures(NotebookNode(cells=[NotebookNode(outputs=[output])]))
    assert read == {**key, "guard": {"event F1": 0.5, "F1": None}}
    assert [*read["random"]] == ["event F1", "F1"]
    assert "event" not in repr(display.call_args.args[0])


def test_numbers_are_written_to_three_figures():
    numbers = (0.8123, 1.2, 34.56, 123.4, 449_919, 12_345.6, 0.0, None, float("nan"), "pca")
    assert [number(each) for each in numbers] == [
        "0.812",
        "1.20",
        "34.6",
        "123",
        "449,919",
        "12,346",
        "0.00",
        "–",
        "–",
        "pca",
    ]
