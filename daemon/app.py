"""The composition root: the only file that sees everything."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import programs
from daemon.behaviours import Behaviours, Run, forwarding
from daemon.clock import Clock
from daemon.config import Config
from daemon.engine.build.cache import Cache
from daemon.engine.containers.host_rules import HostFacts
from daemon.engine.containers.service import Containers
from daemon.engine.egress import Egress
from daemon.engine.execs import Execs
from daemon.engine.images.service import Images
from daemon.engine.networks import Networks
from daemon.engine.plugins import Plugins
from daemon.engine.registries import InsecureRegistries, Registries
from daemon.engine.system import System
from daemon.engine.volumes import Volumes
from daemon.events import Events
from daemon.faults import Faults
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids
from daemon.profile import Profile
from daemon.reports import Reports
from daemon.server.buildkit.sessions import Sessions
from daemon.server.dispatch import Dispatcher
from daemon.server.listener import Listener
from daemon.server.routes import all_routes
from daemon.server.views import ContainerViews
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.engine.build.classic_service import ClassicBuilds
    from daemon.engine.build.jobs import Builds
    from daemon.process.status import Program
    from daemon.server.buildkit.posted import PostedBuilds


class Daemon:
    """One daemon: what it knows, what it runs, and the sockets it answers on. Many may live in one process."""

    def __init__(self, config: Config | None = None, clock: Clock | None = None) -> None:
        self.config = config or Config()
        self.clock = clock or Clock()
        self.ids = Ids(self.config.seed)
        self.profile: Profile = self.config.profile
        self._closing = contextlib.AsyncExitStack()
        self._outages = Tasks("outages")
        self._folder: str | None = None
        self.events = Events(self.clock)
        self.faults = Faults(self.clock, self.ids)
        self.reports = Reports()
        self.behaviours = Behaviours(forwarding(self.config.forward))
        self.layers = LayerStore(self.clock.now)
        self._closing.callback(self.layers.close)
        self.images = self._make_images()
        self._closing.push_async_callback(self.images.close)
        self.networks = Networks(
            self.clock, self.ids, self.events, self.config.default_address_pools
        )
        self.egress = Egress(self.networks.is_gateway)
        self._closing.push_async_callback(self.egress.close)
        if self.config.allow_egress:
            self.networks.fabric.egress = self.egress.open
        self.volumes = Volumes(
            self.clock, self.ids, self.events, self.layers.spool, self.config.bind_mounts
        )
        self.containers = self._make_containers()
        self._closing.push_async_callback(self.containers.close)
        self.execs = Execs(self.containers, self.clock, self.ids)
        self.container_views = ContainerViews(self.containers, self.images)
        self.build_cache = Cache(self.layers, self.clock, self.ids)
        self.sessions = Sessions()
        self.plugins = Plugins(self.ids, self.events, self.profile.version)
        self.system = System(
            self.config,
            self.clock,
            self.ids,
            self.events,
            container_states=lambda: [c.state.value for c in self.containers],
            image_count=lambda: len(self.images.store),
        )
        self._dispatcher = Dispatcher(self, all_routes())
        self._listener = Listener(self._dispatcher, allow_remote=self.config.allow_remote)

    def _script(self, run: Run) -> Program | None:
        """What a behaviour says that a program is to do. ExecError if that is not to start."""
        scripted = self.behaviours.find(run)
        if scripted is None:
            return None
        # Loaded by the first of them: most daemons never need it.
        from daemon.programs.scripted import program_for

        return program_for(scripted, self.egress.forward)

    def _make_images(self) -> Images:
        config, version = self.config, self.profile.version
        registries = Registries(
            folder=lambda: self.folder,
            mirror=config.registry_mirror,
            insecure=InsecureRegistries.of(config.insecure_registries),
            certs=Path(config.certs_dir),
            catalog=tuple(Path(folder) for folder in config.images),
            unknown=config.unknown_images,
            user_agent=f"docker/{version} go/{self.profile.go_version} os/linux arch/amd64",
            faults=self.faults,
        )
        return Images(
            self.layers,
            self.clock,
            self.events,
            registries,
            pull_rate=config.pull_rate,
            engine_version=version,
        )

    def _make_containers(self) -> Containers:
        return Containers(
            images=self.images,
            networks=self.networks,
            volumes=self.volumes,
            events=self.events,
            clock=self.clock,
            ids=self.ids,
            programs=programs,
            facts=HostFacts(cpus=os.cpu_count() or 1),
            own_socket=self._own_socket,
            publish_host=self.config.publish_host,
            bind_policy=self.config.bind_mounts,
            host_name=self.config.name,
            private_folder=lambda: self.folder,
            faults=self.faults,
            on_unsimulated=self.reports.note_program,
            script=self._script,
        )

    @property
    def hosts(self) -> list[str]:
        """What is listened on, as DOCKER_HOST takes it."""
        return self._listener.hosts

    def _own_socket(self) -> str | None:
        """A Unix socket that we answer on, for containers that bind Docker's."""
        unix = (host for host in self.hosts if host.startswith("unix://"))
        return next((host.removeprefix("unix://") for host in unix), None)

    @cached_property
    def classic_builds(self) -> ClassicBuilds:
        """Builds of before BuildKit, loaded by the first of them."""
        from daemon.engine.build.bench import ContainerBench
        from daemon.engine.build.classic_service import ClassicBuilds

        builds = ClassicBuilds(self.images, lambda: ContainerBench(self.containers), self.clock)
        self._closing.push_async_callback(builds.close)
        return builds

    @cached_property
    def builds(self) -> Builds:
        """BuildKit's builds, loaded when a client first opens /grpc."""
        from daemon.engine.build.git.repositories import Repositories
        from daemon.engine.build.jobs import Builds
        from daemon.engine.build.running import BuildRunner
        from daemon.engine.build.sandbox import Network

        runner = BuildRunner(
            programs,
            self.clock,
            Network(self.networks, self.clock, self.ids),
            lambda size: MemoryTree(self.layers.spool, self.clock.now, size=size),
            self._script,
        )
        repositories = Repositories(self.build_cache, lambda: self.folder)
        builds = Builds(
            self.system.id,
            self.images,
            self.build_cache,
            runner,
            self.clock,
            self.ids,
            repositories,
        )
        self._closing.push_async_callback(builds.close)
        return builds

    @cached_property
    def posted_builds(self) -> PostedBuilds:
        """BuildKit's builds by `POST /build`, loaded by the first of them."""
        from daemon.server.buildkit.posted import PostedBuilds

        gateway = self.networks.get("bridge").gateway
        builds = PostedBuilds(self.builds, self.sessions, lambda: gateway(4))
        self._closing.push_async_callback(builds.close)
        return builds

    @property
    def folder(self) -> str:
        """A private folder on the host, made when first asked for and removed at the end."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="mockerd-")
        return self._folder

    async def start(self) -> None:
        """Listen; when this returns, clients are answered."""
        try:
            await self._listener.open(self.config.hosts or [f"unix://{self.folder}/docker.sock"])
        except BaseException:
            await self.close()
            raise

    def go_away(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for a while; containers go on, as with Docker's live restore."""
        self._outages.spawn(self._outage(seconds))

    async def _outage(self, seconds: float) -> None:
        hosts = list(self.hosts)
        await self._listener.close()
        await self.clock.sleep(seconds)
        await self._listener.open(hosts)

    async def close(self) -> None:
        """Stop everything and leave nothing behind."""
        await self._outages.close()
        await self._listener.close()
        await self._closing.aclose()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
