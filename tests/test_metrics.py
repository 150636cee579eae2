"""/metrics, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from bridge.domain.clock import format_minute
from bridge.metrics.metrics import BOUNDS, Metrics
from bridge.metrics.slots import Slots
from bridge.sandbox import Clock, build, serve_in_thread
from bridge.soap.writer import write_call
from tests.postgres import postgres_or_skip
from tests.program import Program, call, free_port
from tests.soap.serving import NOW, Served, Vendor, serve, settings_for
from tests.soap.wire import Answer, exchange
from tests.waiting import PATIENCE, until

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
LOGIN = {"username": "admin", "password": "123456"}
SMS = {"type": 1, "sendingType": 0, "title": "Deneme", "content": "Gizli metin", "number": "905321234567", "sender": "BASLIK"}
Samples = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def running_vendor() -> Iterator[Vendor]:
    with serve_in_thread(build("node", clock=Clock(lambda: NOW))) as running:
        vendor = Vendor(running.base_url)
        yield vendor
        vendor.close()


@pytest.fixture
def vendor(running_vendor: Vendor) -> Vendor:
    running_vendor.reset()
    return running_vendor


@pytest.fixture
def bridge(vendor: Vendor) -> Iterator[Served]:
    with serve(settings_for(vendor.url)) as served:
        yield served


def ask(port: int, *headers: str, path: str = "/metrics", method: str = "GET") -> Answer:
    head = "".join(f"{header}\r\n" for header in ("Host: x", "Connection: close", *headers))
    return exchange(port, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())


def scrape(port: int, *headers: str) -> Samples:
    """Each sample under its name and the values of its labels, in the labels' order."""
    answer = ask(port, *headers)
    assert (answer.status, answer.header("content-type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return samples(parse_text(answer.body.decode()))


def samples(families) -> Samples:
    return {
        (each.name, *(value for _, value in sorted(each.labels.items()))): each.value
        for family in families
        for each in family.samples
    }


def requests_of(found: Samples) -> dict[tuple[str, str], float]:
    """{(operation, code): how many}"""
    return {(key[2], key[1]): n for key, n in found.items() if key[0] == "smsbridge_requests_total"}


def vendor_requests(found: Samples) -> dict[tuple[str, str], float]:
    """{(vendor, outcome): how many}"""
    return {(key[2], key[1]): n for key, n in found.items() if key[0] == "smsbridge_vendor_request_duration_seconds_count"}


def test_requests_by_operation_and_code(bridge: Served, vendor: Vendor):
    for _ in range(3):
        assert call(bridge.port).code == ""
    assert call(bridge.port, login=("admin", "wrong")).code == "ERR_UNAUTHORIZED_REQUEST"
    assert bridge.post("<nonsense>").code == "Fault"
    assert ask(bridge.port, path="/soap?wsdl").status == 200
    for code in ("ERR_MADE_UP", "ERR_MADE_UP_TOO"):
        vendor.play("refuse", code=code)
        assert call(bridge.port).code == code
    found = scrape(bridge.port)
    assert requests_of(found) == {
        ("getUserCredit", "OK"): 3,
        ("getUserCredit", "ERR_UNAUTHORIZED_REQUEST"): 1,
        ("getUserCredit", "other"): 2,
        ("none", "Fault"): 1,
        ("none", "WSDL"): 1,
    }
    assert found["smsbridge_request_duration_seconds_count", "getUserCredit"] == 6
    assert found["smsbridge_request_duration_seconds_bucket", "+Inf", "getUserCredit"] == 6
    assert found["smsbridge_request_duration_seconds_sum", "getUserCredit"] > 0


def test_vendors_by_outcome(bridge: Served, vendor: Vendor):
    call(bridge.port)
    vendor.play("refuse", code="ERR_USER_CREDIT_REQUIRED")
    call(bridge.port)
    vendor.play("garbage")
    call(bridge.port)
    vendor.play("reset", count=0)
    call(bridge.port)
    found = scrape(bridge.port)
    assert vendor_requests(found) == {("main", "answered"): 1, ("main", "refused"): 1, ("main", "unknown"): 2}
    buckets = [n for key, n in found.items() if key[0].endswith("vendor_request_duration_seconds_bucket") and "refused" in key]
    assert len(buckets) == len(BOUNDS) + 1
    assert buckets == sorted(buckets)


def test_a_vendor_that_is_not_there(vendor: Vendor):
    gone = {"kind": "node", "base_url": f"http://127.0.0.1:{free_port()}/"}
    with serve(settings_for(vendor.url, vendors={"main": gone})) as bridge:
        assert call(bridge.port).code == "ERR_SYSTEM_MAINTENANCE"
        assert vendor_requests(scrape(bridge.port)) == {("main", "not_sent"): 1}


def test_in_flight(bridge: Served, vendor: Vendor):
    vendor.play("slow", seconds=1)
    slow = threading.Thread(target=call, args=(bridge.port,))
    slow.start()
    while not vendor.received():
        pass
    assert scrape(bridge.port)["smsbridge_requests_in_flight",] == 1
    slow.join()
    assert scrape(bridge.port)["smsbridge_requests_in_flight",] == 0


def test_what_waits_in_the_ledger(vendor: Vendor, tmp_path: Path):
    later = format_minute(datetime.now(UTC) + timedelta(hours=1))  # what has a ledger goes by the machine's clock
    with serve(settings_for(vendor.url, ledger={"url": f"sqlite:///{tmp_path}/bridge.db"}, vendors=innomobil())) as bridge:
        assert bridge.post(write_call("sendSms", LOGIN | SMS | {"sendingDate": later})).code == ""
        found = scrape(bridge.port)
    assert found["smsbridge_ledger_up",] == 1
    assert found["smsbridge_ledger_pending",] == 1
    assert found["smsbridge_ledger_unknown",] == 0
    assert found["smsbridge_ledger_oldest_due_seconds",] == 0  # it waits, but is not due


def innomobil() -> dict[str, dict[str, str]]:
    return {"main": {"kind": "innomobil", "base_url": f"http://127.0.0.1:{free_port()}/api/v1/"}}


def test_a_ledger_that_is_away(vendor: Vendor):
    with postgres_or_skip() as postgres:
        url = postgres.url_of(postgres.create())
        with serve(settings_for(vendor.url, ledger={"url": url})) as bridge:
            assert scrape(bridge.port)["smsbridge_ledger_up",] == 1
            postgres.server.stop()
            found = scrape(bridge.port)
            assert found["smsbridge_ledger_up",] == 0
            assert ("smsbridge_ledger_pending",) not in found
            assert requests_of(found) == {}


def test_without_a_ledger_there_are_no_gauges_of_one(bridge: Served):
    assert [key for key in scrape(bridge.port) if "ledger" in key[0]] == []


def test_openmetrics(bridge: Served):
    call(bridge.port)
    answer = ask(bridge.port, "Accept: application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert str(answer.header("content-type")).startswith("application/openmetrics-text; version=1.0.0")
    found = samples(parse_openmetrics(answer.body.decode()))
    assert requests_of(found) == {("getUserCredit", "OK"): 1}
    assert answer.body.endswith(b"# EOF\n")
    assert found["smsbridge_build_info", "0.1.0"] == 1


def test_the_process(bridge: Served):
    found = scrape(bridge.port)
    assert found["process_resident_memory_bytes", "0"] > 10_000_000
    assert found["process_cpu_seconds_total", "0"] > 0
    assert any(key[0] == "python_info" for key in found)


def test_the_readme_names_all_of_them(vendor: Vendor, tmp_path: Path):
    with serve(settings_for(vendor.url, ledger={"url": f"sqlite:///{tmp_path}/bridge.db"})) as bridge:
        told = set(re.findall(r"^# TYPE (smsbridge_\w+)", ask(bridge.port).body.decode(), re.MULTILINE))
    rows = "\n".join(re.findall(r"^\| `smsbridge_.*", README, re.MULTILINE))
    assert set(re.findall(r"`(smsbridge_\w+)`", rows)) == told


def test_it_names_nobody(bridge: Served):
    bridge.post(write_call("sendSms", LOGIN | SMS | {"customID": "order-77"}))
    bridge.post(write_call("getUserCredit", {"username": "somebody-else", "password": "guess"}))
    text = ask(bridge.port).body.decode()
    assert 'operation="sendSms"' in text
    for secret in ("admin", "123456", "Gizli", "5321234567", "order-77", "BASLIK", "somebody-else", "guess"):
        assert secret not in text


# who may read it


def unknown(answer: Answer, bridge: Served) -> bool:
    """Whether it is what any unknown path gets."""
    nothing = ask(bridge.port, path="/nothing")
    assert nothing.status == 404
    return (answer.status, answer.body, answer.code) == (404, nothing.body, "Fault")


@pytest.mark.parametrize("header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x", "X-Real-IP: ::1"])
def test_nobody_reads_it_through_a_proxy(bridge: Served, header: str):
    assert unknown(ask(bridge.port, header), bridge)


def test_other_methods_and_spellings_are_unknown(bridge: Served):
    assert unknown(ask(bridge.port, method="POST"), bridge)
    assert unknown(ask(bridge.port, path="/metrics/"), bridge)
    assert ask(bridge.port, path="/metrics?x=1").status == 200


@pytest.mark.parametrize(
    "sections",
    [
        {"metrics": {"allow": ["10.0.0.0/8"]}},
        {"metrics": {"allow": []}},
        {"metrics": {"enabled": False}},
        {"server": {"trusted_proxies": ["127.0.0.1"]}},
    ],
    ids=["another network", "no network", "switched off", "a proxy stands there"],
)
def test_who_is_not_allowed_sees_no_such_page(vendor: Vendor, sections: dict[str, object]):
    with serve(settings_for(vendor.url, **sections)) as bridge:
        assert unknown(ask(bridge.port), bridge)
        assert call(bridge.port).code == ""


# the background


def test_jobs_and_pushes(vendor: Vendor):
    with serve(settings_for(vendor.url)) as bridge:
        asyncio.run_coroutine_threadsafe(work(bridge.app.metrics), bridge.loop).result(PATIENCE)
        found = scrape(bridge.port)
    counted = {key[1:]: n for key, n in found.items() if key[0] == "smsbridge_job_duration_seconds_count"}
    assert counted == {("submit", "done"): 2, ("submit", "failed"): 1, ("submit", "stopped"): 1, ("report", "nothing due"): 1}
    assert found["smsbridge_pushes_total", "delivered"] == 1


async def work(metrics: Metrics) -> None:
    for _ in range(2):
        with metrics.job("submit"):
            pass
    with contextlib.suppress(ValueError), metrics.job("submit"):
        raise ValueError
    with contextlib.suppress(asyncio.CancelledError), metrics.job("submit"):
        raise asyncio.CancelledError
    with metrics.job("report") as job:
        job.result = "nothing due"
    metrics.push("delivered")


# several processes


def test_workers_count_together(vendor: Vendor, tmp_path: Path):
    """Whichever answers says the same, and what a killed one had counted stays."""
    port, config = free_port(), tmp_path / "bridge.toml"
    account = 'username = "admin"\npassword = "123456"\ncredentials = { username = "user", password = "test" }'
    config.write_text(f'[vendors.main]\nkind = "node"\nbase_url = "{vendor.url}"\n[[accounts]]\n{account}\n', encoding="utf-8")
    with Program("serve", "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--workers", "2") as program:
        program.wait_for("Application startup complete", times=2)
        for _ in range(20):
            call(port)
        until_counted(port, 20)
        workers = [("process_open_fds", "0"), ("process_open_fds", "1")]
        assert [key for key in scrape(port) if key[0] == "process_open_fds"] == workers
        victim = int(program.wait_for(r"Started server process \[(\d+)\]")[1])
        os.kill(victim, signal.SIGKILL)
        program.wait_for("Application startup complete", times=3)
        for _ in range(20):
            call(port)
        until_counted(port, 40)
        found = [scrape(port) for _ in range(10)]
        assert {requests_of(each)["getUserCredit", "OK"] for each in found} == {40}
        assert {each["smsbridge_requests_in_flight",] for each in found} == {0}
        assert [key for key in found[0] if key[0] == "process_open_fds"] == workers
        assert program.stop() == 0


def until_counted(port: int, calls: int) -> None:
    """A worker counts a call when its answer is written: another one may say so a moment later."""

    def counted() -> bool:
        found = scrape(port)
        return requests_of(found).get(("getUserCredit", "OK")) == calls and not found["smsbridge_requests_in_flight",]

    until(counted)


def test_a_file_is_taken_over_from_the_dead(tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == b"counted\n"
        living = Metrics(["sendSms"], tmp_path)
        living.request("sendSms", "OK", 0.1)
        assert [(each.number, each.lives) for each in living.slots.read()] == [(0, True), (1, True)]
        dying.kill()
    with (tmp_path / "0.names").open("ab") as names:
        names.write(b'[1, "unfini')
    assert [(each.number, each.lives) for each in living.slots.read()] == [(0, False), (1, True)]
    heir = Metrics(["sendSms"], tmp_path)
    heir.request("sendSms", "OK", 0.1)
    heir.request(None, "Fault", 0.1)
    first, second = living.slots.read()
    assert first.values["smsbridge_requests", "sendSms", "OK"] == [2]
    assert first.values["smsbridge_requests", "none", "Fault"] == [1]
    assert first.values["smsbridge_requests_in_flight",] == [0]
    assert second.values["smsbridge_requests", "sendSms", "OK"] == [1]
    assert all(json.loads(line) for line in (tmp_path / "0.names").read_text(encoding="utf-8").splitlines())


DYING = """
import sys, pathlib
from bridge.metrics.metrics import Metrics
metrics = Metrics(["sendSms"], pathlib.Path(sys.argv[1]))
metrics.request("sendSms", "OK", 0.1)
metrics.entered()
print("counted", flush=True)
sys.stdin.read()
"""


def test_names_made_up_outside_make_no_series():
    metrics = Metrics(["sendSms"])
    for number in range(1000):
        metrics.request(f"operation{number}", f"ERR_{number}", 0.1)
        metrics.request("sendSms", f"ERR_{number}", 0.1)
    (counted,) = metrics.slots.read()
    assert {key for key in counted.values if key[0] == "smsbridge_requests"} == {
        ("smsbridge_requests", "other", "other"),
        ("smsbridge_requests", "sendSms", "other"),
    }
    assert counted.values["smsbridge_requests", "sendSms", "other"] == [1000]
    assert len(metrics._requests) == 0


def test_what_has_no_room_does_no_harm():
    slots = Slots()
    places = {slots.place(("x", str(number)), 60) for number in range(1000)}
    assert len(places) < 300
    for place in places:
        for offset in range(60):
            slots.values[place + offset] += 1
    (counted,) = slots.read()
    assert {n for values in counted.values.values() for n in values} == {1}
