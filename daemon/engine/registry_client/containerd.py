"""A repository as containerd's client asks it for BuildKit: a login once it is wanted, failures in containerd's words."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from daemon.engine.registry_client.auth import Challenge, RegistryAuth
from daemon.engine.registry_client.failures import (
    RegistryFailure,
    RegistryRefusal,
    UnexpectedAnswer,
)
from daemon.engine.registry_client.repository import ACCEPT, Repository

if TYPE_CHECKING:
    from daemon.engine.registry_client.endpoints import Endpoint

PULL = "pull"
DENIED = (
    "pull access denied, repository does not exist or may require authorization: "
    "server message: {}: authorization failed"
)
ANSWERS_MAX = 5
"""How often one request is sent while the registry goes on asking for a login."""


class Login(Protocol):
    """Who builds, for a registry that wants to know."""

    async def credentials(self, host: str) -> tuple[str, str]:
        """User name and password; empty for none."""

    async def token(self, host: str, realm: str, service: str, scopes: Sequence[str]) -> str | None:
        """A token that the client fetched; None if it leaves that to us, LookupError with its words if it got none."""


class ClientRefused(RegistryFailure):
    """The client could not get a token; `said` is all that BuildKit tells at the end."""

    def __init__(self, said: str) -> None:
        super().__init__(f"failed to authorize: {said}")
        self.said = said


class AccessDenied(RegistryFailure):
    """The token that was granted is not good enough."""


class BuildRepository(Repository):
    """Asks for nothing before it is asked, and says who it is only if it must."""

    def __init__(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, path: str, login: Login
    ) -> None:
        super().__init__(session, endpoint, path, RegistryAuth())
        self._login = login
        self._basic = ""
        self._is_resolved = False

    async def connect(self) -> None:
        """Nothing: containerd does not greet."""

    async def _resolve(self, target: str) -> str:
        """What is asked for first is asked for by HEAD, and then by digest."""
        if self._is_resolved:
            return target
        url = self._url(f"manifests/{target}")
        async with self._raw("HEAD", url, {"Accept": ACCEPT}) as response:
            known = response.headers.get("Docker-Content-Digest", "")
            if response.status == HTTPStatus.METHOD_NOT_ALLOWED:
                known = ""
            elif response.status >= HTTPStatus.BAD_REQUEST:
                raise await self._refused(response)
        self._is_resolved = True
        return known

    @contextlib.asynccontextmanager
    async def _raw(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        scoped: bool = True,
        **more: Any,  # noqa: ANN401 - passed on
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer once no login is wanted any more, or none that we have."""
        for attempt in range(1, ANSWERS_MAX + 1):
            sent = {**(headers or {}), **self._proof()}
            async with self._send(method, url, sent, **more) as response:
                wanted = response.headers.get("WWW-Authenticate", "")
                refused = response.status == HTTPStatus.UNAUTHORIZED and attempt < ANSWERS_MAX
                if not refused or not await self._prove(Challenge.parse(wanted)):
                    yield response
                    return

    def _proof(self) -> dict[str, str]:
        said = f"Bearer {self._token}" if self._token else self._basic
        return {"Authorization": said} if said else {}

    async def _prove(self, wanted: Challenge | None) -> bool:
        """Get what the registry wants to see; False if there is nothing (more) to show."""
        if wanted is None:
            return False
        if wanted.scheme == "bearer":
            if self._token and wanted.error:
                raise AccessDenied(DENIED.format(wanted.error))
            self._token = await self._new_token(wanted)
            return True
        auth = RegistryAuth(*await self._login.credentials(self.endpoint.host))
        known, self._basic = self._basic, auth.basic or ""
        return bool(self._basic) and self._basic != known

    async def _new_token(self, wanted: Challenge) -> str:
        host = self.endpoint.host
        token = None
        if not self.endpoint.hub:  # whose realm is nowhere that the client could ask
            scopes = merged_scopes(f"repository:{self.path}:{PULL}", *wanted.scope.split())
            try:
                token = await self._login.token(host, wanted.realm, wanted.service, scopes)
            except LookupError as refusal:
                raise ClientRefused(str(refusal)) from None
        if token is None:
            self._auth = RegistryAuth(*await self._login.credentials(host))
            token = await self._fetch_token(wanted, scoped=True)
        return token

    async def _refused(self, response: aiohttp.ClientResponse) -> RegistryFailure:
        if response.status == HTTPStatus.NOT_FOUND:
            code = "BLOB_UNKNOWN" if "/blobs/" in response.url.path else "MANIFEST_UNKNOWN"
            return RegistryRefusal(code, "not found")
        phrase = HTTPStatus(response.status).phrase
        asked = f"{response.method} request to {response.url}"
        return UnexpectedAnswer(f"unexpected status from {asked}: {response.status} {phrase}")


def merged_scopes(*scopes: str) -> list[str]:
    """Each resource once, with all that is to be done to it, in alphabetical order."""
    merged: dict[str, set[str]] = {}
    for scope in scopes:
        name, _, actions = scope.rpartition(":")
        merged.setdefault(name, set()).update(actions.split(","))
    return [f"{name}:{','.join(sorted(actions))}" for name, actions in sorted(merged.items())]
