"""All that the background does: jobs by their kind, repeats, retention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bridge.domain.clock import Clock
from bridge.jobs.push import Pusher
from bridge.jobs.queue import PUSH, SUBMISSION, Handler
from bridge.jobs.repeats import Repeats
from bridge.jobs.submissions import Submissions
from bridge.ledger.ledger import Ledger
from bridge.operations.backend import Account

__all__ = ["Work"]

# between two looks for what is old
_TIDY_EVERY = timedelta(hours=1)
# pushes that were taken, for those who ask when
_DELIVERED_FOR = timedelta(days=7)


class Work:
    """Bound to the accounts of a configuration, which may change."""

    def __init__(self, ledger: Ledger, clock: Clock, submissions: Submissions, pusher: Pusher, keep: timedelta | None) -> None:
        """keep: how long finished packages stay; None for ever."""
        self._ledger, self._clock, self._keep = ledger, clock, keep
        self._submissions, self._repeats = submissions, Repeats(ledger, clock)
        self._tidied = clock() - _TIDY_EVERY
        self.handlers: Mapping[str, Handler] = {SUBMISSION: submissions.look, PUSH: pusher.look}

    def use(self, accounts: Mapping[str, Account]) -> None:
        """accounts: {username: account}; what belongs to others is left alone."""
        self._submissions.accounts = self._repeats.accounts = accounts

    @property
    def is_able(self) -> bool:
        """Whether it has credentials; in pass-through only a client's own call has."""
        return bool(self._submissions.accounts)

    async def repeat(self, lease: timedelta) -> None:
        """Records what is to be sent again now. lease: after it, what was not done is due again."""
        await self._repeats.run(lease)

    async def tidy(self) -> None:
        """Removes what is old, when it is time."""
        now = self._clock()
        if now - self._tidied < _TIDY_EVERY:
            return
        self._tidied = now
        while await self._ledger.prune(now - _DELIVERED_FOR):
            pass
        if self._keep is not None:
            while await self._ledger.purge(now - self._keep):
                pass
