"""A caller of toplusms."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx

from bridge.sandbox.toplusms import ToplusmsOptions
from tests.sandbox.caller import REPORTED, SENT, Caller

KEY = "sandbox-apikey"
NUMBER = "5374937766"
FORM_PATH = "/api/v1/sms/send/normal"
# the document's own two logins: the one it describes, and the one that its sample of a header has
OPTIONS = ToplusmsOptions(
    accounts={"user": "test", "5551112233": "aabbcc112233", "admin": "123123"},
    senders=("BASLIK", "TOPLUSMS.TC", "DEMO"),
    sent_after_seconds=SENT,
    reported_after_seconds=REPORTED,
)


def login(username: str = "user", password: str = "test") -> httpx.BasicAuth:
    return httpx.BasicAuth(username, hashlib.md5(password.encode()).hexdigest())


class Toplusms(Caller):
    """Calls as account user by HTTP Basic, unless told otherwise."""

    def ask(self, method: str, path: str, *, auth: httpx.Auth | bool | None = True, **more: Any) -> dict[str, Any]:
        """The answer, which always has HTTP status 200."""
        answer = self.http.request(method, f"/api/v1/{path}", auth=login() if auth is True else auth or None, **more)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=UTF-8")
        return answer.json()

    def form(self, **fields: Any) -> dict[str, Any]:
        """The answer to sms/send/normal. A value of None leaves the field out."""
        return self.ask("POST", "sms/send/normal", data=form(**fields))

    def send(self, *numbers: str, **fields: Any) -> int:
        answer = self.form(numbers=",".join(numbers) or NUMBER, **fields)
        assert answer["status"] == "success", answer
        return answer["queueId"]

    def code(self, **fields: Any) -> int:
        """The error code of a form that is refused."""
        return code_of(self.form(**fields))

    def report(self, queue_id: int) -> dict[str, Any]:
        answer = self.ask("GET", f"sms/reports/{queue_id}")
        assert answer["status"] == "success", answer
        return answer

    def statuses(self, queue_id: int) -> tuple[str, list[str]]:
        report = self.report(queue_id)
        return report["queue"]["queue_status"], [number["status"] for number in report["numbers"]]

    def credit(self) -> str:
        return self.ask("GET", "user/profileDetails")["balance_credit"]


def code_of(answer: dict[str, Any]) -> int:
    assert list(answer) == ["status", "errorMessage", "errorCode"]
    assert answer["status"] == "error"
    assert answer["errorMessage"]
    return answer["errorCode"]


def form(**fields: Any) -> dict[str, str]:
    """The fields of sms/send/normal, with changes."""
    usual = {"caption": "BASLIK", "message": "Selam", "numbers": NUMBER, "encoding": "en"}
    return {name: value for name, value in (usual | fields).items() if value is not None}
