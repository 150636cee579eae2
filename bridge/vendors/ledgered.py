"""Base of the vendors that keep no packages in the words of the bridge: the ledger answers the questions that they cannot."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from bridge.domain.capability import Feature
from bridge.domain.message import Encoding, Message
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.text import measure

__all__ = ["Ledgered"]


class Ledgered:
    """What such a vendor need not say: operations outside its `features` are never called."""

    features: ClassVar[frozenset[Feature]]
    keeps_packages: ClassVar[bool] = False

    def parts(self, text: str, encoding: Encoding) -> int:
        return measure(text, encoding).number

    def find(self, message: Message, credentials: Any) -> Any:
        return self._lacks(Feature.LOOK_UP)

    def cancel(self, package: PackageKey, credentials: Any) -> Any:
        return self._lacks(Feature.CANCEL)

    def packages(self, query: PackagesQuery, credentials: Any) -> Any:
        return self._lacks(Feature.PACKAGES)

    def items(self, query: ItemsQuery, credentials: Any) -> Any:
        return self._lacks(Feature.ITEMS)

    def _lacks(self, feature: Feature) -> NoReturn:
        raise NotImplementedError(feature.title)
