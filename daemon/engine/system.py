"""What the daemon knows of itself: versions, counts and the machine it claims to run on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from api_schema import go_json
from api_schema.base import dump
from api_schema.go_time import go_time
from api_schema.system import (
    Commit,
    ComponentVersion,
    ContainerdInfo,
    ContainerdNamespaces,
    EventActor,
    EventMessage,
    FirewallInfo,
    IndexInfo,
    Info,
    PluginsInfo,
    RegistryServiceConfig,
    RuntimeInfo,
    VersionReply,
)
from daemon.clock import Clock
from daemon.config import Config
from daemon.engine.registries import InsecureRegistries
from daemon.events import Event, Events
from daemon.ids import Ids

INDEX_SERVER = "https://index.docker.io/v1/"
DATA_ROOT = "/var/lib/docker"
LOG_DRIVERS = ["awslogs", "fluentd", "gelf", "journald", "json-file", "local", "splunk", "syslog"]
NETWORK_DRIVERS = ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"]
_DRIVER_STATUS = [
    ("Backing Filesystem", "extfs"),
    ("Supports d_type", "true"),
    ("Using metacopy", "false"),
    ("Native Overlay Diff", "true"),
    ("userxattr", "false"),
]
_RUNTIME_FEATURES = (
    '{"ociVersionMin":"1.0.0","ociVersionMax":"1.2.1",'
    '"hooks":["prestart","createRuntime","createContainer","startContainer","poststart","poststop"],'
    '"linux":{"namespaces":["cgroup","ipc","mount","network","pid","time","user","uts"],'
    '"cgroup":{"v1":true,"v2":true,"systemd":true,"systemdUser":true,"rdma":true},'
    '"seccomp":{"enabled":true},"apparmor":{"enabled":true},"selinux":{"enabled":true}}}'
)
# Types whose events repeat themselves in the fields that Docker had before 1.22.
_LEGACY_TYPES = ("container", "image")


class System:
    """Answers /version and /info; stands above all the rest, because it counts it."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        ids: Ids,
        events: Events,
        *,
        container_states: Callable[[], Iterable[str]],
        image_count: Callable[[], int],
    ) -> None:
        self._config = config
        self._clock = clock
        self._events = events
        self._container_states = container_states
        self._image_count = image_count
        self.id = ids.uuid()

    @cached_property
    def version_body(self) -> bytes:
        """GET /version as JSON. No API version has changed it, so it is rendered once."""
        return go_json.encode(dump(self._version()))

    @cached_property
    def _constant(self) -> Info:
        return self._info()

    def _version(self) -> VersionReply:
        profile = self._config.profile
        details = {
            "ApiVersion": profile.api_version,
            "Arch": profile.arch,
            "BuildTime": profile.build_time,
            "Experimental": str(profile.experimental).lower(),
            "GitCommit": profile.git_commit,
            "GoVersion": profile.go_version,
            "KernelVersion": profile.kernel_version,
            "MinAPIVersion": profile.min_api_version,
            "Os": profile.os,
        }
        components = [
            ("Engine", profile.version, details),
            ("containerd", profile.containerd_version, {"GitCommit": profile.containerd_commit}),
            ("runc", profile.runc_version, {"GitCommit": profile.runc_commit}),
            ("docker-init", profile.init_version, {"GitCommit": profile.init_commit}),
        ]
        return VersionReply(
            components=[
                ComponentVersion(name=name, version=version, details=about)
                for name, version, about in components
            ],
            version=profile.version,
            api_version=profile.api_version,
            min_api_version=profile.min_api_version,
            git_commit=profile.git_commit,
            go_version=profile.go_version,
            os=profile.os,
            arch=profile.arch,
            kernel_version=profile.kernel_version,
            experimental=profile.experimental,
            build_time=profile.build_time,
        )

    def info(self) -> Info:
        """The counts of now, over what stays the same."""
        states = list(self._container_states())
        running, paused = states.count("running"), states.count("paused")
        restarting = states.count("restarting")
        return self._constant.model_copy(
            update={
                "containers": len(states),
                "containers_running": running + restarting,
                "containers_paused": paused,
                "containers_stopped": len(states) - running - paused - restarting,
                "images": self._image_count(),
                "system_time": go_time(self._clock.now()),
                "nevents_listener": self._events.listener_count,
            }
        )

    def _info(self) -> Info:
        """What belongs to the machine is this machine's, the rest is the profile's."""
        profile, config = self._config.profile, self._config
        features = {"org.opencontainers.runtime-spec.features": _RUNTIME_FEATURES}
        runtime = RuntimeInfo(path="runc", status=features)
        return Info(
            id=self.id,
            driver="overlay2",
            driver_status=_DRIVER_STATUS,
            plugins=PluginsInfo(volume=["local"], network=NETWORK_DRIVERS, log=LOG_DRIVERS),
            debug=config.debug,
            nfd=26,
            ngoroutines=48,
            logging_driver="json-file",
            cgroup_driver="cgroupfs",
            cgroup_version="1",
            kernel_version=profile.kernel_version,
            operating_system="Debian GNU/Linux 12 (bookworm)",
            os_version="12",
            os_type=profile.os,
            architecture="x86_64",
            index_server_address=INDEX_SERVER,
            registry_config=self._registry_config(),
            ncpu=os.cpu_count() or 1,
            mem_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            docker_root_dir=DATA_ROOT,
            name=config.name,
            labels=[f"{key}={value}" for key, value in config.labels.items()],
            experimental_build=profile.experimental,
            server_version=profile.version,
            runtimes={"io.containerd.runc.v2": runtime, "runc": runtime},
            default_runtime="runc",
            init_binary="docker-init",
            containerd_commit=Commit(id=profile.containerd_commit),
            runc_commit=Commit(id=profile.runc_commit),
            init_commit=Commit(id=profile.init_commit),
            security_options=["name=seccomp,profile=builtin"],
            default_address_pools=self._address_pools(),
            firewall_backend=FirewallInfo(driver="iptables"),
            cdi_spec_dirs=["/etc/cdi", "/var/run/cdi"],
            containerd=ContainerdInfo(
                address="/run/docker/containerd/containerd.sock",
                namespaces=ContainerdNamespaces(containers="moby", plugins="plugins.moby"),
            ),
        )

    def _address_pools(self) -> list[dict[str, Any]]:
        return [{"Base": base, "Size": size} for base, size in self._config.default_address_pools]

    def _registry_config(self) -> RegistryServiceConfig:
        mirror = self._config.registry_mirror
        mirrors = [mirror.rstrip("/") + "/"] if mirror else []
        indexes = {"docker.io": IndexInfo(name="docker.io", official=True, mirrors=mirrors)}
        insecure = InsecureRegistries.of(self._config.insecure_registries)
        for host in insecure.hosts:
            indexes[host] = IndexInfo(name=host, secure=False)
        return RegistryServiceConfig(
            index_configs=indexes,
            insecure_registry_cidrs=[str(network) for network in insecure.networks],
            mirrors=mirrors or None,
        )


def event_message(event: Event) -> EventMessage:
    """The event as a client reads it."""
    legacy = event.type in _LEGACY_TYPES
    return EventMessage(
        status=event.action if legacy else "",
        id=event.id if legacy else "",
        from_=event.attributes.get("image", "") if event.type == "container" else "",
        type=event.type,
        action=event.action,
        actor=EventActor(id=event.id, attributes=event.attributes),
        scope=event.scope,
        time=event.time // 1_000_000_000,
        time_nano=event.time,
    )
