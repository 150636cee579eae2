"""The seam between the bridge and an HTTP client: one method."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from bridge.domain.http import HttpRequest, HttpResponse

__all__ = ["Engine", "EngineOptions"]


class EngineOptions(NamedTuple):
    """How an engine talks to one vendor. Times in seconds, sizes in bytes."""

    connect_timeout: float = 5.0  # DNS, TCP and TLS together
    read_timeout: float = 15.0  # from the first byte written to the last byte read
    pool_timeout: float = 5.0  # waiting for a free connection
    max_connections: int = 300
    # an idle connection older than this is not used again; below the 5 s after which node.js servers close theirs
    keepalive: float = 4.0
    max_response: int = 32 * 1024 * 1024
    # nobody reads the body: one that is too large, late or broken is no failure. Only the fast engine has it
    status_only: bool = False
    verify: bool = True  # TLS certificates
    ca_file: Path | None = None  # PEM; in place of the system's
    proxy: str | None = None  # http://[user:password@]host:port; only the httpx engine has it


class Engine(Protocol):
    """An HTTP client.

    It follows no redirect, keeps no cookie, reads no environment. It writes a request that is not `repeatable` at most once.
    """

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Sends one request and reads the whole response, whatever its status.

        Raises NotSent when the request certainly was not taken: not one byte of it was written.
        Raises OutcomeUnknown when it may have been: anything that went wrong after the first byte.
        """
        ...

    async def close(self) -> None:
        """Closes idle connections; those in use end with their request."""
        ...
