"""The errors of toplusms. The document has number 3 and its text; all others are the simulator's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["CODES", "Refusal"]

CODES: Mapping[str, int] = MappingProxyType(
    {"operation": 1, "parameter": 2, "login": 3, "caption": 4, "numbers": 5, "credit": 6, "queue": 7}
)
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "operation": "Geçersiz istek.",
        "parameter": "Eksik veya hatalı parametre.",
        "login": "Kullanıcı doğrulanamadı.",
        "caption": "Başlık bulunamadı.",
        "numbers": "Geçerli numara bulunamadı.",
        "credit": "Yetersiz kredi.",
        "queue": "Mesaj bulunamadı.",
    }
)
UNKNOWN_CODE, UNKNOWN_TEXT = 99, "Bilinmeyen hata."


class Refusal(Exception):
    """Raised when the vendor refuses a request.

    name: a key of CODES; on demand also an error code, or a text of one's own. `hint` says more than the vendor would.
    """

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(name)
        self.name, self.hint = name, hint

    def as_json(self, own_codes: Mapping[str, int]) -> dict[str, Any]:
        """own_codes: as option error_codes."""
        code, text = self._shown({**CODES, **own_codes})
        return {"status": "error", "errorMessage": f"{text} ({self.hint})" if self.hint else text, "errorCode": code}

    def _shown(self, codes: Mapping[str, int]) -> tuple[int, str]:
        if self.name in codes:
            return codes[self.name], TEXTS[self.name]
        if not self.name.isdecimal():
            return UNKNOWN_CODE, self.name
        code = int(self.name)
        return code, next((TEXTS[name] for name, known in codes.items() if known == code), UNKNOWN_TEXT)
