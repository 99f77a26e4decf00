"""The images of a classic build: bases found or pulled, and a new one after every step."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from api_schema.go_time import go_time
from api_schema.oci import Platform
from daemon.clock import Clock
from daemon.engine.build.classic_cache import ClassicCache
from daemon.engine.build.downloads import Download
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.images import platforms
from daemon.engine.images.creating import Commit, Creating
from daemon.engine.images.image import Image
from daemon.engine.images.service import Images, parse_reference, size_of
from daemon.engine.images.threads import off_loop
from daemon.engine.users import find_user
from daemon.errors import DockerError, NotFound, System
from daemon.fs.filesystem import Filesystem
from daemon.fs.overlay import OverlayTree

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryAuth

IN_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True)
class ImageShelf:
    """`auths` are the credentials of X-Registry-Config, by registry."""

    images: Images
    clock: Clock
    wanted: Platform | None
    auths: Mapping[str, RegistryAuth]

    def platform(self, text: str) -> ImageShelf:
        return replace(self, wanted=platforms.parse(text))

    async def base(self, name: str, *, pull: bool) -> Image:
        """What is here will do for any platform; which one is wanted decides what is pulled."""
        if not pull:
            with contextlib.suppress(NotFound):
                return self._here(name)
        await self._pull(name)
        return self._here(name)

    def _here(self, name: str) -> Image:
        with contextlib.suppress(NotFound):
            return self.images.resolve(name, self.wanted)
        return self.images.resolve(name)

    async def _pull(self, name: str) -> None:
        from daemon.engine.registry_client import RegistryAuth

        reference = parse_reference(name)
        if not reference.digest:
            reference = reference.tagged()
        auth = self.auths.get(reference.domain, RegistryAuth())
        async for message in self.images.pull(reference, self.wanted, auth):
            if "error" in message:
                raise System(str(message["error"]))

    @property
    def download(self) -> Download:
        return self.images.registry.download

    def files(self, image: Image | None) -> Filesystem:
        store = self.images.layer_store
        merged = store.merged(image.diff_ids if image else ())
        return Filesystem(OverlayTree(merged, store.spool, store.now))

    async def commit(
        self,
        parent: Image | None,
        container: str,
        container_config: Mapping[str, Any],
        config: Mapping[str, Any],
        layer: IO[bytes],
        author: str,
    ) -> Image:
        creating = Creating(
            self.images.store, go_time(self.clock.now()), self.images.engine_version
        )
        with layer:
            commit = Commit(
                container, parent.id if parent else "", container_config, config, layer, author
            )
            image = await off_loop(size_of(layer), lambda: creating.commit(commit))
        if container:
            self.images.tell("create", image.id, image.id)
        return image

    def layer_of(self, files: Filesystem) -> IO[bytes]:
        tree = files.root_mount.tree
        assert isinstance(tree, OverlayTree)
        return layer_file(tree)

    def cache(self, options: PostedOptions) -> ClassicCache:
        if options.cache_from is None:
            return ClassicCache(self.images.store, ignore=options.no_cache)
        known: list[Image] = []
        for name in options.cache_from:
            with contextlib.suppress(DockerError):
                known.append(self.images.resolve(name))
        return ClassicCache(self.images.store, known, ignore=options.no_cache)

    def owner(self, files: Filesystem, text: str) -> tuple[int, int]:
        """dockerd's words for a name that is in neither file."""
        user, colon, group = text.partition(":")
        group = group if colon else user
        for noun, kind, name, file in (
            ("user", "uid", user, "passwd"),
            ("group", "gid", group, "group"),
        ):
            if not name or not (name.isdecimal() or files.exists(f"/etc/{file}")):
                why = (
                    f"no such {noun}: "
                    if not name
                    else f"open /etc/{file}: no such file or directory"
                )
                raise LookupError(f"can't find {kind} for {noun} {name}: {why}")
        try:
            credentials = find_user(files, f"{user}:{group}").credentials
        except DockerError as problem:
            kind, name = ("gid", group) if "group" in str(problem) else ("uid", user)
            noun = "group" if kind == "gid" else "user"
            raise LookupError(
                f"can't find {kind} for {noun} {name}: no such {noun}: {name}"
            ) from None
        return credentials.uid, credentials.gid


def layer_file(tree: OverlayTree) -> IO[bytes]:
    """What an overlay changed, as a layer's tar, at its start."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the caller closes it
    for chunk in tree.layer_tar():
        file.write(chunk)
    file.seek(0)
    return file
