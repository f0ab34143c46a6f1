"""The archive of classes of Kafka's Java: passed over where it does not fit, and none is left that is not whole; and
the data folder that Kafka's tool made."""

from zipfile import ZipFile

import pytest

from swatlib.servers import ServicesError, java, kafka_java
from swatlib.servers.installation import installed
from swatlib.servers.kafka_java import _kafka_archive, broker_classes_kept, has_broker_classes
from swatlib.servers.kinds import Kafka
from swatlib.servers.records import free_ports


@pytest.fixture
def cache(need, tmp_path, monkeypatch):
    """A cache in which Kafka is installed and has no archive."""
    need("kafka")
    (tmp_path / "services").symlink_to(installed("kafka").parent)
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path))
    return tmp_path


def command(folder):
    """What is launched, once the data folder is made, by a Java with the same archive."""
    made = Kafka(folder).command(dict(zip(Kafka.ports, free_ports(3), strict=True)))
    assert (folder / "kafka" / "data").is_dir()
    return [word.partition("=")[0] for word in made if "Archive" in word]


def test_an_archive_that_does_not_fit_is_passed_over(cache):
    archive = _kafka_archive(java(), installed("kafka"))
    archive.parent.mkdir()
    archive.write_bytes(b"classes of another Java")
    assert command(cache / "own") == ["-XX:SharedArchiveFile"]


def test_a_broker_that_does_not_end_writes_none(cache):
    with pytest.raises(ServicesError, match="Kafka's Java wrote no archive of its classes"), broker_classes_kept():
        assert command(cache / "own") == ["-XX:ArchiveClassesAtExit"]
    assert not has_broker_classes()
    assert [path.suffix for path in (cache / "java").iterdir()] == [".zip"]  # of a data folder


def test_those_of_another_kafka_go_when_one_is_written(cache):
    other = cache / "java" / "kafka-0123456789abcdef.jsa"
    other.parent.mkdir()
    other.touch()
    with broker_classes_kept():
        kafka_java._written[0].write_bytes(b"classes")
    assert list(other.parent.iterdir()) == [_kafka_archive(java(), installed("kafka"))]


def test_a_data_folder_is_a_copy_of_the_first_with_ids_of_its_own(cache, monkeypatch):
    command(cache / "first")
    monkeypatch.delattr(Kafka, "_make")
    command(cache / "second")
    made = [
        {path.name: path.read_bytes() for path in (cache / each / "kafka/data").iterdir()}
        for each in ("first", "second")
    ]
    metas = [sorted(files.pop("meta.properties").decode().splitlines()) for files in made]
    assert list(made[0]) == ["bootstrap.checkpoint"] and made[0] == made[1]
    assert [line.partition("=")[0] for line in metas[0]] == [line.partition("=")[0] for line in metas[1]]
    assert len({line for meta in metas for line in meta if "id=" in line}) == 5  # of two clusters, two folders, a node


@pytest.mark.parametrize("damage", [lambda _: b"", lambda packed: packed[:300], lambda packed: packed[:60] + bytes(60)])
def test_a_kept_data_folder_that_is_damaged_is_made_anew(damage, cache):
    command(cache / "first")
    (packed,) = (cache / "java").glob("*.zip")
    packed.write_bytes(damage(packed.read_bytes()))
    command(cache / "second")
    with ZipFile(packed) as whole:
        assert whole.testzip() is None and {"bootstrap.checkpoint", "meta.properties"} <= set(whole.namelist())
