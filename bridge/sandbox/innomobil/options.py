"""What the innomobil simulator can be started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.errors import SettingsError
from bridge.sandbox.sends import SendOptions

__all__ = ["InnomobilOptions"]

CHOICES = {
    "failure_style": ("document", "error", "empty"),
    "json_types": ("document", "strings", "numbers"),
    "messageid_form": ("document", "text", "list"),
}


@dataclass(frozen=True, kw_only=True)
class InnomobilOptions(SendOptions):
    """Options of the innomobil simulator.

    postpaid: kredi is -1 and nothing is refused for want of it.
    failure_style: every refusal with status "error", or every one with status "ok" and an empty result; "document" has both.
    json_types: every number as text, or as a JSON number; "document" has both, each where a sample has it.
    messageid_form: "120" or ["120"] for every send; "document" has the list for multisend only.
    page_size: of /reports.
    phone_book: number -> first name and surname, shown by a detailed report.
    """

    first_id: int = 120
    refuse_invalid_numbers: bool = True
    postpaid: bool = False
    failure_style: str = "document"
    json_types: str = "document"
    messageid_form: str = "document"
    page_size: int = 50
    phone_book: Mapping[str, tuple[str, str]] = field(
        default_factory=lambda: {"905565554433": ("ad", "soyad"), "905445556677": ("kale", "net")}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.page_size < 1:
            raise SettingsError("page_size", "must be 1 or more")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(name, f"must be one of {', '.join(choices)}")
