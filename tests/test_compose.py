"""compose.yaml and what it starts: pinned, on loopback, without a secret, and made of files that are there."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from swatlib.settings import ROOT

sys.path.insert(0, str(ROOT / "stack"))  # jobs.py is a program beside the package
jobs = importlib.import_module("jobs")

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILES = sorted((ROOT / "stack" / "images").glob("*/Dockerfile"))
OWN = re.compile(r"swat-\w+:\d+\.\d+\.\d+")
PINNED = {"apache/kafka:4.3.1", "influxdb:2.9.1", "telegraf:1.39.3", "grafana/grafana:12.4.10", "chronograf:1.11.4"}
ONCE = {"secrets", "agent", "topics", "pipeline"}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+):?-([^}]*)\}")


@pytest.fixture(params=SERVICES)
def service(request):
    return SERVICES[request.param]


def test_compose_takes_the_file():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_the_reference_parser_takes_it_with_all_profiles(tmp_path):
    """Go builds the parser that Docker Compose itself uses; without Go the schema has to do."""
    if not shutil.which("go"):
        pytest.skip("no Go here")
    (tmp_path / "go.mod").write_text("module parser\n\ngo 1.24\n")
    variables = {**os.environ, "GOFLAGS": "-mod=mod", "GOBIN": str(tmp_path)}
    command = ["go", "install", "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"]
    built = subprocess.run(command, cwd=tmp_path, env=variables, check=False, capture_output=True, text=True)
    if built.returncode:
        pytest.skip(f"the parser can't be built: {built.stderr[-200:]}")
    example = dict(line.split("=", 1) for line in example_lines())
    asked = {"PATH": os.environ["PATH"], "COMPOSE_PROFILES": "*", **example}
    command = [str(tmp_path / "cmd"), "--format", "json", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, env=asked, check=True, capture_output=True, text=True)
    assert set(json.loads(done.stdout)["services"]) == set(SERVICES)


def test_images_are_pinned():
    images = {service["image"] for service in SERVICES.values()}
    assert {image for image in images if not OWN.fullmatch(image)} == PINNED
    assert [path for path in DOCKERFILES if not re.search(r"^FROM \S+:\d\S+-bookworm$", path.read_text(), re.M)] == []


def test_ports_are_open_to_this_machine_alone(service):
    assert [port for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")] == []


def test_the_ports_are_those_that_the_readme_names():
    ports = {name: port for text in (str(SERVICES),) for name, port in VARIABLE.findall(text) if name.endswith("_PORT")}
    assert ports == {
        "GRAFANA_PORT": "3000", "CHRONOGRAF_PORT": "8888", "INFLUXDB_PORT": "8086", "JUPYTER_PORT": "8890",
        "KAFKA_PORT": "9092", "SPARK_UI_PORT": "4040", "SPARK_MASTER_UI_PORT": "8080",
    }  # fmt: skip


def test_a_service_has_a_health_check_or_runs_once():
    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == ONCE
    checked = {name: service.get("healthcheck", {}) for name, service in SERVICES.items() if name not in ONCE}
    assert [name for name, check in checked.items() if not {"test", "start_period"} <= check.keys()] == []


def test_each_has_a_limit_of_memory_and_an_init(service):
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"]) and service["init"] is True


def test_what_is_waited_for_can_come():
    for service in SERVICES.values():
        for name, condition in service.get("depends_on", {}).items():
            once = condition["condition"] == "service_completed_successfully"
            assert once == (name in ONCE)


def test_every_folder_and_file_that_is_mounted_is_there_or_a_volume():
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    volumes = {mount for mount in mounts if not mount.startswith((".", "/"))}
    assert volumes == set(COMPOSE["volumes"])
    files = {mount for mount in mounts if mount.startswith("./") and not mount.startswith("./secrets")}
    assert [path for path in files if not (ROOT / path).exists()] == []


def test_a_service_gets_the_folder_of_its_own_secrets():
    given = {
        mount.split(":")[0].removeprefix("./secrets/")
        for name, service in SERVICES.items()
        for mount in service.get("volumes", ())
        if mount.startswith("./secrets/")
    }
    assert given == set(jobs.SHARES)
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_no_secret_stands_in_the_environment():
    named = {
        (key, str(value))
        for service in SERVICES.values()
        for key, value in service.get("environment", {}).items()
        if re.search("TOKEN|PASSWORD|SECRET", key)
    }
    assert {value for _, value in named if not value.startswith("/run/secrets")} == set()


def example_lines():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_example_names_every_variable_with_its_default():
    used = dict(VARIABLE.findall((ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert dict(line.split("=", 1) for line in example_lines()) == used


def test_kafka_is_set_as_without_containers():
    native = dict(
        line.split("=", 1)
        for line in (ROOT / "stack" / "kafka" / "server.properties").read_text().splitlines()
        if line and not line.startswith("#")
    )
    here = SERVICES["kafka"]["environment"]
    places = {"listener.security.protocol.map"}  # one listener more: that of this machine's own programs
    plain = {key: value for key, value in native.items() if "${" not in value and key not in places}
    assert {key: here[f"KAFKA_{key.upper().replace('.', '_')}"] for key in plain} == plain


def test_influxdb_is_set_as_without_containers():
    from swatlib.live.services.servers import InfluxDB

    assert InfluxDB(Path()).variables({}, {}).items() <= SERVICES["influxdb"]["environment"].items()


def test_telegraf_finds_every_variable_of_its_file():
    config = (ROOT / "stack" / "telegraf" / "telegraf.conf").read_text(encoding="utf-8")
    text = "\n".join(line for line in config.splitlines() if not line.startswith("#"))
    assert set(re.findall(r"\$\{(\w+)\}", text)) - SERVICES["telegraf"]["environment"].keys() == set()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_what_an_image_copies_is_there_and_sent_to_the_engine(dockerfile):
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    for sources in re.findall(r"^COPY (.*) \S+$", dockerfile.read_text(encoding="utf-8"), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists() and source in sent


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_images_take_their_packages_from_the_lock_and_run_as_no_root(dockerfile):
    text = dockerfile.read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*?)(?: \\)?$", text, re.MULTILINE)
    assert [
        call for call in installs if not re.search(r"--no-deps (-r (requirements\.lock|packages)|-e \.)$", call)
    ] == []
    assert text.rstrip().endswith("USER 1000:1000")


def test_the_producer_needs_no_spark():
    program = """
import sys
class Without:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("pyspark", "py4j"):
            raise ImportError(name)
sys.meta_path.insert(0, Without())
import swatlib.data, swatlib.live.producer, swatlib.live.session, swatlib.live.together, swatlib.simulation
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("script", ["run.sh", "test.sh", *sorted(path.name for path in (ROOT / "sh").iterdir())])
def test_shell_scripts_are_sound(script):
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here")
    path = script if (ROOT / script).exists() else f"sh/{script}"
    done = subprocess.run(["shellcheck", "-x", path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
