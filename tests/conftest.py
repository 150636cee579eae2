"""For all tests."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bridge.ledger.ledger import Ledger
from tests.postgres import Postgres, postgres_or_skip

# no example has a time limit: other work shares the machine
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What pytest knows of the tests stays to the end: to look at it again and again stops bridge and vendor for up to 0.4 s."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger to be copied: a migration takes long."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    asyncio.run(Ledger.migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of BRIDGE_TEST_POSTGRES, else an own one."""
    with postgres_or_skip(os.environ.get("BRIDGE_TEST_POSTGRES")) as server:
        yield server
