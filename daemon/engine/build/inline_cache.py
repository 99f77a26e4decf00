"""The cache that an image brings along in its config: which of its layers which step made.

The member is BuildKit's, and so is its form; the keys of steps are this daemon's own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from api_schema.go_layout import RFC3339, parse_layout
from api_schema.go_time import go_time
from daemon.engine.build.cache import Record
from daemon.engine.build.progress import Step

MEMBER = "moby.buildkit.cache.v0"


FirstLayers = Callable[[int, Step], AbstractAsyncContextManager[None]]


def all_layers_are_here(count: int, step: Step) -> AbstractAsyncContextManager[None]:
    """For an image that nothing has to be fetched of."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class CachedLayer:
    """The place of a step's layer among an image's, and when it was made, in nanoseconds since the epoch."""

    number: int
    created: int


@dataclass(frozen=True, slots=True)
class InlineCache:
    """What one image offers. Inside `first_layers` those are here, told under a step's vertex if they come for it."""

    steps: Mapping[str, CachedLayer]
    diff_ids: tuple[str, ...]
    first_layers: FirstLayers

    def fits(self, key: str, below: tuple[str, ...]) -> CachedLayer | None:
        """The layer that the step of that key made on top of the layers `below`."""
        layer = self.steps.get(key)
        if layer is None or self.diff_ids[: layer.number] != below:
            return None
        return layer


def written(records: Sequence[Record]) -> str:
    """The member's value for an image whose last layers these entries are."""
    entries = [
        {
            "layers": [{"layer": len(record.diff_ids) - 1, "createdAt": go_time(record.created)}],
            "digest": f"sha256:{record.key}",
        }
        for record in records
    ]
    return base64.b64encode(json.dumps(entries, separators=(",", ":")).encode()).decode()


def read(document: Mapping[str, Any], layers: int) -> dict[str, CachedLayer]:
    """The steps in the member of a config with that many layers; none, if there is none or it is no cache."""
    try:
        entries = json.loads(base64.b64decode(document.get(MEMBER) or "W10=", validate=True))
        found = {
            entry["digest"].removeprefix("sha256:"): CachedLayer(
                layer["layer"], parse_layout(RFC3339, layer["createdAt"])
            )
            for entry in entries
            for layer in entry.get("layers") or ()
        }
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {key: layer for key, layer in found.items() if 0 <= layer.number < layers}
