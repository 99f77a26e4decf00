"""Making a container: everything is checked first, then names, volumes and record come into being."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from api_schema.containers import ContainerConfig, ContainerCreateRequest
from api_schema.endpoint_settings import EndpointSettings
from api_schema.host_config import HostConfig
from api_schema.oci import ContainerConfig as ImageContainerConfig
from daemon.clock import Clock
from daemon.engine.container import Container, MountPoint
from daemon.engine.containers.config_rules import check_config
from daemon.engine.containers.copy_up import copy_up
from daemon.engine.containers.defaults import Interned, network_mode
from daemon.engine.containers.endpoint_rules import (
    check_endpoints,
    is_user_defined,
    joined_endpoints,
    wanted_endpoints,
)
from daemon.engine.containers.host_rules import (
    HOST_AND_LINKS,
    HostFacts,
    check_host_config,
    check_security_options,
    warnings,
)
from daemon.engine.containers.joining import check_donors, pinned
from daemon.engine.containers.log_options import check_log_config
from daemon.engine.containers.merge import merged
from daemon.engine.containers.modes import joins, owner_of
from daemon.engine.containers.mounts import IMAGE_MOUNT_WARNING, MountPlanner
from daemon.engine.containers.registry import Registry
from daemon.engine.containers.resource_paths import check_volumes, make_working_dir
from daemon.engine.containers.rootfs import Rootfs
from daemon.engine.containers.storage_options import check_storage_options
from daemon.engine.networks.parsing import parse_link
from daemon.errors import InvalidParameter
from daemon.events import Events
from daemon.fs.filesystem import Filesystem
from daemon.ids import Ids

if TYPE_CHECKING:
    from daemon.engine.images.image import Image
    from daemon.engine.images.service import Images
    from daemon.engine.networks import Networks
    from daemon.engine.volumes import Volumes

_CONFIG_FIELDS = frozenset(ContainerConfig.model_fields)


@dataclass(slots=True)
class Surroundings:
    """What a create needs of the daemon."""

    registry: Registry
    images: Images
    volumes: Volumes
    networks: Networks
    rootfs: Rootfs
    events: Events
    clock: Clock
    ids: Ids
    facts: HostFacts
    host_name: str


@dataclass(slots=True)
class _Draft:
    """A container to be, checked."""

    config: ContainerConfig
    host: HostConfig
    endpoints: dict[str, EndpointSettings]
    image: Image | None
    links: tuple[tuple[str, str], ...]
    warnings: list[str]


class Creation:
    """`create` is the way in."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._mounts = MountPlanner(
            surroundings.registry, surroundings.volumes, surroundings.images
        )
        self._interned = Interned()

    def create(
        self, request: ContainerCreateRequest, name: str = "", platform: str = ""
    ) -> tuple[Container, list[str]]:
        """The new container, and what dockerd warns of."""
        draft = self._draft(request, platform)
        around = self._around
        container_id = around.ids.id64()
        if name:
            name = around.registry.reserve(name, container_id)
        else:
            name = around.registry.generate_name(container_id)
        try:
            container = self._record(container_id, name, draft)
            self._prepare(container)
        except BaseException:
            around.registry.release_name(name)
            raise
        around.registry.add(container)
        for other_id, alias in container.links:
            around.registry.add_link(container, alias, around.registry.get(other_id))
        around.events.emit("container", "create", container.id, container.event_attributes())
        return container, draft.warnings

    # --- checking

    def _draft(self, request: ContainerCreateRequest, platform: str) -> _Draft:
        if not request.model_fields_set & _CONFIG_FIELDS:
            raise InvalidParameter("config cannot be empty in order to create a container")
        config = self._config_of(request)
        asked = request.host_config or HostConfig()
        check_host_config(config, asked, self._around.facts)
        config = check_config(config)
        said = warnings(config, asked)
        mode = network_mode(asked)
        endpoints = wanted_endpoints(config, mode, request.networking_config)
        image = self._image(config.image, platform)
        said += _foreign(image) if image and not platform else []
        config = merged(config, _defaults(image))
        host = pinned(self._interned(asked), self._around.registry)
        check_donors(asked, self._around.registry)
        check_log_config(host.log_config)
        check_storage_options(asked.storage_opt)
        check_security_options(asked.security_opt or [])
        check_endpoints(endpoints, self._around.networks.find)
        endpoints = joined_endpoints(endpoints, config, mode, self._around.networks.find)
        if any(mount.type == "image" for mount in asked.mounts or ()):
            said.append(IMAGE_MOUNT_WARNING)
        config = self._with_mac(config, mode, endpoints)
        return _Draft(config, host, endpoints, image, self._links(asked, mode), said)

    @staticmethod
    def _config_of(request: ContainerCreateRequest) -> ContainerConfig:
        given = {name: getattr(request, name) for name in request.model_fields_set & _CONFIG_FIELDS}
        return ContainerConfig.model_construct(**{**_zero_config(), **given})

    @staticmethod
    def _with_mac(
        config: ContainerConfig, mode: str, endpoints: dict[str, EndpointSettings]
    ) -> ContainerConfig:
        """The old container-wide address repeats the main network's."""
        main = endpoints.get(mode)
        return config.model_copy(update={"mac_address": main.mac_address if main else ""})

    def _image(self, name: str, platform: str) -> Image | None:
        wanted = None
        if platform:
            from daemon.engine.images import platforms

            wanted = platforms.parse(platform)
        return self._around.images.resolve(name, wanted) if name else None

    def _links(self, host: HostConfig, mode: str) -> tuple[tuple[str, str], ...]:
        """On the default bridge only; elsewhere a link is a name that the network answers."""
        if is_user_defined(mode):
            return ()
        links = []
        for spec in host.links or ():
            name, alias = parse_link(spec)
            linked = self._linked(name)
            if alias:
                links.append((linked.id, alias))
        return tuple(links)

    def _linked(self, reference: str) -> Container:
        """The container whose network a link leads to."""
        other = self._around.registry.find(reference)
        if other is None:
            raise InvalidParameter(
                f"could not get container for {reference}: No such container: {reference}"
            )
        mode = other.host_config.network_mode
        if joins(mode):
            return self._linked(owner_of(mode))
        if mode == "host":
            raise InvalidParameter(HOST_AND_LINKS)
        return other

    # --- making

    def _record(self, container_id: str, name: str, draft: _Draft) -> Container:
        around = self._around
        config = draft.config
        if not config.hostname:
            host_network = draft.host.network_mode == "host"
            hostname = around.host_name if host_network else container_id[:12]
            config = config.model_copy(update={"hostname": hostname})
        return Container(
            id=container_id,
            name=name,
            created=around.clock.now(),
            config=config,
            host_config=draft.host,
            image_id=draft.image.id if draft.image else "",
            diff_ids=draft.image.diff_ids if draft.image else (),
            platform=draft.image.os if draft.image else "linux",
            mounts=self._mounts.plan(config, draft.host),
            endpoints=draft.endpoints,
            image_argv=_image_argv(draft.image),
            asked_macs={
                network: settings.mac_address
                for network, settings in draft.endpoints.items()
                if settings.mac_address
            }
            or None,
            links=draft.links,
            graph_id=around.ids.hex(64),
        )

    def _prepare(self, container: Container) -> None:
        """Volumes take over what the image has in their place, and the working directory is made."""
        layers = self._around.images.layer_store
        for diff_id in container.diff_ids:
            layers.retain(diff_id)
        files = self._around.rootfs.bare(container)
        if container.config.working_dir:
            make_working_dir(container, files)
        check_volumes(container, files)
        for point in container.mounts:
            if point.type == "volume" and point.copy_up:
                self._copy_up(container, point)

    def _copy_up(self, container: Container, point: MountPoint) -> None:
        image = self._around.rootfs.bare(container)
        # A volume that cannot be mounted is no hindrance before there is something to put into it.
        if image.isdir(point.destination):
            volume = Filesystem(self._around.volumes.get(point.name).tree)
            copy_up(image, point.destination, volume, f"/{point.subpath}")


@cache
def _zero_config() -> dict[str, Any]:
    return {name: field.default for name, field in ContainerConfig.model_fields.items()}


def _foreign(image: Image) -> list[str]:
    """The warning of an image for another machine."""
    config = image.config
    if config.architecture == "amd64" and image.os == "linux" and not config.variant:
        return []  # nearly all; containers are made often
    from daemon.engine.images import platforms

    machine = platforms.machine()
    if platforms.fits(machine, image.platform):
        return []
    return [
        f"The requested image's platform ({platforms.show(image.platform)}) does not match the detected host "
        f"platform ({platforms.show(machine)}) and no specific platform was requested"
    ]


def _defaults(image: Image | None) -> ImageContainerConfig | None:
    return image.config.config if image else None


def _image_argv(image: Image | None) -> tuple[str, ...]:
    config = _defaults(image)
    return (*(config.entrypoint or ()), *(config.cmd or ())) if config else ()
