"""`docker push`: the layers that a registry lacks, the config, and a manifest, line by line as dockerd tells it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from api_schema.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    Digest,
    Reference,
    encode,
)
from daemon.clock import Clock
from daemon.engine.images import progress
from daemon.engine.images.gzipping import stored_gzip
from daemon.engine.images.image import Image, short_id
from daemon.engine.images.retries import repeated
from daemon.engine.images.shelves import Shelves
from daemon.engine.registry_client import (
    RegistryAuth,
    RegistryClient,
    RegistryFailure,
    Repository,
)
from daemon.errors import DockerError, System

UPLOADS_AT_ONCE = 5
INDENT = 3
"""Docker's registry library indents manifests by three blanks."""


class Push:
    """One push. Every error comes after the first message, so it is always told in band."""

    def __init__(
        self,
        shelves: Shelves,
        client: RegistryClient,
        clock: Clock,
        emit: progress.Emit,
        auth: RegistryAuth,
    ) -> None:
        self._images = shelves.images
        self._references = shelves.references
        self._sources = shelves.sources
        self._client = client
        self._clock = clock
        self._emit = emit
        self._auth = auth
        self._slots = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def run(self, reference: Reference) -> None:
        """A reference without a tag means every tag of the repository."""
        self._emit(progress.status(f"The push refers to repository [{reference.name}]"))
        tagged = self._tagged(reference)
        failure: RegistryFailure | None = None
        for endpoint in await self._client.push_endpoints(reference.domain):
            try:
                repository = await self._client.connect(
                    endpoint, reference.path, self._auth, "push,pull"
                )
                for each, image in tagged:
                    await self._push_tag(repository, each, image)
            except RegistryFailure as failed:
                failure = failed
                if failed.transport_ok:
                    break
            else:
                return
        if failure is None:
            raise System(f"no endpoints found for {reference.name}")
        raise System(failure.bare if failure.transport_ok else str(failure)) from failure

    def _tagged(self, reference: Reference) -> list[tuple[Reference, Image]]:
        known = self._references.by_name(reference)
        if not known:
            name = reference.familiar_name
            raise System(f"An image does not exist locally with the tag: {name}")
        if reference.digest:
            raise System("cannot push a digest reference")
        if reference.tag and self._references.get(reference) is None:
            raise System(f"tag does not exist: {reference.familiar}")
        chosen = [
            (each, image)
            for each, image_id in known
            if each.tag
            and reference.tag in ("", each.tag)
            and (image := self._images.get(image_id)) is not None
        ]
        if not chosen:
            raise System(f"no tags to push for {reference.familiar_name}")
        return chosen

    async def _push_tag(self, repository: Repository, reference: Reference, image: Image) -> None:
        layers = await self._push_layers(repository, image)
        await self._push_config(repository, image)
        manifest = encode(
            {
                "schemaVersion": 2,
                "mediaType": DOCKER_MANIFEST,
                "config": {
                    "mediaType": DOCKER_CONFIG,
                    "size": len(image.raw),
                    "digest": image.id,
                },
                "layers": layers,
            },
            indent=INDENT,
        )
        await repository.put_manifest(reference.tag, DOCKER_MANIFEST, manifest)
        self._tell_digest(reference, image, manifest)

    def _tell_digest(self, reference: Reference, image: Image, manifest: bytes) -> None:
        digest, size, tag = Digest.of(manifest), len(manifest), reference.tag
        self._emit(progress.status(f"{tag}: digest: {digest} size: {size}"))
        by_digest = reference.trimmed().with_digest(digest)
        if self._references.get(by_digest) is None:
            self._references.add_digest(by_digest, image.id)
        self._emit({"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": size}})

    async def _push_layers(self, repository: Repository, image: Image) -> list[dict[str, Any]]:
        """Descriptors from the bottom up; told of from the top down, each layer once."""
        distinct = list(dict.fromkeys(reversed(image.diff_ids)))
        for diff_id in distinct:
            self._emit(progress.step("Preparing", short_id(diff_id)))
        for diff_id in distinct[UPLOADS_AT_ONCE:]:
            self._emit(progress.step("Waiting", short_id(diff_id)))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {d: group.create_task(self._push_layer(repository, d)) for d in distinct}
        except* (DockerError, RegistryFailure) as failures:
            raise progress.first(failures) from None
        return [tasks[diff_id].result() for diff_id in image.diff_ids]

    async def _push_layer(self, repository: Repository, diff_id: str) -> dict[str, Any]:
        async with self._slots:
            digest, size = await repeated(
                lambda: self._uploaded(repository, diff_id),
                self._clock,
                self._emit,
                short_id(diff_id),
            )
        name = f"{repository.endpoint.host}/{repository.path}"
        self._sources.note(diff_id, digest, name)
        return {"mediaType": DOCKER_LAYER_GZIP, "size": size, "digest": digest}

    async def _uploaded(self, repository: Repository, diff_id: str) -> tuple[str, int]:
        """Not at all if the repository has the blob, by a mount if a neighbour has it, else byte by byte."""
        id = short_id(diff_id)
        host = repository.endpoint.host
        known = self._sources.known(diff_id)
        for digest in dict.fromkeys(known.values()):
            size = await repository.blob_size(digest)
            if size is not None:
                self._emit(progress.step("Layer already exists", id))
                return digest, size
        for name, digest in known.items():
            source_host, _, path = name.partition("/")
            is_neighbour = source_host == host and path != repository.path
            if is_neighbour and await repository.mount(digest, path):
                self._emit(progress.step(f"Mounted from {path}", id))
                return digest, await repository.blob_size(digest) or 0
        return await self._upload(repository, diff_id)

    async def _upload(self, repository: Repository, diff_id: str) -> tuple[str, int]:
        id = short_id(diff_id)
        layer = self._images.layers.get(diff_id)
        meter = progress.Meter(self._emit, self._clock.monotonic, "Pushing", id, max(layer.size, 1))
        digester = hashlib.sha256()
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            with self._images.layers.open_tar(diff_id) as tar:
                for chunk in stored_gzip(tar.read):
                    digester.update(chunk)
                    sent += len(chunk)
                    meter.add(len(chunk))
                    yield chunk
            meter.finish()

        session = await repository.start_upload()
        location = await repository.send(session, chunks())
        digest = f"sha256:{digester.hexdigest()}"
        await repository.commit(location, digest)
        self._emit(progress.step("Pushed", id))
        return digest, sent

    async def _push_config(self, repository: Repository, image: Image) -> None:
        if await repository.blob_size(image.id) is not None:
            return

        async def chunks() -> AsyncIterator[bytes]:
            yield image.raw

        session = await repository.start_upload()
        await repository.commit(await repository.send(session, chunks()), image.id)
