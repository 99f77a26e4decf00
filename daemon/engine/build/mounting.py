"""The files behind `RUN --mount`."""

from __future__ import annotations

from functools import partial

from daemon.engine.build import operations as ops
from daemon.engine.build.agents import put_socket
from daemon.engine.build.cache import Cache, Record
from daemon.engine.build.checksum import checksum, total_size
from daemon.engine.build.client import BuildClient
from daemon.engine.build.copying import Copier, Options
from daemon.engine.build.evaluator import Evaluator, Mounted
from daemon.engine.build.mount_points import check
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.threads import off_loop
from daemon.fs.filesystem import Filesystem
from daemon.fs.frozen import FrozenTree
from daemon.fs.memory import MemoryTree
from daemon.fs.overlay import OverlayTree


async def mounted(
    mount: ops.RunMount, run: ops.Run, evaluator: Evaluator, cache: Cache, client: BuildClient
) -> Mounted:
    """The files behind a mount of that RUN."""
    spec = mount.mount
    if spec.type == "secret":
        return await _secret(mount, client)
    if spec.type == "cache":
        return Mounted(mount, record=await _cache(mount, run, evaluator, cache))
    if spec.type == "bind":
        files = await evaluator.files_of(mount.input)
        if isinstance(mount.input, ops.Local) and not spec.readonly:
            # All steps share the client's files; what one of them writes there is forgotten.
            tree = MemoryTree(cache.store.spool, cache.store.now)
            await _copy(files, "/", tree)
            return Mounted(mount, tree=tree)
        shown = files.root_mount.tree
        if isinstance(shown, FrozenTree) and not spec.readonly:
            shown = OverlayTree(shown.merged, shown.spool, shown.now)
        return Mounted(mount, tree=shown)
    if spec.type == "ssh" and await _has_agent(mount, client):
        return _agent(mount, cache, client)
    return Mounted(mount)


async def _cache(mount: ops.RunMount, run: ops.Run, evaluator: Evaluator, cache: Cache) -> Record:
    """The folder kept between builds. With `from` it begins as what is there, and is another one for other files."""
    spec, description = mount.mount, _cache_description(mount, run)
    name = mount.cache_id
    if not spec.source_stage:
        return cache.mount(name, description)
    files, path = await evaluator.files_of(mount.input), "/" + spec.source.strip("/")
    if not files.exists(path):
        return cache.mount(name, description)
    record = cache.mount(f"{name} from {checksum(files, [path])}", description)
    if record.folder is not None and not Filesystem(record.folder).listdir("/"):
        await _copy(files, path, record.folder)
    return record


async def _copy(files: Filesystem, path: str, into: MemoryTree) -> None:
    copier = Copier(Filesystem(into), Options())
    size = total_size(files, [path])
    await off_loop(size, lambda: copier.copy(files, path, "/", to_folder=True))


def _cache_description(mount: ops.RunMount, run: ops.Run) -> str:
    """What `docker buildx du --verbose` says of the folder for as long as there is one: who asked for it first."""
    said = f"cached mount {mount.target} from exec {' '.join(run.argv)}"
    return f'{said} with id "{mount.cache_id}"'


async def _secret(mount: ops.RunMount, client: BuildClient) -> Mounted:
    spec = mount.mount
    name = spec.secret_id
    content = await client.secret(name)
    if content is None and spec.required:
        raise DockerfileError(f"secret {name}: not found")
    found = Mounted(mount, secret=content)
    if content is not None:
        check(found)
    return found


def _agent(mount: ops.RunMount, cache: Cache, client: BuildClient) -> Mounted:
    tree = MemoryTree(cache.store.spool, cache.store.now)
    put_socket(tree, mount.mount)
    found = Mounted(mount, tree=tree, agent=partial(client.ssh_agent, mount.mount.id))
    check(found)
    return found


async def _has_agent(mount: ops.RunMount, client: BuildClient) -> bool:
    """DockerfileError if there must be one."""
    try:
        await client.check_ssh(mount.mount.id)
    except LookupError as refusal:
        if mount.mount.required:
            raise DockerfileError(str(refusal.args[0])) from None
        return False
    return True
