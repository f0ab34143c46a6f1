import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from swatlib.report.notebook_parameters import ReportError, defaults, find_notebook, parse_assignments


@pytest.fixture
def path(tmp_path):
    """A notebook with a parameter of each type."""
    source = "seed = 0  # of the plant\nbudget: float = 1.0\ndetector = 'pca'\nlong = False\n"
    source += "detectors = ('pca', 'lof')\nrows = [1_000]\nruns = ()\nconfig = {'a': 1}"
    cells = [new_code_cell(source, metadata={"tags": ["parameters"]}), new_code_cell("later = 1")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    return tmp_path / "01-one.ipynb"


def test_a_parameter_is_read_as_the_type_of_its_default(path):
    known = defaults(path)
    assert known == {
        "seed": 0,
        "budget": 1.0,
        "detector": "pca",
        "long": False,
        "detectors": ("pca", "lof"),
        "rows": [1_000],
        "runs": (),
        "config": {"a": 1},
    }
    assert parse_assignments(["budget=2", "detector=1", "long=true", "seed=3"], known) == {
        "budget": 2,
        "detector": "1",
        "long": True,
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("detectors=lof", ["lof"]),
        ("detectors=lof,pca", ["lof", "pca"]),
        ("detectors=lof, pyod:hbos ,", ["lof", "pyod:hbos"]),
        ("detectors=('lof', 'pca')", ["lof", "pca"]),
        ("detectors=['lof']", ["lof"]),
        ("detectors=", []),
        ("rows=1000,5000", [1_000, 5_000]),
        ("rows=[1_000, 5_000]", [1_000, 5_000]),
        ("runs=a,b", ["a", "b"]),
    ],
)
def test_a_list_takes_commas(path, assignment, value):
    assert parse_assignments([assignment], defaults(path)) == {assignment.partition("=")[0]: value}


NAMES = "seed, budget, detector, long, detectors, rows, runs, config"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("budget=two", "budget=two: budget takes a number, as in -p budget=1.0."),
        ("budget=1e999", "budget=1e999: budget takes a number, as in -p budget=1.0."),
        ("seed=1.5", "seed=1.5: seed takes a whole number, as in -p seed=0."),
        ("long=1", "long=1: long takes true or false, as in -p long=false."),
        ("rows=few,1", "rows=few,1: rows takes a list with commas between, as in -p rows=1000."),
        ("detectors=[lof", "detectors=[lof: detectors takes a list with commas between, as in -p detectors=pca,lof."),
        ("config={}", "config is a dict, which -p can't give: change it in the parameters cell of a copy."),
        ("seed", "'seed': a parameter is given as name=value, for example -p seed=1."),
        ("sed=1", f"There is no parameter 'sed'. Did you mean 'seed'? There are: {NAMES}."),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(path, assignment, message):
    with pytest.raises(ReportError) as error:
        parse_assignments([assignment], defaults(path))
    assert str(error.value) == message


def test_a_parameter_is_given_once(path):
    with pytest.raises(ReportError, match=r"^seed is given twice by -p; leave one out.$"):
        parse_assignments(["seed=1", "budget=1", "seed=1"], defaults(path))


@given(st.text(), st.sampled_from(["seed", "budget", "long", "detectors", "rows", "runs"]))
def test_any_text_is_a_value_or_a_sentence(text, name):
    known = {"seed": 0, "budget": 1.0, "long": False, "detectors": ("pca", "lof"), "rows": [1_000], "runs": ()}
    try:
        value = parse_assignments([f"{name}={text}"], known)[name]
    except ReportError as error:
        assert str(error).startswith(f"{name}={text}: {name} takes ")
    else:
        assert isinstance(value, (int, float, list))


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("a, b = 1, 2", "line 1 is 'a, b = 1, 2'"),
        ("a = 1\nb = c = 2", "line 2 is 'b = c = 2'"),
        ("%matplotlib inline\nseed = 1", "line 1 is '%matplotlib inline'"),
        ("import os\nseed = 1", "line 1 is 'import os'"),
        ("seed = 1\nseed += 1", "line 2 is 'seed += 1'"),
        ("x = 1\nhome = str(x)", "line 2 is 'home = str(x)'"),
        ("x: int", "line 1 is 'x: int'"),
        ("x = ...", "line 1 is 'x = ...'"),
        ("x = b'a'", "line 1 is \"x = b'a'\""),
        ("x = 1j", "line 1 is 'x = 1j'"),
        ("x = {1}", "line 1 is 'x = {1}'"),
        ("x = {1: 2}", "line 1 is 'x = {1: 2}'"),
        ("x = 1\ny = [1, (2, {'a': -1e999})]", "line 2 is \"y = [1, (2, {'a': -1e999})]\""),
        (r"x = '\ud800'", "line 1 is "),
    ],
)
def test_a_parameters_cell_holds_assignments_alone(tmp_path, source, line):
    cells = [new_code_cell(source, metadata={"tags": ["parameters"]})]
    nbformat.write(new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    with pytest.raises(ReportError, match=r"^01-one.ipynb: its parameters cell .* as in seed = 1; ") as error:
        defaults(tmp_path / "01-one.ipynb")
    assert line in str(error.value)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (["parameters", "injected-parameters", "injected-parameters"], "has 2 cells tagged 'injected-parameters'"),
        (["injected-parameters", "parameters"], "has 1 cell tagged 'injected-parameters', and may have one, below its"),
    ],
)
def test_a_cell_of_an_earlier_run_that_would_have_the_last_word_is_refused(tmp_path, tags, says):
    cells = [new_code_cell("seed = 1", metadata={"tags": [tag]}) for tag in tags]
    nbformat.write(new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    with pytest.raises(ReportError, match=f"01-one.ipynb {says}"):
        defaults(tmp_path / "01-one.ipynb")


NO_SOURCE = """{"cells": [{"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "outputs": [],
"execution_count": null, "source": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "{}",
        "[]",
        '"x"',
        '{"cells": [], "nbformat": 9}',
        NO_SOURCE,
        NO_SOURCE.replace("null}", r'"\ud800"}'),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, text):
    (tmp_path / "text.ipynb").write_text(text)
    with pytest.raises(ReportError, match=r"text.ipynb is no Jupyter notebook"):
        defaults(tmp_path / "text.ipynb")


def test_a_notebook_that_is_not_there_is_named():
    with pytest.raises(ReportError, match=r"There is no notebook '03-detectr'. Did you mean '03-detector'"):
        find_notebook("03-detectr")
