"""Spark's Java, launched without its scripts: what is launched, what an archive of its classes may be."""

import json
import signal

import pytest

from swatlib.atomic import write_text
from swatlib.servers import ServicesError, connector, spark_java
from swatlib.servers.spark_java import begin_java, driver_classes_kept, has_driver_classes

ASK = spark_java._asked
ASKED = {}  # Spark's launcher takes half a second for the same answer


def asked_once(home, jars, memory, ask=spark_java._asked):
    question = (home, *jars, memory)
    if question not in ASKED:
        ASKED[question] = ask(home, jars, memory)
    return ASKED[question]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache without an archive, and a connector as jars; each Java that was begun ends with the test."""
    jars = connector()
    begun = {}  # not the Java of a session that other tests of this process have
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path))
    monkeypatch.setattr(spark_java, "_begun", begun)
    monkeypatch.setattr(spark_java, "_asked", asked_once)
    yield jars
    for java in begun.values():
        java.end(now=True)


def kept(folder):
    (path,) = (folder / "java").glob("spark-*.json")
    return path


def test_java_is_begun_once_and_says_how_it_is_reached(cache, tmp_path):
    java = begin_java("local[*,4]", cache)
    assert begin_java("local[*,4]", cache) is java
    port, secret = java.reached()
    assert (port > 0, len(secret) > 20) == (True, True)
    assert json.loads(kept(tmp_path).read_text()) == java.process.args


def test_spark_starts_java_itself_on_a_cluster(cache):
    assert begin_java("spark://127.0.0.1:7077", cache) is None


@pytest.mark.parametrize(
    "name",
    [
        "SPARK_HOME",
        "SPARK_CONF_DIR",
        "SPARK_SUBMIT_OPTS",
        "SPARK_DRIVER_MEMORY",
        "SPARK_DIST_CLASSPATH",
        "PYSPARK_SUBMIT_ARGS",
        "PYSPARK_GATEWAY_PORT",
        "HADOOP_CONF_DIR",
    ],
)
def test_what_is_set_for_sparks_scripts_is_left_to_them_and_kept_nowhere(cache, tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "-Dpassword=hidden")
    assert begin_java("local[2]", cache) is None
    with pytest.raises(ServicesError, match=f"where there is {name}\\."), driver_classes_kept(cache):
        pass
    assert not list(tmp_path.rglob("spark-*"))


def test_what_pyspark_sets_itself_leaves_nothing_to_scripts(cache, monkeypatch):
    monkeypatch.setenv("SPARK_BUFFER_SIZE", "65536")
    assert begin_java("local[2]", cache) is not None


def test_a_java_that_does_not_listen_is_killed_and_no_log_is_named_that_is_not_there(cache):
    java = begin_java("local[2]", cache)
    with pytest.raises(ServicesError, match=r"did not listen within 0 s and was ended\.$"):
        java.reached(patience=0)
    assert java.process.returncode < 0
    assert begin_java("local[2]", cache) is not java


def test_a_java_that_does_not_end_is_killed(cache):
    java = begin_java("local[2]", cache)
    java.process.send_signal(signal.SIGSTOP)
    java.end(patience=0.1)
    assert java.process.returncode == -signal.SIGKILL


def test_an_archive_that_does_not_fit_is_passed_over(cache, tmp_path):
    begin_java("local[2]", cache).end()
    spark_java._begun.clear()
    kept(tmp_path).with_suffix(".jsa").write_bytes(b"classes of another Java")
    java = begin_java("local[2]", cache)
    assert any(argument.startswith("-XX:SharedArchiveFile=") for argument in java.process.args)
    assert java.reached()[0] > 0


def test_a_recording_that_is_cut_off_leaves_no_archive_and_no_java(cache, tmp_path):
    with pytest.raises(KeyboardInterrupt), driver_classes_kept(cache):
        process = begin_java("local[2]", cache).process
        raise KeyboardInterrupt
    assert process.wait() < 0
    assert {path.suffix for path in (tmp_path / "java").iterdir()} == {".home", ".json", ".log"}


def test_a_java_that_writes_no_archive_is_told_with_its_log(cache):
    with pytest.raises(ServicesError, match=r"Java wrote none; .*\.log says why"), driver_classes_kept(cache):
        begin_java("local[2]", cache).process.kill()
    assert not has_driver_classes(cache)


@pytest.mark.parametrize("entry", ["no-such.jar", "no-environment/pyspark/jars/*"])
def test_archives_of_jars_that_are_gone_are_removed(cache, tmp_path, entry):
    gone, there = tmp_path / "java" / "spark-0.json", tmp_path / "java" / "spark-1.json"
    for path, last in ((gone, f"{tmp_path}/{entry}"), (there, f"{tmp_path}/*")):
        write_text(path, json.dumps(["java", "-Xmx1g", "-cp", f"{cache[0]}:{tmp_path}/no-conf:{last}"]))
        path.with_suffix(".jsa").write_bytes(b"")
        path.with_suffix(".home").mkdir()
    with pytest.raises(ServicesError, match="No Java was begun"), driver_classes_kept(cache):
        pass
    assert {path.name for path in gone.parent.iterdir()} == {"spark-1.home", "spark-1.json", "spark-1.jsa"}


@pytest.mark.parametrize("content", [b"[", b"\xff", b"{}", b'["java", "-cp"]', b'["java", "-cp", 1]', b"1", None])
def test_archives_whose_jars_are_not_known_are_removed(cache, tmp_path, content):
    broken = tmp_path / "java" / "spark-0.jsa"
    broken.parent.mkdir()
    broken.write_bytes(b"")
    if content is not None:
        broken.with_suffix(".json").write_bytes(content)
    with pytest.raises(ServicesError, match="No Java was begun"), driver_classes_kept(cache):
        pass
    assert list(broken.parent.iterdir()) == []


def test_what_java_prints_of_its_own_is_no_part_of_the_command(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xlog:gc")
    monkeypatch.setattr(spark_java, "_asked", ASK)
    first = spark_java._command(cache, "1g")
    kept(tmp_path).write_text(json.dumps(["[gc] Using G1\n/usr/bin/java", *first[1:]]))
    assert spark_java._command(cache, "1g") == first and first[0].endswith("/bin/java")
