"""What a use case acts on: an account and the vendor behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bridge.domain.capability import Feature
from bridge.domain.http import Exchange
from bridge.errors import CallError, ErrorCode, NotSent, Reason, TransportError
from bridge.outbound.driver import Outbound, Timing
from bridge.vendors.contract import Credentials, Vendor

__all__ = ["UNREACHABLE", "UNSUPPORTED", "Account", "Backend", "UseCase", "ask", "need", "prove"]

T = TypeVar("T")

UNSUPPORTED = Reason("{vendor} bu özelliği desteklemiyor: {field}.", "{vendor} does not support {field}.")
UNREACHABLE = Reason("{vendor} sunucusuna ulaşılamadı.", "The server of {vendor} could not be reached.")
UNREADABLE = Reason("{vendor} sunucusundan yanıt alınamadı.", "The server of {vendor} gave no usable answer.")


@dataclass(frozen=True, slots=True)
class Backend:
    """One configured vendor."""

    # NAME of [vendors.NAME]
    name: str
    vendor: Vendor[Any]
    outbound: Outbound
    # features that the vendor lacks and that are dropped all the same, because the operator said so
    ignored: frozenset[Feature] = frozenset()
    # messages a second of each account; None for no limit
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a call is made for: who the client is here, and who it is at the vendor."""

    username: str = field(repr=False)
    backend: Backend
    credentials: Credentials = field(repr=False)
    # the password is known to be right; where only the vendor knows it, `prove` asks
    proven: bool = True
    # the credentials are configured, so that the bridge can act for the account later
    lasting: bool = True
    # what pushes call it, where the operator says
    user_id: int | None = None


class UseCase(Protocol):
    """One operation, in two steps so that the first can be done in a worker thread when a request is large."""

    def prepare(self, values: Mapping[str, Any]) -> Any:
        """Checks the fields of a call; no I/O. Raises CallError."""
        ...

    async def run(self, account: Account, prepared: Any, timing: Timing) -> Any:
        """Does it, and returns what `bridge.soap.writer` writes: int or Page. Raises CallError."""
        ...


def need(account: Account, feature: Feature, reason: Reason = UNSUPPORTED) -> None:
    """Raises CallError ERR_BAD_REQUEST, naming vendor and field, when the account's vendor lacks the feature."""
    vendor = account.backend.vendor
    if feature not in vendor.features and feature not in account.backend.ignored:
        raise CallError(ErrorCode.BAD_REQUEST, reason, vendor=vendor.kind, field=feature.field)


async def ask(account: Account, exchange: Exchange[T], timing: Timing) -> T:
    """Runs an exchange whose outcome is known or does not matter.

    timing: counts what the vendor took. Raises VendorRefused, or CallError when the vendor gave no usable answer.
    """
    try:
        return await account.backend.outbound.run(exchange, timing)
    except TransportError as error:
        reason = UNREACHABLE if isinstance(error, NotSent) else UNREADABLE
        raise CallError(ErrorCode.SYSTEM_MAINTENANCE, reason, vendor=account.backend.vendor.kind) from None


async def prove(account: Account, timing: Timing) -> None:
    """Lets the vendor judge a login that nobody has judged yet, by asking for its credit: before the ledger says or takes anything.

    Raises VendorRefused when it is wrong, CallError when the vendor does not answer.
    """
    if not account.proven:
        await ask(account, account.backend.vendor.credit(account.credentials), timing)
