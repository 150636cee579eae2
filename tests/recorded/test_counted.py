"""What the background does, as metrics count it."""

from __future__ import annotations

from typing import Any

from tests.recorded.test_background import FILE, in_haste, kept, running
from tests.waiting import eventually

__all__ = ["in_haste"]  # a fixture


def jobs(rig: Any) -> dict[tuple[str, ...], float]:
    """{(kind, result): how many}"""
    (numbers,) = rig.recording._metrics.slots.read()
    return {key[1:]: sum(values[1:]) for key, values in numbers.values.items() if key[0] == "smsbridge_job_duration_seconds"}


@FILE
async def test_jobs(rig):
    await kept(rig)
    assert (await rig.recording.waiting())["pending"] == 1
    async with running(rig):
        rig.advance(30)
        await eventually(lambda: jobs(rig).get(("submission", "done"), 0) >= 1)
    assert (await rig.recording.waiting())["pending"] == 0
    assert set(jobs(rig)) == {("submission", "done")}
