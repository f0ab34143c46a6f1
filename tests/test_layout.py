"""Guards over the whole: who imports whom, notebooks, dependencies, what may stand in a tracked file."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest
import typer
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from swatlib.cli.app import app
from swatlib.settings import ROOT

FLOOR = {
    "plant",
    "settings",
    "provenance",
    "atomic",
    "arrays",
    "wording",
    "limits",
    "cached",
    "side_by_side",
    "tails",
    "memory",
}
LAYERS = (  # a layer imports only from those before it; the floor, also from itself
    FLOOR,
    {"data"},
    {"simulation", "views", "detectors", "alarms", "alarm_episodes"},
    {"saved", "normal_parts", "origins"},
    {"pipeline", "metrics"},
    {"results", "cluster"},
    {"studies"},
    {"plots"},
    {"report"},
    {"cli"},
)
LIVE_MAY = FLOOR | {"live", "servers", "pipeline", "alarm_episodes", "cluster"}
SERVERS_MAY = FLOOR | {"servers"}
SIMULATES = "live.plant"  # the one module of the live part that knows the simulation
PILLARS = {"numpy", "pandas", "pyarrow", "matplotlib", "pydantic"}
ON_DEMAND = {  # loaded where they are used, never by an import of ours alone
    "matplotlib.pyplot",
    "nbformat",
    "numba",
    "papermill",
    "pyod",
    "pyspark",
    "pytest",
    "scipy",
    "sklearn",
    "skops",
    "torch",
    "xlsxwriter",
}
PAIRS = {"producer": {"stream"}, "stream": {"producer"}}  # they share only `topic`
OWNERS = {
    "matplotlib": "plots",
    "plotly": "plots",
    "papermill": "report",
    "confluent_kafka": ("live.producer", "servers.broker"),
    "pyspark": ("live.stream", "cluster"),
    "influxdb_client": "live.sink",
    "torch": "detectors.deep",
    # provenance asks git; the last measures programs as their user starts them
    "subprocess": ("servers", "report.pdf", "provenance", "cli.run_performance"),
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def dotted(path):
    return ".".join(path.relative_to(ROOT / "swatlib").with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(module):
    return ast.parse(MODULES[module].read_text())


@cache
def imported(module):
    """Full names of all that a module imports, wherever in it."""
    return [name for node in ast.walk(tree(module)) for name in names_in(node)]


def names_in(node):
    """What a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield "." * node.level + (node.module or "")
        if node.module == "swatlib":
            yield from (f"swatlib.{alias.name}" for alias in node.names)


def ours(module):
    """First part below `swatlib` of what a module imports of ours."""
    return {name.split(".")[1] for name in imported(module) if name.startswith("swatlib.")}


MODULES = {dotted(path): path for path in sorted((ROOT / "swatlib").rglob("*.py"))}
PARTS = {name: name.split(".")[0] for name in MODULES if name not in {"__init__", "__main__"}}
CORE = [name for name, part in PARTS.items() if part not in {"live", "servers"}]
LIVE = [name for name, part in PARTS.items() if part == "live"]


def test_every_module_has_its_place():
    assert set(PARTS.values()) == set().union(*LAYERS) | {"live", "servers"}


@pytest.mark.parametrize("name", CORE)
def test_a_layer_imports_only_from_layers_to_its_left(name):
    own = next(number for number, layer in enumerate(LAYERS) if PARTS[name] in layer)
    left = set().union(*LAYERS[:own], FLOOR & LAYERS[own], {"live", "servers"} if PARTS[name] == "cli" else ())
    assert ours(name) - left - {PARTS[name]} == set()


@pytest.mark.parametrize("name", LIVE)
def test_live_uses_the_pipeline_the_servers_and_in_one_module_the_simulation(name):
    assert ours(name) - LIVE_MAY - ({"simulation", "data"} if name == SIMULATES else set()) == set()
    siblings = {part.split(".")[2] for part in imported(name) if part.startswith("swatlib.live.")}
    assert siblings & PAIRS.get(name.removeprefix("live."), set()) == set()


def test_servers_know_nothing_of_what_they_serve():
    reached = {name: ours(name) - SERVERS_MAY for name, part in PARTS.items() if part == "servers"}
    assert {name: others for name, others in reached.items() if others} == {}


def test_imports_are_absolute():
    assert [name for name in MODULES for what in imported(name) if what.startswith(".")] == []


@pytest.mark.parametrize(("package", "owner"), OWNERS.items())
def test_a_heavy_dependency_has_one_owner(package, owner):
    users = {name for name in MODULES for what in imported(name) if what.split(".")[0] == package}
    owners = (owner,) if isinstance(owner, str) else owner
    assert {name for name in users if not f"{name}.".startswith(tuple(f"{each}." for each in owners))} == set()


def test_only_settings_touches_the_environment():
    touching = {
        name
        for name in MODULES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}
    }
    assert touching == {"settings"}


def test_importing_does_no_work():
    names = [f"swatlib.{name}" for name in CORE]
    program = f"""
import importlib, sys
read = []
sys.addaudithook(lambda event, args: read.append(args[0]) if event == "open" else None)
for name in {names}:
    importlib.import_module(name)
root = {str(ROOT / "swatlib")!r}
others = [str(path) for path in read if str(path).startswith(root) and not str(path).endswith(".py")]
print([path for path in others if "__pycache__" not in path])  # bytecode, which Python writes under another name first
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def loaded_by(program, heavy):
    """Which of the modules `heavy` a program of its own loads."""
    program = f"{program}\nimport sys; print(*sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_help_waits_for_no_heavy_import():
    assert loaded_by("import swatlib.cli.app", PILLARS | ON_DEMAND) == []


def test_what_a_pipeline_is_made_of_loads_no_model_and_draws_nothing():
    assert loaded_by("import swatlib.pipeline", ON_DEMAND | {"matplotlib"}) == []


def test_the_imports_of_a_notebook_load_only_what_all_its_cells_need():
    imports = {path.stem: code(nbformat.read(path, as_version=4).cells)[1].source for path in NOTEBOOKS}
    program = f"""
import sys
for name, source in {imports}.items():
    exec(source, {{}})
    if loaded := {ON_DEMAND} & {{*sys.modules}}:
        print(name, *sorted(loaded))
"""
    assert loaded_by(program, ON_DEMAND) == []


def test_metrics_and_figures_of_scores_load_no_model():
    program = """
import numpy as np, pandas as pd
from swatlib import metrics, plots
time = pd.date_range("2015-12-28", periods=400, freq="s", name="time")
label = pd.Series(np.arange(400) // 100 % 2 == 1, time)
scored = pd.DataFrame({"score": np.arange(400.0), "threshold": 350.0, "alarm": np.arange(400) > 350}, time)
scores = pd.concat({"pca": scored}, axis=1)
events = pd.DataFrame({"attack": "1", "start": time[[100]], "end": time[[200]], "points": "P101"})
metrics.with_intervals(metrics.compare(scores, label, events), metrics.compare_resampled(scores, label, events), ["f1"])
metrics.attribution([["P101"]], [["P101"]], ["P101", "P102"])
for figure in (plots.precision_recall(scores, label), plots.strip(scores, events)):
    figure._repr_png_()
"""
    assert loaded_by(program, ON_DEMAND | {"scipy"}) == []


def test_there_are_notebooks_in_the_order_of_the_flow():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(len(NOTEBOOKS))]
    assert len(NOTEBOOKS) >= 4


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def cells(request):
    return nbformat.read(request.param, as_version=4).cells


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def test_a_notebook_begins_with_title_and_questions(cells):
    title, *lines = cells[0].source.splitlines()
    assert (cells[0].cell_type, title[:2]) == ("markdown", "# ")
    assert 3 <= sum(line.startswith(("- ", "* ")) for line in lines) <= 5


def test_the_parameters_cell_is_the_first_code_cell_and_described(cells):
    tagged = [number for number, cell in enumerate(code(cells)) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [0]
    assert [line for line in code(cells)[0].source.splitlines() if line and "#" not in line] == []


def test_notebooks_call_and_define_nothing(cells):
    trees = [ast.parse(cell.source) for cell in code(cells)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    assert [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))] == []


def test_cells_are_short(cells):
    long = {cell.source for cell in code(cells)[1:] if len(cell.source.strip().splitlines()) > 10}
    assert long == set()


def test_committed_notebooks_ran_from_top_to_bottom(cells):
    ran = [cell for cell in code(cells) if cell.source.strip()]
    assert [cell.execution_count for cell in ran] == list(range(1, len(ran) + 1))
    assert [output for cell in ran for output in cell.outputs if output.output_type == "error"] == []
    assert any(cell.outputs for cell in ran)


def test_committed_notebooks_show_no_warning(cells):
    shown = [output for cell in code(cells) for output in cell.outputs]
    assert [output.text for output in shown if output.get("name") == "stderr"] == []


def test_formulas_are_plain_text(cells):
    # Pages open offline, where no TeX is set.
    assert [
        cell.source for cell in cells if cell.cell_type == "markdown" and re.search(r"\$[^$]+\$|\\\(", cell.source)
    ] == []


def dependencies(without=()):
    extras = [lines for name, lines in PYPROJECT["project"]["optional-dependencies"].items() if name not in without]
    return [*PYPROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]


def test_every_dependency_has_its_reason_beside_it():
    explained = re.findall(r'^\s+"([^"]+)",\s+# \S', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(dependencies())


def locked():
    """Name to the versions that the lock gives it, one for each Python where they differ."""
    versions = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line and line[0] not in "#- ":
            requirement = Requirement(line)
            pinned = re.fullmatch(r"==([\w.+!]+)", str(requirement.specifier))
            versions.setdefault(canonicalize_name(requirement.name), []).append(pinned.group(1))
    return versions


def test_the_lock_satisfies_pyproject():
    versions = locked()
    for wanted in map(Requirement, dependencies(without={"deep"})):  # of gigabytes, installed by who wants it
        assert all(map(wanted.specifier.contains, versions[canonicalize_name(wanted.name)])), wanted


def test_conda_takes_the_same_list():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    from_pip = {"pip": ["-r requirements.lock", "-e ."]}
    assert environment["dependencies"] == ["python=3.12", "openjdk=17", "pip", from_pip]


def commands(text):
    return {line.strip() for line in text.splitlines() if re.match(r"\s*(exec )?sh \w", line)}


def test_ci_runs_the_commands_of_the_readme():
    readme = "\n".join(SHELL_BLOCK.findall((ROOT / "README.md").read_text()))
    plain = {line for line in commands(readme) if re.fullmatch(r"sh \w+\.sh", line)}
    assert plain == {line.removeprefix("exec ") for line in commands((ROOT / ".ci" / "run").read_text())}


def verbs():
    return typer.main.get_command(app).commands


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help_and_an_example(verb):
    command = verbs()[verb]
    assert command.help and command.epilog.startswith(f"Example: python -m swatlib {verb}")
    assert [each.name for each in command.params if not each.help] == []


FORBIDDEN = {
    "machine path": r"(^|[^A-Za-z0-9_.])/(root|home|work|farm|Users)/[A-Za-z]",
    "registry": r"https?://[^ \"]*(/simple/?|/maven2|/packages/|/pool/|\.whl|\.jar|\.deb|\.tgz)",
    "secret": r"[A-Za-z0-9_-]{40,}==|(?i:token|password|secret)[\"' ]*[:=][\"' ]*[A-Za-z0-9_-]{20,}",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_tracked_files_hold_nothing_private(what):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for path in map(Path, filter(None, listed.split("\0"))):
        pictures = path.suffix in {".png", ".webp", ".pdf"} or (path.suffix == ".ipynb" and what == "secret")
        if not pictures and (ROOT / path).is_file():
            text = (ROOT / path).read_text(encoding="utf-8")
            found += [f"{path}: {match.group()}" for match in re.finditer(FORBIDDEN[what], text, re.MULTILINE)]
    assert found == []
