"""The archive of Java's classes, made over a real Kafka; whatever fails meanwhile is told in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JNetworkError

from swatlib.live import class_archive
from swatlib.live.class_archive import _told
from swatlib.live.stream import StreamError
from swatlib.servers import ServicesError, connector, spark_java
from swatlib.servers.installation import installed
from swatlib.settings import environment

# In a process of its own: Spark speaks to one Java in a process, and the recorded one has ended
MADE = "from swatlib.live.class_archive import make_archive; make_archive()"
SERVES = """
from swatlib.servers import connector
from swatlib.servers.spark_java import begin_java, has_archive

java = begin_java("local[2]", connector())
shared = [word for word in java.process.args if word.startswith("-XX:SharedArchiveFile=")]
print(has_archive(connector()), len(shared), java.reached()[0] > 0)
java.end()
"""


def made_by_this_code() -> bool:
    """Whether what `services install kafka` made is younger than what makes it."""
    archive = spark_java._archive(spark_java._kept(connector(), spark_java.MEMORY))
    sources = [Path(module.__file__).stat().st_mtime for module in (class_archive, spark_java)]
    return archive.exists() and archive.stat().st_mtime > max(sources)


def run(program: str, variables: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_archive_that_is_made_serves_the_next_java(need, tmp_path):
    need("kafka")
    variables = environment()
    if not made_by_this_code():
        (tmp_path / "services").symlink_to(installed("kafka").parent)
        variables = environment(SWAT_CACHE_FOLDER=str(tmp_path))
        run(MADE, variables)
    assert run(SERVES, variables) == "True 1 True\n"


@pytest.mark.parametrize(
    "error", [StreamError("failed 6 times\nat java"), Py4JNetworkError("Java is gone"), MemoryError()]
)
def test_what_fails_while_the_archive_is_made_is_told_in_a_sentence(error):
    with pytest.raises(ServicesError, match=rf"^the stream that .* failed: {type(error).__name__}: [^\n]+$"), _told():
        raise error
