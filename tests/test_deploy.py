"""compose.yaml, what it mounts, and the Dockerfile: as far as they can be tried without an engine, they are."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.app import compose
from bridge.sandbox import build, serve_in_thread
from bridge.settings import LedgerSettings, Settings, load
from tests.program import Program, call, free_port
from tests.soap.wire import Answer, exchange
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BRIDGES = ("bridge-1", "bridge-2")
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
HAPROXY = (ROOT / "deploy/haproxy.cfg").read_text(encoding="utf-8")


def tool(name: str) -> str:
    """Where a program is. Without it the test is skipped, and fails where CI is set."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        assert "CI" not in os.environ, f"there is no {name}"
        pytest.skip(f"there is no {name}")
    return found


# compose.yaml


def test_compose_takes_it():
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("there is no docker compose")
    done = subprocess.run(
        [docker, "compose", "-f", "compose.yaml", "config", "--quiet"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_can_do_little(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "not root, and a number"
    assert any(each.startswith("/tmp:") for each in service["tmpfs"])
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert re.search(r":\d+\.\d+\.?\d*", service["image"]), "a version"
    assert not any("docker.sock" in str(each) for each in service.get("volumes", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_watched_and_restarted(name: str):
    service = SERVICES[name]
    if name == "migrate":
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert "test" in service.get("healthcheck", {}) or name in BRIDGES  # theirs is in the image


def test_two_bridges_that_wait_for_the_migration():
    for name in BRIDGES:
        service = SERVICES[name]
        assert service["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
        assert service["environment"]["SMSBRIDGE_HEALTH_URL"].endswith("/readyz")
        assert "ports" not in service, "only through the load balancer"
        assert service["image"] == SERVICES["migrate"]["image"]
    assert SERVICES["migrate"]["command"][0] == "migrate"


def test_the_image_has_the_version_of_the_program():
    from bridge import __version__  # noqa: PLC0415  # only here

    assert SERVICES["bridge-1"]["image"] == f"smsbridge:{__version__}"


def test_the_database_is_reached_by_its_clients_only():
    assert SERVICES["postgres"]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert SERVICES["balancer"]["networks"] == ["front"]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["balancer"]


def test_no_secret_stands_in_the_open():
    assert all(re.fullmatch(r"\./secrets/\w+", each["file"]) for each in COMPOSE["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert [name for name in service.get("environment", {}) if "PASSWORD" in name and not name.endswith("_FILE")] == []


def test_files_that_are_mounted_exist():
    # into a container with a read-only root compose can mount files, but write none
    assert all((ROOT / each["file"]).is_file() for each in COMPOSE["configs"].values())
    for service in SERVICES.values():
        assert {each["source"] for each in service.get("configs", ())} <= set(COMPOSE["configs"])


# what documents say


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md"])
def test_settings_that_are_named_exist(name: str):
    sections = {name: info.annotation for name, info in Settings.model_fields.items()} | {"ledger": LedgerSettings}
    named = re.findall(r"`(\w+)\.([a-z_]+)(?:`| =| ==)", (ROOT / name).read_text(encoding="utf-8"))
    found = {(section, key) for section, key in named if section in sections}
    assert len(found) > 10
    assert {each for each in found if each[1] not in sections[each[0]].model_fields} == set()


# its configuration


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of the bridges, with the secrets in a folder of the test."""
    for name in COMPOSE["secrets"]:
        (tmp_path / name).write_text("p@ss/w:rd\n", encoding="utf-8")
    file = tmp_path / "bridge.toml"
    file.write_text(
        (ROOT / "deploy/bridge.toml").read_text(encoding="utf-8").replace("/run/secrets", str(tmp_path)), encoding="utf-8"
    )
    return load(file)


def test_the_bridges_configuration(settings: Settings):
    assert compose(settings).accounts.keys() == {"admin"}
    assert settings.ledger is not None
    assert settings.ledger.clear_url() == "postgresql://smsbridge:p%40ss%2Fw%3Ard@postgres/smsbridge"
    assert settings.ledger.migrate == "manual"
    assert [str(each) for each in settings.server.trusted_proxies] == [COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]]


def test_what_is_stopped_gets_time_for_its_calls(settings: Settings):
    longest = int(re.findall(r"hard-stop-after (\d+)s", HAPROXY)[0])
    for name in ("bridge-1", "bridge-2", "balancer"):
        grace = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert grace > settings.server.shutdown_seconds
    assert settings.server.shutdown_seconds < longest < int(SERVICES["balancer"]["stop_grace_period"].removesuffix("s"))


def test_every_secret_is_one_that_the_configuration_names():
    named = set(re.findall(r"/run/secrets/(\w+)", (ROOT / "deploy/bridge.toml").read_text(encoding="utf-8")))
    assert named == set(COMPOSE["secrets"]) == set(SERVICES["bridge-1"]["secrets"])


# the load balancer


def test_haproxy_takes_its_configuration():
    done = subprocess.run(
        [tool("haproxy"), "-c", "-f", str(ROOT / "deploy/haproxy.cfg")],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # but for names that only compose knows
    warnings = [line for line in done.stderr.splitlines() if "[WARNING]" in line or "[ALERT]" in line]
    assert [line for line in warnings if "could not resolve address" not in line] == []


@contextlib.contextmanager
def balanced(folder: Path, *ports: int) -> Iterator[int]:
    """haproxy with the configuration of compose.yaml before bridges on these ports; its own port."""
    port, text = free_port(), HAPROXY
    text = text.replace("bind :9587", f"bind 127.0.0.1:{port}")
    for name, each in zip(BRIDGES, ports, strict=True):
        text = text.replace(f"{name}:9587", f"127.0.0.1:{each}")
    file = folder / "haproxy.cfg"
    file.write_text(text, encoding="utf-8")
    with subprocess.Popen([tool("haproxy"), "-db", "-f", str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield port
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def get(port: int, path: str, *headers: str) -> Answer:
    head = "".join(f"{header}\r\n" for header in ("Host: sms.example.com", "Connection: close", *headers))
    return exchange(port, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())


def ready(port: int) -> bool:
    with contextlib.suppress(OSError):
        return get(port, "/healthz").status == 200 and get(port, "/soap?wsdl").status == 200
    return False


def test_two_bridges_behind_haproxy(tmp_path: Path):
    """Calls go on while a bridge is killed, and end with a Fault when none is left; only /soap is seen from outside."""
    tool("haproxy")
    with contextlib.ExitStack() as stack:
        vendor = stack.enter_context(serve_in_thread(build("node"))).base_url
        file = tmp_path / "bridge.toml"
        file.write_text(
            f'[server]\nhost = "127.0.0.1"\ntrusted_proxies = ["127.0.0.1"]\n[vendors.main]\nkind = "node"\nbase_url = "{vendor}"\n'
            '[[accounts]]\nusername = "admin"\npassword = "123456"\ncredentials = { username = "user", password = "test" }\n',
            encoding="utf-8",
        )
        first, second = (stack.enter_context(Program("serve", "--config", str(file), "--port", "0")) for _ in BRIDGES)
        port = stack.enter_context(balanced(tmp_path, first.port(), second.port()))
        until(lambda: ready(port))
        for _ in range(10):
            assert call(port).find("credit") == "316807"
        assert all('"call"' in each.output for each in (first, second))
        assert 'location="http://sms.example.com/soap"' in get(port, "/soap?wsdl").content.decode()
        for path in ("/metrics", "/readyz", "/soap/../metrics", "//metrics"):
            assert get(port, path, "X-Forwarded-For: 127.0.0.1").status == 404
            assert get(port, path).find("faultstring") == "There is no service at this address; it is at /soap."
        first.signal(signal.SIGKILL)
        first.end()
        for _ in range(10):
            assert call(port).find("credit") == "316807"
        second.signal(signal.SIGKILL)
        second.end()
        answer = call(port)
        assert (answer.status, answer.code) == (503, "Fault")
        assert answer.find("faultstring") == "No server is ready; the call was not carried out."


# the image


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_what_is_copied_into_the_image_exists_and_is_not_ignored():
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert copied()
    assert ignore[1] == "*", "what is not named stays out"
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    assert not any(fnmatch.fnmatch(secret, pattern) for secret in ("secrets", "bridge.toml", ".git") for pattern in allowed)


def test_dependencies_of_the_image_have_hashes():
    for name in ("requirements.txt", "requirements-build.txt"):
        text = (ROOT / ".ci" / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []
    installs = [
        each
        for line in re.findall(r"^RUN (.*)$", DOCKERFILE, re.MULTILINE)
        for each in line.split("&&")
        if "pip " in each and "venv" not in each
    ]
    assert len(installs) == 4
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


def test_the_last_stage():
    *_, last = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    assert len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)) == 2
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim$", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"apt|gcc|build-essential|pip install", last), "neither compiler nor installer is used"
    (user,) = re.findall(r"^USER (\d+:\d+)$", last, re.MULTILINE)
    assert SERVICES["bridge-1"]["user"] == user
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", last, re.MULTILINE)[0]) == ["smsbridge"]
    # the shell form would be the process that gets the signal
    assert json.loads(re.findall(r"^CMD (.*)$", last, re.MULTILINE)[0])[0] == "serve"


def test_the_health_check():
    """The words of the Dockerfile, run beside a bridge and beside none."""
    (words,) = re.findall(r"^HEALTHCHECK .*? CMD (.*)$", DOCKERFILE, re.MULTILINE)
    python, *arguments = json.loads(words)
    assert python == "python"

    def healthy(port: int, path: str) -> bool:
        env = os.environ | {"SMSBRIDGE_HEALTH_URL": f"http://127.0.0.1:{port}{path}", "http_proxy": "http://127.0.0.1:9"}
        return not subprocess.run(["python3", *arguments], env=env, capture_output=True, timeout=PATIENCE, check=False).returncode

    with Program("demo", "--port", "0") as program:
        port = program.port()
        assert healthy(port, "/healthz")
        assert healthy(port, "/readyz")
        assert not healthy(port, "/nothing")
        assert program.stop() == 0
    assert not healthy(port, "/healthz")
