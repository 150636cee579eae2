"""The accounts and packages of the simulated vendor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from uuid import NAMESPACE_DNS, uuid4, uuid5

from bridge.sandbox.contract import Taken
from bridge.sandbox.node.options import NodeOptions
from bridge.sandbox.node.package import PKG_WAITING, Item, Pace, Package, state_of_package
from bridge.sandbox.node.queries import PackageKey
from bridge.sandbox.node.refusal import Refusal, bad_request
from bridge.sandbox.node.rules import Draft
from bridge.sandbox.text import parts

__all__ = ["Account", "Sender", "Store"]

WAITING, APPROVED, REFUSED = 0, 1, 2
FIRST_USER_ID = 1001
DUPLICATE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True)
class Sender:
    """An alphanumeric sender and its state."""

    uuid: str
    status: int
    title: str


@dataclass
class Account:
    """One user of the vendor, with what is his alone."""

    name: str
    user_id: int
    credit: int
    senders: tuple[Sender, ...]
    packages: dict[int, Package] = field(default_factory=dict)
    by_custom_id: dict[str, Package] = field(default_factory=dict)
    by_uuid: dict[str, Package] = field(default_factory=dict)
    last_sent: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        return str(uuid5(NAMESPACE_DNS, self.name))

    def find(self, key: PackageKey) -> Package:
        """The package that all given keys name."""
        found: list[Package | None] = []
        if key.id is not None:
            found.append(self.packages.get(key.id))
        if key.uuid:
            found.append(self.by_uuid.get(key.uuid.lower()))
        if key.custom_id:
            found.append(self.by_custom_id.get(key.custom_id))
        if not found:
            raise bad_request("pkgID | id, uuid, customID: one of them is required")
        first = found[0]
        if first is None or any(package is not first for package in found):
            raise Refusal("ERR_SMS_PKG_NOT_FOUND")
        return first


class Store:
    """All accounts. Every method runs without a pause, so whatever it checks and takes is one step (customID, credit)."""

    def __init__(self, options: NodeOptions) -> None:
        self.accounts = {
            name: Account(name, user_id, options.credit, _senders(options, name))
            for user_id, name in enumerate(options.accounts, FIRST_USER_ID)
        }
        self._package_ids = count(options.first_package_id)
        self._item_ids = count(options.first_item_id)

    def create(self, account: Account, draft: Draft, now: datetime, options: NodeOptions) -> Package:
        """Take a package, or refuse it and take nothing."""
        _check_sender(account, draft, options)
        if draft.custom_id is not None and draft.custom_id in account.by_custom_id:
            raise Refusal("ERR_SMS_PKG_CUSTOM_ID_DUPLICATION")
        package = self._package(account, draft, now)
        if options.refuse_duplicates:
            _check_repeats(account, package, now)
        if package.credit > account.credit:
            raise Refusal("ERR_USER_CREDIT_REQUIRED")
        _book(account, package)
        return package

    def cancel(self, package: Package, now: datetime, pace: Pace) -> None:
        """Possible until the sending begins. The credit is given back."""
        if state_of_package(package, package.states(now, pace)) != PKG_WAITING:
            raise Refusal("ERR_SMS_PKG_NOT_CHANGEABLE")
        self.accounts[package.account].credit += package.credit
        package.cancelled = now

    def sent(self) -> Iterator[Taken]:
        packages = [package for account in self.accounts.values() for package in account.packages.values()]
        for package in sorted(packages, key=lambda package: package.id):
            for item in package.items:
                if not item.error:
                    yield Taken(package.account, item.target, item.text, str(package.id))

    def _package(self, account: Account, draft: Draft, now: datetime) -> Package:
        due = draft.scheduled_for or now
        return Package(
            id=next(self._package_ids),
            uuid=str(uuid4()),
            account=account.name,
            type=draft.type,
            sender=draft.sender,
            title=draft.title,
            content=draft.content,
            encoding=draft.encoding,
            validity=draft.validity,
            custom_id=draft.custom_id,
            push_url=draft.push_url,
            created=now,
            due=due,
            scheduled=draft.scheduled_for is not None,
            periodic=draft.periodic is not None,
            recurring=draft.periodic is not None and draft.periodic.period_type > 0,
            items=self._items(draft, due),
        )

    def _items(self, draft: Draft, due: datetime) -> tuple[Item, ...]:
        half = len(draft.recipients) // 2
        return tuple(
            Item(
                id=next(self._item_ids),
                target=recipient.target,
                text=recipient.text or draft.content,
                own_text=recipient.text,
                error=recipient.error,
                parts=parts(recipient.text or draft.content, draft.encoding),
                due=due + _wave(draft, place),
                early=place < half,
            )
            for place, recipient in enumerate(draft.recipients)
        )


def _wave(draft: Draft, place: int) -> timedelta:
    """periodType 0 sends `amount` recipients every `interval` minutes."""
    periodic = draft.periodic
    if periodic is None or periodic.interval is None or periodic.amount is None or periodic.period_type != 0:
        return timedelta()
    return timedelta(minutes=periodic.interval) * (place // periodic.amount)


def _senders(options: NodeOptions, account: str) -> tuple[Sender, ...]:
    all_of_them = ((APPROVED, options.senders), (WAITING, options.waiting_senders), (REFUSED, options.refused_senders))
    return tuple(
        Sender(str(uuid5(NAMESPACE_DNS, f"{account}/{title}")), status, title) for status, titles in all_of_them for title in titles
    )


def _check_sender(account: Account, draft: Draft, options: NodeOptions) -> None:
    approved = {sender.title for sender in account.senders if sender.status == APPROVED}
    if draft.by_otp_call and options.otp_senders is not None:
        approved &= set(options.otp_senders)
    if draft.sender not in approved:
        raise Refusal("ERR_INVALID_SMS_SENDER")


def _check_repeats(account: Account, package: Package, now: datetime) -> None:
    for item in package.items:
        last = account.last_sent.get((item.target, item.text))
        if last is not None and now - last < DUPLICATE_WITHIN:
            raise Refusal("ERR_SMS_PKG_DUPLICATION")


def _book(account: Account, package: Package) -> None:
    account.credit -= package.credit
    account.packages[package.id] = account.by_uuid[package.uuid] = package
    if package.custom_id is not None:
        account.by_custom_id[package.custom_id] = package
    for item in package.items:
        account.last_sent[item.target, item.text] = package.created
