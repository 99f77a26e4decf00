"""The containers of a classic build: made, run and thrown away as `docker run` would, under ids only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from api_schema.containers import ContainerCreateRequest
from daemon.engine.build.classic import Output
from daemon.engine.build.progress import STDERR as STDERR_NUMBER
from daemon.engine.build.progress import STDOUT as STDOUT_NUMBER
from daemon.engine.build.shelf import layer_file
from daemon.engine.containers.service import Containers
from daemon.engine.streams import STDERR
from daemon.fs.filesystem import Filesystem

NOT_RUNNING = "not-running"


@dataclass(frozen=True, slots=True)
class ContainerBench:
    """Workbench over a daemon's containers."""

    containers: Containers

    async def create(
        self, image: str, config: Mapping[str, Any], host: Mapping[str, object]
    ) -> str:
        document = {**config, "Image": image, "HostConfig": dict(host)}
        request = ContainerCreateRequest.model_validate(document)
        container, _ = self.containers.create(request)
        container.is_build_step = True
        return container.id

    async def run(self, container: str, output: Output) -> int:
        found = self.containers.get(container)
        attachment = self.containers.streams(found).attach()
        self.containers.emit(found, "attach")
        try:
            await self.containers.start(container)
            while chunks := await attachment.read():
                for stream, data in chunks:
                    output(data, STDERR_NUMBER if stream == STDERR else STDOUT_NUMBER)
        finally:
            attachment.close()
        return await self.containers.wait(found, NOT_RUNNING)

    def files(self, container: str) -> Filesystem:
        return self.containers.rootfs.bare(self.containers.get(container))

    def layer(self, container: str) -> IO[bytes]:
        return layer_file(self.containers.rootfs.overlay(self.containers.get(container)))

    async def remove(self, container: str) -> None:
        await self.containers.remove(container, force=True, volumes=True)
