"""The stack of containers, as far as its files say it: there may be no engine here."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from string import Template

import pytest
import yaml

from swatlib.live.services.handing import HANDED
from swatlib.live.services.recipes import version
from swatlib.plots.architecture import BOXES
from swatlib.settings import ROOT

TEXT = (ROOT / "compose.yaml").read_text()
STACK = yaml.safe_load(TEXT)
SERVICES = STACK["services"]
DOCKERFILES = {path.parent.name: path for path in (ROOT / "stack").glob("*/Dockerfile")}
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)}")
EXAMPLE = dict(re.findall(r"^# (\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def run(*command, cwd=ROOT, **options):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)


def tool(name):
    """A program that came with the packages."""
    return Path(sys.executable).with_name(name)


def plain(text):
    """With the defaults of variables filled in."""
    return VARIABLE.sub(lambda found: found[2], str(text))


def test_the_schema_of_compose_accepts_it():
    done = run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name):
    assert re.fullmatch(r"[a-z/-]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_containers_run_the_versions_that_run_without_them():
    tags = dict(service["image"].rsplit(":", 1) for service in SERVICES.values())
    assert {name: tags[name] for name in ("influxdb", "telegraf")} == {
        name: version(name) for name in ("influxdb", "telegraf")
    }
    assert tags["apache/kafka"] == version("kafka")


def test_own_images_have_the_version_of_the_package():
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    tags = {service["image"] for service in SERVICES.values() if "build" in service}
    assert tags == {f"swat/producer:{number}", f"swat/spark:{number}"}


def test_the_broker_in_a_container_is_set_as_the_one_without():
    template = Template((ROOT / "stack" / "kafka" / "server.properties").read_text())
    lines = template.safe_substitute().splitlines()
    native = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    container = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): str(value)
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    placed = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    placed |= {"listener.security.protocol.map", "inter.broker.listener.name"}
    assert {name: container.get(name) for name in native if name not in placed} == {
        name: value for name, value in native.items() if name not in placed
    }


def ports():
    return [(name, port) for name, service in SERVICES.items() for port in service.get("ports", ())]


def test_ports_listen_on_this_machine_alone_and_as_promised():
    assert [port for _, port in ports() if not port.startswith("127.0.0.1:")] == []
    promised = {"grafana": 3000, "chronograf": 8888, "influxdb": 8086, "notebooks": 8890, "kafka": 9092, "stream": 4040}
    default = {name: int(plain(port).split(":")[1]) for name, port in ports()}
    assert {name: default[name] for name in promised} == promised
    assert len(set(default.values())) == len(default)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_or_runs_once(name):
    service = SERVICES[name]
    assert ("healthcheck" in service) != (service["restart"] == "no")
    assert "healthcheck" not in service or {"interval", "timeout", "retries", "start_period"} < {
        *service["healthcheck"]
    }
    assert service["init"] is True and "mem_limit" in service


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_needs_to_be_healthy_or_done(name):
    for other, need in dict(SERVICES[name].get("depends_on", {})).items():
        once = SERVICES[other]["restart"] == "no"
        assert need["condition"] == ("service_completed_successfully" if once else "service_healthy"), other


def test_own_containers_are_nobody_special_but_for_the_one_that_hands_out():
    own = {name for name, service in SERVICES.items() if "build" in service}
    assert all(SERVICES[name]["cap_drop"] == ["ALL"] and SERVICES[name]["security_opt"] for name in own)
    assert {name for name in own if "user" in SERVICES[name]} == {"secrets"}
    assert all(re.search(r"^USER swat$", path.read_text(), re.MULTILINE) for path in DOCKERFILES.values())


def mounts(name):
    return [volume.split(":") for volume in SERVICES[name].get("volumes", ())]


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_are_declared(name):
    named = [source for source, *_ in mounts(name) if not source.startswith((".", "/"))]
    assert set(named) <= set(STACK["volumes"])


def test_who_may_read_which_secret():
    folder = "./stack/secrets/"
    given = {
        name: source.removeprefix(folder)
        for name in SERVICES
        for source, *_ in mounts(name)
        if source.startswith(folder)
    }
    writers = dict.fromkeys(("producer", "stream", "spark-worker", "telegraf"), "writers")
    readers = {"chronograf": "readers", "ready": "readers", "grafana": "grafana", "notebooks": "notebooks"}
    assert given == writers | readers
    assert (HANDED["writers"], HANDED["readers"]) == (("write",), ("read",))
    assert all(mode == ["ro"] for name in given for source, _, *mode in mounts(name) if source.startswith(folder))


def test_secrets_are_files_and_git_knows_none():
    variables = {key: value for service in SERVICES.values() for key, value in service.get("environment", {}).items()}
    secret = {key: value for key, value in variables.items() if re.search("TOKEN|PASSWORD|SECRET", key)}
    assert len(secret) >= 3 and [value for value in secret.values() if not re.match("(/run)?/secrets", value)] == []
    assert run("git", "check-ignore", "stack/secrets/set-up/operator", ".env").returncode == 0
    listed = run("git", "ls-files", "stack/secrets").stdout
    assert listed.split() == ["stack/secrets/.gitkeep"]


def test_every_variable_has_its_line_in_the_example():
    used = dict(VARIABLE.findall(TEXT))
    assert set(EXAMPLE) - {"COMPOSE_PROFILES"} == set(used)
    shown = {name: default for name, default in used.items() if default}
    assert {name: EXAMPLE[name] for name in shown} == shown


def test_variables_are_none_that_the_settings_would_refuse():
    assert [name for name in EXAMPLE if name.startswith("SWAT_")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_from_the_clone_is_there(name):
    local = [Path(source) for source, *_ in mounts(name) if source.startswith("./") and "secrets" not in source]
    if not (ROOT / "stack" / name).exists() and name in {"grafana", "chronograf"}:
        pytest.skip("the boards are not here yet")
    assert [str(path) for path in local if not (ROOT / path).exists()] == []


def copied(dockerfile):
    return [line.split()[1] for line in dockerfile.read_text().splitlines() if line.startswith("COPY ")]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_an_image_copies_is_there_and_sent_to_the_engine(name):
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied(DOCKERFILES[name]):
        assert (ROOT / source).exists() and any(fnmatch(source, each) for each in sent), source


@pytest.mark.parametrize("name", DOCKERFILES)
def test_packages_of_an_image_come_from_the_lock(name):
    text = DOCKERFILES[name].read_text()
    installs = list(re.findall(r"pip install (.*)", text))
    assert {line.split()[-1].removesuffix(".lock") for line in installs} <= {"requirements", "without-spark", "."}
    assert all("--no-deps" in line for line in installs)
    assert re.findall(r"[a-z]==\d", text) == []


@pytest.fixture(scope="session")
def parser(tmp_path_factory):
    """Compose's own parser, built from what `stack/compose` pins, where Go is there."""
    if not shutil.which("go"):
        pytest.skip("Go is needed for the parser of Compose")
    module = shutil.copytree(ROOT / "stack" / "compose", tmp_path_factory.mktemp("compose") / "parser")
    done = run("go", "build", "-o", "parser", ".", cwd=module)
    if done.returncode:
        pytest.skip(f"the parser of Compose can't be built: {done.stderr[-300:]}")
    return module / "parser"


def test_the_parser_of_compose_reads_it_with_every_variable_set(parser, tmp_path):
    done = run(parser, ROOT / "compose.yaml", cwd=tmp_path, env=EXAMPLE)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert set(services) == set(SERVICES)
    assert services["fit"]["command"] == EXAMPLE["FIT"].split()
    assert services["producer"]["command"] == ["produce", *EXAMPLE["PRODUCE"].split()]


@pytest.mark.parametrize("script", [*ROOT.glob("*.sh"), *ROOT.glob("sh/*.sh")], ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    done = run(tool("shellcheck"), "--external-sources", script)
    assert done.stdout == ""


def test_the_picture_of_the_architecture_shows_every_service_that_stays():
    staying = {name for name, service in SERVICES.items() if "healthcheck" in service}
    assert staying - {"spark-master", "spark-worker"} <= set(BOXES)
    shown = {port for _, _, what, _ in BOXES.values() for port in re.findall(r":(\d+)$", what)}
    assert shown <= {plain(port).split(":")[1] for _, port in ports()}


def test_the_producer_is_healthy_while_it_talks_to_the_port_the_others_use():
    port = SERVICES["producer"]["environment"]["SWAT_KAFKA"].split(":")[1]
    assert f":{int(port):04X} 01" in SERVICES["producer"]["healthcheck"]["test"]
