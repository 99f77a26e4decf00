"""How containers and execs look to a client: records turned into wire models, and the bytes of hot replies kept."""

from __future__ import annotations

import base64
import dataclasses
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from api_schema import go_json
from api_schema.base import dump
from api_schema.changes import translation
from api_schema.containers import (
    ContainerInspect,
    ContainerState,
    ContainerSummary,
    GraphDriver,
    Health,
    HealthcheckResult,
    MountPoint,
    NetworkSettings,
    Port,
    SummaryHostConfig,
    SummaryNetworkSettings,
)
from api_schema.endpoint_settings import EndpointSettings
from api_schema.execs import ExecInspect, ExecProcessConfig
from api_schema.go_time import go_time
from api_schema.host_config import HostConfig
from api_schema.version import ApiVersion
from daemon.engine import container as records
from daemon.engine.container import Container
from daemon.engine.container_state import State
from daemon.engine.containers.status_text import status_of
from daemon.engine.execs import Exec
from daemon.engine.images.inspecting import DATA_ROOT, graph_driver
from daemon.engine.port_specs import split_port
from daemon.errors import InvalidParameter, NotFound
from daemon.server.codec import version_group

if TYPE_CHECKING:
    from daemon.engine.containers.service import Containers
    from daemon.engine.images.service import Images

CACHED_INSPECTS: Final = 2048
_BRIDGE: Final = "bridge"
_STATUS_MARK: Final = b"\0status\0"


def container_inspect(
    containers: Containers, container: Container, *, size: bool = False
) -> ContainerInspect:
    """Everything, as GET /containers/{name}/json shows it."""
    argv = container.argv or [""]
    own = f"{DATA_ROOT}/containers/{container.id}"
    folder = f"{DATA_ROOT}/containers/{container.files_of or container.id}"
    started = container.host_files is not None
    log_type = container.host_config.log_config.type
    return ContainerInspect.model_construct(
        id=container.id,
        created=go_time(container.created),
        path=argv[0],
        args=argv[1:],
        state=_state(container),
        image=container.image_id,
        resolv_conf_path=f"{folder}/resolv.conf" if started else "",
        hostname_path=f"{folder}/hostname" if started else "",
        hosts_path=f"{folder}/hosts" if started else "",
        log_path=f"{own}/{container.id}-json.log" if started and log_type == "json-file" else "",
        name=f"/{container.name}",
        restart_count=container.restart_count,
        driver="overlay2",
        platform=container.platform,
        mount_label="",
        process_label="",
        app_armor_profile=_app_armor(container),
        exec_ids=container.exec_ids,
        host_config=_with_links(containers, container),
        graph_driver=_graph(container),
        size_rw=containers.size_rw(container) if size else None,
        size_root_fs=containers.size_root(container) if size else None,
        mounts=[_mount(point) for point in container.mounts],
        config=container.config,
        network_settings=_network_settings(container),
    )


def _state(container: Container) -> ContainerState:
    state = container.state
    live = container.live
    return ContainerState.model_construct(
        status=state.value,
        running=container.running,
        paused=state is State.PAUSED,
        restarting=state is State.RESTARTING,
        oom_killed=container.oom_killed,
        dead=state is State.DEAD,
        pid=live.host_pid(live.process.pid) if live else 0,
        exit_code=container.exit_code,
        error=container.error,
        started_at=go_time(container.started_at),
        finished_at=go_time(container.finished_at),
        health=_health(container),
    )


def _health(container: Container) -> Health | None:
    monitor = container.health
    if monitor is None:
        return None
    return Health.model_construct(
        status=monitor.status,
        failing_streak=monitor.failing_streak,
        log=[
            HealthcheckResult.model_construct(
                start=go_time(result.start),
                end=go_time(result.end),
                exit_code=result.exit_code,
                output=result.output,
            )
            for result in monitor.log
        ],
    )


def _app_armor(container: Container) -> str:
    for option in container.host_config.security_opt or ():
        if option.startswith(("apparmor=", "apparmor:")):
            return option[len("apparmor=") :]
    return ""


def _with_links(containers: Containers, container: Container) -> HostConfig:
    """The list of links is made from what is linked now, as dockerd does."""
    links = []
    for other_id, alias in container.links:
        other = containers.registry.find(other_id)
        if other is not None:
            links.append(f"/{other.name}:/{container.name}/{alias}")
    if not links:
        return container.host_config
    return container.host_config.model_copy(update={"links": links})


def _graph(container: Container) -> GraphDriver:
    own = f"{DATA_ROOT}/overlay2/{container.graph_id}"
    image = graph_driver(container.diff_ids).data or {}
    below = [f"{own}-init/diff", image.get("UpperDir", ""), image.get("LowerDir", "")]
    data = {
        "ID": container.id,
        "LowerDir": ":".join(folder for folder in below if folder),
        "MergedDir": f"{own}/merged",
        "UpperDir": f"{own}/diff",
        "WorkDir": f"{own}/work",
    }
    return GraphDriver.model_construct(data=data, name="overlay2")


def _mount(point: records.MountPoint) -> MountPoint:
    return MountPoint.model_construct(
        type=point.type,
        name="" if point.unnamed else point.name,
        source=point.source,
        destination=point.destination,
        driver=point.driver,
        mode=point.mode,
        rw=point.writable,
        propagation=point.propagation,
    )


def _network_settings(container: Container) -> NetworkSettings:
    sandbox = container.live.sandbox if container.live else None
    main = container.endpoints.get(_BRIDGE, EndpointSettings())
    return NetworkSettings.model_construct(
        bridge="",
        sandbox_id=sandbox.id if sandbox else "",
        sandbox_key=sandbox.key if sandbox else "",
        ports=sandbox.ports if sandbox else {},
        hairpin_mode=False,
        link_local_ipv6_address="",
        link_local_ipv6_prefix_len=0,
        secondary_ip_addresses=None,
        secondary_ipv6_addresses=None,
        endpoint_id=main.endpoint_id,
        gateway=main.gateway,
        global_ipv6_address=main.global_ipv6_address,
        global_ipv6_prefix_len=main.global_ipv6_prefix_len,
        ip_address=main.ip_address,
        ip_prefix_len=main.ip_prefix_len,
        ipv6_gateway=main.ipv6_gateway,
        mac_address=main.mac_address,
        networks=container.endpoints,
    )


def container_summary(
    container: Container,
    *,
    names: list[str],
    image: str,
    status: str,
    sizes: tuple[int, int] = (0, 0),
) -> ContainerSummary:
    """One entry of the list; `image` is the name that still leads to its image, or else the image's id."""
    host = container.host_config
    return ContainerSummary.model_construct(
        id=container.id,
        names=[f"/{name}" for name in names],
        image=image,
        image_id=container.image_id,
        command=_command(container),
        created=container.created // 1_000_000_000,
        ports=list(_ports(container)),
        size_rw=sizes[0],
        size_root_fs=sizes[1],
        labels=container.config.labels,
        state=container.state.value,
        status=status,
        host_config=SummaryHostConfig.model_construct(
            network_mode=host.network_mode, annotations=host.annotations
        ),
        network_settings=SummaryNetworkSettings.model_construct(
            networks={name: _listed(settings) for name, settings in container.endpoints.items()}
        ),
        mounts=[_listed_mount(point) for point in container.mounts],
    )


def _listed_mount(point: records.MountPoint) -> MountPoint:
    """The list does not know where a volume of the image's lies: an accident of dockerd's."""
    shown = _mount(point)
    return shown.model_copy(update={"source": ""}) if point.anonymous and not point.mode else shown


def _command(container: Container) -> str:
    path, *arguments = container.argv or [""]
    quoted = [f"'{argument}'" if " " in argument else argument for argument in arguments]
    return " ".join([path, *quoted])


def _listed(settings: EndpointSettings) -> EndpointSettings:
    """The list leaves out names and driver options."""
    if not (settings.aliases or settings.links or settings.driver_opts or settings.dns_names):
        return settings
    hidden = {"aliases": None, "links": None, "driver_opts": None, "dns_names": None}
    return settings.model_copy(update=hidden)


def _ports(container: Container) -> Iterable[Port]:
    if container.live is None:
        return
    for spec, places in sorted(container.live.sandbox.ports.items()):
        number, protocol = split_port(spec)
        if not places:
            yield Port.model_construct(
                ip="", private_port=int(number), public_port=0, type=protocol
            )
        for place in places or ():
            yield Port.model_construct(
                ip=place.host_ip,
                private_port=int(number),
                public_port=int(place.host_port),
                type=protocol,
            )


def exec_inspect(found: Exec) -> ExecInspect:
    command = found.request.cmd or [""]
    return ExecInspect.model_construct(
        id=found.id,
        running=found.running,
        exit_code=found.exit_code,
        process_config=ExecProcessConfig.model_construct(
            tty=found.request.tty,
            entrypoint=command[0],
            arguments=command[1:],
            privileged=found.request.privileged,
            user=found.request.user or found.container.config.user,
        ),
        open_stdin=found.request.attach_stdin,
        open_stderr=found.request.attach_stderr,
        open_stdout=found.request.attach_stdout,
        can_remove=False,
        container_id=found.container.id,
        detach_keys=base64.b64encode(found.detach_keys).decode(),
        pid=found.pid,
    )


TemplateKey = tuple[object, ...]
Template = tuple[bytes, bytes, bytes, bytes, bytes]
CACHED_TEMPLATES = 512
# A client can give none of these: ids and names are checked, and time is ours.
_ID_MARK, _NAME_MARK, _CREATED_MARK = "~id~", "~name~", 7777777777


def _template_key(container: Container, group: int, image: str) -> TemplateKey | None:
    """Equal for containers whose entries differ in id, name and time alone; None for those with more of their own."""
    if container.live is not None or container.mounts:
        return None
    labels = container.config.labels
    return (
        group,
        image,
        container.image_id,
        tuple(container.argv),
        container.state,
        container.host_config.network_mode,
        tuple((container.host_config.annotations or {}).items()),
        container.host_config.annotations is None,
        tuple(labels.items()) if labels else (),
        labels is None,
        tuple((name, one.model_dump_json()) for name, one in container.endpoints.items()),
    )


@dataclass(slots=True)
class _Entry:
    """A list entry around its Status."""

    revision: int
    image: str
    head: bytes
    tail: bytes
    whole: bytes = b""
    valid_until: int = 0


class ContainerViews:
    """Bytes of inspect replies and list entries, for as long as nothing that they show has changed."""

    def __init__(self, containers: Containers, images: Images) -> None:
        self._containers = containers
        self._images = images
        self._inspects: OrderedDict[tuple[str, int], tuple[int, bytes]] = OrderedDict()
        self._entries: dict[str, dict[int, _Entry]] = {}
        self._templates: dict[TemplateKey, Template] = {}
        containers.on_removed.append(self._forget)

    def inspect(self, container: Container, version: ApiVersion) -> bytes:
        """The body of the reply, newline included."""
        key = (container.id, version_group(ContainerInspect, version))
        kept = self._inspects.get(key)
        # A link shows another container's name, which our own revision does not tell.
        if kept is not None and kept[0] == container.revision and not container.links:
            self._inspects.move_to_end(key)
            return kept[1]
        model = container_inspect(self._containers, container)
        body = go_json.encode(dump(model, translation(version).downgrade))
        self._inspects[key] = (container.revision, body)
        if len(self._inspects) > CACHED_INSPECTS:
            self._inspects.popitem(last=False)
        return body

    def list(
        self, containers: list[Container], version: ApiVersion, now: int, *, size: bool
    ) -> bytes:
        group = version_group(ContainerSummary, version)
        names: dict[str, str | None] = {}
        entries = [
            self._entry(container, group, version, now, self._shown_image(container, names))
            if not size
            else self._sized(container, version, now, self._shown_image(container, names))
            for container in containers
        ]
        return b"[" + b",".join(entries) + b"]\n"

    def _entry(
        self, container: Container, group: int, version: ApiVersion, now: int, image: str
    ) -> bytes:
        kept = self._entries.setdefault(container.id, {})
        entry = kept.get(group)
        if entry is None or entry.revision != container.revision or entry.image != image:
            entry = kept[group] = self._rendered(container, group, version, image)
        if now >= entry.valid_until:
            status = status_of(container, now)
            entry.whole = entry.head + status.text.encode() + entry.tail
            entry.valid_until = status.valid_until
        return entry.whole

    def _rendered(
        self, container: Container, group: int, version: ApiVersion, image: str
    ) -> _Entry:
        names = self._containers.registry.names_of(container)
        key = _template_key(container, group, image) if len(names) == 1 else None
        if key is None:
            head, tail = self._split(container, version, image, names)
        else:
            if key not in self._templates:
                if len(self._templates) >= CACHED_TEMPLATES:
                    self._templates.clear()
                self._templates[key] = self._template(container, version, image)
            before, between, after, head_end, tail = self._templates[key]
            id_, name = container.id.encode(), names[0].encode()
            created = b"%d" % (container.created // 1_000_000_000)
            head = b"".join((before, id_, between, name, after, created, head_end))
        return _Entry(container.revision, image, head, tail)

    def _template(self, container: Container, version: ApiVersion, image: str) -> Template:
        """What containers that were made and configured alike have in common: all but id, name and time."""
        marked = dataclasses.replace(container, id=_ID_MARK, created=_CREATED_MARK * 1_000_000_000)
        head, tail = self._split(marked, version, image, [_NAME_MARK])
        before, rest = head.split(_ID_MARK.encode(), 1)
        between, rest = rest.split(_NAME_MARK.encode(), 1)
        after, head_end = rest.split(b"%d" % _CREATED_MARK, 1)
        return before, between, after, head_end, tail

    def _split(
        self, container: Container, version: ApiVersion, image: str, names: Sequence[str]
    ) -> tuple[bytes, bytes]:
        """The entry before and after its Status."""
        # Control characters are escaped in JSON, so the mark cannot come from a client.
        mark = go_json.encode(_STATUS_MARK.decode()).strip()[1:-1]
        status = _STATUS_MARK.decode()
        model = container_summary(container, names=[*names], image=image, status=status)
        body = go_json.encode(dump(model, translation(version).downgrade)).rstrip(b"\n")
        head, _, tail = body.rpartition(mark)
        return head, tail

    def _sized(self, container: Container, version: ApiVersion, now: int, image: str) -> bytes:
        model = self._sized_model(container, now, image)
        return go_json.encode(dump(model, translation(version).downgrade)).rstrip(b"\n")

    def _sized_model(self, container: Container, now: int, image: str) -> ContainerSummary:
        sizes = (self._containers.size_rw(container), self._containers.size_root(container))
        status = status_of(container, now).text
        names = self._containers.registry.names_of(container)
        return container_summary(container, names=names, image=image, status=status, sizes=sizes)

    def sized_models(self, now: int) -> tuple[ContainerSummary, ...]:
        """Every container with its sizes, newest first, as /system/df tells them."""
        names: dict[str, str | None] = {}
        return tuple(
            self._sized_model(container, now, self._shown_image(container, names))
            for container in sorted(self._containers, key=lambda c: c.created, reverse=True)
        )

    def _shown_image(self, container: Container, names: dict[str, str | None]) -> str:
        """The name that create was given, unless it leads elsewhere by now."""
        name = container.config.image
        if name not in names:
            try:
                names[name] = self._images.resolve(name).id if name else ""
            except (NotFound, InvalidParameter):
                names[name] = None
        return name if names[name] == container.image_id else container.image_id

    def _forget(self, container: Container) -> None:
        for inspect_key in [key for key in self._inspects if key[0] == container.id]:
            del self._inspects[inspect_key]
        self._entries.pop(container.id, None)
