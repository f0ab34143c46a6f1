"""README and the pages of docs against the code: what they name exists, and the command line is written from it."""

import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module

import pytest
import typer
import yaml

from swatlib.cli.app import app
from swatlib.settings import ROOT

PROGRAM = "python -m swatlib"
REFERENCE = ROOT / "docs" / "command-line.md"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMAND = re.compile(r"python -m swatlib ([^`\n)]+)")
LINK = re.compile(r"\]\((?!http)([^)#]+)\)")
PATH = re.compile(r"`((?:swatlib|tests|stack|docs|notebooks|sh|data)/[\w./*-]+)`")
DOTTED = re.compile(r"`(swatlib(?:\.\w+)+)")

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


def test_the_page_of_the_command_line_is_what_the_code_says(tmp_path):
    """To write it, the same command with `--output docs/command-line.md`."""
    page = tmp_path / "command-line.md"
    docs = ["typer", "swatlib.cli.app", "utils", "docs", "--name", PROGRAM, "--output", str(page)]
    subprocess.run([sys.executable, "-m", *docs], cwd=ROOT, check=True, capture_output=True)
    assert REFERENCE.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


@page
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


@page
def test_files_and_modules_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    assert [path for path in PATH.findall(text) if not list(ROOT.glob(path.rstrip("/")))] == []
    assert [name for name in DOTTED.findall(text) if not found(name)] == []


def found(dotted):
    module, _, name = dotted.rpartition(".")
    try:
        return hasattr(import_module(module), name) or bool(import_module(dotted))
    except ImportError:
        return False


@page
def test_verbs_and_options_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    assert [words for words in COMMAND.findall(text) if not known(words)] == []


def known(words):
    command, rest = typer.main.get_command(app), shlex.split(words, comments=True)
    while rest and hasattr(command, "commands"):
        if rest[0].startswith("-") or rest[0] in {"COMMAND", "[OPTIONS]"}:
            break
        if (command := command.commands.get(rest.pop(0))) is None:
            return False
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    given = {word.partition("=")[0] for word in rest if word.startswith("-") and not re.fullmatch(r"[-+]?\d.*", word)}
    return given <= options


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
