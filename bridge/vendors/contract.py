"""What a vendor is.

A vendor is free of I/O. Each operation is a generator: it yields HttpRequest values, is sent the HttpResponse of each, and
returns a domain value. It raises VendorRefused when the vendor's answer is a refusal, and OutcomeUnknown when an answer
leaves it open whether a send was taken. Requests that never got an answer are not its business: `bridge.outbound` raises for those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from bridge.domain.capability import Feature
from bridge.domain.http import Exchange
from bridge.domain.message import Encoding, Message
from bridge.domain.package import Package, PackageItem, Page, Sender
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery, SendersQuery

__all__ = ["Credentials", "ItemReport", "SendLimits", "Vendor", "VendorSettings"]


class VendorSettings(BaseModel):
    """Base of a vendor's own keys under [vendors.NAME]; those common to all are in `bridge.settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Credentials(BaseModel):
    """Base of a vendor's [accounts.credentials]. Secrets are SecretStr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:  # a username may be a telephone number
        return ()

    @classmethod
    def from_login(cls, username: str, password: str) -> Credentials | None:
        """The credentials in pass-through mode, or None where a login does not suffice (then pass-through is refused at start)."""
        return None


class SendLimits(NamedTuple):
    """What one vendor message can carry; a larger package is split into several."""

    # recipients
    recipients: int
    # a text of its own for each recipient; without, each distinct text is a message
    own_texts: bool


class ItemReport(NamedTuple):
    """What a vendor says of one recipient."""

    # E.164 digits, or a national id
    number: str
    # item state of the domain, or None for a word that the vendor's table does not have
    state: int | None
    # the vendor's own word
    raw: str
    # aware; when it became so, where the vendor says
    at: datetime | None = None
    # of a recipient with a text of its own, where the vendor says: the same number may occur twice
    text: str | None = None

    def __repr__(self) -> str:
        return f"<ItemReport {self.state} {self.raw!r}>"


C_contra = TypeVar("C_contra", bound=Credentials, contravariant=True)


class Vendor(Protocol[C_contra]):
    """One vendor's REST interface in the words of the domain. Operations outside `features` are never called."""

    kind: ClassVar[str]
    features: ClassVar[frozenset[Feature]]
    # keeps packages itself, so that it can be used without a ledger
    keeps_packages: ClassVar[bool]
    settings_type: ClassVar[type[VendorSettings]]
    credentials_type: ClassVar[type[Credentials]]
    limits: SendLimits

    def __init__(self, settings: VendorSettings) -> None: ...

    def check(self, message: Message) -> None:
        """Raises CallError, naming the field, for what the vendor's interface cannot say. Before anything is sent or recorded."""

    def parts(self, text: str, encoding: Encoding) -> int:
        """How many short messages the vendor makes of a text, for statistics and credit."""
        ...

    def send(self, message: Message, credentials: C_contra) -> Exchange[int]:
        """Sends one vendor message, within `limits`; returns the vendor's id of it."""
        ...

    def find(self, message: Message, credentials: C_contra, others: Collection[int] = ()) -> Exchange[int | None]:
        """Looks for a message whose send had no known outcome; returns its id, or None when it certainly is not there.

        others: ids that are known to be of other sends, with the same text.
        Raises OutcomeUnknown when more than one could be it.
        """
        ...

    def report(self, sent: int, message: Message, credentials: C_contra) -> Exchange[tuple[ItemReport, ...]]:
        """What became of each recipient. sent: the id that `send` returned for this message."""
        ...

    def cancel(self, package: PackageKey, credentials: C_contra) -> Exchange[int]:
        """Cancels; returns the vendor's status (1: cancelled)."""
        ...

    def packages(self, query: PackagesQuery, credentials: C_contra) -> Exchange[Page[Package]]: ...

    def items(self, query: ItemsQuery, credentials: C_contra) -> Exchange[Page[PackageItem]]: ...

    def senders(self, query: SendersQuery, credentials: C_contra) -> Exchange[Page[Sender]]: ...

    def credit(self, credentials: C_contra) -> Exchange[int]: ...
