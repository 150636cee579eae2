"""What the toplusms simulator can be started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.errors import SettingsError
from bridge.sandbox.sends import SendOptions
from bridge.sandbox.toplusms.refusal import CODES

__all__ = ["ToplusmsOptions"]


@dataclass(frozen=True, kw_only=True)
class ToplusmsOptions(SendOptions):
    """Options of the toplusms simulator.

    api_keys: account -> apikey. apikey_for_form: sms/send/normal takes it too.
    error_codes: other numbers than `bridge.sandbox.toplusms.refusal.CODES`, by the names there.
    """

    first_id: int = 112233
    api_keys: Mapping[str, str] = field(default_factory=lambda: {"user": "sandbox-apikey"})
    apikey_for_form: bool = False
    error_codes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.error_codes.keys() - CODES.keys():
            raise SettingsError("error_codes", f"there is no {name!r}; there are {', '.join(CODES)}")
