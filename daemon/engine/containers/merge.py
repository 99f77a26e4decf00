"""A container's config laid over its image's, as dockerd's runconfig.Merge does it."""

from typing import Any, Protocol

from api_schema.containers import ContainerConfig, Empty, HealthConfig
from daemon.errors import InvalidParameter

_EMPTY = Empty.model_construct()


class ImageDefaults(Protocol):
    """What an image says about the containers made from it."""

    @property
    def user(self) -> str: ...
    @property
    def exposed_ports(self) -> dict[str, Any] | None: ...
    @property
    def env(self) -> list[str] | None: ...
    @property
    def entrypoint(self) -> list[str] | None: ...
    @property
    def cmd(self) -> list[str] | None: ...
    @property
    def healthcheck(self) -> dict[str, Any] | None: ...
    @property
    def volumes(self) -> dict[str, Any] | None: ...
    @property
    def working_dir(self) -> str: ...
    @property
    def labels(self) -> dict[str, str] | None: ...
    @property
    def stop_signal(self) -> str: ...


def merged(config: ContainerConfig, image: ImageDefaults | None) -> ContainerConfig:
    """The config that the container gets; refused if in the end there is no command."""
    update: dict[str, Any] = _from_image(config, image) if image else {}
    entrypoint = update.get("entrypoint", config.entrypoint)
    if entrypoint == [""]:
        update["entrypoint"] = entrypoint = None
    if not entrypoint and not update.get("cmd", config.cmd):
        raise InvalidParameter("no command specified")
    health = update.get("healthcheck", config.healthcheck)
    if health is not None and health.test == []:
        update["healthcheck"] = health.model_copy(update={"test": None})
    return config.model_copy(update=update)


def laid_over(config: ContainerConfig, below: Any) -> ContainerConfig:  # noqa: ANN401 - see ImageDefaults
    """What `config` leaves open comes from `below`: an image's defaults, or at a commit the container's config."""
    return config.model_copy(update=_from_image(config, below))


def _from_image(config: ContainerConfig, image: ImageDefaults) -> dict[str, Any]:
    update: dict[str, Any] = {
        "user": config.user or image.user,
        "working_dir": config.working_dir or image.working_dir,
        "stop_signal": config.stop_signal or image.stop_signal,
        "env": merged_env(config.env, image.env),
        "labels": {**(image.labels or {}), **(config.labels or {})},
        "exposed_ports": _union(config.exposed_ports, image.exposed_ports),
        "volumes": _union(config.volumes, image.volumes),
        "healthcheck": _health(config.healthcheck, image.healthcheck),
    }
    if not config.entrypoint:
        if not config.cmd:
            update["cmd"] = image.cmd
        if config.entrypoint is None:
            update["entrypoint"] = image.entrypoint
    return update


def merged_env(own: list[str] | None, image: list[str] | None) -> list[str] | None:
    """Our variables first, then those of the image that we do not set."""
    if not own:
        return image
    ours = {variable.partition("=")[0] for variable in own}
    return own + [item for item in image or () if item.partition("=")[0] not in ours]


def _union(own: dict[str, Empty] | None, image: dict[str, Any] | None) -> dict[str, Empty] | None:
    if not image:
        return own or None
    return {**dict.fromkeys(image, _EMPTY), **(own or {})}


def _health(own: HealthConfig | None, image: dict[str, Any] | None) -> HealthConfig | None:
    if not image:
        return own
    inherited = HealthConfig.model_validate(image)
    if own is None:
        return inherited
    given = {name: getattr(own, name) for name in HealthConfig.model_fields}
    return inherited.model_copy(update={name: value for name, value in given.items() if value})
