"""What fuzzing found, and mutations of honest input, under the fuzzer's own oracle. `make fuzz` looks for more."""

from __future__ import annotations

import functools
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import CORPUS, PIECES, TARGETS, check, seeds

KEPT = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
quick = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], database=None)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_kept(path: Path) -> None:
    check(path.parent.name, path.read_bytes())


@functools.cache
def honest(target: str) -> list[bytes]:
    """The same few of many for each run: a seed of each kind would be a seed of none."""
    return random.Random(5).sample(known := list(seeds(target)), min(len(known), 250))


@pytest.mark.parametrize("target", TARGETS)
def test_honest(target: str) -> None:
    for data in honest(target):
        check(target, data)


@st.composite
def mutated(draw: st.DrawFn, target: str) -> bytes:
    """Honest input with a few cuts, repetitions, pieces and flipped bytes."""
    data = draw(st.sampled_from(honest(target)))
    for _ in range(draw(st.integers(1, 6))):
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        how = draw(st.sampled_from(["cut", "twice", "piece", "over", "flip", "other"]))
        between = data[at:to]
        if how == "flip":
            between = bytes(byte ^ draw(st.integers(1, 255)) for byte in between[:1]) + between[1:]
        elif how == "other":
            between = draw(st.sampled_from(honest(target)))[at:to]
        elif how in ("piece", "over"):
            between = draw(st.sampled_from(PIECES)) + (between if how == "piece" else b"")
        else:
            between = between * 2 if how == "twice" else b""
        data = data[:at] + between + data[to:]
    return data


@pytest.mark.parametrize("target", TARGETS)
@quick
@given(data=st.data())
def test_mutated(target: str, data: st.DataObject) -> None:
    check(target, data.draw(mutated(target)))
