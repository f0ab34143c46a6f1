import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from swatlib.report.notebook_parameters import ReportError, defaults, find_notebook, parse


@pytest.fixture
def path(tmp_path):
    """A notebook with four parameters."""
    source = "seed = 0  # of the plant\nbudget = 1.0\ndetector = 'pca'\nlong = False"
    cells = [new_code_cell(source, metadata={"tags": ["parameters"]}), new_code_cell("later = 1")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    return tmp_path / "01-one.ipynb"


def test_a_parameter_is_read_as_the_type_of_its_default(path):
    known = defaults(path)
    assert known == {"seed": 0, "budget": 1.0, "detector": "pca", "long": False}
    assert parse(["budget=2", "detector=1", "long=true", "seed=3"], known) == {
        "budget": 2,
        "detector": "1",
        "long": True,
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("budget=two", "budget=two: a number is wanted, as in budget=1.0."),
        ("long=1", "long=1: true or false is wanted, as in long=False."),
        ("seed", "'seed': a parameter is given as name=value, for example -p seed=1."),
        ("sed=1", "There is no parameter 'sed'. Did you mean 'seed'? There are: seed, budget, detector, long."),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(path, assignment, message):
    with pytest.raises(ReportError) as error:
        parse([assignment], defaults(path))
    assert str(error.value) == message


def test_what_is_no_notebook_is_named(tmp_path):
    (tmp_path / "text.ipynb").write_text("a,b\n1,2\n")
    with pytest.raises(ReportError, match=r"text.ipynb is no notebook"):
        defaults(tmp_path / "text.ipynb")
    with pytest.raises(ReportError, match=r"There is no notebook '99-none'"):
        find_notebook("99-none")
