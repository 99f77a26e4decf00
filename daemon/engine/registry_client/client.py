"""The daemon's one way to registries: finds the endpoints of a name and keeps their connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp

from api_schema.oci import Reference
from daemon.clock import Clock
from daemon.engine.registry_client.auth import RegistryAuth
from daemon.engine.registry_client.download import download
from daemon.engine.registry_client.endpoints import Endpoint, Endpoints
from daemon.engine.registry_client.repository import Repository
from daemon.engine.remote_file import RemoteFile

if TYPE_CHECKING:
    from daemon.engine.registries import Registries
    from daemon.engine.registry_client.containerd import Login
    from daemon.engine.registry_client.hub import Hub
    from daemon.engine.registry_client.searching import Index

CONNECT_SECONDS = 30.0


class RegistryClient:
    def __init__(self, registries: Registries, clock: Clock) -> None:
        self._registries = registries
        self._clock = clock
        self._endpoints = Endpoints(registries, clock.now)
        self._hub: Hub | None = None
        self._hub_lock = asyncio.Lock()
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        self._plain_hosts: set[str] = set()

    async def pull_endpoints(self, reference: Reference) -> list[Endpoint]:
        return self._ordered(await self._endpoints.for_pull(reference.domain))

    async def push_endpoints(self, domain: str) -> list[Endpoint]:
        return self._ordered(await self._endpoints.for_push(domain))

    def _ordered(self, endpoints: list[Endpoint]) -> list[Endpoint]:
        """A host that answered plain HTTP is not asked for TLS again."""
        return [e for e in endpoints if e.scheme == "http" or e.host not in self._plain_hosts]

    async def connect(
        self, endpoint: Endpoint, path: str, auth: RegistryAuth, actions: str = "pull"
    ) -> Repository:
        """A repository that answers; Unreachable otherwise."""
        session = await self._session(endpoint)
        repository = self._repository(session, endpoint, path, auth, actions)
        await repository.connect()
        self._remember(endpoint)
        return repository

    async def build_repository(self, endpoint: Endpoint, path: str, login: Login) -> Repository:
        """The same repository as BuildKit asks it; whether it answers shows with the first question."""
        from daemon.engine.registry_client.containerd import BuildRepository

        parts = await self._session(endpoint), endpoint, path, login
        if not self._registries.faults:
            return BuildRepository(*parts)
        from daemon.engine.registry_client.staged import StagedBuildRepository

        repository = StagedBuildRepository(self._registries.faults, self._clock, *parts)
        await repository.connect()
        return repository

    async def login(self, endpoint: Endpoint, auth: RegistryAuth) -> None:
        """Raises a RegistryFailure unless the endpoint accepts `auth`."""
        session = await self._session(endpoint)
        await self._repository(session, endpoint, "", auth, "pull").login()
        self._remember(endpoint)

    def _repository(self, *parts: Any) -> Repository:  # noqa: ANN401 - Repository's
        if not self._registries.faults:
            return Repository(*parts)
        from daemon.engine.registry_client.staged import StagedRepository

        return StagedRepository(self._registries.faults, self._clock, *parts)

    def _remember(self, endpoint: Endpoint) -> None:
        if endpoint.scheme == "http":
            self._plain_hosts.add(endpoint.host)

    async def index(self, domain: str) -> Index:
        """A registry's old index, for `docker search`."""
        from daemon.engine.registry_client.searching import Index

        endpoints = await self.push_endpoints(domain)
        return await Index.of(await self._session(endpoints[0]), endpoints)

    @contextlib.asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[RemoteFile]:
        """A file that is in no registry: its length, -1 if unknown, and its chunks."""
        async with download(self._session_to(None), url) as found:
            yield found

    async def hub(self) -> Hub:
        """The registry that plays Docker Hub, running."""
        async with self._hub_lock:
            if self._hub is None:
                from daemon.engine.registry_client.hub import Hub

                hub = Hub(
                    self._registries.folder(),
                    self._clock.monotonic,
                    images=self._registries.catalog,
                    unknown=self._registries.unknown,
                )
                await hub.start()
                self._hub = hub
        return self._hub

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        if self._hub is not None:
            await self._hub.close()
            self._hub = None

    async def _session(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        return self._session_to((await self.hub()).socket if endpoint.hub else None)

    def _session_to(self, socket: str | None) -> aiohttp.ClientSession:
        """The one session to the hub's socket, or the one to everybody else."""
        if socket not in self._sessions:
            self._sessions[socket] = self._new_session(socket)
        return self._sessions[socket]

    def _new_session(self, socket: str | None) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        connector = aiohttp.UnixConnector(socket) if socket else aiohttp.TCPConnector()
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            headers={"User-Agent": self._registries.user_agent},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
