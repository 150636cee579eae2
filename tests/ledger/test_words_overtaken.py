"""Words that come late: of a process that was stopped for a while, or that says again what it does not know to be written."""

from __future__ import annotations

import pytest

from bridge.domain.query import PackageKey
from bridge.domain.status import PackageState, SubmissionState
from bridge.ledger import retention
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import Accepted, Kept, Recorded, Refused, Unknown
from tests.ledger.said import ACCOUNT, accept, at, outcome, record, states


async def settle(ledger: Ledger, recorded: Recorded, result: object) -> PackageState:
    return await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], result, at(1))])


async def withdraw(ledger: Ledger, recorded: Recorded) -> None:
    """As the writer does it once the database is back."""
    await ledger._store.change(lambda connection: retention.withdraw(connection, recorded.package_id, ledger.token))


async def is_there(ledger: Ledger, recorded: Recorded) -> bool:
    return await ledger.find(ACCOUNT, PackageKey(id=recorded.package_id)) is not None


@pytest.mark.parametrize("late", [Kept(), Refused("ERR_X"), Unknown("read timeout")], ids=str)
async def test_what_was_not_taken_at_first_is_being_sent_by_another_process(ledger: Ledger, other: Ledger, late: object):
    """Else it would be sent once more, or be called refused while it is taken."""
    recorded = await record(ledger)
    await settle(ledger, recorded, Kept())
    assert await other.begin(recorded.submission_ids, at(5)) == list(recorded.submission_ids)
    await settle(ledger, recorded, late)
    assert await states(ledger, recorded) == (PackageState.SENDING, [SubmissionState.SENDING])
    assert await accept(other, recorded) is PackageState.SENT


async def test_what_was_taken_is_taken_whoever_says_so(ledger: Ledger, other: Ledger):
    recorded = await record(ledger)
    await settle(ledger, recorded, Kept())
    await other.begin(recorded.submission_ids, at(5))
    assert await settle(ledger, recorded, Accepted("1")) is PackageState.SENT


async def test_a_withdrawn_package_that_others_called_unknown(ledger: Ledger, other: Ledger):
    """Its process never sent it, and said so to the client: a look-up that finds nothing must not have it sent after all."""
    recorded = await record(ledger, due_at=at(1))
    assert await other.abandon(at(2)) == list(recorded.submission_ids)
    await withdraw(ledger, recorded)
    assert not await is_there(ledger, recorded)


async def test_a_withdrawn_package_that_another_process_sends(ledger: Ledger, other: Ledger):
    """It was held, and its time came before the withdrawal: what is on its way stays in the ledger."""
    for after in (None, Unknown("read timeout"), Accepted("1")):
        recorded = await record(ledger, state=PackageState.WAITING)
        await other.begin(recorded.submission_ids, at(5))
        if after is not None:
            await settle(other, recorded, after)
        await withdraw(ledger, recorded)
        assert await is_there(ledger, recorded)


async def test_a_withdrawn_package_that_is_held(ledger: Ledger):
    recorded = await record(ledger, state=PackageState.WAITING)
    await withdraw(ledger, recorded)
    assert not await is_there(ledger, recorded)
