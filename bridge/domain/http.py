"""The HTTP requests that vendors yield and the responses that they are sent. Values only: `bridge.outbound` does the I/O."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeVar

from msgspec import Struct

__all__ = ["Exchange", "HttpRequest", "HttpResponse"]

T = TypeVar("T")


class HttpRequest(Struct, frozen=True, gc=False):
    """One request to a vendor.

    url: absolute, http or https, ASCII (percent-encoded).
    headers: names in any case; Host and Content-Length are added by the engine. Values are latin-1 without CR and LF.
    repeatable: the vendor's state is the same whether it gets this once or twice (queries). Only such a request is ever
        written a second time. A send is never repeatable.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    repeatable: bool = False

    def __repr__(
        self,
    ) -> str:  # headers carry credentials, the body texts and numbers, the query an API key, a client's path a token
        return f"<HttpRequest {self.method} {'/'.join(self.url.split('/', 3)[:3])} {len(self.body)} bytes>"


class HttpResponse(Struct, frozen=True, gc=False):
    """A complete response. `headers` has lower-case names; a repeated header is joined with ", "."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status} {len(self.body)} bytes>"


Exchange = Generator[HttpRequest, HttpResponse, T]
"""A vendor operation: yields requests, is sent their responses, returns a value or raises VendorRefused or OutcomeUnknown."""
