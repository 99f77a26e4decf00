"""A repository on its worst day: the seams of the pull, push and registry faults."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from daemon.clock import Clock
from daemon.engine.registry_client.containerd import BuildRepository
from daemon.engine.registry_client.failures import (
    RegistryFailure,
    RegistryRefusal,
    UnexpectedAnswer,
    Unreachable,
)
from daemon.engine.registry_client.repository import RemoteManifest, Repository
from daemon.faults import FaultPoint, Faults

if TYPE_CHECKING:
    from daemon.faults import Fault

DENIED = "requested access to the resource is denied"
RATE_LIMIT = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
    "https://www.docker.com/increase-rate-limit"
)


class Interrupted(RegistryFailure):
    """A download that broke off, and is not tried again."""

    retry = False


class StagedRepository(Repository):
    """Asks before each step whether a fault strikes there. Occasions: `registry`, `image` (the path), `digest`."""

    def __init__(self, faults: Faults, clock: Clock, *rest: Any) -> None:  # noqa: ANN401 - Repository's
        super().__init__(*rest)
        self._faults = faults
        self._clock = clock

    def _fires(self, point: FaultPoint, **more: str) -> Fault | None:
        return self._faults.fires(point, registry=self.endpoint.host, image=self.path, **more)

    async def connect(self) -> None:
        if self._fires(FaultPoint.REGISTRY_UNREACHABLE):
            host = self.endpoint.host
            raise Unreachable(
                f'Get "{self.endpoint.url}/v2/": dial tcp: lookup {host}: i/o timeout'
            )
        await super().connect()

    async def manifest(self, target: str) -> RemoteManifest:
        if self._fires(FaultPoint.PULL_DENIED):
            raise RegistryRefusal("DENIED", DENIED)
        if self._fires(FaultPoint.PULL_NOT_FOUND):
            raise RegistryRefusal("MANIFEST_UNKNOWN", "manifest unknown")
        if self._fires(FaultPoint.PULL_RATE_LIMITED):
            raise RegistryRefusal("TOOMANYREQUESTS", RATE_LIMIT)
        if (fault := self._fires(FaultPoint.REGISTRY_ERROR)) is not None:
            raise UnexpectedAnswer(
                f"received unexpected HTTP status: {fault.status} {fault.message}"
            )
        return await super().manifest(target)

    @contextlib.asynccontextmanager
    async def blob(self, digest: str) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        async with super().blob(digest) as (length, chunks):
            yield length, self._spoiled(digest, chunks)

    async def _spoiled(self, digest: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        corrupt = self._fires(FaultPoint.REGISTRY_CORRUPT_BLOB, digest=digest)
        interrupted = self._fires(FaultPoint.PULL_INTERRUPTED, digest=digest)
        slow = self._fires(FaultPoint.PULL_SLOW, digest=digest)
        sent = 0
        async for chunk in chunks:
            if slow is not None:
                await self._clock.sleep(slow.seconds)
            if interrupted is not None and sent + len(chunk) > interrupted.after_bytes:
                raise Interrupted("unexpected EOF")
            sent += len(chunk)
            yield bytes(len(chunk)) if corrupt is not None else chunk

    async def start_upload(self) -> str:
        self._check_push()
        return await super().start_upload()

    async def put_manifest(self, target: str, media_type: str, data: bytes) -> None:
        self._check_push()
        await super().put_manifest(target, media_type, data)

    def _check_push(self) -> None:
        if self._fires(FaultPoint.PUSH_DENIED):
            raise RegistryRefusal("DENIED", DENIED)


class StagedBuildRepository(StagedRepository, BuildRepository):
    """The same for a build's base images."""
