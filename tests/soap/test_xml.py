"""Bytes to a tree: character sets, DOCTYPE, limits."""

from __future__ import annotations

import codecs
import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from bridge.errors import ErrorCode, ProtocolError
from bridge.soap.xml import XmlLimits, parse

LIMITS = XmlLimits()
TURKISH = "ğüşıöç ĞÜŞİÖÇ"
TEXT = f"{TURKISH} €"


def text_of(body: bytes, charset: str | None = None) -> str | None:
    return parse(body, charset, LIMITS).text


def document(declared: str | None = None, text: str = TEXT) -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<a>{text}</a>"


# -- character sets


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("declared", [None, "utf-8", "UTF-8", "utf8"])
@pytest.mark.parametrize("charset", [None, "utf-8", "UTF8", "us-ascii"])
def test_utf_8(mark, declared, charset):
    assert text_of(mark + document(declared).encode(), charset) == TEXT


@pytest.mark.parametrize("charset", [None, "utf-8", "utf-16", "UTF-16LE", "iso-8859-9"])
@pytest.mark.parametrize("declared", [None, "utf-16", "UTF-16", "utf-8"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_show_themselves(encoding, declared, charset):
    """The first bytes say it, whatever the declaration and the header say."""
    assert text_of(document(declared).encode(encoding), charset) == TEXT


def test_a_big_endian_mark():
    assert text_of(codecs.BOM_UTF16_BE + document("utf-16").encode("utf-16-be")) == TEXT
    assert text_of(codecs.BOM_UTF32_BE + document().encode("utf-32-be")) == TEXT


@pytest.mark.parametrize("space", ["\n", " ", "\r\n\t ", "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "iso-8859-9"])
def test_white_space_before_the_declaration(space, encoding):
    body = (space + document(encoding if encoding.startswith("iso") else None, TURKISH)).encode(encoding)
    assert text_of(body, encoding) == TURKISH
    assert text_of((space + document(text="a")).encode(encoding)) == "a"


def test_white_space_around_a_byte_order_mark():
    assert text_of(b"\n" + codecs.BOM_UTF8 + b"\n" + document("utf-8").encode()) == TEXT
    assert text_of(codecs.BOM_UTF16_LE + f"\n {document()}".encode("utf-16-le")) == TEXT


@pytest.mark.parametrize(
    "declaration",
    ['encoding="ISO-8859-9"', "encoding='iso-8859-9'", 'encoding = "latin5"', 'encoding="windows-1254" standalone="yes"'],
)
@pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-9"])
def test_a_declared_turkish_character_set(declaration, charset):
    """The declaration is what the XML writer did; a header that says otherwise is often a fixed string."""
    assert text_of(f'<?xml version="1.0" {declaration}?><a>{TURKISH}</a>'.encode("iso-8859-9"), charset) == TURKISH


@pytest.mark.parametrize("charset", ["ISO-8859-9", "iso-8859-9", "latin5", "windows-1254", "cp1254"])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>', "<?xml version='1.0' standalone='yes'?>"])
def test_a_character_set_that_only_the_header_names(charset, declaration):
    assert text_of(f"{declaration}<a>{TURKISH}</a>".encode("iso-8859-9"), charset) == TURKISH


def test_a_comment_is_no_declaration():
    body = '<!-- <?xml version="1.0" encoding="ISO-8859-9"?> --><a>ğ</a>'
    assert text_of(body.encode()) == "ğ"
    assert text_of(b'<a encoding="ISO-8859-9">\xc4\x9f</a>') == "ğ"


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16LE", "unicode-2", "ucs-2", "ISO-10646-UCS-2", "utf-32"])
@pytest.mark.parametrize("charset", [None, "utf-8", "utf-16"])
def test_utf_16_is_declared_and_utf_8_sent(declared, charset):
    """What .NET's StringWriter leaves behind."""
    assert text_of(document(declared).encode(), charset) == TEXT


def test_utf_16_is_declared_and_the_header_s_turkish_set_sent():
    assert text_of(document("utf-16", TURKISH).encode("iso-8859-9"), "iso-8859-9") == TURKISH


@pytest.mark.parametrize("name", ["klingon", "utf-99", "x" * 40, "hex", "base64", "rot13", "zlib", "bz2"])
def test_an_unknown_character_set_is_a_fault(name):
    for body, charset in ((document(name).encode(), None), (document().encode(), name)):
        with pytest.raises(ProtocolError, match="character encoding"):
            text_of(body, charset)


@pytest.mark.parametrize(
    "name", ["utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "unicode-escape"]
)
def test_a_codec_that_is_no_character_set_is_a_fault(name):
    with pytest.raises(ProtocolError, match="character encoding"):
        text_of(b"<a>x\\u0041+AGE-</a>", name)


@pytest.mark.parametrize("charset", ["", "a b", "utf\0-8", "ş", "../utf_8", "x" * 1000])
def test_a_character_set_that_is_no_name_is_a_fault_or_ignored(charset):
    try:
        assert text_of(b"<a>x</a>", charset) == "x"
    except ProtocolError as error:
        assert "character encoding" in error.text


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"<a>\xff</a>", None),
        (b"<a>\xc4</a>", None),
        (b"<a>\xed\xa0\x80</a>", None),  # half of a surrogate pair
        (b"<a>\xc0\xaf</a>", None),  # an overlong form
        (TURKISH.encode("iso-8859-9").join([b"<a>", b"</a>"]), None),
        (b"<a>\x81</a>", "windows-1254"),
        (b"<\x00a\x00>", None),
        (b"\xff\xfe<\x00a\x00>\x00\x00", None),
    ],
)
def test_bytes_that_do_not_fit_are_a_fault(body, charset):
    with pytest.raises(ProtocolError):
        text_of(body, charset)


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t", b"\n" * 1000])
def test_an_empty_body_is_a_fault(body):
    with pytest.raises(ProtocolError, match="empty"):
        text_of(body)


ILL_FORMED = b"""x|<|<a|<a>|</a>|<a></b>|<a/><b/>|<a>&nbsp;</a>|<a>&#0;</a>|<a>\x01</a>|<a b=1/>|<?xml|<!--|<![CDATA[x]]>|<x:a/>
|\0|\xef\xbb\xbf|<a>&#xD800;</a>|<a a='1' a='2'/>|{"a":1}|\n\0|\0\n"""


@pytest.mark.parametrize("body", ILL_FORMED.split(b"|"))
def test_what_is_not_well_formed_is_a_fault(body):
    with pytest.raises(ProtocolError):
        text_of(body)


def test_comments_and_instructions_are_dropped_and_texts_joined():
    root = parse(b"<a><!-- a -->b<!-- c -->d<?e f?>g<b/><!-- h --></a>", None, LIMITS)
    assert (root.text, len(root)) == ("bdg", 1)


# -- DOCTYPE

DOCTYPES = [
    "<!DOCTYPE a>",
    "<!DOCTYPE a []>",
    '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE a PUBLIC "-//X//Y" "http://localhost:1/x.dtd">',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://localhost:1/"> %b;]>',
    "<!DOCTYPE\na\n>",
    "<!doctype a>",  # not even XML
    "<!ELEMENT a ANY>",
]
PROLOGS = ["", '<?xml version="1.0"?>', "\n", "<!-- x -->", "<!-- <a> > -->", "<?p q?>", "<?p <!-- ?>", "<!----><?a?> \n<!-- - -->"]


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("prolog", PROLOGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_a_doctype_is_refused_wherever_it_stands(doctype, prolog, encoding):
    with pytest.raises(ProtocolError, match="A DOCTYPE is not allowed"):
        text_of(f"{prolog}{doctype}<a>&b;</a>".encode(encoding))


def test_a_doctype_in_another_character_set_is_refused():
    for encoding in ("cp037", "cp500", "iso-8859-9"):
        with pytest.raises(ProtocolError, match="DOCTYPE"):
            text_of('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding), encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<a><![CDATA[<!DOCTYPE a>]]></a>", "<!DOCTYPE a>"),
        ("<a>&lt;!DOCTYPE a&gt;</a>", "<!DOCTYPE a>"),
        ("<!-- <!DOCTYPE a> --><a>x</a>", "x"),
        ("<?p <!DOCTYPE a> ?><a>x</a>", "x"),
        ("<a><!-- <!DOCTYPE a> -->x</a>", "x"),
        ('<a b="&lt;!DOCTYPE a>">x</a>', "x"),
        ("<a>x</a><!-- <!DOCTYPE a> -->", "x"),
    ],
)
def test_the_letters_alone_are_a_client_s_message(body, text, encoding):
    assert text_of(body.encode(encoding)) == text


@pytest.mark.parametrize("body", ["<a/><!DOCTYPE a>", "<a><!DOCTYPE a></a>", "x<!DOCTYPE a><a/>"])
def test_a_doctype_where_none_can_stand_is_a_fault_all_the_same(body):
    with pytest.raises(ProtocolError):
        text_of(body.encode())


def test_entity_bombs_do_not_go_off():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    start = time.thread_time()
    with pytest.raises(ProtocolError, match="DOCTYPE"):
        text_of(f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a>&l9;</a>'.encode())
    with pytest.raises(ProtocolError, match="DOCTYPE"):
        text_of(f'<!DOCTYPE a [<!ENTITY l "{"x" * 100_000}">]><a b="{"&l;" * 10_000}"/>'.encode())
    assert time.thread_time() - start < 0.5


# -- limits


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def test_depth():
    assert parse(nested(64), None, LIMITS).tag == "a"
    for depth in (65, 255, 256, 257, 100_000):
        with pytest.raises(ProtocolError):
            parse(nested(depth), None, LIMITS)
    assert parse(nested(8), None, LIMITS._replace(max_depth=8)).tag == "a"
    with pytest.raises(ProtocolError) as caught:
        parse(nested(9), None, LIMITS._replace(max_depth=8))
    assert caught.value.code == ErrorCode.REQUEST_PARAM_LIMIT


def test_depth_is_not_width():
    assert len(parse(b"<a>" + b"<b><c/></b>" * 1000 + b"</a>", None, LIMITS)) == 1000


def test_number_of_elements():
    limits = LIMITS._replace(max_elements=1000)
    assert len(parse(b"<a>" + b"<b>x</b>" * 999 + b"</a>", None, limits)) == 999
    assert len(parse(b"<a>" + b"<b/>" * 999 + b"</a>", None, limits)) == 999
    for member in (b"<b/>", b"<b>x</b>", b"<b></b>"):
        with pytest.raises(ProtocolError) as caught:
            parse(b"<a>" + member * 1000 + b"</a>", None, limits)
        assert caught.value.code == ErrorCode.REQUEST_PARAM_LIMIT


def test_a_large_text_is_no_trouble():
    text = "ş" * 4_000_000
    assert text_of(f"<a>{text}</a>".encode()) == text


ODD = {
    "comments within a comment": b"<!--" * 500_000,
    "instructions within an instruction": b"<?x " * 500_000,
    "comments": b"<!-- -->" * 200_000,
    "one attribute again and again": b"<a " + b"b='1' " * 200_000,
    "many attributes": b"<a" + b"".join(b" b%d='1'" % n for n in range(100_000)) + b"/>",
    "openings": b"<" * 1_000_000,
    "references that are none": b"&" * 1_000_000,
    "character references": b"<a>" + b"&#65;" * 400_000 + b"</a>",
    "space": b" " * 5_000_000,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_bodies_cost_no_more_than_their_size(name):
    start = time.thread_time()
    with contextlib.suppress(ProtocolError):
        parse(ODD[name], None, LIMITS)
    assert time.thread_time() - start < 2


# -- small documents are read in another way than large ones

PIECES = (
    *("<a>", "</a>", "<a", "<b x='1'>", '<b x="&lt;">', "</b>", "<c/>", "</", ">", "/>", "<p:d xmlns:p='u'>", "</p:d>", "<p:d/>"),
    *("text", " ", "ğ", "&amp;", "&#305;", "&#0;", "&none;", "&", "]]>", "<![CDATA[x<y]]>", "<![CDATA[", "\0", "\x0b", "\r\n"),
    *("<!-- c -->", "<!--", "<?p i?>", "<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-16'?>"),
)


def read(body: bytes) -> bytes | None:
    """The document as it was understood; None when it is none."""
    try:
        return etree.tostring(parse(body, None, LIMITS))
    except ProtocolError:
        return None


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans())
@example(["<a>", "&none;", "</a>"], False)
@example(["</a>"], True)
def test_small_and_large_documents_are_read_alike(pieces, whole):
    body = "".join(["<a>", *pieces, "</a>"] if whole else pieces).encode()
    assert read(body) == read(body + b" " * 20_000)
    assert read(b"<a>1</a>") == b"<a>1</a>"  # what came before leaves nothing behind
