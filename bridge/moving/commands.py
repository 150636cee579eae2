"""What `smsbridge verify`, `record` and `replay` do, as far as it is not printing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bridge.errors import SettingsError
from bridge.moving.difference import Report
from bridge.moving.http import Client, target_of
from bridge.moving.probes import Login
from bridge.moving.recorder import SERVING, Recorder
from bridge.moving.replay import Terms, replay
from bridge.moving.verify import Plan, Sms, verify
from bridge.server import listen, serve_app
from bridge.settings import AccountSettings, ServerSettings

__all__ = ["Plan", "Reach", "Recording", "Terms", "compare", "login_of", "play", "record", "shown", "sms_of"]


class Reach(NamedTuple):
    """How servers are reached."""

    timeout_seconds: float
    verify_tls: bool

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A client, closed at the end."""
        client = Client(timeout_seconds=self.timeout_seconds, verify=self.verify_tls)
        try:
            yield client
        finally:
            await client.close()


def login_of(username: str | None, password_env: str | None, password_file: Path | None) -> Login | None:
    """The login that an old program has; None when none is given. Raises SettingsError when a part is missing."""
    if username is None and password_env is None and password_file is None:
        return None
    if not username or (password_env is None) == (password_file is None):
        raise SettingsError("login", "--username goes with one of --password-env and --password-file")
    account = AccountSettings(username=username, password_env=password_env, password_file=password_file)
    password = account.clear_password()
    assert password is not None
    return Login(username, password.get_secret_value())


def sms_of(number: str | None, sender: str | None, text: str | None) -> Sms | None:
    """The message to send; None when none is given. Raises SettingsError when a part is missing."""
    if number is None and sender is None and text is None:
        return None
    if not (number and sender and text):
        raise SettingsError("send-to", "--send-to, --sender and --text go together")
    return Sms(number, sender, text)


async def compare(old_url: str, new_url: str, plan: Plan, reach: Reach) -> Report:
    """Compares two servers. Raises SettingsError and TransportError when that cannot be done."""
    old, new = target_of(old_url, "OLD_URL"), target_of(new_url, "NEW_URL")
    async with reach.client() as client:
        return await verify(client, old, new, plan)


class Recording(NamedTuple):
    """What `record` is told."""

    listen: str  # HOST:PORT
    to: str  # the old server's address
    out: Path
    max_pairs: int
    keeps_wsdl_address: bool


async def record(recording: Recording, reach: Reach, say: Callable[[str], None]) -> None:
    """Passes requests on until a signal. Raises SettingsError when it cannot start."""
    host, _, port = recording.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError("listen", "must be HOST:PORT")
    settings = ServerSettings(host=host.strip("[]"), port=int(port), shutdown_seconds=reach.timeout_seconds)
    to = target_of(recording.to, "to")
    async with reach.client() as client:
        recorder = Recorder(client, to, recording.out, max_pairs=recording.max_pairs, say=say)
        recorder.keeps_wsdl_address = recording.keeps_wsdl_address
        socket = listen(settings, settings.port)

        async def ready() -> None:
            say(f"The recorder answers at http://{host}:{socket.getsockname()[1]}{to.path} for {to}; it writes to {recording.out}")

        await serve_app(recorder, settings, [socket], ready, **SERVING)


async def play(folder: Path, url: str, terms: Terms, reach: Reach) -> Report:
    """Replays a recording. Raises SettingsError and TransportError when that cannot be done."""
    async with reach.client() as client:
        return await replay(client, folder, target_of(url, "URL"), terms)


def shown(report: Report, *, as_json: bool) -> str:
    """A report as it is printed."""
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False) if as_json else report.as_text()
