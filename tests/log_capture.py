"""The log of the process that tests run in, as bytes, at its most talkative."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

import structlog

from bridge import log

__all__ = ["captured_log"]


@contextlib.contextmanager
def captured_log() -> Iterator[io.BytesIO]:
    """Everything that is logged inside, the standard library's loggers included; logging is as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    vouched = log._vouched.lines, log._vouched.wanted
    stream = io.BytesIO()
    log.configure("json", "debug", stream)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        for logger in log._loggers.values():
            logger.forget()
        log._vouched.lines, log._vouched.wanted = vouched
        root.handlers[:], root.level = before
