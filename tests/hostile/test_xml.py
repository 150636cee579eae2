"""XML that no honest client writes: each is a Fault, or is read as it says."""

from __future__ import annotations

import codecs

import pytest

from tests.hostile.serving import MARK, Bridge, sms
from tests.soap.wire import request

FAULT, TAKEN = "Fault", ""
MALFORMED = "The request is not well-formed XML."
DOCTYPE = "A DOCTYPE is not allowed."
MANY = "The request has too many elements."
DEEP = "The request is nested too deeply."
ENCODING = "The request's character encoding is unknown or does not fit its bytes."
BELOW_TEN_MEGABYTES = 9_900_000


def entities(count: int) -> str:
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, count))
    return f'<!DOCTYPE a [<!ENTITY l0 "{MARK}">{steps}]>'


def unknown(inner: str) -> str:
    """A call with more in it than it knows."""
    return sms(inner)


def bomb(doctype: str, reference: str = "&x;") -> str:
    return doctype + sms(title=reference)


def attributes(count: int) -> str:
    return "<a " + " ".join(f'{MARK}{n}=""' for n in range(count)) + "/>"


def namespaces(count: int) -> str:
    return "<a " + " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(count)) + "/>"


def nested(depth: int, tag: str = "a") -> str:
    return f"<{tag}>" * depth + f"</{tag}>" * depth


# name: (body, what a client reads)
ATTACKS = {
    "entities that multiply": (bomb(entities(10), "&l9;"), DOCTYPE),
    "an entity that is long": (bomb(f'<!DOCTYPE a [<!ENTITY x "{MARK * 10_000}">]>', "&x;" * 10_000), DOCTYPE),
    "an entity that is itself": (bomb('<!DOCTYPE a [<!ENTITY x "&x;">]>'), DOCTYPE),
    "a file": (bomb('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), DOCTYPE),
    "an address": (bomb('<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>'), DOCTYPE),
    "a parameter entity": (bomb('<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>'), DOCTYPE),
    "an external subset": (bomb('<!DOCTYPE a PUBLIC "x" "http://127.0.0.1:1/x.dtd">'), DOCTYPE),
    "a doctype behind comments": (f"<?xml version='1.0'?>{'<!-- -->' * 1000}{bomb(entities(3))}", DOCTYPE),
    "an entity without a doctype": (sms(title=f"&{MARK};"), MALFORMED),
    "an attribute that defaults to an entity": (bomb('<!DOCTYPE a [<!ATTLIST a b CDATA "&x;">]>'), DOCTYPE),
    "xinclude": (unknown('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'), TAKEN),
    "xinclude in a field": (
        sms(title='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file:///etc/passwd"/>'),
        "title",
    ),
    "a style sheet": ('<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:1/x.xsl"?>' + sms(), TAKEN),
    "xml:base": (sms(attributes=' xml:base="http://127.0.0.1:1/"'), TAKEN),
    "a schema's place": (
        sms(attributes=' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"'),
        TAKEN,
    ),
    "65 levels": (unknown(nested(63)), DEEP),
    "levels without end": (unknown(nested(100_000)), MALFORMED),
    "levels that are never closed": (unknown("<a>" * 200_000), MALFORMED),
    "levels beside each other": (unknown(nested(40) * 1000), TAKEN),
    "attributes": (unknown(attributes(200_000)), TAKEN),
    "more attributes": (unknown(attributes(300_000)), "The request has too many attributes."),
    "one attribute twice": (unknown(f'<a {MARK}="" {MARK}=""/>'), MALFORMED),
    "one attribute in two prefixes": (unknown('<a xmlns:x="urn:x" xmlns:y="urn:x" x:a="" y:a=""/>'), MALFORMED),
    "namespaces": (unknown(namespaces(100_000)), TAKEN),
    "namespaces at every level": (unknown("".join(f'<a xmlns:n{n}="urn:{n}">' for n in range(60)) + "</a>" * 60), TAKEN),
    "namespaces in every element": (unknown('<n:a xmlns:n="urn:x" xmlns:m="urn:y"/>' * 60_000), TAKEN),
    "a long namespace": (
        sms().replace("http://localhost:9587/wsdl/sms", MARK * 1_000_000),
        "The namespace of the call is too long.",
    ),
    "a million elements": (unknown("<a/>" * 1_000_000), MANY),
    "as many elements as may be": (unknown("<a/>" * 249_000), TAKEN),
    "elements in a list": (sms(numbers="<item>x</item>" * 240_000, sendingType="1"), "numbers"),
    "names": (unknown("".join(f"<{MARK}{n}/>" for n in range(240_000))), TAKEN),
    "comments": (unknown("<!---->" * 1_000_000), MANY),
    "instructions": (unknown("<?a b?>" * 1_000_000), MANY),
    "instructions before the root": ("<?a b?>" * 200_000 + sms(), TAKEN),
    "a long name": (unknown(f"<{'a' * BELOW_TEN_MEGABYTES}/>"), MALFORMED),
    "a long attribute name": (unknown(f"<a {'a' * BELOW_TEN_MEGABYTES}=''/>"), MALFORMED),
    "a long attribute": (unknown(f"<a b='{'a' * BELOW_TEN_MEGABYTES}'/>"), TAKEN),
    "a long comment": (unknown(f"<!--{'a' * BELOW_TEN_MEGABYTES}-->"), TAKEN),
    "a long prefix": (unknown(f"<{'a' * 60_000}:b/>"), MALFORMED),
    "character references": (unknown("<a>" + "&#65;" * 1_500_000 + "</a>"), TAKEN),
    "a long character reference": (unknown(f"<a>&#{'0' * 100_000}65;</a>"), TAKEN),
    "a character reference to NUL": (sms(title="a&#0;b"), MALFORMED),
    "a character reference to a surrogate": (sms(title="&#xD83D;&#xDE00;"), MALFORMED),
    "a character reference beyond Unicode": (sms(title="&#x110000;"), MALFORMED),
    "a character reference that overflows": (sms(title=f"&#x1{'0' * 8}41;"), MALFORMED),
    "a noncharacter": (sms(title="&#xFFFF;"), MALFORMED),
    "a control": (sms(title="\x0b"), MALFORMED),
    "CDATA within CDATA": (sms(title=f"<![CDATA[<![CDATA[{MARK}]]>"), TAKEN),
    "CDATA that ends twice": (sms(title="<![CDATA[a]]>]]>"), MALFORMED),
    "CDATA that never ends": (sms(title="<![CDATA[a"), MALFORMED),
    "CDATA in small change": (unknown(f"<a>{'<![CDATA[a]]>' * 100_000}</a>"), TAKEN),
    "an element that ends as another": (unknown("<a></b>"), MALFORMED),
    "two roots": (sms() * 2, MALFORMED),
    "text behind the root": (sms() + MARK, MALFORMED),
    "a prefix that is not declared": (unknown(f"<{MARK}:a/>"), MALFORMED),
    "xmlns bound away": (unknown('<a xmlns:xmlns="urn:x"/>'), MALFORMED),
    "version 9": (f"<?xml version='9.9'?>{sms()}", MALFORMED),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(bridge: Bridge, name: str) -> None:
    body, said = ATTACKS[name]
    answer = bridge.refuses(request(body))
    message = answer.find("faultstring") or answer.find("message") or ""
    if said == TAKEN:
        assert answer.code == "", answer.body
    else:
        assert said in message, answer.body


# -- references of rpc/encoded

CIRCULAR = "The request's references are circular or too many."
NOBODY = "Geçerli alıcı numarası yok."


def beside(fields: str, shared: str) -> str:
    return sms(fields, number=None, sendingType="1").replace("</e:Body>", f"{shared}</e:Body>")


def ladder(width: int, depth: int) -> str:
    steps = "".join(f'<x id="s{n}">{f"""<item href="#s{n + 1}"/>""" * width}</x>' for n in range(depth))
    return beside('<numbers href="#s0"/>', f'{steps}<x id="s{depth}">905511034554</x>')


REFERENCES = {
    "to itself": (beside('<numbers href="#a"/>', '<x id="a" href="#a"/>'), CIRCULAR),
    "in a circle": (beside('<numbers href="#a"/>', '<x id="a"><item href="#b"/></x><x id="b"><item href="#a"/></x>'), CIRCULAR),
    "a circle of a thousand": (
        beside('<numbers href="#i0"/>', "".join(f'<x id="i{n}" href="#i{(n + 1) % 1000}"/>' for n in range(1000))),
        CIRCULAR,
    ),
    "a long chain": (
        beside('<numbers href="#i0"/>', "".join(f'<x id="i{n}" href="#i{n + 1}"/>' for n in range(100_000))),
        NOBODY,
    ),
    "that multiply by two": (ladder(2, 40), "numbers"),
    "that multiply by a thousand": (ladder(1000, 3), CIRCULAR),
    "that multiply by thousands": (ladder(40_000, 3), CIRCULAR),
    "ids without end": (beside("", '<x id="a"/>' * 100_000), NOBODY),
    "to elsewhere": (beside('<numbers href="http://127.0.0.1:1/x"/>', "<x id='a'/>"), NOBODY),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_references(bridge: Bridge, name: str) -> None:
    body, said = REFERENCES[name]
    answer = bridge.refuses(request(body))
    assert said in (answer.find("faultstring") or answer.find("message") or ""), answer.body


@pytest.mark.parametrize("text", ["AAEC", "Cw==", "77+/", "gIA=", "IA==", "====", "QUJD" * 10])
def test_base64_holds_no_more_than_plain_text(bridge: Bridge, vendor, text: str) -> None:
    """Controls, noncharacters, bytes that are not UTF-8, blanks, nothing, much."""
    typed = f'<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:base64Binary">{text}</title>'
    answer = bridge.refuses(request(sms(typed, title=None)))
    assert answer.find("message") == ("Hatalı istek. Alan: title." if text not in {"IA==", "====", "QUJD" * 10} else None), (
        answer.body
    )


# -- encodings

PLAIN = sms(title=MARK)
ENCODED = {
    "UTF-7 in the declaration": (f"<?xml version='1.0' encoding='utf-7'?>{PLAIN}".encode(), "", ENCODING),
    "UTF-7 in the header": (PLAIN.encode("utf-7"), "utf-7", ENCODING),
    "a doctype in UTF-7": ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>".encode("utf-7"), "utf-7", ENCODING),
    "UTF-32": (PLAIN.encode("utf-32"), "", TAKEN),
    "a doctype in UTF-32": (bomb(entities(3)).encode("utf-32"), "", DOCTYPE),
    "a doctype in UTF-16 that calls itself UTF-8": (bomb(entities(3)).encode("utf-16"), "utf-8", DOCTYPE),
    "a doctype in EBCDIC": (bomb(entities(3)).encode("cp500"), "cp500", DOCTYPE),
    "two byte order marks": (codecs.BOM_UTF8 * 2 + PLAIN.encode(), "", TAKEN),
    "the mark of UTF-16 before UTF-8": (codecs.BOM_UTF16_LE + PLAIN.encode(), "", ENCODING),
    "the mark of UTF-8 before UTF-16": (codecs.BOM_UTF8 + PLAIN.encode("utf-16-le"), "", MALFORMED),
    "half of UTF-16": (PLAIN.encode("utf-16")[:-1], "", ENCODING),
    "a lone surrogate in UTF-8": (PLAIN.replace(MARK, "%").encode().replace(b"%", b"\xed\xa0\xbd"), "", MALFORMED),
    "a lone surrogate in UTF-16": (PLAIN.replace(MARK, "\ud83d").encode("utf-16", "surrogatepass"), "", ENCODING),
    "overlong UTF-8": (PLAIN.replace(MARK, "%").encode().replace(b"%", b"\xc0\xbc"), "", MALFORMED),
    "NUL in UTF-8": (PLAIN.replace(MARK, "a\0b").encode(), "", MALFORMED),
    "NUL in UTF-16": (PLAIN.replace(MARK, "a\0b").encode("utf-16"), "", MALFORMED),
    "a codec of Python's": (b"<?xml version='1.0' encoding='unicode_escape'?>" + PLAIN.encode(), "", ENCODING),
    "a file as an encoding": (PLAIN.encode(), "../../etc/passwd", ENCODING),
    "a long encoding": (PLAIN.encode(), "x" * 10_000, ENCODING),
    "an encoding that is a module": (PLAIN.encode(), "bz2", ENCODING),
    "an encoding of many marks": (PLAIN.encode(), "é" * 50, ENCODING),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encoding(bridge: Bridge, name: str) -> None:
    body, charset, said = ENCODED[name]
    answer = bridge.refuses(request(body, headers=(f"Content-Type: text/xml{f'; charset={charset}' if charset else ''}",)))
    assert (answer.find("faultstring") or answer.code) == said, answer.body
