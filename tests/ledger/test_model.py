"""The ledger's words in any order, by two processes, against a model of a few lines: they always say the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, select, update

from bridge.domain.message import Period, PeriodType
from bridge.domain.query import PackageKey
from bridge.domain.status import FINAL_ITEMS, ITEM_OF, ItemState, PackageState, SubmissionState, may_follow, package_state, shelf_of
from bridge.ledger import engine
from bridge.ledger.instant import from_ms
from bridge.ledger.ledger import Ledger
from bridge.ledger.progress import item_state, state_of, with_only
from bridge.ledger.tables import SPAN, item, package, package_count, process, push, recurrence, submission
from bridge.ledger.taking import MOST_TRIES, SUSPECT_FROM
from bridge.ledger.values import Accepted, Cancelled, DuplicateCustomId, Kept, NewPackage, NewSubmission, Recorded, Refused, Unknown
from tests.ledger.said import ACCOUNT, at, new, numbers, outcome
from tests.ledger.said import update as said_of

PENDING, SENDING, ACCEPTED = SubmissionState.PENDING, SubmissionState.SENDING, SubmissionState.ACCEPTED
UNKNOWN, CANCELLED = SubmissionState.UNKNOWN, SubmissionState.CANCELLED
TAKEABLE = {PENDING, ACCEPTED, UNKNOWN}
RESULTS = {ACCEPTED: Accepted("v"), SubmissionState.REFUSED: Refused("ERR_X"), UNKNOWN: Unknown("x"), PENDING: Kept()}
CLAIM, LEASE, NEVER = 5, 2, 10_000
PORTIONS, DAILY = Period(type=PeriodType.ONCE, amount=1, interval_minutes=1), Period(type=PeriodType.DAILY)
PERIODS = st.sampled_from([None, PORTIONS, DAILY])
# recipients of each submission
SHAPES = ((1,), (2,), (1, 1), (1, 2))
MOST = 4  # packages at a time: so that much happens to each


@dataclass(eq=False)
class Part:
    """A submission, and what was reported of its recipients."""

    reported: list[ItemState | None]
    state: SubmissionState
    due: int | None
    claim: str | None = None
    tries: int = 0
    stuck: bool = False

    @property
    def items(self) -> list[ItemState]:
        return [ITEM_OF[self.state] if each is None else each for each in self.reported]

    def got_on(self, state: SubmissionState, due: int | None) -> None:
        self.state, self.due, self.tries, self.stuck = state, due, 0, False


@dataclass
class Model:
    """A package."""

    recorded: Recorded
    parts: list[Part]
    state: PackageState
    custom_id: str | None
    period: Period | None
    pushed: bool
    # when it is sent again
    next_at: int | None = None
    # items of whom the client is to be told
    untold: set[int] = field(default_factory=set)

    def follow(self) -> PackageState:
        counts = Counter(state for part in self.parts for state in part.items)
        then = package_state(counts, self.state)
        assert then is self.state or may_follow(then, self.state)
        self.state = then
        return then

    def tell(self, part: Part, place: int) -> None:
        first = sum(len(each.reported) for each in self.parts[: self.parts.index(part)])
        if self.pushed:
            self.untold.add(self.recorded.package_id * SPAN + first + place)

    def cancel_pending(self) -> int:
        pending = [part for part in self.parts if part.state is PENDING]
        for part in pending:
            part.got_on(CANCELLED, None)
        return len(pending)


class Ledgers(RuleBasedStateMachine):
    """Subclasses have what the ledgers are run in."""

    runner: asyncio.Runner
    ledgers: tuple[Ledger, Ledger]

    which = st.integers(0, 7)
    who = st.integers(0, 1)

    def run(self, word: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(word)

    @initialize(first=st.lists(st.tuples(st.sampled_from(SHAPES), st.booleans(), PERIODS, st.booleans()), min_size=1, max_size=2))
    def begun(self, first: list[tuple[tuple[int, ...], bool, Period | None, bool]]) -> None:
        """An empty ledger, and what there is to do something with from the start."""
        self.packages: list[Model] = []
        self.now = 0
        # processes that said that they live, and whether that was long ago
        self.dead: dict[str, bool] = {}
        self.children = 0

        def clear(connection: Connection) -> None:
            for table in (package, submission, item, package_count, push, recurrence, process):
                connection.execute(delete(table))

        self.run(self.ledgers[0]._store.change(clear))
        portions = ((1, 1), True, PORTIONS, True)
        for who, (shape, waiting, period, pushed) in enumerate((portions, *first)):
            self.record(who=who % 2, shape=shape, waiting=waiting, custom_id=None, period=period, pushed=pushed)

    def chosen(self, which: int) -> Model:
        return self.packages[which % len(self.packages)]

    def picked(self, which: int, *states: SubmissionState) -> tuple[Model, Part, int]:
        """A submission and its id: mostly one in these states, where there is one."""
        every = [
            (model, part, id_)
            for model in self.packages
            for id_, part in zip(model.recorded.submission_ids, model.parts, strict=True)
        ]
        fitting = [each for each in every if each[1].state in states]
        chosen = fitting if fitting and which % 4 else every
        return chosen[which % len(chosen)]

    def _new(self, shape: tuple[int, ...], **said: Any) -> NewPackage:
        ends = [sum(shape[: place + 1]) for place in range(len(shape))]
        submissions = [NewSubmission(range(end - count, end)) for end, count in zip(ends, shape, strict=True)]
        return new(numbers=numbers(sum(shape)), submissions=submissions, accepted_at=at(self.now), **said)

    def _add(self, recorded: Recorded, shape: tuple[int, ...], who: int, *, waiting: bool, **said: Any) -> Model:
        state, claim = (PENDING, None) if waiting else (SENDING, self.ledgers[who].token)
        due = self.now if waiting else self.now + CLAIM
        parts = [Part([None] * count, state, due, claim) for count in shape]
        model = Model(recorded, parts, PackageState.WAITING if waiting else PackageState.SENDING, **said)
        self.packages.append(model)
        return model

    @precondition(lambda self: len(self.packages) < MOST)
    @rule(
        who=who,
        shape=st.sampled_from(SHAPES),
        waiting=st.booleans(),
        custom_id=st.sampled_from([None, None, "a", "b"]),
        period=PERIODS,
        pushed=st.booleans(),
    )
    def record(
        self, *, who: int, shape: tuple[int, ...], waiting: bool, custom_id: str | None, period: Period | None, pushed: bool
    ) -> None:
        repeats = self.now + 60 if period is DAILY else None
        made = self._new(
            shape,
            state=PackageState.WAITING if waiting else PackageState.SENDING,
            due_at=at(self.now if waiting else self.now + CLAIM),
            custom_id=custom_id,
            period=period,
            repeats=None if repeats is None else at(repeats),
            push=pushed,
            push_url="https://a.example" if pushed else None,
        )
        taken = custom_id is not None and any(each.custom_id == custom_id for each in self.packages)
        try:
            recorded = self.run(self.ledgers[who].record(made))
        except DuplicateCustomId:
            assert taken
            return
        assert not taken
        self._add(recorded, shape, who, waiting=waiting, custom_id=custom_id, period=period, pushed=pushed, next_at=repeats)

    @precondition(lambda self: self.packages)
    @rule(who=who, which=which, all_=st.sampled_from([False, False, False, True]))
    def begin(self, who: int, which: int, all_: bool) -> None:
        model, _, id_ = self.picked(which, PENDING)
        ids = list(model.recorded.submission_ids) if all_ else [id_]
        parts = dict(zip(model.recorded.submission_ids, model.parts, strict=True))
        won = self.run(self.ledgers[who].begin(ids, at(self.now + CLAIM)))
        assert won == [each for each in ids if parts[each].state is PENDING]
        for each in won:
            parts[each].got_on(SENDING, self.now + CLAIM)
            parts[each].claim = self.ledgers[who].token
        if won:
            model.follow()

    @precondition(lambda self: self.packages)
    @rule(who=who, which=which, then=st.sampled_from(sorted(RESULTS)), later=st.sampled_from([None, 1]))
    def settle(self, who: int, which: int, then: SubmissionState, later: int | None) -> None:
        """Mostly by the process that sends it."""
        model, part, id_ = self.picked(which, SENDING, UNKNOWN)
        if part.claim is not None and which % 3:
            who = [each.token for each in self.ledgers].index(part.claim)
        due = None if later is None else self.now + later
        told = outcome(id_, RESULTS[then], at(self.now), None if due is None else at(due))
        state = self.run(self.ledgers[who].settle(model.recorded.package_id, [told]))
        # another process is sending it by now
        overtaken = part.state is SENDING and then is not ACCEPTED and part.claim != self.ledgers[who].token
        if may_follow(then, part.state) and not overtaken:
            part.got_on(then, due)
            if then is PENDING:
                part.claim, part.due = None, self.now if due is None else due
                if any(each.state is CANCELLED for each in model.parts):
                    model.cancel_pending()
            if then is SubmissionState.REFUSED:
                part.due = None
                for position, reported in enumerate(part.reported):
                    if reported is None:
                        model.tell(part, position)
        assert state is model.follow()

    @precondition(lambda self: self.packages)
    @rule(
        who=who,
        which=which,
        position=st.integers(0, 1),
        then=st.sampled_from([None, ItemState.SENT, *sorted(FINAL_ITEMS)]),
        later=st.sampled_from([None, 1]),
    )
    def report(self, *, who: int, which: int, position: int, then: ItemState | None, later: int | None) -> None:
        model, part, id_ = self.picked(which, SENDING, ACCEPTED, UNKNOWN)
        position %= len(part.reported)
        first = sum(len(each.reported) for each in model.parts[: model.parts.index(part)])
        due = None if later is None else self.now + later
        updates = [said_of(numbers(9)[first + position], then)]
        state = self.run(self.ledgers[who].report(id_, updates, None if due is None else at(due)))
        if part.state in {SENDING, ACCEPTED, UNKNOWN}:
            now = part.items[position]
            if then in FINAL_ITEMS and may_follow(then, now):
                part.reported[position] = then
                model.tell(part, position)
            if part.state is not SENDING:
                part.got_on(ACCEPTED, None if None not in part.reported else due)
            model.follow()
        assert state is model.state

    @precondition(lambda self: 0 < len(self.packages) < MOST)
    @rule(who=who, which=which, later=st.sampled_from([None, 0, 3]))
    def postpone(self, who: int, which: int, later: int | None) -> None:
        _, part, id_ = self.picked(which, *TAKEABLE)
        due = None if later is None else self.now + later
        self.run(self.ledgers[who].postpone([id_], None if due is None else at(due)))
        if part.state in TAKEABLE and (part.due is not None or part.stuck):
            part.got_on(part.state, due)

    @rule(who=who, minutes=st.sampled_from([0, LEASE]))
    def take(self, who: int, minutes: int) -> None:
        self.now += minutes
        taken = self.run(self.ledgers[who].take(at(self.now), 100, LEASE * timedelta(minutes=1)))
        got, given_up, suspects = set(), set(), set()
        ids = {each.submission.id for each in taken.submissions}
        for model in self.packages:
            for id_, part in zip(model.recorded.submission_ids, model.parts, strict=True):
                if part.state not in TAKEABLE or part.due is None or part.due > self.now:
                    continue
                if part.tries == MOST_TRIES:
                    part.due, part.stuck = None, True
                    given_up.add(id_)
                    continue
                if part.tries >= SUSPECT_FROM:
                    suspects.add(id_)
                    if id_ not in ids:
                        continue
                part.due, part.tries = self.now + LEASE, part.tries + 1
                got.add(id_)
        assert ids == got
        assert len(got & suspects) == min(1, len(suspects))
        assert set(taken.given_up) == given_up

    @rule(who=who, minutes=st.sampled_from([0, 1, CLAIM]))
    def abandon(self, who: int, minutes: int) -> None:
        """Claims that are stale, and those of processes that died."""
        self.now += minutes
        dead = {token for token, long in self.dead.items() if long and token != self.ledgers[who].token}
        gone, found = set(), False
        for model in self.packages:
            for id_, part in zip(model.recorded.submission_ids, model.parts, strict=True):
                if part.state is SENDING and part.due is not None and (part.due < self.now or part.claim in dead):
                    found = found or part.due >= self.now
                    part.state, part.due = UNKNOWN, self.now
                    gone.add(id_)
        assert set(self.run(self.ledgers[who].abandon(at(self.now)))) == gone
        if not found:
            self.dead = {token: long for token, long in self.dead.items() if token not in dead}

    @rule(who=who)
    def live(self, who: int) -> None:
        self.run(self.ledgers[who].alive())
        self.dead[self.ledgers[who].token] = False

    @rule(who=who)
    def die(self, who: int) -> None:
        """Not for ever, perhaps: what it says later still counts."""
        token = self.ledgers[who].token
        if token in self.dead:
            self.dead[token] = True
            old = update(process).where(process.c.token == token).values(seen_at=0)
            self.run(self.ledgers[who]._store.change(lambda connection: connection.execute(old)))

    @precondition(lambda self: self.packages)
    @rule(who=who, which=which)
    def cancel(self, who: int, which: int) -> None:
        model, _, _ = self.picked(which, PENDING)
        said = self.run(self.ledgers[who].cancel(ACCOUNT, PackageKey(uuid=model.recorded.uuid)))
        pending = [part for part in model.parts if part.state is PENDING]
        done = model.next_at is not None
        if len(pending) == len(model.parts) or (pending and model.period is PORTIONS):
            model.cancel_pending()
            model.follow()
            done = True
        model.next_at = None
        assert said is (Cancelled.CANCELLED if done else Cancelled.NOT_CHANGEABLE)

    @precondition(lambda self: self.packages)
    @rule(who=who, which=which)
    def release(self, who: int, which: int) -> None:
        model = self.chosen(which)
        self.run(self.ledgers[who].settle(model.recorded.package_id, [], forget=True))
        if model.state is PackageState.FAILED:
            model.custom_id = model.next_at = None
            model.untold.clear()

    @precondition(lambda self: 0 < len(self.packages) < MOST)
    @rule(who=who, which=which, late=st.booleans(), last=st.booleans())
    def repeat(self, who: int, which: int, late: bool, last: bool) -> None:
        model = self.chosen(which)
        due = self.now + 1_000_000 if model.next_at is None or late else model.next_at
        after = None if last else due + 60
        self.children += 1
        child = self._new((1,), state=PackageState.WAITING, due_at=at(self.now), text=f"child {self.children}")
        word = self.ledgers[who].repeat(model.recorded.package_id, at(due), None if after is None else at(after), child)
        recorded = self.run(word)
        assert (recorded is not None) == (due == model.next_at)
        if recorded is not None:
            model.next_at = after
            self._add(recorded, (1,), who, waiting=True, custom_id=None, period=None, pushed=False)

    @rule(who=who)
    def purge(self, who: int) -> None:
        over = {PackageState.COMPLETED, PackageState.CANCELLED, PackageState.FAILED, PackageState.REJECTED}
        left = [each for each in self.packages if each.state not in over or each.next_at is not None or each.untold]
        assert self.run(self.ledgers[who].purge(at(NEVER))) == len(self.packages) - len(left)
        self.packages = left

    @rule(who=who)
    def tell(self, who: int) -> None:
        """Every client is told everything once."""
        ledger = self.ledgers[who]
        told: Counter[int] = Counter()
        for each in self.run(ledger.take_pushes(at(NEVER), 100, timedelta(minutes=1))):
            content = self.run(ledger.push_content(each.id))
            told.update(entry.id for entry in content.items)
            self.run(ledger.pushed(each.id, at(self.now)))
        assert told == Counter(id_ for model in self.packages for id_ in model.untold)
        for model in self.packages:
            model.untold.clear()

    @invariant()
    def the_same(self) -> None:
        if hasattr(self, "packages"):
            self.run(self.ledgers[0]._store.read(self._compare))

    def _compare(self, connection: Connection) -> None:
        packages = {row.id: row for row in connection.execute(with_only(package))}
        submissions = {row.id: row for row in connection.execute(select(submission))}
        items = {row.id: row for row in connection.execute(select(item))}
        assert packages.keys() == {model.recorded.package_id for model in self.packages}
        assert len(submissions) == sum(len(model.parts) for model in self.packages)
        assert len(items) == sum(len(part.reported) for model in self.packages for part in model.parts)
        for model in self.packages:
            row = packages[model.recorded.package_id]
            for id_, part in zip(model.recorded.submission_ids, model.parts, strict=True):
                _same_part(submissions[id_], part)
            own = [items[row.id * SPAN + place] for place in range(row.recipients)]
            found = [item_state(each.state, submissions[row.id * SPAN + each.part].state) for each in own]
            assert found == [state for part in model.parts for state in part.items]
            _same_package(row, model, Counter(found))
        _same_counts(connection, packages.values())


def _same_part(row: Any, part: Part) -> None:
    due = None if row.due_at is None else from_ms(row.due_at)
    assert (row.state, due) == (part.state, None if part.due is None else at(part.due))
    assert (row.claim, row.tries, row.stuck_at is not None) == (part.claim, part.tries, part.stuck)


def _same_package(row: Any, model: Model, counts: Counter[ItemState]) -> None:
    assert (state_of(row), row.custom_id) == (model.state, model.custom_id)
    assert row.shelf == shelf_of(PackageState(row.state), scheduled=False, periodic=model.period is not None)
    assert row.shelf == shelf_of(model.state, scheduled=False, periodic=model.period is not None)
    failed = sum(counts[state] for state in (ItemState.REJECTED, ItemState.UNDELIVERED, ItemState.TIMED_OUT))
    assert (row.total, row.delivered, row.undelivered) == (counts.total(), counts[ItemState.DELIVERED], failed)
    assert row.credit == counts.total() - counts[ItemState.REJECTED] - counts[ItemState.CANCELLED]


def _same_counts(connection: Connection, packages: Any) -> None:
    """Each level of the counts is a count of rows."""
    hour = 3_600_000
    counted = {(row.level, row.bucket, row.shelf): row.n for row in connection.execute(select(package_count)) if row.n}
    buckets = ((0, lambda _: 0), (1, lambda ms: ms // hour // 24), (2, lambda ms: ms // hour))
    expected = Counter((level, bucket(row.sending_at), row.shelf) for row in packages for level, bucket in buckets)
    assert counted == dict(expected)


# examples, and steps of each
PROFILES = {"sqlite": (40, 40), "postgresql": (6, 30)}


def test_the_words_in_any_order(url: str, database: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "_PRAGMAS", ("PRAGMA synchronous = OFF",))  # what the disk does is another test's
    examples, steps = PROFILES[database]
    fixed = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),  # to find the shortest way to a failure takes minutes: add Phase.shrink
        suppress_health_check=list(HealthCheck),
    )
    with asyncio.Runner() as runner:

        async def two() -> tuple[Ledger, Ledger]:
            return await Ledger.open(url), await Ledger.open(url)

        ledgers = runner.run(two())
        machine = type("Machine", (Ledgers,), {"runner": runner, "ledgers": ledgers})
        try:
            run_state_machine_as_test(machine, settings=fixed)
        finally:
            for each in ledgers:
                runner.run(each.close())
