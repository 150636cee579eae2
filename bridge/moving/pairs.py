"""Recorded requests and answers as files: NNNNN-operation.http is a request, NNNNN-operation.answer what came back.

A file is an HTTP message as it could go over a socket: head and body. Its transfer and content codings are taken off, for the files
are to be read and searched; Content-Length fits. Those in tests/soap/recorded have the same form.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from bridge.errors import OutcomeUnknown, ProtocolError, SettingsError
from bridge.moving.http import Message
from bridge.soap.body import media
from bridge.soap.xml import XmlLimits, parse

__all__ = ["Pair", "Pairs", "operation_of", "read_pairs"]

_NUMBER = re.compile(r"([0-9]+)-.*")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")


class Pair(NamedTuple):
    """One exchange. answer: None where only the request was kept."""

    name: str  # of the files, without a suffix
    request: Message
    answer: Message | None

    @property
    def operation(self) -> str:
        return self.name.partition("-")[2]

    @property
    def method(self) -> str:
        return self.request.start.partition(" ")[0]

    @property
    def query(self) -> str:
        """Behind the path, with its "?"."""
        target = self.request.start.split(" ")[1]
        return target[target.index("?") :] if "?" in target else ""


class Pairs:
    """A folder that recordings are written to. It is made when it is not there, for its owner alone."""

    def __init__(self, folder: Path) -> None:
        """Raises SettingsError when the folder cannot be made or read."""
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            numbers = [int(match[1]) for path in folder.iterdir() if (match := _NUMBER.fullmatch(path.name))]
        except OSError as error:
            raise SettingsError("out", f"{folder} is no folder that can be written to ({error.strerror})") from None
        self._last = max(numbers, default=0)

    def number(self) -> int:
        """The number of the next pair; they count in the order of the requests."""
        self._last += 1
        return self._last

    def write(self, number: int, operation: str, request: Message, answer: Message) -> None:
        """Writes both files, each whole or not at all. Raises OSError."""
        for suffix, message in (("http", request), ("answer", answer)):
            path = self._folder / f"{number:05}-{operation}.{suffix}"
            part = path.with_name(f"{path.name}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_bytes(message))
            part.rename(path)


def read_pairs(folder: Path) -> Iterator[Pair]:
    """All that was recorded, in its order. Raises SettingsError for a folder without recordings or a file that is none."""
    paths = sorted(folder.glob("*.http"))
    if not paths:
        raise SettingsError("DIR", f"{folder} holds no recorded request (NUMBER-OPERATION.http)")
    for path in paths:
        answer = path.with_suffix(".answer")
        try:
            yield Pair(path.stem, _message(path), _message(answer) if answer.exists() else None)
        except (OSError, ValueError):
            raise SettingsError("DIR", f"{path} or its answer cannot be read as a recording") from None


def operation_of(request: Message) -> str:
    """What a request is for, as a word for a file's name."""
    method, _, target = request.start.partition(" ")
    if not request.body:
        return f"{method}-wsdl" if "?" in target else method
    try:
        plain = request.plain(32 * 1024 * 1024)
        root = parse(plain, media((request.header("content-type") or "").encode("latin-1"))[1], XmlLimits())
        name = str(etree.QName(root[-1][0]).localname)
    except (OutcomeUnknown, ProtocolError, IndexError, ValueError):
        name = "unknown"
    return name if _WORD.fullmatch(name) else "unknown"


def _bytes(message: Message) -> bytes:
    lines = [message.start, *(f"{name}: {value}" for name, value in message.headers), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + message.body


def _message(path: Path) -> Message:
    """Raises ValueError for what is no HTTP message, OSError when it cannot be read."""
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    words = start.split(" ")
    is_answer = words[0].startswith("HTTP/")
    if len(words) < (2 if is_answer else 3):
        raise ValueError("no start line")
    return Message(start, int(words[1]) if is_answer else 0, headers, body)
