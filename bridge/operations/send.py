"""sendSms and sendOtp.

Every send ends accepted, refused or unknown. An unknown one is looked up by its customID, which the bridge gives where the client
gave none; what cannot be found is told to the client as unknown. Nothing is ever sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from bridge.domain.capability import Feature
from bridge.domain.clock import Clock
from bridge.domain.custom_id import CustomIds, is_ours
from bridge.domain.message import Kind, Message
from bridge.errors import CallError, ErrorCode, NotSent, OutcomeUnknown, Reason, TransportError
from bridge.operations.backend import UNREACHABLE, Account, need
from bridge.operations.compose import compose_otp, compose_sms
from bridge.operations.requests import SendOtp, SendSms, parse
from bridge.outbound.driver import Timing

__all__ = ["SendOtpCase", "SendSmsCase", "Sender", "features_of", "lacks_something"]

UNKNOWN = Reason(
    "{vendor} yanıt vermedi; mesajın alınıp alınmadığı bilinmiyor. Yeniden göndermeden önce paket listesine bakın.",
    "{vendor} gave no answer; whether the message was taken is unknown. Look at the package list before sending again.",
)
# seconds before each look for an uncertain send: together less than the 100 s after which .NET clients give up
LOOK_UP_PAUSES = (0.5, 1.5, 3.0)


class Sender:
    """Gives messages to vendors and settles what became of them."""

    def __init__(self, look_up_pauses: Sequence[float] = LOOK_UP_PAUSES) -> None:
        """look_up_pauses: seconds before each look for a send whose outcome is unknown."""
        self._pauses = look_up_pauses

    async def run(self, account: Account, prepared: Message, timing: Timing) -> int:
        """Sends; returns the package id.

        Raises VendorRefused; CallError ERR_BAD_REQUEST before any I/O for a feature that the vendor lacks,
        ERR_SYSTEM_MAINTENANCE when it certainly was not sent, ERR_INTERNAL_SERVER when the outcome stays unknown.
        """
        backend = account.backend
        if lacks_something(backend.vendor.features):
            for feature in features_of(prepared):
                need(account, feature)
        backend.vendor.check(prepared)
        try:
            return await backend.outbound.run(backend.vendor.send(prepared, account.credentials), timing)
        except NotSent:
            raise CallError(ErrorCode.SYSTEM_MAINTENANCE, UNREACHABLE, vendor=backend.vendor.kind) from None
        except OutcomeUnknown:
            found = await self._look_up(account, prepared, timing)
        if found is None:
            raise CallError(ErrorCode.INTERNAL_SERVER, UNKNOWN, vendor=backend.vendor.kind)
        return found

    async def _look_up(self, account: Account, message: Message, timing: Timing) -> int | None:
        backend = account.backend
        if Feature.LOOK_UP not in backend.vendor.features:
            return None
        for pause in self._pauses:
            await asyncio.sleep(pause)
            try:
                found = await backend.outbound.run(backend.vendor.find(message, account.credentials), timing)
            except (TransportError, CallError):
                continue  # no answer is not an answer: the outcome is as unknown as before
            if found is not None:
                return found
        return None


class SendSmsCase(Sender):
    """sendSms."""

    def __init__(self, clock: Clock, custom_ids: CustomIds, max_recipients: int, pauses: Sequence[float] = LOOK_UP_PAUSES) -> None:
        super().__init__(pauses)
        self._clock = clock
        self._custom_ids = custom_ids
        self._max_recipients = max_recipients

    def prepare(self, values: Mapping[str, Any]) -> Message:
        return compose_sms(parse(SendSms, values), self._clock(), self._max_recipients, self._custom_ids.new())


class SendOtpCase(Sender):
    """sendOtp."""

    def __init__(self, clock: Clock, custom_ids: CustomIds, pauses: Sequence[float] = LOOK_UP_PAUSES) -> None:
        super().__init__(pauses)
        self._clock = clock
        self._custom_ids = custom_ids

    def prepare(self, values: Mapping[str, Any]) -> Message:
        return compose_otp(parse(SendOtp, values), self._clock(), self._custom_ids.new())


@lru_cache(maxsize=16)
def lacks_something(features: frozenset[Feature]) -> bool:
    """Whether it is worth asking what a message needs: the vendor of most calls has all."""
    return features != frozenset(Feature)


def features_of(message: Message) -> list[Feature]:
    """What the message asks of a vendor."""
    asked = (
        (message.otp_call, Feature.OTP),
        (message.texts is None and not message.otp_call, Feature.ONE_TEXT),
        (message.texts is not None, Feature.OWN_TEXTS),
        (message.kind is Kind.TCKN, Feature.TCKN),
        (message.custom_id is not None and not is_ours(message.custom_id), Feature.CUSTOM_ID),
        (message.send_at is not None, Feature.SCHEDULE),
        (message.period is not None, Feature.PERIODIC),
        (message.push_url is not None, Feature.PUSH),
        (message.trust_at is not None, Feature.TRUST_DATE),
        (message.commercial is True, Feature.COMMERCIAL),
    )
    return [feature for wanted, feature in asked if wanted]
