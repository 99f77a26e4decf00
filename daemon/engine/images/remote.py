"""Questions that are passed on to a registry: login, search, and what a name stands for there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api_schema.images import DistributionInspect, SearchResult, WireDescriptor, WirePlatform
from api_schema.oci import INDEX_TYPES, ImageConfig, Index, Manifest, Platform, Reference
from api_schema.reference import DEFAULT_DOMAIN, OFFICIAL_PREFIX
from daemon.engine.go_url import GoUrlError, parse
from daemon.engine.images.errors import registry_error
from daemon.engine.registry_client import (
    RegistryAuth,
    RegistryClient,
    RegistryFailure,
    RegistryRefusal,
    RemoteManifest,
    Repository,
)
from daemon.errors import InvalidParameter, System


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Filters already read."""

    limit: int = 0
    is_official: bool | None = None
    is_automated: bool = False
    stars: int = 0


class Remote:
    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    async def login(self, address: str, auth: RegistryAuth) -> None:
        """Unauthorized, or whatever the last endpoint said."""
        domain = _domain(address)
        try:
            endpoints = await self._client.push_endpoints(domain)
        except System as error:
            raise InvalidParameter(str(error)) from error  # certificates that cannot be read
        failure: RegistryFailure | None = None
        for endpoint in endpoints:
            try:
                await self._client.login(endpoint, auth)
            except RegistryFailure as failed:
                failure = failed
                if isinstance(failed, RegistryRefusal) and failed.code == "UNAUTHORIZED":
                    break
            else:
                return
        assert failure is not None, "a domain has an endpoint"
        raise registry_error(failure) from failure

    async def search(
        self, term: str, options: SearchOptions, auth: RegistryAuth
    ) -> list[SearchResult]:
        """Nothing is automated any more; whoever wants only that is not even asked for a name."""
        if options.is_automated:
            return []
        if term.startswith(("http://", "https://")):
            raise InvalidParameter(
                f"invalid repository name: repository name ({term}) should not have a scheme"
            )
        first, slash, rest = term.partition("/")
        named = bool(slash) and ("." in first or ":" in first or first == "localhost")
        domain, name = (first, rest) if named else (DEFAULT_DOMAIN, term)
        index = await self._client.index(domain)
        try:
            found = await index.search(name.removeprefix(OFFICIAL_PREFIX), options.limit, auth)
        except RegistryFailure as failure:
            raise System(str(failure)) from failure
        return [
            SearchResult.model_validate({**entry, "is_automated": False})
            for entry in found
            if _is_wanted(entry, options)
        ]

    async def distribution(self, reference: Reference, auth: RegistryAuth) -> DistributionInspect:
        """The descriptor behind a name, and the platforms that it is for."""
        failure: RegistryFailure | None = None
        for endpoint in await self._client.push_endpoints(reference.domain):
            try:
                repository = await self._client.connect(endpoint, reference.path, auth)
                manifest = await repository.manifest(reference.digest or reference.tagged().tag)
                return await _described(repository, manifest)
            except RegistryFailure as failed:
                failure = failed
                if failed.transport_ok:
                    break
        assert failure is not None, "a domain has an endpoint"
        raise registry_error(failure) from failure


def _domain(address: str) -> str:
    """The host of a server's address; of none it is Docker Hub."""
    if not address:
        return DEFAULT_DOMAIN
    is_url = address.startswith(("http://", "https://"))
    try:
        url = parse(address if is_url else f"https://{address}")
    except GoUrlError as error:
        raise InvalidParameter(f"unable to parse server address: {error}") from error
    return url.host or DEFAULT_DOMAIN


def _is_wanted(entry: dict[str, Any], options: SearchOptions) -> bool:
    if options.is_official is not None and entry["is_official"] != options.is_official:
        return False
    return bool(entry["star_count"] >= options.stars)


async def _described(repository: Repository, manifest: RemoteManifest) -> DistributionInspect:
    return DistributionInspect(
        descriptor=WireDescriptor(
            media_type=manifest.media_type, digest=manifest.digest, size=len(manifest.data)
        ),
        platforms=[_wire(platform) for platform in await _platforms(repository, manifest)],
    )


async def _platforms(repository: Repository, manifest: RemoteManifest) -> list[Platform]:
    if manifest.media_type in INDEX_TYPES:
        entries = Index.model_validate_json(manifest.data).manifests
        return [entry.platform for entry in entries if entry.platform is not None]
    digest = Manifest.model_validate_json(manifest.data).config.digest
    config = ImageConfig.model_validate_json(await repository.small_blob(digest))
    return [
        Platform(
            os=config.os,
            architecture=config.architecture,
            variant=config.variant,
            os_version=config.os_version,
            os_features=config.os_features,
        )
    ]


def _wire(platform: Platform) -> WirePlatform:
    return WirePlatform(
        architecture=platform.architecture,
        os=platform.os,
        os_version=platform.os_version,
        os_features=platform.os_features,
        variant=platform.variant,
    )
