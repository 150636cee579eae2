"""Push to the URL in pushSettings."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bridge.sandbox import serve_in_thread
from bridge.sandbox.node import push
from bridge.sandbox.node.push import is_loopback
from tests.waiting import until


@contextmanager
def listening(statuses=()):
    """A receiver, and the bodies that it was sent. It answers with each status once, then with 200."""
    bodies = []
    left = list(statuses)

    async def receive(request):
        bodies.append(await request.json())
        return Response(status_code=left.pop(0) if left else 200)

    with serve_in_thread(Starlette(routes=[Route("/hook", receive, methods=["POST"])])) as running:
        yield f"{running.base_url}hook", bodies


def wait_for(bodies, count):
    until(lambda: len(bodies) >= count)
    assert len(bodies) == count


def test_a_finished_package_is_pushed(node):
    with listening() as (url, bodies):
        package = node.send("905511034550", "905511034559", pushSettings={"url": url})
        node.advance(299)
        assert bodies == []
        node.advance(2)
        wait_for(bodies, 1)
    items = node.items(package)
    body = bodies[0]
    updates = [item.pop("lastUpdate") for item in body["items"]]
    assert body == {
        "userID": 1001,
        "pkg": {"id": package, "state": 6, "statistics": {"total": 2, "delivered": 1, "undelivered": 1}},
        "items": [{"id": item["id"], "nr": item["target"], "status": item["state"]} for item in items],
    }
    assert all(len(update) == len("2021-05-04T01:38:20") for update in updates)


def test_a_push_is_tried_again(node, monkeypatch):
    monkeypatch.setattr(push, "PAUSES_SECONDS", (0.01, 0.01))
    with listening([500, 302]) as (url, bodies):
        node.send(pushSettings={"url": url})
        node.advance(301)
        wait_for(bodies, 3)


def test_a_cancelled_package_and_one_after_a_reset_are_not_pushed(node):
    with listening() as (url, bodies):
        first = node.send(pushSettings={"url": url})
        node.data("/sms/cancel", {"id": first})
        node.advance(301)
        node.send(pushSettings={"url": url})
        node.control("reset", {})
        node.advance(301)
        node.send(pushSettings={"url": url})
        node.advance(301)
        wait_for(bodies, 1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/x", True),
        ("http://127.9.9.9/", True),
        ("http://localhost/", True),
        ("http://[::1]:80/", True),
        ("http://localhost.example.com/", False),
        ("http://user@example.com/?127.0.0.1", False),
        ("http://10.0.0.1/", False),
        ("http://[::1/", False),
        ("http:///x", False),
    ],
)
def test_loopback(url, expected):
    assert is_loopback(url) is expected


def test_elsewhere_is_accepted_but_not_told(node, caplog):
    node.send(pushSettings={"url": "http://192.0.2.1/hook"})
    assert "not a loopback address" in caplog.text
