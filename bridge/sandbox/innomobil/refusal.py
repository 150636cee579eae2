"""The refusals of innomobil. The document has no codes and no texts; these are the simulator's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["TEXTS", "Refusal"]

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "operation": "Geçersiz işlem.",
        "json": "Geçersiz JSON verisi.",
        "parameter": "Eksik veya hatalı parametre.",
        "sender_length": "Alfanumerik en fazla 11 karakter olabilir.",
        "text_length": "Mesaj metni en fazla 4 mesaj uzunluğunda olabilir.",
        "number": "Geçersiz gsm numarası.",
        "login": "Kullanıcı adı veya şifre hatalı.",
        "sender": "Alfanumerik hesabınıza tanımlı değil.",
        "credit": "Yetersiz kredi.",
        "message": "Gönderi bulunamadı.",
        "empty": "Kayıt bulunamadı.",
    }
)
# section 3, item 1: status "error" is for what is wrong with the request's own data
OF_THE_REQUEST = frozenset({"operation", "json", "parameter", "sender_length", "text_length", "number"})


class Refusal(Exception):
    """Raised when the vendor refuses a request.

    code: a key of TEXTS, or the text itself. `hint` says more than the vendor would.
    """

    def __init__(self, code: str, hint: str = "") -> None:
        super().__init__(code)
        self.code, self.hint = code, hint

    def as_json(self, style: str, nothing: object) -> dict[str, Any]:
        """nothing: the operation's empty result. style: as option failure_style."""
        text = TEXTS.get(self.code, self.code)
        error = style == "error" or (style == "document" and self.code in OF_THE_REQUEST)
        return {"status": "error" if error else "ok", "error": f"{text} ({self.hint})" if self.hint else text, "result": nothing}
