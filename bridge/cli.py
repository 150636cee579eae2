"""The command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from bridge import __version__
from bridge.errors import SettingsError

__all__ = ["main"]

P = ParamSpec("P")
R = TypeVar("R")

CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), envvar="BRIDGE_CONFIG", help="TOML file; BRIDGE_* variables win over it."
)
HOST = click.option("--host", help="Address to listen on.")
PORT = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
# plain strings, so that --help needs no import of the sandboxes
VENDORS = ("node", "isobil", "innomobil", "toplusms")


def plain_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Ends the program with one line for what a person can mend."""

    @wraps(function)
    def wrapper(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None

    return wrapper


def run(main_: Coroutine[Any, Any, R]) -> R:
    """Runs a coroutine on uvloop."""
    import uvloop  # noqa: PLC0415  # commands that do not serve start faster without it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main_)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """The SOAP interface of Node API v1.8.3 in front of any SMS vendor."""


@main.command()
@CONFIG
@HOST
@PORT
@click.option("--workers", type=click.IntRange(1, 64), help="Processes.")
@plain_errors
def serve(config: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve with the settings of a file."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    given = {"host": host, "port": port, "workers": workers}
    commands.serve(config, {"server": {name: value for name, value in given.items() if value is not None}}, run)


@main.command()
@click.option("--vendor", type=click.Choice(VENDORS), default="node", show_default=True, help="Whose sandbox to put behind it.")
@HOST
@PORT
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder for the ledger; default: a temporary one.")
@plain_errors
def demo(vendor: str, host: str | None, port: int | None, data: Path | None) -> None:
    """Serve with a sandbox vendor behind it: nothing to configure, nothing is really sent."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    run(commands.demo(vendor, host or "127.0.0.1", 9587 if port is None else port, data))


@main.command()
@click.argument("vendor", type=click.Choice(VENDORS))
@HOST
@PORT
@plain_errors
def sandbox(vendor: str, host: str | None, port: int | None) -> None:
    """Serve a simulator of a vendor."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    run(commands.sandbox(vendor, host or "127.0.0.1", 9600 if port is None else port))


@main.command()
@CONFIG
@plain_errors
def check(config: Path | None) -> None:
    """Check settings, vendors, credentials and credit. Exit status 1 when something is wrong."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    if not run(commands.check(config)):
        sys.exit(1)


@main.command()
@click.argument("operation")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--url", default="http://127.0.0.1:9587/soap", show_default=True, help="The SOAP endpoint.")
@click.option("--username", default="admin", show_default=True)
@click.option("--password", envvar="BRIDGE_PASSWORD", default="123456", help="Default: the demo's.")
@plain_errors
def call(operation: str, fields: tuple[str, ...], url: str, username: str, password: str) -> None:
    """Make one SOAP call and print the answer.

    A value that begins with { or [ is JSON: numbers='["905321234567","905331234567"]'.
    """
    from bridge import commands  # noqa: PLC0415  # as in `run`

    click.echo(run(commands.call(operation, fields, url, (username, password))))


@main.command()
@CONFIG
@click.option("--address", help="Endpoint address to write into it; default: server.public_url or localhost.")
@plain_errors
def wsdl(config: Path | None, address: str | None) -> None:
    """Print the WSDL that is served."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    sys.stdout.buffer.write(commands.wsdl(config, address))


@main.command("hash-password")
@click.password_option(help="Asked for when left out.")
def hash_password(password: str) -> None:
    """Print the hash of a password, for password_hash of an account."""
    from argon2 import PasswordHasher  # noqa: PLC0415  # as in `run`

    click.echo(PasswordHasher().hash(password))
