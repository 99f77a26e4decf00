"""Which mounts a new container gets: from other containers, `-v`, `--mount` and its image, in this order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from api_schema.containers import ContainerConfig
from api_schema.host_config import HostConfig, Mount, VolumeOptions
from daemon.engine.container import MountPoint
from daemon.engine.containers.config_rules import clean_path
from daemon.engine.containers.mount_specs import (
    MountFault,
    check_target,
    is_valid_mode,
    parse_bind,
    parse_mount,
)
from daemon.engine.containers.registry import Registry
from daemon.errors import InvalidParameter, NotFound

if TYPE_CHECKING:
    from daemon.engine.images.service import Images
    from daemon.engine.volumes import Volumes

IMAGE_MOUNT_WARNING = "Image mount is an experimental feature"
_DEFAULT_DRIVER = "local"


class MountPlanner:
    """Parses everything first and creates volumes after that, so that a refused create leaves none behind."""

    def __init__(self, registry: Registry, volumes: Volumes, images: Images) -> None:
        self._registry = registry
        self._volumes = volumes
        self._images = images

    def plan(self, config: ContainerConfig, host: HostConfig) -> tuple[MountPoint, ...]:
        """The mount points of a new container; its volumes exist afterwards."""
        points = {point.destination: point for point in self._from_others(host)}
        asked = [(parse_bind(spec, host.volume_driver), Mount()) for spec in host.binds or ()]
        asked += [(parse_mount(mount), mount) for mount in host.mounts or ()]
        self._check_targets(host, [point for point, _ in asked])
        for point, mount in asked:
            points[point.destination] = self._resolved(point, mount, named_mode=True)
        for path in config.volumes or ():
            if clean_path(path) not in points:
                points[clean_path(path)] = self._anonymous(path)
        return tuple(points.values())

    def _check_targets(self, host: HostConfig, asked: list[MountPoint]) -> None:
        for path in host.tmpfs or ():
            try:
                check_target(path)
            except MountFault as fault:
                raise InvalidParameter(str(fault)) from None
        taken: set[str] = set()
        tmpfs = {clean_path(path) for path in host.tmpfs or ()}
        for point in asked:
            hides_tmpfs = point.destination in tmpfs and point.type != "tmpfs"
            if point.destination in taken or hides_tmpfs:
                raise InvalidParameter(f"Duplicate mount point: {point.destination}")
            taken.add(point.destination)

    def _from_others(self, host: HostConfig) -> list[MountPoint]:
        points = []
        for spec in host.volumes_from or ():
            reference, _, mode = spec.partition(":")
            if not spec or not reference:
                raise InvalidParameter("volumes-from specification cannot be an empty string")
            if not is_valid_mode(mode):
                raise InvalidParameter(f"invalid mode: {mode}")
            other = self._registry.find(reference)
            if other is None:
                raise InvalidParameter(f"No such container: {reference}")
            readonly = "ro" in mode.split(",")
            points += [
                dataclasses.replace(
                    point, writable=point.writable and not readonly, anonymous=False, copy_up=False
                )
                for point in other.mounts
                if point.type != "tmpfs"
            ]
        return points

    def _resolved(self, point: MountPoint, mount: Mount, *, named_mode: bool) -> MountPoint:
        if point.type == "volume":
            return self._volume(point, mount, named_mode=named_mode)
        if point.type == "image":
            return self._image(point)
        return point

    def _volume(self, point: MountPoint, mount: Mount, *, named_mode: bool) -> MountPoint:
        options = mount.volume_options or VolumeOptions()
        driver_options = options.driver_config.options if options.driver_config else None
        volume = self._volumes.create(
            point.name, driver=point.driver, driver_opts=driver_options, labels=options.labels
        )
        return dataclasses.replace(
            point,
            name=volume.name,
            # A path alone after -v makes a volume whose name dockerd does not show.
            unnamed=point.anonymous and not mount.type,
            source=volume.mountpoint,
            driver=volume.driver,
            mode=point.mode or ("z" if named_mode and volume.driver == _DEFAULT_DRIVER else ""),
        )

    def _image(self, point: MountPoint) -> MountPoint:
        image = self._images.resolve(point.name)
        if image is None:
            raise NotFound(f"No such image: {point.name}")
        source = f"/var/lib/docker/overlay2/{image.id.removeprefix('sha256:')}/merged"
        return dataclasses.replace(point, source=source, image_id=image.id)

    def _anonymous(self, path: str) -> MountPoint:
        """A volume of the image's, or one asked for without a name; here dockerd checks nothing."""
        volume = self._volumes.create("")
        return MountPoint(
            "volume",
            path,
            source=volume.mountpoint,
            name=volume.name,
            driver=volume.driver,
            anonymous=True,
            copy_up=True,
        )
