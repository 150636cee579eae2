"""PostgreSQL servers that may be restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgres import Postgres, postgres_or_skip


@pytest.fixture(scope="module")
def server_or_none() -> Iterator[Postgres | None]:
    """For tests of both databases at once."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_or_skip())
        except pytest.skip.Exception:
            server = None
        yield server


@pytest.fixture
def server() -> Iterator[Postgres]:
    with postgres_or_skip() as started:
        yield started
