"""The sandboxes of some vendors in one process, which is never killed: `python -m tests.chaos.vendors node toplusms`.

Prints {vendor: port} in one line, and serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack

from bridge.sandbox import Options, build, serve

# nobody's report is waited for, and nobody's credit ends
OPTIONS = Options(credit=10**9, sent_after_seconds=0.5, reported_after_seconds=1)


async def main(vendors: list[str]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        running = {each: await stack.enter_async_context(await serve(build(each, options=OPTIONS))) for each in vendors}
        print(json.dumps({each: sandbox.port for each, sandbox in running.items()}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
