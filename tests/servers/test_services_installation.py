"""Servers brought to this machine: nothing twice, nothing wrong, and a sentence for what is missing."""

import shutil
import threading

import pyspark
import pytest

from swatlib.servers import SERVER_NAMES, MissingError, ServicesError, connector, installation, tools
from swatlib.servers.installation import folder, install, installed, locked


@pytest.fixture
def copied(tmp_path, monkeypatch, need):
    """An installed Kafka that a test may spoil."""
    need("kafka")
    target = tmp_path / "services" / installed("kafka").name
    shutil.copytree(installed("kafka"), target)
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path))
    return target


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A machine without Java, Go or Rust, and nothing installed; `programs(name, script)` adds one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    def add(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return add


def test_a_second_install_changes_nothing(need):
    need("kafka")
    before = {path: path.stat().st_mtime_ns for path in installed("kafka").rglob("*")}
    steps = []
    assert install(["kafka"], steps.append) == {"kafka": installed("kafka")}
    assert (steps, {path: path.stat().st_mtime_ns for path in before}) == ([], before)


def test_a_corrupted_jar_is_refused_by_name(copied):
    jar = copied / "connector" / "kafka-clients-3.9.2.jar"
    expected = installation._digest(jar)
    jar.unlink()
    jar.write_bytes(b"something else")
    refusal = str(install(["kafka"])["kafka"])
    assert refusal.startswith(
        f"connector/{jar.name} in {copied}: SHA-256 expected {expected}, met {installation._digest(jar)}."
    )
    assert refusal.endswith(f"Delete {copied} and type `python -m swatlib services install kafka`.")


@pytest.mark.parametrize("change", [lambda jar: jar.unlink(), lambda jar: shutil.copy(jar, jar.with_name("more.jar"))])
def test_a_jar_too_few_or_too_many_is_refused(copied, change):
    change(next((copied / "broker").glob("*.jar")))
    with pytest.raises(ServicesError, match="no such file"):
        installed("kafka")


def test_the_connector_is_made_for_this_pyspark(need):
    need("kafka")
    names = [jar.name for jar in connector()]
    assert f"spark-sql-kafka-0-10_2.13-{pyspark.__version__}.jar" in names and len(names) == 4


def test_what_is_missing_is_one_sentence_each_and_names_a_command(programs):
    reasons = install(SERVER_NAMES)
    assert [type(reason) for reason in reasons.values()] == [MissingError] * 3
    assert [str(reason).split(" is needed")[0] for reason in reasons.values()] == [
        "Java 17 or newer",
        *["Go 1.21 or newer"] * 2,
    ]
    assert all("found: none. Type `" in str(reason) for reason in reasons.values())


def test_java_that_is_too_old_is_named(programs):
    programs("java", """echo 'openjdk version "11.0.22"' >&2""")
    with pytest.raises(MissingError, match=r"found: Java 11 \(.*/java\)"):
        tools.java()


def test_a_step_that_fails_shows_the_end_of_its_log(programs):
    programs("java", """case $1 in -version) echo 'openjdk version "21"' ;; *) echo no way out; exit 3 ;; esac""")
    reason = str(install(["kafka"], print)["kafka"])
    assert reason == f"java ended with 3; the end of {folder() / 'install-kafka.log'}:\nno way out"


def test_two_installations_wait_for_each_other(tmp_path):
    order, waits = [], threading.Event()

    def second():
        with locked(tmp_path / "lock", waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(tmp_path / "lock", pytest.fail):
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
