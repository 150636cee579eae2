"""Logins: where passwords may stand, what is remembered of them, and what guessing costs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from bridge.errors import CallError, ErrorCode
from bridge.operations.accounts import MappedAccount, MappedAccounts, PassThroughAccounts, Proofs, Throttle
from bridge.operations.backend import Account, Backend
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import Outbound, open_engine
from bridge.sandbox import Options, build, serve_in_thread
from bridge.soap.writer import write_call
from bridge.vendors.node import Node, NodeSettings
from tests.soap.serving import serve, settings_for

HERE, THERE = "192.0.2.1", "192.0.2.2"
SECRET = "Marked-Passw0rd ğ"
# as cheap as argon2 gets: the cost is not what is tested
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(SECRET)
LONG = 3600.0


class Ticking:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def backend() -> Backend:
    return Backend("main", Node(NodeSettings(base_url="http://vendor.example/")), Outbound(open_engine(EngineOptions())))


def mapped(clock: Ticking | None = None, throttle: Throttle | None = None, **passwords: Mapping[str, Any]) -> MappedAccounts:
    """Accounts of these passwords: in the clear, or a hash."""
    shared = backend()
    accounts = {}
    for username, password in passwords.items():
        hashed = password.startswith("$argon2")
        account = Account(username, shared, shared.vendor.credentials_type.from_login("user", "test"))
        accounts[username] = MappedAccount(account, None if hashed else SecretStr(password), password if hashed else None)
    return MappedAccounts(accounts, Proofs(600, clock=clock or Ticking()), throttle or Throttle(5, LONG))


async def refused(accounts: MappedAccounts | PassThroughAccounts, *login: str) -> None:
    with pytest.raises(CallError) as raised:
        await accounts.find(*login)
    assert (raised.value.code, raised.value.status) == (ErrorCode.UNAUTHORIZED_REQUEST, 401)


def everything_in(root: object) -> Iterator[object]:
    """An object and all that it holds, however deep; not what classes and modules hold."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        value = todo.pop()
        if id(value) in seen or isinstance(value, type | type(contextlib) | type(refused) | type(len)):
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, Mapping):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            todo += value
        todo += vars(value).values() if hasattr(value, "__dict__") else ()
        slots = [slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())]
        todo += [getattr(value, slot) for slot in slots if isinstance(slot, str) and hasattr(value, slot)]


def holds_clear_text(root: object) -> bool:
    return any(SECRET in text or SECRET in repr(text) for text in everything_in(root) if isinstance(text, str)) or any(
        SECRET.encode() in data for data in everything_in(root) if isinstance(data, bytes | bytearray)
    )


# mapped


@pytest.mark.parametrize("password", [SECRET, HASH], ids=["clear", "hash"])
async def test_the_right_password_and_no_other(password):
    accounts = mapped(throttle=Throttle(100, LONG), admin=password)
    assert (await accounts.find("admin", SECRET, HERE)).username == "admin"
    assert (await accounts.find("admin", SECRET, HERE)).username == "admin"  # remembered
    for wrong in ("", SECRET[:-1], SECRET + " ", SECRET.upper(), "\ud800"):
        await refused(accounts, "admin", wrong, HERE)
    await refused(accounts, "Admin", SECRET, HERE)


@pytest.mark.parametrize("password", [SECRET, HASH], ids=["clear", "hash"])
async def test_an_unknown_user_is_refused_like_a_wrong_password(password):
    await refused(mapped(admin=password), "nobody", SECRET, HERE)


async def test_the_password_of_another_is_wrong():
    accounts = mapped(admin=SECRET, other="another")
    await accounts.find("admin", SECRET, HERE)
    await refused(accounts, "other", SECRET, HERE)
    assert (await accounts.find("other", "another", HERE)).username == "other"


async def test_a_damaged_hash_is_a_wrong_password():
    await refused(mapped(admin="$argon2id$broken"), "admin", SECRET, HERE)


# what is remembered


async def test_a_hash_is_computed_once_for_many_calls(monkeypatch):
    accounts = mapped(admin=HASH)
    verified: list[str] = []
    real = accounts._hasher.verify
    monkeypatch.setattr(accounts, "_hasher", SimpleNamespace(verify=lambda *given: bool(verified.append("") or real(*given))))
    for _ in range(5):
        await accounts.find("admin", SECRET, HERE)
    assert len(verified) == 1


async def test_no_clear_text_is_remembered():
    accounts = mapped(admin=HASH)
    await accounts.find("admin", SECRET, HERE)
    await refused(accounts, "admin", f"{SECRET}-wrong", HERE)
    assert accounts._proofs.hold("admin", SECRET)
    assert not holds_clear_text(accounts)
    assert holds_clear_text([{"a": (SecretStr(SECRET),)}]), "the walk sees nothing"


async def test_no_clear_text_is_remembered_in_pass_through():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(5, LONG))
    for accepted in (True, False, True):
        await accounts.find("user", SECRET, HERE)
        accounts.judged("user", SECRET, HERE, accepted=accepted)
    assert not holds_clear_text(accounts)


def test_digests_are_of_one_process_only():
    first, second = Proofs(600), Proofs(600)
    assert first._digest(SECRET) == first._digest(SECRET) != second._digest(SECRET)


def test_a_proof_ends():
    clock = Ticking()
    proofs = Proofs(600, clock=clock)
    proofs.add("admin", SECRET)
    clock.now += 599
    assert proofs.hold("admin", SECRET)
    assert not proofs.hold("admin", "other")
    assert not proofs.hold("other", SECRET)
    clock.now += 2
    assert not proofs.hold("admin", SECRET)


def test_a_proof_can_be_dropped_and_replaced():
    proofs = Proofs(600)
    proofs.add("admin", "old")
    proofs.add("admin", SECRET)
    assert not proofs.hold("admin", "old")
    proofs.drop("admin")
    proofs.drop("admin")
    assert not proofs.hold("admin", SECRET)


def test_proofs_are_bounded():
    proofs = Proofs(600, most=3)
    for name in "abcd":
        proofs.add(name, SECRET)
    assert [proofs.hold(name, SECRET) for name in "abcd"] == [False, True, True, True]


# guessing


async def failing(accounts: MappedAccounts, username: str, address: str, times: int) -> None:
    for _ in range(times):
        await refused(accounts, username, "wrong", address)


async def waits(accounts: MappedAccounts | PassThroughAccounts, *login: str) -> bool:
    """Whether a login has to wait: the pauses here are of 0.1 s or more, a login takes no time by itself."""
    started = time.monotonic()
    with contextlib.suppress(CallError):
        await accounts.find(*login)
    return time.monotonic() - started >= 0.1


async def test_the_first_failures_are_free():
    accounts = mapped(admin=SECRET)
    started = time.monotonic()
    await failing(accounts, "admin", HERE, 5)
    assert time.monotonic() - started < 2
    assert await waits(accounts, "admin", "wrong", HERE)


@pytest.mark.parametrize(("username", "address"), [("admin", THERE), ("other", HERE)], ids=["user", "address"])
async def test_failures_slow_the_same_user_and_the_same_address(username, address):
    accounts = mapped(admin=SECRET, other="another")
    await failing(accounts, "admin", HERE, 5)
    assert await waits(accounts, username, "wrong", address)


async def test_a_right_password_that_is_not_yet_proven_waits_too_and_then_ends_the_matter():
    """Else the time of the answer would tell a right guess at once."""
    accounts = mapped(admin=SECRET)
    await failing(accounts, "admin", HERE, 5)
    assert await waits(accounts, "admin", SECRET, HERE)
    assert accounts._throttle._failures == {}


async def test_pauses_grow_up_to_the_longest():
    throttle = Throttle(1, 0.15)
    pauses = []
    for _ in range(4):
        throttle.failed("user admin")
        started = time.monotonic()
        await throttle.wait("user admin")
        pauses.append(time.monotonic() - started)
    assert pauses[0] >= 0.1
    assert all(pause >= 0.15 for pause in pauses[1:])


@contextlib.asynccontextmanager
async def attack(accounts: MappedAccounts, username: str, address: str, guesses: int = 20) -> Any:
    """So many wrong guesses that wait for their answer."""
    await failing(accounts, username, address, 5)
    for key in (f"user {username}", f"address {address}"):
        if key in accounts._throttle._failures:
            accounts._throttle._failures[key].count = 20  # pauses as long as they get
    tasks = [asyncio.create_task(accounts.find(username, f"guess {n}", address)) for n in range(guesses)]
    await asyncio.sleep(0)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_proven_password_is_never_slowed():
    accounts = mapped(admin=SECRET)
    await accounts.find("admin", SECRET, HERE)
    async with attack(accounts, "admin", HERE), asyncio.timeout(10):
        for _ in range(100):
            await accounts.find("admin", SECRET, HERE)


async def test_a_password_in_use_stays_proven():
    """Else an attack would lock the customer out as soon as the proof ends."""
    clock = Ticking()
    accounts = mapped(clock, admin=SECRET)
    await accounts.find("admin", SECRET, HERE)
    async with attack(accounts, "admin", HERE), asyncio.timeout(10):
        for _ in range(10):
            clock.now += 599
            await accounts.find("admin", SECRET, HERE)


async def test_other_users_of_other_addresses_are_not_slowed():
    accounts = mapped(admin=SECRET, other="another")
    async with attack(accounts, "admin", HERE), asyncio.timeout(10):
        await accounts.find("other", "another", THERE)


async def test_too_many_waiting_are_turned_away():
    accounts = mapped(admin=SECRET)
    async with attack(accounts, "admin", HERE):
        with pytest.raises(CallError) as raised:
            await accounts.find("admin", "one more", THERE)
    assert (raised.value.code, raised.value.status) == (ErrorCode.CONCURRENT_REQUEST_LIMIT, 429)
    assert raised.value.retryable


async def test_those_that_waited_leave_their_place():
    accounts = mapped(admin=SECRET)
    async with attack(accounts, "admin", HERE):
        pass
    assert {failures.waiting for failures in accounts._throttle._failures.values()} == {0}


async def test_what_is_remembered_of_guesses_is_bounded():
    throttle = Throttle(5, LONG, most=10)
    accounts = mapped(throttle=throttle, admin=SECRET)
    for number in range(50):
        await refused(accounts, f"user{number}", "wrong", f"192.0.2.{number}")
    assert len(throttle._failures) == 10
    await refused(accounts, "u" * 1_000_000, "wrong", HERE)
    assert sum(map(len, throttle._failures)) < 10_000


# pass-through


async def test_in_pass_through_the_vendor_is_who_knows():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(5, LONG))
    account = await accounts.find("user", SECRET, HERE)
    assert (account.username, account.credentials.username) == ("user", "user")
    assert account.credentials.password.get_secret_value() == SECRET
    assert not accounts._proofs.hold("user", SECRET)
    accounts.judged("user", SECRET, HERE, accepted=True)
    assert accounts._proofs.hold("user", SECRET)
    accounts.judged("user", "wrong", HERE, accepted=False)
    assert accounts._proofs.hold("user", SECRET)  # a guess does not undo what was proven
    accounts.judged("user", SECRET, HERE, accepted=False)
    assert not accounts._proofs.hold("user", SECRET)  # the vendor changed its mind


async def test_in_pass_through_guesses_are_slowed_and_proven_passwords_are_not():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(5, LONG))
    accounts.judged("user", SECRET, THERE, accepted=True)
    for _ in range(5):
        accounts.judged("user", "wrong", HERE, accepted=False)
    assert await waits(accounts, "user", "wrong", HERE)
    assert await waits(accounts, "user", "wrong", "192.0.2.3")
    async with asyncio.timeout(10):
        for _ in range(100):
            await accounts.find("user", SECRET, HERE)


# as clients see it


def login(username: str, password: str, operation: str = "getUserCredit", **fields: Any) -> bytes:
    return write_call(operation, {"username": username, "password": password} | fields)


def sms(username: str, password: str) -> bytes:
    fields = {"type": 1, "sendingType": 0, "title": "Deneme", "content": "Merhaba", "number": "905321234567", "sender": "BASLIK"}
    return login(username, password, "sendSms", **fields)


@pytest.fixture(scope="module")
def vendor_url() -> Iterator[str]:
    with serve_in_thread(build("node", options=Options(accounts={"user": "test", "second": "other"}))) as running:
        yield running.base_url


@pytest.fixture(scope="module")
def bridge(vendor_url, tmp_path_factory):
    """Four accounts, with their passwords in the four places."""
    file = tmp_path_factory.mktemp("secrets") / "password"
    file.write_text(f"{SECRET}-file\n", encoding="utf-8")
    places = {
        "clear": {"password": f"{SECRET}-clear"},
        "hash": {"password_hash": HASH},
        "env": {"password_env": "TEST_ACCOUNT_PASSWORD"},
        "file": {"password_file": str(file)},
    }
    accounts = [
        {"username": name, **place, "credentials": {"username": "user", "password": "test"}} for name, place in places.items()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_ACCOUNT_PASSWORD", f"{SECRET}-env")
        with serve(settings_for(vendor_url, accounts=accounts, limits={"free_login_failures": 1000})) as served:
            yield served


@pytest.mark.parametrize(
    ("username", "password"),
    [("clear", f"{SECRET}-clear"), ("hash", SECRET), ("env", f"{SECRET}-env"), ("file", f"{SECRET}-file")],
)
def test_a_password_can_stand_in_four_places(bridge, username, password):
    assert int(bridge.post(login(username, password)).find("credit")) > 0
    answer = bridge.post(login(username, f"{password} "))
    assert (answer.status, answer.code, answer.find("status")) == (200, "ERR_UNAUTHORIZED_REQUEST", "401")


def test_an_unknown_user(bridge):
    answer = bridge.post(login("user", "test"))  # known to the vendor, but that is no matter
    assert (answer.status, answer.code) == (200, "ERR_UNAUTHORIZED_REQUEST")


def test_credentials_that_the_vendor_refuses(vendor_url):
    account = {"username": "admin", "password": "123456", "credentials": {"username": "user", "password": "wrong"}}
    with serve(settings_for(vendor_url, accounts=(account,))) as served:
        answer = served.post(login("admin", "123456"))
        assert (answer.status, answer.code, answer.find("status")) == (200, "ERR_UNAUTHORIZED_REQUEST", "401")


def test_pass_through_hands_the_login_on(vendor_url):
    with serve(settings_for(vendor_url, accounts=())) as served:
        assert served.post(login("user", "test")).code == ""
        for wrong in (("user", "other"), ("second", "test"), ("nobody", "test")):
            answer = served.post(login(*wrong))
            assert (answer.status, answer.code, answer.find("status")) == (200, "ERR_UNAUTHORIZED_REQUEST", "401")
        assert served.post(login("user", "test")).code == ""


def test_pass_through_keeps_users_apart(vendor_url):
    with serve(settings_for(vendor_url, accounts=())) as served:
        package_id = served.post(sms("user", "test")).find("pkgID")
        of_second = served.post(sms("second", "other")).find("pkgID")

        def seen(username: str, password: str) -> set[str]:
            xml = served.post(login(username, password, "getSmsPackages")).xml
            return {item.findtext("id") for item in xml.iter("item") if item.find("id") is not None}

        assert package_id in seen("user", "test")
        assert of_second in seen("second", "other")
        assert of_second not in seen("user", "test")
        answer = served.post(login("second", "other", "getSmsPackageItems", pkgID=package_id))
        assert answer.code == "ERR_SMS_PKG_NOT_FOUND"
