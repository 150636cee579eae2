"""A caller of innomobil."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.innomobil import InnomobilOptions
from tests.sandbox.caller import REPORTED, SENT, Caller

LOGIN = {"username": "user", "password": "test"}
NUMBER = "905445554433"
OPTIONS = InnomobilOptions(
    accounts={"user": "test", "other": "secret"},
    senders=("BASLIK", "ALFANUMERİK", "ALFANUMERIK", "innomobil"),
    sent_after_seconds=SENT,
    reported_after_seconds=REPORTED,
)


class Innomobil(Caller):
    """Calls operations as account user."""

    def post(self, operation: str, **fields: Any) -> dict[str, Any]:
        answer = self.http.post(f"/api/v1/{operation}", json=LOGIN | fields)
        assert answer.status_code == 200
        body = answer.json()
        assert list(body) == ["status", "error", "result"]
        return body

    def result(self, operation: str, **fields: Any) -> Any:
        body = self.post(operation, **fields)
        assert (body["status"], body["error"]) == ("ok", "")
        return body["result"]

    def refusal(self, operation: str, **fields: Any) -> tuple[str, str]:
        """Status and text."""
        body = self.post(operation, **fields)
        assert body["error"]
        assert body["result"] == (0 if operation in {"login", "kredi"} else [])
        return body["status"], body["error"]

    def send(self, *numbers: str, sdate: str = "", **fields: Any) -> str:
        """The messageid."""
        return self.result("sendsms", **settings(sdate=sdate), message=message(*numbers, **fields))["messageid"]

    def statuses(self, message_id: str) -> list[str]:
        return [entry["status"] for entry in self.result("report", messageid=message_id)]


def settings(**fields: Any) -> dict[str, Any]:
    return {"sdate": "", "vperiod": "48", "gate": 0} | fields


def message(*numbers: str, **fields: Any) -> dict[str, Any]:
    return {"sender": "BASLIK", "text": "Selam", "utf8": "0", "gsm": list(numbers) or [NUMBER]} | fields
