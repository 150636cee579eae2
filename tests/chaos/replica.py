"""`smsbridge serve` as a process that dies and is started again, as a supervisor does it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import psutil

from tests.chaos.gate import HOST, reserve
from tests.program import environment

__all__ = ["Replica"]

_LOOK_SECONDS = 0.05


class Replica:
    """One bridge on a port of its own. Use as an async context manager: leaving it ends the process in an orderly way."""

    def __init__(self, name: str, config: Path, *, workers: int = 1, random: Random | None = None) -> None:
        """config: its folder gets the output of every life."""
        self.name, self._config, self._workers = name, config, workers
        self._random = random or Random(0)
        self._holder = reserve()
        self.port = self._holder.getsockname()[1]
        self.log = config.parent / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._keeper: asyncio.Task[None] | None = None
        # lives begun; and what ended a life that nobody ended
        self.starts = 0
        self.deaths: list[str] = []
        self._ended_by_us = False

    async def __aenter__(self) -> Replica:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.stop()
        finally:
            self._holder.close()

    def start(self) -> None:
        """Starts it, and again whenever it ends."""
        self._wanted = True
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def stop(self) -> None:
        """Ends it as a supervisor does, and for good; by force when it does not end."""
        self._wanted = False
        if self._keeper is None:
            return
        self.resume()
        self.terminate()
        try:
            await asyncio.wait_for(self._keeper, 30)
        except TimeoutError:
            self.deaths.append(f"{self.name} did not end within 30 s of SIGTERM")
        finally:
            self.kill()
            self._keeper = None

    async def ready(self, seconds: float = 180) -> None:
        """Returns once it takes connections. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not await self._listens():  # noqa: ASYNC110  # it is another process
                await asyncio.sleep(_LOOK_SECONDS)

    def kill(self) -> bool:
        """kill -9 to all of its processes; False when there are none."""
        return self._to_all(signal.SIGKILL)

    def kill_worker(self) -> bool:
        """kill -9 to one of its workers; False when there is none. Its supervisor lives on."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        with contextlib.suppress(psutil.Error):
            workers = [each for each in psutil.Process(process.pid).children() if "spawn_main" in " ".join(each.cmdline())]
            if workers:
                self._random.choice(workers).kill()
                return True
        return False

    def terminate(self) -> None:
        """As a supervisor stops it."""
        if self._process is not None and self._process.poll() is None:
            self._ended_by_us = True
            self._process.terminate()

    def freeze(self) -> None:
        self._to_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._to_all(signal.SIGCONT)

    def limit_files(self, size: int) -> None:
        """No file that it writes may grow beyond: what a full disk is to it. resource.RLIM_INFINITY: as before."""
        for process in self._family():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def _family(self) -> list[psutil.Process]:
        process = self._process
        if process is None or process.poll() is not None:
            return []
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def _to_all(self, number: signal.Signals) -> bool:
        """To the group that was made for it. Not when its leader was buried: then its number may be another's."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        self._ended_by_us = self._ended_by_us or number == signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        return True

    async def _keep(self) -> None:
        command = [sys.executable, "-m", "bridge", "serve", "--config", str(self._config)]
        command += ["--host", HOST, "--port", str(self.port), "--workers", str(self._workers)]
        while self._wanted:
            self._ended_by_us = False
            with self.log.open("ab") as output:
                self._process = process = subprocess.Popen(  # noqa: ASYNC220  # it does not wait
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment(),
                    start_new_session=True,
                )
                self.starts += 1
                served = False
                while process.poll() is None:
                    served = served or await self._listens()
                    await asyncio.sleep(_LOOK_SECONDS)
            if served and not self._ended_by_us:
                self.deaths.append(f"{self.name} ended by itself with status {process.returncode}; see {self.log}")
            if self._workers > 1:  # they go on without their supervisor, and keep its port
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            if self._wanted:
                await asyncio.sleep(self._random.uniform(0, 1))

    async def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.setblocking(False)
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await asyncio.get_running_loop().sock_connect(probe, (HOST, self.port))
                return True
        return False
