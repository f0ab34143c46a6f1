"""Settings from the environment (`SWAT_…`) or from a file `.env` beside `pyproject.toml`; the environment wins.

| variable                  | meaning                                                    | default                 |
|---------------------------|------------------------------------------------------------|-------------------------|
| `SWAT_CACHE_FOLDER`       | parsed files, compiled work, servers; shared by all clones | the user's cache folder |
| `SWAT_REPORTS_FOLDER`     | a folder for each run, and their index                     | `reports` in the clone  |
| `SWAT_PAGE`               | a notebook's page, with its others beside; set by a report | none are made           |
| `SWAT_PYTHON`             | the Python for `.venv`; read by `run.sh`, not from `.env`  | the newest that fits    |
| `SWAT_SERVICES_FOLDER`    | data, logs, tokens of servers that are started here        | the user's data folder  |
| `SWAT_REQUIRE_SERVICES`   | 1: a test whose servers are missing fails, not skips       | 0                       |
| `SWAT_REQUIRE_CONTAINERS` | 1: the same for a container engine, which root starts      | 0                       |
| `SWAT_KAFKA`              | host:port of a Kafka of your own                           | the one started here    |
| `SWAT_INFLUX_URL`         | address of an InfluxDB 2 of your own                       | the one started here    |
| `SWAT_INFLUX_TOKEN_FILE`  | its token's file, or a folder with files `write`, `read`   | made at first start     |
| `SWAT_INFLUX_ORG`         | organisation there                                         | `swat`                  |
| `SWAT_INFLUX_BUCKET`      | bucket there                                               | `swat`                  |
| `SWAT_TELEGRAF_STREAM`    | host:port of Telegraf's listener for the stream            | the one started here    |
| `SWAT_TELEGRAF_PRODUCER`  | the same for the producer                                  | the one started here    |
| `SWAT_SPARK_MASTER`       | where Spark runs: `local[*]`, `spark://host:7077`          | `local[*]`              |
| `SWAT_SPARK_UI`           | port of Spark's own pages                                  | none                    |
"""

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from platformdirs import user_cache_path, user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from swatlib.wording import did_you_mean

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PREFIX = "SWAT_"
MASTER = re.compile(
    r"local(\[(\d+|\*)(,\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|spark://[^:]+:\d+(,[^:]+:\d+)*|yarn|k8s://.+"
)

_lock = threading.RLock()  # held while the environment is read, or is other than it was for a while


class SettingsError(ValueError):
    """A variable with a value that can't be used, or a `SWAT_` variable that nothing reads; the message names it."""


class Settings(BaseSettings):
    """Where things lie. `~` in a folder is the user's home; a relative folder is below the clone."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    cache_folder: Path = Field(default_factory=lambda: user_cache_path("swatlib"))
    reports_folder: Path = ROOT / "reports"
    page: Path | None = None
    python: str | None = None

    services_folder: Path = Field(default_factory=lambda: user_data_path("swatlib") / "services")
    require_services: bool = False
    require_containers: bool = False
    kafka: str | None = None
    influx_url: str | None = None
    influx_token_file: Path | None = None
    influx_org: str = "swat"
    influx_bucket: str = "swat"
    telegraf_stream: str | None = None
    telegraf_producer: str | None = None
    spark_master: str = "local[*]"
    spark_ui: int | None = None

    @field_validator("cache_folder", "reports_folder", "services_folder")
    @classmethod
    def _folder(cls, path: Path) -> Path:
        folder = ROOT / path.expanduser()
        if folder.exists() and not folder.is_dir():
            raise ValueError("is a file, and a folder is wanted")
        return folder

    @field_validator("spark_master")
    @classmethod
    def _master(cls, master: str) -> str:
        if not MASTER.fullmatch(master):
            raise ValueError("is no Spark master; local[*], spark://host:7077, yarn or k8s://… is wanted")
        return master


def environment(**changes: str) -> dict[str, str]:
    """The environment for a program that is started, with changes.

    In the locale C Java reads no umlaut in a path.
    """
    with _lock:
        known = {**os.environ, **changes}
    return known | ({"LC_ALL": "C.UTF-8"} if known.get("LC_ALL") in ("C", "POSIX") else {})


def replace_environment(variables: Mapping[str, str]) -> None:
    """Make these the environment of this process, as if it had been started with them."""
    os.environ.clear()
    os.environ.update(variables)


@contextmanager
def set_for_a_while(**variables: str) -> Iterator[None]:
    """These variables in this process, where they were not, while the block lasts.

    Meanwhile other threads wait for `environment` and `settings`, so that no program they start gets the variables.
    """
    with _lock:
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]


def attended() -> bool:
    """Whether this is a kernel of a Jupyter server, so that somebody may click; in a report nobody does."""
    return "JPY_SESSION_NAME" in os.environ


def settings() -> Settings:
    """The settings as they stand now. Raises SettingsError with the variable's name."""
    dotenv = ROOT / ".env"
    with _lock:
        _refuse_unknown([*os.environ, *dotenv_values(dotenv)])
        try:
            return Settings(_env_file=dotenv)  # type: ignore[call-arg]
        except ValidationError as error:
            raise SettingsError("; ".join(_sentence(each) for each in error.errors())) from None


def _refuse_unknown(variables: Iterable[str]) -> None:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for variable in (name.upper() for name in variables):
        if variable.startswith(PREFIX) and variable not in known:
            raise SettingsError(
                f"{variable} is no setting.{did_you_mean(variable, known)} There are {', '.join(known)}."
            )


def _sentence(error: Mapping[str, Any]) -> str:
    variable = PREFIX + str(error["loc"][0]).upper()
    return f"{variable}={error['input']}: {error['msg'].removeprefix('Value error, ')}"
