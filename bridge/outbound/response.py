"""Reads the responses that arrive on one connection, one after the other. No I/O.

Facts
- llhttp (inside httptools) reports a 1xx response like any other, never learns that the connection ended, and does not know that
  the answer to HEAD has no body. These three are decided here.
- A body without Content-Length and chunks ends where the connection ends. With either of them, an earlier end is damage.
- A response that cannot be read turns a send into "outcome unknown", which costs a look-up or an operator's time. Spelling
  mistakes of old servers (bare LF, folded headers, padded chunk sizes, Content-Length beside chunks) are therefore forgiven:
  one connection never carries two requests at a time, so they cannot confuse one answer with another.

Strategy
- One parser lives as long as its connection. `start` before each request, then `feed` until it returns the response.
- Sizes are counted where bytes arrive, so that neither a head nor a body nor chunk framing without end can fill the memory.
"""

from __future__ import annotations

import re
from functools import lru_cache

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from bridge.domain.http import HttpResponse
from bridge.errors import OutcomeUnknown
from bridge.outbound.wire import add_header, inflate

__all__ = ["MAX_HEAD", "ResponseReader", "Unanswered"]

MAX_HEAD = 64 * 1024
"""Most bytes of a response before its body, 1xx responses included."""

_ANNOUNCED = re.compile(r"(?:^|[,;\s])timeout\s*=\s*(\d{1,6})", re.IGNORECASE)


class Unanswered(OutcomeUnknown):
    """Raised when a connection broke after the request and before the first byte of a response: so breaks a stale one."""


@lru_cache(maxsize=64)
def _announced_seconds(keep_alive: str) -> float:
    match = _ANNOUNCED.search(keep_alive)
    return float(match[1]) if match else float("inf")


class ResponseReader:
    """The parser of one connection. httptools calls the methods that begin with `on_`."""

    __slots__ = (
        "_allowed",
        "_body",
        "_done",
        "_head_only",
        "_headers",
        "_in_body",
        "_max_body",
        "_parser",
        "_received",
        "_size",
        "_status",
        "reusable",
    )

    def __init__(self, max_response: int) -> None:
        """max_response: bytes of a body, before and after decompression."""
        self._max_body = max_response
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self.start(head_only=False)

    def start(self, *, head_only: bool) -> None:
        """Prepares for the response to the next request. head_only: it was HEAD."""
        self._head_only = head_only
        self._received = self._size = self._status = 0
        self._allowed = MAX_HEAD
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._in_body = self._done = False
        self.reusable = False

    @property
    def begun(self) -> bool:
        """Whether a byte of the response has arrived."""
        return self._received > 0

    def feed(self, data: bytes) -> HttpResponse | None:
        """Takes the bytes that arrived; returns the response once it is complete.

        Raises OutcomeUnknown when they are not HTTP/1, or too many.
        """
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            if not self._done:
                raise OutcomeUnknown("response switches protocols") from None
            self.reusable = False  # as below
        except HttpParserError:
            if not self._done:
                raise OutcomeUnknown("malformed response") from None
            self.reusable = False  # the fault lies behind the response
        # only now: a first read may bring the head and 200 kB of the body at once
        if self._size > self._max_body or self._received > self._allowed:
            raise OutcomeUnknown("response too large")
        return self._response() if self._done else None

    def end(self) -> HttpResponse:
        """Takes note that the connection ended; returns the response when that is how it ends.

        Raises Unanswered when nothing had arrived, OutcomeUnknown when a part is missing.
        """
        if not self.begun:
            raise Unanswered("connection closed before the response")
        headers = self._headers
        coding = headers.get("transfer-encoding", "").lower()
        if not self._in_body or coding.endswith("chunked") or (not coding and "content-length" in headers):
            raise OutcomeUnknown("connection closed inside the response")
        return self._response()

    def head(self) -> HttpResponse | None:
        """The response without its body, once its head has arrived."""
        return HttpResponse(self._status, self._headers, b"") if self._in_body else None

    def idle_seconds(self, response: HttpResponse) -> float:
        """How long the server keeps the connection open after this response, less a second for the way; infinite when not said."""
        announced = response.headers.get("keep-alive")
        return float("inf") if announced is None else _announced_seconds(announced) - 1

    def _response(self) -> HttpResponse:
        headers = self._headers
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.lower() not in ("chunked", "identity"):
                raise OutcomeUnknown("response in an unknown coding")
            if "content-length" in headers:
                self.reusable = False  # RFC 9112 section 6.3
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        content_coding = headers.get("content-encoding")
        if content_coding is not None:
            body = inflate(body, content_coding, self._max_body)
        return HttpResponse(self._status, headers, body)

    def on_message_begin(self) -> None:
        if self._done:
            self.reusable = False  # bytes that nobody asked for
        else:
            self._headers.clear()  # those of a 1xx response

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # else a trailer
            add_header(self._headers, name, value)

    def on_headers_complete(self) -> None:
        if self._done:
            return
        self._status = self._parser.get_status_code()
        if self._status < 200:
            return
        self._in_body = True
        # a chunk of one byte takes six
        self._allowed = MAX_HEAD + 6 * self._max_body
        if self._head_only:
            self._done = True

    def on_body(self, data: bytes) -> None:
        if self._done:
            return
        self._size += len(data)
        if self._size <= self._max_body:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._done or self._status < 200:
            return
        self._done = True
        self.reusable = self._parser.should_keep_alive()
