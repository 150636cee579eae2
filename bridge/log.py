"""Logging: one line an event, JSON or for the eye, on stderr; nothing of what it must not say.

Facts:
- Message texts, passwords and whole numbers must not reach a log, also not by way of an exception's message, the repr of an
  object, a URL's query, or a library's own logger. asyncio, for one, puts the repr of arguments and exceptions into its lines.
- At thousands of requests a second a line has to be cheap: 5 to 10 us with structlog's filtering logger, bound once, and orjson.

Strategy:
- Whoever logs says only what may be said; `bridge.redaction` is the last resort behind that.
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from types import TracebackType
from typing import Any, BinaryIO, Literal, cast

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor

from bridge.redaction import redact

__all__ = ["LogFormat", "LogLevel", "configure", "get_logger", "install_hooks", "vouched_line"]

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MAX_FRAMES = 30
_MAX_CAUSES = 20

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
    _vouched.lines = (_Lines(out, ""), _Head()) if format == "json" else None
    _vouched.wanted = threshold <= logging.INFO
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


def vouched_line(name: str, event: str, fields: dict[str, Any]) -> None:
    """Writes an info line whose every field the caller vouches for: no redaction, and a quarter of the cost. For the hot path only.

    fields: str, int, float or None; nothing of a client's that is not known to be harmless. It is changed.
    """
    if _vouched.lines is None:
        get_logger(name).info(event, **fields)
    elif _vouched.wanted:
        lines, head = _vouched.lines
        fields["event"] = event
        lines.name = name
        lines.line(orjson.dumps(head(lines, "info", fields)))


class _Vouched:
    """Where vouched lines go; set up by `configure`."""

    lines: tuple[_Lines, _Head] | None = None
    wanted = True


_vouched = _Vouched()


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
    while todo and len(seen) < _MAX_CAUSES:
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


def _redact(_logger: object, _name: str, event: EventDict) -> EventDict:
    redact(event)
    return event
