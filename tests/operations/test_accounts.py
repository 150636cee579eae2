"""Logins: where passwords may stand, what is remembered of them, and what guessing costs."""

from __future__ import annotations

import asyncio
import contextlib
import select
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from bridge.errors import CallError, ErrorCode
from bridge.operations import throttle as throttling
from bridge.operations.accounts import MappedAccount, MappedAccounts, PassThroughAccounts, Proofs
from bridge.operations.backend import Account, Backend
from bridge.operations.throttle import Throttle
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import Outbound, open_engine
from bridge.sandbox import Options, build, serve_in_thread
from bridge.soap.writer import write_call
from bridge.vendors.node import Node, NodeSettings
from tests.soap.serving import serve, settings_for
from tests.soap.wire import Wire, request
from tests.waiting import eventually

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


async def tried(accounts: PassThroughAccounts, username: str, password: str, address: str, *, accepted: bool | None) -> Account:
    """A call in pass-through, of which the vendor says that."""
    account = await accounts.find(username, password, address)
    accounts.judged(account, password, address, accepted=accepted)
    return account


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
        await tried(accounts, "user", SECRET, HERE, accepted=accepted)
    assert not holds_clear_text(accounts)


def test_digests_are_of_one_process_only():
    first, second = Proofs(600), Proofs(600)
    assert first.digest(SECRET) == first.digest(SECRET) != second.digest(SECRET)
    assert len({first.digest(*texts) for texts in (("a", "b"), ("ab",), ("b", "a"), ("a", "b", ""))}) == 4


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
        account = await accounts.find(*login)
        accounts.judged(account, *login[1:], accepted=None)
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
    assert accounts._throttle._tries == {}


async def test_pauses_grow_up_to_the_longest():
    throttle = Throttle(1, 0.15)
    pauses = []
    for _ in range(4):
        throttle.failed("admin", HERE)
        started = time.monotonic()
        await throttle.enter("admin", HERE, b"guess")
        pauses.append(time.monotonic() - started)
        throttle.leave("admin", HERE, b"guess", right=None)
    assert pauses[0] >= 0.1
    assert all(pause >= 0.15 for pause in pauses[1:])


@contextlib.asynccontextmanager
async def attack(accounts: MappedAccounts, username: str, address: str, guesses: int = 21) -> Any:
    """So many wrong guesses, of which one is tried, after its pause, and the others wait for it."""
    await failing(accounts, username, address, 5)
    for key in (f"user {username}", f"address {address}"):
        accounts._throttle._tries[key].failures = 20  # pauses as long as they get
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
            await accounts.find("admin", "one more", HERE)
    assert (raised.value.code, raised.value.status) == (ErrorCode.CONCURRENT_REQUEST_LIMIT, 429)
    assert raised.value.retryable


async def test_those_that_waited_leave_their_place():
    accounts = mapped(admin=SECRET)
    async with attack(accounts, "admin", HERE):
        pass
    assert all(tries.idle for tries in accounts._throttle._tries.values())


async def test_what_is_remembered_of_guesses_is_bounded():
    throttle = Throttle(5, LONG, most=10)
    accounts = mapped(throttle=throttle, admin=SECRET)
    for number in range(50):
        await refused(accounts, f"user{number}", "wrong", f"192.0.2.{number}")
    assert len(throttle._tries) == 10
    await refused(accounts, "u" * 1_000_000, "wrong", HERE)
    assert sum(map(len, throttle._tries)) < 10_000


# bursts: guesses that come at once


async def entered(accounts: PassThroughAccounts, logins: Iterable[tuple[str, str, str]]) -> tuple[set[Any], set[Any]]:
    """All at once: (calls that got to the vendor, calls that wait)."""
    return await settled([asyncio.create_task(accounts.find(*login)) for login in logins])


async def settled(tasks: Iterable[asyncio.Task[Any]]) -> tuple[set[Any], set[Any]]:
    """(Those that ended, those that wait), when the loop has nothing more to do for them."""
    for _ in range(200):
        await asyncio.sleep(0)
    done = {task for task in tasks if task.done()}
    return done, set(tasks) - done


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def endless_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "_FIRST_PAUSE", LONG)


BURSTS = {
    "one user": [("user", f"guess {n}", f"192.0.2.{n}") for n in range(30)],
    "one address": [(f"user{n}", "guess", HERE) for n in range(30)],
    "one of both": [("user", f"guess {n}", HERE) for n in range(30)],
}


@pytest.mark.usefixtures("endless_pauses")
@pytest.mark.parametrize("burst", BURSTS)
async def test_a_burst_gets_no_more_free_tries_than_the_same_one_after_another(burst):
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(3, LONG))
    logins = BURSTS[burst]
    done, waiting = await entered(accounts, logins)
    assert len(done) == 3
    for (_, password, address), task in zip(logins, done, strict=False):
        accounts.judged(await task, password, address, accepted=False)
    done, waiting = await settled(waiting)
    assert {task.exception().code for task in done} == {ErrorCode.CONCURRENT_REQUEST_LIMIT}
    assert len(waiting) == 21  # one of them in its pause, the others behind it
    await cancelled(waiting)
    assert all(tries.idle for tries in accounts._throttle._tries.values())


async def test_a_customer_who_begins_with_many_calls_is_not_slowed():
    """They are one password: whether it is right is no guess less for being asked a hundred times."""
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(3, LONG))
    done, waiting = await entered(accounts, [("user", SECRET, HERE)] * 100)
    assert (len(done), len(waiting)) == (100, 0)
    for task in done:
        accounts.judged(await task, SECRET, HERE, accepted=True)
    assert accounts._throttle._tries == {}


@pytest.mark.usefixtures("endless_pauses")
async def test_after_failures_the_same_guess_is_not_tried_beside_itself():
    """Else the second would have its answer without a pause."""
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(1, LONG))
    await tried(accounts, "user", "wrong", HERE, accepted=False)
    done, waiting = await entered(accounts, [("user", "guess", HERE)] * 5)
    assert (len(done), len(waiting)) == (0, 5)
    await cancelled(waiting)


async def test_customers_behind_one_address_wait_for_each_other_at_most():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(3, LONG))
    logins = [(f"user{n}", f"{SECRET} {n}", HERE) for n in range(30)]
    ended = 0

    async def call(login: tuple[str, str, str]) -> None:
        nonlocal ended
        account = await accounts.find(*login)
        await asyncio.sleep(0)
        accounts.judged(account, *login[1:], accepted=True)
        ended += 1

    async with asyncio.timeout(10):
        await asyncio.gather(*map(call, logins))
    assert ended == 30


async def test_who_goes_away_leaves_the_place_to_the_next():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(1, LONG))
    account = await accounts.find("user", "first", HERE)
    done, waiting = await entered(accounts, [("user", "second", HERE), ("user", "third", HERE)])
    assert (len(done), len(waiting)) == (0, 2)
    second, third = sorted(waiting, key=lambda task: task.get_name())
    await cancelled([second])
    accounts.judged(account, "first", HERE, accepted=None)  # nobody said anything: no failure either
    async with asyncio.timeout(10):
        assert not (await third).proven


@pytest.mark.usefixtures("endless_pauses")
async def test_an_account_of_ones_own_does_not_buy_guesses_at_others():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(4, LONG))
    for number in range(4):
        await tried(accounts, f"victim{number}", "guess", HERE, accepted=False)
        if number < 3:
            await tried(accounts, "own", f"{SECRET} {number}", HERE, accepted=True)
    done, waiting = await entered(accounts, [("victim5", "guess", HERE)])
    assert (len(done), len(waiting)) == (0, 1)
    await cancelled(waiting)


@pytest.mark.usefixtures("endless_pauses")
async def test_failures_are_forgotten_in_time():
    clock = Ticking()
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(2, LONG, clock=clock))
    for _ in range(2):
        await tried(accounts, "user", "wrong", HERE, accepted=False)
    clock.now += 901
    async with asyncio.timeout(10):
        await tried(accounts, "user", "wrong", HERE, accepted=False)


async def test_an_unknown_user_costs_a_hash_as_a_known_one_does(monkeypatch):
    """Whether its password is kept as a hash or in the clear."""
    accounts = mapped(throttle=Throttle(100, LONG), hashed=HASH, clear="another")
    verified: list[str] = []
    monkeypatch.setattr(accounts, "_hasher", SimpleNamespace(verify=lambda hash_, _: verified.append(hash_)))
    for username in ("hashed", "clear", "nobody"):
        await refused(accounts, username, "wrong", HERE)
    assert verified == [HASH] * 3


async def test_few_hashes_are_computed_at_once(monkeypatch):
    """Each takes 64 MiB."""
    accounts = mapped(throttle=Throttle(100, LONG), admin=HASH)
    go_on, running = threading.Event(), []

    def verify(*_: Any) -> bool:
        running.append(threading.current_thread().name)
        return not go_on.wait(10)

    monkeypatch.setattr(accounts, "_hasher", SimpleNamespace(verify=verify))
    tasks = [asyncio.create_task(accounts.find(f"user{n}", "guess", f"192.0.2.{n}")) for n in range(20)]
    await eventually(lambda: len(running) >= 2)
    assert (await settled(tasks))[0] == set()
    assert len(running) == 2
    go_on.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(running) == 20
    assert "MainThread" not in running


# pass-through


async def test_in_pass_through_the_vendor_is_who_knows():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(5, LONG))
    account = await tried(accounts, "user", SECRET, HERE, accepted=None)
    assert (account.username, account.credentials.username) == ("user", "user")
    assert account.credentials.password.get_secret_value() == SECRET
    assert not accounts._proofs.hold("user", SECRET)
    await tried(accounts, "user", SECRET, HERE, accepted=True)
    assert accounts._proofs.hold("user", SECRET)
    await tried(accounts, "user", "wrong", HERE, accepted=False)
    await tried(accounts, "user", SECRET, HERE, accepted=None)
    assert accounts._proofs.hold("user", SECRET)  # a guess does not undo what was proven
    await tried(accounts, "user", SECRET, HERE, accepted=False)
    assert not accounts._proofs.hold("user", SECRET)  # the vendor changed its mind


async def test_in_pass_through_guesses_are_slowed_and_proven_passwords_are_not():
    accounts = PassThroughAccounts(backend(), Proofs(600), Throttle(5, LONG))
    await tried(accounts, "user", SECRET, THERE, accepted=True)
    for _ in range(5):
        await tried(accounts, "user", "wrong", HERE, accepted=False)
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


def test_what_the_vendor_had_no_part_in_proves_nothing(vendor_url, tmp_path):
    """A refusal of the bridge's own, a vendor that does not answer: the next login is judged as if there had been none."""
    with serve(settings_for(vendor_url, accounts=())) as served:
        proofs = served.app.bridge.endpoint._accounts._proofs
        assert served.post(login("user", "wrong", "sendSms")).code == "ERR_BAD_REQUEST"
        assert not proofs.hold("user", "wrong")
        assert served.post(login("user", "test")).code == ""
        assert proofs.hold("user", "test")


def test_a_list_of_the_configuration_does_not_prove_a_login(tmp_path):
    """toplusms has no list of senders: the bridge's settings answer, for who is known there."""
    with serve_in_thread(build("toplusms")) as running:
        vendor = {"main": {"kind": "toplusms", "base_url": f"{running.base_url}api/v1/", "senders": ["BASLIK"]}}
        ledger = {"url": f"sqlite:///{tmp_path / 'bridge.db'}"}
        with serve(settings_for("", accounts=(), vendors=vendor, ledger=ledger)) as served:
            proofs = served.app.bridge.endpoint._accounts._proofs
            for operation, more in (("getSmsSenders", {}), ("getSmsPackages", {}), ("cancelSmsPackage", {"id": 1})):
                assert served.post(login("user", "wrong", operation, **more)).code == "ERR_UNAUTHORIZED_REQUEST"
                assert not proofs.hold("user", "wrong")
            assert served.post(login("user", "test", "getSmsSenders")).code == ""
            assert proofs.hold("user", "test")


def test_parallel_guesses_over_http(vendor_url, monkeypatch):
    """The vendor is asked about no more than may fail for nothing; who is known is answered meanwhile."""
    monkeypatch.setattr(throttling, "_FIRST_PAUSE", LONG)
    with (
        serve(settings_for(vendor_url, accounts=(), limits={"free_login_failures": 3, "login_delay_seconds": LONG})) as served,
        contextlib.ExitStack() as stack,
    ):
        assert served.post(login("user", "test")).code == ""
        asked = len(requests_of(vendor_url))
        wires = [stack.enter_context(Wire(served.port)) for _ in range(20)]
        for number, wire in enumerate(wires):
            wire.send(request(login("second", f"guess {number}")))
        answered: set[int] = set()
        while len(answered) < 3:
            ready = select.select([wire._socket for wire in wires if id(wire) not in answered], [], [], 10)[0]
            assert ready
            for wire in wires:
                if wire._socket in ready:
                    assert wire.answer().code == "ERR_UNAUTHORIZED_REQUEST"
                    answered.add(id(wire))
        assert served.post(login("user", "test")).code == ""
        assert len(requests_of(vendor_url)) - asked == 4


def requests_of(vendor_url: str) -> list[Any]:
    return httpx.get(f"{vendor_url}_sandbox/requests", verify=False, trust_env=False).json()["requests"]
