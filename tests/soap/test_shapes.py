"""Requests that are read by the shape of an earlier one: as the parser reads them, or by the parser."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProtocolError
from bridge.soap.body import media
from bridge.soap.envelope import Call, read_call
from bridge.soap.shapes import Shapes
from bridge.soap.writer import SOAP11, SOAP12
from bridge.soap.xml import XmlLimits
from tests.log_capture import captured_log
from tests.soap.serving import serve, settings_for
from tests.soap.test_codec_properties import TEXTS, quick, send
from tests.soap.wire import parted

LIMITS = XmlLimits()
FOLDER = Path(__file__).parent
STACKS = sorted(path.name for path in (FOLDER / "recorded").iterdir() if path.is_dir())
HOLE = re.compile(rb"(?<=>)[^<>]*(?=</)")


def parsed(body: bytes, charset: str | None = None, limits: XmlLimits = LIMITS) -> Call | None:
    """What the parser gives; None where it raises."""
    try:
        return read_call(body, charset, limits, lambda version: None)
    except ProtocolError:
        return None


def request_of(path: Path) -> tuple[bytes, str | None]:
    """(body, charset) of a request that was kept as it went over the socket."""
    headers, body = parted(path.read_bytes())
    return body, media(headers.get(b"content-type", b""))[1]


def taught(*requests: tuple[bytes, str | None], limits: XmlLimits = LIMITS) -> Shapes:
    """What has met these, one after the other."""
    shapes = Shapes(limits, pause_seconds=0)
    for body, charset in requests:
        call = parsed(body, charset, limits)
        if call is not None:
            shapes.learn(body, charset, call)
    return shapes


def patterns(shapes: Shapes) -> list[str]:
    """What is kept, end by end."""
    return [shape.match.__self__.pattern for alike in shapes._known.values() for shape in alike]


KEPT = [request_of(path) for folder in ("samples", "recorded") for path in sorted((FOLDER / folder).rglob("*.http"))]
SHAPED = [kept for kept in KEPT if taught(kept).read(*kept) is not None]

CREDENTIALS = "<username>admin</username><password>123456</password>"
PLAIN = f"{CREDENTIALS}<type>1</type><content>Merhaba</content><number>905511034554</number>"

# what may come in a text's place: harmless, escaped, cut, changed by a parser, or forbidden
BENIGN = TEXTS.map(lambda text: escape(text, {"\r": "&#13;"}).encode())
REFERENCES = st.sampled_from(
    (
        "&amp; &lt; &gt; &apos; &quot; &#10; &#xD; &#x131; &#305; &#x1F44D; &#0; &#xFFFE; &#xD800; &#x110000;"
        " &#9999999; &#; &#x; &#X41; & &; &nbsp; &AMP; &am &amp &&amp; &#65 &#0000000000065; &ı; &#١;"
    )
    .encode()
    .split()
)
ODD = st.sampled_from(
    b"\r\n|\r|\n|\t| ||>|]]>|]]|\0|\x0b|\x1f|\x7f|\xc2\x85|\xe2\x80\xa8|\xef\xbf\xbe|\xef\xbf\xbf|\xef\xbf\xbd|\xed\xa0\x80"
    b"|\xf0\x9f\xbf\xbe|\xff|\xc4|\xc0\xbc|<|</content>|<a/>|<!---->|<![CDATA[x]]>|<?p?>|ref=|base64|123|-1|true".split(b"|")
)
PIECES = st.lists(BENIGN | REFERENCES | ODD | st.binary(max_size=6), max_size=4).map(b"".join)


def with_texts(body: bytes, texts: list[bytes]) -> bytes:
    """The document with these in place of what stands between a tag and an end tag, first come, first served."""
    left = iter(texts)
    return HOLE.sub(lambda hole: next(left, hole[0]), body)


def test_most_of_what_clients_send_has_a_shape():
    """All calls of six toolchains but those with more than one number; samples are odd on purpose."""
    for stack in STACKS:
        kept = [request_of(path) for path in (FOLDER / "recorded" / stack).glob("*.http")]
        calls = [request for request in kept if parsed(*request)]
        several = [call for request in calls if len((call := parsed(*request)).values.get("numbers") or []) > 1]
        assert sum(request in SHAPED for request in calls) == len(calls) - len(several) - 1  # one with several ids
    assert len(SHAPED) > 150


@pytest.mark.parametrize("stack", STACKS)
@quick
@given(data=st.data())
def test_the_next_request_of_a_program_needs_no_parser(stack, data):
    kept = [request_of(path) for path in (FOLDER / "recorded" / stack).glob("*-send*.http")]
    body, charset = data.draw(st.sampled_from([request for request in kept if request in SHAPED]))
    texts = data.draw(st.lists(BENIGN, min_size=1, max_size=len(HOLE.findall(body))))
    fields = re.compile(rb"<(content|title|number|sender|username|password|customID)\b[^<>]*(?<!/)>([^<]*)</")
    left = iter(texts)
    other = fields.sub(lambda field: field[0].replace(b">" + field[2], b">" + next(left, field[2]), 1), body)
    call = taught((body, charset)).read(other, charset)
    assert call is not None
    assert call == parsed(other, charset)


@given(request=st.sampled_from(SHAPED), texts=st.lists(PIECES, max_size=24))
def test_other_texts_are_read_as_the_parser_does_or_not_at_all(request, texts):
    body, charset = request
    other = with_texts(body, texts)
    assert taught(request).read(other, charset) in (None, parsed(other, charset))


ODD_TAGS = st.sampled_from(
    [
        *(
            f"<title{more}>"
            for more in ("", " ", "/", " /", ' a=">"', ' a="<"', ' id="a"', ' href="#a"', ' href ="#a"', ' i:nil="1"')
        ),
        *('<title i:type="x:base&#54;4">', "<s:title>", "<b>", "<e:Body>", "<s:sendSms>", "<username>"),
        *("<numbers>", "<numbers><item>", "<pushSettings><url>"),
    ]
)


@given(
    tags=st.lists(ODD_TAGS, max_size=4),
    header=st.sampled_from(["", "<e:Header/>", "<e:Header><a>x</a></e:Header>", f"<e:Header>{CREDENTIALS}</e:Header>"]),
    declaration=st.sampled_from(
        ["", '<?xml version="1.0"?>', '<?xml version="1.1"?>', '<?xml version="1.0" encoding="ascii" standalone="yes"?>\r\n']
    ),
    limits=st.sampled_from([LIMITS, LIMITS._replace(max_elements=700), LIMITS._replace(max_depth=4), LIMITS._replace(max_refs=2)]),
    texts=st.lists(PIECES, min_size=1, max_size=12),
)
def test_whatever_is_learned_is_read_as_the_parser_does_or_not_at_all(tags, header, declaration, limits, texts):
    namespaces = '<s:sendSms xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    ends = ["".join(f"</{name}>" for name in reversed(re.findall(r"<([\w:]+)[^<>/]*>", tag))) for tag in tags]
    body = send(
        PLAIN + "".join(f"{tag}x{end}" for tag, end in zip(tags, ends, strict=True)), header=header, declaration=declaration
    )
    body = body.replace(b"<s:sendSms ", namespaces.encode(), 1)
    other = with_texts(body, texts)
    assert taught((body, None), limits=limits).read(other, None) in (None, parsed(other, None, limits))


@given(
    request=st.sampled_from(SHAPED),
    edits=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 12), PIECES | st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_other_bytes_are_read_as_the_parser_does_or_not_at_all(request, edits):
    body, charset = request
    other = body
    for start, length, piece in edits:
        at = start % (len(other) + 1)
        other = other[:at] + piece + other[at + length :]
    assert taught(request).read(other, charset) in (None, parsed(other, charset))


@quick
@given(some=st.lists(st.sampled_from(SHAPED), min_size=2, max_size=20), text=BENIGN)
def test_shapes_do_not_mix(some, text):
    shapes = taught(*some)
    for body, charset in some:
        other = with_texts(body, [text])
        assert shapes.read(other, charset) in (None, parsed(other, charset))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a > b", "a > b"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("&#13;&#x0A;", None),  # blank
        ("a&#13;&#x0A;", "a\r\n"),
        ("&lt;b&gt; &amp;amp; &quot;&apos;", "<b> &amp; \"'"),
        ("&#x131;&#305;&#x1F44D;", "ıı👍"),
        ("&#38;lt;", "&lt;"),
        ("👍 €\t", "👍 €\t"),
        (" ", None),
        ("\xa0\u2003", None),
        ("", None),
    ],
)
def test_a_text_is_read(text, read):
    other = send(PLAIN.replace("Merhaba", text))
    call = taught((send(PLAIN), None)).read(other, None)
    assert call == parsed(other)
    assert call.values.get("content") == read


@pytest.mark.parametrize(
    "text",
    ["]]>", "\0", "\x1f", "\ufffe", "\uffff", "&#0;", "&#xFFFF;", "&#xD800;", "&#1114112;", "&", "&x;", "&amp", "&#x;", "<b/>"],
)
def test_a_text_that_is_no_xml_is_the_parser_s(text):
    assert taught((send(PLAIN), None)).read(send(PLAIN.replace("Merhaba", text)), None) is None


@pytest.mark.parametrize(
    "body",
    [
        send(f"{PLAIN}<!-- a --><title>x</title>"),
        send(f"{PLAIN}<title><![CDATA[x]]></title>"),
        send(f"{PLAIN}<?p x?>"),
        send(f"{PLAIN}<title><?p x?> </title>"),
        send(PLAIN, declaration="<?p x?>"),
        send(PLAIN, declaration="<?xml-stylesheet x?>"),
        send(f"{PLAIN}<title>a > b</title>"),
        send(f'{PLAIN}<title a=">">b</title>'),
        send(f"{PLAIN}<numbers><item>1</item><item>2</item></numbers>"),
        send(f"{PLAIN}<numbers><item>1</item><item></item></numbers>"),
        send(f"{PLAIN}<numbers>x<item>1</item></numbers>"),
        send(f"{PLAIN}<numbers><item><nr>1</nr></item></numbers>"),
        send(f"{PLAIN}<numbers><item><nr></nr></item></numbers>"),
        send(f"{PLAIN}<pushSettings><url>x</url></pushSettings>"),
        send(f"{PLAIN}<pushSettings><url></url></pushSettings>"),
        send(f"{PLAIN}<title><b>x</b></title>"),
        send(f"{PLAIN}<title>x</title><title/><title></title>"),
        send(f'{PLAIN}<title href="#a"/>', beside='<x id="a">x</x>'),
        send(f'{PLAIN}<title href="#a"></title>'),
        send(f'{PLAIN}<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:base64"></title>'),
        send(f'{PLAIN}<title href\n="#a"/>', beside='<x id="a">x</x>'),
        send(f'{PLAIN}<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:base64">eA==</title>'),
        send(f'{PLAIN}<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:base&#54;4">eA==</title>'),
        send(f"{PLAIN}between<title>x</title>"),
        send(PLAIN, beside="between"),
        send(PLAIN, beside="<x>the end of the document has a text in it</x>"),
        send(PLAIN + "".join(f"<x{number}>x</x{number}>" for number in range(64))),
        send(PLAIN.replace(CREDENTIALS, ""), header=f"<e:Header>{CREDENTIALS}</e:Header>"),
        send(PLAIN, header=f"<e:Header><Login>{CREDENTIALS}</Login></e:Header>"),
        b" " + send(PLAIN),
        b"\xef\xbb\xbf" + send(PLAIN),
        send(PLAIN).decode().encode("utf-16"),
        send(PLAIN, declaration='<?xml version="1.0" encoding="iso-8859-9"?>'),
        send(PLAIN.replace("Merhaba", "x" * 4000)),
    ],
)
def test_what_has_no_shape(body):
    assert parsed(body) is not None
    assert taught((body, None)).read(body, None) is None


@pytest.mark.parametrize(
    "body",
    [
        send(f"{PLAIN}<unknown>x</unknown><title/>"),
        send(f"{PLAIN}<numbers><item>905511034554</item></numbers>"),
        send(f"{PLAIN}<numbers>\n<string>905511034554</string> </numbers>"),
        send(PLAIN, header="<e:Header/>", version=SOAP12),
        send(PLAIN, header='<e:Header><a:Action xmlns:a="http://www.w3.org/2005/08/addressing">x</a:Action></e:Header>'),
        send(PLAIN, declaration='<?xml version="1.0" encoding="utf-8"?>\r\n'),
        send(
            PLAIN,
            header="<e:Header><a:MessageID xmlns:a='urn:a'>urn:uuid:1</a:MessageID></e:Header>",
            beside="<longest>y</longest>",
        ),
        send(PLAIN).replace(b"</e:Envelope>", b"<e:Header/></e:Envelope>"),
        send(""),
    ],
)
def test_what_has_one(body):
    other = re.sub(rb"(<[\w:]+[^<>/]*>)[^<>]*(?=</)", rb"\1x", body)
    assert taught((body, None)).read(body, None) == parsed(body)
    assert taught((body, None)).read(other, None) == parsed(other)


def test_the_charset_is_part_of_it():
    """The bytes C4 9F are one letter in UTF-8 and two in ISO-8859-9."""
    body, other = send(PLAIN), send(PLAIN.replace("Merhaba", "ğ"))
    shapes = taught((body, "iso-8859-9"), (body, "utf-8"))
    assert shapes.read(other, "iso-8859-9") is None
    assert shapes.read(other, "utf-8") == parsed(other, "utf-8")
    assert parsed(other, "utf-8") != parsed(other, "iso-8859-9")


def test_a_limit_of_elements_counts_here_too():
    limits = LIMITS._replace(max_elements=400)
    other = send(PLAIN.replace("Merhaba", "=" * 450))
    assert parsed(other, None, limits) is None
    shapes = taught((send(PLAIN), None), limits=limits)
    assert shapes.read(send(PLAIN), None) is not None
    assert shapes.read(other, None) is None


def test_between_two_that_are_learned_there_is_a_pause():
    shapes = Shapes(LIMITS, pause_seconds=600)
    without = [send(f"{PLAIN}<numbers><item>1</item><item>2</item></numbers>"), send(f"{PLAIN}<title><![CDATA[x]]></title>")]
    one, two = (send(PLAIN, header=f'<e:Header x="{name}"/>') for name in "ab")
    for body in (*without, one, one, two):  # what has none, or is known, takes nobody's turn
        shapes.learn(body, None, parsed(body))
    assert shapes.read(one, None) is not None
    assert shapes.read(two, None) is None
    assert len(patterns(shapes)) == 1


def test_shapes_that_are_made_up_push_out_each_other_before_one_that_is_used():
    used = send(PLAIN)
    for made_up, kept in (
        ([send(PLAIN, header=f'<e:Header x="{number}"/>') for number in range(25)], [8]),
        ([used + b"\n" * (number + 1) for number in range(25)], [1] * 16),
    ):
        shapes = taught((used, None))
        for number, body in enumerate(made_up):
            shapes.learn(body, None, parsed(body))
            assert shapes.read(body, None) is not None
            if not number % 5:
                assert shapes.read(used, None) is not None
        assert list(map(len, shapes._known.values())) == kept


def test_no_text_is_kept_and_none_is_shown():
    fields = f"{PLAIN}<Password>S3CRET</Password><x><y>S3CRET</y></x><numbers><item>905511034555</item></numbers>"
    body = send(fields, header="<e:Header><ApiKey>S3CRET</ApiKey></e:Header>")
    shapes = taught((body, None))
    ((key, (shape,)),) = shapes._known.items()
    kept = f"{key}{patterns(shapes)}{shape.names}{shape.converts}"
    assert "<username>" in kept
    for secret in ("admin", "123456", "Merhaba", "905511034554", "905511034555", "S3CRET"):
        assert secret not in kept
    assert "username" not in repr(shape)


# -- as a client sees it

SMS = f"{CREDENTIALS}<type>1</type><sendingType>0</sendingType><sender>BASLIK</sender><encoding>1</encoding>"
SMS += "<content>Merhaba</content><number>905511034554</number>"


@pytest.fixture
def by_shape(monkeypatch):
    """What `Shapes.read` gave, call by call."""
    given, read = [], Shapes.read
    monkeypatch.setattr(Shapes, "read", lambda *arguments: given.append(read(*arguments)) or given[-1])
    return given


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
def test_each_call_says_its_own(running_vendor, vendor, by_shape, version):
    def call(old: str = "", new: str = ""):
        return bridge.post(send(SMS.replace(old, new), version=version))

    with serve(settings_for(running_vendor.url)) as bridge:
        for number in range(5):
            answer = call("Merhaba", f"Merhaba {number} &amp; ğ")
            assert answer.code == "" and int(answer.find("pkgID")) > 0
            assert answer.xml.tag == f"{{{version.envelope}}}Envelope"
            assert answer.header("content-type") == version.content_type.decode()
        assert vendor.sent() == [("905511034554", f"Merhaba {number} & ğ") for number in range(5)]
        assert call("123456", "1234567").code == "ERR_UNAUTHORIZED_REQUEST"
        assert call("<type>1<", "<type>x<").code == "ERR_BAD_REQUEST"
        assert [shaped is not None for shaped in by_shape] == [False] * 2 + [True] * 6  # the second is of `learn`
        assert call("Merhaba", "&nbsp;").code == "Fault"
        assert by_shape[-1] is None
    assert len(vendor.sent()) == 5


def test_only_a_call_that_succeeds_is_learned(running_vendor, vendor, by_shape):
    with serve(settings_for(running_vendor.url)) as bridge:
        for wrong, code in (
            ("1234567", "ERR_UNAUTHORIZED_REQUEST"),
            ("123456</password><type>x</type><password>", "ERR_BAD_REQUEST"),
        ):
            for _ in range(2):
                assert bridge.post(send(SMS.replace("123456", wrong))).code == code
    assert by_shape == [None] * 4


def test_what_cannot_be_learned_harms_no_call(bridge, vendor, monkeypatch):
    def learn(*_: object) -> None:
        raise KeyError("905511034554")

    monkeypatch.setattr(Shapes, "learn", learn)
    with captured_log() as log:
        answer = bridge.post(send(SMS, header="<e:Header x='never seen'/>"))
    assert answer.code == "" and vendor.sent() == [("905511034554", "Merhaba")]
    assert b"shape not learned" in log.getvalue() and b"905511034554" not in log.getvalue()
