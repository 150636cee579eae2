from __future__ import annotations

import pytest

from bridge.sandbox.text import parts


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("", 0, 1),
        ("a" * 160, 0, 1),
        ("a" * 161, 0, 2),
        ("a" * 306, 0, 2),
        ("a" * 307, 0, 3),
        ("€" * 80, 0, 1),
        ("€" * 81, 0, 2),
        ("öüÇ" * 50, 0, 1),
        ("a" * 155, 1, 1),
        ("a" * 156, 1, 2),
        ("a" * 299, 1, 3),
        ("ş" * 77, 1, 1),
        ("ş" * 78, 1, 2),
        ("ö" * 155, 1, 1),
        ("ç" * 78, 1, 2),
        ("ş" * 70, 2, 1),
        ("ş" * 71, 2, 2),
        ("ş" * 134, 2, 2),
        ("ş" * 135, 2, 3),
        ("😀" * 35, 2, 1),
        ("😀" * 36, 2, 2),
    ],
    ids=lambda value: f"{value[:1]}x{len(value)}" if isinstance(value, str) else str(value),
)
def test_parts(text, encoding, expected):
    assert parts(text, encoding) == expected
