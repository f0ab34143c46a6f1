from swatlib import provenance
from swatlib.provenance import code, commit


def test_the_commit_is_found_in_every_form_git_keeps_it(tmp_path):
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    assert commit(tmp_path) == "unknown"
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs with: peeled\nbbb refs/heads/main\n^ccc\n")
    assert commit(tmp_path) == "bbb"
    (git / "refs" / "heads" / "main").write_text("aaa\n")
    assert commit(tmp_path) == "aaa"
    (git / "HEAD").write_text("ddd\n")
    assert commit(tmp_path) == "ddd"
    tree = tmp_path / "tree"
    (git / "worktrees" / "tree").mkdir(parents=True)
    (git / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "tree" / "commondir").write_text("../..\n")
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {git / 'worktrees' / 'tree'}\n")
    assert commit(tree) == "aaa"


def test_the_digest_of_the_code_follows_what_it_says_and_where_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "part.py").write_text("a = 1")
    (tmp_path / "shown.py").write_text("b = 1")
    first, without = code(), code(("shown",))
    (tmp_path / "shown.py").write_text("b = 2")
    assert code() != first and code(("shown",)) == without
    (tmp_path / "part.py").write_text("a = 2")
    changed = code(("shown",))
    (tmp_path / "part.py").rename(tmp_path / "other.py")
    assert len({without, changed, code(("shown",))}) == 3
