"""getUserCredit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.domain.capability import Feature
from bridge.operations.backend import Account, ask, need
from bridge.outbound.driver import Timing

__all__ = ["GetUserCreditCase"]


class GetUserCreditCase:
    """The credit balance."""

    def prepare(self, values: Mapping[str, Any]) -> None:
        return None

    async def run(self, account: Account, prepared: None, timing: Timing) -> int:
        need(account, Feature.CREDIT)
        return await ask(account, account.backend.vendor.credit(account.credentials), timing)
