"""The errors of the Node API: names, statuses and texts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["TEXTS", "Refusal", "bad_request"]

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "ERR_BAD_REQUEST": "Hatalı istek, gereken şartlar yerine getirilmemiş veya illegal bir istekte bulunuluyor.",
        "ERR_USER_NOT_AUTHORIZED": "Kullanıcının bu işlemi yapmaya yetkisi yok.",
        "ERR_SMS_PKG_NOT_FOUND": "Sms paketi mevcut değil.",
        "ERR_SMS_PKG_NOT_CHANGEABLE": "Sms durumu değiştirilebilir pozisyonda değil.",
        "ERR_INVALID_SMS_SENDING_DATE": "Sms gönderim tarihi geçersiz ya da mevcut zamandan daha eski.",
        "ERR_USER_NOT_FOUND": "Kullanıcı bulunamadı.",
        "ERR_USER_CREDIT_REQUIRED": "Kullanıcı yeterli krediye sahip değil.",
        "ERR_PARENT_USER_CREDIT_REQUIRED": "Üst kullanıcı kredisi yetersiz.",
        "ERR_USER_IYS_SETTINGS_NOT_FOUND": "Kullanıcı IYS tanımları mevcut değil.",
        "ERR_INVALID_DATE_RANGE": "Geçersiz tarih aralığı.",
        "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION": "Belirtilen özel id ile daha önce oluşturulmuş bir sms paketi sistemde zaten mevcut.",
        "ERR_REQUEST_PARAM_LIMIT": "Parametrelerden birindeki öğe sayısı izin verilen değerin üzerinde.",
        "ERR_SMS_SENDING_TIME_LIMIT": "SMS gönderimi için sistem genelinden saat kısıtı konfigüre edilmiş.",
        "ERR_MULTI_REQUEST_NOT_PERMITTED": (
            "İlgili fonksiyon için eş zamanlı isteğe izin verilmiyor, mevcut isteğin sonlanması beklenmeli."
        ),
        "ERR_SYSTEM_MAINTENANCE": "Sistem bakım modunda, daha sonra tekrar denenmeli.",
        # Not in the document; its live servers answer them.
        "ERR_UNAUTHORIZED_REQUEST": "Yetkisiz istek.",
        "ERR_INVALID_SMS_SENDER": "Sms gönderim başlığı geçersiz.",
        "ERR_EMPTY_SMS_PACKAGE": "Sms paketi boş, geçerli bir numara yok.",
        "ERR_SMS_PKG_DUPLICATION": "Aynı içerik aynı numaraya son 30 dakika içinde zaten gönderilmiş.",
        "ERR_NOT_FOUND": "Kayıt bulunamadı.",
        "ERR_INTERNAL_SERVER": "Sunucu hatası.",
    }
)
REFUSED = 417
STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "ERR_BAD_REQUEST": 400,
        "ERR_INVALID_PARAM": 400,
        "ERR_UNAUTHORIZED_REQUEST": 401,
        "ERR_USER_NOT_AUTHORIZED": 401,
        "ERR_NOT_FOUND": 404,
        "ERR_INTERNAL_SERVER": 500,
    }
)
HTTP_STATUSES: Mapping[str, int] = MappingProxyType(
    {"ERR_UNAUTHORIZED_REQUEST": 403, "ERR_USER_NOT_AUTHORIZED": 401, "ERR_NOT_FOUND": 404, "ERR_INTERNAL_SERVER": 500}
)


class Refusal(Exception):
    """Raised when the vendor refuses a request. `hint` says more than the vendor would; `http` overrides the HTTP status."""

    def __init__(self, code: str, hint: str = "", *, http: int | None = None) -> None:
        super().__init__(code)
        self.code, self.hint = code, hint
        self._http = http

    def http_status(self, *, own: bool) -> int:
        """`own`: in the form where each refusal has an HTTP status of its own."""
        usual = HTTP_STATUSES.get(self.code) or (self._status if own else 200)
        return self._http or usual

    def as_json(self, *, status: bool) -> dict[str, Any]:
        text = TEXTS.get(self.code, self.code)
        shown = {"code": self.code, "message": f"{text} ({self.hint})" if self.hint else text}
        return {"err": {"status": self._status} | shown if status else shown, "data": None}

    @property
    def _status(self) -> int:
        return STATUSES.get(self.code, REFUSED)


def bad_request(hint: str) -> Refusal:
    return Refusal("ERR_BAD_REQUEST", hint)
