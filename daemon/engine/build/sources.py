"""The client's folders as they were last sent: kept in the build cache, so that a build brings only what has changed."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.engine.build.cache import Cache, Record
from daemon.engine.build.client import BuildClient, Progress
from daemon.engine.images.threads import off_loop
from daemon.fs.content import PAGE
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror, MirrorTree


class Sources:
    """What one build uses of them, from when it is brought until `release`; nobody else changes it meanwhile."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._used: list[Record] = []
        self._over = False

    async def bring(
        self,
        client: BuildClient,
        name: str,
        hint: str,
        *,
        keep: bool = False,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> Filesystem:
        """The client's folder `name`, read-only. With `keep` only what has changed since is asked for.

        `hint` tells apart what the name alone does not, as in BuildKit: what is wanted of a folder, and what for.
        """
        record = self._cache.source(name, f"{name}:{hint}:{client.shared_key}")
        assert isinstance(record.folder, MirrorTree)
        mirror = Mirror(record.folder, keep=keep)
        try:
            await client.pull(name, mirror, follow=follow, exclude=exclude, progress=progress)
            await off_loop(mirror.size + PAGE * mirror.count, mirror.conclude)
        except BaseException:
            mirror.abandon()
            self._cache.spoil(record)
            raise
        self._used.append(record)
        if self._over:
            self.release()
        if not record.measured:
            record.size = mirror.size
        return Filesystem(record.folder)

    def release(self) -> None:
        """The next build may have them, and whatever is still on its way as soon as it is here."""
        self._over = True
        while self._used:
            self._cache.release(self._used.pop())
