import pytest

from swatlib.atomic import replacing, write_text


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_can_not_be_written_is_named_as_the_user_knows_it(tmp_path):
    with pytest.raises(OSError, match="No such file") as met, replacing(tmp_path / "gone" / "a.txt") as temporary:
        temporary.parent.rmdir()
        temporary.touch()
    assert met.value.filename == str(tmp_path / "gone" / "a.txt")
