"""The ledger's databases, for what runs over them."""

from tests.ledger.conftest import (
    database,
    empty_url,
    open_ledger,
    postgres_ledger,
    url,
)

__all__ = ["database", "empty_url", "open_ledger", "postgres_ledger", "url"]
