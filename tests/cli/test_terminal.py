import io

import pandas as pd
import pytest
from rich.console import Console

from swatlib.cli import terminal

WORDS = "oxidation-reduction potential after NaOCl dosing"
FRAME = pd.DataFrame(
    {"what_it_is": [WORDS, "level"], "mean": [1234.5, None], "max": [0.12345, 7]}, index=["AIT203", "LIT101"]
)


@pytest.fixture
def printed(monkeypatch):
    """What `print_table` prints of a table on a terminal of a width."""

    def table(frame, width):
        monkeypatch.setattr(terminal, "out", Console(file=io.StringIO(), width=width, markup=False))
        terminal.print_table(frame)
        return [line.rstrip() for line in terminal.out.file.getvalue().splitlines()]

    return table


def test_a_table_that_fits_stands_on_one_line_a_row(printed):
    assert printed(FRAME.rename_axis("tag"), 100) == [
        "tag     what it is                                         mean    max",
        "AIT203  oxidation-reduction potential after NaOCl dosing  1,234  0.123",
        "LIT101  level                                                 –   7.00",
    ]


def test_a_column_of_a_unit_is_one_of_numbers_where_a_word_stands_for_one_too(printed):
    assert printed(pd.DataFrame({"pca (s)": [4, "on"], "lead": ["LIT101", "–"]}, ["a", "b"]), 50) == [
        "   pca",
        "   (s)  lead",
        "a    4  LIT101",
        "b   on  –",
    ]


def test_what_a_user_wrote_in_brackets_is_no_markup(printed):
    assert printed(pd.DataFrame({"[note]": ["see [/wiki]"]}, ["[a]"]), 50) == [
        "     [note]",
        "[a]  see [/wiki]",
    ]


def test_words_are_wrapped_before_a_column_is_left_out(printed):
    assert printed(FRAME, 50) == [
        "        what it is                     mean    max",
        "AIT203  oxidation-reduction           1,234  0.123",
        "        potential after NaOCl dosing",
        "LIT101  level                             –   7.00",
    ]


def test_columns_that_do_not_fit_are_left_out_and_named(printed):
    lines = printed(FRAME, 40)
    assert lines[-1] == "Left out for want of width: max."
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize("width", range(1, 90, 4))
def test_no_row_is_wider_than_the_terminal_unless_a_single_word_is(printed, width):
    assert max(map(len, printed(FRAME, width)[:-1])) <= max(width, 6)


def test_a_name_between_colons_is_printed_as_it_is(capsys):
    terminal.say("nm.py:star:power=3")
    assert capsys.readouterr().out == "nm.py:star:power=3\n"
