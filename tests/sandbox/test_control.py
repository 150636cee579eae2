"""The control path."""

from __future__ import annotations

import pytest

from bridge.sandbox.contract import Received
from bridge.sandbox.journal import Journal


def test_requests_are_shown_as_they_came(node):
    body = '{"ids": [1], "keyword": "ğ"}'
    headers = [("X-Twice", "1"), ("X-Twice", "2"), ("Content-Type", "application/json")]
    node.http.post("/sms/list?a=1", content=body.encode(), headers=headers)
    node.http.get("/sms/cancel")
    first, second = node.control("requests")["requests"]
    shown = {key: first[key] for key in ("method", "path", "query", "body", "accepted", "status", "fault")}
    assert shown == {
        "method": "POST",
        "path": "/sms/list",
        "query": "a=1",
        "body": body,
        "accepted": True,
        "status": 200,
        "fault": None,
    }
    assert [value for name, value in first["headers"] if name == "x-twice"] == ["1", "2"]
    assert ["authorization", "Basic dXNlcjp0ZXN0"] in first["headers"]
    assert (second["method"], second["accepted"]) == ("GET", False)


def test_sent_shows_every_message(node):
    package = node.send("905511034554", "905511034554", content="Selam")
    taken = {"account": "user", "number": "905511034554", "text": "Selam", "package_id": str(package)}
    assert node.control("sent")["sent"] == [taken, taken]


def test_reset_forgets_everything(node):
    node.send(customID="a")
    node.option("http_status_form", True)
    node.advance(1000)
    node.control("faults", {"fault": "empty", "count": 0})
    assert node.control("reset", {}) == {"reset": True}
    assert node.control("faults") == {"faults": []}
    assert node.control("requests") == {"dropped": 0, "requests": []}
    assert node.control("sent") == {"sent": []}
    assert node.data("/user/credit") == {"credit": 316807}
    assert node.http.post("/sms/cancel", json={"id": 1}).status_code == 200
    assert node.send(customID="a") == 222962


def test_credit_of_one_account(node):
    node.control("credit", {"account": "other", "credit": 7})
    assert node.data("/user/credit", auth=("other", "secret")) == {"credit": 7}
    assert node.data("/user/credit") == {"credit": 316807}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"fault": "nonsense"}),
        ("faults", {"fault": "refuse"}),
        ("faults", {"fault": "empty", "code": "ERR_X"}),
        ("faults", {"fault": "empty", "count": -1}),
        ("faults", {"fault": "empty", "cuont": 1}),
        ("clock", {"advance_seconds": -1}),
        ("clock", {}),
        ("credit", {"account": "nobody", "credit": 1}),
        ("options", {"name": "nothing", "value": 1}),
        ("options", {"name": "max_recipients", "value": "many"}),
        ("options", {"name": "accounts", "value": "user"}),
        ("options", {"name": "sent_after_seconds", "value": 1000}),
    ],
)
def test_wrong_commands_are_told(node, path, body):
    answer = node.http.post(f"/_sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_control_path_needs_no_login_and_is_not_recorded(node):
    assert node.http.get("/_sandbox/sent", auth=None).status_code == 200
    assert node.http.get("/_sandbox/nothing").status_code == 404
    assert node.control("requests")["requests"] == []


def test_the_journal_is_bounded():
    journal = Journal(max_requests=3, max_bytes=100)
    for size in (1, 2, 3, 4, 99):
        journal.add(Received("POST", "/", "", [], b"x" * size))
    shown = journal.as_json()
    assert (shown["dropped"], [len(record["body"]) for record in shown["requests"]]) == (4, [99])
    journal.add(Received("POST", "/", "", [], b"\xff" * 200))
    assert journal.as_json()["dropped"] == 5
    journal.clear()
    assert journal.as_json() == {"dropped": 0, "requests": []}
