"""spyne under the interpreter that runs the tests. Nothing here depends on which one that is."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest
import six

from bridge.soap.spyne_mend import mended

IMPORT_ALL = """
import http.cookies, sys
import six
before = http.cookies.__spec__
from bridge.soap.contract import application
application()
import spyne.util.six as copy
from spyne.util.six.moves import http_cookies
from spyne.util.six.moves.urllib.parse import quote
assert not hasattr(copy, "__file__"), "spyne's own six was imported"
assert copy.string_types is six.string_types and copy.get_function_name(len) == "len"
assert http_cookies is http.cookies and http.cookies.__spec__ is before and not hasattr(http.cookies, "__path__")
assert six.__spec__.name == "six" and six.moves.__spec__.name == "six.moves" and not hasattr(six, "get_function_name")
"""


@pytest.fixture
def hooks():
    """The hooks of the kind, as they are now."""
    return lambda: [finder for finder in sys.meta_path if type(finder).__name__ == "_RealSix"]


def test_a_fresh_interpreter_imports_all_without_a_warning(tmp_path):
    # an empty cache, since the compiler warns only when it compiles
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL], env=environment, capture_output=True, check=False, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_entering_again_installs_no_second_hook(hooks):
    with mended(), mended():
        assert len(hooks()) == 1


def test_warnings_that_are_not_of_spyne_stay():
    with mended(), pytest.raises(DeprecationWarning):
        warnings.warn("mine", DeprecationWarning, stacklevel=1)


def test_the_warnings_filter_ends_with_the_import():
    before = list(warnings.filters)
    with mended():
        assert warnings.filters != before
    assert warnings.filters == before


def test_other_modules_are_not_answered(hooks):
    with mended():
        (hook,) = hooks()
    assert [hook.find_spec(name) for name in ("six", "six.moves", "spyne.util", "spyne.util.sixty")] == [None] * 4
    assert "six" in sys.modules and six.PY3
