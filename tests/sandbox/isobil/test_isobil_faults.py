"""Every fault, before and after the vendor has done its work."""

from __future__ import annotations

import httpx
import pytest

from bridge.sandbox.faults import AFTER, ANSWERS

BROKEN = {"reset": httpx.ReadError, "timeout": httpx.ReadTimeout, "truncated": httpx.RemoteProtocolError}
CREDENTIAL = {"Credential": {"Username": "user", "Password": "test", "SystemCode": 1234}}


def last(caller):
    return caller.control("requests")["requests"][-1]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ANSWERS)
def test_wrong_answers(caller, name, after):
    caller.control("faults", {"fault": name + AFTER * after})
    answer = caller.post("Submit", CREDENTIAL | caller.fields())
    assert (answer.status_code, answer.content) == ANSWERS[name][:2]
    assert len(caller.sent()) == after
    record = last(caller)
    assert (record["fault"], record["accepted"], record["status"]) == (name + AFTER * after, after, 200 if after else None)
    assert caller.search(Message="Merhaba") == [7100001] * after
    caller.send()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("name", "error"), BROKEN.items(), ids=BROKEN)
def test_broken_connections(caller, name, error, after):
    caller.control("faults", {"fault": name + AFTER * after})
    with pytest.raises(error):
        caller.post("Submit", CREDENTIAL | caller.fields(), timeout=0.5)
    assert len(caller.sent()) == after
    assert last(caller)["accepted"] == after
    caller.send()


def test_slow_beyond_patience_was_taken_all_the_same(caller):
    caller.control("faults", {"fault": "slow", "seconds": 5})
    with pytest.raises(httpx.ReadTimeout):
        caller.post("Submit", CREDENTIAL | caller.fields(), timeout=0.5)
    assert len(caller.sent()) == 1
    caller.control("faults", {"fault": "slow", "seconds": 0.01})
    caller.send()


def test_an_answer_of_one_s_own_on_one_endpoint(isobil):
    fault = {"fault": "answer", "status": 503, "body": "<Response/>", "content_type": "text/xml", "path": "/v2/isobil_API_XML.asmx"}
    isobil.control("faults", fault)
    isobil.send()
    answer = isobil.http.post("/v2/isobil_API_XML.asmx?op=Submit")
    assert (answer.status_code, answer.text) == (503, "<Response/>")
