"""Ten thousand containers: what they cost in memory, and how long a list of them takes.

    python -m benchmarks.many_containers [COUNT]

The daemon runs in this process, its client as well: the memory is an upper bound.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import aiohttp

from mockerd import MockDaemon

CLIENTS = 8
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """This process's memory, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


async def create(session: aiohttp.ClientSession, count: int) -> None:
    for _ in range(count):
        body = {"Image": "busybox", "Cmd": ["true"]}
        async with session.post("http://docker/containers/create", json=body) as reply:
            reply.raise_for_status()


async def timed_list(session: aiohttp.ClientSession) -> float:
    started = time.perf_counter()
    async with session.get("http://docker/containers/json?all=1") as reply:
        await reply.read()
    return time.perf_counter() - started


async def main(count: int) -> None:
    async with MockDaemon(seed=1) as mock:
        connector = aiohttp.UnixConnector(mock.socket_path, limit=CLIENTS)
        async with aiohttp.ClientSession(connector=connector) as session:
            pull = "http://docker/images/create?fromImage=busybox&tag=latest"
            async with session.post(pull) as reply:
                await reply.read()
            await create(session, CLIENTS)
            before, started = resident(), time.perf_counter()
            await asyncio.gather(*(create(session, count // CLIENTS) for _ in range(CLIENTS)))
            sys.stdout.write(
                f"created {count} in {time.perf_counter() - started:.1f} s, {resident() - before:.0f} MB\n"
            )
            lists = [await timed_list(session) for _ in range(3)]
            sys.stdout.write(
                f"lists: {', '.join(f'{one:.2f} s' for one in lists)}, {resident() - before:.0f} MB\n"
            )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
