"""Logging: one line an event, JSON or for the eye, on stderr; nothing of what it must not say.

Facts:
- Message texts, passwords and whole numbers must not reach a log, also not by way of an exception's message, the repr of an
  object, a URL's query, or a library's own logger. asyncio, for one, puts the repr of arguments and exceptions into its lines.
- At thousands of requests a second a line has to be cheap: 5 to 10 us with structlog's filtering logger, bound once, and orjson.

Strategy:
- Whoever logs says only what may be said. `_redact` is the last resort behind that: it knows keys, shapes and types, and lets
  nothing through that it does not know.
- The standard library's loggers (uvicorn, asyncio ..) pass through the same steps.
- An exception is its type and its frames.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, cast
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor

from bridge.domain.phone import mask

__all__ = ["LogFormat", "LogLevel", "configure", "get_logger", "install_hooks", "redact_text"]

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

REDACTED: Final = "[redacted]"

# written by the steps below or by the bridge itself; a random id may hold ten digits in a row
_TRUSTED_KEYS = frozenset({"timestamp", "level", "logger", "request_id"})
_SECRET_KEYS = re.compile(
    r"passw|parola|[sş]ifre|secret|token|authori[sz]|api[-_]?key|credential|cookie"
    r"|^(?:pass|pwd|contents?|texts?|msgs?|messages?|body|payload|title|keyword)$",
    re.IGNORECASE,
)
_NUMBER_KEYS = re.compile(r"^(?:numbers?|nr|nrs|target|gsm|msisdn|phone|tckn)$", re.IGNORECASE)

_MIN_DIGITS = 10
_MARKS = r"\xad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # invisible, from contact lists
_BETWEEN_DIGITS = rf"(?:[\s().+/_\u2010-\u2015{_MARKS}-]|%20|%2[BbDd]){{0,3}}"
_DIGITS = re.compile(rf"\d(?:{_BETWEEN_DIGITS}\d){{{_MIN_DIGITS - 1},}}")
# what has as many digits and is no number: a date with a time, an IPv4 address
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DATE_OR_ADDRESS = re.compile(
    rf"\b\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?\b|(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])", re.ASCII
)

_TELLING_WORDS = r"(?:\w*(?:passw|parola|[sş]ifre|secret|token|authori[sz]|api[-_]?key)\w*|pass|pwd|content|text|msg|message)"
# (what a text must hold in lower case for the rule to be tried, where, what instead); the first is the cheap part
_MAY_HOLD_SECRET = re.compile(r"[=:>]|asic |earer ")
_SECRETS_IN_TEXT = (
    (re.compile(r"\?"), re.compile(r"(https?://[^\s?\"'<>]*\?)[^\s\"'<>]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"@"), re.compile(r"(://)[^\s/@]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"basic|bearer"), re.compile(r"\b(basic|bearer)\s+[\w+/=.~-]{4,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"<"), re.compile(rf"(<(?:\w+:)?{_TELLING_WORDS}\b[^<>]*>)[^<]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (
        re.compile(r"pass|pwd|parola|[sş]ifre|secret|token|authori|api[-_]?key|content|text|msg|message"),
        re.compile(
            rf"(\b{_TELLING_WORDS}[\"']?\s*[=:]\s*)(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^&<]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
)

_MAX_TEXT = 2_000
_MAX_ITEMS = 20
_MAX_DEPTH = 4
_MAX_FRAMES = 30
_MAX_ID = 2**31  # package ids are below it, ten-digit mobiles above

# libraries whose info and debug lines show requests: URLs with queries, envelopes
_THIRD_PARTY_LEVEL = logging.WARNING


def configure(format: LogFormat = "json", level: LogLevel = "info", stream: BinaryIO | None = None) -> None:  # noqa: A002  # as the setting
    """Sets up structlog and the standard library's logging. Called once, before the first line.

    format: "json" gives one object a line; "console" lines for the eye.
    level: the least that is written; for libraries other than uvicorn at least "warning".
    stream: where bytes go, instead of stderr.
    """
    out = stream or sys.stderr.buffer
    steps = _steps(format, colours=out.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda name="bridge": _Lines(out, name),
    )
    for logger in _loggers.values():
        logger.forget()
    _take_over_stdlib(_Handler(steps, out), threshold)


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger whose lines carry `logger: name`. May be taken at import, before `configure`."""
    return cast("FilteringBoundLogger", _loggers.setdefault(name, _Logger(name)))


def install_hooks() -> None:
    """Sends uncaught exceptions of the program and of threads through the log, without their messages. For the command line."""
    log = get_logger("bridge")

    def of_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("uncaught exception", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            of_program(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = of_program
    threading.excepthook = of_thread


def redact_text(text: str) -> str:
    """The text with runs of ten or more digits masked and with what looks like a secret or a query replaced; at most 2,000 long.

    Numbers are also found when spelled with spaces, dashes, dots, parentheses or percent signs, and in any script's digits.
    """
    cut = len(text) > _MAX_TEXT
    if not cut and text.replace(" ", "").isalpha():  # most are such
        return text
    if cut:
        text = text[: _MAX_TEXT + 100]  # a number that the second cut would split is whole when it is masked
    if _DIGITS.search(text):
        text = _mask_digits(text)
    if _MAY_HOLD_SECRET.search(text):
        lowered = text.lower()
        for sign, pattern, replacement in _SECRETS_IN_TEXT:
            if sign.search(lowered):
                text = pattern.sub(replacement, text)
    if cut:
        text = text[:_MAX_TEXT] + ".."
    return text if text.isprintable() else _escape(text)


class _Logger:
    """A structlog logger that binds itself at its first line and keeps its methods: structlog's own proxy takes 1 us a call.

    It forgets them when logging is set up anew, so that a module's logger made at import follows.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, attribute: str) -> object:
        method = getattr(structlog.get_logger(self.name).bind(), attribute)
        if structlog.is_configured():
            self.__dict__[attribute] = method
        return method

    def forget(self) -> None:
        self.__dict__ = {"name": self.name}


_loggers: dict[str, _Logger] = {}


class _Lines:
    """Writes lines of bytes. What cannot be written is lost: a full disk or a closed pipe must not fail a request."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def line(self, line: bytes) -> None:
        try:
            self._stream.write(line + b"\n")  # one call, so that threads do not mix their lines
            self._stream.flush()
        except (OSError, ValueError):
            pass

    debug = info = warning = warn = error = critical = exception = fatal = line


class _Head:
    """Adds `logger`, `level` and `timestamp` (UTC, milliseconds), which is formatted once a second: it costs 2 us."""

    def __init__(self) -> None:
        self._second = (0, "")

    def __call__(self, logger: _Lines, name: str, event: EventDict) -> EventDict:
        now = time.time()
        second, text = self._second
        if second != int(now):
            second = int(now)
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)  # one assignment, so that threads see both or neither
        event["timestamp"] = f"{text}.{int(now * 1000) % 1000:03d}Z"
        event["level"] = name
        event["logger"] = logger.name
        return event


class _Handler(logging.Handler):
    """Takes the standard library's records through the steps of all other lines."""

    def __init__(self, steps: Sequence[Processor], stream: BinaryIO) -> None:
        super().__init__()
        self._steps = tuple(steps)  # structlog's tests change its own list in place
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        lines = _Lines(self._stream, record.name)
        event: Any = {"event": _event_of(record)}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for step in self._steps:
            event = step(lines, record.levelname.lower(), event)
        lines.line(event)


def _take_over_stdlib(handler: logging.Handler, threshold: int) -> None:
    """One handler at the root; uvicorn's own are taken away (run it with log_config=None)."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, _THIRD_PARTY_LEVEL))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    logging.getLogger("uvicorn").setLevel(threshold)
    logging.getLogger("uvicorn.access").setLevel(root.level)  # its lines show queries


def _event_of(record: logging.LogRecord) -> str:
    """A record's text without what libraries put there of arguments and exceptions."""
    if isinstance(record.msg, BaseException):
        return type(record.msg).__name__
    try:
        text = str(record.msg) % _without_exceptions(record.args) if record.args else str(record.msg)
    except (TypeError, ValueError, KeyError):  # arguments that do not fit: the text alone is still worth a line
        text = str(record.msg)
    # asyncio: "Exception in callback f(<arguments>)", "Task exception was never retrieved\nfuture: <.. exception=..>"
    end = r"[\n<(]" if record.name.startswith("asyncio") else r"\n"
    return re.split(end, text.strip(), maxsplit=1)[0].strip()


def _without_exceptions(args: tuple[object, ...] | Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
    if isinstance(args, Mapping):
        return {key: _name_if_exception(value) for key, value in args.items()}
    return tuple(map(_name_if_exception, args))


def _name_if_exception(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _steps(format: LogFormat, *, colours: bool) -> list[Processor]:  # noqa: A002  # as the setting
    shared: list[Processor] = [
        _Head(),
        structlog.contextvars.merge_contextvars,
        _describe_exception,
        _redact,
    ]
    if format == "json":
        return [*shared, _to_json]
    console = structlog.dev.ConsoleRenderer(colors=colours)
    return [*shared, lambda logger, name, event: console(logger, name, event).encode("utf-8", "backslashreplace")]


def _to_json(_logger: object, _name: str, event: EventDict) -> bytes:
    try:
        return orjson.dumps(event)
    except TypeError:  # half a surrogate pair in a string
        return json.dumps(event).encode()


def _describe_exception(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Replaces exc_info by `failure`: type and frames of the exception, then of what caused it."""
    event.pop("stack_info", None)
    if "exc_info" not in event:
        return event
    error = _exception_of(event.pop("exc_info"))
    if error is not None:
        event["failure"] = [f"{_qualified(part)}: {', '.join(_frames(part))}" for part in _chain(error)]
    return event


def _exception_of(exc_info: ExcInfo | BaseException | bool | None) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exception() if exc_info else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, the members of a group, and the causes as Python itself would print them."""
    seen: set[int] = set()
    todo = [error]
    while todo and len(seen) < _MAX_ITEMS:
        part = todo.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        cause = part.__cause__ or (None if part.__suppress_context__ else part.__context__)
        todo += [*(part.exceptions if isinstance(part, BaseExceptionGroup) else ()), *([cause] if cause else [])]


def _qualified(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _frames(error: BaseException) -> list[str]:
    """`package/file.py:12 function`, the innermost last."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)[-_MAX_FRAMES:]
    return [f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in frames]


def _redact(_logger: object, _name: str, event: EventDict) -> MutableMapping[str, Any]:
    """The last resort: see the module's text."""
    for key, value in event.items():
        if key in _TRUSTED_KEYS:
            continue
        if type(value) is str and _kind_of(key) == "other":  # what _safe_under does, without two calls
            event[key] = redact_text(value)
        else:
            event[key] = _safe_under(key, value, 0)
    return event


def _safe_under(key: str, value: object, depth: int) -> object:
    kind = _kind_of(key)
    if kind == "other":
        return _safe(value, depth)
    if kind == "number":
        return mask(redact_text(value)) if isinstance(value, str) else _safe(value, depth)
    return value if value is None or isinstance(value, bool) else REDACTED


@lru_cache(maxsize=1024)
def _kind_of(key: str) -> Literal["secret", "number", "other"]:
    if _SECRET_KEYS.search(key):
        return "secret"
    return "number" if _NUMBER_KEYS.search(key) else "other"


def _safe(value: object, depth: int) -> object:
    """A value that can be shown and rendered. A type that is not known here shows its name only."""
    if isinstance(value, str):
        return redact_text(value.value if isinstance(value, Enum) else value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < _MAX_ID else mask(str(value))
    return _safe_object(value, depth)


def _safe_object(value: object, depth: int) -> object:
    if isinstance(value, Enum):
        return _safe(value.value, depth)
    if isinstance(value, (Mapping, Sequence, AbstractSet)):
        return _safe_collection(value, depth)
    if isinstance(value, (PurePath, UUID, date)):
        return redact_text(str(value))
    return f"<{type(value).__name__}>"


def _safe_collection(value: Mapping[Any, Any] | Sequence[Any] | AbstractSet[Any], depth: int) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if depth == _MAX_DEPTH or len(value) > _MAX_ITEMS:
        return f"<{type(value).__name__} of {len(value)}>"
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _safe_under(str(key), item, depth + 1) for key, item in value.items()}
    return [_safe(item, depth + 1) for item in value]


def _escape(text: str) -> str:
    """Shows control characters and half surrogate pairs as escapes: a line feed would begin a forged line in the console format."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _mask_digits(text: str) -> str:
    """Masks runs of digits outside of dates and addresses."""
    out: list[str] = []
    end = 0
    for kept in _DATE_OR_ADDRESS.finditer(text):
        out += [_DIGITS.sub(_masked, text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*out, _DIGITS.sub(_masked, text[end:])])


def _masked(match: re.Match[str]) -> str:
    return mask("".join(filter(str.isdigit, re.sub("%2[0BbDd]", "", match[0]))))
