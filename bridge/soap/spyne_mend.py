"""Mends spyne 2.14, its newest release, from outside for Python 3.12 and later.

Facts:
- spyne carries a copy of `six` without `find_spec`, which 3.12 requires of import hooks: `spyne.util.six.moves` cannot be imported.
- It imports `cgi`, which 3.13 dropped; the dependency `legacy-cgi` brings that back, so nothing here is about it.
- The newest `six` has all that spyne uses except `get_function_name`, an addition of spyne's own.

Strategy: an import hook answers `spyne.util.six` with a module made from the real `six` and everything below it with the real
modules. It is installed on every Python version, so that all of them run the same code, and it stays, because spyne imports lazily.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from operator import attrgetter
from types import ModuleType

import six

__all__ = ["mended"]

COPY = "spyne.util.six"


class _RealSix(MetaPathFinder, Loader):
    """Finds and loads `spyne.util.six` and all below it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != COPY and not fullname.startswith(f"{COPY}."):
            return None
        return ModuleSpec(fullname, self, is_package=fullname == COPY)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if spec.name == COPY:
            return None  # an empty module, filled below: the real six stays as others know it
        real = import_module(spec.name.removeprefix("spyne.util."))
        spec.loader_state = real.__spec__
        return real

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        if spec.name == COPY:
            names = {name: value for name, value in vars(six).items() if not name.startswith("__")}
            vars(module).update(names, get_function_name=attrgetter("__name__"))
        else:
            module.__spec__ = (
                spec.loader_state
            )  # it may be a module of the standard library; importing it has just overwritten this


@contextmanager
def mended() -> Iterator[None]:
    """Imports of spyne belong inside this: `with mended(): from spyne... import ...`. May be entered any number of times.

    Inside, what spyne's own lines warn of while being imported (`cgi` is deprecated, an escape sequence) is silent: it
    cannot be changed from here. All other warnings stay.
    """
    if not any(isinstance(finder, _RealSix) for finder in sys.meta_path):
        sys.meta_path.insert(0, _RealSix())
    with warnings.catch_warnings():
        for category in (DeprecationWarning, SyntaxWarning):
            # a SyntaxWarning names its module by path: .../site-packages/spyne/protocol/http
            warnings.filterwarnings("ignore", category=category, module=r".*\bspyne\b")
        yield
