"""A sandbox of each vendor for all tests here, each test with a ledger of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from bridge.ledger.ledger import Ledger
from bridge.sandbox import Clock, build, serve_in_thread
from tests.postgres import Postgres
from tests.recorded.rig import NOW, VENDORS, Rig, open_rig, options
from tests.soap.serving import Vendor

Sandbox = tuple[str, Clock, Vendor]


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[Callable[[str], Sandbox]]:
    """Starts the sandbox of a vendor when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, Sandbox] = {}

        def sandbox(kind: str) -> Sandbox:
            if kind not in started:
                clock = Clock(lambda: NOW)
                running = stack.enter_context(serve_in_thread(build(kind, options=options(), clock=clock)))
                vendor = Vendor(running.base_url)
                stack.callback(vendor.close)
                started[kind] = (kind, clock, vendor)
            return started[kind]

        yield sandbox


@pytest.fixture(params=VENDORS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def sandbox(sandboxes: Callable[[str], Sandbox], kind: str) -> Sandbox:
    found = sandboxes(kind)
    found[2].reset()
    return found


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """See `tests.recorded.rig.BOTH`."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a database with an empty ledger."""
    name = postgres.create()
    asyncio.run(Ledger.migrate(postgres.url_of(name)))
    return name


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    if database == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.url_of(postgres.create(request.getfixturevalue("template")))
    file = tmp_path / "bridge.db"
    shutil.copy(request.getfixturevalue("migrated_file"), file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
async def rig_with(sandbox: Sandbox, ledger_url: str, ca_file: Path) -> AsyncIterator[Callable[..., Any]]:
    """A bridge with other settings: `await rig_with(vendor={"max_recipients": 2}, ledger={..})`."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> Rig:
            return await stack.enter_async_context(open_rig(sandbox, ledger_url, ca_file, **settings))

        yield make


@pytest.fixture
async def rig(rig_with: Callable[..., Any]) -> Rig:
    return await rig_with()
