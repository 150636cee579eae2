"""Every error that the bridge raises on purpose.

    BridgeError
    ├── CallError             the call is answered with a filled <err>
    │   └── VendorRefused     the vendor answered, and its answer is a refusal
    ├── ProtocolError         the request is answered with a SOAP Fault
    ├── CredentialsMissing    the request is answered with HTTP 401
    ├── TransportError        a vendor gave no usable answer
    │   ├── NotSent           the request certainly was not taken
    │   └── OutcomeUnknown    the request may have been taken
    └── LedgerUnavailable     the ledger could not be read or written
        └── LedgerInDoubt     it may have been written

SettingsError stands outside: it ends the start of a program, never a call.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = [
    "TEXTS",
    "BridgeError",
    "CallError",
    "CredentialsMissing",
    "ErrorCode",
    "FaultSide",
    "Language",
    "LedgerInDoubt",
    "LedgerUnavailable",
    "NotSent",
    "OutcomeUnknown",
    "ProtocolError",
    "Reason",
    "SettingsError",
    "TransportError",
    "VendorRefused",
    "text_of",
]

# characters of a vendor's own
_LONGEST_CODE, _LONGEST_WORDS = 100, 500


class Language(StrEnum):
    """Language of error messages."""

    TURKISH = "tr"
    ENGLISH = "en"


class ErrorCode(StrEnum):
    """The ERR_ names that clients compare with. Source: Node API v1.8.3, "Hata Kodları"; the last block: live servers."""

    BAD_REQUEST = "ERR_BAD_REQUEST"
    USER_NOT_AUTHORIZED = "ERR_USER_NOT_AUTHORIZED"
    SMS_PKG_NOT_FOUND = "ERR_SMS_PKG_NOT_FOUND"
    SMS_PKG_NOT_CHANGEABLE = "ERR_SMS_PKG_NOT_CHANGEABLE"
    INVALID_SMS_SENDING_DATE = "ERR_INVALID_SMS_SENDING_DATE"
    USER_NOT_FOUND = "ERR_USER_NOT_FOUND"
    USER_CREDIT_REQUIRED = "ERR_USER_CREDIT_REQUIRED"
    PARENT_USER_CREDIT_REQUIRED = "ERR_PARENT_USER_CREDIT_REQUIRED"
    USER_IYS_SETTINGS_NOT_FOUND = "ERR_USER_IYS_SETTINGS_NOT_FOUND"
    INVALID_DATE_RANGE = "ERR_INVALID_DATE_RANGE"
    SMS_PKG_CUSTOM_ID_DUPLICATION = "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"
    REQUEST_PARAM_LIMIT = "ERR_REQUEST_PARAM_LIMIT"
    SMS_SENDING_TIME_LIMIT = "ERR_SMS_SENDING_TIME_LIMIT"
    MULTI_REQUEST_NOT_PERMITTED = "ERR_MULTI_REQUEST_NOT_PERMITTED"
    SYSTEM_MAINTENANCE = "ERR_SYSTEM_MAINTENANCE"

    INVALID_PARAM = "ERR_INVALID_PARAM"
    UNAUTHORIZED_REQUEST = "ERR_UNAUTHORIZED_REQUEST"
    INVALID_SMS_SENDER = "ERR_INVALID_SMS_SENDER"
    EMPTY_SMS_PACKAGE = "ERR_EMPTY_SMS_PACKAGE"
    USER_BRAND_CODE_NOT_FOUND = "ERR_USER_BRAND_CODE_NOT_FOUND"
    SMS_PKG_DUPLICATION = "ERR_SMS_PKG_DUPLICATION"
    SMS_PKG_CREATING_FAILED = "ERR_SMS_PKG_CREATING_FAILED"
    NOT_FOUND = "ERR_NOT_FOUND"
    INTERNAL_SERVER = "ERR_INTERNAL_SERVER"
    DAILY_REQUEST_LIMIT = "ERR_DAILY_REQUEST_LIMIT"
    CONCURRENT_REQUEST_LIMIT = "ERR_CONCURRENT_REQUEST_LIMIT"


class ErrorText(NamedTuple):
    """What the table knows of one code."""

    status: int  # the number in err/status
    retryable: bool  # the same call may succeed later
    tr: str
    en: str


TEXTS = MappingProxyType(
    {
        ErrorCode.BAD_REQUEST: ErrorText(400, False, "Hatalı istek.", "Bad request."),
        ErrorCode.USER_NOT_AUTHORIZED: ErrorText(
            401, False, "Kullanıcının bu işlemi yapmaya yetkisi yok.", "The user may not do this."
        ),
        ErrorCode.SMS_PKG_NOT_FOUND: ErrorText(417, False, "SMS paketi bulunamadı.", "No such SMS package."),
        ErrorCode.SMS_PKG_NOT_CHANGEABLE: ErrorText(
            417, False, "SMS paketinin durumu artık değiştirilemez.", "The SMS package can no longer be changed."
        ),
        ErrorCode.INVALID_SMS_SENDING_DATE: ErrorText(
            417, False, "Gönderim tarihi geçersiz ya da geçmişte.", "The sending date is invalid or in the past."
        ),
        ErrorCode.USER_NOT_FOUND: ErrorText(417, False, "Kullanıcı bulunamadı.", "No such user."),
        ErrorCode.USER_CREDIT_REQUIRED: ErrorText(417, False, "Kullanıcının kredisi yetersiz.", "The user has not enough credit."),
        ErrorCode.PARENT_USER_CREDIT_REQUIRED: ErrorText(
            417, False, "Üst kullanıcının kredisi yetersiz.", "The parent user has not enough credit."
        ),
        ErrorCode.USER_IYS_SETTINGS_NOT_FOUND: ErrorText(
            417, False, "Kullanıcının İYS tanımları yok.", "The user has no IYS settings."
        ),
        ErrorCode.INVALID_DATE_RANGE: ErrorText(417, False, "Tarih aralığı geçersiz.", "The date range is invalid."),
        ErrorCode.SMS_PKG_CUSTOM_ID_DUPLICATION: ErrorText(
            417, False, "Bu özel id ile bir SMS paketi zaten var.", "An SMS package with this customID exists already."
        ),
        ErrorCode.REQUEST_PARAM_LIMIT: ErrorText(
            417, False, "Bir parametredeki öğe sayısı izin verilenden fazla.", "A parameter has more items than allowed."
        ),
        ErrorCode.SMS_SENDING_TIME_LIMIT: ErrorText(
            417, True, "Bu saatte SMS gönderimine izin verilmiyor.", "SMS may not be sent at this hour."
        ),
        ErrorCode.MULTI_REQUEST_NOT_PERMITTED: ErrorText(
            417, True, "Önceki isteğin sonlanması beklenmeli.", "Wait for the previous request to end."
        ),
        ErrorCode.SYSTEM_MAINTENANCE: ErrorText(
            503, True, "Sistem şu anda hizmet veremiyor, daha sonra deneyin.", "The system is unavailable, try again later."
        ),
        ErrorCode.INVALID_PARAM: ErrorText(400, False, "Geçersiz parametre.", "Invalid parameter."),
        ErrorCode.UNAUTHORIZED_REQUEST: ErrorText(401, False, "Kullanıcı adı ya da şifre hatalı.", "Wrong username or password."),
        ErrorCode.INVALID_SMS_SENDER: ErrorText(417, False, "Gönderici başlığı geçersiz.", "The sender is not valid."),
        ErrorCode.EMPTY_SMS_PACKAGE: ErrorText(417, False, "Geçerli alıcı numarası yok.", "There is no valid recipient number."),
        ErrorCode.USER_BRAND_CODE_NOT_FOUND: ErrorText(
            417, False, "Kullanıcının İYS marka kodu yok.", "The user has no IYS brand code."
        ),
        ErrorCode.SMS_PKG_DUPLICATION: ErrorText(
            417, False, "Aynı mesaj aynı numaraya kısa süre önce gönderildi.", "The same text went to this number just now."
        ),
        ErrorCode.SMS_PKG_CREATING_FAILED: ErrorText(
            417, False, "SMS paketi oluşturulamadı.", "The SMS package could not be created."
        ),
        ErrorCode.NOT_FOUND: ErrorText(417, False, "Kayıt bulunamadı.", "Not found."),
        ErrorCode.INTERNAL_SERVER: ErrorText(500, True, "Sunucu hatası.", "Server error."),
        ErrorCode.DAILY_REQUEST_LIMIT: ErrorText(
            429, True, "Günlük istek sınırına ulaşıldı.", "The daily request limit is reached."
        ),
        ErrorCode.CONCURRENT_REQUEST_LIMIT: ErrorText(
            429, True, "Eş zamanlı istek sınırına ulaşıldı.", "The limit of concurrent requests is reached."
        ),
    }
)
"""One row for every ErrorCode (a test proves it)."""


class Reason(NamedTuple):
    """Why a call is refused, in both languages; `{names}` are filled from the error's parameters."""

    tr: str
    en: str

    def fill(self, language: Language, parameters: dict[str, object]) -> str:
        return (self.tr if language is Language.TURKISH else self.en).format_map(parameters)


def text_of(code: str, language: Language) -> str:
    """The table's message for a code, or "" for a code that only the vendor knows."""
    text = TEXTS.get(code)  # type: ignore[call-overload]  # a StrEnum key is found by its plain string
    if text is None:
        return ""
    return str(text.tr if language is Language.TURKISH else text.en)


class BridgeError(Exception):
    """Root of all errors that belong to a call."""


class CallError(BridgeError):
    """Raised when a call is understood but refused; the client reads it in `<err>`."""

    def __init__(
        self, code: str, reason: Reason | None = None, *, status: int | None = None, message: str = "", **parameters: object
    ) -> None:
        """
        code: an ErrorCode, or a vendor's own ERR_ name.
        reason: adds to the table's message why; `parameters` fill it. Never a text or a number of the client.
        status: err/status when it differs from the table's (417 for a code that the table lacks).
        message: replaces the whole message (a vendor's own words).
        """
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.parameters = parameters
        self.message = message
        text = TEXTS.get(code)  # type: ignore[call-overload]  # as in text_of
        self.status: int = status if status is not None else (text.status if text else 417)
        self.retryable: bool = bool(text and text.retryable)

    def text(self, language: Language) -> str:
        """The message for err/message."""
        if self.message:
            return self.message
        text = text_of(self.code, language)
        if self.reason is None:
            return text
        return f"{text} {self.reason.fill(language, self.parameters)}".strip()


class VendorRefused(CallError):
    """Raised when a vendor answered with a refusal: it certainly did not do what it was asked.

    Of its own words no more is kept than people read: some vendors repeat what they were sent.
    """

    def __init__(self, code: str, reason: Reason | None = None, *, message: str = "", **more: Any) -> None:
        short = message if len(message) <= _LONGEST_WORDS else f"{message[:_LONGEST_WORDS]}.."
        super().__init__(code if len(code) <= _LONGEST_CODE else code[:_LONGEST_CODE], reason, message=short, **more)


class FaultSide(StrEnum):
    """Who caused a SOAP Fault. SOAP 1.1 section 4.4.1 (SOAP 1.2 calls them Sender and Receiver)."""

    CLIENT = "Client"
    SERVER = "Server"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"


class ProtocolError(BridgeError):
    """Raised when a request cannot be understood as a call; the client reads it as a SOAP Fault."""

    def __init__(self, text: str, side: FaultSide = FaultSide.CLIENT, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        """text: what is wrong, in English, without internals and without the client's data."""
        super().__init__(text)
        self.text = text
        self.side = side
        self.code = code


class CredentialsMissing(BridgeError):
    """Raised when a request carries no credentials in any place: .NET sends them only after this challenge."""


class TransportError(BridgeError):
    """Raised when a vendor gave no usable answer. `what` names the step and the kind of failure, never data."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotSent(TransportError):
    """Raised when the request certainly was not taken: refused connection, DNS, TLS handshake, connect or pool timeout."""


class OutcomeUnknown(TransportError):
    """Raised when the request may have been taken: read timeout, lost connection, 5xx, an answer that cannot be read."""


class LedgerUnavailable(BridgeError):
    """Raised when the ledger's database is gone, full or locked. `what` names the kind of failure, never data."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class LedgerInDoubt(LedgerUnavailable):
    """Raised when a commit got no answer: it may have happened."""


class SettingsError(Exception):
    """Raised at start when a setting is wrong. `key` is the exact key, `why` one line without the value."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key = key
        self.why = why
