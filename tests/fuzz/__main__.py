"""`make fuzz SECONDS=120`: atheris over every target at once, from the kept corpus and the samples on.

    python -m tests.fuzz SECONDS [TARGET..]     fuzzes; what fails an oracle is left in tests/fuzz/found, and the exit status is 1
    python -m tests.fuzz --keep                 puts some of what runs so far found to be new into tests/fuzz/corpus
    python -m tests.fuzz --one TARGET ..        one target, with the arguments of libFuzzer

Inputs of a failure go into tests/fuzz/corpus/TARGET once the fault is mended: `make test` runs them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

FOUND = Path(__file__).parent / "found"
WORK = Path(tempfile.gettempdir()) / f"smsbridge-fuzz-{os.getuid()}"
NAMES = ("codec", "vendors", "response")
MAX_LENGTH = 65536
# instrumented code is slower, and the machine may be busy; the CPU time of what is kept is measured without
_HANGS = 20
_KEPT_LENGTH, _KEPT_FILES = 2048, 60


def one(name: str, arguments: list[str]) -> None:
    """Runs one target in this process; libFuzzer ends it."""
    import atheris  # noqa: PLC0415  # there may be none

    with atheris.instrument_imports(include=["bridge"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415  # what is imported here is instrumented
    atheris.Setup([name, *arguments], TARGETS[name])
    atheris.Fuzz()


def fuzz(seconds: int, names: tuple[str, ...]) -> int:
    """Runs targets side by side; returns the exit status."""
    FOUND.mkdir(exist_ok=True)
    running = {name: (_start(name, seconds), WORK / f"{name}.log") for name in names}
    failed = [name for name, (process, _) in running.items() if process.wait()]
    for name, (_, log) in running.items():
        text = log.read_text(encoding="utf-8", errors="replace")
        runs = re.findall(r"^(?:Done (\d+) runs|#(\d+)\t)", text, re.MULTILINE)
        print(f"{name}: {'FAILED' if name in failed else 'ok'}, {max(runs[-1]) if runs else 0} inputs")
        if name in failed:
            print(text[text.find(" === Uncaught") :] if " === Uncaught" in text else text[-3000:])
    return 1 if failed else 0


def _start(name: str, seconds: int) -> subprocess.Popen[bytes]:
    from tests.fuzz.targets import CORPUS, PIECES, seeds  # noqa: PLC0415  # not before it is known that atheris is there

    fresh, honest = WORK / name, WORK / f"{name}.seeds"
    for folder in (fresh, honest, CORPUS / name):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (honest / str(number)).write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_LENGTH}", f"-timeout={_HANGS}", "-rss_limit_mb=2048"]
    words = ("".join(rf"\x{byte:02x}" for byte in piece) for piece in PIECES)
    (WORK / f"{name}.dict").write_text("".join(f'"{word}"\n' for word in words), encoding="ascii")
    options += [f"-dict={WORK}/{name}.dict", f"-artifact_prefix={FOUND}/{name}-", "-reload=0", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz", "--one", name, *options, str(fresh), str(CORPUS / name), str(honest)]
    with (WORK / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)


def keep() -> None:
    """Puts some of what was found to be new into the kept corpus: of all sizes, but none large."""
    from tests.fuzz.targets import CORPUS  # noqa: PLC0415  # as above

    for name in NAMES:
        honest = {path.read_bytes() for path in (WORK / f"{name}.seeds").iterdir()}
        new = [path for path in (WORK / name).iterdir() if path.stat().st_size <= _KEPT_LENGTH and path.read_bytes() not in honest]
        new.sort(key=lambda path: (path.stat().st_size, path.name))
        for path in new[:: len(new) // _KEPT_FILES + 1]:
            shutil.copy(path, CORPUS / name / path.name[:12])


def main(arguments: list[str]) -> int:
    if find_spec("atheris") is None:
        print("fuzzing needs atheris, which is not installed here (wheels: Linux, CPython 3.11 to 3.13)", file=sys.stderr)
        return 1
    if arguments[:1] == ["--one"]:
        one(arguments[1], arguments[2:])
    elif arguments == ["--keep"]:
        keep()
    elif arguments and arguments[0].isdigit():
        return fuzz(int(arguments[0]), tuple(arguments[1:]) or NAMES)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
