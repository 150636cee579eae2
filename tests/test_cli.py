"""The program, as people run it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization

from bridge.cli import main
from bridge.sandbox import build, serve_in_thread
from bridge.soap.writer import write_call
from tests.log_capture import captured_log
from tests.program import Program, call, free_port, run
from tests.soap.serving import serve, settings_for
from tests.soap.wire import Wire, request
from tests.waiting import PATIENCE, until

# a process of its own takes a second to start: where nothing but the words matter, the command is run in the tests' process
COMMANDS = ["call", "check", "demo", "hash-password", "migrate", "record", "replay", "sandbox", "serve", "verify", "wsdl"]
WSDL = Path(__file__).parent.parent / "wsdl" / "sms.wsdl"
ANOTHER = ("another", "other password")


class Vendor:
    """A sandbox that runs in the tests' own process."""

    def __init__(self, base_url: str) -> None:
        self.url = base_url
        self._http = httpx.Client(base_url=base_url, timeout=PATIENCE, trust_env=False, verify=False)

    def control(self, path: str, body: Any = None) -> Any:
        return (self._http.get(f"/_sandbox/{path}") if body is None else self._http.post(f"/_sandbox/{path}", json=body)).json()

    def has_a_request_in_work(self) -> bool:
        requests = self.control("requests")["requests"]
        return bool(requests) and requests[-1]["fault"] == "slow"

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def running_vendor() -> Iterator[Vendor]:
    with serve_in_thread(build("node")) as running:
        vendor = Vendor(running.base_url)
        yield vendor
        vendor.close()


@pytest.fixture
def vendor(running_vendor) -> Vendor:
    running_vendor.control("reset", {})
    return running_vendor


def account(username: str, password: str, vendor_password: str = "test") -> str:
    return (
        f'\n[[accounts]]\nusername = "{username}"\npassword = "{password}"\n'
        f'credentials = {{ username = "user", password = "{vendor_password}" }}\n'
    )


def text_of(vendor_url: str, accounts: str = account("admin", "123456"), server: str = "", vendor: str = "") -> str:
    return f"""
[server]
host = "127.0.0.1"
{server}
[vendors.main]
kind = "node"
base_url = "{vendor_url}"
{vendor}
{accounts}
"""


@pytest.fixture
def config(vendor, tmp_path) -> Path:
    """A file for account admin / 123456."""
    file = tmp_path / "bridge.toml"
    file.write_text(text_of(vendor.url), encoding="utf-8")
    return file


def clean(program: Program, apart_from: str = "") -> bool:
    """Whether it printed nothing that frightens an operator."""
    printed = program.output.replace(apart_from, "")
    return not re.search(r"Traceback|Warning|Exception|\"(error|critical)\"|\[(error|critical) ", printed)


def in_process(*arguments: str, **options: Any) -> Result:
    """A command that ends by itself."""
    hooks = sys.excepthook, threading.excepthook
    try:
        with captured_log():
            return CliRunner(env=dict.fromkeys(filter(BRIDGE.match, os.environ))).invoke(main, arguments, **options)
    finally:
        sys.excepthook, threading.excepthook = hooks


BRIDGE = re.compile("BRIDGE_")


class Background:
    """Calls something in a thread; its result when asked for."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._result: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._result.append(function()))
        self._thread.start()

    def result(self) -> Any:
        self._thread.join(PATIENCE)
        assert self._result, "no result"
        return self._result[0]


# help


def test_help_names_every_command():
    shown = run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [line.split()[0] for line in shown.stdout.partition("Commands:")[2].splitlines() if line] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(command):
    shown = in_process(command, "-h")
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")


# what cannot start says so in one line


def says_in_one_line(done: subprocess.CompletedProcess[str] | Result, *words: str) -> None:
    assert (done.exit_code if isinstance(done, Result) else done.returncode) == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert all(word in line for word in words), line


def test_wrong_settings(tmp_path):
    file = tmp_path / "bridge.toml"
    file.write_text('[server]\nprot = 1\n[vendors.main]\nkind = "node"\npreset = "nac"\n', encoding="utf-8")
    says_in_one_line(run("serve", "--config", str(file)), "server.prot: ")
    for command in (["serve", "--workers", "2"], ["check"], ["wsdl"]):
        says_in_one_line(in_process(*command, "--config", str(file)), "server.prot: ")


def test_wrong_settings_that_only_building_shows(config):
    config.write_text(config.read_text("utf-8").replace("base_url", "baseurl"), encoding="utf-8")
    for command in ("serve", "check"):
        says_in_one_line(in_process(command, "--config", str(config)), "vendors.main.baseurl: ")


def test_no_settings_at_all():
    says_in_one_line(in_process("serve"), "vendors: at least one [vendors.NAME] is needed")


@pytest.mark.parametrize("pair", ["garbage", "encrypted", "mismatch"])
def test_a_certificate_that_is_none(config, tmp_path, pair):
    ca = trustme.CA()
    right, other = ca.issue_cert("localhost"), ca.issue_cert("localhost")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in right.cert_chain_pems))
    key.write_bytes(other.private_key_pem.bytes() if pair == "mismatch" else right.private_key_pem.bytes())
    if pair == "garbage":
        certificate.write_text("no certificate", encoding="utf-8")
    if pair == "encrypted":
        clear = serialization.load_pem_private_key(key.read_bytes(), None)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        key.write_bytes(clear.private_bytes(*form))
    config.write_text(
        text_of("http://127.0.0.1:9/", server=f'tls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_port = 0'),
        encoding="utf-8",
    )
    says_in_one_line(in_process("serve", "--config", str(config), "--port", "0"), "server.tls_certificate: ")


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


def test_a_port_in_use(taken, config):
    words = (taken, "Address already in use")
    says_in_one_line(run("demo", "--port", taken), *words)
    for more in ([], ["--workers", "2"]):
        says_in_one_line(in_process("serve", "--config", str(config), "--port", taken, *more), *words)
    says_in_one_line(in_process("sandbox", "node", "--port", taken), *words)


def test_a_tls_port_in_use(taken, config, tmp_path):
    pem = tmp_path / "pair.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    server = f'port = 0\ntls_certificate = "{pem}"\ntls_key = "{pem}"\ntls_port = {taken}'
    config.write_text(text_of("http://127.0.0.1:9/", server=server), encoding="utf-8")
    says_in_one_line(in_process("serve", "--config", str(config)), "server.tls_port: ", taken)


# serve


def test_serve_and_stop(config, vendor):
    """Calls in flight finish; idle connections do not hold up the end."""
    with Program("serve", "--config", str(config), "--port", "0") as program:
        port = program.port()
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).text == "ready\n"
        with Wire(port) as idle:
            idle.send(request(write_call("getUserCredit", {"username": "admin", "password": "123456"})))
            assert idle.answer().find("credit") == "316807"
            vendor.control("faults", {"fault": "slow", "seconds": 1})
            slow = Background(lambda: call(port))
            until(vendor.has_a_request_in_work)
            started = time.monotonic()
            program.signal(signal.SIGTERM)
            assert slow.result().find("credit") == "316807"
            assert program.end() == 0
            assert time.monotonic() - started < 10
            assert idle.closed()
        assert clean(program), program.output
        events = [json.loads(line)["event"] for line in program.output.splitlines()]
        assert events.count("call") == 2


def test_workers(config, vendor):
    """Each serves, takes up new settings when they are right, and goes when the program ends."""
    port = free_port()
    with Program("serve", "--config", str(config), "--port", str(port), "--workers", "2") as program:
        program.wait_for("Application startup complete", times=2)
        assert {call(port).find("credit") for _ in range(10)} == {"316807"}
        config.write_text(text_of(vendor.url, account("admin", "123456") + account(*ANOTHER)), encoding="utf-8")
        program.signal(signal.SIGHUP)
        program.wait_for("Finished server process", times=2)  # each goes when the one in its place is there
        assert {call(port, login=ANOTHER).find("credit") for _ in range(10)} == {"316807"}
        config.write_text("[broken", encoding="utf-8")
        program.signal(signal.SIGHUP)
        refusal = program.wait_for('.*"settings not reloaded".*')[0]
        assert json.loads(refusal)["setting"] == str(config)
        assert {call(port, login=ANOTHER).find("credit") for _ in range(10)} == {"316807"}
        assert program.stop() == 0
        assert clean(program, refusal), program.output
    with socket.socket() as again:  # no worker is left that holds it
        again.bind(("127.0.0.1", port))


def test_reload_without_a_dropped_call(config, vendor):
    """A new account becomes valid, a broken file changes nothing, and no call fails meanwhile."""
    ended = threading.Event()

    def hammer() -> list[str]:
        codes = []
        with Wire(port) as wire:
            while not ended.is_set():
                wire.send(request(write_call("getUserCredit", {"username": "admin", "password": "123456"})))
                codes.append(wire.answer().code)
        return codes

    with Program("serve", "--config", str(config), "--port", "0") as program:
        port = program.port()
        assert call(port, login=ANOTHER).code == "ERR_UNAUTHORIZED_REQUEST"
        calls = Background(hammer)
        program.wait_for('"call"', times=10)
        config.write_text(text_of(vendor.url, account("admin", "123456") + account(*ANOTHER)), encoding="utf-8")
        program.signal(signal.SIGHUP)
        program.wait_for("settings reloaded")
        assert call(port, login=ANOTHER).code == ""
        config.write_text(text_of(vendor.url, vendor="engine = 5"), encoding="utf-8")
        program.signal(signal.SIGHUP)
        refusal = json.loads(program.wait_for('.*"settings not reloaded".*')[0])
        assert refusal["setting"] == "vendors.main.engine"
        assert call(port, login=ANOTHER).code == ""
        ended.set()
        assert set(calls.result()) == {""}
        assert program.stop() == 0


def test_reload_lets_calls_finish_that_are_in_flight(config, vendor):
    """One that is still being sent, one that waits for the vendor and gets much, one that must be looked up."""
    numbers = [f"90532{n:07}" for n in range(300)]
    sms = {"type": 1, "sendingType": 1, "title": "Deneme", "content": "Merhaba", "sender": "BASLIK", "numbers": numbers}
    with Program("serve", "--config", str(config), "--port", "0") as program, Wire(port := program.port()) as half:
        package_id = call(port, "sendSms", **sms).find("pkgID")
        body = write_call("getUserCredit", {"username": "admin", "password": "123456"})
        whole = request(body)
        half.send(whole[:-20])
        for fault in (
            {"fault": "slow", "seconds": 1, "path": "/sms/list-item"},
            {"fault": "error_500_after_accept", "path": "/sms/create"},
        ):
            vendor.control("faults", fault)
        lost = Background(lambda: call(port, "sendSms", **sms))
        until(lambda: vendor.control("faults")["faults"][-1]["fault"] == "slow")
        many = Background(lambda: call(port, "getSmsPackageItems", pkgID=package_id, pageSize=1000))
        until(vendor.has_a_request_in_work)
        program.signal(signal.SIGHUP)
        program.wait_for("settings reloaded")
        half.send(whole[-20:])
        assert half.answer().find("credit") is not None
        assert len(many.result().xml.findall(".//item")) == 300
        assert int(lost.result().find("pkgID")) > int(package_id)
        assert program.stop() == 0
        assert clean(program), program.output


def test_https_beside_http(config, vendor, tmp_path):
    ca = trustme.CA()
    pair, ca_file = tmp_path / "pair.pem", tmp_path / "ca.pem"
    ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pair))
    ca.cert_pem.write_to_path(str(ca_file))
    tls_port = free_port()
    config.write_text(
        text_of(vendor.url, server=f'tls_certificate = "{pair}"\ntls_key = "{pair}"\ntls_port = {tls_port}'), encoding="utf-8"
    )
    with Program("serve", "--config", str(config), "--port", "0") as program:
        port = program.port()
        with httpx.Client(verify=ssl.create_default_context(cafile=ca_file), trust_env=False) as client:
            url = f"https://localhost:{tls_port}/soap"
            body = write_call("getUserCredit", {"username": "admin", "password": "123456"})
            vendor.control("faults", {"fault": "slow", "seconds": 1})
            slow = Background(lambda: client.post(url, content=body, headers={"Content-Type": "text/xml"}))
            until(vendor.has_a_request_in_work)
            assert call(port).find("credit") == "316807"
            assert f'location="{url}"' in client.get(f"{url}?wsdl").text
            program.signal(signal.SIGTERM)
            assert "<credit>316807</credit>" in slow.result().text
        assert program.end() == 0
        assert clean(program), program.output


# demo and what goes with it


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Program]:
    data = tmp_path_factory.mktemp("demo") / "data"
    with Program("demo", "--port", "0", "--data", str(data)) as program:
        program.wait_for("Try:\n.*\n")
        yield program
        assert program.stop() == 0
        assert clean(program), program.output


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_demo_prints_a_call_that_works_as_it_is_printed(demo):
    printed = demo.wait_for("Try:\n(.*)\n")[1]
    done = subprocess.run(["bash", "-c", printed], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert re.search(r"<err></err><data><pkgID>\d+</pkgID></data>", done.stdout)


def test_the_demo_says_what_it_is(demo):
    port = demo.port()
    for word in ("admin / 123456", "BASLIK", f"http://127.0.0.1:{port}/soap?wsdl", "Packages are kept in "):
        assert word in demo.output
    assert httpx.get(f"http://127.0.0.1:{port}/soap?wsdl", trust_env=False).status_code == 200


def test_a_call_from_the_shell(demo):
    url = f"http://127.0.0.1:{demo.port()}/soap"
    done = run("call", "sendSms", *shlex.split(SMS), "--url", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<err></err><data><pkgID>" in done.stdout
    done = in_process("call", "getUserCredit", "--url", url, env={"BRIDGE_PASSWORD": "wrong"})
    assert done.exit_code == 0
    assert "<code>ERR_UNAUTHORIZED_REQUEST</code>" in done.stdout


SMS = """type=1 sendingType=1 title=Deneme content='Şifre & <b>' numbers='["905321234567", {"nr": "905331234567"}]' sender=BASLIK"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["getCredit"], ("getCredit", "getUserCredit")),
        (["getUserCredit", "unknown=1"], ("unknown",)),
        (["getUserCredit", "unknown"], ("unknown",)),
        (["sendSms", "numbers=[1"], ("numbers",)),
        (["getUserCredit", "--url", "127.0.0.1"], ("url",)),
        (["getUserCredit", "--url", "http://127.0.0.1:9/soap"], ("connection refused",)),
    ],
    ids=["operation", "field", "no value", "JSON", "address", "nobody there"],
)
def test_a_call_that_cannot_be_made(arguments, words):
    says_in_one_line(in_process("call", *arguments), *words)


def test_sandbox():
    with Program("sandbox", "node", "--port", "0") as program:
        port = program.port()
        url = f"http://127.0.0.1:{port}"
        answer = httpx.post(f"{url}/user/credit", auth=("user", "test"), trust_env=False)
        assert answer.json() == {"err": None, "data": {"credit": 316807}}
        assert len(httpx.get(f"{url}/_sandbox/requests", trust_env=False).json()["requests"]) == 1
        assert program.stop() == 0
        assert clean(program), program.output


# check


def test_check_of_what_is_right(config):
    done = run("check", "--config", str(config))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"ok    settings\nok    account admin at main \(node\): credit 316807, \d+ ms\n", done.stdout)


def test_check_of_what_is_wrong(config, vendor):
    """Each account is tried, and the vendor that none uses is named."""
    unused = '\n[vendors.unused]\nkind = "node"\npreset = "nac"\n[vendors.gone]\nkind = "node"\nbase_url = "http://127.0.0.1:9/"\n'
    accounts = [account(name, "x", password) for name, password in (("right", "test"), ("wrong", "wrong"), ("lost", "test"))]
    text = "".join(f'{each}vendor = "{name}"\n' for each, name in zip(accounts, ("main", "main", "gone"), strict=True))
    config.write_text(text_of(vendor.url, text) + unused, encoding="utf-8")
    done = in_process("check", "--config", str(config), env={"BRIDGE_SOAP__LANGUAGE": "en"})
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[1].startswith("ok    account right at main (node): credit ")
    assert lines[2].startswith("WRONG account wrong at main (node): ERR_UNAUTHORIZED_REQUEST ")
    assert lines[3] == (
        "WRONG account lost at gone (node): ERR_SYSTEM_MAINTENANCE The system is unavailable, try again later. "
        "The server of node could not be reached."
    )
    assert "note  vendors.unused: no account uses it" in done.stdout


@pytest.mark.parametrize(
    ("url", "status", "word"), [(None, 0, "ok    vendors.main (node) answers"), ("http://127.0.0.1:9/", 1, "WRONG")]
)
def test_check_in_pass_through(config, vendor, url, status, word):
    config.write_text(text_of(url or vendor.url, accounts=""), encoding="utf-8")
    done = in_process("check", "--config", str(config))
    assert (done.exit_code, word in done.stdout) == (status, True)


# the others


def test_wsdl_is_the_published_one():
    shown = in_process("wsdl")
    assert shown.stdout_bytes == WSDL.read_bytes()


def test_wsdl_with_settings(config):
    config.write_text(text_of("http://127.0.0.1:9/", server='public_url = "https://sms.example.com/soap"'), encoding="utf-8")
    assert 'location="https://sms.example.com/soap"' in in_process("wsdl", "--config", str(config)).output
    shown = in_process("wsdl", "--config", str(config), "--address", "http://old.example:9587/soap")
    assert 'location="http://old.example:9587/soap"' in shown.output


def test_a_hashed_password_logs_in(vendor):
    hashed = in_process("hash-password", "--password", "şifre 1").stdout.strip()
    entry = {"username": "admin", "password_hash": hashed, "credentials": {"username": "user", "password": "test"}}
    with serve(settings_for(vendor.url, accounts=(entry,))) as bridge:
        assert call(bridge.port, login=("admin", "şifre 1")).code == ""
        assert call(bridge.port, login=("admin", "şifre 2")).code == "ERR_UNAUTHORIZED_REQUEST"


def test_hash_password_asks_for_what_is_not_given():
    shown = in_process("hash-password", input="secret\nsecret\n")
    assert shown.exit_code == 0
    assert shown.output.splitlines()[-1].startswith("$argon2id$")
