"""Records what a real engine makes of the corpus: `python -m tests.dockerfiles.record SOCKET [case ...]`.

Needs docker with buildx on the PATH, and the image busybox on the engine. Named cases replace their own records only.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from tests.dockerfiles.building import Builder
from tests.dockerfiles.corpus import BUILDKIT, CLASSIC, HERE, cases, recorded


async def main(socket: str, names: list[str]) -> None:
    builder = Builder(socket, os.environ)
    await builder.prepare()
    for kind in (CLASSIC, BUILDKIT):
        found = recorded(kind) if names else {}
        for case in cases(kind):
            if not names or case.name in names:
                found[case.name] = await builder.build(kind, case)
        text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
        (HERE / f"{kind}.json").write_text(text + "\n")
    await builder.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
