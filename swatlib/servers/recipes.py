"""How each server is made from what `stack/<name>/` pins: each recipe fills an empty folder.

Kafka, its agent and Spark's connector are jars that Ivy fetches (it comes with pyspark and knows where). InfluxDB and
Telegraf are built by Go from the module `stack/<name>`, every byte pinned by `go.sum`.
"""

import fcntl
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

from mirakuru import SimpleExecutor
from mirakuru.exceptions import ProcessFinishedWithError

from swatlib.servers import tools
from swatlib.servers.records import tail
from swatlib.servers.tools import ServicesError
from swatlib.settings import ROOT

STACK = ROOT / "stack"
MODULES = {"influxdb": "github.com/influxdata/influxdb/v2", "telegraf": "github.com/influxdata/telegraf"}
GO = {"GOFLAGS": "-mod=readonly -buildvcs=false"}

Say = Callable[[str], None]  # takes each step, as one line


def kafka(part: Path, log: Path, say: Say) -> None:
    """Broker, agent and connector: jars in a folder each."""
    java = [str(tools.java()), "-cp", f"{files('pyspark') / 'jars'}/*"]
    cache, pattern = part.with_name("ivy"), f"{part}/[conf]/[artifact]-[revision](-[classifier]).[ext]"
    resolve = ["-cache", str(cache), "-ivy", str(STACK / "kafka" / "ivy.xml"), "-types", "jar", "bundle"]
    retrieve = ["-retrieve", pattern, "-overwriteMode", "always"]
    say(f"kafka {version('kafka')}: fetching jars")
    _run([*java, "org.apache.ivy.Main", "-novalidate", *resolve, *retrieve], part, log)
    shutil.rmtree(cache)


def influxdb(part: Path, log: Path, say: Say) -> None:
    """`influxd`. Its query language is partly Rust, which InfluxData's own pkg-config compiles when Go asks for it."""
    go = str(tools.go())
    for needed in ("cargo", "cc", "pkg-config"):
        tools.program(needed)
    module = _module("influxdb", part)
    flux = module / "pkg-config"
    # Flux denies warnings, and Rust has had new ones since.
    rust = {"CGO_ENABLED": "1", "PKG_CONFIG": str(flux), "RUSTFLAGS": "--cap-lints warn", **tools.rust_toolchain()}
    say(f"influxdb {version('influxdb')}: building (five minutes on two cores)")
    _run([go, "build", "-o", str(flux), "github.com/influxdata/pkg-config"], module, log, **GO)
    _run([go, "build", "-trimpath", "-tags", "sqlite_foreign_keys,sqlite_json",
          "-ldflags", f"-s -w -X main.version={version('influxdb')}",
          "-o", str(part / "influxd"), f"{MODULES['influxdb']}/cmd/influxd"], module, log, **GO, **rust)  # fmt: skip
    shutil.rmtree(module)


def telegraf(part: Path, log: Path, say: Say) -> None:
    """`telegraf` with the plugins that its configuration names, and no other."""
    go = str(tools.go())
    module = _module("telegraf", part)
    say(f"telegraf {version('telegraf')}: building (two minutes on two cores)")
    _run([go, "build", "-trimpath", "-tags", ",".join(plugins()),
          "-ldflags", f"-s -w -X {MODULES['telegraf']}/internal.Version={version('telegraf')}",
          "-o", str(part / "telegraf"), f"{MODULES['telegraf']}/cmd/telegraf"],
         module, log, **GO, CGO_ENABLED="0")  # fmt: skip
    shutil.rmtree(module)


RECIPES = {"kafka": kafka, "influxdb": influxdb, "telegraf": telegraf}


def version(name: str) -> str:
    """The version that `stack/<name>` pins."""
    if name == "kafka":
        dependencies = ElementTree.parse(STACK / "kafka" / "ivy.xml").iter("dependency")
        return next(each.attrib["rev"] for each in dependencies if each.get("name") == "kafka_2.13")
    pinned = (STACK / name / "go.mod").read_text(encoding="utf-8")
    return re.findall(rf"^\s*{MODULES[name]} v(\S+)", pinned, re.MULTILINE)[0]


def pins(name: str) -> bytes:
    """The bytes that decide what is made."""
    pinning = ("ivy.xml", "jars.sha256") if name == "kafka" else ("go.mod", "go.sum")
    chosen = ",".join(plugins()).encode() if name == "telegraf" else b""
    return b"".join((STACK / name / file).read_bytes() for file in pinning) + chosen


def plugins() -> list[str]:
    """Telegraf's build tags: the plugins that `telegraf.conf` names, and the formats that they speak."""
    config = tomllib.loads((STACK / "telegraf" / "telegraf.conf").read_text(encoding="utf-8"))
    kinds = ("inputs", "outputs", "secretstores")
    named = {f"{kind}.{plugin}" for kind in kinds for plugin in config[kind]}
    return ["custom", *sorted(named), "parsers.influx", "parsers.json", "parsers.prometheus", "serializers.influx"]


def _module(name: str, part: Path) -> Path:
    """The Go module beside the folder to fill, so that no build writes into the clone."""
    module = part.with_suffix(".build")
    module.mkdir(exist_ok=True)
    for file in ("go.mod", "go.sum"):
        shutil.copyfile(STACK / name / file, module / file)
    return module


def _run(command: list[str], where: Path, log: Path, **variables: str) -> None:
    """Run a step to its end; what it started ends with it. Raises ServicesError with the end of the log."""
    with log.open("a", encoding="utf-8") as output:
        # The step inherits the lock with the file: what a killed installation left running is waited for.
        fcntl.flock(output, fcntl.LOCK_EX)
        step = SimpleExecutor(command, str(where), timeout=20, envvars=variables, stdin=subprocess.DEVNULL,
                              stdout=output, stderr=subprocess.STDOUT)  # fmt: skip
        try:
            code = step.start().process.wait()  # type: ignore[union-attr]  # a started one has a process
        finally:
            with suppress(ProcessFinishedWithError):
                step.stop()
    if code:
        raise ServicesError(f"{Path(command[0]).name} ended with {code}; the end of {log}:\n{tail(log)}")
