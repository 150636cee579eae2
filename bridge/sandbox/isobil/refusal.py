"""The vendor's refusals: a Status with a number and a text, in an answer like any other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["TEXTS", "Refusal", "status"]

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "success": "İşlem başarılı.",
        "credential": "Kullanıcı adı, şifre veya sistem kodu hatalı.",
        "credit": "Yetersiz kredi.",
        "sender": "Gönderici adı (başlık) tanımlı değil.",
        "number": "Geçerli numara bulunamadı.",
        "request": "Hatalı istek.",
        "not_found": "Kayıt bulunamadı.",
        "service": "Servis tanımlı değil.",
        "text": "Mesaj içeriği boş veya çok uzun.",
        "date": "Geçersiz tarih.",
        "operation": "Geçersiz metot.",
    }
)


class Refusal(Exception):
    """Raised when the vendor refuses a request. name: of the code, or a number of its own. hint: what is wrong."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(name)
        self.name, self.hint = name, hint


def status(name: str, codes: Mapping[str, int], hint: str = "") -> dict[str, Any]:
    """The `Status` of an answer. A number stands for itself; a name that is not known has the code of "request"."""
    named = next((each for each, code in codes.items() if str(code) == name), name)
    code = int(name) if name.isdecimal() else codes.get(name, codes["request"])
    text = TEXTS.get(named, name)
    return {"Code": code, "Description": f"{text} ({hint})" if hint else text}
