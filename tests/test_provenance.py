import json
import subprocess

import pytest

from swatlib import provenance
from swatlib.provenance import checksum, code_digest, commit, edited_files


def written(path, source, outputs=()):
    """A notebook of one code cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": len(outputs)}
    path.write_text(json.dumps({"cells": [cell]}))
    return path


@pytest.fixture
def clone(tmp_path):
    """A clone with one module and one notebook, committed."""
    root = tmp_path / "clone"
    written(root / "notebooks" / "01-one.ipynb", "budget = 1.0")
    (root / "swatlib").mkdir()
    (root / "swatlib" / "plant.py").write_text("a = 1\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*author, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def test_the_commit_is_that_of_the_clone_and_of_no_folder_around_it(clone, tmp_path):
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True)
    assert commit(clone) == head.stdout.strip()
    assert (commit(clone / "notebooks"), commit(tmp_path)) == ("unknown", "unknown")
    assert edited_files(root=tmp_path) == []


def test_without_git_the_commit_is_unknown(clone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit(clone) == "unknown"


def test_edited_is_what_differs_from_the_commit(clone):
    assert edited_files(root=clone) == []
    (clone / "swatlib" / "plant.py").write_text("a = 2\n")
    (clone / "swatlib" / "new.py").write_text("")
    (clone / "README.md").write_text("no code")
    written(clone / "notebooks" / "01-one.ipynb", "budget = 25.0")
    assert edited_files(root=clone) == ["notebooks/01-one.ipynb", "swatlib/new.py", "swatlib/plant.py"]


def test_outputs_alone_are_no_edit(clone):
    path = clone / "notebooks" / "01-one.ipynb"
    before = checksum(path)
    written(path, ["budget", " = 1.0"], [{"output_type": "stream", "name": "stdout", "text": "1"}])
    assert (edited_files(root=clone), checksum(path)) == ([], before)
    assert checksum(written(path, "budget = 25.0")) != before


def test_a_notebook_that_is_not_in_the_commit_counts_as_edited(clone, tmp_path):
    committed = clone / "notebooks" / "01-one.ipynb"
    scratch = written(clone / "work" / "01-one.ipynb", "budget = 2.0")
    outside = written(tmp_path / "mine.ipynb", "budget = 2.0")
    assert edited_files([committed, scratch, outside], clone) == ["mine.ipynb", "work/01-one.ipynb"]


def test_the_digest_of_the_code_follows_what_it_says_and_where_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "part.py").write_text("a = 1")
    (tmp_path / "shown.py").write_text("b = 1")
    first, without = code_digest(), code_digest(("shown",))
    (tmp_path / "shown.py").write_text("b = 2")
    assert code_digest() != first and code_digest(("shown",)) == without
    (tmp_path / "part.py").write_text("a = 2")
    changed = code_digest(("shown",))
    (tmp_path / "part.py").rename(tmp_path / "other.py")
    assert len({without, changed, code_digest(("shown",))}) == 3
