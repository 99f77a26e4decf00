"""Image configs of all kinds, and what Engine 28.5.2 saves of them: `python -m tests.behaviour.saved_images SOCKET` asks it."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests.tars import Engine, tar_of

RECORDS = Path(__file__).with_name("saved_images.json")
LAYERS = [tar_of((f"f{number}", "f", b"x" * number)) for number in (1, 2)]
CREATED = {"created": "2020-01-01T00:00:00Z"}
CONFIGS: dict[str, dict[str, Any]] = {
    "plain": CREATED,
    "no time": {},
    "a time that is null": {"created": None},
    "the year 1": {"created": "0001-01-01T00:00:00Z"},
    "the year 1600": {"created": "1600-01-01T00:00:00Z"},
    "the year 2300": {"created": "2300-01-01T00:00:00Z"},
    "another zone": {"created": "2020-01-01T00:00:00+02:00"},
    "nanoseconds": {"created": "2020-01-01T00:00:00.123456789Z"},
    "no config": CREATED | {"config": None},
    "another machine": CREATED | {"architecture": "arm64", "variant": "v8", "os.version": "1"},
    "a size and a parent": CREATED | {"Size": 5, "parent": "sha256:" + "1" * 64},
    "what HTML minds": CREATED | {"comment": "<&>\u2028é", "config": {"Cmd": ["<a> & b"]}},
    "a history": CREATED | {"history": [{"created_by": "x"}, {"empty_layer": True}]},
    "all of it": CREATED
    | {
        "author": "me",
        "comment": "why",
        "container": "abc",
        "docker_version": "1.2",
        "container_config": {"Cmd": ["x"], "Labels": {"z": "1", "a": "2"}},
        "config": {
            "Cmd": ["y"],
            "Env": ["A=b"],
            "Labels": {"k": "v"},
            "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5},
            "ExposedPorts": {"80/tcp": {}},
            "Volumes": {"/b": {}, "/a": {}},
            "OnBuild": ["RUN x"],
            "Shell": ["a"],
            "StopTimeout": 3,
        },
    },
}


def saved(engine: Engine, config: dict[str, Any]) -> list[list[Any]]:
    """Name, size and time of every file of its archive; the blobs are named by their content."""
    engine.forget()
    try:
        assert not engine.load(*LAYERS, **config)
        _, tar = engine.ask("GET", f"/images/{engine.image}/get")
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            return [[file.name, file.size, file.mtime] for file in archive if file.isfile()]
    finally:
        engine.forget()


if __name__ == "__main__":
    real = Engine(sys.argv[1], "mockerd-saved")
    found = {name: saved(real, config) for name, config in CONFIGS.items()}
    RECORDS.write_text(json.dumps(found, indent=1) + "\n")
