"""A short run of `make chaos` on both databases at once: most of it is waiting for claims of dead processes to be found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.chaos.run import Result, run
from tests.postgres import Postgres

SEED = 1
SECONDS = 8
KINDS = ("node", "isobil", "toplusms")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, server_or_none: Postgres | None) -> dict[str, Result | None]:
    """Of each database; None where there is no server."""
    return asyncio.run(_both(tmp_path_factory.mktemp("chaos"), server_or_none))


async def _both(folder: Path, server: Postgres | None) -> dict[str, Result | None]:
    load = {"seed": SEED, "seconds": SECONDS, "kinds": KINDS, "clients": 4}
    runs = [run("sqlite", folder / "sqlite", **load)]
    if server is not None:
        runs.append(run("postgresql", folder / "postgresql", server=server, **load))
    found: dict[str, Result | None] = {"sqlite": None, "postgresql": None}
    return found | {result.database: result for result in await asyncio.gather(*runs)}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_lost_and_nothing_twice(results, database):
    result = results[database]
    if result is None:
        pytest.skip("PostgreSQL does not start")
    assert not result.findings, f"{result}\n{result.findings}\n{result.folder}"
    assert result.kills
    assert result.acknowledged
