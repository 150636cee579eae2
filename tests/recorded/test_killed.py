"""`smsbridge serve`, killed between the record and the outcome, and started again over the same ledger."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.commands import _DEMOS
from bridge.domain.clock import ISTANBUL
from bridge.domain.status import SubmissionState
from bridge.sandbox import build, serve_in_thread
from tests.program import Program, call
from tests.recorded.rig import NUMBERS, VENDORS
from tests.soap.serving import Vendor
from tests.waiting import until

PASSWORD = "123456"
SMS = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1, "number": NUMBERS[0]}


def toml(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else json.dumps(value)


def configure(urls: dict[str, str], folder: Path) -> Path:
    """All vendors behind one bridge: the account of each is called as its vendor."""
    file = folder / "bridge.toml"
    vendors = {kind: {"kind": kind, "base_url": f"{url}{_DEMOS[kind].path}", **_DEMOS[kind].settings} for kind, url in urls.items()}
    accounts = [
        {"username": kind, "password": PASSWORD, "vendor": kind, "credentials": dict(_DEMOS[kind].credentials)} for kind in urls
    ]
    file.write_text(
        f"server = {toml({'host': '127.0.0.1', 'port': 0})}\nledger = {toml({'url': f'sqlite:///{folder}/bridge.db'})}\n"
        f"vendors = {toml(vendors)}\naccounts = {toml(accounts)}\n"
    )
    return file


class Database:
    """The ledger's file, looked at from outside."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "bridge.db"

    def states(self) -> dict[tuple[str, str], SubmissionState]:
        """By account and customID."""
        with closing(sqlite3.connect(self._file)) as connection:
            rows = connection.execute(
                "SELECT account.name, custom_id, submission.state FROM package JOIN submission ON package.id = package_id "
                "JOIN account ON account.id = package.account"
            )
            return {(account, custom_id): SubmissionState(state) for account, custom_id, state in rows}

    def make_claims_stale(self) -> None:
        """As if five minutes had passed."""
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute("UPDATE submission SET due_at = 1 WHERE state = ?", [SubmissionState.SENDING.value])


def send_into(port: int, account: str, custom_id: str) -> threading.Thread:
    """A client that is not going to get its answer."""

    def send() -> None:
        try:
            call(port, "sendSms", login=(account, PASSWORD), **SMS, content=custom_id, customID=custom_id)
        except (OSError, AssertionError):
            return
        raise AssertionError("there was an answer")

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def send_all(port: int, vendors: dict[str, Vendor]) -> list[threading.Thread]:
    """At each vendor one message is held, one is taken without an answer, and one is lost on its way."""
    clients = []
    tomorrow = f"{datetime.now(ISTANBUL) + timedelta(days=1):%Y-%m-%d %H:%M}"
    for kind, vendor in vendors.items():
        login = (kind, PASSWORD)
        held = call(port, "sendSms", login=login, **SMS, content="held", customID="held", sendingDate=tomorrow)
        assert held.code == ""
        before = len(vendor.received())
        for number, (custom_id, fault) in enumerate((("taken", "timeout_after_accept"), ("lost", "timeout")), 1):
            vendor.play(fault, seconds=60)
            clients.append(send_into(port, kind, custom_id))
            until(lambda vendor=vendor, number=number, before=before: len(vendor.received()) == before + number)
    return clients


def kill(program: Program, clients: list[threading.Thread]) -> None:
    program.signal(signal.SIGKILL)
    program.end()
    for client in clients:
        client.join()


def check(port: int, account: str) -> None:
    """What a client sees after the restart."""
    login = (account, PASSWORD)
    shown = call(port, "getSmsPackages", login=login, customIDs=["taken", "lost"])
    assert shown.find("totalRecord") == "2"
    for custom_id in ("taken", "lost"):
        assert call(port, "getSmsPackageItems", login=login, customID=custom_id).find("target") == NUMBERS[0]
        again = call(port, "sendSms", login=login, **SMS, content=custom_id, customID=custom_id)
        assert again.code == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"
    assert call(port, "cancelSmsPackage", login=login, customID="held").find("status") == "1"


def test_killed_while_sending(tmp_path):
    """What was on its way is unknown; a look-up finds what the vendor took; what is held stays held; nothing goes twice."""
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(serve_in_thread(build(kind))).base_url for kind in VENDORS}
        vendors = {kind: stack.enter_context(closing(Vendor(url))) for kind, url in urls.items()}
        config, database = configure(urls, tmp_path), Database(tmp_path)
        with Program("serve", "--config", str(config)) as program:
            kill(program, send_all(program.port(), vendors))
        left = {(kind, name): SubmissionState.SENDING for kind in VENDORS for name in ("taken", "lost")}
        assert {key: state for key, state in database.states().items() if key[1] != "held"} == left
        taken = {kind: sorted(vendor.sent()) for kind, vendor in vendors.items()}
        assert {kind: [text for _, text in sends].count("taken") for kind, sends in taken.items()} == dict.fromkeys(VENDORS, 1)
        database.make_claims_stale()
        right = {key: SubmissionState.ACCEPTED if key[1] == "taken" else SubmissionState.UNKNOWN for key in left}
        right["toplusms", "taken"] = SubmissionState.UNKNOWN  # it has no look-up
        with Program("serve", "--config", str(config)) as program:
            port = program.port()
            until(lambda: {key: state for key, state in database.states().items() if key[1] != "held"} == right)
            for kind in VENDORS:
                check(port, kind)
            assert program.stop() == 0
        assert {kind: sorted(vendor.sent()) for kind, vendor in vendors.items()} == taken
