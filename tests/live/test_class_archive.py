"""The archives of Java's classes, made over a real Kafka; whatever fails meanwhile is told in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JNetworkError

from swatlib.live import class_archive
from swatlib.live.class_archive import _as_services_error
from swatlib.live.stream import StreamError
from swatlib.servers import ServicesError, connector, java, kafka_java, kinds, spark_java
from swatlib.servers.installation import installed
from swatlib.settings import environment

# In a process of its own: Spark speaks to one Java in a process, and the recorded one has ended
MADE = "from swatlib.live.class_archive import make_archives; make_archives()"
SERVES = """
import psutil, sys
from pathlib import Path
from swatlib.servers import Services, connector
from swatlib.servers.spark_java import begin_java

def shared(program):
    return sum(word.startswith("-XX:SharedArchiveFile=") for word in program)

java = begin_java("local[2]", connector())
print(shared(java.process.args), java.reached()[0] > 0)
java.end()
with Services(Path(sys.argv[1]), ("kafka",)) as servers:
    print(shared(psutil.Process(servers.pid("kafka")).cmdline()), servers.status()["kafka"].state)
"""


def made_by_this_code() -> bool:
    """Whether what `services install kafka` made is younger than what makes it."""
    spark = spark_java._archive(spark_java._kept(connector(), spark_java.MEMORY))
    archives = [spark, kafka_java._kafka_archive(java(), installed("kafka"))]
    sources = [Path(module.__file__).stat().st_mtime for module in (class_archive, kafka_java, kinds, spark_java)]
    return all(each.exists() and each.stat().st_mtime > max(sources) for each in archives)


def run(program: str, *given: str) -> str:
    command = [sys.executable, "-c", program, *given]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_archives_that_are_made_serve_the_next_java_of_spark_and_of_kafka(need, tmp_path):
    need("kafka")
    if not made_by_this_code():
        run(MADE)  # into the cache, where they serve the tests after this one too
    assert run(SERVES, str(tmp_path / "served")) == "1 True\n1 running\n"


@pytest.mark.parametrize(
    "error", [StreamError("failed 6 times\nat java"), Py4JNetworkError("Java is gone"), MemoryError()]
)
def test_what_fails_while_the_archive_is_made_is_told_in_a_sentence(error):
    with (
        pytest.raises(ServicesError, match=rf"^the stream that .* failed: {type(error).__name__}: [^\n]+$"),
        _as_services_error(),
    ):
        raise error
