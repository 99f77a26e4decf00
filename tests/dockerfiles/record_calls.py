"""Records what clients got from a real engine: `python -m tests.dockerfiles.record_calls SOCKET [call ...]`.

Needs docker with buildx and compose on the PATH, and on the engine the image busybox and, for the calls of ssh_calls.toml,
openssh-client. What the calls leave is removed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from tests.dockerfiles.calls import Call, Outcome, calls, outcome, recorded
from tests.dockerfiles.corpus import HERE
from tests.dockerfiles.git_calls import git_outcome

DOCUMENTS = {
    "calls": outcome,
    "ssh_calls": outcome,
    "context_calls": outcome,
    "git_calls": git_outcome,
}
REMOVE = "docker images -q 'bcalls-*' | sort -u | xargs -r docker rmi -f"


async def main(socket: str, names: list[str]) -> None:
    env = {**os.environ, "DOCKER_HOST": f"unix://{socket}"}
    for document in DOCUMENTS:
        wanted = [call for call in calls(document) if not names or call.name in names]
        if wanted:
            await record(document, wanted, recorded(document) if names else {}, env)


async def record(
    document: str, wanted: list[Call], found: dict[str, Outcome], env: dict[str, str]
) -> None:
    for call in wanted:
        found[call.name] = await DOCUMENTS[document](call, env)
        removal = await asyncio.create_subprocess_shell(
            REMOVE, env=env, stdout=asyncio.subprocess.DEVNULL
        )
        await removal.wait()
    text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
    (HERE / f"{document}.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
