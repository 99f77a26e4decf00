"""Records what a real engine makes of hostile tars: `python -m tests.hostile.record SOCKET`. It needs the image busybox."""

from __future__ import annotations

import json
import sys

from tests.hostile.tars import RECORDS, TARS, WAYS, taken
from tests.tars import Engine


def main(socket: str) -> None:
    engine = Engine(socket, "mockerd-hostile")
    found = {name: {way: taken(engine, way, name) for way in WAYS} for name in TARS}
    RECORDS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
