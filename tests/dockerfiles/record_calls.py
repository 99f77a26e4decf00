"""Records what clients got from a real engine: `python -m tests.dockerfiles.record_calls SOCKET [call ...]`.

Needs docker with buildx and compose on the PATH, and the image busybox on the engine. What the calls leave is removed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from tests.dockerfiles.calls import calls, outcome, recorded
from tests.dockerfiles.corpus import HERE

REMOVE = "docker images -q 'bcalls-*' | sort -u | xargs -r docker rmi -f"


async def main(socket: str, names: list[str]) -> None:
    env = {**os.environ, "DOCKER_HOST": f"unix://{socket}"}
    found = recorded() if names else {}
    for call in calls():
        if not names or call.name in names:
            found[call.name] = await outcome(call, env)
            removal = await asyncio.create_subprocess_shell(
                REMOVE, env=env, stdout=asyncio.subprocess.DEVNULL
            )
            await removal.wait()
    text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
    (HERE / "calls.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
