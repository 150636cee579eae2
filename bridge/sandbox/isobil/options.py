"""What the isobil simulator can be started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bridge.errors import SettingsError
from bridge.sandbox.contract import Options

__all__ = ["CODES", "STATES", "IsobilOptions"]

CODES: Mapping[str, int] = MappingProxyType(
    {
        "success": 100,
        "credential": 101,
        "credit": 102,
        "sender": 103,
        "number": 104,
        "request": 105,
        "not_found": 106,
        "service": 107,
        "text": 108,
        "date": 109,
        "operation": 110,
    }
)
STATES: Mapping[str, int] = MappingProxyType({"waiting": 1, "sent": 2, "delivered": 3, "undelivered": 4, "expired": 5})
MESSAGE_STATES: Mapping[str, int] = MappingProxyType({"waiting": 1, "sending": 2, "completed": 3})
SCHEDULED_STATES: Mapping[str, int] = MappingProxyType({"waiting": 1, "sent": 2})
SERVICES: Mapping[int, str] = MappingProxyType({1: "Normal", 2: "OTP", 3: "TCKN"})


@dataclass(frozen=True, kw_only=True)
class IsobilOptions(Options):
    """Options of the isobil simulator, each of which the document leaves open.

    system_code: of every account, beside its password.
    account_type: "Prepaid" or "Postpaid".
    services: id -> name. tckn_services: those that send to national ids, and to nothing else.
    service_senders: service id -> the senders approved for it. A service that is not in it has `senders`.
    codes, states, message_states, scheduled_states: the numbers of Status.Code, State, Statu, and Process in QueryScheduled.
    packet_size: numbers in a packet.
    expired_after_seconds: from the send until a number that nobody reports has expired.
    count_parts: Query and QueryMulti count the parts of long messages one by one (SingleCount never does).
    single_item_as_object: a list of one is answered as that one.
    response_shell: JSON answers stand inside {"Response": ..}.
    soap_answers: a SOAP request gets a SOAP answer; otherwise the bare text of it.
    """

    system_code: int = 1234
    account_type: str = "Prepaid"
    services: Mapping[int, str] = field(default_factory=lambda: SERVICES)
    tckn_services: tuple[int, ...] = (3,)
    service_senders: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=lambda: CODES)
    states: Mapping[str, int] = field(default_factory=lambda: STATES)
    message_states: Mapping[str, int] = field(default_factory=lambda: MESSAGE_STATES)
    scheduled_states: Mapping[str, int] = field(default_factory=lambda: SCHEDULED_STATES)
    packet_size: int = 1000
    expired_after_seconds: float = 48 * 3600.0
    count_parts: bool = False
    single_item_as_object: bool = False
    response_shell: bool = True
    soap_answers: bool = True
    first_message_id: int = 7100001
    first_packet_id: int = 9300001

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.expired_after_seconds < self.reported_after_seconds:
            raise SettingsError("expired_after_seconds", "must not be less than reported_after_seconds")
        if self.packet_size < 1:
            raise SettingsError("packet_size", "must be at least 1")
        for name, known in MAPS.items():
            if set(getattr(self, name)) != set(known):
                raise SettingsError(name, f"must have a number for each of {', '.join(known)}")

    def senders_of(self, service_id: int) -> tuple[str, ...]:
        return self.service_senders.get(service_id, self.senders)


MAPS = MappingProxyType({"codes": CODES, "states": STATES, "message_states": MESSAGE_STATES, "scheduled_states": SCHEDULED_STATES})
