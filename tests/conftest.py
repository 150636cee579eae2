"""For all tests."""

from __future__ import annotations

from hypothesis import settings

# no example has a time limit: other work shares the machine
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")
