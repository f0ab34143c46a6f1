"""A container engine for tests: one that answers, or one of our own, which root may start; its data lie in the cache.

Into an engine of our own come images that stand in for the official ones, under their names: made of what the package
registries have, and of the servers that `python -m swatlib services install` built. Another engine fetches its own.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from swatlib.servers.installation import installed
from swatlib.settings import settings

HERE = Path(__file__).parent / "images"
COMPOSE = "github.com/docker/compose/v2@v2.40.3"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
# image: folder of `images`, in the order in which they build on one another
STAND_INS = {
    "swat-tests-debian": "debian",
    "python:3.12-slim-bookworm": "python",
    "apache/kafka:4.3.1": "kafka",
    "influxdb:2.9.1": "influxdb",
    "telegraf:1.39.3": "telegraf",
    "grafana/grafana:12.4.10": "grafana",
    "chronograf:1.11.4": "chronograf",
}
PATIENCE = 900  # seconds for one step of an engine: it ends with a sentence then, and never hangs
PACKAGES = "docker.io iptables containerd runc debootstrap"


class LackError(Exception):
    """Why there is no engine here; the message says what to type."""


class Engine:
    """`variables`: what programs of Docker need in their environment. `stop` ends an engine that was started here."""

    def __init__(self):
        self.folder = settings().cache_folder / "containers"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.variables: dict[str, str] = {}
        self.daemon: subprocess.Popen | None = None
        try:
            if not answers({}):
                self._start()
            self._add_compose()
        except subprocess.TimeoutExpired as late:
            self.stop()
            raise LackError(f"No engine: {late}") from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self.daemon:
            with suppress(RuntimeError):
                self.docker("builder", "prune", "--force", "--keep-storage", "12gb")
            self.daemon.terminate()
            try:
                self.daemon.wait(60)
            except subprocess.TimeoutExpired:
                self.daemon.kill()

    def docker(self, *words: str, check: bool = True) -> str:
        """What `docker …` prints."""
        try:
            done = subprocess.run(["docker", *words], env=os.environ | self.variables, capture_output=True, text=True,
                                  check=False, timeout=PATIENCE)  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"docker {' '.join(words)} did not end within {PATIENCE} s") from None
        if check and done.returncode:
            raise RuntimeError(f"docker {' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def _start(self) -> None:
        socket = f"unix://{self.folder}/docker.sock"
        self.variables["DOCKER_HOST"] = socket
        if not answers(self.variables):  # else a test that was killed left it
            self._launch(socket)
        self._stand_in()

    def _launch(self, socket: str) -> None:
        if not settings().require_containers:
            raise LackError("No container engine answers; as root SWAT_REQUIRE_CONTAINERS=1 starts one for tests.")
        if os.geteuid() == 0 and shutil.which("apt-get"):
            install_packages()
        if os.geteuid() != 0 or not shutil.which("dockerd"):
            raise LackError(f"No engine can be started; on Debian type, as root: apt-get install {PACKAGES}")
        command = ["dockerd", "--host", socket, "--data-root", f"{self.folder}/engine", "--exec-root",
                   f"{self.folder}/run", "--pidfile", f"{self.folder}/docker.pid",
                   "--exec-opt", "native.cgroupdriver=cgroupfs"]  # fmt: skip
        for record in (self.folder / "docker.pid", self.folder / "run" / "containerd" / "containerd.pid"):
            forget_dead(record, self.folder)
        with (self.folder / "dockerd.log").open("wb") as log:
            self.daemon = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not answers(self.variables):
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                self.daemon.kill()
                raise LackError(f"dockerd does not start here; see {log.name}")
            time.sleep(0.2)

    def _stand_in(self) -> None:
        for image, folder in STAND_INS.items():
            if not self.docker("image", "ls", "--quiet", image):
                with TemporaryDirectory(dir=self.folder) as room:
                    context = Path(room) / "context"
                    shutil.copytree(HERE / folder, context)
                    try:
                        (ADDED.get(folder) or nothing)(context)
                        self.docker("build", "--tag", image, str(context))
                    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                        raise LackError(f"The image that stands in for {image} could not be made: {error}") from None

    def _add_compose(self) -> None:
        """Compose where it lacks: built by Go once. A folder of our own, for Docker's settings are the user's."""
        plugin = self.folder / "config" / "cli-plugins" / "docker-compose"
        if not plugin.exists() and not succeeds("docker", "compose", "version"):
            try:
                build_compose(plugin)
            except (OSError, subprocess.SubprocessError) as error:
                raise LackError(f"Docker's compose plugin could not be built: {error}") from None
        if plugin.exists():
            self.variables["DOCKER_CONFIG"] = str(self.folder / "config")


def answers(variables: Mapping[str, str]) -> bool:
    """Whether an engine answers."""
    return succeeds("docker", "info", **variables)


def forget_dead(record: Path, folder: Path) -> None:
    """A process that was killed leaves its number, which another one may have by now."""
    if record.exists():
        line = Path("/proc", record.read_text().strip(), "cmdline")
        if not line.exists() or str(folder) not in line.read_text():
            record.unlink()


def succeeds(*command: str, **variables: str) -> bool:
    """Whether a command can be run and says so."""
    if not shutil.which(command[0]):
        return False
    try:
        done = subprocess.run(command, env=os.environ | variables, capture_output=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return not done.returncode


def install_packages() -> None:
    """What lacks of Debian's packages; without it the caller says what to type."""
    if not shutil.which("dockerd") or not shutil.which("debootstrap"):
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES.split()]):
            subprocess.run(["apt-get", "--quiet", *words], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                           stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE)  # fmt: skip


def build_compose(plugin: Path) -> None:
    if not shutil.which("go"):
        raise LackError("Docker's compose plugin is needed, or Go to build it.")
    version = COMPOSE.partition("@")[2]
    with TemporaryDirectory(dir=plugin.parents[2]) as room:
        variables = os.environ | {"GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
        listed = ["go", "mod", "download", "-json", COMPOSE]
        found = subprocess.run(listed, env=variables, cwd=room, capture_output=True, text=True, check=True,
                               timeout=PATIENCE).stdout  # fmt: skip
        source = shutil.copytree(found.split('"Dir": "')[1].split('"')[0], Path(room) / "source")
        subprocess.run(["chmod", "-R", "u+w", source], check=True)
        mark = f"-s -w -X github.com/docker/compose/v2/internal.Version={version}"
        build = ["go", "build", "-trimpath", "-ldflags", mark, "-o", f"{room}/docker-compose", "./cmd"]
        subprocess.run(build, env=os.environ | {"CGO_ENABLED": "0"}, cwd=source, check=True, capture_output=True,
                       timeout=2 * PATIENCE)  # fmt: skip
        plugin.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(f"{room}/docker-compose", plugin)


def nothing(context: Path) -> None:
    pass


def add_debian(context: Path) -> None:
    root = context / "root"
    subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root], check=True,
                   capture_output=True, timeout=PATIENCE)  # fmt: skip
    subprocess.run(["tar", "-C", root, "-cf", context / "base.tar", "."], check=True)
    shutil.rmtree(root)
    (context / "certificates").mkdir()
    for path in CERTIFICATES.glob("*.crt"):
        shutil.copy(path, context / "certificates")


def add_python(context: Path) -> None:
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.12*/bin/python3.12"))
    found = [path for path in ("python3.12", *map(str, pyenv)) if succeeds(path, "-c", "")]
    if not found:
        raise LackError("The stand-in for Python's image needs a python3.12 here.")
    asked = [found[0], "-c", "import sys; print(sys.base_prefix)"]
    prefix = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    left_out = shutil.ignore_patterns("site-packages", "__pycache__", "test", "tkinter", "idlelib", "*.a", "share")
    (context / "python" / "bin").mkdir(parents=True)
    shutil.copy(prefix / "bin" / "python3.12", context / "python" / "bin")
    for folder in ("lib", "include"):
        shutil.copytree(prefix / folder, context / "python" / folder, ignore=left_out, symlinks=True)
    (context / "python" / "lib" / "python3.12" / "site-packages").mkdir()


def add_kafka(context: Path) -> None:
    shutil.copytree(installed("kafka") / "broker", context / "broker")


def add_influxdb(context: Path) -> None:
    shutil.copy(installed("influxdb") / "influxd", context)


def add_telegraf(context: Path) -> None:
    shutil.copy(installed("telegraf") / "telegraf", context)


def add_server(context: Path) -> None:
    shutil.copy(HERE / "serve.py", context)


ADDED = {
    "debian": add_debian, "python": add_python, "kafka": add_kafka, "influxdb": add_influxdb,
    "telegraf": add_telegraf, "grafana": add_server, "chronograf": add_server,
}  # fmt: skip
