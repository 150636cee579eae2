"""The contract, for every vendor in every way to speak to it: through the real engine, over HTTP, against the vendor's sandbox.

A vendor that is added to the registry is tested by that; all it has to bring is tests/vendors/<kind>_cases.py.
"""

from __future__ import annotations

import hashlib
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import trustme

from bridge.domain.capability import Feature
from bridge.domain.http import HttpRequest, HttpResponse
from bridge.domain.message import Encoding
from bridge.errors import BridgeError, CallError, ErrorCode, Language, NotSent, OutcomeUnknown, VendorRefused
from bridge.sandbox import build, serve_in_thread
from bridge.vendors.registry import BUILT_IN
from tests.log_capture import captured_log
from tests.vendors.contract import (
    BROKEN,
    CALLS,
    NUMBER,
    OTHER_NUMBER,
    PASSWORD,
    REFUSED,
    SENDER,
    TEXT,
    UNKNOWN,
    USERNAME,
    Call,
    Control,
    Exchanged,
    Refused,
    Rig,
    Step,
    Way,
    all_ways,
    body_of,
    cases_of,
)
from tests.waiting import PATIENCE

WAYS = all_ways()
AFTER = "_after_accept"
# three encodings; with that of 0 either the bridge transliterates, or the vendor does and the bridge changes nothing
TURKISH = 'Şişli\'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> "5 > 3" € \n ikinci satır'
TRANSLITERATED = 'Sisli\'de agac golgesi: GUSIOC igusoc & <b> "5 > 3" € \n ikinci satir'


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vendors") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session", params=WAYS, ids=str)
def sandbox(request: pytest.FixtureRequest) -> Iterator[SimpleNamespace]:
    way: Way = request.param
    with (
        serve_in_thread(build(way.kind, options=cases_of(way).sandbox())) as running,
        httpx.Client(base_url=running.base_url, timeout=PATIENCE, trust_env=False, verify=False) as client,
    ):
        yield SimpleNamespace(way=way, base_url=running.base_url, control=Control(client))


@pytest.fixture
async def rig(sandbox: SimpleNamespace, ca_file: Path) -> AsyncIterator[Rig]:
    sandbox.control.post("reset")
    rig = Rig(sandbox.way, sandbox.base_url, sandbox.control, ca_file)
    yield rig
    await rig.close()


def only_for(rig: Rig, *features: Feature) -> None:
    if missing := set(features) - rig.type.features:
        pytest.skip(f"{rig.kind} does not declare {', '.join(feature.name for feature in missing)}")


def once(rig: Rig, fault: str) -> bool:
    """Whether the fault makes the bridge run out of patience, which is tried in one way of the vendor's. Skips the others."""
    if fault != "timeout":
        return False
    if not rig.way.is_first:
        pytest.skip("waiting does not depend on the way")
    return True


def test_every_feature_has_a_call():
    assert CALLS.keys() == set(Feature)


# what a vendor declares


@pytest.mark.parametrize("feature", [feature for feature, call in CALLS.items() if call.sends])
async def test_a_declared_feature_of_sending_works(rig, feature):
    only_for(rig, feature)
    operation, fields, sends = CALLS[feature]
    ids = await rig.submit(operation, fields)
    assert rig.control.sent() == rig.arrives(*sends)
    assert set(rig.control.package_ids()) == set(map(str, ids))


async def test_declared_lists_work(rig):
    only_for(rig, Feature.PACKAGES, Feature.ITEMS)
    package_id = await rig.call(*CALLS[Feature.ONE_TEXT][:2])
    packages = await rig.call("getSmsPackages", {"ids": [package_id]})
    assert [package.id for package in packages.rows] == [package_id]
    assert packages.total_record == 1
    items = await rig.call("getSmsPackageItems", {"pkgID": package_id})
    assert {item.target for item in items.rows} == {number for number, _ in CALLS[Feature.ONE_TEXT].sends}


async def test_declared_reports_work(rig):
    only_for(rig, Feature.REPORTS)
    message = rig.message()
    reports = await rig.report(await rig.send(message), message)
    assert [report.number for report in reports] == [NUMBER]
    rig.control.post("clock", {"advance_seconds": 60})
    (report,) = await rig.report(int(rig.control.package_ids()[0]), message)
    assert (report.state, report.at is not None) == (3, rig.cases.reports_say_when)


async def test_declared_credit_and_senders_work(rig):
    if Feature.CREDIT in rig.type.features:
        assert await rig.call("getUserCredit", {}) == 316807
    if Feature.SENDERS in rig.type.features:
        assert SENDER in {sender.title for sender in (await rig.call("getSmsSenders", {})).rows}


async def test_declared_cancel_works(rig):
    only_for(rig, Feature.CANCEL)
    package_id = await rig.call(*CALLS[Feature.SCHEDULE if Feature.SCHEDULE in rig.type.features else Feature.ONE_TEXT][:2])
    assert await rig.call("cancelSmsPackage", {"id": package_id}) == 1


async def test_a_declared_custom_id_names_the_package(rig):
    only_for(rig, Feature.CUSTOM_ID, Feature.PACKAGES)
    package_id = await rig.call(*CALLS[Feature.CUSTOM_ID][:2])
    (package,) = (await rig.call("getSmsPackages", {"customIDs": ["a1b2c3"]})).rows
    assert (package.id, package.custom_id) == (package_id, "a1b2c3")


async def test_the_bridges_own_custom_id_is_not_shown(rig):
    only_for(rig, Feature.PACKAGES)
    await rig.call(*CALLS[Feature.ONE_TEXT][:2])
    (package,) = (await rig.call("getSmsPackages", {})).rows
    assert package.custom_id is None


# what it does not declare


# a client asks for all but these two
OF_CLIENTS = [feature for feature in Feature if feature not in (Feature.LOOK_UP, Feature.REPORTS)]


@pytest.mark.parametrize("feature", OF_CLIENTS)
async def test_an_undeclared_feature_is_refused_before_any_request(rig, feature):
    call: Call = CALLS[feature]
    account = rig.account(rig.new_vendor(rig.base_url, without=feature))
    with pytest.raises(CallError) as raised:
        await rig.call(call.operation, call.fields, account)
    assert (raised.value.code, raised.value.status) == (ErrorCode.BAD_REQUEST, 400)
    assert not isinstance(raised.value, VendorRefused)
    for language in Language:
        assert rig.kind in raised.value.text(language)
        assert feature.field in raised.value.text(language)
    assert rig.control.requests() == []


async def test_a_vendor_that_cannot_look_up_is_not_asked_to(rig):
    account = rig.account(rig.new_vendor(rig.base_url, without=Feature.LOOK_UP))
    rig.control.fault("error_500_after_accept")
    with pytest.raises(CallError) as raised:
        await rig.call(*CALLS[Feature.LOOK_UP][:2], account)
    assert raised.value.code == ErrorCode.INTERNAL_SERVER
    assert len(rig.control.requests()) == len(rig.control.sent()) == 1


# what becomes of a send


@pytest.mark.parametrize("fault", [*REFUSED, *BROKEN])
@pytest.mark.parametrize("accepted", [False, True], ids=["before", "after accepting"])
async def test_a_spoilt_answer_gives_the_right_outcome_and_no_second_request(rig, fault, accepted):
    rig.control.fault(fault + (AFTER if accepted else ""))
    with pytest.raises(VendorRefused if fault in REFUSED else OutcomeUnknown):
        await rig.send(rig.message(), hasty=once(rig, fault))
    assert rig.control.sent() == rig.arrives((NUMBER, TEXT)) * accepted
    assert len(rig.control.requests()) == 1


async def test_a_refusal_is_certain_and_has_its_code(rig):
    assert rig.cases.refusals, "the cases try no refusal"
    for name, code in rig.cases.refusals.items():
        rig.control.fault("refuse", code=name)
        with pytest.raises(VendorRefused) as raised:
            await rig.send(rig.message())
        assert raised.value.code == code, name
    assert rig.control.sent() == []


async def test_a_late_answer_is_an_answer(rig):
    rig.control.fault("slow", seconds=0.3)
    package_id = await rig.send(rig.message())
    assert rig.control.package_ids() == [str(package_id)]


async def test_a_wrong_password_is_a_refusal(rig):
    with pytest.raises(VendorRefused) as raised:
        await rig.call(*CALLS[Feature.ONE_TEXT][:2], rig.account(password="wrong"))
    assert (raised.value.code, raised.value.status) == (ErrorCode.UNAUTHORIZED_REQUEST, 401)
    assert rig.control.sent() == []


async def test_a_refused_connection_is_not_sent(rig):
    with socket.socket() as silent:  # bound, but nobody listens: the port is taken and refuses
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent):
            await rig.send(rig.message(), vendor=rig.new_vendor(f"http://127.0.0.1:{silent.getsockname()[1]}/"))


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_send_whose_answer_was_lost_is_found_again(rig, fault):
    only_for(rig, Feature.LOOK_UP)
    rig.control.fault(fault + AFTER)
    package_id = await rig.call(*CALLS[Feature.LOOK_UP][:2], rig.account(hasty=once(rig, fault)))
    assert rig.control.package_ids() == [str(package_id)]


async def test_a_send_that_did_not_arrive_is_not_found_and_not_sent_again(rig):
    only_for(rig, Feature.LOOK_UP)
    rig.control.fault("error_502")
    with pytest.raises(CallError) as raised:
        await rig.call(*CALLS[Feature.LOOK_UP][:2])
    assert raised.value.code == ErrorCode.INTERNAL_SERVER
    assert rig.control.sent() == []


async def test_a_look_up_finds_the_message_and_no_other(rig):
    only_for(rig, Feature.LOOK_UP)
    message = rig.message()
    assert await rig.find(message) is None
    await rig.send(rig.message(number=OTHER_NUMBER))
    await rig.send(rig.message(content="Another text"))
    await rig.send(rig.message(sendingType=1, numbers=[NUMBER, OTHER_NUMBER]))
    assert await rig.find(message) is None
    sent = await rig.send(message)
    assert await rig.find(message) == sent
    if not rig.vendor.keeps_packages:  # it has no name for a message, so that one like it is the same
        await rig.send(message)
        with pytest.raises(OutcomeUnknown):
            await rig.find(message)


async def test_a_look_up_finds_messages_of_every_kind(rig):
    only_for(rig, Feature.LOOK_UP, Feature.TCKN, Feature.OTP)
    kinds = [
        rig.message(sendingType=1, numbers=[f"90532{number:07}" for number in range(30)]),
        rig.message(type=0),
        rig.message(type=2, number="10000000146", content="To a national id"),
        *(rig.message(content=f"{encoding.name} {TURKISH}", encoding=encoding.value) for encoding in Encoding),
    ]
    for message in kinds:
        sent = await rig.send(message)
        assert await rig.find(message) == sent


async def test_a_look_up_among_texts_of_their_own_is_never_sure(rig):
    only_for(rig, Feature.LOOK_UP, Feature.OWN_TEXTS)
    if rig.vendor.keeps_packages:
        pytest.skip(f"{rig.kind} has a name for a message")
    items = [{"nr": NUMBER, "msg": TEXT}, {"nr": OTHER_NUMBER, "msg": "B"}]
    message = rig.message(sendingType=2, numbers=items)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await rig.find(message)
        await rig.send(message)


async def test_answers_of_other_forms_are_read_alike(rig):
    if not rig.cases.answer_forms:
        pytest.skip(f"{rig.kind} answers in one form")
    for name, value in rig.cases.answer_forms:
        rig.control.post("reset")
        rig.control.post("options", {"name": name, "value": value})
        await check_all(rig, f"{name}={value}")


async def check_all(rig: Rig, form: str) -> None:
    """Every operation of a vendor that keeps no packages, once."""
    message = rig.message(sendingType=1, numbers=[NUMBER, OTHER_NUMBER])
    await rig.send(rig.message(content="Another text"))
    sent = await rig.send(message)
    assert str(sent) == rig.control.package_ids()[-1], form
    rig.control.post("clock", {"advance_seconds": 60})
    reports = [(report.number, report.state) for report in await rig.report(sent, message)]
    assert reports == [(NUMBER, 3), (OTHER_NUMBER, 3)], form
    if Feature.LOOK_UP in rig.type.features:
        assert await rig.find(message) == sent, form
        assert await rig.find(rig.message(content="A third text")) is None, form
    assert await rig.call("getUserCredit", {}) == 316807 - len(rig.control.sent()), form
    assert [sender.title for sender in (await rig.call("getSmsSenders", {})).rows] == [SENDER], form
    with pytest.raises(VendorRefused) as raised:
        await rig.call("getUserCredit", {}, rig.account(password="wrong"))
    assert raised.value.code == ErrorCode.UNAUTHORIZED_REQUEST, form


# what becomes of a question


@pytest.mark.parametrize("fault", [*REFUSED, *BROKEN])
async def test_a_question_without_a_usable_answer_can_be_asked_later(rig, fault):
    only_for(rig, Feature.CREDIT)
    rig.control.fault(fault)
    with pytest.raises(CallError) as raised:
        await rig.call("getUserCredit", {}, rig.account(hasty=once(rig, fault)))
    expected = ErrorCode.CONCURRENT_REQUEST_LIMIT if fault in REFUSED else ErrorCode.SYSTEM_MAINTENANCE
    assert raised.value.code == expected
    assert raised.value.retryable
    assert await rig.call("getUserCredit", {}) == 316807


# states


@pytest.mark.parametrize("feature", [Feature.PACKAGES, Feature.ITEMS])
async def test_every_documented_state_maps_and_an_unknown_one_loses_nothing(rig, feature):
    only_for(rig, feature)
    of_packages = feature is Feature.PACKAGES
    expected = rig.cases.package_states if of_packages else rig.cases.item_states
    answer = rig.cases.packages_answer if of_packages else rig.cases.items_answer
    assert None in expected.values(), "the cases try no unknown word"
    rig.control.fault("answer", body=answer(list(expected)).decode())
    page = await rig.call(*CALLS[feature][:2])
    assert len(page.rows) == page.total_record == len(expected)
    for row, state in zip(page.rows, expected.values(), strict=True):
        assert state is None or row.state == state


async def test_every_documented_state_of_a_report_maps_and_an_unknown_word_is_kept(rig):
    only_for(rig, Feature.REPORTS)
    expected = rig.cases.item_states
    assert None in expected.values(), "the cases try no unknown word"
    for answer in rig.cases.reports_answers(list(expected)):
        rig.control.fault("answer", body=answer.decode())
    reports = await rig.report(1, rig.message())
    assert len(reports) == len(expected)
    for report, (word, state) in zip(reports, expected.items(), strict=True):
        assert (report.state, report.raw) == (state, str(word))


# texts


@pytest.mark.parametrize("encoding", Encoding)
async def test_turkish_and_markup_survive(rig, encoding):
    await rig.send(rig.message(content=TURKISH, encoding=encoding.value))
    plain = rig.cases.transliterates and encoding is Encoding.ASCII
    assert rig.control.sent() == rig.arrives((NUMBER, TRANSLITERATED if plain else TURKISH))


async def test_turkish_and_markup_survive_in_own_texts(rig):
    only_for(rig, Feature.OWN_TEXTS)
    items = [{"nr": "905321239871", "msg": TURKISH}, {"nr": NUMBER, "msg": "Ünlü"}]
    await rig.submit("sendSms", {**CALLS[Feature.OWN_TEXTS].fields, "numbers": items, "encoding": 2})
    assert rig.control.sent() == rig.arrives(("905321239871", TURKISH), (NUMBER, "Ünlü"))


# nothing secret is shown

MARKS = (
    PASSWORD,
    hashlib.md5(PASSWORD.encode()).hexdigest(),
    b64encode(f"{USERNAME}:".encode())[:6].decode(),  # of any HTTP Basic
    NUMBER,
    NUMBER[2:],
    TEXT,
    TEXT[:11],
)


def shown(error: BridgeError) -> list[str]:
    """Everything that an error says of itself."""
    texts = [error.text(language) for language in Language] if isinstance(error, CallError) else []
    return [repr(error), str(error), repr(error.args), repr(vars(error)), *texts]


async def test_no_secret_number_or_text_is_shown(rig):
    texts: list[str] = []
    with captured_log() as log:
        broken = [fault for fault in BROKEN if fault != "timeout" or rig.way.is_first]
        for fault in (None, *REFUSED, *broken, *(name + AFTER for name in BROKEN if name != "timeout")):
            if fault:
                rig.control.fault(fault)
            message = rig.message()
            texts.append(repr(message))
            try:
                await rig.send(message, hasty=fault is not None and fault.startswith("timeout"))
            except BridgeError as error:
                texts += shown(error)
        with pytest.raises(VendorRefused) as raised:
            await rig.call(*CALLS[Feature.ONE_TEXT][:2], rig.account(password=f"{PASSWORD}-wrong"))
    texts += [*shown(raised.value), repr(rig.account()), repr(rig.credentials), str(rig.credentials), repr(rig.vendor)]
    texts += [repr(passed) for passed in rig.engine.passed]
    texts.append(log.getvalue().decode())
    assert not [mark for mark in MARKS if any(mark in text for text in texts)]


# the table of each vendor

EXCHANGES = [
    pytest.param(way, case, id=f"{way}-{case.name}")
    for way in WAYS
    if find_spec(f"tests.vendors.{way.kind}_cases")
    for case in cases_of(way).exchanges
]


@pytest.mark.parametrize(("way", "case"), EXCHANGES)
def test_what_the_vendor_gets_and_what_is_read_of_its_answer(way: Way, case: Exchanged):
    cases, vendor_type = cases_of(way), BUILT_IN[way.kind]
    settings = vendor_type.settings_type.model_validate({**cases.settings("http://vendor.example/"), **case.settings})
    login = cases.credentials("user", PASSWORD) if case.credentials is None else case.credentials
    exchange = case.ask(vendor_type(settings), vendor_type.credentials_type.model_validate(login))
    assert given_by(exchange, case) == case.gives


def given_by(exchange: Any, case: Exchanged) -> Any:
    """What the exchange ends with, when it asks for each step of the case and no more."""
    asked = 0
    try:
        request = next(exchange)
        for step in case.steps:
            check_request(request, step)
            asked += 1
            request = exchange.send(HttpResponse(step.answer[0], {}, step.answer[1]))
        raise AssertionError(f"the exchange goes on: {request.url} {request.body!r}")
    except StopIteration as end:
        value: Any = end.value
    except VendorRefused as error:
        value = Refused(error.code, error.status, error.message)
    except OutcomeUnknown:
        value = UNKNOWN
    assert asked == len(case.steps)
    return value


def check_request(request: HttpRequest, step: Step) -> None:
    assert (request.method, request.url) == (step.method, f"http://vendor.example/{step.path}")
    assert body_of(request) == step.body
    if step.headers is not None:
        assert {name.lower(): value for name, value in request.headers} == step.headers
