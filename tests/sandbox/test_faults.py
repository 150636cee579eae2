"""Every fault, before and after the vendor has done its work."""

from __future__ import annotations

import time

import httpx
import pytest

from bridge.sandbox.faults import AFTER, ANSWERS, FAULTS, SPOILT

ANSWERED = {
    "error_500": (500, "text/plain"),
    "error_502": (502, "text/html"),
    "error_503": (503, "text/html"),
    "error_504": (504, "text/html"),
    "rate_limited": (429, "text/plain"),
    "garbage": (200, "application/json"),
    "empty": (200, "application/json"),
    "html": (200, "text/html"),
}
BROKEN = {"reset": httpx.ReadError, "timeout": httpx.ReadTimeout, "truncated": httpx.RemoteProtocolError}


def taken(node):
    return len(node.control("sent")["sent"])


def last(node):
    return node.control("requests")["requests"][-1]


def test_every_fault_is_tested_here():
    assert set(ANSWERS) == set(ANSWERED)
    assert set(SPOILT) == set(ANSWERED) | set(BROKEN)
    assert set(FAULTS) == {*SPOILT, *(name + AFTER for name in SPOILT), "slow", "answer", "refuse"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ANSWERED)
def test_wrong_answers(node, name, after):
    fault = name + AFTER * after
    node.control("faults", {"fault": fault})
    answer = node.http.post("/sms/create", json=node.sms())
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == ANSWERED[name]
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert taken(node) == after
    record = last(node)
    assert (record["fault"], record["accepted"], record["status"]) == (fault, after, 200 if after else None)
    node.send()
    assert taken(node) == after + 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("name", "error"), BROKEN.items(), ids=BROKEN)
def test_broken_connections(node, name, error, after):
    node.control("faults", {"fault": name + AFTER * after})
    with pytest.raises(error):
        node.http.post("/sms/create", json=node.sms(), timeout=0.5)
    assert taken(node) == after
    assert last(node)["accepted"] == after
    node.send()


def test_a_reset_is_a_reset(node):
    node.control("faults", {"fault": "reset"})
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        node.http.post("/user/credit")


def test_a_held_request_ends_without_an_answer(node):
    node.control("faults", {"fault": "timeout_after_accept", "seconds": 0.05})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        node.http.post("/sms/create", json=node.sms())
    assert taken(node) == 1


def test_slow_answers_late(node):
    node.control("faults", {"fault": "slow", "seconds": 0.1})
    began = time.monotonic()
    assert node.send() == 222962
    assert time.monotonic() - began >= 0.1
    assert last(node)["status"] == 200


def test_slow_beyond_patience_was_taken_all_the_same(node):
    node.control("faults", {"fault": "slow", "seconds": 5})
    with pytest.raises(httpx.ReadTimeout):
        node.http.post("/sms/create", json=node.sms(), timeout=0.5)
    assert taken(node) == 1


def test_an_answer_of_one_s_own(node):
    node.control("faults", {"fault": "answer", "status": 403, "body": '{"err":{"code":"ERR_X"}}', "content_type": "text/json"})
    answer = node.http.post("/user/credit")
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (403, {"err": {"code": "ERR_X"}}, "text/json")


def test_retry_after_of_the_rate_limit(node):
    node.control("faults", {"fault": "rate_limited"})
    assert node.http.post("/user/credit").headers["retry-after"] == "1"


def test_counts_paths_and_order(node):
    node.control("faults", {"fault": "error_500", "count": 2, "path": "/sms/create"})
    node.control("faults", {"fault": "error_503", "path": "/sms"})
    paths = ["/user/credit", "/sms/list", "/sms/create", "/sms/create-otp", "/sms/create"]
    assert [node.http.post(path).status_code for path in paths] == [200, 503, 500, 500, 200]
    assert node.control("faults") == {"faults": []}


def test_count_0_is_until_cleared(node):
    node.control("faults", {"fault": "empty", "count": 0})
    assert [node.http.post("/user/credit").content for _ in range(3)] == [b"", b"", b""]
    assert node.control("faults")["faults"][0]["count"] == 0
    assert node.http.delete("/_sandbox/faults").json() == {"faults": []}
    assert node.data("/user/credit") == {"credit": 316807}
