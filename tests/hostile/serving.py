"""A bridge as it is run, a process of its own, that tests attack; and what must hold for whatever it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.soap.contract import NAMESPACE
from bridge.soap.writer import SOAP11, write_call
from tests.program import Program
from tests.soap.trees import is_fault
from tests.soap.wire import Answer, Wire, exchange, request

__all__ = ["CREDIT", "LOGIN", "Bridge", "assert_says_little", "envelope", "sms"]

LOGIN = {"username": "admin", "password": "123456"}
CREDIT = write_call("getUserCredit", LOGIN)
MARK = "Isaret9"
"""Stands in what an attacker writes: no answer may hold it more than once, nor anything around it."""

# what no answer may tell of the inside
_INSIDE = re.compile(
    rb"Traceback|/(usr|home|root|work|tmp|etc|opt|var)/|site-packages|\.py\b|lxml|libxml|etree|expat|pydantic|uvicorn|httptools|llhttp"
    rb"|starlette|asyncio|spyne|zlib|codec|bridge\.|Exception|[A-Z][a-z]+Error\b|line [0-9]+|column [0-9]+|0x[0-9a-f]{6}|object at",
)
_STATUSES = {200, 400, 401, 404, 408, 431, 500, 503}


class Bridge:
    """`smsbridge serve`."""

    def __init__(self, program: Program, port: int | None = None) -> None:
        """port: of several processes, which do not say it."""
        self.pid, self.port = program.pid, port or program.port()

    def send(self, raw: bytes) -> Answer:
        """One request on a connection of its own."""
        return exchange(self.port, raw)

    def post(self, body: bytes | str, *headers: str) -> Answer:
        return self.send(request(body, headers=headers or ("Content-Type: text/xml; charset=utf-8",)))

    def assert_works(self) -> None:
        """A good call on a connection of its own is answered."""
        answer = self.post(CREDIT)
        assert (answer.status, answer.code) == (200, ""), answer

    def refuses(self, raw: bytes, *, stays: bool = True) -> Answer:
        """The answer to an attack, which is safe; the next call works, on the same connection where it `stays`."""
        with Wire(self.port) as wire:
            wire.send(raw)
            answer = wire.answer()
            assert_says_little(answer)
            if stays and answer.header("connection") != "close":
                wire.send(request(CREDIT))
                assert wire.answer().find("credit") is not None
        self.assert_works()
        return answer

    def resident(self) -> float:
        """Megabytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def assert_says_little(answer: Answer) -> None:
    """A Fault, a filled err or an answer, as XML, of the right length, without internals and without what the client wrote."""
    assert answer.status in _STATUSES, answer
    assert answer.header("content-type") in {"text/xml; charset=utf-8", "application/soap+xml; charset=utf-8"}, answer
    envelope = answer.xml
    if answer.status in {400, 404, 408, 431, 500, 503}:
        assert is_fault(envelope), answer.body
    text = b"".join(part.encode() for part in envelope.itertext())
    assert not _INSIDE.search(text), text[:500]
    assert len(answer.body) < 3000, answer.body[:500]
    assert answer.body.count(MARK.encode()) <= 1, answer.body


def envelope(body: str, *, header: str = "", around: str = "", namespace: str = SOAP11.envelope) -> str:
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return f'<e:Envelope xmlns:e="{namespace}">{head}<e:Body>{body}</e:Body>{around}</e:Envelope>'


SMS: Mapping[str, str] = {
    "username": "admin",
    "password": "123456",
    "type": "1",
    "sendingType": "0",
    "title": "Deneme",
    "content": "Merhaba",
    "number": "905511034554",
    "sender": "BASLIK",
}


def sms(inner: str = "", attributes: str = "", **fields: Any) -> str:
    """A sendSms in XML as it stands; inner: after the fields. A field that is None is left out."""
    given = "".join(f"<{name}>{value}</{name}>" for name, value in {**SMS, **fields}.items() if value is not None)
    return envelope(f'<s:sendSms xmlns:s="{NAMESPACE}"{attributes}>{given}{inner}</s:sendSms>')
