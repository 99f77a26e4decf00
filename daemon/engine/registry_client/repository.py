"""One repository of one registry: manifests, blobs and tags, read and written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import aiohttp

from api_schema.oci import INDEX_TYPES, MANIFEST_TYPES, Digest
from daemon.engine.registry_client.auth import Challenge, RegistryAuth
from daemon.engine.registry_client.failures import (
    TRANSPORT_ERRORS,
    CredentialsNeeded,
    RegistryFailure,
    UnexpectedAnswer,
    refusal,
    unreachable,
)

if TYPE_CHECKING:
    from daemon.engine.registry_client.endpoints import Endpoint

MANIFEST_BYTES_MAX = 4 << 20
CHUNK = 1 << 15
ACCEPT = ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    media_type: str
    digest: Digest
    data: bytes


class Repository:
    """Authorized for `actions`; connect() before anything else."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        path: str,
        auth: RegistryAuth,
        actions: str = "pull",
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self._session = session
        self._auth = auth
        self._actions = actions
        self._challenge: Challenge | None = None
        self._token = auth.registry_token

    async def connect(self) -> None:
        """Ask which login the registry wants; Unreachable if nobody is there."""
        url = f"{self.endpoint.url}/v2/"
        async with self._send("GET", url, {}) as response:
            if response.status == HTTPStatus.UNAUTHORIZED:
                self._challenge = Challenge.parse(response.headers.get("WWW-Authenticate", ""))

    async def login(self) -> None:
        """Raise unless the credentials are good."""
        await self.connect()
        url = f"{self.endpoint.url}/v2/"
        async with self._raw("GET", url, scoped=False) as response:
            if response.status != HTTPStatus.OK:
                status = f"{response.status} {HTTPStatus(response.status).phrase}"
                raise UnexpectedAnswer(f"login attempt to {url} failed with status: {status}")

    # reading

    async def manifest(self, target: str) -> RemoteManifest:
        """By tag or digest. A tag is resolved first, which a rate limit does not count."""
        digest = await self._resolve(target)
        url = self._url(f"manifests/{digest or target}")
        async with self._request("GET", url, {"Accept": ACCEPT}) as response:
            data = await self._read_bounded(response)
            media_type = response.content_type
        found = Digest.of(data)
        if ":" in target and not Digest.parse(target).matches(data):
            raise UnexpectedAnswer(f"manifest verification failed for digest {target}")
        return RemoteManifest(media_type, Digest(target) if ":" in target else found, data)

    async def _resolve(self, target: str) -> str:
        """A tag's digest by HEAD; empty if only a GET can tell, errors included."""
        if ":" in target:
            return target
        url = self._url(f"manifests/{target}")
        async with self._raw("HEAD", url, {"Accept": ACCEPT}) as response:
            if response.status == HTTPStatus.OK:
                return response.headers.get("Docker-Content-Digest", "")
        return ""

    async def _read_bounded(self, response: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        async for chunk in self._chunks(response):
            data += chunk
            if len(data) > MANIFEST_BYTES_MAX:
                raise UnexpectedAnswer("rejecting manifest: size exceeds limit")
        return bytes(data)

    async def _document(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        """A JSON object, whatever it calls itself."""
        try:
            document = json.loads(await self._read_bounded(response))
        except ValueError as error:
            raise UnexpectedAnswer(f"error parsing HTTP {response.status} response body") from error
        if not isinstance(document, dict):
            raise UnexpectedAnswer(f"error parsing HTTP {response.status} response body")
        return document

    async def tags(self) -> list[str]:
        """All of them, page by page."""
        found: list[str] = []
        url: str | None = self._url("tags/list")
        while url:
            async with self._request("GET", url) as response:
                found += (await self._document(response)).get("tags") or []
                following = response.links.get("next")
                url = str(following["url"]) if following else None
        return found

    async def small_blob(self, digest: str) -> bytes:
        """A config: checked against its digest."""
        async with self._request("GET", self._url(f"blobs/{digest}")) as response:
            data = await self._read_bounded(response)
        if not Digest.parse(digest).matches(data):
            raise UnexpectedAnswer(f"image config verification failed for digest {digest}")
        return data

    @contextlib.asynccontextmanager
    async def blob(self, digest: str) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """Its length, 0 if unknown, and its chunks; not checked."""
        async with self._request("GET", self._url(f"blobs/{digest}")) as response:
            length = int(response.headers.get("Content-Length", 0))
            yield length, self._chunks(response)

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_chunked(CHUNK):
                yield chunk
        except TRANSPORT_ERRORS as error:
            raise UnexpectedAnswer("unexpected EOF") from error

    # writing

    async def blob_size(self, digest: str) -> int | None:
        """None if the repository lacks it."""
        async with self._raw("HEAD", self._url(f"blobs/{digest}")) as response:
            if response.status == HTTPStatus.OK:
                return int(response.headers.get("Content-Length", 0))
            if response.status == HTTPStatus.NOT_FOUND:
                return None
            raise await self._refused(response)

    async def mount(self, digest: str, source: str) -> bool:
        """Take the blob from another repository of the registry; False if it is not there, or not for us."""
        query = {"mount": digest, "from": source}
        async with self._raw("POST", self._url("blobs/uploads/"), query=query) as response:
            return response.status == HTTPStatus.CREATED

    async def start_upload(self) -> str:
        """Where to send the blob."""
        url = self._url("blobs/uploads/")
        async with self._request("POST", url) as response:
            return urljoin(url, response.headers["Location"])

    async def send(self, location: str, chunks: AsyncIterator[bytes]) -> str:
        """Returns where to commit what was sent."""
        async with self._request("PATCH", location, data=chunks) as response:
            return urljoin(location, response.headers["Location"])

    async def commit(self, location: str, digest: str) -> None:
        async with self._request("PUT", location, query={"digest": digest}):
            return

    async def put_manifest(self, target: str, media_type: str, data: bytes) -> None:
        url = self._url(f"manifests/{target}")
        async with self._request("PUT", url, {"Content-Type": media_type}, data=data):
            return

    # requests

    def _url(self, tail: str) -> str:
        return f"{self.endpoint.url}/v2/{self.path}/{tail}"

    @contextlib.asynccontextmanager
    async def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        scoped: bool = True,
        **more: Any,  # noqa: ANN401 - passed on
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful answer; anything else raises a RegistryFailure."""
        async with self._raw(method, url, headers, scoped=scoped, **more) as response:
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise await self._refused(response)
            yield response

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
        """Any answer, asked with whatever login the registry wanted."""
        sent = dict(headers or {})
        try:
            authorization = await self._authorization(scoped)
        except RegistryFailure as failed:
            failed.happened_in(method, url)
            raise
        if authorization:
            sent["Authorization"] = authorization
        async with self._send(method, url, sent, **more) as response:
            yield response

    @contextlib.asynccontextmanager
    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        data: bytes | AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        request = self._session.request(
            method,
            self.endpoint.wire(url),
            headers=headers,
            params=query,
            data=data,
            ssl=self.endpoint.tls,
        )
        try:
            response = await request
        except TRANSPORT_ERRORS as error:
            raise unreachable(method, url, error) from error
        async with response:
            yield response

    async def _authorization(self, scoped: bool) -> str | None:
        if self._token:
            return f"Bearer {self._token}"
        if self._challenge is None:
            return None
        if self._challenge.scheme == "basic":
            if self._auth.basic is None:
                raise CredentialsNeeded("no basic auth credentials")
            return self._auth.basic
        self._token = await self._fetch_token(self._challenge, scoped)
        return f"Bearer {self._token}"

    async def _fetch_token(self, challenge: Challenge, scoped: bool) -> str:
        """A refresh token is exchanged by POST, a password or nothing by GET, as Docker does."""
        fields = {"service": challenge.service}
        if scoped:
            fields["scope"] = f"repository:{self.path}:{self._actions}"
        if self._auth.identity_token:
            fields |= {"grant_type": "refresh_token", "client_id": "docker"}
            fields["refresh_token"] = self._auth.identity_token
            request = self._session.post(challenge.realm, data=fields, ssl=self.endpoint.tls)
        else:
            if self._auth.basic:
                fields["account"] = self._auth.username
            headers = {"Authorization": self._auth.basic} if self._auth.basic else {}
            request = self._session.get(
                challenge.realm, params=fields, headers=headers, ssl=self.endpoint.tls
            )
        try:
            async with request as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise await self._refused(response)
                document = await self._document(response)
        except TRANSPORT_ERRORS as error:
            raise unreachable("GET", challenge.realm, error) from error
        token = document.get("token") or document.get("access_token")
        if not token:
            raise CredentialsNeeded("authorization server did not include a token in the response")
        return str(token)

    async def _refused(self, response: aiohttp.ClientResponse) -> RegistryFailure:
        """What an answer that is none means."""
        challenge = response.headers.get("WWW-Authenticate", "")
        body = await response.content.read(CHUNK)
        return refusal(response.status, response.content_type, challenge, body)
