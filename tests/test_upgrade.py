"""Upgrades: `smsbridge migrate`, and processes of the last version that go on beside the new tables."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result
from sqlalchemy import Column, Connection, Inspector, LargeBinary, MetaData, Numeric, Table, insert, inspect, select, text

from bridge.cli import main
from bridge.ledger import database
from bridge.ledger.engine import parse_url
from bridge.ledger.schema import _config
from tests.postgres import Postgres, postgres_or_skip
from tests.program import Program, environment

REVISIONS = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]
STEPS = list(pairwise(REVISIONS))
BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """An own one: a role is made in it."""
    with postgres_or_skip() as started:
        yield started


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/bridge.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url_of(postgres.create())


def do(url: str, what: Callable[[Connection], Any]) -> Any:
    """In a transaction."""
    return asyncio.run(database._once(parse_url(url), what))


def upgrade_to(url: str, revision: str) -> None:
    def step(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    do(url, step)


def version(url: str) -> str:
    return do(url, lambda connection: connection.scalar(text("SELECT version_num FROM alembic_version")))


def tables(connection: Connection) -> dict[str, Table]:
    """As the database has them; without Alembic's and those of the text search."""
    inspector: Inspector = inspect(connection)
    names = [each for each in inspector.get_table_names() if not each.startswith(("alembic", "package_search"))]
    metadata = MetaData()
    return {name: Table(name, metadata, autoload_with=connection) for name in names}


def some(column: Column[Any], number: int) -> Any:
    """A value that fits."""
    if isinstance(column.type, LargeBinary):
        return b"x"
    return number if isinstance(column.type, Numeric) or column.type.python_type is int else f"x{number}"


# what a process of the last version does


@BOTH
@pytest.mark.parametrize(("before", "after"), STEPS)
def test_the_last_version_goes_on_beside_the_new_tables(url: str, before: str, after: str):
    """Its INSERTs name the columns that it knows, its SELECTs too: both work after the step, and rows of before are kept."""
    upgrade_to(url, before)
    known = do(url, tables)
    assert len(known) > 5

    def write(number: int) -> Callable[[Connection], None]:
        def rows(connection: Connection) -> None:
            for table in known.values():
                connection.execute(insert(table).values({column.name: some(column, number) for column in table.columns}))

        return rows

    def read(connection: Connection) -> dict[str, int]:
        return {name: len(connection.execute(select(*table.columns)).all()) for name, table in known.items()}

    do(url, write(1))
    upgrade_to(url, after)
    do(url, write(2))
    assert do(url, read) == dict.fromkeys(known, 2)
    new = do(url, tables)
    for name, table in known.items():
        assert {column.name for column in table.columns} <= {column.name for column in new[name].columns}


# the command


def run(*arguments: str, **env: str) -> Result:
    """In the tests' process, for one of its own takes a second."""
    unset = dict.fromkeys(name for name in os.environ if name not in environment())
    return CliRunner(env=unset | env).invoke(main, arguments)


def configured(folder: Path, url: str, migrate: str = "auto") -> str:
    file = folder / "bridge.toml"
    file.write_text(
        f'[server]\nhost = "127.0.0.1"\nport = 0\n[ledger]\nurl = "{url}"\nmigrate = "{migrate}"\n'
        '[vendors.main]\nkind = "node"\nbase_url = "http://127.0.0.1:9/"\n'
        '[[accounts]]\nusername = "admin"\npassword = "123456"\ncredentials = { username = "user", password = "test" }\n',
        encoding="utf-8",
    )
    return str(file)


@BOTH
def test_migrate(url: str, tmp_path: Path):
    config, newest = configured(tmp_path, url), REVISIONS[-1]
    said = [run("migrate", "--config", config) for _ in range(2)]
    assert [(each.exit_code, each.stderr) for each in said] == [(0, "")] * 2
    assert [each.stdout for each in said] == [
        f"ok    ledger: version none -> {newest}\n",
        f"ok    ledger: version {newest}, as before\n",
    ]
    assert version(url) == newest


def test_a_start_waits_for_the_operator(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/bridge.db"
    upgrade_to(url, REVISIONS[0])
    config = configured(tmp_path, url, migrate="manual")
    with Program("serve", "--config", config) as program:
        assert program.end() == 1
    words = f"the tables have version {REVISIONS[0]} and need {REVISIONS[-1]}: run smsbridge migrate --config FILE first"
    assert program.output == f"Error: ledger.migrate: {words}\n"
    assert version(url) == REVISIONS[0]
    assert (
        run("check", "--config", config).stdout.splitlines()[-1].startswith(f"note  ledger: its tables have version {REVISIONS[0]}")
    )
    assert run("migrate", "--config", config).stdout == f"ok    ledger: version {REVISIONS[0]} -> {REVISIONS[-1]}\n"
    with Program("serve", "--config", config) as program:
        program.wait_for('"serving"')
        assert program.stop() == 0


@BOTH
def test_check_shows_what_needs_a_person(url: str, tmp_path: Path):
    """A message that was given up, two pushes that were, and one that waits."""
    upgrade_to(url, "head")

    def rows(connection: Connection) -> None:
        known = tables(connection)

        def add(table: str, number: int, **values: Any) -> None:
            columns = {column.name: some(column, number) for column in known[table].columns}
            connection.execute(insert(known[table]).values(columns | values))

        add("submission", 1, state=0, due_at=None, stuck_at=5)
        add("push", 1, due_at=None, delivered_at=None)
        add("push", 2, due_at=None, delivered_at=None)
        add("push", 3, due_at=9, delivered_at=None)
        add("push", 4, due_at=None, delivered_at=9)

    do(url, rows)
    said = run("check", "--config", configured(tmp_path, url)).stdout.splitlines()
    assert said[-4:] == [
        "ok    ledger: 0 to be sent; 0 of unknown outcome",
        "ok    ledger: 0 sent periodically; 1 pushes wait",
        "note  ledger: 1 given up, for work on them kept failing",
        "note  ledger: 2 pushes given up, for their receiver did not take them",
    ]


def test_a_start_brings_the_tables_up_to_date_unless_told_otherwise(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/bridge.db"
    upgrade_to(url, REVISIONS[0])
    with Program("serve", "--config", configured(tmp_path, url)) as program:
        program.wait_for('"serving"')
        assert program.stop() == 0
    assert version(url) == REVISIONS[-1]


@pytest.mark.parametrize("word", ["migrate", "check"])
def test_a_database_that_does_not_answer(tmp_path: Path, word: str):
    done = run(word, "--config", configured(tmp_path, "postgresql://user:secret-word@127.0.0.1:9/bridge"))
    assert done.exit_code == 1
    assert re.fullmatch(r"Error: ledger\.url: the database cannot be used \(\w+\)\n", done.stderr)
    assert "secret-word" not in done.stdout + done.stderr


def test_no_ledger_to_migrate(tmp_path: Path):
    file = tmp_path / "bridge.toml"
    file.write_text('[vendors.main]\nkind = "node"\nbase_url = "http://127.0.0.1:9/"\n', encoding="utf-8")
    assert run("migrate", "--config", str(file)).stderr == "Error: ledger: there is none\n"


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("postgresql://user:password@host/db", "x"),
        ("postgresql://host/db", "x"),
        ("sqlite:///x.db", "x"),
        ("postgresql://user@host/db", ""),
        ("postgresql://user@host/db", None),
    ],
    ids=["two passwords", "no user", "a file", "empty", "no such file"],
)
def test_a_password_file_that_cannot_be_used(tmp_path: Path, url: str, content: str | None):
    config, secret = configured(tmp_path, url), tmp_path / "secret"
    if content is not None:
        secret.write_text(content, encoding="utf-8")
    done = run("migrate", "--config", config, BRIDGE_LEDGER__PASSWORD_FILE=str(secret))
    assert done.exit_code == 1
    assert re.match(r"Error: ledger\.password_file: [^\n]+\n$", done.stderr)


def test_the_password_of_a_file_is_the_servers(postgres: Postgres, tmp_path: Path):
    """A strange one, and a role that nothing else knows."""
    name = postgres.create()
    postgres.run(f"CREATE ROLE {name}_owner LOGIN PASSWORD 'p@s:s/w?rd%'", f"ALTER DATABASE {name} OWNER TO {name}_owner")
    host = re.sub(r"//[^@]*@", f"//{name}_owner@", postgres.url_of(name))
    secret = tmp_path / "secret"
    secret.write_text("p@s:s/w?rd%\n", encoding="utf-8")
    done = run("migrate", "--config", configured(tmp_path, host), BRIDGE_LEDGER__PASSWORD_FILE=str(secret))
    assert (done.exit_code, done.stderr) == (0, "")
