"""Two answers to the same request: what a client could tell apart.

Facts are those of the programs in tests/interop: what .NET, WCF-style proxies, JAX-WS, Axis, PHP, gSOAP and zeep make of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from lxml import etree

from bridge.errors import OutcomeUnknown, ProtocolError
from bridge.moving.contract import Contract
from bridge.moving.difference import Difference, Level
from bridge.moving.http import Message
from bridge.moving.results import Results, compare_names
from bridge.moving.shape import Shape
from bridge.soap.body import media
from bridge.soap.writer import SOAP11, SOAP12
from bridge.soap.xml import XmlLimits, parse

__all__ = ["Answer", "compare_answers", "read_answer"]

T = TypeVar("T")
Element = etree._Element

_B, _V, _H = Level.BREAKING, Level.VISIBLE, Level.HARMLESS
_MAX_BODY = 32 * 1024 * 1024
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
# say nothing: they differ from answer to answer, or belong to one connection, or are compared by themselves
_PASSING = frozenset(
    {"date", "content-length", "content-type", "connection", "keep-alive", "transfer-encoding", "x-request-id", "etag"}
)


class Answer(NamedTuple):
    """An answer as far as it could be read."""

    message: Message
    kind: str  # "result", "fault", or what the body is in place of an envelope
    root: Element | None  # the envelope

    @property
    def inner(self) -> Element | None:
        """What stands in the envelope's Body: the wrapper or the Fault."""
        body = self.root[-1] if self.root is not None and len(self.root) else None
        return body[0] if body is not None and len(body) else None

    @property
    def code(self) -> str:
        """err/code of a result: "" when it succeeded; "other" for one that is no ERR_ name."""
        text = self.of_err("code")
        return text if not text or _CODE.fullmatch(text) else "other"

    @property
    def has_rows(self) -> bool | None:
        """Whether its list shows anything; None for an answer without a list."""
        found = self.inner.find(".//{*}data/{*}list") if self.inner is not None else None
        return None if found is None else len(found) > 0

    def of_err(self, name: str) -> str:
        """The text of an element of err, "" when it is not there."""
        found = self.inner.find(f".//{{*}}err/{{*}}{name}") if self.inner is not None else None
        return (found.text or "").strip() if found is not None else ""

    def all(self, path: str) -> list[str]:
        """The texts of the elements of that path below the wrapper."""
        return [each.text for each in self.inner.iterfind(path) if each.text] if self.inner is not None else []

    def first(self, path: str) -> str | None:
        """The first of them."""
        return next(iter(self.all(path)), None)


def read_answer(message: Message) -> Answer:
    """Reads what can be read; never raises."""
    try:
        plain = message.plain(_MAX_BODY)
        root = parse(plain, media((message.header("content-type") or "").encode("latin-1"))[1], XmlLimits())
    except (OutcomeUnknown, ProtocolError):
        return Answer(message, _other_body(message), None)
    if etree.QName(root).localname != "Envelope" or not len(root) or not len(root[-1]):
        return Answer(message, "XML without an envelope", None)
    return Answer(message, "fault" if etree.QName(root[-1][0]).localname == "Fault" else "result", root)


def _other_body(message: Message) -> str:
    """What a body is that is not XML, by its first bytes."""
    start = message.body.lstrip()[:200].lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "JSON" if start.startswith((b"{", b"[")) else "something else"


def compare_answers(old: Answer, new: Answer, contract: Contract, request: bytes | None) -> Iterator[Difference]:
    """Every difference between two answers to one request.

    contract: of the old server, or the published one where it has none. request: its body.
    """
    yield from _compare_status(old, new)
    yield from _compare_headers(old, new)
    if old.root is None or new.root is None or old.kind != new.kind:
        if old.kind != new.kind:
            yield _other_kind(old, new)
        return
    yield from _compare_envelopes(
        old.root, new.root, SOAP12.envelope if SOAP12.envelope.encode() in (request or b"") else SOAP11.envelope
    )
    if old.inner is None or new.inner is None:
        return
    if old.kind == "fault":
        yield from _compare_faults(old, new)
    else:
        yield from _compare_results(old, new, contract)


def _pair(read: Callable[[T], str], old: T, new: T) -> tuple[str, str]:
    return read(old), read(new)


def _compare_status(old: Answer, new: Answer) -> Iterator[Difference]:
    before, after = old.message.status, new.message.status
    if before == after:
        return
    level, why = _V, "programs see it where they handle errors"
    if 300 <= after < 400:
        level, why = _B, "clients do not follow a redirect with a POST"
    elif before == 401:
        level, why = _B, ".NET sends its login only after a 401"
    elif old.kind == new.kind == "fault":
        level, why = _V, "a Fault is read with either status"
    elif before < 300 <= after and old.kind == "result" and not old.code:
        level, why = _B, "a client raises an HTTP error in place of reading the answer"
    yield Difference(level, "http/status", str(before), str(after), why)


def _compare_headers(old: Answer, new: Answer) -> Iterator[Difference]:
    yield from _compare_content_types(old.message, new.message)
    one, other = ({name.lower() for name, _ in each.message.headers} - _PASSING for each in (old, new))
    if new.message.header("content-encoding") != old.message.header("content-encoding"):
        level = _B if "content-encoding" in other else _H
        coding = _pair(lambda each: each.message.header("content-encoding") or "none", old, new)
        yield Difference(level, "http/content-encoding", *coding, "compression that was not asked for cannot be read")
    for name in sorted((one ^ other) - {"content-encoding"}):
        level, why = _HEADERS.get((name, name in other), (_H, "clients do not look at it"))
        shown = name if re.fullmatch(r"[a-z0-9-]{1,40}", name) else "(odd name)"
        words = ("absent", "present") if name in other else ("present", "absent")
        yield Difference(level, f"http/{shown}", *words, why)


# (name, whether the new server has it and not the old one) -> level, reason
_HEADERS = {
    ("www-authenticate", False): (_B, ".NET sends its login only after this challenge"),
    ("set-cookie", False): (_V, "a program that keeps a session by cookie has none"),
    ("set-cookie", True): (_V, "a program that keeps cookies sends it back"),
    ("location", True): (_B, "clients do not follow a redirect with a POST"),
}


def _compare_content_types(old: Message, new: Message) -> Iterator[Difference]:
    before, after = (each.header("content-type") or "" for each in (old, new))
    kinds = _pair(lambda each: each.partition(";")[0].strip().lower(), before, after)
    charsets = _pair(lambda each: (media(each.encode("latin-1"))[1] or "").lower(), before, after)
    if kinds[0] != kinds[1]:
        soap = "text/xml", "application/soap+xml"
        level = _B if kinds[0] in soap or kinds[1] not in soap else _V
        shown = _pair(lambda each: each if re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", each) else "(none)", *kinds)
        why = "JAX-WS and .NET refuse an answer of another media type" if level is _B else "the old one is none of SOAP's"
        yield Difference(level, "http/content-type", *shown, why)
    elif charsets[0] != charsets[1]:
        level = _B if not charsets[1] else _V
        shown = _pair(lambda each: each[:20] or "(none)", *charsets)
        yield Difference(level, "http/charset", *shown, "Turkish letters are garbled by clients that look only here")
    elif before != after:
        yield Difference(_H, "http/content-type", "same", "another spelling", "the same meaning")


def _other_kind(old: Answer, new: Answer) -> Difference:
    level = _B if old.root is not None else _V
    why = "a client cannot read it as an answer" if new.root is None else "what raised an error is read, or the other way round"
    if (old.kind, new.kind) == ("fault", "result"):
        level, why = _V, "err in place of an exception: a program that expects the exception goes on"
    elif (old.kind, new.kind) == ("result", "fault"):
        why = "an exception in place of an answer that could be read"
    return Difference(level, "body", old.kind, new.kind, why)


def _compare_envelopes(old: Element, new: Element, asked_in: str) -> Iterator[Difference]:
    spaces = _pair(lambda each: etree.QName(each).namespace or "", old, new)
    if spaces[0] != spaces[1]:
        if spaces[1] == asked_in:
            yield Difference(_V, "envelope/namespace", *spaces, "the version that was asked in; the old server answered in another")
        else:
            yield Difference(_B, "envelope/namespace", *spaces, "another SOAP version: stacks refuse it")
    if old.prefix != new.prefix:
        yield Difference(_H, "envelope/prefix", old.prefix or "", new.prefix or "", "only a search in the text can tell")
    parts = _pair(lambda each: " ".join(str(etree.QName(part).localname) for part in each), old, new)
    if parts[0] != parts[1]:
        yield Difference(_V, "envelope/parts", *parts, "headers that a program may read")
    encodings = _pair(lambda each: (each.getroottree().docinfo.encoding or "").lower(), old, new)
    if encodings[0] != encodings[1]:
        yield Difference(_H, "envelope/encoding", *encodings, "the parser reads the declaration")


def _compare_faults(old: Answer, new: Answer) -> Iterator[Difference]:
    facts = [dict(_fault_facts(each.inner)) for each in (old, new)]
    for name in ("code", "text", "detail", "detail/content"):
        before, after = facts[0].get(name, "absent"), facts[1].get(name, "absent")
        if before == after or (name == "detail/content" and "absent" in (before, after)):
            continue
        level, why = _FAULT_RULES[name]
        if name == "detail" and after == "absent":
            level, why = _B, ".NET raises SoapHeaderException in place of SoapException: another catch"
        if name == "text" and "absent" not in (before, after):
            before, after = "a text", "other words"
        yield Difference(level, f"fault/{name}", before, after, why)


_FAULT_RULES = {
    "code": (_V, "a program that looks at faultcode sees another"),
    "text": (_V, "shown to people; a program may search it"),
    "detail": (_V, ".NET raises SoapException in place of SoapHeaderException"),
    "detail/content": (_V, "a program that reads the detail finds something else"),
}


def _fault_facts(fault: Element | None) -> Iterator[tuple[str, str]]:
    for child in fault if fault is not None else ():
        name = etree.QName(child).localname
        text = "".join(map(str, child.itertext())).strip()
        if name in ("faultcode", "Code"):
            text = child.findtext("{*}Value", text)
            yield "code", re.sub(r"[^\w.-]", "", text.rpartition(":")[2])[:40]
        elif name in ("faultstring", "Reason"):
            yield "text", text
        elif name in ("detail", "Detail"):
            yield "detail", "present"
            yield "detail/content", " ".join(str(etree.QName(each).localname) for each in child) or ("text" if text else "nothing")


def _compare_results(old: Answer, new: Answer, contract: Contract) -> Iterator[Difference]:
    one, other = old.inner, new.inner
    assert one is not None and other is not None
    names = _pair(lambda each: str(etree.QName(each).localname), one, other)
    if names[0] != names[1]:
        yield Difference(_B, "wrapper/name", *names, "stacks look for this name")
    if old.code != new.code:
        codes = _pair(lambda each: each.code or "(success)", old, new)
        yield Difference(_B, "err/code", *codes, "programs decide by it")
    elif old.code:
        yield from _compare_words(old, new)
    if bool(old.code) == bool(new.code):
        yield from Results(contract).compare("wrapper", Shape([one]), Shape([other]))
    else:
        yield from compare_names("wrapper", Shape([one]), Shape([other]))


def _compare_words(old: Answer, new: Answer) -> Iterator[Difference]:
    """Of two refusals with the same code."""
    before, after = old.of_err("status"), new.of_err("status")
    if before != after and before.isdigit() and after.isdigit():
        yield Difference(_V, "err/status", before, after, "a program may decide by it, most do by code")
    if old.of_err("message") != new.of_err("message"):
        yield Difference(_H, "err/message", "a text", "other words", "shown to people")
