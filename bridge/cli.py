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
from bridge.errors import SettingsError, TransportError

__all__ = ["main"]

P = ParamSpec("P")
R = TypeVar("R")

CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), envvar="BRIDGE_CONFIG", help="TOML file; BRIDGE_* variables win over it."
)
HOST = click.option("--host", help="Address to listen on.")
USERNAME = click.option("--username", help="Of the account whose calls are made; none: only what needs no login.")
PASSWORD_ENV = click.option("--password-env", metavar="VAR", help="Environment variable that holds its password.")
PASSWORD_FILE = click.option("--password-file", type=click.Path(path_type=Path), help="File that holds its password.")
JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")
TIMEOUT = click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30, show_default=True, help="Seconds for a call.")
INSECURE = click.option("--insecure", is_flag=True, help="Take any TLS certificate.")
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


class CannotCompare(click.ClickException):
    """Ends `verify` and `replay` when there is nothing to compare: no difference was found, but no likeness either."""

    exit_code = 2


def comparing(function: Callable[P, R]) -> Callable[P, R]:
    """As `plain_errors`, with the exit status of `CannotCompare`."""

    @wraps(function)
    def wrapper(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except (SettingsError, TransportError) as error:
            raise CannotCompare(str(error)) from None

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
@CONFIG
@plain_errors
def migrate(config: Path | None) -> None:
    """Bring the ledger's tables to this version."""
    from bridge import commands  # noqa: PLC0415  # as in `run`

    run(commands.migrate(config))


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


@main.command()
@click.argument("old_url")
@click.argument("new_url")
@USERNAME
@PASSWORD_ENV
@PASSWORD_FILE
@click.option("--ignore", multiple=True, metavar="PATTERN", help="A call or a place to leave out: 'SOAP 1.2', 'http/*'.")
@click.option("--send-to", metavar="NUMBER", help="Really send a message to it: one by each server. Asks first.")
@click.option("--sender", help="Of that message.")
@click.option("--text", help="Of that message.")
@click.option("--yes", is_flag=True, help="Send without asking.")
@JSON
@TIMEOUT
@INSECURE
@comparing
def verify(  # noqa: PLR0913  # each is an option
    old_url: str,
    new_url: str,
    *,
    username: str | None,
    password_env: str | None,
    password_file: Path | None,
    ignore: tuple[str, ...],
    send_to: str | None,
    sender: str | None,
    text: str | None,
    yes: bool,
    as_json: bool,
    timeout: float,
    insecure: bool,
) -> None:
    """Make the same harmless calls to two servers and print what differs.

    Exit status: 0 no difference breaks a client, 1 one does, 2 they could not be compared.
    """
    from bridge.moving import commands  # noqa: PLC0415  # as in `run`

    login, sms = commands.login_of(username, password_env, password_file), commands.sms_of(send_to, sender, text)
    if sms is not None and login is None:
        raise SettingsError("send-to", "goes with a login")
    if sms is not None and not yes:
        click.confirm("Both servers will send this message, and both sends cost. Go on?", abort=True, err=True)
    plan = commands.Plan(login, sms, ignore)
    report = run(commands.compare(old_url, new_url, plan, commands.Reach(timeout, not insecure)))
    click.echo(commands.shown(report, as_json=as_json))
    sys.exit(report.exit_status)


@main.command()
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where clients come to in place of the old server.")
@click.option("--to", required=True, metavar="OLD_URL", help="The old server.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for what is recorded.")
@click.option("--max-pairs", type=click.IntRange(1), default=1000, show_default=True, help="After so many only pass on.")
@click.option("--keep-wsdl-address", is_flag=True, help="Leave the old server's address in its WSDL.")
@TIMEOUT
@INSECURE
@plain_errors
def record(  # noqa: PLR0913  # each is an option
    *, listen: str, to: str, out: Path, max_pairs: int, keep_wsdl_address: bool, timeout: float, insecure: bool
) -> None:
    """Pass requests on to the old server and write them down, with logins, texts and numbers masked."""
    from bridge.moving import commands  # noqa: PLC0415  # as in `run`

    recording = commands.Recording(listen, to, out, max_pairs, keep_wsdl_address)
    run(commands.record(recording, commands.Reach(timeout, not insecure), click.echo))


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("url")
@USERNAME
@PASSWORD_ENV
@PASSWORD_FILE
@click.option("--sends", is_flag=True, help="Also what sends and cancels: only where nothing is really sent.")
@JSON
@TIMEOUT
@INSECURE
@comparing
def replay(  # noqa: PLR0913  # each is an option
    folder: Path,
    url: str,
    *,
    username: str | None,
    password_env: str | None,
    password_file: Path | None,
    sends: bool,
    as_json: bool,
    timeout: float,
    insecure: bool,
) -> None:
    """Send what was recorded to a server and print where its answers differ. Exit status as of `verify`."""
    from bridge.moving import commands  # noqa: PLC0415  # as in `run`

    terms = commands.Terms(commands.login_of(username, password_env, password_file), sends)
    report = run(commands.play(folder, url, terms, commands.Reach(timeout, not insecure)))
    click.echo(commands.shown(report, as_json=as_json))
    sys.exit(report.exit_status)
