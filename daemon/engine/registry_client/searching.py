"""The old index of registries, of which only the search is left: `docker search` asks it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

import aiohttp

from daemon.engine.registry_client.auth import RegistryAuth
from daemon.engine.registry_client.endpoints import Endpoint
from daemon.engine.registry_client.failures import TRANSPORT_ERRORS, UnexpectedAnswer, unreachable
from daemon.errors import InvalidParameter

LIMIT = 25
LIMIT_MAX = 100
_STANDALONE = "X-Docker-Registry-Standalone"


class Index:
    """One registry's, once it has answered; `by_login`: it wants to know who asks, whatever it is asked."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, by_login: bool) -> None:
        self._session = session
        self._endpoint = endpoint
        self._by_login = by_login

    @classmethod
    async def of(cls, session: aiohttp.ClientSession, endpoints: list[Endpoint]) -> Index:
        """The first endpoint that answers at all; Docker Hub is taken at its word."""
        if endpoints[0].hub:
            return cls(session, endpoints[0], by_login=False)
        failures = []
        for endpoint in endpoints:
            url = f"{endpoint.url}/v1/_ping"
            try:
                async with session.get(url, ssl=endpoint.tls) as reply:
                    return cls(session, endpoint, await _is_standalone(reply))
            except TRANSPORT_ERRORS as error:
                failures.append(unreachable("GET", url, error))
        raise InvalidParameter(_refusal(endpoints[-1], *(str(failure) for failure in failures)))

    async def search(self, term: str, limit: int, auth: RegistryAuth) -> list[dict[str, Any]]:
        limit = limit or LIMIT
        if not 1 <= limit <= LIMIT_MAX:
            raise InvalidParameter(f"limit {limit} is outside the range of [1, {LIMIT_MAX}]")
        endpoint = self._endpoint
        url = f"{endpoint.url}/v1/search?q={quote_plus(term)}&n={limit}"
        is_told = self._by_login and endpoint.scheme == "https" and auth.basic
        headers = {"Authorization": str(auth.basic)} if is_told else {}
        try:
            async with self._session.get(
                endpoint.wire(url), headers=headers, ssl=endpoint.tls
            ) as reply:
                if reply.status != HTTPStatus.OK:
                    raise UnexpectedAnswer(f"Unexpected status code {reply.status}")
                document: dict[str, Any] = await reply.json(content_type=None)
        except json.JSONDecodeError as error:
            raise UnexpectedAnswer(f"error decoding registry search results: {error}") from error
        except TRANSPORT_ERRORS as error:
            raise unreachable("GET", url, error) from error
        return document.get("results") or []


async def _is_standalone(reply: aiohttp.ClientResponse) -> bool:
    """Registries that do not say are taken for such."""
    header = reply.headers.get(_STANDALONE)
    if header:
        return header == "1" or header.lower() == "true"
    try:
        document = await reply.json(content_type=None)
        return bool(document.get("standalone", True))
    except (ValueError, AttributeError):
        return True


def _refusal(endpoint: Endpoint, https: str, http: str = "") -> str:
    if http:
        return f'invalid registry endpoint "{endpoint.url}/v1/". HTTPS attempt: {https}. HTTP attempt: {http}'
    host = endpoint.host
    return (
        f"invalid registry endpoint {endpoint.url}/v1/: {https}. If this private registry supports only HTTP or HTTPS "
        f"with an unknown CA certificate, please add `--insecure-registry {host}` to the daemon's arguments. In the "
        "case of HTTPS, if you have access to the registry's CA certificate, no need for the flag; simply place the "
        f"CA certificate at /etc/docker/certs.d/{host}/ca.crt"
    )
