"""From the fields of sendSms and sendOtp to a Message: numbers normalised, dates read, texts given to their numbers.

Source: Node API v1.8.3, /sms/create and /sms/create-otp; the rules of validity and dates are its constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from bridge.domain.clock import parse_datetime
from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.domain.phone import is_tckn, normalise_all
from bridge.errors import CallError, ErrorCode, Reason
from bridge.operations.requests import BAD_FIELD, PeriodicSettings, Sending, SendOtp, SendSms

__all__ = ["compose_otp", "compose_sms"]

TOO_MANY = Reason("{field} en fazla {limit} öğe alır.", "{field} takes at most {limit} items.")
_SINGLE, _ONE_TEXT, _OWN_TEXTS = 0, 1, 2  # sendingType
_OTP, _TCKN = Kind.OTP, Kind.TCKN
# to call the class for a member costs five times as much
_KINDS = {int(kind): kind for kind in Kind}
_ENCODINGS = {int(encoding): encoding for encoding in Encoding}
# minutes: (least, most, default)
_OTP_VALIDITY = (3, 6, 6)
_VALIDITY = (60, 1440, 1440)
# what is kept of a number that is none
_INVALID_NUMBER_LENGTH = 32


class Recipients(Struct, frozen=True, gc=False):
    """As Message has them: valid ones without repetition, then the invalid ones."""

    numbers: Sequence[str]
    texts: Sequence[str] | None
    invalid_numbers: Sequence[str]
    invalid_texts: Sequence[str] | None

    def __repr__(self) -> str:  # numbers and texts never reach a log
        return f"<Recipients {len(self.numbers)}>"


def compose_sms(request: SendSms, now: datetime, max_recipients: int, own_custom_id: str | None) -> Message:
    """The message of a sendSms call.

    now: aware. own_custom_id: given to a message whose client gave none.
    Raises CallError: ERR_BAD_REQUEST, ERR_EMPTY_SMS_PACKAGE, ERR_REQUEST_PARAM_LIMIT or ERR_INVALID_SMS_SENDING_DATE.
    """
    kind = _KINDS[request.type]
    if request.content is None and request.sending_type != _OWN_TEXTS:
        raise _bad("content")
    numbers, texts = _written(request, max_recipients)
    recipients = _recipients(kind, numbers, texts)
    return _message(
        request,
        kind,
        recipients,
        now,
        own_custom_id,
        title=request.title,
        send_at=_sending_date(request.sending_date, now),
        period=_period(request.periodic_settings),
    )


def compose_otp(request: SendOtp, now: datetime, own_custom_id: str | None) -> Message:
    """The message of a sendOtp call. Arguments and errors as compose_sms."""
    if request.content is None:
        raise _bad("content")
    recipients = _recipients(Kind.OTP, [request.number or ""], None)
    trust_at = None
    if request.trust_date is not None and (trust_at := parse_datetime(request.trust_date)) is None:
        raise _bad("trustDate")
    return _message(request, Kind.OTP, recipients, now, own_custom_id, otp_call=True, trust_at=trust_at)


def _message(  # noqa: PLR0913  # fields of Message, which are not worth a dictionary
    request: Sending,
    kind: Kind,
    recipients: Recipients,
    now: datetime,
    own_custom_id: str | None,
    *,
    title: str | None = None,
    send_at: datetime | None = None,
    period: Period | None = None,
    otp_call: bool = False,
    trust_at: datetime | None = None,
) -> Message:
    texts, invalid_texts = recipients.texts, recipients.invalid_texts
    return Message(
        kind=kind,
        sender=request.sender,
        numbers=tuple(recipients.numbers),
        text=request.content,
        texts=None if texts is None else tuple(texts),
        invalid_numbers=tuple(recipients.invalid_numbers),
        invalid_texts=None if invalid_texts is None else tuple(invalid_texts),
        encoding=_ENCODINGS[request.encoding],
        validity_minutes=_validity(request.validity, kind),
        accepted_at=now,
        push_url=(request.push_settings.url or None) if request.push_settings else None,
        commercial=request.commercial,
        custom_id=request.custom_id or own_custom_id,
        title=title,
        send_at=send_at,
        period=period,
        otp_call=otp_call,
        trust_at=trust_at,
    )


def _bad(field: str) -> CallError:
    return CallError(ErrorCode.BAD_REQUEST, BAD_FIELD, field=field)


def _written(request: SendSms, max_recipients: int) -> tuple[list[str], list[str] | None]:
    """Numbers as the client wrote them, and the text of each when they have their own."""
    if request.sending_type == _SINGLE:
        return [request.number or ""], None
    items = request.numbers or []
    if len(items) > max_recipients:
        raise CallError(ErrorCode.REQUEST_PARAM_LIMIT, TOO_MANY, field="numbers", limit=max_recipients)
    if set(map(type, items)) <= {str}:
        numbers: list[str] = items
    else:
        numbers = [item if isinstance(item, str) else _part(item, "nr") or "" for item in items]
    if request.sending_type == _ONE_TEXT:
        return numbers, None
    texts = [(None if isinstance(item, str) else _part(item, "msg")) or request.content for item in items]
    if None in texts:
        raise _bad("numbers.item.msg")
    return numbers, [text for text in texts if text is not None]


def _part(item: Any, name: str) -> str | None:
    """nr or msg of a list member. Raises CallError when it is not a text."""
    value = item.get(name) if isinstance(item, dict) else item
    if value is None or isinstance(value, str):
        return value
    raise _bad(f"numbers.item.{name}")


def _recipients(kind: Kind, numbers: list[str], texts: list[str] | None) -> Recipients:
    """Sorts valid from invalid and drops repetitions. Raises CallError when none is valid."""
    if kind is _TCKN:
        stripped = [number.strip() for number in numbers]
        invalid = [at for at, number in enumerate(stripped) if not is_tckn(number)]
        bad = set(invalid)
        valid = [number for at, number in enumerate(stripped) if at not in bad]
    else:
        normalised = normalise_all(numbers)
        valid, invalid = normalised.numbers, normalised.invalid
    if not valid:
        raise CallError(ErrorCode.EMPTY_SMS_PACKAGE)
    if texts is None and not invalid and len(valid) == 1:
        return Recipients(valid, None, (), None)
    wrong = [numbers[at].strip()[:_INVALID_NUMBER_LENGTH] for at in invalid]
    if texts is None:
        return Recipients(valid if len(set(valid)) == len(valid) else list(dict.fromkeys(valid)), None, wrong, None)
    bad = set(invalid)
    pairs = dict.fromkeys(zip(valid, (text for at, text in enumerate(texts) if at not in bad), strict=True))
    return Recipients([nr for nr, _ in pairs], [text for _, text in pairs], wrong, [texts[at] for at in invalid])


def _validity(minutes: int | None, kind: Kind) -> int:
    least, most, default = _OTP_VALIDITY if kind is _OTP else _VALIDITY
    if not minutes:  # PHP writes an empty text as 0 where the WSDL says int
        return default
    if not least <= minutes <= most:
        raise _bad(f"validity ({least}..{most})")
    return minutes


def _sending_date(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    when = parse_datetime(text)
    # a date without seconds means any moment of its minute: this minute is not past
    if when is None or when < now.replace(second=0, microsecond=0):
        raise CallError(ErrorCode.INVALID_SMS_SENDING_DATE)
    return when


def _period(settings: PeriodicSettings | None) -> Period | None:
    if settings is None:
        return None
    return Period(type=PeriodType(settings.period_type), amount=settings.amount, interval_minutes=settings.interval)
