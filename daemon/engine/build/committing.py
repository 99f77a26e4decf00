"""`docker commit`: what a container has changed, under a config that `--change` may alter, becomes an image."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from api_schema.base import dump
from api_schema.containers import ContainerConfig
from api_schema.oci import Reference
from daemon.engine.build.changes import changed
from daemon.engine.container_state import State
from daemon.engine.containers.merge import laid_over
from daemon.engine.images.creating import Commit
from daemon.engine.images.threads import IN_MEMORY, off_loop
from daemon.errors import Conflict

if TYPE_CHECKING:
    from daemon.engine.container import Container
    from daemon.engine.containers.service import Containers
    from daemon.engine.images.image import Image
    from daemon.engine.images.service import Images


@dataclass(frozen=True, slots=True)
class CommitOptions:
    config: ContainerConfig | None = None
    """None: the container's own."""
    changes: tuple[str, ...] = ()
    author: str = ""
    comment: str = ""
    reference: Reference | None = None
    pause: bool = True


async def commit(
    containers: Containers, images: Images, name: str, options: CommitOptions
) -> Image:
    """The container is paused until its image is there, unless it is paused already."""
    container = containers.get(name)
    _check(container)
    wanted = dump(options.config or container.config)
    config = ContainerConfig.model_validate(changed(wanted, options.changes))
    with (
        _held(containers, container, options.pause),
        tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as layer,
    ):
        await off_loop(
            containers.size_rw(container), lambda: _write_layer(containers, container, layer)
        )
        image = await images.commit(
            Commit(
                container_id=container.id,
                image_id=container.image_id,
                container_config=dump(container.config),
                config=dump(laid_over(config, container.config)),
                layer=layer,
                author=options.author,
                comment=options.comment,
            ),
            options.reference,
        )
        containers.emit(
            container,
            "commit",
            comment=options.comment,
            imageID=image.id,
            imageRef=options.reference.familiar if options.reference else "",
        )
    return image


def _check(container: Container) -> None:
    if container.state is State.DEAD:
        raise Conflict(f"You cannot commit container {container.id} which is Dead")
    if container.state is State.REMOVING:
        raise Conflict(f"You cannot commit container {container.id} which is being removed")


@contextlib.contextmanager
def _held(containers: Containers, container: Container, pause: bool) -> Iterator[None]:
    if not pause or container.state is not State.RUNNING:
        yield
        return
    containers.pause(container.id)
    try:
        yield
    finally:
        containers.unpause(container.id)


def _write_layer(containers: Containers, container: Container, layer: IO[bytes]) -> None:
    for chunk in containers.rootfs.overlay(container).layer_tar():
        layer.write(chunk)
