"""compose.yaml and what it starts: pinned, on loopback, without a secret, and made of files that are there."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from swatlib.plots.architecture import BOXES
from swatlib.servers.kinds import process_patterns
from swatlib.settings import ROOT

sys.path.insert(0, str(ROOT / "stack"))  # jobs.py is a program beside the package
jobs = importlib.import_module("jobs")

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILES = sorted((ROOT / "stack" / "images").glob("*/Dockerfile"))
OWN = re.compile(r"swat-\w+:\d+\.\d+\.\d+")
PINNED = {"apache/kafka:4.3.1", "influxdb:2.9.1", "telegraf:1.39.3", "grafana/grafana:12.4.10", "chronograf:1.11.4"}
ONCE = {"secrets", "agent", "topics", "pipeline"}
# What each image declares as a volume: without a place in compose.yaml a start makes a volume without a name of it.
VOLUMES = {
    "kafka": {"/var/lib/kafka/data", "/etc/kafka/secrets", "/mnt/shared/config"},
    "influxdb": {"/var/lib/influxdb2", "/etc/influxdb2"},
    "chronograf": {"/var/lib/chronograf"},
}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+):?-([^}]*)\}")


@pytest.fixture(params=SERVICES)
def service(request):
    return SERVICES[request.param]


def test_compose_takes_the_file():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_compose_itself_reads_it_as_it_is_meant(tmp_path):
    """Compose's own parser, built from what `stack/compose` pins; without Go the schema has to do."""
    if not shutil.which("go"):
        pytest.skip("no Go here")
    module = shutil.copytree(ROOT / "stack" / "compose", tmp_path / "parser")
    built = subprocess.run(
        ["go", "build", "-o", "parser", "."], cwd=module, check=False, capture_output=True, text=True
    )
    if built.returncode:
        pytest.skip(f"the parser can't be built: {built.stderr[-200:]}")
    example = dict(line.split("=", 1) for line in example_lines())
    command = [module / "parser", ROOT / "compose.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=example, check=True, capture_output=True, text=True)
    read = json.loads(done.stdout)["services"]
    assert set(read) == set(SERVICES)
    open_ports = {port["published"] for service in read.values() for port in service.get("ports", ())}
    assert open_ports == {value for name, value in example.items() if name.endswith("_PORT")}


def test_images_are_pinned():
    images = {service["image"] for service in SERVICES.values()}
    assert {image for image in images if not OWN.fullmatch(image)} == PINNED
    assert [path for path in DOCKERFILES if not re.search(r"^FROM \S+:\d\S+-bookworm$", path.read_text(), re.M)] == []


def test_one_service_builds_each_image():
    built = [service["image"] for service in SERVICES.values() if "build" in service]
    assert sorted(built) == sorted({image for image in built if OWN.fullmatch(image)})
    assert set(built) == {service["image"] for service in SERVICES.values() if OWN.fullmatch(service["image"])}


@pytest.mark.parametrize("name", VOLUMES)
def test_no_start_leaves_a_volume_without_a_name(name):
    mounts = {mount.split(":")[1] for mount in SERVICES[name].get("volumes", ())}
    assert VOLUMES[name] - mounts - set(SERVICES[name].get("tmpfs", ())) == set()


def test_notebooks_and_their_secrets_are_those_of_the_caller():
    user = "${NOTEBOOKS_USER:-1000:1000}"
    assert SERVICES["notebooks"]["user"] == SERVICES["secrets"]["environment"]["NOTEBOOKS_USER"] == user
    writable = re.search(r"chmod -R a\+rwX (.*)", DOCKERFILES[1].read_text(encoding="utf-8"))[1].split()
    assert {"/opt/services", "/opt/cache"} <= set(writable)


@pytest.mark.parametrize(
    ("process", "command"),
    [
        ("KAFKA", "java -javaagent:/agent/jolokia.jar=port=8778 -cp /opt/* kafka.Kafka /opt/server.properties"),
        ("INFLUXDB", "influxd"),
        ("SPARK", "/usr/lib/jvm/java/bin/java -cp /usr/local/lib/python3.12/site-packages/pyspark/jars/* "
         "org.apache.spark.deploy.SparkSubmit --conf a=b pyspark-shell"),
        ("PRODUCER", "python -m swatlib produce --plant swat"),
    ],
)  # fmt: skip
def test_telegraf_tells_these_containers_programs_from_others(process, command):
    config = tomllib.loads((ROOT / "stack" / "telegraf" / "telegraf.conf").read_text(encoding="utf-8"))
    [procstat] = config["inputs"]["procstat"]
    assert {each["name"].upper(): each["patterns"] for each in procstat["filter"]}[process] == [
        f"${{PROCESS_{process}}}"
    ]
    assert all(each["executables"] for each in procstat["filter"])  # no init, no shell
    pattern = SERVICES["telegraf"]["environment"][f"PROCESS_{process}"].replace("$$", "$")
    native = process_patterns(Path("/srv/me/services"))[f"PROCESS_{process}"]
    assert re.search(pattern, command)
    others = f"/srv/me/java -cp /srv/me/pyspark/jars/* SparkSubmit pyspark-shell kafka.Kafka /srv/me/{process}/influxd"
    assert not re.search(pattern, others)
    assert process == "PRODUCER" or not re.search(native, command)


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


def test_what_runs_code_of_ours_or_holds_a_secret_may_do_little():
    safe = {name for name, service in SERVICES.items() if service.get("cap_drop") == ["ALL"]}
    assert set(SERVICES) - safe == {"kafka", "influxdb"}  # their images step down from root by themselves
    assert {name for name in safe if "cap_add" in SERVICES[name]} == {"secrets"}
    assert [name for name in safe if SERVICES[name]["security_opt"] != ["no-new-privileges:true"]] == []


def test_the_picture_of_the_architecture_shows_what_stays():
    staying = set(SERVICES) - ONCE - {"spark-master", "spark-worker"}
    assert staying <= set(BOXES)
    shown = {port for _, _, what, _ in BOXES.values() for port in re.findall(r":(\d+)$", what)}
    assert shown <= {port for name, port in VARIABLE.findall(str(SERVICES)) if name.endswith("_PORT")}


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
    from swatlib.servers.kinds import InfluxDB

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
    copied = r"^COPY (?!--from)(?:--chown=\S+ )?(.*) \S+$"
    for sources in re.findall(copied, dockerfile.read_text(encoding="utf-8"), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists() and source in sent


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_images_take_their_packages_from_the_lock_and_run_as_no_root(dockerfile):
    text = dockerfile.read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*?)(?: \\)?$", text, re.MULTILINE)
    assert [call for call in installs if not re.search(r"--no-deps (-r packages|-e \.)$", call)] == []
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["1000:1000"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_images_hold_no_package_of_developers(dockerfile, tmp_path):
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    chosen = re.search(r"^RUN (sed .*?> packages)", dockerfile.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-c", chosen[1]], cwd=tmp_path, check=True)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    absent = {re.match(r"[\w-]+", package)[0] for package in extras["dev"]}
    absent |= {"pyspark"} if dockerfile.parent.name == "producer" else set()
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    assert (tmp_path / "packages").read_text().splitlines() == [
        line for line in lock if line.split("==")[0] not in absent
    ]


def test_the_producer_needs_no_spark():
    program = """
import sys
class Without:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("pyspark", "py4j"):
            raise ImportError(name)
sys.meta_path.insert(0, Without())
import swatlib.data, swatlib.live.producer, swatlib.live.session, swatlib.live.wiring, swatlib.simulation
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("script", ["run.sh", "test.sh", *sorted(path.name for path in (ROOT / "sh").iterdir())])
def test_shell_scripts_are_sound(script):
    path = script if (ROOT / script).exists() else f"sh/{script}"
    done = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), "-x", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""


@pytest.fixture
def typed(tmp_path):
    """`sh run.sh stack …` on a machine without Docker, and what it says."""
    for tool in ("sh", "sed", "dirname", "cat"):
        (tmp_path / tool).symlink_to(shutil.which(tool))

    def run(*words: str) -> tuple[int, str]:
        command = [str(tmp_path / "sh"), str(ROOT / "run.sh"), "stack", *words]
        done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_without_docker_one_sentence_says_what_to_do(typed):
    code, said = typed()
    assert code == 1
    assert said.startswith("Docker is needed for the stack; found: none.") and said.count("\n") == 1


def test_what_the_stack_does_not_know_is_refused_by_name(typed):
    assert typed("--workers", "many") == (1, "--workers takes a number, as in: sh run.sh stack --workers 3\n")
    assert typed("dwon")[1].startswith("stack: 'dwon' is unknown; there are --workers N,")


def test_the_stack_explains_itself(typed):
    code, said = typed("--help")
    assert code == 0 and all(word in said for word in ("--workers", "--notebooks", "down", "--wipe"))
