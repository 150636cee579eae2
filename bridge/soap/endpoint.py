"""The HTTP endpoint: /soap as a raw ASGI application.

Facts:
- Routing, request and response objects of a framework cost as much as decoding a call. Only this path is raw; all others are not.
- Whatever happens, the client's stack expects XML: a Fault for what is no call, a filled <err> for a call that is refused.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from bridge.domain.package import Page
from bridge.errors import CallError, CredentialsMissing, ErrorCode, FaultSide, Language, LedgerUnavailable, ProtocolError
from bridge.log import get_logger, vouched_line
from bridge.metrics.metrics import Metrics
from bridge.operations.accounts import Accounts
from bridge.operations.backend import UseCase
from bridge.outbound.driver import Timing
from bridge.redaction import redact_text
from bridge.settings import Network
from bridge.soap.body import LARGE, Room, media, read_body, refuse_above
from bridge.soap.credentials import login_of
from bridge.soap.envelope import Call, read_call
from bridge.soap.proxies import Proxies
from bridge.soap.shapes import Shapes
from bridge.soap.writer import SOAP11, SOAP12, SoapVersion, write_error, write_fault, write_result
from bridge.soap.wsdl import Wsdl, is_wsdl_query
from bridge.soap.xml import XmlLimits

__all__ = ["CLOSE", "DIRECT", "Endpoint", "EndpointOptions"]

DIRECT = "smsbridge.direct"
"""An ASGI extension: what is there, or can be done, at once, without messages.

`take`: (scope) -> the body, where the whole of it is there and is not LARGE; else None, and messages bring it.
`send`: (scope, status, headers, body) -> whether the whole answer was sent; else two messages do it. Of the header `connection` it
knows CLOSE alone.
"""
CLOSE = (b"connection", b"close")
"""The header of an answer after which the connection ends."""

T = TypeVar("T")
log = get_logger("bridge.soap")

# rows of an answer that is written in a worker thread
_MANY_ROWS = 200
# smaller answers do not gain by compression
_COMPRESS_FROM = 1400
# what may stand in a log of a vendor's own code: its words may hold whatever it was sent
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_NONE: Mapping[str, Any] = MappingProxyType({})
_REALM = b'Basic realm="SMS", charset="UTF-8"'


class EndpointOptions(NamedTuple):
    """How the endpoint behaves; from the settings."""

    limits: XmlLimits = XmlLimits()
    max_body: int = 10 * 1024 * 1024  # bytes, also after decompression
    max_bodies: int = 256 * 1024 * 1024  # bytes of all large requests at one time
    language: Language = Language.TURKISH
    fault_status: int = 500
    public_url: str | None = None
    port: int = 9587
    trusted_proxies: tuple[Network, ...] = ()
    log_requests: bool = True


class Answer(Struct, frozen=True, gc=False):
    """What goes back, and how the log calls it."""

    status: int
    content_type: bytes
    body: bytes
    outcome: str  # "OK", an ERR_ name, "refused" for a code that is no name, or "Fault"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.outcome}>"


class _Seen(Struct):
    """What is known of a request so far, for its log line and for a Fault in its SOAP version."""

    version: SoapVersion
    timing: Timing = field(default_factory=Timing)
    call: Call | None = None
    account: str | None = None

    def __repr__(self) -> str:
        return "<_Seen>"

    def operation(self) -> str | None:
        return self.call.operation if self.call else None

    def answer_in(self, version: SoapVersion) -> None:
        self.version = version


class Endpoint:
    """Answers SOAP calls and WSDL requests."""

    def __init__(
        self, cases: Mapping[str, UseCase], accounts: Accounts, wsdl: Wsdl, options: EndpointOptions, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        self._cases, self._accounts, self._wsdl, self._options = cases, accounts, wsdl, options
        self._workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="soap")
        self._room = Room(options.max_bodies)
        self._shapes = Shapes(options.limits)
        self._proxies = Proxies(options.trusted_proxies, options.public_url, options.port)
        self._ids = (f"{prefix}{number:06x}" for prefix in [secrets.token_hex(5)] for number in count(1))

    def close(self) -> None:
        """Ends the worker threads, after what they are at."""
        self._workers.shutdown(wait=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request. Never raises but for cancellation: the last resort is a Fault without internals."""
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        seen = _Seen(SOAP12 if media(headers.get(b"content-type", b""))[0] else SOAP11)
        try:
            if scope["method"] == "POST":
                answer = await self._post(scope, headers, receive, seen)
                if answer is None:
                    return
            else:
                answer = self._not_post(scope, headers)
        except ProtocolError as error:
            answer = self._fault(seen, error)
        except Exception:  # the last resort; the log has the frames, the client no internals
            log.exception("request failed", operation=seen.operation())
            text = "The server failed to process the request."
            answer = self._fault(seen, ProtocolError(text, FaultSide.SERVER, ErrorCode.INTERNAL_SERVER))
        request_id = next(self._ids)
        if len(answer.body) >= _COMPRESS_FROM and answer.outcome != "WSDL" and _takes_gzip(headers.get(b"accept-encoding", b"")):
            answer = replace(
                answer,
                body=await self._in_thread(gzip.compress, answer.body, 3),
                headers=(*answer.headers, (b"content-encoding", b"gzip")),
            )
        head = _head(answer, headers, request_id)
        direct = _direct(scope)
        if not direct or not direct["send"](scope, answer.status, head, answer.body):
            await send({"type": "http.response.start", "status": answer.status, "headers": head})
            await send({"type": "http.response.body", "body": answer.body})
        seconds = time.perf_counter() - started
        self._metrics.request(seen.operation(), answer.outcome, seconds)
        if self._options.log_requests:
            _log_call(request_id, seen, answer, seconds)

    def not_found(self, soap12: bool) -> Answer:
        """The answer for any other path: a Fault too, for a SOAP client may be what asks."""
        error = ProtocolError("There is no service at this address; it is at /soap.", code=ErrorCode.NOT_FOUND)
        return replace(self._fault(_Seen(SOAP12 if soap12 else SOAP11), error), status=404)

    def _post(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, seen: _Seen) -> Awaitable[Answer | None]:
        """The answer of a call; None when the client went away before its request was whole."""
        direct = _direct(scope)
        # compressed, it may be larger than it is
        body = direct["take"](scope) if direct and b"content-encoding" not in headers else None
        if body is None:
            return self._read(scope, headers, receive, seen)
        refuse_above(self._options.max_body, len(body))
        return self._call(body, scope, headers, seen, large=False)

    async def _read(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, seen: _Seen) -> Answer | None:
        """As `_post`, for a body that has to be waited for."""
        body = await read_body(receive, headers, self._options.max_body, self._room)
        if body is None:
            return None
        if len(body) <= LARGE:
            return await self._call(body, scope, headers, seen, large=False)
        try:
            return await self._call(body, scope, headers, seen, large=True)
        finally:
            self._room.give(len(body))

    async def _call(self, body: bytes, scope: Scope, headers: dict[bytes, bytes], seen: _Seen, *, large: bool) -> Answer:
        """The answer of a call. large: it is decoded in a worker thread, for it would hold the event loop for milliseconds."""
        charset = media(headers.get(b"content-type", b""))[1]
        shaped = self._shapes.read(body, charset)
        if shaped:
            seen.answer_in(shaped.version)
            call = shaped
        else:
            arguments = (body, charset, self._options.limits, seen.answer_in)
            call = await self._in_thread(read_call, *arguments) if large else read_call(*arguments)
        seen.call = call
        try:
            value = await self._run(call, scope, headers, seen, large)
        except CredentialsMissing:
            answer = self._refused(call, CallError(ErrorCode.UNAUTHORIZED_REQUEST))
            return replace(answer, status=401, headers=((b"www-authenticate", _REALM),))
        except CallError as error:
            return self._refused(call, error)
        except LedgerUnavailable as error:
            log.error("ledger unavailable", what=error.what)  # noqa: TRY400  # frames say nothing here
            return self._refused(call, CallError(ErrorCode.SYSTEM_MAINTENANCE))
        if not shaped:
            self._learn(body, charset, call)
        result = (call.operation, call.version, call.namespace, value)
        many = isinstance(value, Page) and len(value.rows) > _MANY_ROWS
        text = await self._in_thread(write_result, *result) if many else write_result(*result)
        return Answer(200, call.version.content_type, text, "OK")

    def _learn(self, body: bytes, charset: str | None, call: Call) -> None:
        """For the next request of its shape; this one has succeeded, whatever comes of it."""
        try:
            self._shapes.learn(body, charset, call)
        except Exception:
            log.exception("shape not learned", operation=call.operation)

    async def _run(self, call: Call, scope: Scope, headers: dict[bytes, bytes], seen: _Seen, large: bool) -> Any:
        username, password = login_of(call, headers.get(b"authorization"))
        address = self._proxies.client(scope, headers)
        account = await self._accounts.find(username, password, address)
        seen.account = account.username
        accepted: bool | None = None
        try:
            case = self._cases[call.operation]
            prepared = await self._in_thread(case.prepare, call.values) if large else case.prepare(call.values)
            value = await case.run(account, prepared, seen.timing)
            accepted = seen.timing.served or None  # what the vendor had no part in proves nothing
        except CallError as error:
            if error.code == ErrorCode.UNAUTHORIZED_REQUEST:
                accepted = False
            raise
        finally:
            self._accounts.judged(account, password, address, accepted=accepted)
        return value

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls in a worker thread what would hold the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, function, *arguments)

    def _refused(self, call: Call, error: CallError) -> Answer:
        text = write_error(call.operation, call.version, call.namespace, error, self._options.language)
        return Answer(200, call.version.content_type, text, error.code if _NAME.fullmatch(error.code) else "refused")

    def _fault(self, seen: _Seen, error: ProtocolError) -> Answer:
        return Answer(self._options.fault_status, seen.version.content_type, write_fault(seen.version, error), "Fault")

    def _not_post(self, scope: Scope, headers: dict[bytes, bytes]) -> Answer:
        """The WSDL for a GET that asks for it, a Fault for all else."""
        if scope["method"] in ("GET", "HEAD") and is_wsdl_query(scope["query_string"]):
            document = self._wsdl.render(self._proxies.service(scope, headers))
            return Answer(200, SOAP11.content_type, document, "WSDL")
        raise ProtocolError("Only POST carries a SOAP call; the WSDL is at ?wsdl.")


def _direct(scope: Scope) -> Mapping[str, Any] | None:
    direct: Mapping[str, Any] | None = scope.get("extensions", _NONE).get(DIRECT)
    return direct


def _head(answer: Answer, headers: dict[bytes, bytes], request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of the answer. headers: of the request."""
    head = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id.encode()),
        *answer.headers,
    ]
    # a Fault may come before a body that waits for our 100: it is never sent, and the next request would be taken for it
    if headers.get(b"connection", b"").lower() == b"close" or (answer.outcome == "Fault" and b"expect" in headers):
        head.append(CLOSE)
    return head


def _log_call(request_id: str, seen: _Seen, answer: Answer, seconds: float) -> None:
    vouched_line(
        "bridge.soap",
        "call",
        {
            "request_id": request_id,
            "operation": seen.operation(),
            "account": None if seen.account is None else _shown(seen.account),
            "outcome": _shown(answer.outcome),
            "status": answer.status,
            "ms": _tenths(seconds),
            "vendor_ms": _tenths(seen.timing.seconds),
        },
    )


def _tenths(seconds: float) -> float:
    """Milliseconds with one digit; `round` takes five times as long."""
    return int(seconds * 10_000 + 0.5) / 10


# a username may be a telephone number; an outcome that a vendor made up may be anything
_shown = lru_cache(maxsize=1024)(redact_text)


def _takes_gzip(accept_encoding: bytes) -> bool:
    """Whether the header names gzip, or everything, and not with a weight of 0. Source: RFC 9110 12.5.3."""
    for part in accept_encoding.lower().split(b","):
        coding, _, weight = part.partition(b";")
        if coding.strip() in (b"gzip", b"x-gzip", b"*") and weight.replace(b" ", b"") not in (
            b"q=0",
            b"q=0.0",
            b"q=0.00",
            b"q=0.000",
        ):
            return True
    return False
