"""What a line holds, and above all what it does not."""

import asyncio
import dataclasses
import io
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge import log
from bridge.redaction import REDACTED

SECRET = "hunter2-marked"
TEXT = "Marked-Text of a message"
NUMBER = "905321234567"
TELLING_KEYS = (
    "password user_password PASSWORD parola sifre şifre authorization api_key apiKey client_secret token "
    "content text texts msg message body title cookie credentials"
)


@pytest.fixture
def out():
    """Bytes written by a logger set up for JSON; logging is as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    stream = io.BytesIO()
    log.configure("json", "info", stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before


def lines(out):
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object(out):
    log.get_logger("bridge.test").info("sent", pkg_id=1_500_000_001, seconds=0.25, ok=True, at=datetime(2026, 11, 22, tzinfo=UTC))
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "logger": "bridge.test",
        "level": "info",
        "event": "sent",
        "pkg_id": 1_500_000_001,
        "seconds": 0.25,
        "ok": True,
        "at": "2026-11-22 00:00:00+00:00",
    }


def test_levels(out):
    log.get_logger("x").debug("not this")
    log.get_logger("x").warning("this")
    assert [line["event"] for line in lines(out)] == ["this"]


def test_a_logger_follows_a_new_set_up(out):
    logger = log.get_logger("x")
    logger.info("first")
    log.configure("json", "error", out)
    logger.info("not this")
    logger.error("second")
    assert [line["event"] for line in lines(out)] == ["first", "second"]


def test_a_request_id_is_in_every_line_and_stays_whole(out):
    structlog.contextvars.bind_contextvars(request_id="12345678901234567890abcdef")
    log.get_logger("x").info("a")
    logging.getLogger("uvicorn.error").info("b")
    assert [line["request_id"] for line in lines(out)] == ["12345678901234567890abcdef"] * 2


@pytest.mark.parametrize(
    "spelling",
    [
        NUMBER,
        "+90 532 123 45 67",
        "0532-123-45-67",
        "(0532) 123 45 67",
        "0532 - 123 - 45 67",
        "90.532.123.4567",
        "0532\u00a0123\u00a045\u00a067",
        "532\n123\n4567",
        "%2B90%20532%201234567",
        "nr5321234567x",
        "٠٥٣٢١٢٣٤٥٦٧",
        "10000000146",
    ],
)
@pytest.mark.parametrize("form", ["{}", "to {} failed", "<nr>{}</nr>", '{{"nr":"{}"}}', "/send?gsm={}&x=1", "2026-11-22 10:05 {}"])
def test_numbers_in_any_value_are_masked(out, spelling, form):
    value = form.format(spelling)
    log.get_logger("x").info(value, a=value, b=[value], c={"d": {"e": value}}, f={value: 1}, g=(value,))
    written = out.getvalue().decode()
    assert spelling not in written
    assert "123" not in written.replace(lines(out)[0]["timestamp"], "")
    assert "*" in written


@pytest.mark.parametrize("value", [905321234567, 5321234567, 905321234567.0, -5321234567])
def test_a_number_as_an_integer_is_masked(out, value):
    log.get_logger("x").info("sent", a=value)
    assert "532123" not in out.getvalue().decode()


@pytest.mark.parametrize("key", TELLING_KEYS.split())
def test_values_under_telling_keys_are_redacted(out, key):
    log.get_logger("x").info("sent", **{key: SECRET}, a={key: [SECRET]}, b=[{key: {"c": SECRET}}])
    assert SECRET.encode() not in out.getvalue()
    assert lines(out)[0][key] == REDACTED


def test_short_numbers_under_their_keys_are_masked_too(out):
    log.get_logger("x").info("sent", number="3541234", target="905321234567")
    assert lines(out)[0]["number"] == "*******"
    assert lines(out)[0]["target"] == "9053******67"


@pytest.mark.parametrize(
    "value",
    [
        f"http://h/send?user=a&pass={SECRET}",
        f"https://h/send?{SECRET}",
        f"postgresql://user:{SECRET}@host/db",
        f"Authorization: Basic {SECRET}",
        f"bearer {SECRET}",
        f"password={SECRET}&x=1",
        f'{{"password": "{SECRET}"}}',
        f"{{'api_key': '{SECRET}'}}",
        f"<password>{SECRET}</password>",
        f"<ns:content xsi:type='xs:string'>some {SECRET}</ns:content>",
        f"text: some {SECRET}",
        f'"msg":"a \\" {SECRET}"',
    ],
)
def test_secrets_within_a_text_are_redacted(out, value):
    log.get_logger("x").info(value, a=value)
    assert SECRET.encode() not in out.getvalue()


@dataclasses.dataclass
class Telling:
    word: str = SECRET

    def __str__(self):
        return SECRET


class Colour(IntEnum):
    RED = 1


def test_objects_show_their_type_only(out):
    log.get_logger("x").info(
        "sent", a=Telling(), b=[Telling()], c=SECRET.encode(), d=ValueError(SECRET), e=Colour.RED, f=Path("/etc/x")
    )
    (line,) = lines(out)
    assert SECRET.encode() not in out.getvalue()
    assert (line["a"], line["b"], line["c"], line["d"]) == ("<Telling>", ["<Telling>"], "<14 bytes>", "<ValueError>")
    assert (line["e"], line["f"]) == (1, "/etc/x")


def test_long_and_deep_values_are_cut(out):
    deep: dict = {}
    deep["a"] = deep
    log.get_logger("x").info("x" * 5_000, many=["a"] * 1_000, deep=deep)
    log.get_logger("x").info("x " * 995 + NUMBER)  # the cut goes through the number
    assert len(out.getvalue()) < 5_000
    assert "<list of 1000>" in out.getvalue().decode()
    assert "905321" not in out.getvalue().decode()


def test_what_json_cannot_say_is_written_all_the_same(out):
    log.get_logger("x").info("half \ud800", a=float("nan"), b={1: 2}, c=10**30, **{"key \ud800": 1})
    assert lines(out)[0]["event"] == "half \\ud800"


def test_a_line_feed_begins_no_line(out):
    log.configure("console", "info", out)
    log.get_logger("x").info("a\nb", c="d\ne\x1b[31m")
    assert out.getvalue().count(b"\n") == 1
    assert b"\x1b" not in out.getvalue()


def fail():
    password = SECRET  # noqa: F841
    raise ValueError(f"{SECRET} {NUMBER} {TEXT}")


def assert_failure_without_secrets(out):
    written = out.getvalue().decode()
    assert "ValueError" in written
    assert "test_log.py:" in written
    assert "fail" in written
    for secret in (SECRET, NUMBER, TEXT):
        assert secret not in written


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("way", ["exception", "exc_info", "stdlib", "stdlib-argument", "stdlib-message"])
def test_an_exception_is_its_type_and_frames(out, form, way):
    log.configure(form, "info", out)
    try:
        fail()
    except ValueError as error:
        match way:
            case "exception":
                log.get_logger("x").exception("failed", stack_info=True)
            case "exc_info":
                log.get_logger("x").error("failed", exc_info=error)
            case "stdlib":
                logging.getLogger("x").exception("failed")
            case "stdlib-argument":
                logging.getLogger("x").exception("failed: %s", error)  # noqa: TRY401
            case "stdlib-message":
                logging.getLogger("x").exception(error)  # noqa: TRY401
    assert_failure_without_secrets(out)


def test_causes_and_groups_are_named(out):
    try:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup(SECRET, [KeyError(SECRET)]) from error
    except ExceptionGroup:
        log.get_logger("x").exception("failed")
    assert_failure_without_secrets(out)
    kinds = [part.partition(":")[0] for part in lines(out)[0]["failure"]]
    assert kinds == ["ExceptionGroup", "KeyError", "ValueError"]


def test_causes_in_a_circle(out):
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    log.get_logger("x").error("failed", exc_info=one)
    assert len(lines(out)[0]["failure"]) == 2


def test_uncaught_exceptions(out):
    log.install_hooks()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert len(lines(out)) == 2
    assert_failure_without_secrets(out)


async def _annoy_asyncio():
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda _: fail(), SECRET)
    task = loop.create_task(asyncio.sleep(0, Telling()))
    loop.call_exception_handler({"message": f"x ({SECRET})", "future": task, "exception": ValueError(SECRET)})
    await task


def test_asyncio_says_no_argument_and_no_exception(out):
    asyncio.run(_annoy_asyncio())
    assert [line["event"] for line in lines(out)] == ["x", "Exception in callback _annoy_asyncio."]
    assert_failure_without_secrets(out)


def test_libraries_are_heard_from_warning_on_and_uvicorn_from_the_level(out):
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 4711)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1", "GET", f"/x?p={SECRET}", "1.1", 200)
    logging.getLogger("httpx").info("HTTP Request: POST http://h/x?pass=%s", SECRET)
    logging.getLogger("spyne").debug(SECRET)
    logging.getLogger("spyne").warning("heard")
    assert [line["event"] for line in lines(out)] == ["Started server process [4711]", "heard"]


def test_arguments_that_do_not_fit(out):
    record = logging.makeLogRecord({"msg": "%s to %s", "args": (SECRET,), "name": "x", "levelname": "ERROR"})
    logging.getLogger().handlers[0].handle(record)
    assert [line["event"] for line in lines(out)] == ["%s to %s"]


def test_a_closed_stream_fails_nobody(out):
    out.close()
    log.get_logger("x").info("lost")
    logging.getLogger("x").error("lost")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_any_value_can_be_logged(value):
    stream = io.BytesIO()
    log.configure("json", "info", stream)
    try:
        log.get_logger("x").info("x", value=value)
        logging.getLogger().handlers[0].handle(logging.makeLogRecord({"name": "y", "msg": "%s", "args": (value,)}))
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()
    assert [line["logger"] for line in lines(stream)] == ["x", "y"]


def test_a_line_is_cheap(out):
    """Functions that are called, Python's and C's: it is told in calls because the time of a test is nobody's."""
    logger, calls = log.get_logger("bridge.test"), []
    logger.info("the first makes the logger")
    sys.setprofile(lambda _frame, event, _argument: calls.append(event))
    logger.info("sms accepted", pkg_id=1, vendor="main", recipients=1, milliseconds=12.5)
    sys.setprofile(None)
    assert sum(event in ("call", "c_call") for event in calls) < 80
