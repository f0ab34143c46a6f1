"""Programs of this machine that servers are built and run with, checked before they are needed; atomic writes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from swatlib.settings import environment

OLDEST_JAVA = 17  # Spark 4 and Kafka 4 start with nothing older
OLDEST_GO = (1, 21)  # the first that fetches a newer one by itself when a module asks for it
QUICK_START = "-XX:TieredStopAtLevel=1"  # of Java: code is compiled once and not optimised, in half the processor time
APT = {"cargo": "cargo", "cc": "gcc libc6-dev", "pkg-config": "pkg-config"}


class ServicesError(ValueError):
    """A server that can't be installed, started or reached; the message says what to type."""


class MissingError(ServicesError):
    """A program that this machine doesn't have, or only too old."""


def java() -> Path:
    """The first Java of JAVA_HOME and PATH that is new enough. Raises MissingError with those that were met."""
    home = environment().get("JAVA_HOME")
    paths = [str(Path(home, "bin", "java").absolute())] if home else []
    met = {path: _version([path, "-version"], r'version "(\d+)') for path in [*paths, shutil.which("java")] if path}
    for path, version in met.items():
        if version and version[0] >= OLDEST_JAVA:
            return Path(path)
    found = ", ".join(f"Java {version[0]} ({path})" for path, version in met.items() if version) or "none"
    raise MissingError(
        f"Java {OLDEST_JAVA} or newer is needed for Kafka and Spark; found: {found}. Type "
        "`sudo apt install openjdk-17-jre-headless` or `conda install openjdk=17`, or set JAVA_HOME."
    )


def go() -> Path:
    """Go. Raises MissingError when there is none, or one that can't fetch the version a module asks for."""
    path = shutil.which("go")
    version = _version([path, "version"], r"go(\d+)\.(\d+)") if path else None
    if path and version and version >= OLDEST_GO:
        return Path(path)
    found = ".".join(map(str, version)) if version else "none"
    raise MissingError(
        f"Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer is needed to build InfluxDB and Telegraf; found: {found}. Type "
        "`conda install go`, or install it as its makers say, and put its folder `bin` on PATH."
    )


def program(name: str) -> Path:
    """Any other program on PATH. Raises MissingError that says how to get it."""
    path = shutil.which(name)
    if not path:
        raise MissingError(f"`{name}` is needed to build InfluxDB; found: none. Type `sudo apt install {APT[name]}`.")
    return Path(path)


def store(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file atomically, with `mode` from its first moment: a token is never readable by others."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def rust_toolchain() -> dict[str, str]:
    """The variable that makes cargo use the installed Rust where a crate pins another one."""
    rustup = shutil.which("rustup")
    if not rustup:
        return {}
    shown = subprocess.run([rustup, "show", "active-toolchain"], capture_output=True, text=True, check=False).stdout
    return {"RUSTUP_TOOLCHAIN": shown.split()[0]} if shown.split() else {}


def _version(command: list[str], pattern: str) -> tuple[int, ...] | None:
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return None
    found = re.search(pattern, shown.stdout + shown.stderr)
    return tuple(map(int, found.groups())) if found else None
