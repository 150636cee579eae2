"""What the lists answer: filters, pages, and JSON with the document's keys and types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from bridge.sandbox.node import dates
from bridge.sandbox.node.package import (
    DELIVERED,
    REJECTED,
    SENDING,
    SENT,
    SET_STATES,
    TIMED_OUT,
    UNDELIVERED,
    Item,
    Pace,
    Package,
    state_of_package,
)
from bridge.sandbox.node.queries import InquiryQuery, ItemQuery, ListQuery, Paged, Ranged, SenderQuery
from bridge.sandbox.node.refusal import Refusal, bad_request
from bridge.sandbox.node.store import Account, Sender

__all__ = ["inquiry", "item_list", "package_list", "push_body", "sender_list", "summary"]

T = TypeVar("T")
DEFAULT_PAGE = 100
MONTH, THREE_MONTHS = timedelta(days=31), timedelta(days=92)
FAILED = (REJECTED, UNDELIVERED, TIMED_OUT)

FILTERS: Mapping[int, Callable[[Package, int], bool]] = MappingProxyType(
    {
        0: lambda _package, _state: True,
        1: lambda package, state: state in {0, 1, 2} and not package.scheduled and not package.periodic,
        2: lambda _package, state: state in {3, 4, 5},
        3: lambda package, state: state == 1 and package.scheduled,
        4: lambda package, _state: package.periodic,
        5: lambda _package, state: state == 6,
        6: lambda _package, state: state == -4,
        7: lambda _package, state: state in {-3, -2, -1},
    }
)


def package_list(account: Account, query: ListQuery, now: datetime, pace: Pace) -> dict[str, Any]:
    """Source: GET/POST /sms/list. Newest first."""
    within = _range(query)
    chosen = []
    for package in _named(account, query):
        states = package.states(now, pace)
        if within(package.due) and _matches(package, state_of_package(package, states), query):
            chosen.append((package, states))
    return _page(chosen, query, lambda pair: _package(*pair))


def item_list(package: Package, query: ItemQuery, now: datetime, pace: Pace) -> dict[str, Any]:
    """Source: GET/POST /sms/list-item"""
    states = package.states(now, pace)
    set_state = SET_STATES[state_of_package(package, states)]
    chosen = [
        (item, state)
        for item, state in zip(package.items, states, strict=True)
        if (not query.target or query.target in item.target)
        and query.operator in {None, item.operator}
        and query.state in {None, state}
    ]
    return _page(chosen, query, lambda pair: _item(package, *pair, set_state, pace))


def sender_list(senders: Iterable[Sender], query: SenderQuery) -> dict[str, Any]:
    """Source: GET/POST /sms/list-sender"""
    word = (query.keyword or "").casefold()
    chosen = [sender for sender in senders if word in sender.title.casefold() and query.status in {None, sender.status}]
    return _page(chosen, query, lambda sender: {"uuid": sender.uuid, "status": sender.status, "title": sender.title})


def summary(account: Account, query: Ranged, now: datetime, pace: Pace) -> dict[str, int]:
    """Source: GET/POST /sms/summary. All but rCount in parts."""
    within = _range(query)
    pairs = [
        (item, package.state_of(item, now, pace), package)
        for package in account.packages.values()
        if within(package.due)
        for item in package.items
    ]

    def in_states(*states: int) -> int:
        return sum(item.parts for item, state, _ in pairs if state in states)

    return {
        "total": sum(item.parts for item, _, _ in pairs),
        "delivered": in_states(DELIVERED),
        "undelivered": in_states(*FAILED),
        "pending": in_states(SENDING, SENT),
        "rCount": len(pairs),
        "credit": sum(package.credit for package in {id(package): package for _, _, package in pairs}.values()),
    }


def inquiry(account: Account, query: InquiryQuery, now: datetime, pace: Pace) -> dict[str, Any]:
    """Source: GET/POST /sms/inquiry-number. The last month unless given, three months at most."""
    start, finish = _ends(query)
    finish = finish or now + timedelta(days=1)
    start = start or finish - MONTH
    if finish - start > THREE_MONTHS:
        raise Refusal("ERR_INVALID_DATE_RANGE")
    chosen = [
        _inquired(account, package, item, package.state_of(item, now, pace), pace)
        for package in _newest(account.packages.values())
        if start <= package.due <= finish and query.sender in {None, "", package.sender}
        for item in package.items
        if item.target == query.gsm
    ]
    return {"stats": {"totalRecord": len(chosen)}, "list": chosen}


def push_body(user_id: int, package: Package, now: datetime, pace: Pace) -> dict[str, Any]:
    """What a client's URL is told when a package is done. Its names differ from those of the lists. Source: clients."""
    states = package.states(now, pace)
    statistics = _statistics(package, states)
    return {
        "userID": user_id,
        "pkg": {
            "id": package.id,
            "state": state_of_package(package, states),
            "statistics": {key: statistics[key] for key in ("total", "delivered", "undelivered")},
        },
        "items": [
            {"id": str(item.id), "nr": item.target, "status": state, "lastUpdate": dates.shown(now)}
            for item, state in zip(package.items, states, strict=True)
        ],
    }


def _page(chosen: Sequence[T], query: Paged, show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    size = query.page_size or DEFAULT_PAGE
    first = (query.page_index or 0) * size
    return {"stats": {"totalRecord": len(chosen)}, "list": [show(each) for each in chosen[first : first + size]]}


def _ends(query: Ranged) -> tuple[datetime | None, datetime | None]:
    start, finish = (text and dates.parse(text, dates.MINUTES) for text in (query.start_date, query.finish_date))
    if (query.start_date and not start) or (query.finish_date and not finish):
        raise bad_request("startDate, finishDate: yyyy-MM-dd HH:mm")
    if start and finish and start > finish:
        raise Refusal("ERR_INVALID_DATE_RANGE")
    return start or None, finish or None


def _range(query: Ranged) -> Callable[[datetime], bool]:
    """Whole minutes, both ends included."""
    start, finish = _ends(query)
    behind = finish + timedelta(minutes=1) if finish else None
    return lambda moment: (start is None or moment >= start) and (behind is None or moment < behind)


def _newest(packages: Iterable[Package]) -> list[Package]:
    return sorted(packages, key=lambda package: package.id, reverse=True)


def _named(account: Account, query: ListQuery) -> list[Package]:
    """The packages that the query names one by one, or all."""
    packages: Iterable[Package] = account.packages.values()
    if query.ids is not None:
        packages = [account.packages[each] for each in set(query.ids) if each in account.packages]
    if query.custom_ids is not None:
        wanted = set(query.custom_ids)
        packages = [package for package in packages if package.custom_id in wanted]
    return _newest(packages)


def _matches(package: Package, state: int, query: ListQuery) -> bool:
    word = (query.keyword or "").casefold()
    return (
        FILTERS[query.status or 0](package, state)
        and query.sender in {None, "", package.sender}
        and (not word or any(word in text.casefold() for text in (package.content, *(item.text for item in package.items))))
    )


def _statistics(package: Package, states: Sequence[int]) -> dict[str, int]:
    return {
        "total": sum(item.parts for item in package.items),
        "credit": package.credit,
        "rCount": len(package.items),
        "delivered": sum(state == DELIVERED for state in states),
        "undelivered": sum(state in FAILED for state in states),
    }


def _package(package: Package, states: Sequence[int]) -> dict[str, Any]:
    made, changed = dates.shown_exactly(package.created), dates.shown_exactly(package.cancelled or package.created)
    return {
        "id": package.id,
        "customID": package.custom_id,
        "type": package.type,
        "uuid": package.uuid,
        "error": None,
        "state": state_of_package(package, states),
        "title": package.title,
        "content": package.content,
        "senders": [package.sender],
        "encoding": package.encoding,
        "validity": package.validity,
        "statistics": _statistics(package, states),
        "isScheduled": int(package.scheduled),
        "sendingDate": dates.shown(package.due),
        "processInfo": {"create": {"date": made}, "update": {"date": changed}},
    }


def _item(package: Package, item: Item, state: int, set_state: int, pace: Pace) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "msg": item.own_text,
        "error": item.error or (0 if state == UNDELIVERED else None),  # the document's own sample has 0 there
        "credit": 0 if item.error else item.parts,
        "state": state,
        "sender": package.sender,
        "target": item.target,
        "setState": set_state,
        "sendingDate": dates.shown(item.due),
        "deliveryDate": dates.shown(package.delivery_date(item, state, pace)),
        "processingDate": dates.shown_exactly(package.processing_date(item, state, pace)),
    }


def _inquired(account: Account, package: Package, item: Item, state: int, pace: Pace) -> dict[str, Any]:
    return {
        "userUUID": account.uuid,
        "username": account.name,
        "sender": package.sender,
        "encoding": package.encoding,
        "validity": package.validity,
        "sendingDate": dates.shown(item.due),
        "pkgID": package.id,
        "pkgType": package.type,
        "state": state,
        "msg": item.text,
        "operator": item.operator,
        "deliveryDate": dates.shown(package.delivery_date(item, state, pace)),
    }
