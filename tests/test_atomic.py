import pickle
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swatlib.atomic import replacing, write_text


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "old")]


def a_text(temporary):
    temporary.write_text("new")


def without_its_folder(temporary):
    temporary.parent.rmdir()
    temporary.touch()


def as_a_table(temporary):
    temporary.parent.rmdir()
    pq.write_table(pa.table({"a": [1]}), temporary)


@pytest.mark.parametrize(
    ("name", "write"),
    [("gone/a.txt", without_its_folder), ("gone/a.parquet", as_a_table), ("a" * 255, a_text), ("folder", a_text)],
    ids=["no folder", "of pyarrow", "too long a name", "a folder is there"],
)
def test_what_can_not_be_written_is_named_as_the_user_knows_it(tmp_path, name, write):
    path = tmp_path / name
    if name == "folder":
        (path / "full").mkdir(parents=True)
    with pytest.raises(OSError, match=re.escape(str(path))) as met, replacing(path) as temporary:
        write(temporary)
    again = pickle.loads(pickle.dumps(met.value))  # as it comes from another process
    assert str(again) == str(met.value) and temporary.name not in str(again)
    assert not [*tmp_path.rglob(".*")]
