"""The servers installed on this machine, in `<cache folder>/services`, which all clones share.

The name of a server's folder holds its version and a digest of what it is made from. Until it is complete the name ends
in `.part`, and the next try uses what was fetched or compiled. Every file is checked by its SHA-256: the jars against
the committed `stack/kafka/jars.sha256`, a program that was built here against what was built.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from swatlib.servers import tools
from swatlib.servers.recipes import RECIPES, STACK, Say, pins, version
from swatlib.servers.tools import ServicesError, store
from swatlib.settings import settings

SERVER_NAMES = tuple(RECIPES)
SUMS = "SHA256SUMS"


def install(names: Iterable[str] = SERVER_NAMES, say: Say = print) -> dict[str, Path | ServicesError]:
    """Install what is missing; name to its folder, or to the reason why it isn't there.

    The reason is a MissingError when this machine lacks a program. `say` takes each step as one line. Run again after
    an interruption, it goes on.
    """
    refuse_unknown_servers(names)
    with locked(folder() / "install.lock", lambda: say("waiting for another installation to end")):
        return {name: _attempt(name, say) for name in names}


def installed(name: str) -> Path:
    """The folder of a server, its files checked. Raises ServicesError when it is missing or damaged."""
    target = _target(name)
    if not target.is_dir():
        raise ServicesError(f"{name} isn't installed; type `python -m swatlib services install {name}`.")
    check(target, _sums(name, target), f"Delete {target} and type `python -m swatlib services install {name}`.")
    return target


def available() -> list[str]:
    """The servers that are installed, their files unchecked."""
    return [name for name in SERVER_NAMES if _target(name).is_dir()]


def connector() -> list[Path]:
    """Spark's Kafka connector: four jars for `spark.jars`. Raises ServicesError like `installed`."""
    return sorted((installed("kafka") / "connector").glob("*.jar"))


def check(where: Path, sums: Mapping[str, str], remedy: str) -> None:
    """Check the files of a folder by `sums` (relative name to SHA-256): none is missing, added or changed.

    Raises ServicesError with the first that differs, what was expected and met, and the remedy.
    """
    met = {path.relative_to(where).as_posix() for path in where.rglob("*") if path.is_file()} - {SUMS}
    for name in sorted(met | sums.keys()):
        expected = sums.get(name, "no such file")
        found = _digest(where / name) if name in met else "no such file"
        if found != expected:
            raise ServicesError(f"{name} in {where}: SHA-256 expected {expected}, met {found}. {remedy}")


def folder() -> Path:
    """Where installed servers lie."""
    return settings().cache_folder / "services"


def refuse_unknown_servers(names: Iterable[str], known: Iterable[str] = SERVER_NAMES) -> None:
    """Raises ServicesError for the first name that is not among the `known` ones."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ServicesError(f"There is no server '{name}'. There are {', '.join(known)}.")


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """One process at a time; `waiting` is called when another one holds the lock. A killed process leaves no lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _attempt(name: str, say: Say) -> Path | ServicesError:
    try:
        if not _target(name).is_dir():
            _make(name, say)
        if name == "kafka":
            tools.java()  # the jars may be older than the removal of the Java that fetched them
        return installed(name)
    except ServicesError as reason:
        return reason


def _make(name: str, say: Say) -> None:
    target = _target(name)
    part, log = target.with_name(target.name + ".part"), folder() / f"install-{name}.log"
    part.mkdir(exist_ok=True)
    RECIPES[name](part, log, say)
    if name == "kafka":
        _check_fetched(part)
    else:
        store(part / SUMS, "".join(f"{_digest(path)}  {path.name}\n" for path in part.iterdir()))
    part.rename(target)


def _check_fetched(part: Path) -> None:
    try:
        check(part, _sums("kafka", part), "Nothing was installed; the same command fetches all of it again.")
    except ServicesError:
        shutil.rmtree(part)
        raise


def _target(name: str) -> Path:
    return folder() / f"{name}-{version(name)}-{hashlib.sha256(pins(name)).hexdigest()[:8]}"


def _sums(name: str, target: Path) -> dict[str, str]:
    listed = STACK / "kafka" / "jars.sha256" if name == "kafka" else target / SUMS
    lines = listed.read_text(encoding="utf-8").splitlines()
    return {file: digest for digest, _, file in (line.partition("  ") for line in lines)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
