"""Spark's Java, launched at once by the command that Spark's own launcher gives, which is kept in the cache.

pyspark's scripts start a shell, a Python and another Java before it, each time. Java is wanted before anything is
imported that takes long, so this module imports little.

Beside the command may lie an archive of the classes that a stream loads, 13,000 of them, read and verified: with it
Java takes half the processor time until the first batch. `driver_classes_kept` has one made. Java itself passes over
an archive that is of other jars or another Java.
"""

import atexit
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from swatlib.atomic import replacing, write_text
from swatlib.servers import tools
from swatlib.servers.tools import ServicesError
from swatlib.settings import environment, settings

MEMORY = "1g"
OPTIONS = f"-XX:+UseParallelGC {tools.QUICK_START}"
SUBMIT = "org.apache.spark.deploy.SparkSubmit"
# Beside SPARK_*: what pyspark, its scripts or its launcher read
READ_BY_SCRIPTS = ("PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "HADOOP_CONF_DIR", "YARN_CONF_DIR")
OPTIONS_OF_ALL = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")  # read by whatever Java starts
SET_BY_PYSPARK = ("SPARK_AUTH_SOCKET_TIMEOUT", "SPARK_BUFFER_SIZE")  # in each process that had a session
UNSAID = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")  # that an archive does not fit, class by class

_written: list[Path] = []  # where the next Java writes an archive
_begun: "dict[tuple[str, ...], SparkJava]" = {}  # by what was launched


@dataclass(frozen=True)
class SparkJava:
    """A Java that runs or starts; it ends with this process."""

    process: subprocess.Popen
    folder: Path  # where it writes how to reach it
    log: Path | None = None  # where there is one of its own

    def reached(self, patience: float = 90.0) -> tuple[int, str]:
        """Its port and secret, once it listens. Raises ServicesError when it ends before, or takes longer."""
        told, deadline = self.folder / "gateway", time.monotonic() + patience
        while not told.exists():
            if self.process.poll() is not None:
                raise ServicesError(f"Spark's Java ended while it started{self._reason()}.")
            if time.monotonic() > deadline:
                self.end(now=True)
                raise ServicesError(
                    f"Spark's Java did not listen within {patience:.0f} s and was ended{self._reason()}."
                )
            time.sleep(0.01)
        port, length = struct.unpack(">ii", told.read_bytes()[:8])
        secret = told.read_bytes()[8 : 8 + length].decode()
        shutil.rmtree(self.folder)
        return port, secret

    def end(self, now: bool = False, patience: float = 120.0) -> None:
        """Close its input, so that it ends; kill it at once, or where that takes longer."""
        assert self.process.stdin
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            if not now:
                self.process.wait(patience)
        self.process.kill()
        self.process.wait()

    def _reason(self) -> str:
        return f"; {self.log} says why" if self.log else ""


@contextmanager
def driver_classes_kept(jars: Sequence[Path], memory: str = MEMORY) -> Iterator[None]:
    """The Java that this block begins writes the archive when the block ends; it takes twice the time for that.

    Raises ServicesError where no Java is begun, or when it writes none.
    """
    if found := _left_to_scripts():
        raise ServicesError(f"Spark's own scripts launch Java, without an archive, where there is {', '.join(found)}.")
    kept = _kept(jars, memory)
    _remove_archives_of_no_spark(kept.parent)
    with replacing(_archive(kept)) as archive:
        _written.append(archive)
        try:
            yield
            begun = list(_begun.values())
            for java in begun:
                java.end()
        finally:
            for java in _begun.values():
                java.end(now=True)
            _begun.clear()
            _written.clear()
        if not archive.exists():
            raise ServicesError(f"Java wrote none; {_log(kept)} says why." if begun else "No Java was begun.")


def has_driver_classes(jars: Sequence[Path], memory: str = MEMORY) -> bool:
    """Whether there is an archive for this Java, Spark and set of jars."""
    return _archive(_kept(jars, memory)).exists()


def begin_java(master: str, jars: Sequence[Path], memory: str = MEMORY) -> SparkJava | None:
    """Launch Java for a driver with these jars, once in a process.

    None where Spark's own scripts do it: on a cluster, whose executors read what they set, and beside a Spark or
    settings of one's own.
    """
    if not master.startswith("local[") or _left_to_scripts():
        return None
    command = _command(jars, memory)
    if command not in _begun or _begun[command].process.poll() is not None:
        _begun[command] = _launch(command, _kept(jars, memory))
    return _begun[command]


def _left_to_scripts() -> list[str]:
    """Settings for Spark that are met here; some are secrets, which no command that is kept may hold."""
    conf = _home() / "conf"
    known = (name for name, value in environment().items() if value and name not in SET_BY_PYSPARK)
    names = sorted(name for name in known if name.startswith("SPARK_") or name in READ_BY_SCRIPTS)
    return [*names, str(conf)] if conf.exists() else names


def _launch(command: tuple[str, ...], kept: Path) -> SparkJava:
    java, *arguments = command
    folder = Path(tempfile.mkdtemp(prefix="swat-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    variables = {"_PYSPARK_DRIVER_CONN_INFO_PATH": str(folder / "gateway"), "SPARK_CONNECT_MODE": "0"}
    # executors of `local-cluster` are started by these
    variables |= {**_scripts_say(_home()), "SPARK_HOME": str(_jars_alone(kept))}
    with _log(kept).open("wb") if _written else nullcontext() as output:
        process = subprocess.Popen(
            [java, *_sharing(kept), *arguments],
            stdin=subprocess.PIPE,  # which it reads until this process ends
            stdout=output,
            stderr=output,
            env=environment(**variables, PYTHONHASHSEED="0"),
            preexec_fn=_ignore_ctrl_c,  # noqa: PLW1509 (as pyspark does)
        )
    return SparkJava(process, folder, _log(kept) if _written else None)


def _jars_alone(kept: Path) -> Path:
    """A home of Spark without `pyspark.zip`: of a zip each Python compiles anew what it imports, for .4 s."""
    home = kept.with_suffix(".home")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            (home / "jars").symlink_to(_home() / "jars")
    except OSError:  # a cache that can't be written
        return _home()
    return home


def _ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _sharing(kept: Path) -> list[str]:
    if _written:
        return [f"-XX:ArchiveClassesAtExit={_written[0]}", *UNSAID]
    archive = _archive(kept)
    return [f"-XX:SharedArchiveFile={archive}", *UNSAID] if archive.exists() else []


def _archive(kept: Path) -> Path:
    return kept.with_suffix(".jsa")


def _log(kept: Path) -> Path:
    return kept.with_suffix(".log")


def _remove_archives_of_no_spark(folder: Path) -> None:
    """Those whose jars are gone, as with the virtual environment that they lay in, or aren't known."""
    for kept in {path.with_suffix(".json") for path in folder.glob("spark-*")}:
        if not _has_jars(kept):
            shutil.rmtree(kept.with_suffix(".home"), ignore_errors=True)
            for each in (_archive(kept), _log(kept), kept):
                each.unlink(missing_ok=True)


def _has_jars(kept: Path) -> bool:
    """Whether all jars of a kept command exist, and for `folder/*` the folder."""
    try:
        words = json.loads(kept.read_text(encoding="utf-8"))
        entries = words[words.index("-cp") + 1].split(":")
        return all(Path(entry.removesuffix("/*")).exists() for entry in entries if entry.endswith((".jar", "/*")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _kept(jars: Sequence[Path], memory: str) -> Path:
    """Where the command is kept; its name holds a digest of what it depends on."""
    parts = [_home() / "jars", *jars, *map(Path, filter(None, [environment().get("JAVA_HOME"), shutil.which("java")]))]
    seen = [(str(part), os.path.realpath(part), part.stat().st_mtime_ns) for part in parts if part.exists()]
    key = hashlib.sha256(json.dumps([seen, memory, OPTIONS]).encode()).hexdigest()[:16]
    return settings().cache_folder / "java" / f"spark-{key}.json"


def _command(jars: Sequence[Path], memory: str) -> tuple[str, ...]:
    """What Spark's launcher says to launch, asked once for each Java, Spark and set of jars."""
    kept = _kept(jars, memory)
    with suppress(OSError, ValueError):
        words = tuple(json.loads(kept.read_text(encoding="utf-8")))
        if _is_command(words):
            return words
    command = _asked(_home(), jars, memory)
    with suppress(OSError):  # a cache that can't be written: asked again next time
        write_text(kept, json.dumps(command))
    return command


def _asked(home: Path, jars: Sequence[Path], memory: str) -> tuple[str, ...]:
    java = tools.java()
    chosen = {
        "spark.driver.memory": memory,
        "spark.driver.extraJavaOptions": OPTIONS,
        "spark.driver.extraClassPath": ":".join(map(str, jars)),
    }
    conf = [word for key, value in chosen.items() for word in ("--conf", f"{key}={value}")]
    asking = [str(java), "-cp", f"{home / 'jars'}/*", "org.apache.spark.launcher.Main", SUBMIT, *conf, "pyspark-shell"]
    variables = environment(**_scripts_say(home), JAVA_HOME=str(java.parent.parent))
    for name in OPTIONS_OF_ALL:  # with which it may print more
        variables.pop(name, None)
    done = subprocess.run(asking, env=variables, capture_output=True, text=True, check=False)
    words = tuple(done.stdout.lstrip("\0\n").split("\0")[:-1])
    if done.returncode or not _is_command(words):
        raise ServicesError(f"Spark's launcher gave no command: {done.stdout}{done.stderr}".strip())
    return words


def _is_command(words: tuple[str, ...]) -> bool:
    return SUBMIT in words and Path(words[0]).is_file()


def _scripts_say(home: Path) -> dict[str, str]:
    """What Spark's scripts set, as far as its programs read it."""
    scala = next((home / "jars").glob("spark-launcher_*.jar")).name.split("_")[1].partition("-")[0]
    return {"SPARK_HOME": str(home), "SPARK_SCALA_VERSION": scala}


def _home() -> Path:
    found = find_spec("pyspark")
    if not found or not found.origin:
        raise ServicesError("pyspark isn't installed here; `sh run.sh` installs all that is needed.")
    return Path(found.origin).parent
