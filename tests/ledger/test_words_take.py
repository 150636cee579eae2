"""take, alive, abandon and overview: what is due is one process' at a time, and what a dead one had is found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bridge.domain.query import PackageKey
from bridge.domain.status import PackageState, SubmissionState
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import process, rate
from bridge.ledger.taking import MOST_TRIES
from bridge.ledger.values import Accepted, Cancelled, Kept, NewSubmission, OpenSubmission, Recorded, Refused, Unknown
from tests.ledger.said import ACCOUNT, MINUTE, NOW, OTHER, Open, accept, at, numbers, outcome, record, states, stored

LEASE = 2 * MINUTE
CLAIM = 5 * MINUTE
Results = list[tuple[Any, SubmissionState]]
TAKEABLE: Results = [
    (Kept(), SubmissionState.PENDING),
    (Accepted("v-1"), SubmissionState.ACCEPTED),
    (Unknown("read: timeout"), SubmissionState.UNKNOWN),
]


async def due(ledger: Ledger, result: Any, minutes: float = 1) -> Recorded:
    """A package of which something is to be done then."""
    recorded = await record(ledger)
    await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], result, NOW, at(minutes))])
    return recorded


async def only(ledger: Ledger, recorded: Recorded) -> OpenSubmission:
    found = await ledger.open_one(recorded.submission_ids[0])
    assert found is not None
    return found


async def exhaust(ledger: Ledger, minutes: float = 1) -> float:
    """Takes all as often as it may be; when it is due again."""
    for _ in range(MOST_TRIES):
        taken = 0
        while submissions := (await ledger.take(at(minutes), 100, LEASE)).submissions:
            taken += len(submissions)
        assert taken
        minutes += 2
    return minutes


def ids(taken: Any) -> list[int]:
    return [each.submission.id for each in taken.submissions]


# take


async def test_what_is_due_is_taken_once(ledger: Ledger):
    packages = {state: await due(ledger, result) for result, state in TAKEABLE}
    claimed, future = await record(ledger, due_at=at(1)), await due(ledger, Kept(), 1.001)
    assert await ledger.take(at(0.999), 10, LEASE) == ((), ())
    taken = await ledger.take(at(1), 10, LEASE)
    assert {each.submission.state: each.submission.id for each in taken.submissions} == {
        state: each.submission_ids[0] for state, each in packages.items()
    }
    for each in taken.submissions:
        assert (each.account, each.vendor, each.valid_until, each.tries) == (ACCOUNT, "main", at(1440), 1)
        assert each.submission.due_at == at(3)
        assert each == await ledger.open_one(each.submission.id)
    assert taken.given_up == ()
    assert await ledger.take(at(1), 10, LEASE) == ((), ())
    assert (await only(ledger, claimed)).submission.state is SubmissionState.SENDING
    # after the lease it is due again
    again = await ledger.take(at(3), 10, LEASE)
    assert sorted(ids(again)) == sorted([*ids(taken), future.submission_ids[0]])
    assert sorted(each.tries for each in again.submissions) == [1, 2, 2, 2]


async def test_the_longest_due_is_taken_first(ledger: Ledger):
    packages = [await due(ledger, Kept(), minute) for minute in (3, 1, 2)]
    first = await ledger.take(at(5), 2, LEASE)
    assert ids(first) == [packages[1].submission_ids[0], packages[2].submission_ids[0]]
    assert ids(await ledger.take(at(5), 2, LEASE)) == list(packages[0].submission_ids)


async def test_no_such_submission(ledger: Ledger):
    assert await ledger.open_one(1) is None


async def test_processes_take_disjoint_sets(ledger: Ledger, other: Ledger):
    packages = [await due(ledger, Kept()) for _ in range(40)]
    takes = await asyncio.gather(*(who.take(at(1), 7, LEASE) for who in (ledger, other) * 6))
    got = [id_ for taken in takes for id_ in ids(taken)]
    assert len(got) == len(set(got))
    rest = await ledger.take(at(1), 100, LEASE)  # who was passed over while another had it locked
    assert sorted(got + ids(rest)) == [each.submission_ids[0] for each in packages]


async def test_what_is_taken_is_enqueued_in_the_same_transaction(ledger: Ledger):
    recorded = await due(ledger, Kept())
    seen: list[Any] = []

    def enqueue(connection: Connection, submissions: Any) -> None:
        seen.append([each.submission.id for each in submissions])
        connection.execute(insert(rate).values(name=f"job {len(seen)}", free_at=1))

    def fail(connection: Connection, submissions: Any) -> None:
        enqueue(connection, submissions)
        raise ZeroDivisionError

    async def jobs() -> list[str]:
        return await ledger._store.read(lambda connection: list(connection.scalars(select(rate.c.name))))

    with pytest.raises(ZeroDivisionError):
        await ledger.take(at(1), 10, LEASE, fail)
    assert await jobs() == []
    assert ids(await ledger.take(at(1), 10, LEASE, enqueue)) == list(recorded.submission_ids)
    assert await jobs() == ["job 2"]
    await ledger.take(at(1), 10, LEASE, enqueue)
    assert seen == [[recorded.submission_ids[0]]] * 2


async def test_what_never_gets_on_is_given_up(ledger: Ledger):
    packages = [await due(ledger, result) for result, _ in TAKEABLE]
    minutes = await exhaust(ledger)
    fresh = await due(ledger, Kept(), minutes)
    taken = await ledger.take(at(minutes), 10, LEASE)
    assert ids(taken) == list(fresh.submission_ids)
    assert sorted(taken.given_up) == [each.submission_ids[0] for each in packages]
    assert (await ledger.overview()).stuck == 3
    assert (await ledger.overview()).pending == 1
    assert ids(await ledger.take(at(10_000), 10, LEASE)) == list(fresh.submission_ids)
    for each in packages:
        assert (await only(ledger, each)).submission.due_at is None


async def test_suspects_are_taken_one_at_a_time(ledger: Ledger):
    """A process that dies of one row does not give up those that it had besides."""
    packages = [await due(ledger, Kept()) for _ in range(3)]
    first = [each.submission_ids[0] for each in packages]
    assert ids(await ledger.take(at(1), 10, LEASE)) == first
    assert ids(await ledger.take(at(3), 10, LEASE)) == first
    for suspect in first:
        assert ids(await ledger.take(at(5), 10, LEASE)) == [suspect]
    assert ids(await ledger.take(at(5), 10, LEASE)) == []


async def steps(ledger: Ledger, recorded: Recorded) -> dict[str, Callable[[], Awaitable[Any]]]:
    (id_,) = recorded.submission_ids
    settled = {
        type(result).__name__: lambda result=result: ledger.settle(recorded.package_id, [outcome(id_, result, at(1), at(1))])
        for result in (Accepted("v-9"), Refused("ERR_X"), Kept())
    }
    return {
        **settled,
        "report": lambda: ledger.report(id_, [], at(1)),
        "postpone": lambda: ledger.postpone([id_], at(1)),
        "begin": lambda: ledger.begin([id_], at(1)),
        "cancel": lambda: ledger.cancel(ACCOUNT, PackageKey(uuid=recorded.uuid)),
    }


GETS_ON = {
    SubmissionState.PENDING: ("postpone", "begin", "cancel"),
    SubmissionState.ACCEPTED: ("postpone", "report"),
    SubmissionState.UNKNOWN: ("postpone", "report", "Accepted", "Refused", "Kept"),
}


@pytest.mark.parametrize("stuck", [False, True])
async def test_what_gets_on_has_all_its_tries_again(ledger: Ledger, stuck: bool):
    cases = [(result, name) for result, state in TAKEABLE for name in GETS_ON[state]]
    packages = [(name, await due(ledger, result)) for result, name in cases]
    minutes = await exhaust(ledger)
    if stuck:
        assert len((await ledger.take(at(minutes), 100, LEASE)).given_up) == len(cases)
    for name, each in packages:
        await (await steps(ledger, each))[name]()
        assert (await only(ledger, each)).tries == 0, name
    assert (await ledger.overview()).stuck == 0
    await ledger.abandon(at(2))
    taken = await ledger.take(at(2), 100, LEASE)
    assert taken.given_up == ()
    assert {each.tries for each in taken.submissions} == {1}


# alive and abandon


async def seen_ago(ledger: Ledger, token: str, seconds: float) -> None:
    """As if the process had not been heard of since."""
    back = {"seen_at": process.c.seen_at - int(seconds * 1000)}
    await ledger._store.change(lambda connection: connection.execute(update(process).where(process.c.token == token).values(back)))


async def tokens(ledger: Ledger) -> set[str]:
    return set(await ledger._store.read(lambda connection: list(connection.scalars(select(process.c.token)))))


async def test_each_process_is_known_once(ledger: Ledger, other: Ledger):
    await asyncio.gather(ledger.alive(), ledger.alive(), other.alive())
    assert await tokens(ledger) == {ledger.token, other.token}


async def test_what_a_dead_process_claimed_is_unknown(ledger: Ledger, other: Ledger):
    await asyncio.gather(ledger.alive(), other.alive())
    theirs, mine = await record(other, due_at=NOW + CLAIM), await record(ledger, due_at=NOW + CLAIM)
    begun = await record(ledger, state=PackageState.WAITING)
    await other.begin(begun.submission_ids, NOW + CLAIM)
    assert await ledger.abandon(NOW) == []
    await seen_ago(ledger, other.token, 29)
    assert await ledger.abandon(NOW) == []
    await seen_ago(ledger, other.token, 2)
    assert sorted(await ledger.abandon(NOW)) == [theirs.submission_ids[0], begun.submission_ids[0]]
    for each in (theirs, begun):
        found = await only(ledger, each)
        assert (found.submission.state, found.submission.due_at) == (SubmissionState.UNKNOWN, NOW)
        assert found.submission.claim == other.token
    assert (await only(ledger, mine)).submission.state is SubmissionState.SENDING
    assert await ledger.abandon(NOW) == []
    assert sorted(ids(await ledger.take(NOW, 9, LEASE))) == [theirs.submission_ids[0], begun.submission_ids[0]]


async def test_a_process_that_was_stopped_for_a_while_goes_on(ledger: Ledger, other: Ledger):
    await other.alive()
    sent, refused = await record(other, due_at=NOW + CLAIM), await record(other, due_at=NOW + CLAIM)
    later = await record(other, due_at=NOW + CLAIM)
    await seen_ago(ledger, other.token, 60)
    assert len(await ledger.abandon(NOW)) == 3
    assert await accept(other, sent) is PackageState.SENT
    assert (await stored(ledger, sent)).submissions[0].vendor_ref == "v-0"
    await other.settle(refused.package_id, [outcome(refused.submission_ids[0], Refused("ERR_X"))])
    assert (await states(ledger, refused))[0] is PackageState.FAILED
    # found by another meanwhile: the first word stays
    await ledger.settle(later.package_id, [outcome(later.submission_ids[0], Accepted("found"))])
    await other.settle(later.package_id, [outcome(later.submission_ids[0], Refused("ERR_X"))])
    assert await states(ledger, later) == (PackageState.SENT, [SubmissionState.ACCEPTED])
    # and what it claims now is its own
    await other.alive()
    new = await record(other, due_at=NOW + CLAIM)
    assert await ledger.abandon(NOW) == []
    assert (await only(ledger, new)).submission.state is SubmissionState.SENDING


async def test_a_process_does_not_take_itself_for_dead(ledger: Ledger):
    await ledger.alive()
    recorded = await record(ledger, due_at=NOW + CLAIM)
    await seen_ago(ledger, ledger.token, 100)
    assert await ledger.abandon(NOW) == []
    assert (await only(ledger, recorded)).submission.state is SubmissionState.SENDING


async def test_a_process_that_nobody_knows_is_dead_when_its_claim_is_stale(ledger: Ledger, other: Ledger):
    recorded = await record(other, due_at=NOW + CLAIM)
    await ledger.alive()
    assert await ledger.abandon(NOW + CLAIM) == []
    assert await ledger.abandon(NOW + CLAIM + timedelta(milliseconds=1)) == list(recorded.submission_ids)


async def test_dead_processes_are_forgotten_when_nothing_is_left_of_them(ledger: Ledger, open_ledger: Open):
    others = [await open_ledger() for _ in range(3)]
    for each in others:
        await each.alive()
    recorded = await record(others[0], due_at=NOW + CLAIM)
    for each, seconds in zip(others, (200, 200, 60), strict=True):
        await seen_ago(ledger, each.token, seconds)
    assert await ledger.abandon(NOW) == list(recorded.submission_ids)
    assert await ledger.abandon(NOW) == []
    assert await tokens(ledger) == {others[2].token}


async def test_abandon_in_steps(ledger: Ledger, other: Ledger):
    await other.alive()
    packages = [await record(other, due_at=NOW + CLAIM) for _ in range(5)]
    stale = await record(ledger, due_at=at(-1))
    await seen_ago(ledger, other.token, 200)
    got = [await ledger.abandon(NOW, limit=2) for _ in range(4)]
    assert [len(each) for each in got] == [2, 2, 2, 0]
    assert got[0][0] == stale.submission_ids[0]
    assert sorted(id_ for each in got for id_ in each) == sorted(
        [each.submission_ids[0] for each in packages] + [stale.submission_ids[0]]
    )
    assert await tokens(ledger) == set()


async def test_two_processes_find_a_third_dead(ledger: Ledger, open_ledger: Open):
    one, dead = await open_ledger(), await open_ledger()
    await asyncio.gather(ledger.alive(), one.alive(), dead.alive())
    packages = [await record(dead, due_at=NOW + CLAIM) for _ in range(30)]
    await seen_ago(ledger, dead.token, 40)
    found = await asyncio.gather(
        *(who.abandon(NOW, limit=9) for who in (ledger, one) * 4), *(accept(dead, each) for each in packages)
    )
    unknown = [id_ for each in found[:8] for id_ in each]
    assert len(unknown) == len(set(unknown))
    for each in packages:  # it lived after all
        assert await states(ledger, each) == (PackageState.SENT, [SubmissionState.ACCEPTED])


# overview


async def test_overview_of_nothing(ledger: Ledger):
    assert await ledger.overview() == (0, 0, None, 0, 0, 0, 0, 0)


async def test_overview(ledger: Ledger):
    for result, minutes in product((Kept(), Accepted("1"), Unknown("x")), (2, 3)):
        await due(ledger, result, minutes)
    await record(ledger, account=OTHER, state=PackageState.WAITING, due_at=at(1))
    await record(ledger)
    found = await ledger.overview()
    assert (found.unknown, found.pending, found.oldest_due, found.stuck, found.late) == (2, 3, at(1), 0, 0)
    two = [NewSubmission(range(2)), NewSubmission(range(2, 3))]
    recorded = await record(ledger, state=PackageState.WAITING, numbers=numbers(3), submissions=two)
    assert (await ledger.overview()).pending == 5
    assert await ledger.cancel(ACCOUNT, PackageKey(id=recorded.package_id)) is Cancelled.CANCELLED
    assert (await ledger.overview()).pending == 3
