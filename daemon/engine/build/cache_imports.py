"""`--cache-from`: the caches that a build is to take steps from, and what it tells of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daemon.engine.build.client import BuildClient
from daemon.engine.build.inline_cache import InlineCache
from daemon.engine.build.progress import Progress, Step
from daemon.engine.build.resolving import Bases
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.service import parse_reference
from daemon.errors import DockerError

REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class CacheImport:
    type: str
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        """A registry's reference as it was given; of all others a number that stands for what was given."""
        if self.type == REGISTRY:
            return self.attributes.get("ref", "")
        given = json.dumps(sorted(self.attributes.items())).encode()
        return f"{self.type}:{zlib.crc32(given)}"


def parse_imports(text: str, images: Sequence[str] = ()) -> tuple[CacheImport, ...]:
    """From the frontend's options `cache-imports` and, in its older form, `cache-from`."""
    entries = json.loads(text) if text else []
    entries += [{"Type": REGISTRY, "Attrs": {"ref": image}} for image in images]
    return tuple(CacheImport(entry["Type"], entry.get("Attrs") or {}) for entry in entries)


async def look_up(
    wanted: CacheImport, bases: Bases, client: BuildClient, progress: Progress
) -> InlineCache | None:
    """One vertex; a cache that cannot be had is an error there, and nowhere else."""
    step = progress.announce(f"importing cache manifest from {wanted.name}")
    try:
        with step.running():
            return await _found(wanted, bases, client, step)
    except DockerfileError:
        return None


async def _found(wanted: CacheImport, bases: Bases, client: BuildClient, step: Step) -> InlineCache:
    if wanted.type != REGISTRY:
        raise DockerfileError(f"unknown cache importer: {wanted.type}")
    try:
        return await bases.inline_cache(parse_reference(wanted.name).tagged(), client, step)
    except DockerError as problem:
        text = f"failed to configure {wanted.type} cache importer: {problem}"
        raise DockerfileError(text) from None
